//! Damage that is planted past the library is found, and called by its name.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use openprod_events::copy::copy;
use openprod_events::verify::{Finding, Verified, verify};
use openprod_events::{
    CommandId, Commit, EventStore, MemoryStore, NewEvent, Payload, PostgresStore, RequestHash, SqliteStore,
};
use postgres::{Client, NoTls};
use serde_json::json;

use crate::server;
use crate::stores::{event, stream};

fn happened(count: u64) -> Vec<NewEvent> {
    (0..count)
        .map(|n| {
            let event = event("happened", json!({"n": n, "of": ["a", "b"]}));
            if n % 2 == 0 {
                event.in_stream(stream(&format!("s{}", n % 3)))
            } else {
                event
            }
        })
        .collect()
}

fn fill(store: &dyn EventStore) {
    let input = Payload::new(json!({"b": 1, "a": 2})).unwrap();
    let commit = Commit::new(happened(20)).for_command(
        CommandId::from_u128(1),
        RequestHash::of("give", &input),
        input,
    );
    store.commit(commit).unwrap();
    store.append(happened(300)).unwrap();
}

fn check(store: &dyn openprod_events::Archive) -> Verified {
    verify(store, &mut |_| ()).unwrap()
}

/// The names of what is found, each once.
fn names(verified: &Verified) -> Vec<String> {
    let mut names: Vec<String> = verified
        .findings
        .iter()
        .map(|finding| {
            serde_json::to_value(finding).unwrap()["finding"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.dedup();
    names
}

/// A damage in SQL, and what is found then. `first` is the one that is compared as a whole.
struct Damage {
    sql: &'static str,
    names: &'static [&'static str],
    first: Option<Finding>,
}

fn damages() -> Vec<Damage> {
    let damage = |sql, names, first| Damage { sql, names, first };
    vec![
        damage(
            "DELETE FROM posting WHERE seq = 7 AND leaf = 0",
            &["posting_missing"],
            Some(Finding::PostingMissing { event: 7, leaf: 0 }),
        ),
        damage(
            "INSERT INTO posting VALUES (1, 12345, 8)",
            &["posting_orphaned"],
            Some(Finding::PostingOrphaned {
                event: 8,
                leaf: 12345,
            }),
        ),
        damage(
            "UPDATE event SET payload = '{\"n\":1000,\"of\":[\"a\",\"b\"]}' WHERE seq = 9",
            &["payload_changed"],
            Some(Finding::PayloadChanged { event: 9 }),
        ),
        damage(
            "UPDATE event SET payload = '{\"n\": 10, \"of\": [\"a\", \"b\"]}' WHERE seq = 11",
            &["payload_not_canonical"],
            Some(Finding::PayloadNotCanonical { event: 11 }),
        ),
        damage(
            "UPDATE event SET payload = '{\"n\":' WHERE seq = 12",
            &["event_unreadable"],
            None,
        ),
        damage(
            "DELETE FROM event WHERE seq IN (30, 31); DELETE FROM posting WHERE seq IN (30, 31);
             DELETE FROM stream_event WHERE seq IN (30, 31)",
            &["gap", "stream_not_contiguous"],
            Some(Finding::Gap { first: 30, last: 31 }),
        ),
        damage(
            "DELETE FROM event WHERE seq = 40",
            &["gap", "posting_orphaned"],
            None,
        ),
        damage(
            "DELETE FROM stream_event WHERE seq = 1",
            &["place_missing", "stream_not_contiguous"],
            Some(Finding::PlaceMissing { event: 1, version: 1 }),
        ),
        damage(
            "INSERT INTO stream_event VALUES (1, 1000, 2)",
            &["stream_not_contiguous", "stream_out_of_order", "place_orphaned"],
            None,
        ),
        damage(
            "UPDATE event SET event_id = (SELECT event_id FROM event WHERE seq = 50) WHERE seq = 52",
            &["id_out_of_order"],
            Some(Finding::IdOutOfOrder { event: 52 }),
        ),
        damage(
            "UPDATE event SET type_id = 99 WHERE seq = 60",
            &["event_unreadable", "posting_orphaned"],
            None,
        ),
        damage(
            "UPDATE command SET last_seq = 10000",
            &["command_without_events"],
            Some(Finding::CommandWithoutEvents {
                command: "00000000000000000000000000000001".to_owned(),
                first: 1,
                last: 10_000,
            }),
        ),
        damage(
            "UPDATE command SET first_seq = NULL",
            &["command_unreadable"],
            None,
        ),
        damage(
            "UPDATE command SET result = '{\"b\":1,\"a\":2}'",
            &["answer_not_canonical"],
            None,
        ),
    ]
}

fn assert_found(damage: &Damage, verified: &Verified) {
    assert_eq!(names(verified), damage.names, "{}: {verified:?}", damage.sql);
    if let Some(first) = &damage.first {
        assert_eq!(verified.findings.first(), Some(first), "{}", damage.sql);
    }
    assert!(!verified.is_sound());
    assert!(verified.findings_total >= verified.findings.len() as u64);
}

/// Does something to a file that the library would not.
fn meddle(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for trigger in triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {trigger}"))
            .unwrap();
    }
    connection.execute_batch(sql).unwrap();
}

#[test]
fn planted_damage_is_found_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    for (number, damage) in damages().iter().enumerate() {
        let path = directory.path().join(format!("{number}.db"));
        let store = SqliteStore::open(&path).unwrap();
        fill(&store);
        let sound = check(&store);
        assert_eq!(sound.findings, []);
        assert!(sound.is_sound());
        assert_eq!((sound.events, sound.commands), (320, 1));
        drop(store);
        meddle(&path, damage.sql);
        assert_found(damage, &check(&SqliteStore::open(&path).unwrap()));
    }
}

