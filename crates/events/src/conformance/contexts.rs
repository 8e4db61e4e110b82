//! Conditional append: the context of a decision must not have moved.

use serde_json::json;

use super::{cases, event, number, numbers, payloads, predicate, types};
use crate::commit::Commit;
use crate::error::{AppendError, ContextConflict};
use crate::event::SequenceNumber;
use crate::query::EventQuery;
use crate::store::EventStore;

cases![
    unchanged_context_lets_events_in,
    changed_context_is_a_conflict_with_both_versions,
    empty_context_is_expected_as_absent,
    failed_append_leaves_nothing_and_uses_no_number,
    facts_outside_the_context_do_not_disturb,
    cursor_of_a_context_query_plays_no_part,
    context_without_filters_is_the_whole_store,
    version_that_was_never_there_is_a_conflict,
    batch_is_one_commit,
    own_events_move_the_context,
    common_leaves_without_a_common_event_are_an_empty_context,
];

fn conflict(
    result: Result<impl std::fmt::Debug, AppendError>,
    expected: Option<SequenceNumber>,
    actual: Option<SequenceNumber>,
) {
    match result {
        Err(AppendError::Context(found)) => assert_eq!(
            found,
            ContextConflict {
                expected_context_version: expected,
                actual_context_version: actual,
            }
        ),
        other => panic!("a conflict is due, and not {other:?}"),
    }
}

fn unchanged_context_lets_events_in(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("tool_registered", json!({"tool": 1}))])?;
    let query = EventQuery::any_of([payloads([json!({"tool": 1})])]);
    let version = store.query(&query)?.current_context_version;
    let told = store.append_if(vec![event("tool_returned", json!({"tool": 1}))], &query, version)?;
    assert_eq!((told.first_sequence_number, told.committed_count), (number(2), 1));
    assert_eq!(store.query(&query)?.current_context_version, Some(number(2)));
    Ok(())
}

fn changed_context_is_a_conflict_with_both_versions(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!({"k": 1})), event("a", json!({"k": 2}))])?;
    let query = EventQuery::any_of([types(&["a"]).matching([predicate(json!({"k": 1}))])]);
    let version = store.query(&query)?.current_context_version;
    store.append(vec![event("a", json!({"k": 1})), event("a", json!({"k": 2}))])?;
    conflict(
        store.append_if(vec![event("a", json!({"k": 1}))], &query, version),
        Some(number(1)),
        Some(number(3)),
    );
    Ok(())
}

fn empty_context_is_expected_as_absent(store: &dyn EventStore) -> Result<(), AppendError> {
    let query = EventQuery::any_of([types(&["a"])]);
    conflict(
        store.append_if(vec![event("a", json!({}))], &query, Some(number(1))),
        Some(number(1)),
        None,
    );
    store.append_if(vec![event("a", json!({}))], &query, None)?;
    conflict(
        store.append_if(vec![event("a", json!({}))], &query, None),
        None,
        Some(number(1)),
    );
    let nothing = EventQuery::any_of([types(&[])]);
    store.append_if(vec![event("a", json!({}))], &nothing, None)?;
    Ok(())
}

fn failed_append_leaves_nothing_and_uses_no_number(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!(1))])?;
    let query = EventQuery::any_of([types(&["a"])]);
    for _ in 0..3 {
        let events = vec![
            event("new_type", json!({"n": 1})).in_stream(super::stream("s")),
            event("a", json!({"n": 2})),
        ];
        conflict(store.append_if(events, &query, None), None, Some(number(1)));
    }
    assert_eq!(store.head()?, Some(number(1)));
    assert!(!store.stream_exists(&super::stream("s"))?);
    let told = store.append(vec![event("a", json!(2))])?;
    assert_eq!(told.first_sequence_number, number(2));
    assert_eq!(numbers(&store.query(&EventQuery::all())?), [1, 2]);
    assert_eq!(
        numbers(&store.query(&EventQuery::any_of([types(&["new_type"])]))?),
        [0; 0]
    );
    Ok(())
}

