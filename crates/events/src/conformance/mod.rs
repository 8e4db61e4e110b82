//! What every store must do: one suite, run by each store's tests, and open to stores of others.
//!
//! Each case begins with an empty store. What a case asserts is said in its name.

mod commands;
mod contexts;
mod hostile;
mod queries;
mod races;
mod streams;

use serde_json::Value;

use crate::error::AppendError;
use crate::event::{NewEvent, SequenceNumber};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::predicate::PayloadPredicate;
use crate::query::{EventFilter, QueryResult};
use crate::store::EventStore;

/// A case of the suite: it panics where the store does not do what every store must.
type Case = fn(&dyn EventStore) -> Result<(), AppendError>;

/// Runs the whole suite; `open` gives an empty store each time.
///
/// # Errors
/// The store's, where the suite expects none.
///
/// # Panics
/// Where the store does not do what every store must. Cases run in the order of the modules; with a subscriber of
/// `tracing`, each is named at level debug before it begins.
pub fn run(open: impl FnMut() -> Box<dyn EventStore>) -> Result<(), AppendError> {
    run_for(EventIds::Rising, open)
}

/// What the ids of a store's events are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventIds {
    /// The store mints them: they sort as the sequence numbers do.
    Rising,
    /// They come with the events, as from a signed log that several devices write: they are distinct.
    Distinct,
}

/// Runs the suite for a store with such ids; `open` gives an empty store each time.
///
/// # Errors
/// The store's, where the suite expects none.
///
/// # Panics
/// As [`run`].
pub fn run_for(ids: EventIds, mut open: impl FnMut() -> Box<dyn EventStore>) -> Result<(), AppendError> {
    let groups: [&[(&str, Case)]; 7] = [
        match ids {
            EventIds::Rising => queries::RISING,
            EventIds::Distinct => &[],
        },
        queries::CASES,
        contexts::CASES,
        streams::CASES,
        commands::CASES,
        hostile::CASES,
        races::CASES,
    ];
    for (name, case) in groups.into_iter().flatten() {
        tracing::debug!(case = name, "conformance");
        case(&*open())?;
    }
    Ok(())
}

/// Lists functions of a module with their names.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[(&str, super::Case)] = &[$((stringify!($case), $case)),*];
    };
}
use cases;

fn event_type(name: &str) -> EventType {
    EventType::new(name).expect("the suite's types are well formed")
}

fn stream(name: &str) -> StreamId {
    StreamId::new(name).expect("the suite's streams are well formed")
}

fn payload(value: Value) -> Payload {
    Payload::new(value).expect("the suite's payloads are well formed")
}

fn event(name: &str, value: Value) -> NewEvent {
    NewEvent::new(event_type(name), payload(value))
}

fn types(names: &[&str]) -> EventFilter {
    EventFilter::of_types(names.iter().map(|name| event_type(name)))
}

fn predicate(pattern: Value) -> PayloadPredicate {
    PayloadPredicate::new(pattern).expect("the suite's patterns are well formed")
}

fn payloads(patterns: impl IntoIterator<Item = Value>) -> EventFilter {
    EventFilter::default().matching(patterns.into_iter().map(predicate))
}

const fn number(number: u64) -> SequenceNumber {
    SequenceNumber(number)
}

/// The sequence numbers of what came back.
fn numbers(result: &QueryResult) -> Vec<u64> {
    result
        .event_records
        .iter()
        .map(|record| record.sequence_number.0)
        .collect()
}
