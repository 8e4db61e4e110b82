//! Disks that fail, writers that go on after a failure, and a write-ahead log that must not grow.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use openprod_core::VerifiedBundle;
use openprod_storage::conformance::bundle;
use openprod_storage::{ChainId, Position, Space, SqliteStorage, Storage as _, StorageError};
use rusqlite::Connection;

/// What the write-ahead log may take when nobody reads: 32 MiB and the commit that led beyond them.
const ALONE_BYTES_MAX: u64 = 34 << 20;

/// What it may take beside readers, who can be too slow to leave a few times in a row.
const READ_BYTES_MAX: u64 = 64 << 20;

fn write_ahead_bytes(path: &Path) -> u64 {
    std::fs::metadata(path.with_extension("db-wal")).map_or(0, |metadata| metadata.len())
}

/// Commits small rows at scattered keys, as edits all over a large table do.
fn scatter(store: &mut SqliteStorage, commit: u32) {
    let mut write = store.begin().unwrap();
    for row in 0..60_u32 {
        let key = (commit * 60 + row).wrapping_mul(2_654_435_761).to_be_bytes();
        write.put(Space::Entity, &key, &[7; 40]).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn small_commits_do_not_let_the_write_ahead_log_grow() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let mut write = store.begin().unwrap();
    for number in 0..60_000_u32 {
        write
            .put(
                Space::Entity,
                &number.wrapping_mul(2_654_435_761).to_be_bytes(),
                &[1; 200],
            )
            .unwrap();
    }
    write.commit().unwrap();
    let mut most = 0;
    for number in 0..400 {
        scatter(&mut store, number);
        most = most.max(write_ahead_bytes(&path));
    }
    assert!(most <= ALONE_BYTES_MAX, "it grew to {most} bytes");
}

#[test]
fn readers_that_never_pause_do_not_let_the_write_ahead_log_grow() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let stop = AtomicBool::new(false);
    let mut most = 0;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let readers = store.readers();
            let stop = &stop;
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let reader = readers.reader().unwrap();
                    reader.scan(Space::Entity, &[], None, 20).unwrap();
                }
            });
        }
        for number in 0..300_u32 {
            let mut write = store.begin().unwrap();
            write
                .put(Space::Entity, &number.to_be_bytes(), &[7; 300_000])
                .unwrap();
            write.commit().unwrap();
            most = most.max(write_ahead_bytes(&path));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(most <= READ_BYTES_MAX, "it grew to {most} bytes");
}

#[test]
fn reader_that_stays_does_not_stop_the_writer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let reader = store.readers().reader().unwrap();
    for number in 0..160_u32 {
        let mut write = store.begin().unwrap();
        write
            .put(Space::Entity, &number.to_be_bytes(), &[7; 300_000])
            .unwrap();
        write.commit().unwrap();
    }
    assert_eq!(
        reader.count(Space::Entity, &[]).unwrap(),
        0,
        "it sees what it began with"
    );
    drop(reader);
    assert_eq!(
        store
            .readers()
            .reader()
            .unwrap()
            .count(Space::Entity, &[])
            .unwrap(),
        160
    );
}

#[test]
fn database_of_another_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    for (name, version) in [("fresh.db", 0), ("old.db", 1)] {
        let path = directory.path().join(name);
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE moz_places (url TEXT)").unwrap();
        other.pragma_update(None, "user_version", version).unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        let opened = SqliteStorage::open(&path);
        assert!(
            matches!(opened.err(), Some(StorageError::Unreadable { .. })),
            "{name}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
    let empty = directory.path().join("empty.db");
    std::fs::write(&empty, b"").unwrap();
    assert!(
        matches!(
            SqliteStorage::open(&empty).err(),
            Some(StorageError::Unreadable { .. })
        ),
        "an empty file"
    );
}

#[test]
fn creating_over_a_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    drop(SqliteStorage::create(&path).unwrap());
    assert!(matches!(
        SqliteStorage::create(&path).err(),
        Some(StorageError::Io { .. })
    ));
}

#[test]
fn no_bundle_lies_beyond_the_greatest_position() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStorage::create(&directory.path().join("oplog.db")).unwrap();
    let mut write = store.begin().unwrap();
    write.append(ChainId(0), &bundle(1, 1, None)).unwrap();
    write.commit().unwrap();
    let reader = store.readers().reader().unwrap();
    for position in [u64::MAX, u64::MAX - 1, 1 << 63] {
        assert_eq!(reader.places(Position(position), 10).unwrap(), []);
        assert!(reader.bundles(Position(position), 10).unwrap().is_empty());
        assert!(reader.bundle(Position(position)).unwrap().is_none());
    }
}

