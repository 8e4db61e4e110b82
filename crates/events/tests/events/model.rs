//! Random use of a store, compared step by step with the store in memory.

use std::num::NonZeroUsize;

use openprod_events::{
    AppendError, CommandId, Commit, EventFilter, EventQuery, EventRecord, EventStore, EventType, MemoryStore,
    NewEvent, Past, Payload, PayloadPredicate, PostgresStore, RefusedCommit, RequestHash, SequenceNumber,
    SqliteConfig, SqliteStore, StreamId, StreamVersion, SystemIdSource,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::server;

/// One call.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Commit),
    /// A commit that expects what a store says at that moment, or one less.
    Decide {
        commit: Commit,
        query: EventQuery,
        stream: StreamId,
        stale: bool,
    },
    Query(EventQuery, Option<NonZeroUsize>),
    Streams(Vec<StreamId>, Option<SequenceNumber>),
    Stream(StreamId, StreamVersion, Option<NonZeroUsize>),
    Command(CommandId),
    Reopen,
}

/// Everything of a record that does not depend on time and chance.
fn essence(record: &EventRecord) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        record.sequence_number,
        record.event_type.clone(),
        record.payload.clone(),
        record.stream.clone(),
    )
}

fn essences(records: &[EventRecord]) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    records.iter().map(essence).collect()
}

fn event_type() -> impl Strategy<Value = EventType> {
    "[abc]".prop_map(|name| EventType::new(name).unwrap())
}

fn stream() -> impl Strategy<Value = StreamId> {
    "[stu]".prop_map(|name| StreamId::new(name).unwrap())
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i64..3).prop_map(Value::from),
        Just(json!(1.0)),
        Just(json!(-0.0)),
        Just(json!(0.5)),
        "[xy]{0,1}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..3).prop_map(Value::from),
            2 => proptest::collection::btree_map("[kl]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn new_event() -> impl Strategy<Value = NewEvent> {
    (event_type(), value(), option::of(stream())).prop_map(|(event_type, value, stream)| {
        let event = NewEvent::new(event_type, Payload::new(value).unwrap());
        match stream {
            Some(stream) => event.in_stream(stream),
            None => event,
        }
    })
}

pub(crate) fn query() -> impl Strategy<Value = EventQuery> {
    let predicate = value().prop_map(|pattern| PayloadPredicate::new(pattern).unwrap());
    let filter = (
        option::of(vec(event_type(), 0..3)),
        option::of(vec(predicate, 0..4)),
    )
        .prop_map(|(event_types, payload_predicates)| EventFilter {
            event_types,
            payload_predicates,
        });
    (vec(filter, 0..3), option::of(0_u64..30))
        .prop_map(|(filters, cursor)| EventQuery::any_of(filters).after(cursor.map(SequenceNumber)))
}

