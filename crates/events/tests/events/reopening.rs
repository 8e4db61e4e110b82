//! A store in a file after its process ended, by its own will or not.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use openprod_events::{
    AppendError, CommandId, Commit, EventQuery, EventStore, EventType, NewEvent, Payload, RequestHash,
    SequenceNumber, SqliteConfig, SqliteStore, StoreError, StreamId, StreamVersion, SystemIdSource,
};
use serde_json::json;

/// The variable that tells this program that it is the one to be killed, and on which file.
const VICTIM_VARIABLE: &str = "OPENPROD_EVENTS_VICTIM";

fn event(n: u64) -> NewEvent {
    NewEvent::new(
        EventType::new("happened").unwrap(),
        Payload::new(json!({"n": n, "parity": n % 2})).unwrap(),
    )
    .in_stream(StreamId::new(format!("s{}", n % 3)).unwrap())
}

#[test]
fn everything_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    let input = Payload::new(json!(1)).unwrap();
    let commit = Commit::new((0..100).map(event).collect()).for_command(
        CommandId::from_u128(1),
        RequestHash::of("c", &input),
        input,
    );
    let committed = store.commit(commit.clone()).unwrap();
    let before = store.query(&EventQuery::all()).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.query(&EventQuery::all()).unwrap(), before);
    let again = store.commit(commit).unwrap();
    assert!(again.repeated);
    assert_eq!(
        (again.append, again.streams),
        (committed.append, committed.streams)
    );
    let last = before.event_records.last().unwrap().event_id;
    store.append(vec![event(100)]).unwrap();
    let next = store
        .query(&EventQuery::all().after(Some(SequenceNumber(100))))
        .unwrap();
    assert!(last < next.event_records[0].event_id, "ids go on rising");
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "this is no database, and long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    let other = directory.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE event (seq INTEGER PRIMARY KEY); PRAGMA application_id = 7")
        .unwrap();
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).err().unwrap();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let error = SqliteStore::open(&directory.path().join("no/such/folder.db"))
        .err()
        .unwrap();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
}

#[test]
fn file_of_a_newer_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    drop(SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = SqliteStore::open(&path).err().unwrap();
    assert!(matches!(error, StoreError::NewerVersion), "{error:?}");
}

#[test]
fn damaged_event_is_named_and_others_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append((0..3).map(event).collect()).unwrap();
    drop(store);
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TRIGGER event_is_never_changed; UPDATE event SET payload = '{\"n\": 1e999}' WHERE seq = 2",
        )
        .unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let error = store.query(&EventQuery::all()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Damaged {
                sequence_number: SequenceNumber(2),
                ..
            }
        ),
        "{error:?}"
    );
    let rest = store
        .query(&EventQuery::all().after(Some(SequenceNumber(2))))
        .unwrap();
    assert_eq!(rest.event_records.len(), 1);
}

#[test]
fn two_stores_on_one_file_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let stores = [
        SqliteStore::open(&path).unwrap(),
        SqliteStore::open(&path).unwrap(),
    ];
    for n in 0..20 {
        let store = &stores[n as usize % 2];
        let query = EventQuery::all();
        let version = store.query(&query).unwrap().current_context_version;
        assert_eq!(version, (n > 0).then_some(SequenceNumber(n)));
        store.append_if(vec![event(n)], &query, version).unwrap();
        let late = stores[(n as usize + 1) % 2].append_if(vec![event(n)], &query, version);
        assert!(matches!(late, Err(AppendError::Context(_))), "{late:?}");
    }
    let [first, second] = &stores;
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| first.wait(Some(SequenceNumber(20)), Duration::from_secs(60)));
        second.append(vec![event(20)]).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Some(SequenceNumber(21)));
    });
}

#[test]
fn many_readers_share_few_connections() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        readers_max: std::num::NonZeroUsize::MIN,
        ..SqliteConfig::default()
    };
    let store = SqliteStore::open_with(&directory.path().join("events.db"), &config, SystemIdSource).unwrap();
    store.append((0..50).map(event).collect()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| assert_eq!(store.query(&EventQuery::all()).unwrap().event_records.len(), 50));
        }
    });
}

/// Writes without end when it is told to, and says what was acknowledged; else it does nothing.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(VICTIM_VARIABLE) else {
        return;
    };
    let store = Arc::new(SqliteStore::open(path.as_ref()).unwrap());
    // No victim before this one gave these ids.
    let base = u128::from(store.head().unwrap().map_or(0, |head| head.0)) << 80;
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for n in 0.. {
                    let id = CommandId::from_u128(base | u128::from(thread) << 64 | n);
                    let input = Payload::new(json!(thread)).unwrap();
                    let commit = Commit::new(vec![event(n as u64), event(n as u64 + 1), event(n as u64 + 2)])
                        .for_command(id, RequestHash::of("c", &input), input);
                    let append = store.commit(commit).unwrap().append.unwrap();
                    println!("acknowledged {id} {}", append.last_sequence_number);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn killed_writer_loses_nothing_it_acknowledged_and_leaves_no_half_commit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let mut head = 0;
    for round in 0..8 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "reopening::victim", "--nocapture"])
            .env(VICTIM_VARIABLE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut acknowledged = Vec::new();
        // Killed after another number of commits each time, in the middle of the next.
        while acknowledged.len() < 40 + 13 * round {
            let line = lines.next().unwrap().unwrap();
            if let Some(rest) = line.strip_prefix("acknowledged ") {
                let (id, seq) = rest.split_once(' ').unwrap();
                acknowledged.push((id.parse::<CommandId>().unwrap(), seq.parse::<u64>().unwrap()));
            }
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let result = store.query(&EventQuery::all()).unwrap();
        let count = result.event_records.len() as u64;
        assert!(
            count > head && count.is_multiple_of(3),
            "{count} events: a commit has three"
        );
        let numbers = result.event_records.iter().map(|record| record.sequence_number.0);
        assert!(numbers.eq(1..=count), "there is no gap");
        for (id, seq) in acknowledged {
            let recorded = store.command(id).unwrap().unwrap().append.unwrap();
            assert_eq!(recorded.last_sequence_number, SequenceNumber(seq));
            assert!(seq <= count);
        }
        let versions: u64 = (0..3)
            .map(|n| {
                store
                    .stream_version(&StreamId::new(format!("s{n}")).unwrap())
                    .unwrap()
            })
            .map(|StreamVersion(version)| version)
            .sum();
        assert_eq!(versions, count);
        head = count;
    }
}
