//! What is read and in which order it is folded, whatever is read when.

use std::collections::BTreeSet;
use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, Rejection};
use openprod_events::limits::DISCOVERY_ROUNDS_MAX;
use openprod_events::{
    CommandError, EventFilter, EventQuery, EventRecord, EventStore, EventType, Executor, MemoryStore,
    NewEvent, Payload, PayloadPredicate, SqliteStore, StreamId, domain_events,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{envelope, stream};

/// An event that may name a stream to be read as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Linked {
    tag: u8,
    next: Option<u8>,
}

domain_events! {
    #[derive(Clone, Debug, PartialEq)]
    enum LinkEvent {
        Linked(Linked) = "linked" version 1,
    }
}

/// Reads streams, whatever they name, and all that has a tag; answers with what it has folded, in that order.
#[derive(Debug, Clone, Serialize)]
struct Follow {
    from: Vec<u8>,
    tag: Option<u8>,
}

#[derive(Default)]
struct Followed {
    numbers: Vec<u64>,
    streams: BTreeSet<u8>,
}

fn numbered(number: u8) -> StreamId {
    stream(&format!("stream-{number}"))
}

impl Command for Follow {
    const TYPE: CommandType = CommandType::new("follow");
    type State = Followed;
    type Event = LinkEvent;
    type Answer = Vec<u64>;

    fn streams(&self) -> Vec<StreamId> {
        self.from.iter().copied().map(numbered).collect()
    }

    fn context(&self) -> Option<EventQuery> {
        let tag = self.tag?;
        let tagged = PayloadPredicate::new(json!({ "tag": tag })).unwrap();
        Some(EventQuery::any_of([EventFilter::default().matching([tagged])]))
    }

    fn more_streams(&self, state: &Followed) -> Vec<StreamId> {
        state.streams.iter().copied().map(numbered).collect()
    }

    fn apply(&self, state: &mut Followed, event: &LinkEvent, record: &EventRecord) {
        let LinkEvent::Linked(linked) = event;
        state.numbers.push(record.sequence_number.0);
        state.streams.extend(linked.next);
    }

    fn decide(&self, state: &Followed) -> Result<Decision<LinkEvent, Vec<u64>>, Rejection> {
        Ok(Decision::answering(state.numbers.clone()))
    }
}

type History = Vec<(Option<u8>, u8, Option<u8>, bool)>;

fn appended(history: &History) -> Vec<NewEvent> {
    let event = |&(in_stream, tag, next, foreign): &(Option<u8>, u8, Option<u8>, bool)| {
        let payload = Payload::new(json!({"tag": tag, "next": next})).unwrap();
        let name = if foreign { "of another program" } else { "linked" };
        let mut new = NewEvent::new(EventType::new(name).unwrap(), payload);
        new.stream = in_stream.map(numbered);
        new
    };
    history.iter().map(event).collect()
}

/// What should be folded: everything of the streams that can be reached, and everything with the tag.
fn expected(history: &History, follow: &Follow) -> Vec<u64> {
    let mut reached: BTreeSet<u8> = follow.from.iter().copied().collect();
    loop {
        let read = |(in_stream, tag, _, foreign): &(Option<u8>, u8, Option<u8>, bool)| {
            !foreign
                && (in_stream.is_some_and(|number| reached.contains(&number)) || Some(*tag) == follow.tag)
        };
        let numbers = (1..).zip(history).filter(|(_, event)| read(event));
        let named: BTreeSet<u8> = numbers.clone().filter_map(|(_, event)| event.2).collect();
        if named.is_subset(&reached) {
            return numbers.map(|(number, _)| number).collect();
        }
        reached.extend(named);
    }
}

fn histories() -> impl Strategy<Value = History> {
    let event = (
        prop::option::of(0..6_u8),
        0..3_u8,
        prop::option::weighted(0.3, 0..6_u8),
        prop::bool::weighted(0.1),
    );
    prop::collection::vec(event, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_reached_is_folded_once_in_the_order_of_the_log(
        history in histories(),
        from in prop::collection::vec(0..6_u8, 0..3),
        tag in prop::option::of(0..3_u8),
    ) {
        let follow = Follow { from, tag };
        let store = Arc::new(MemoryStore::default());
        store.append(appended(&history)).unwrap();
        let outcome = Executor::new(store).execute(&follow, &envelope(1)).unwrap();
        prop_assert_eq!(outcome.answer, expected(&history, &follow));
    }
}

#[test]
fn stores_on_disk_lead_to_the_same_fold() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("events.db")).unwrap());
    let executor = Executor::new(store.clone());
    let mut runner = TestRunner::deterministic();
    let mut history = History::new();
    for round in 0..30 {
        let more = histories().new_tree(&mut runner).unwrap().current();
        store.append(appended(&more)).unwrap();
        history.extend(more);
        let follow = Follow {
            from: vec![round % 6],
            tag: (round % 2 == 0).then_some(round % 3),
        };
        let outcome = executor.execute(&follow, &envelope(round.into())).unwrap();
        assert_eq!(outcome.answer, expected(&history, &follow));
    }
}

fn chain(links: u8) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    let links = (0..links).map(|number| (Some(number), 0, Some(number + 1), false));
    store.append(appended(&links.collect())).unwrap();
    store
}

#[test]
fn discovery_goes_a_bounded_number_of_rounds() {
    let follow = Follow {
        from: vec![0],
        tag: None,
    };
    let most = u8::try_from(DISCOVERY_ROUNDS_MAX).unwrap();
    let outcome = Executor::new(chain(most)).execute(&follow, &envelope(1)).unwrap();
    assert_eq!(outcome.answer.len(), usize::from(most));
    let error = Executor::new(chain(most + 1))
        .execute(&follow, &envelope(1))
        .unwrap_err();
    assert!(matches!(error, CommandError::TooManyRounds), "{error:?}");
}

/// Follows and records where it has been.
#[derive(Serialize)]
struct Mark(Follow);

impl Command for Mark {
    const TYPE: CommandType = CommandType::new("mark");
    type State = Followed;
    type Event = LinkEvent;
    type Answer = usize;

    fn streams(&self) -> Vec<StreamId> {
        self.0.streams()
    }

    fn more_streams(&self, state: &Followed) -> Vec<StreamId> {
        self.0.more_streams(state)
    }

    fn apply(&self, state: &mut Followed, event: &LinkEvent, record: &EventRecord) {
        self.0.apply(state, event, record);
    }

    fn decide(&self, state: &Followed) -> Result<Decision<LinkEvent, usize>, Rejection> {
        let mark = LinkEvent::Linked(Linked { tag: 9, next: None });
        Ok(Decision::answering(state.numbers.len()).record(stream("marks"), mark))
    }
}

#[test]
fn streams_that_were_found_on_the_way_are_checked_too() {
    use super::meddling::{Meddling, Moment};

    // The last stream of the chain has no event; somebody writes the first just before the commit.
    let store = chain(3);
    let meddling = Meddling::new(store, Moment::BeforeCommit, |count| match count {
        0 => appended(&vec![(Some(3), 0, None, false)]),
        _ => Vec::new(),
    });
    let executor =
        Executor::new(Arc::new(meddling)).with_waiter(openprod_events::testkit::CountingWaiter::default());
    let mark = Mark(Follow {
        from: vec![0],
        tag: None,
    });
    let outcome = executor.execute(&mark, &envelope(1)).unwrap();
    assert_eq!((outcome.attempts, outcome.answer), (2, 4));
}
