//! Filters, predicates, the cursor, and what a query gives back.

use std::num::NonZeroUsize;

use serde_json::{Value, json};

use super::{cases, event, event_type, number, numbers, payload, payloads, predicate, types};
use crate::command::{CommandType, Justification};
use crate::error::AppendError;
use crate::event::{Metadata, SchemaVersion};
use crate::id::{CommandId, EventId};
use crate::name::{Actor, ApprovalId, CorrelationId, Source};
use crate::query::{EventFilter, EventQuery};
use crate::store::EventStore;

cases![
    empty_store_has_nothing,
    record_keeps_what_was_appended,
    query_without_filters_matches_all,
    types_are_alternatives,
    predicates_are_alternatives,
    types_and_predicates_are_joined_by_and,
    filters_are_alternatives,
    absent_constraint_is_none_and_empty_list_matches_nothing,
    event_that_matches_twice_comes_once,
    cursor_is_exclusive_and_leaves_the_version_alone,
    limit_cuts_what_is_returned_and_leaves_the_version_alone,
    pages_add_up_to_the_whole,
    predicate_is_a_subset_pattern,
    patterns_without_scalars_are_checked_too,
    predicate_holds_for_events_of_any_type,
    equal_leaves_in_other_places_do_not_match,
    numbers_are_equal_when_they_are_the_same_double,
    ids_are_distinct_and_found,
];

/// What only stores promise that mint the ids themselves.
pub(super) const RISING: &[(&str, super::Case)] = &[("ids_rise_with_numbers", ids_rise_with_numbers)];

fn empty_store_has_nothing(store: &dyn EventStore) -> Result<(), AppendError> {
    let result = store.query(&EventQuery::all())?;
    assert_eq!(result.event_records, []);
    assert_eq!(result.last_returned_sequence_number, None);
    assert_eq!(result.current_context_version, None);
    assert_eq!(store.head()?, None);
    assert_eq!(store.position_of(EventId::from_u128(1))?, None);
    Ok(())
}

fn record_keeps_what_was_appended(store: &dyn EventStore) -> Result<(), AppendError> {
    let metadata = Metadata {
        causation_id: Some(EventId::from_u128(7)),
        correlation_id: Some(CorrelationId::new("request 7").expect("well formed")),
        actor: Some(Actor::new("ann").expect("well formed")),
        command_id: Some(CommandId::from_u128(8)),
        command_type: Some(CommandType::new("register_tool")),
        source: Some(Source::new("terminal 3").expect("well formed")),
        justification: Some(Justification::new("it was\nasked for").expect("well formed")),
        approval_id: Some(ApprovalId::new("approval 9").expect("well formed")),
        compensates: Some(EventId::from_u128(10)),
        schema_version: SchemaVersion::new(3),
        custom: Some(payload(json!({"ip": "::1", "tries": 2}))),
    };
    let value = json!({"text": "Ünï\u{0}\n\"\\", "list": [1, 2.5, null, true, {"a": []}], "": {}});
    let told = store.append(vec![
        event("tool_registered", value).with_metadata(metadata.clone()),
        event("tool_returned", Value::Null),
    ])?;
    assert_eq!(
        (
            told.first_sequence_number,
            told.last_sequence_number,
            told.committed_count
        ),
        (number(1), number(2), 2)
    );
    let records = store.query(&EventQuery::all())?.event_records;
    let [first, second] = &records[..] else {
        panic!("two events were appended, and {} are there", records.len());
    };
    assert_eq!(first.sequence_number, number(1));
    assert_eq!(first.event_type, event_type("tool_registered"));
    assert_eq!(
        first.payload,
        payload(json!({"": {}, "text": "Ünï\u{0}\n\"\\", "list": [1, 2.5, null, true, {"a": []}]}))
    );
    assert_eq!(first.metadata, metadata);
    assert_eq!(first.stream, None);
    assert_eq!(second.payload, payload(Value::Null));
    assert_eq!(second.metadata, Metadata::default());
    Ok(())
}

/// Six events: a and b by turns, with n from 1 on, and the parity in words.
fn six(store: &dyn EventStore) -> Result<(), AppendError> {
    let of = |n: u64| {
        let (name, parity) = if n % 2 == 1 { ("a", "odd") } else { ("b", "even") };
        event(
            name,
            json!({"n": n, "parity": parity, "third": n.is_multiple_of(3)}),
        )
    };
    store.append((1..=6).map(of).collect())?;
    Ok(())
}

