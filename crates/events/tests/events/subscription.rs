//! Subscriptions, on every store: nothing lost, nothing repeated but what was asked for again, everything in order.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};

use openprod_events::subscription::{
    Backoff, HandlerError, Start, Subscription, SubscriptionConfig, SubscriptionHealth, SubscriptionThread,
    Topic,
};
use openprod_events::{
    EventFilter, EventQuery, EventRecord, EventStore, MemoryStore, PayloadPredicate, PostgresStore,
    SequenceNumber, SqliteStore, StreamVersion,
};
use proptest::prelude::*;
use serde_json::json;

use crate::outage;
use crate::stores::{Absent, PATIENCE, all, event, event_type, numbers, on_each, stream};

fn config(batch_max: usize) -> SubscriptionConfig {
    SubscriptionConfig {
        batch_max: NonZeroUsize::new(batch_max).unwrap(),
        wait_ms_max: 20,
        backoff: Backoff {
            first_ms: 1,
            longest_ms: 10,
        },
    }
}

fn topics() -> Vec<Topic> {
    let key = PayloadPredicate::new(json!({"key": 1})).unwrap();
    vec![
        Topic::All,
        Topic::stream(stream("s1")),
        Topic::Streams(BTreeSet::from([stream("s0"), stream("s2"), stream("absent")])),
        Topic::Query(EventQuery::any_of([
            EventFilter::of_types([event_type("a")]).matching([key]),
            EventFilter::of_types([event_type("c")]),
        ])),
        Topic::Query(EventQuery::any_of([EventFilter::of_types([event_type(
            "absent",
        )])])),
    ]
}

/// Whether an event belongs to a topic, told without any of the code under test.
fn belongs(topic: &Topic, record: &EventRecord) -> bool {
    match topic {
        Topic::All => true,
        Topic::Streams(streams) => {
            let place = record.stream.as_ref();
            place.is_some_and(|place| streams.contains(&place.stream))
        }
        Topic::Query(query) => query.matches(&record.event_type, &record.payload),
    }
}

/// One commit of two events, of which types, streams and keys differ with `n`.
fn write(store: &dyn EventStore, n: u64) {
    let name = ["a", "b", "c"][n as usize % 3];
    let first = event(name, json!({"key": n % 4, "n": n})).in_stream(stream(&format!("s{}", n % 5)));
    store
        .append(vec![first, event("a", json!({"key": n % 2}))])
        .unwrap();
}

#[test]
fn racing_writers_make_no_subscription_lose_or_repeat_an_event() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 20;
    on_each(
        "racing_writers_make_no_subscription_lose_or_repeat_an_event",
        |kind, store| {
            let barrier = Arc::new(Barrier::new(WRITERS as usize));
            let last = SequenceNumber(WRITERS * EACH * 2);
            std::thread::scope(|scope| {
                let readers: Vec<_> = topics()
                    .into_iter()
                    .map(|topic| {
                        let (store, read) = (Arc::clone(&store), topic.clone());
                        let mut subscription =
                            Subscription::open(store, read, Start::Beginning, config(7)).unwrap();
                        let reader = scope.spawn(move || {
                            let mut records = Vec::new();
                            while subscription.position() < Some(last) {
                                let batch = subscription.poll().unwrap();
                                assert!(batch.records.len() <= 7);
                                if batch.records.is_empty() && batch.position < Some(last) {
                                    subscription.wait(PATIENCE / 100).unwrap();
                                }
                                records.extend(batch.records);
                            }
                            records
                        });
                        (topic, reader)
                    })
                    .collect();
                for writer in 0..WRITERS {
                    let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
                    scope.spawn(move || {
                        barrier.wait();
                        for n in 0..EACH {
                            write(&*store, writer * EACH + n);
                        }
                    });
                }
                let read: Vec<_> = readers
                    .into_iter()
                    .map(|(topic, reader)| (topic, reader.join().unwrap()))
                    .collect();
                let log = all(&*store);
                assert_eq!(log.len() as u64, last.0);
                for (topic, records) in read {
                    let expected: Vec<_> = log.iter().filter(|record| belongs(&topic, record)).collect();
                    assert!(records.iter().eq(expected), "{kind}: {topic:?}");
                }
            });
        },
    );
}

