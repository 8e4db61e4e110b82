//! A store as it was, on every store.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openprod_events::{
    CommandId, Commit, EventQuery, EventStore, IdSource, MemoryStore, Past, Payload, RequestHash,
    SequenceNumber, StreamVersion, Timestamp,
};
use serde_json::json;

use crate::stores::{event, stream};

/// Says a later time with each question.
#[derive(Clone, Default)]
struct Ticking(Arc<AtomicU64>);

impl IdSource for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(10, Ordering::Relaxed))
    }

    fn chance(&self) -> [u8; 10] {
        [7; 10]
    }
}

#[test]
fn command_is_there_from_its_events_on() {
    let store = MemoryStore::default();
    let nothing = Payload::new(json!(null)).unwrap();
    let (id, request) = (CommandId::from_u128(1), RequestHash::of("book", &nothing));
    store.append(vec![event("first", json!(1))]).unwrap();
    let booked = Commit::new(vec![event("booked", json!(2))]).for_command(id, request, nothing);
    store.commit(booked).unwrap();
    let store: Arc<dyn EventStore> = Arc::new(store);
    let before = Past::at(Arc::clone(&store), Some(SequenceNumber(1)));
    let after = Past::at(store, Some(SequenceNumber(2)));
    assert_eq!(before.command(id).unwrap(), None);
    assert_eq!(
        after.command(id).unwrap().map(|command| command.request),
        Some(request)
    );
}

#[test]
fn time_finds_the_last_event_that_had_happened() {
    let clock = Ticking::default();
    let store = MemoryStore::new(clock);
    for number in 0..50 {
        store
            .append(vec![event("happened", json!(number)).in_stream(stream("s"))])
            .unwrap();
    }
    let records = store.query(&EventQuery::all()).unwrap().event_records;
    let store: Arc<dyn EventStore> = Arc::new(store);
    let at = |time| Past::at_time(Arc::clone(&store), Timestamp::from_millis(time)).unwrap();
    for record in &records {
        let time = record.occurred_at.as_millis();
        assert_eq!(at(time).last(), Some(record.sequence_number));
        assert_eq!(
            at(time).stream_version(&stream("s")).unwrap(),
            StreamVersion(record.sequence_number.0)
        );
    }
    let first = records[0].occurred_at.as_millis();
    if let Some(earlier) = first.checked_sub(1) {
        assert_eq!(at(earlier).last(), None);
    }
    assert_eq!(at(u64::from(u32::MAX)).last(), Some(SequenceNumber(50)));
}

#[test]
fn nothing_comes_to_the_past() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    store.append(vec![event("first", json!(1))]).unwrap();
    let past = Past::at(Arc::clone(&store), store.head().unwrap());
    store.append(vec![event("second", json!(2))]).unwrap();
    assert_eq!(past.wait(None, Duration::ZERO).unwrap(), Some(SequenceNumber(1)));
    assert_eq!(
        past.wait(Some(SequenceNumber(1)), Duration::ZERO).unwrap(),
        Some(SequenceNumber(1))
    );
    let page = past.query_page(&EventQuery::all(), NonZeroUsize::new(5)).unwrap();
    assert_eq!(
        (page.event_records.len(), page.current_context_version),
        (1, Some(SequenceNumber(1)))
    );
    let empty = Past::at(store, None);
    assert_eq!(empty.head().unwrap(), None);
    assert_eq!(empty.query(&EventQuery::all()).unwrap().event_records, []);
}