fn commit() -> impl Strategy<Value = Commit> {
    let command = (0_u128..4, 0_u8..2).prop_map(|(id, input)| (CommandId::from_u128(id), input));
    (vec(new_event(), 0..5), option::weighted(0.3, command)).prop_map(|(events, command)| {
        let commit = Commit::new(events);
        match command {
            Some((id, input)) => {
                let input = Payload::new(json!(input)).unwrap();
                commit.for_command(id, RequestHash::of("command", &input), input)
            }
            None => commit,
        }
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let limit = || option::of(1_usize..6).prop_map(|limit| limit.and_then(NonZeroUsize::new));
    prop_oneof![
        4 => commit().prop_map(Step::Commit),
        4 => (commit(), query(), stream(), any::<bool>()).prop_map(|(commit, query, stream, stale)| {
            Step::Decide { commit, query, stream, stale }
        }),
        6 => (query(), limit()).prop_map(|(query, limit)| Step::Query(query, limit)),
        2 => (vec(stream(), 0..4), option::of(0_u64..30))
            .prop_map(|(streams, after)| Step::Streams(streams, after.map(SequenceNumber))),
        2 => (stream(), 0_u64..8, limit())
            .prop_map(|(stream, after, limit)| Step::Stream(stream, StreamVersion(after), limit)),
        1 => (0_u128..4).prop_map(|id| Step::Command(CommandId::from_u128(id))),
        1 => Just(Step::Reopen),
    ]
}

/// What a commit led to, with errors in words.
fn told(result: Result<openprod_events::Committed, AppendError>) -> String {
    match result {
        Ok(committed) => format!("{committed:?}"),
        Err(error) => format!("{error:?}"),
    }
}

/// Makes one step on both stores and compares what they say.
fn check(step: &Step, reference: &dyn EventStore, store: &dyn EventStore) {
    match step {
        Step::Commit(commit) => {
            assert_eq!(
                told(reference.commit(commit.clone())),
                told(store.commit(commit.clone()))
            );
        }
        Step::Decide {
            commit,
            query,
            stream,
            stale,
        } => {
            let seen = reference.query(query).unwrap().current_context_version;
            let version = reference.stream_version(stream).unwrap();
            let version = if *stale {
                StreamVersion(version.0.saturating_sub(1))
            } else {
                version
            };
            let commit = commit
                .clone()
                .if_context(query.clone(), seen)
                .if_stream(stream.clone(), version);
            assert_eq!(told(reference.commit(commit.clone())), told(store.commit(commit)));
        }
        Step::Query(query, limit) => {
            let expected = reference.query_page(query, *limit).unwrap();
            let found = store.query_page(query, *limit).unwrap();
            assert_eq!(essences(&expected.event_records), essences(&found.event_records));
            assert_eq!(
                (
                    expected.last_returned_sequence_number,
                    expected.current_context_version
                ),
                (found.last_returned_sequence_number, found.current_context_version)
            );
            for record in &found.event_records {
                assert_eq!(
                    store.position_of(record.event_id).unwrap(),
                    Some(record.sequence_number)
                );
            }
        }
        Step::Streams(streams, after) => {
            let expected = reference.read_streams(streams, *after).unwrap();
            let found = store.read_streams(streams, *after).unwrap();
            assert_eq!(essences(&expected.records), essences(&found.records));
            assert_eq!((expected.versions, expected.head), (found.versions, found.head));
        }
        Step::Stream(stream, after, limit) => {
            let expected = reference.read_stream(stream, *after, *limit).unwrap();
            let found = store.read_stream(stream, *after, *limit).unwrap();
            assert_eq!(essences(&expected.records), essences(&found.records));
            assert_eq!(expected.version, found.version);
        }
        Step::Command(id) => assert_eq!(reference.command(*id).unwrap(), store.command(*id).unwrap()),
        Step::Reopen => assert_eq!(reference.head().unwrap(), store.head().unwrap()),
    }
}

#[test]
fn postgres_store_does_what_the_store_in_memory_does() {
    let Some(url) = server::url("postgres_store_does_what_the_store_in_memory_does") else {
        return;
    };
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 12,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    });
    let run = runner.run(&vec(step(), 1..40), |steps| {
        let config = server::fresh(&url);
        let reference = MemoryStore::default();
        let mut store = PostgresStore::open(&config).unwrap();
        for step in &steps {
            if matches!(step, Step::Reopen) {
                store = PostgresStore::open(&config).unwrap();
            }
            check(step, &reference, &store);
        }
        Ok(())
    });
    run.unwrap();
}

/// Makes the steps that write on a new store in memory, and gives it with its last event.
fn written(steps: &[Step]) -> (MemoryStore, Option<SequenceNumber>) {
    let store = MemoryStore::default();
    for step in steps {
        if let Step::Commit(commit) = step {
            // One that is refused writes nothing here either.
            let _ = store.commit(commit.clone());
        }
    }
    let head = store.head().unwrap();
    (store, head)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn past_is_the_store_that_had_only_what_came_before(
        before in vec(step(), 0..40),
        after in vec(step(), 0..40),
        questions in vec(step(), 1..30),
    ) {
        let (reference, then) = written(&before);
        let (store, _) = written(&[before, after].concat());
        let past = Past::at(std::sync::Arc::new(store), then);
        for step in &questions {
            match step {
                Step::Commit(commit) => {
                    let refused = past.commit(commit.clone()).unwrap_err();
                    prop_assert!(matches!(refused, AppendError::Refused(RefusedCommit::Past)));
                }
                // Commands without events have no moment.
                Step::Decide { .. } | Step::Command(_) => {}
                question => check(question, &reference, &past),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_store_does_what_the_store_in_memory_does(steps in vec(step(), 1..60)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.db");
        let open = || SqliteStore::open_with(&path, &SqliteConfig::default(), SystemIdSource).unwrap();
        let reference = MemoryStore::default();
        let mut store = Some(open());
        for step in &steps {
            if matches!(step, Step::Reopen) {
                drop(store.take());
                store = Some(open());
            }
            check(step, &reference, store.as_ref().unwrap());
        }
    }
}
