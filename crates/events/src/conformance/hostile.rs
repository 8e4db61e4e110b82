//! What callers should not send: a typed error, or a right answer, and never half of anything.

use serde_json::{Value, json};

use super::{cases, event, event_type, number, numbers, payload, payloads, predicate, types};
use crate::commit::Commit;
use crate::error::{AppendError, RefusedCommit, StoreError};
use crate::limits::{COMMIT_EVENTS_MAX, PAYLOAD_DEPTH_MAX, QUERY_CONSTRAINTS_MAX};
use crate::query::{EventFilter, EventQuery, QueryError};
use crate::store::EventStore;

cases![
    append_of_nothing_is_refused,
    too_many_events_are_refused,
    too_large_a_query_is_refused,
    large_payload_is_stored_and_found,
    deepest_payload_is_stored_and_found,
    crowded_payload_is_found_by_each_of_its_values,
    thousands_of_predicates_are_alternatives,
    thousands_of_scalars_are_all_checked,
    thousands_of_types_are_alternatives,
    names_and_texts_are_data,
];

fn append_of_nothing_is_refused(store: &dyn EventStore) -> Result<(), AppendError> {
    let refused = |result: Result<_, AppendError>| {
        assert!(
            matches!(result, Err(AppendError::Refused(RefusedCommit::Empty))),
            "{result:?}"
        );
    };
    refused(store.append(vec![]));
    refused(store.append_if(vec![], &EventQuery::all(), None));
    refused(store.append_if(vec![], &EventQuery::all(), Some(number(1))));
    assert_eq!(store.head()?, None);
    Ok(())
}

fn too_many_events_are_refused(store: &dyn EventStore) -> Result<(), AppendError> {
    let events = vec![event("a", json!(0)); COMMIT_EVENTS_MAX + 1];
    let result = store.append(events);
    assert!(
        matches!(
            result,
            Err(AppendError::Refused(RefusedCommit::TooManyEvents { .. }))
        ),
        "{result:?}"
    );
    assert_eq!(store.head()?, None);
    Ok(())
}

fn too_large_a_query_is_refused(store: &dyn EventStore) -> Result<(), AppendError> {
    let names = vec![event_type("a"); QUERY_CONSTRAINTS_MAX];
    let query = EventQuery::any_of([EventFilter::of_types(names)]);
    let result = store.query(&query);
    assert!(
        matches!(result, Err(StoreError::Query(QueryError::TooLarge { .. }))),
        "{result:?}"
    );
    let result = store.append_if(vec![event("a", json!(0))], &query, None);
    assert!(
        matches!(result, Err(AppendError::Refused(RefusedCommit::Context(_)))),
        "{result:?}"
    );
    assert_eq!(store.head()?, None);
    Ok(())
}

fn large_payload_is_stored_and_found(store: &dyn EventStore) -> Result<(), AppendError> {
    let text = "x".repeat(1_000_000);
    let value = json!({"id": 7, "text": text});
    store.append(vec![event("a", value.clone()), event("a", json!({"id": 8}))])?;
    for pattern in [json!({"id": 7}), value.clone()] {
        let result = store.query(&EventQuery::any_of([payloads([pattern])]))?;
        assert_eq!(numbers(&result), [1]);
        assert_eq!(result.event_records[0].payload, payload(value.clone()));
    }
    Ok(())
}

fn deepest_payload_is_stored_and_found(store: &dyn EventStore) -> Result<(), AppendError> {
    let nested = |depth: usize, inner: Value| {
        (0..depth).fold(inner, |value, level| {
            if level % 2 == 0 {
                json!([value])
            } else {
                json!({ "in": value })
            }
        })
    };
    let deepest = nested(PAYLOAD_DEPTH_MAX, json!(7));
    store.append(vec![
        event("a", nested(PAYLOAD_DEPTH_MAX, json!(8))),
        event("a", deepest.clone()),
    ])?;
    assert_eq!(
        numbers(&store.query(&EventQuery::any_of([payloads([deepest])]))?),
        [2]
    );
    Ok(())
}