#[test]
fn planted_damage_is_found_in_postgresql() {
    let Some(url) = server::url("planted_damage_is_found_in_postgresql") else {
        return;
    };
    for damage in damages() {
        let mut config = server::fresh(&url);
        config.partition_events = std::num::NonZeroU64::new(100).unwrap();
        let store = PostgresStore::open(&config).unwrap();
        fill(&store);
        let sound = check(&store);
        assert_eq!(sound.findings, []);
        assert_eq!((sound.events, sound.commands), (320, 1));
        let mut client = Client::connect(&url, NoTls).unwrap();
        client
            .batch_execute(&format!(
                "SET search_path = {}; SET session_replication_role = replica; {}",
                config.schema, damage.sql
            ))
            .unwrap();
        assert_found(&damage, &check(&store));
    }
}

#[test]
fn postgresql_store_that_lost_its_end_or_its_head_is_found() {
    let Some(url) = server::url("postgresql_store_that_lost_its_end_or_its_head_is_found") else {
        return;
    };
    for (sql, expected) in [
        (
            "UPDATE head SET seq = 330",
            Finding::Gap {
                first: 321,
                last: 330,
            },
        ),
        (
            "UPDATE head SET seq = 319",
            Finding::EventBeyondHead { event: 320 },
        ),
    ] {
        let config = server::fresh(&url);
        let store = PostgresStore::open(&config).unwrap();
        fill(&store);
        let mut client = Client::connect(&url, NoTls).unwrap();
        client
            .batch_execute(&format!("SET search_path = {}; {sql}", config.schema))
            .unwrap();
        assert_eq!(check(&store).findings, [expected]);
    }
}

#[test]
fn damaged_pages_of_a_file_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    fill(&store);
    drop(store);
    // A page that no event needs.
    meddle(
        &path,
        "CREATE TABLE other (n INTEGER); INSERT INTO other VALUES (1)",
    );
    let connection = rusqlite::Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'other'";
    let page: u32 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(u64::from(page - 1) * 4_096)).unwrap();
    file.write_all(&[0xff; 4_096]).unwrap();
    drop(file);
    let found = check(&SqliteStore::open(&path).unwrap());
    assert_eq!(names(&found), ["database_fault"], "{found:?}");
}

#[test]
fn store_is_checked_while_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("events.db")).unwrap();
    fill(&store);
    let verified = verify(&store, &mut |_| {
        store.append(happened(3)).unwrap();
    })
    .unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!(verified.events, 320);
}

#[test]
fn digest_is_of_contents_and_not_of_the_kind_of_store() {
    let memory = MemoryStore::default();
    fill(&memory);
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("events.db")).unwrap();
    copy(&memory, &store, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let before = check(&store).digest;
    assert_eq!(check(&memory).digest, before);
    store.append(happened(1)).unwrap();
    assert_ne!(check(&store).digest, before);
}
