//! Disks that are full or fail, and a write-ahead log that must not grow.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use openprod_events::{
    AppendError, EventFilter, EventQuery, EventStore, EventType, NewEvent, Payload, PayloadPredicate,
    SequenceNumber, SqliteStore, StoreError, StreamId,
};
use serde_json::json;

/// The variable that tells a child that it is the one whose disk fails, and on which file.
const CHILD: &str = "OPENPROD_EVENTS_FAILING";

/// What the write-ahead log may take beside readers: 64 MiB, and what comes until readers have left, which on a busy machine
/// they can be too slow to do a few times in a row.
const WAL_BYTES_MAX: u64 = 96 << 20;

fn event(n: u64) -> NewEvent {
    let value = json!({"n": n, "key": format!("k{}", n % 7), "text": "x".repeat(2_000)});
    NewEvent::new(EventType::new("happened").unwrap(), Payload::new(value).unwrap())
        .in_stream(StreamId::new("s").unwrap())
}

pub(crate) fn skip(test: &str, reason: &str) {
    println!("SKIPPED: {test}: {reason}");
    if let Some(file) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

/// Everything that has to hold for what is in a store, whatever happened to it: no gap, and lists, streams and events in
/// step. Gives how many events there are.
fn check(store: &SqliteStore) -> u64 {
    let all = store.query(&EventQuery::all()).unwrap();
    let count = all.event_records.len() as u64;
    let numbers = all.event_records.iter().map(|record| record.sequence_number.0);
    assert!(numbers.eq(1..=count));
    let key = PayloadPredicate::new(json!({"key": "k3"})).unwrap();
    let found = store
        .query(&EventQuery::any_of([
            EventFilter::default().matching([key.clone()])
        ]))
        .unwrap();
    let expected = all
        .event_records
        .iter()
        .filter(|record| key.matches(&record.payload));
    assert!(found.event_records.iter().eq(expected));
    assert_eq!(
        store.stream_version(&StreamId::new("s").unwrap()).unwrap().0,
        count
    );
    count
}

#[test]
fn full_disk_is_told_and_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let mount = |options: &str| {
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(directory.path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mount("size=2m") {
        return skip(
            "full_disk_is_told_and_does_no_harm",
            "no right to mount a small disk",
        );
    }
    let path = directory.path().join("events.db");
    let outcome = std::panic::catch_unwind(|| {
        let store = SqliteStore::open(&path).unwrap();
        let mut acknowledged = 0;
        let error = loop {
            match store.append(vec![event(acknowledged)]) {
                Ok(told) => acknowledged = told.last_sequence_number.0,
                Err(error) => break error,
            }
            assert!(acknowledged < 10_000, "two megabytes never became full");
        };
        assert!(matches!(error, AppendError::Store(StoreError::Full)), "{error:?}");
        assert_eq!(check(&store), acknowledged, "reads go on");
        // Somebody made room.
        assert!(mount("remount,size=32m"));
        let told = store.append(vec![event(acknowledged)]).unwrap();
        assert_eq!(told.first_sequence_number, SequenceNumber(acknowledged + 1));
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(check(&store), acknowledged + 1);
    });
    let unmounted = Command::new("umount").arg(directory.path()).status();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    assert!(unmounted.unwrap().success());
}

/// Not a test of its own: what the traced child runs.
#[test]
fn child_that_appends_on_a_failing_disk() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let path = Path::new(&path);
    let store = match SqliteStore::open(path) {
        Ok(store) => store,
        Err(_) => {
            println!("acknowledged 0 unopened");
            return;
        }
    };
    let mut acknowledged = 0;
    let mut end = "all";
    for n in 0..20 {
        match store.append(vec![event(n), event(n)]) {
            Ok(told) if end != "read-only" => acknowledged = told.last_sequence_number.0,
            Ok(_) => panic!("a write was acknowledged after the disk had failed"),
            Err(AppendError::Store(StoreError::ReadOnly { .. })) => end = "read-only",
            Err(AppendError::Store(StoreError::Full)) => {
                end = "full";
                break;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(
        store.head().unwrap().map_or(0, |head| head.0),
        acknowledged,
        "readers see what was acknowledged"
    );
    println!("acknowledged {acknowledged} {end}");
}

/// Lets the `number`-th `call` of a child fail with `error`; gives what the child says, or `None` when the child
/// cannot be traced here.
fn run_with_failing(path: &Path, call: &str, error: &str, number: u32) -> Option<String> {
    let calls = if call == "fsync" { "fsync,fdatasync" } else { call };
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:error={error}:when={number}")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::child_that_appends_on_a_failing_disk"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let traced = !complaint.to_lowercase().contains("ptrace");
    assert!(
        output.status.success() || !traced,
        "{call} {number} {error}: {said} {complaint}"
    );
    traced.then_some(said)
}

#[test]
fn any_single_failure_of_the_disk_is_told_and_leaves_whole_commits() {
    let mut kinds = BTreeSet::new();
    for (call, error, most, step) in [
        ("fsync", "EIO", 14, 2),
        ("pwrite64", "EIO", 90, 8),
        ("pwrite64", "ENOSPC", 90, 8),
    ] {
        for number in (1..=most).step_by(step) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("events.db");
            drop(SqliteStore::open(&path).unwrap());
            let Some(said) = run_with_failing(&path, call, error, number) else {
                return skip(
                    "any_single_failure_of_the_disk_is_told_and_leaves_whole_commits",
                    "strace is not here, or may not trace",
                );
            };
            let line = said.lines().find_map(|line| line.split_once("acknowledged "));
            let (_, words) = line.unwrap_or_else(|| panic!("{said}"));
            let (acknowledged, end) = words.trim().split_once(' ').unwrap();
            kinds.insert(format!("{call} {error} {end}"));
            let store = SqliteStore::open(&path).unwrap();
            let count = check(&store);
            assert!(
                count >= acknowledged.parse().unwrap(),
                "{call} {error} {number}: {words}"
            );
            assert!(count.is_multiple_of(2), "{call} {error} {number}: half a commit");
        }
    }
    for kind in [
        "fsync EIO read-only",
        "pwrite64 EIO read-only",
        "pwrite64 ENOSPC full",
    ] {
        assert!(
            kinds.contains(kind),
            "no failure led to {kind}, only to {kinds:?}"
        );
    }
}

#[test]
fn write_ahead_log_does_not_grow_beside_readers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut most = 0;
    let done = &std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let store = &store;
            scope.spawn(move || {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    store
                        .query_page(&EventQuery::all(), std::num::NonZeroUsize::new(5))
                        .unwrap();
                }
            });
        }
        for round in 0..60 {
            store
                .append((0..500).map(|n| event(round * 500 + n)).collect())
                .unwrap();
            let bytes = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |wal| wal.len());
            most = most.max(bytes);
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(most <= WAL_BYTES_MAX, "it grew to {most} bytes");
}