#[test]
fn subscription_begins_where_it_is_told_to() {
    on_each("subscription_begins_where_it_is_told_to", |kind, store| {
        for n in 0..30 {
            write(&*store, n);
        }
        let log = all(&*store);
        let read = |topic: Topic, start: Start| {
            let mut subscription = Subscription::open(Arc::clone(&store), topic, start, config(4)).unwrap();
            let mut records = Vec::new();
            loop {
                let batch = subscription.poll().unwrap();
                if batch.is_live && batch.records.is_empty() {
                    return numbers(&records);
                }
                records.extend(batch.records);
            }
        };
        for topic in topics() {
            for after in [0, 1, 29, 58, 60] {
                let start = Start::from_position(Some(SequenceNumber(after)));
                let expected = log
                    .iter()
                    .filter(|record| record.sequence_number.0 > after && belongs(&topic, record));
                assert_eq!(
                    read(topic.clone(), start),
                    numbers(expected),
                    "{kind}: {topic:?} after {after}"
                );
            }
            assert_eq!(read(topic, Start::Now), [0; 0]);
        }
        let tenth = Start::after_event(&*store, log[9].event_id).unwrap().unwrap();
        assert_eq!(read(Topic::All, tenth).first(), Some(&11));
        let unknown = openprod_events::EventId::from_u128(7);
        assert_eq!(Start::after_event(&*store, unknown).unwrap(), None);
        let of_stream = store
            .read_stream(&stream("s1"), StreamVersion::EMPTY, None)
            .unwrap()
            .records;
        for version in 0..=of_stream.len() + 3 {
            let start = Start::after_version(&*store, &stream("s1"), StreamVersion(version as u64)).unwrap();
            let expected = numbers(of_stream.iter().skip(version));
            assert_eq!(
                read(Topic::stream(stream("s1")), start),
                expected,
                "{kind}: version {version}"
            );
        }
    });
}

proptest! {
    #[test]
    fn batches_together_are_the_topic_whatever_their_size(
        events in proptest::collection::vec((0_usize..3, 0_u64..3, 0_u64..4), 0..60),
        batch_max in 1_usize..20,
        topic in 0_usize..5,
        after in 0_u64..70,
        rewind in proptest::option::of(0_u64..70),
    ) {
        let store = MemoryStore::default();
        for (name, key, of) in events {
            let event = event(["a", "b", "c"][name], json!({"key": key}));
            let event = if of == 3 { event } else { event.in_stream(stream(&format!("s{of}"))) };
            store.append(vec![event]).unwrap();
        }
        let log = all(&store);
        let topic = topics().swap_remove(topic);
        let store: Arc<dyn EventStore> = Arc::new(store);
        let start = Start::After(SequenceNumber(after));
        let mut subscription = Subscription::open(store, topic.clone(), start, config(batch_max)).unwrap();
        let mut passes = vec![after];
        passes.extend(rewind);
        for after in passes {
            subscription.seek(Some(SequenceNumber(after)));
            let mut read = Vec::new();
            loop {
                let before = subscription.position();
                let batch = subscription.poll().unwrap();
                prop_assert!(batch.records.len() <= batch_max);
                prop_assert!(batch.position >= before);
                let last = batch.records.last().map(|record| record.sequence_number);
                prop_assert!(last <= batch.position);
                if batch.records.is_empty() {
                    prop_assert!(batch.is_live);
                    break;
                }
                read.extend(batch.records);
            }
            let expected = log
                .iter()
                .filter(|record| record.sequence_number.0 > after && belongs(&topic, record));
            prop_assert_eq!(numbers(&read), numbers(expected));
        }
    }
}

#[test]
fn iterator_replays_then_goes_on_live_and_ends_when_it_is_cancelled() {
    on_each(
        "iterator_replays_then_goes_on_live_and_ends_when_it_is_cancelled",
        |kind, store| {
            for n in 0..5 {
                write(&*store, n);
            }
            let mut subscription =
                Subscription::open(Arc::clone(&store), Topic::All, Start::Beginning, config(100)).unwrap();
            assert_eq!(subscription.next().unwrap().unwrap().records.len(), 10, "{kind}");
            assert_eq!(subscription.status().health, SubscriptionHealth::Live);
            let cancel = subscription.cancel();
            let (told, heard) = channel();
            let reader = std::thread::spawn(move || {
                for batch in subscription.by_ref() {
                    told.send(numbers(&batch.unwrap().records)).unwrap();
                }
                subscription
            });
            write(&*store, 5);
            assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), [11, 12], "{kind}");
            cancel.cancel();
            let subscription = reader.join().unwrap();
            assert_eq!(
                subscription.status().health,
                SubscriptionHealth::Ended { reason: None }
            );
        },
    );
}

