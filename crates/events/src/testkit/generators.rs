//! Strategies of proptest: any payload that a store takes, events and queries that meet often enough to be interesting.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::event::{NewEvent, SequenceNumber};
use crate::limits::WHOLE_NUMBER_MAX;
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::predicate::PayloadPredicate;
use crate::query::{EventFilter, EventQuery};

/// Any payload, of any form, a few levels deep.
pub fn any_payload() -> impl Strategy<Value = Payload> {
    any_value().prop_filter_map("a number has too many digits", |value| Payload::new(value).ok())
}

/// Small objects over few names and few scalars, which patterns of [`patterns`] often match.
pub fn payloads() -> impl Strategy<Value = Payload> {
    small_value().prop_map(checked)
}

/// Patterns over the same names and scalars as [`payloads`].
pub fn patterns() -> impl Strategy<Value = PayloadPredicate> {
    small_value().prop_map(|value| PayloadPredicate::new(value).expect("small values are payloads"))
}

/// A few event types.
pub fn event_types() -> impl Strategy<Value = EventType> {
    prop::sample::select(&["opened", "changed", "closed"][..])
        .prop_map(|name| EventType::new(name).expect("well formed"))
}

/// A few streams.
pub fn streams() -> impl Strategy<Value = StreamId> {
    (0..5_u8).prop_map(|number| StreamId::new(format!("stream-{number}")).expect("well formed"))
}

/// Events of few types, in few streams or in none.
pub fn events() -> impl Strategy<Value = NewEvent> {
    (event_types(), payloads(), option::of(streams())).prop_map(|(event_type, payload, stream)| NewEvent {
        stream,
        ..NewEvent::new(event_type, payload)
    })
}

/// Filters with each constraint absent, empty or with a few alternatives.
pub fn filters() -> impl Strategy<Value = EventFilter> {
    (
        option::of(vec(event_types(), 0..3)),
        option::of(vec(patterns(), 0..3)),
    )
        .prop_map(|(event_types, payload_predicates)| EventFilter {
            event_types,
            payload_predicates,
        })
}

/// Queries of up to three filters, with or without a cursor.
pub fn queries() -> impl Strategy<Value = EventQuery> {
    (vec(filters(), 0..4), option::of(0..20_u64)).prop_map(|(filters, cursor)| EventQuery {
        filters,
        min_sequence_number: cursor.map(SequenceNumber),
    })
}

fn checked(value: Value) -> Payload {
    Payload::new(value).expect("small values are payloads")
}

fn small_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        prop::sample::select(&["a", "b"][..]).prop_map(Value::from),
    ];
    let name = prop::sample::select(&["id", "kind", "tags"][..]).prop_map(str::to_owned);
    scalar.prop_recursive(2, 8, 3, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(name.clone(), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(WHOLE_NUMBER_MAX as i64)..=WHOLE_NUMBER_MAX as i64).prop_map(Value::from),
        any::<f64>().prop_map(|double| if double.is_finite() {
            json!(double)
        } else {
            Value::Null
        }),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::store::EventStore as _;

    proptest! {
        #[test]
        fn any_payload_reads_back(payload in any_payload()) {
            prop_assert_eq!(Payload::from_json(payload.canonical()).unwrap(), payload);
        }

        #[test]
        fn query_gives_the_events_that_match_it(events in vec(events(), 1..20), query in queries()) {
            let store = MemoryStore::default();
            store.append(events.clone()).unwrap();
            let found = store.query(&query).unwrap();
            let matching = |event: &NewEvent| query.matches(&event.event_type, &event.payload);
            let last = events.iter().rposition(matching).map(|index| SequenceNumber(index as u64 + 1));
            prop_assert_eq!(found.current_context_version, last);
            let cursor = query.min_sequence_number.map_or(0, |cursor| cursor.0 as usize);
            let after = events.iter().skip(cursor).filter(|event| matching(event)).count();
            prop_assert_eq!(found.event_records.len(), after);
        }
    }
}
