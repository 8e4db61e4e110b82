//! A large log in PostgreSQL: partitions that are made in time, and databases of older formats.

use std::num::NonZeroU64;
use std::sync::Barrier;
use std::time::Instant;

use openprod_events::{
    EventQuery, EventStore, NewEvent, PostgresConfig, PostgresStore, SequenceNumber, StoreError, conformance,
};
use postgres::{Client, NoTls};
use serde_json::json;

use crate::server;
use crate::stores::{PATIENCE, all, event, numbers, stream};

/// Settings for a store of its own, whose partitions have `events` events.
fn cut(url: &str, events: u64) -> PostgresConfig {
    let mut config = server::fresh(url);
    config.partition_events = NonZeroU64::new(events).unwrap();
    config
}

/// A connection past the library, to the tables of a store.
fn beside(config: &PostgresConfig) -> Client {
    let mut client = Client::connect(&config.url, NoTls).unwrap();
    client
        .batch_execute(&format!("SET search_path = {}", config.schema))
        .unwrap();
    client
}

fn happened(count: u64) -> Vec<NewEvent> {
    (0..count)
        .map(|n| event("happened", json!({"n": n})).in_stream(stream(&format!("s{}", n % 3))))
        .collect()
}

fn count(client: &mut Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).unwrap().get(0)
}

const PARTITIONS: &str = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'event'::regclass";

/// The ranges that are noted, and whether the tables have the same.
fn assert_sound(client: &mut Client) {
    let noted: Vec<(i64, i64)> = client
        .query("SELECT first, next FROM partition ORDER BY number", &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert!(
        noted.windows(2).all(|pair| pair[0].1 == pair[1].0),
        "no gap, no overlap: {noted:?}"
    );
    for table in ["event", "posting"] {
        let sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass($1)";
        let made: i64 = client.query_one(sql, &[&table]).unwrap().get(0);
        assert_eq!(made as usize, noted.len(), "{table}");
    }
    let invalid = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid";
    assert_eq!(count(client, invalid), 0, "no index is invalid");
    let indexed = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'event_by_id'::regclass";
    assert_eq!(
        count(client, indexed) as usize,
        noted.len(),
        "every partition has the index"
    );
}

/// Makes a store what the first format had: no list of partitions, and no index by id.
fn make_old(client: &mut Client) {
    client
        .batch_execute("DROP INDEX event_by_id; DROP TABLE partition; DELETE FROM format WHERE version = 2")
        .unwrap();
}

#[test]
fn store_of_many_partitions_conforms() {
    let Some(url) = server::url("store_of_many_partitions_conforms") else {
        return;
    };
    conformance::run(|| Box::new(PostgresStore::open(&cut(&url, 7)).unwrap()) as Box<dyn EventStore>)
        .unwrap();
}

#[test]
fn next_partition_is_there_before_it_is_needed() {
    let Some(url) = server::url("next_partition_is_there_before_it_is_needed") else {
        return;
    };
    let config = cut(&url, 10);
    let store = PostgresStore::open(&config).unwrap();
    let mut client = beside(&config);
    for number in 1..=35 {
        store.append(happened(1)).unwrap();
        let room: i64 = count(&mut client, "SELECT max(next) FROM partition");
        assert!(
            room > number + 5,
            "after event {number} there is room below {room}"
        );
        assert!(
            room <= number + 6 + 10,
            "and no more is made than is needed soon: {room}"
        );
    }
    assert_sound(&mut client);
}

#[test]
fn commit_larger_than_a_partition_makes_those_it_needs() {
    let Some(url) = server::url("commit_larger_than_a_partition_makes_those_it_needs") else {
        return;
    };
    let config = cut(&url, 10);
    let store = PostgresStore::open(&config).unwrap();
    store.append(happened(57)).unwrap();
    // Partitions that are there keep their size; the next ones have another.
    let config = PostgresConfig {
        partition_events: NonZeroU64::new(25).unwrap(),
        ..config
    };
    let other = PostgresStore::open(&config).unwrap();
    other.append(happened(43)).unwrap();
    store.append(happened(40)).unwrap();
    let expected: Vec<u64> = (1..=140).collect();
    assert_eq!(numbers(&all(&store)), expected);
    let mut client = beside(&config);
    assert_sound(&mut client);
    let sizes = "SELECT count(DISTINCT next - first) FROM partition";
    assert_eq!(count(&mut client, sizes), 2);
}

#[test]
fn many_writers_cross_partitions_without_a_failure() {
    let Some(url) = server::url("many_writers_cross_partitions_without_a_failure") else {
        return;
    };
    let config = cut(&url, 5);
    let stores = [(); 3].map(|()| PostgresStore::open(&config).unwrap());
    std::thread::scope(|scope| {
        for store in &stores {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..12 {
                        store.append(happened(1)).unwrap();
                    }
                });
            }
        }
    });
    let expected: Vec<u64> = (1..=108).collect();
    assert_eq!(numbers(&all(&stores[0])), expected);
    assert_sound(&mut beside(&config));
}