fn found(
    store: &dyn EventStore,
    filters: impl IntoIterator<Item = EventFilter>,
) -> Result<Vec<u64>, AppendError> {
    let result = store.query(&EventQuery::any_of(filters))?;
    let numbers = numbers(&result);
    let last = numbers.last().map(|&last| number(last));
    assert_eq!(result.last_returned_sequence_number, last);
    assert_eq!(
        result.current_context_version, last,
        "without a cursor both are the same"
    );
    Ok(numbers)
}

fn query_without_filters_matches_all(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    assert_eq!(found(store, [])?, [1, 2, 3, 4, 5, 6]);
    Ok(())
}

fn types_are_alternatives(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    assert_eq!(found(store, [types(&["a"])])?, [1, 3, 5]);
    assert_eq!(found(store, [types(&["b", "unknown", "a"])])?, [1, 2, 3, 4, 5, 6]);
    assert_eq!(found(store, [types(&["unknown"])])?, [0; 0]);
    Ok(())
}

fn predicates_are_alternatives(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    assert_eq!(
        found(store, [payloads([json!({"n": 2}), json!({"n": 5})])])?,
        [2, 5]
    );
    assert_eq!(
        found(store, [payloads([json!({"n": 9}), json!({"third": true})])])?,
        [3, 6]
    );
    Ok(())
}

fn types_and_predicates_are_joined_by_and(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    let filter = types(&["a"]).matching([predicate(json!({"third": true})), predicate(json!({"n": 2}))]);
    assert_eq!(found(store, [filter])?, [3]);
    let empty = types(&["a"]).matching([predicate(json!({"parity": "even"}))]);
    assert_eq!(found(store, [empty])?, [0; 0]);
    Ok(())
}

fn filters_are_alternatives(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    let odd_third = types(&["a"]).matching([predicate(json!({"third": true}))]);
    assert_eq!(found(store, [odd_third, payloads([json!({"n": 6})])])?, [3, 6]);
    Ok(())
}

fn absent_constraint_is_none_and_empty_list_matches_nothing(
    store: &dyn EventStore,
) -> Result<(), AppendError> {
    six(store)?;
    assert_eq!(found(store, [EventFilter::default()])?, [1, 2, 3, 4, 5, 6]);
    assert_eq!(found(store, [types(&[])])?, [0; 0]);
    assert_eq!(found(store, [payloads([])])?, [0; 0]);
    assert_eq!(found(store, [types(&["a"]).matching([])])?, [0; 0]);
    assert_eq!(
        found(store, [types(&[]).matching([predicate(json!({}))])])?,
        [0; 0]
    );
    assert_eq!(found(store, [types(&[]), types(&["b"])])?, [2, 4, 6]);
    Ok(())
}

fn event_that_matches_twice_comes_once(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    let filter = payloads([json!({"n": 3}), json!({"third": true}), json!({})]);
    assert_eq!(
        found(store, [filter, types(&["a", "a"]), types(&["a"])])?,
        [1, 2, 3, 4, 5, 6]
    );
    Ok(())
}

fn cursor_is_exclusive_and_leaves_the_version_alone(store: &dyn EventStore) -> Result<(), AppendError> {
    six(store)?;
    let filters = [
        vec![],
        vec![types(&["a"])],
        vec![payloads([json!({"parity": "odd"})])],
    ];
    for (filters, version) in filters.into_iter().zip([6, 5, 5]) {
        let query = EventQuery::any_of(filters);
        let all = numbers(&store.query(&query)?);
        for cursor in [0, 1, 2, 4, 5, 6, 7, u64::MAX] {
            let result = store.query(&query.clone().after(Some(number(cursor))))?;
            let expected: Vec<u64> = all.iter().copied().filter(|&seq| seq > cursor).collect();
            assert_eq!(numbers(&result), expected, "after {cursor}");
            assert_eq!(
                result.last_returned_sequence_number,
                expected.last().map(|&last| number(last))
            );
            assert_eq!(result.current_context_version, Some(number(version)));
        }
    }
    Ok(())
}