#[test]
fn handler_gets_a_batch_again_until_it_takes_it() {
    on_each("handler_gets_a_batch_again_until_it_takes_it", |kind, store| {
        for n in 0..6 {
            write(&*store, n);
        }
        let subscription = Subscription::open(store, Topic::All, Start::Beginning, config(4)).unwrap();
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let (told, heard) = channel();
        let thread = SubscriptionThread::spawn("test", subscription, move |batch| {
            told.send(numbers(&batch.records)).unwrap();
            match counted.fetch_add(1, Ordering::SeqCst) {
                1 => Err(HandlerError::new("not now")),
                2 => panic!("nor now"),
                _ => Ok(()),
            }
        })
        .unwrap();
        let batches: Vec<_> = (0..5).map(|_| heard.recv_timeout(PATIENCE).unwrap()).collect();
        let second = vec![5, 6, 7, 8];
        let expected = [
            vec![1, 2, 3, 4],
            second.clone(),
            second.clone(),
            second,
            vec![9, 10, 11, 12],
        ];
        assert_eq!(batches, expected, "{kind}");
        let metrics = thread.status().metrics;
        assert_eq!((metrics.failures, metrics.repeated_batches), (2, 2), "{kind}");
        drop(thread);
        assert!(
            heard.try_recv().is_err(),
            "it was cancelled, and nothing more came"
        );
    });
}

/// A subscriber on a thread, of a store that goes away and comes back by `set_away`; `write` writes by another way.
fn check_outage(store: Arc<dyn EventStore>, set_away: impl Fn(bool), write: impl Fn(u64)) {
    write(0);
    let subscription = Subscription::open(store, Topic::All, Start::Beginning, config(10)).unwrap();
    let (told, heard) = channel();
    let thread = SubscriptionThread::spawn("test", subscription, move |batch| {
        told.send(numbers(&batch.records)).map_err(HandlerError::new)
    })
    .unwrap();
    let mut seen = Vec::new();
    for round in 1..4_u64 {
        while seen.len() < round as usize * 2 {
            seen.extend(heard.recv_timeout(PATIENCE).unwrap());
        }
        set_away(true);
        let begun = std::time::Instant::now();
        let is_waiting = || matches!(thread.status().health, SubscriptionHealth::Waiting { .. });
        while !is_waiting() {
            assert!(
                begun.elapsed() < PATIENCE,
                "its health says that the store is away"
            );
            std::thread::yield_now();
        }
        write(round);
        set_away(false);
    }
    while seen.len() < 8 {
        seen.extend(heard.recv_timeout(PATIENCE).unwrap());
    }
    assert_eq!(seen, (1..=8).collect::<Vec<_>>(), "it went on where it was");
    assert!(thread.status().metrics.failures >= 3);
}

#[test]
fn store_that_goes_away_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&directory.path().join("events.db")).unwrap();
    for absent in [Absent::over(MemoryStore::default()), Absent::over(sqlite)] {
        let inner = absent.clone();
        let writer = absent.inner();
        check_outage(
            Arc::new(absent),
            |away| inner.set_away(away),
            |n| write(&*writer, n),
        );
    }
}

#[test]
fn postgres_server_that_goes_away_is_waited_for() {
    let Some((wired, wire, direct)) = outage::wired("postgres_server_that_goes_away_is_waited_for") else {
        return;
    };
    let writer = PostgresStore::open(&direct).unwrap();
    check_outage(
        Arc::new(PostgresStore::open(&wired).unwrap()),
        |away| wire.set(if away { outage::CUT } else { outage::PASS }),
        |n| write(&writer, n),
    );
}

#[test]
fn error_that_waiting_does_not_mend_ends_a_thread_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.db");
    let store = SqliteStore::open(&path).unwrap();
    write(&store, 0);
    drop(store);
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("DROP TRIGGER event_is_never_changed; UPDATE event SET payload = '{' WHERE seq = 2")
        .unwrap();
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let subscription = Subscription::open(store, Topic::All, Start::Beginning, config(10)).unwrap();
    let thread = SubscriptionThread::spawn("test", subscription, |_| Ok(())).unwrap();
    let begun = std::time::Instant::now();
    while !thread.is_ended() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
    let SubscriptionHealth::Ended { reason: Some(reason) } = thread.status().health else {
        panic!("{:?}", thread.status());
    };
    assert!(reason.contains("event 2 is damaged"), "{reason}");
}