#[test]
fn store_of_the_first_format_is_brought_up_with_all_its_events() {
    let Some(url) = server::url("store_of_the_first_format_is_brought_up_with_all_its_events") else {
        return;
    };
    let config = cut(&url, 10);
    let store = PostgresStore::open(&config).unwrap();
    store.append(happened(64)).unwrap();
    let before = store.query(&EventQuery::all()).unwrap();
    drop(store);
    let mut client = beside(&config);
    let files = "SELECT string_agg(pg_relation_filenode(inhrelid)::text, ',' ORDER BY inhrelid)
        FROM pg_inherits WHERE inhparent = 'event'::regclass";
    let files_before: String = client.query_one(files, &[]).unwrap().get(0);
    make_old(&mut client);
    let store = PostgresStore::open(&config).unwrap();
    assert_sound(&mut client);
    let files_after: String = client.query_one(files, &[]).unwrap().get(0);
    assert_eq!(files_after, files_before, "nothing was copied");
    assert_eq!(store.query(&EventQuery::all()).unwrap(), before);
    for record in &before.event_records {
        let found = store.position_of(record.event_id).unwrap();
        assert_eq!(found, Some(record.sequence_number));
    }
    store.append(happened(30)).unwrap();
    assert_eq!(store.head().unwrap(), Some(SequenceNumber(94)));
    assert_sound(&mut client);
}

/// Waits until somebody builds the index of the second partition in this schema, and gives the number of the connection.
fn builder(client: &mut Client, schema: &str) -> i32 {
    let start = Instant::now();
    // What is not valid yet, and who is at it.
    let sql = "SELECT a.pid FROM pg_stat_activity a, pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE a.query LIKE 'CREATE INDEX CONCURRENTLY%' AND a.state = 'active' AND NOT i.indisvalid
            AND c.relname = 'event_part_1_event_by_id' AND c.relnamespace = to_regnamespace($1)
            AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.relation = i.indrelid)";
    loop {
        if let Some(row) = client.query(sql, &[&schema]).unwrap().first() {
            return row.get(0);
        }
        assert!(start.elapsed() < PATIENCE, "nobody builds");
        std::thread::yield_now();
    }
}

#[test]
fn interrupted_migration_is_completed_by_the_next_one() {
    let Some(url) = server::url("interrupted_migration_is_completed_by_the_next_one") else {
        return;
    };
    let config = cut(&url, 10);
    let store = PostgresStore::open(&config).unwrap();
    store.append(happened(25)).unwrap();
    let before = store.query(&EventQuery::all()).unwrap();
    drop(store);
    let mut client = beside(&config);
    make_old(&mut client);
    // A writer in the middle of a transaction holds the build of the second partition's index up.
    let mut writer = beside(&config);
    let mut held = writer.transaction().unwrap();
    held.batch_execute("LOCK TABLE event_part_1 IN ROW EXCLUSIVE MODE")
        .unwrap();
    std::thread::scope(|scope| {
        let migrating = scope.spawn(|| PostgresStore::open(&config).map(drop));
        let pid = builder(&mut client, &config.schema);
        client
            .execute("SELECT pg_terminate_backend($1)", &[&pid])
            .unwrap();
        let error = migrating.join().unwrap().unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    });
    held.commit().unwrap();
    let invalid = "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('event_part_1_event_by_id')
        AND NOT indisvalid";
    assert_eq!(count(&mut client, invalid), 1, "it was left half built");
    let store = PostgresStore::open(&config).unwrap();
    assert_sound(&mut client);
    assert_eq!(store.query(&EventQuery::all()).unwrap(), before);
    store.append(happened(25)).unwrap();
}

#[test]
fn of_two_processes_that_migrate_one_does_it_and_writers_go_on() {
    let Some(url) = server::url("of_two_processes_that_migrate_one_does_it_and_writers_go_on") else {
        return;
    };
    let config = cut(&url, 10);
    let store = PostgresStore::open(&config).unwrap();
    store.append(happened(25)).unwrap();
    let mut client = beside(&config);
    make_old(&mut client);
    let mut writer = beside(&config);
    let mut held = writer.transaction().unwrap();
    held.batch_execute("LOCK TABLE event_part_1 IN ROW EXCLUSIVE MODE")
        .unwrap();
    let ready = Barrier::new(2);
    std::thread::scope(|scope| {
        let migrate = || {
            ready.wait();
            PostgresStore::open(&config).map(drop)
        };
        let both = [scope.spawn(migrate), scope.spawn(migrate)];
        builder(&mut client, &config.schema);
        // The index is being built, and whoever is connected goes on writing and reading.
        store.append(happened(3)).unwrap();
        assert_eq!(all(&store).len(), 28);
        held.commit().unwrap();
        for migrating in both {
            migrating.join().unwrap().unwrap();
        }
    });
    assert_sound(&mut client);
    assert_eq!(all(&PostgresStore::open(&config).unwrap()).len(), 28);
}

#[test]
fn partitions_are_append_only_too() {
    let Some(url) = server::url("partitions_are_append_only_too") else {
        return;
    };
    let config = cut(&url, 10);
    PostgresStore::open(&config)
        .unwrap()
        .append(happened(15))
        .unwrap();
    let mut client = beside(&config);
    assert!(count(&mut client, PARTITIONS) >= 2);
    for sql in [
        "UPDATE event_part_1 SET payload = '1'",
        "DELETE FROM posting_part_0",
        "TRUNCATE event_part_0",
        "DELETE FROM partition",
    ] {
        let error = client.batch_execute(sql).unwrap_err();
        let words = error.as_db_error().unwrap().message().to_owned();
        assert!(words.contains("append-only"), "{sql}: {words}");
    }
}