fn limit_cuts_what_is_returned_and_leaves_the_version_alone(
    store: &dyn EventStore,
) -> Result<(), AppendError> {
    six(store)?;
    let limit = NonZeroUsize::new(2);
    for (query, expected, version) in [
        (EventQuery::all(), [1, 2], 6),
        (EventQuery::any_of([types(&["b"])]), [2, 4], 6),
        (
            EventQuery::any_of([payloads([json!({"parity": "odd"})])]),
            [1, 3],
            5,
        ),
    ] {
        let result = store.query_page(&query, limit)?;
        assert_eq!(numbers(&result), expected);
        assert_eq!(result.last_returned_sequence_number, Some(number(expected[1])));
        assert_eq!(result.current_context_version, Some(number(version)));
    }
    Ok(())
}

fn pages_add_up_to_the_whole(store: &dyn EventStore) -> Result<(), AppendError> {
    for batch in 0..7 {
        let of = |n: u64| {
            event(
                if n.is_multiple_of(3) { "a" } else { "b" },
                json!({"n": n % 5, "batch": batch}),
            )
        };
        store.append((0..100).map(of).collect())?;
    }
    let filters = [types(&["a"]), payloads([json!({"n": 2}), json!({"batch": 3})])];
    for query in [EventQuery::all(), EventQuery::any_of(filters)] {
        let all = numbers(&store.query(&query)?);
        assert!(all.len() > 300);
        let mut paged = Vec::new();
        let mut cursor = None;
        loop {
            let page = store.query_page(&query.clone().after(cursor), NonZeroUsize::new(37))?;
            assert!(page.event_records.len() <= 37);
            let Some(last) = page.last_returned_sequence_number else {
                break;
            };
            paged.extend(numbers(&page));
            cursor = Some(last);
        }
        assert_eq!(paged, all);
    }
    Ok(())
}

/// Whether an event with this payload is found by this pattern, alone and beside its type.
fn matches(store: &dyn EventStore, value: Value, pattern: Value) -> Result<bool, AppendError> {
    let seq = store.append(vec![event("checked", value)])?.first_sequence_number;
    let alone = found(store, [payloads([pattern.clone()])])?.contains(&seq.0);
    let typed = found(store, [types(&["checked"]).matching([predicate(pattern)])])?.contains(&seq.0);
    assert_eq!(alone, typed);
    Ok(alone)
}

fn predicate_is_a_subset_pattern(store: &dyn EventStore) -> Result<(), AppendError> {
    let value = json!({
        "tool": {"id": "t-1", "tags": ["red", "old", 3], "owner": null},
        "parts": [{"id": 1, "size": [2, 4]}, {"id": 2}],
    });
    for pattern in [
        json!({"tool": {"id": "t-1"}}),
        json!({"tool": {"tags": [3, "red"]}}),
        json!({"tool": {"tags": ["red", "red", "red", "red"]}}),
        json!({"tool": {"owner": null}}),
        json!({"parts": [{"id": 2}]}),
        json!({"parts": [{"id": 2}, {"size": [4]}, {"id": 1}]}),
        json!({"tool": {"id": "t-1", "tags": ["old"]}, "parts": [{"id": 1, "size": [4, 2]}]}),
        value.clone(),
    ] {
        assert!(matches(store, value.clone(), pattern.clone())?, "{pattern}");
    }
    for pattern in [
        json!({"tool": {"id": "T-1"}}),
        json!({"tool": {"id": ["t-1"]}}),
        json!({"tool": "t-1"}),
        json!({"tool": {"missing": null}}),
        json!({"tool": {"tags": ["red", "new"]}}),
        json!({"tool": {"tags": "red"}}),
        json!({"parts": {"id": 1}}),
        // Both are there, but not in one element.
        json!({"parts": [{"id": 2, "size": [2]}]}),
        json!(["tool"]),
        json!("t-1"),
        json!(null),
    ] {
        assert!(!matches(store, value.clone(), pattern.clone())?, "{pattern}");
    }
    Ok(())
}