fn crowded_payload_is_found_by_each_of_its_values(store: &dyn EventStore) -> Result<(), AppendError> {
    let many: Vec<u64> = (0..20_000).collect();
    store.append(vec![
        event("a", json!({ "all": many })),
        event("a", json!({"all": [19_999]})),
        event("b", json!({ "all": many })),
    ])?;
    for (value, expected) in [(0, vec![1, 3]), (19_999, vec![1, 2, 3]), (20_000, vec![])] {
        let pattern = json!({"all": [value]});
        assert_eq!(
            numbers(&store.query(&EventQuery::any_of([payloads([pattern.clone()])]))?),
            expected
        );
        let typed = types(&["b"]).matching([predicate(pattern)]);
        let expected: Vec<u64> = expected.into_iter().filter(|&seq| seq == 3).collect();
        assert_eq!(numbers(&store.query(&EventQuery::any_of([typed]))?), expected);
    }
    Ok(())
}

fn thousands_of_predicates_are_alternatives(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append((0..50).map(|n| event("a", json!({"n": n * 100}))).collect())?;
    let patterns = (0..3_000).map(|n| json!({ "n": n }));
    let query = EventQuery::any_of([payloads(patterns)]);
    let result = store.query(&query)?;
    assert_eq!(numbers(&result), (1..=30).collect::<Vec<_>>());
    assert_eq!(result.current_context_version, Some(number(30)));
    store.append_if(vec![event("a", json!({"n": 2_999}))], &query, Some(number(30)))?;
    Ok(())
}

fn thousands_of_scalars_are_all_checked(store: &dyn EventStore) -> Result<(), AppendError> {
    let members = |last: u64| -> Value {
        let mut members: serde_json::Map<String, Value> =
            (0..5_000).map(|n| (format!("m{n:04}"), json!(n))).collect();
        members.insert("m4999".to_owned(), json!(last));
        Value::Object(members)
    };
    store.append(vec![
        event("a", members(1)),
        event("a", members(2)),
        event("a", json!({"m0000": 0})),
    ])?;
    for (last, expected) in [(1, vec![1]), (2, vec![2]), (3, vec![])] {
        let query = EventQuery::any_of([payloads([members(last)])]);
        assert_eq!(numbers(&store.query(&query)?), expected);
    }
    Ok(())
}

fn thousands_of_types_are_alternatives(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(
        (0..2_000)
            .map(|n| event(&format!("type_{n}"), json!({"n": n % 10})))
            .collect(),
    )?;
    let names: Vec<String> = (0..2_000).map(|n| format!("type_{}", n * 2)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let result = store.query(&EventQuery::any_of([types(&names)]))?;
    assert_eq!(numbers(&result), (1..=2_000).step_by(2).collect::<Vec<_>>());
    let filter = types(&names).matching([predicate(json!({"n": 4}))]);
    let result = store.query(&EventQuery::any_of([filter]))?;
    assert_eq!(numbers(&result), (5..=2_000).step_by(10).collect::<Vec<_>>());
    Ok(())
}

fn names_and_texts_are_data(store: &dyn EventStore) -> Result<(), AppendError> {
    let names = ["'", "\"", "a%", "--", "\\", "😀", "x'; DROP TABLE event; --"];
    for name in names {
        store.commit(Commit::new(vec![event(
            name,
            json!({name: name, "nul": "\u{0}"}),
        )]))?;
    }
    for (index, name) in names.into_iter().enumerate() {
        let filter = types(&[name]).matching([predicate(json!({name: name, "nul": "\u{0}"}))]);
        assert_eq!(
            numbers(&store.query(&EventQuery::any_of([filter]))?),
            [index as u64 + 1]
        );
    }
    Ok(())
}