#[test]
fn nothing_is_kept_of_a_transaction_in_which_a_write_failed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let mut write = store.begin().unwrap();
    write.put(Space::Meta, b"before", b"").unwrap();
    // SQLite takes no value of more than 10^9 bytes; nothing else makes a single write fail so surely.
    let failed = write.put(Space::Meta, b"too long", &vec![0; 1_000_000_001]);
    assert!(failed.is_err());
    assert!(
        write.put(Space::Meta, b"after", b"").is_err(),
        "the transaction is over"
    );
    assert!(write.commit().is_err());
    assert_eq!(
        store.readers().reader().unwrap().count(Space::Meta, &[]).unwrap(),
        0
    );
    let mut write = store.begin().unwrap();
    write.put(Space::Meta, b"next", b"").unwrap();
    write.commit().unwrap();
}

const CHILD: &str = "OPENPROD_TEST_COMMIT_ON_A_FAILING_DISK";

/// What the child tells: how many bundles were acknowledged, and what refused the next.
fn commit_until_refused(path: &Path) -> String {
    let mut store = match SqliteStorage::open(path) {
        Ok(store) => store,
        Err(error) => return format!("acknowledged 0 opening {error:?}"),
    };
    let mut bundles: Vec<VerifiedBundle> = Vec::new();
    let mut made: Option<VerifiedBundle> = None;
    let mut refused = None;
    for seq in 1..=12 {
        let next = bundle(1, seq, made.as_ref());
        made = Some(next.clone());
        let outcome = store.begin().and_then(|mut write| {
            write.append(ChainId(0), &next)?;
            write.put(Space::Meta, b"count", &seq.to_be_bytes())?;
            write.put(Space::Touch, &seq.to_be_bytes(), &[7; 20_000])?;
            write.commit()
        });
        match (outcome, &refused) {
            (Ok(()), None) => bundles.push(next),
            (Ok(()), Some(_)) => panic!("a write was acknowledged after the disk had failed"),
            (Err(StorageError::ReadOnly { reason }), _) => refused = Some(reason),
            (Err(StorageError::Full), None) => return format!("acknowledged {} full", bundles.len()),
            (Err(error), _) => panic!("{error:?}"),
        }
    }
    let reader = store.readers().reader().expect("reads go on");
    assert_eq!(
        reader.last().unwrap().0,
        bundles.len() as u64,
        "readers see what was acknowledged"
    );
    format!(
        "acknowledged {} {}",
        bundles.len(),
        if refused.is_some() { "read-only" } else { "all" }
    )
}

/// Not a test of its own: what the traced child runs.
#[test]
fn child_that_commits_on_a_failing_disk() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    eprintln!("{}", commit_until_refused(Path::new(&path)));
}

fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED: {test}: {reason}");
    if let Some(file) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

/// Lets the `number`-th `call` of a child fail with `error`; gives what the child says, or `None` when the child
/// cannot be traced here.
fn run_with_failing(path: &Path, call: &str, error: &str, number: u32) -> Option<String> {
    let calls = if call == "fsync" { "fsync,fdatasync" } else { call };
    let output = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:error={error}:when={number}")])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "faults::child_that_commits_on_a_failing_disk",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, path)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let traced = !said.contains("ptrace") && !said.contains("PTRACE");
    assert!(
        output.status.success() || !traced,
        "{call} {number} {error}: {said}"
    );
    traced.then_some(said)
}

#[test]
fn any_single_failure_of_the_disk_is_told_and_leaves_a_whole_log() {
    let mut kinds = std::collections::BTreeSet::new();
    for (call, error, most) in [
        ("fsync", "EIO", 16),
        ("pwrite64", "EIO", 60),
        ("pwrite64", "ENOSPC", 60),
    ] {
        for number in (1..=most).step_by(if call == "fsync" { 1 } else { 5 }) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("oplog.db");
            drop(SqliteStorage::create(&path).unwrap());
            let Some(said) = run_with_failing(&path, call, error, number) else {
                return skip(
                    "any_single_failure_of_the_disk",
                    "strace is not here, or may not trace",
                );
            };
            let line = said
                .lines()
                .find(|line| line.starts_with("acknowledged "))
                .unwrap_or_else(|| panic!("{said}"));
            let mut words = line.split_whitespace().skip(1);
            let acknowledged: u64 = words.next().unwrap().parse().unwrap();
            kinds.insert(format!("{call} {error} {}", words.next().unwrap()));
            let store = SqliteStorage::open(&path).unwrap();
            assert!(!store.tail_lost(), "{call} {number}: {line}");
            let reader = store.readers().reader().unwrap();
            let stored = reader.bundles(Position(0), 100).unwrap();
            assert!(stored.len() as u64 >= acknowledged, "{call} {number}: {line}");
            assert!(
                stored.iter().zip(1..).all(|(found, seq)| found.place.seq == seq),
                "{call} {number}"
            );
            let count = reader
                .get(Space::Meta, b"count")
                .unwrap()
                .map_or(0, |count| u64::from_be_bytes(count.try_into().unwrap()));
            assert_eq!(
                count,
                stored.len() as u64,
                "{call} {number}: rows and log are in step"
            );
            assert_eq!(reader.count(Space::Touch, &[]).unwrap(), count);
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