fn patterns_without_scalars_are_checked_too(store: &dyn EventStore) -> Result<(), AppendError> {
    for (value, pattern, expected) in [
        (json!({"a": 1}), json!({}), true),
        (json!({}), json!({}), true),
        (json!([]), json!({}), false),
        (json!(1), json!({}), false),
        (json!([1]), json!([]), true),
        (json!({"a": [1]}), json!({"a": []}), true),
        (json!({"a": {}}), json!({"a": []}), false),
        (json!({"b": []}), json!({"a": []}), false),
        (json!([[], {}]), json!([{}, []]), true),
        (json!([[]]), json!([{}]), false),
        (json!("text"), json!("text"), true),
        (json!(null), json!(null), true),
        (json!(false), json!(null), false),
    ] {
        assert_eq!(
            matches(store, value.clone(), pattern.clone())?,
            expected,
            "{pattern} in {value}"
        );
    }
    Ok(())
}

fn predicate_holds_for_events_of_any_type(store: &dyn EventStore) -> Result<(), AppendError> {
    let of = |n: u64| event(&format!("type_{n}"), json!({"n": n % 2}));
    store.append((1..=40).map(of).collect())?;
    let odd: Vec<u64> = (1..=40).step_by(2).collect();
    assert_eq!(found(store, [payloads([json!({"n": 1})])])?, odd);
    Ok(())
}

fn equal_leaves_in_other_places_do_not_match(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![
        event("a", json!({"x": 1, "y": 2})),
        event("a", json!({"x": 2, "y": 1})),
        event("a", json!({"x": [{"y": 1, "z": 1}, {"y": 2, "z": 2}]})),
        event("b", json!({"x": 1, "y": 1})),
    ])?;
    assert_eq!(found(store, [payloads([json!({"x": 1, "y": 1})])])?, [4]);
    assert_eq!(
        found(
            store,
            [types(&["a"]).matching([predicate(json!({"x": 1, "y": 1}))])]
        )?,
        [0; 0]
    );
    assert_eq!(
        found(store, [payloads([json!({"x": [{"y": 1, "z": 2}]})])])?,
        [0; 0]
    );
    assert_eq!(found(store, [payloads([json!({"x": [{"y": 2, "z": 2}]})])])?, [3]);
    Ok(())
}

fn numbers_are_equal_when_they_are_the_same_double(store: &dyn EventStore) -> Result<(), AppendError> {
    for (value, pattern, expected) in [
        ("1", "1.0", true),
        ("1e2", "100", true),
        ("0", "-0.0", true),
        ("0.1", "0.10000000000000000555", true),
        ("1e300", "1.0e+300", true),
        ("5e-324", "4.9e-324", true),
        ("9007199254740991", "9007199254740991.0", true),
        ("9007199254740991", "9007199254740990", false),
        ("0.1", "0.10000000000000002", false),
        ("1", "\"1\"", false),
        ("1", "true", false),
    ] {
        let read = |text: &str| -> Value {
            crate::payload::Payload::from_json(text)
                .expect("the suite's numbers are well formed")
                .value()
                .clone()
        };
        let (value, pattern) = (json!({"n": read(value)}), json!({"n": read(pattern)}));
        assert_eq!(
            matches(store, value.clone(), pattern.clone())?,
            expected,
            "{pattern} in {value}"
        );
    }
    Ok(())
}

fn ids_are_distinct_and_found(store: &dyn EventStore) -> Result<(), AppendError> {
    for _ in 0..3 {
        store.append((0..5).map(|n| event("a", json!(n))).collect())?;
    }
    let records = store.query(&EventQuery::all())?.event_records;
    let ids: std::collections::BTreeSet<_> = records.iter().map(|record| record.event_id).collect();
    assert_eq!(ids.len(), 15);
    for record in &records {
        assert_eq!(store.position_of(record.event_id)?, Some(record.sequence_number));
    }
    assert_eq!(store.position_of(EventId::from_u128(0))?, None);
    assert_eq!(store.position_of(EventId::from_u128(u128::MAX))?, None);
    assert_eq!(store.head()?, Some(number(15)));
    Ok(())
}

fn ids_rise_with_numbers(store: &dyn EventStore) -> Result<(), AppendError> {
    for _ in 0..3 {
        store.append((0..5).map(|n| event("a", json!(n))).collect())?;
    }
    let records = store.query(&EventQuery::all())?.event_records;
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].event_id < pair[1].event_id && pair[0].occurred_at <= pair[1].occurred_at)
    );
    Ok(())
}