fn facts_outside_the_context_do_not_disturb(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!({"k": 1}))])?;
    let query = EventQuery::any_of([types(&["a"]).matching([predicate(json!({"k": 1}))])]);
    let version = store.query(&query)?.current_context_version;
    store.append(vec![event("a", json!({"k": 2})), event("b", json!({"k": 1}))])?;
    let told = store.append_if(vec![event("a", json!({"k": 1}))], &query, version)?;
    assert_eq!(told.first_sequence_number, number(4));
    Ok(())
}

fn cursor_of_a_context_query_plays_no_part(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append((0..4).map(|n| event("a", json!(n))).collect())?;
    let query = EventQuery::any_of([types(&["a"])]).after(Some(number(4)));
    assert_eq!(store.query(&query)?.current_context_version, Some(number(4)));
    conflict(
        store.append_if(vec![event("a", json!(4))], &query, None),
        None,
        Some(number(4)),
    );
    store.append_if(vec![event("a", json!(4))], &query, Some(number(4)))?;
    Ok(())
}

fn context_without_filters_is_the_whole_store(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append_if(vec![event("a", json!(0))], &EventQuery::all(), None)?;
    conflict(
        store.append_if(vec![event("b", json!(0))], &EventQuery::all(), None),
        None,
        Some(number(1)),
    );
    store.append_if(vec![event("b", json!(0))], &EventQuery::all(), Some(number(1)))?;
    Ok(())
}

fn version_that_was_never_there_is_a_conflict(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!(0)), event("b", json!(0))])?;
    let query = EventQuery::any_of([types(&["a"])]);
    for wrong in [0, 2, 3, u64::MAX] {
        conflict(
            store.append_if(vec![event("a", json!(1))], &query, Some(number(wrong))),
            Some(number(wrong)),
            Some(number(1)),
        );
    }
    Ok(())
}

fn batch_is_one_commit(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!(0))])?;
    let told = store.append((0..300).map(|n| event("b", json!({"n": n}))).collect())?;
    assert_eq!(
        (
            told.first_sequence_number,
            told.last_sequence_number,
            told.committed_count
        ),
        (number(2), number(301), 300)
    );
    let result = store.query(&EventQuery::any_of([types(&["b"])]))?;
    assert_eq!(numbers(&result), (2..=301).collect::<Vec<_>>());
    let in_order = (0..300).map(|n| super::payload(json!({"n": n})));
    assert!(in_order.eq(result.event_records.into_iter().map(|record| record.payload)));
    Ok(())
}

fn own_events_move_the_context(store: &dyn EventStore) -> Result<(), AppendError> {
    let query = EventQuery::any_of([payloads([json!({"k": 1})])]);
    let mut version = None;
    for round in 1..=5_u64 {
        let events = vec![event("a", json!({"k": 1})), event("a", json!({"k": 2}))];
        store.append_if(events, &query, version)?;
        version = Some(number(2 * round - 1));
        assert_eq!(store.query(&query)?.current_context_version, version);
    }
    let both = Commit::new(vec![event("a", json!({"k": 1}))])
        .if_context(query, version)
        .if_stream(super::stream("s"), crate::stream::StreamVersion(1));
    assert!(
        matches!(store.commit(both), Err(AppendError::Streams(_))),
        "one condition is not enough"
    );
    Ok(())
}

fn common_leaves_without_a_common_event_are_an_empty_context(
    store: &dyn EventStore,
) -> Result<(), AppendError> {
    let of = |n: u64| match n % 2 {
        0 => event("a", json!({"x": 1, "y": 0})),
        _ => event("a", json!({"x": 0, "y": 1})),
    };
    store.append((0..400).map(of).collect())?;
    let query = EventQuery::any_of([types(&["a"]).matching([predicate(json!({"x": 1, "y": 1}))])]);
    let result = store.query(&query)?;
    assert_eq!(
        (result.event_records.len(), result.current_context_version),
        (0, None)
    );
    store.append_if(vec![event("a", json!({"x": 1, "y": 1}))], &query, None)?;
    assert_eq!(store.query(&query)?.current_context_version, Some(number(401)));
    Ok(())
}
