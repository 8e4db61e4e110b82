//! Questions to a store: filters, the cursor, and what comes back.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::event::{EventRecord, SequenceNumber};
use crate::limits::QUERY_CONSTRAINTS_MAX;
use crate::name::EventType;
use crate::payload::Payload;
use crate::predicate::PayloadPredicate;

/// Why a query is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum QueryError {
    /// It has too many constraints.
    #[error("read query: it has {constraints} constraints, and {QUERY_CONSTRAINTS_MAX} is the most")]
    TooLarge {
        /// How many types and scalars its filters have.
        constraints: usize,
    },
    /// It names too many streams.
    #[error(
        "read streams: {streams} are named, and {} is the most",
        crate::limits::STREAMS_MAX
    )]
    TooManyStreams {
        /// How many.
        streams: usize,
    },
}

/// One way to match an event: all of its constraints hold.
///
/// An absent constraint holds for every event. An empty list is a choice among nothing, and holds for none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventFilter {
    /// The event is of one of these types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<EventType>>,
    /// The payload matches one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_predicates: Option<Vec<PayloadPredicate>>,
}

impl EventFilter {
    /// The filter of events of one of `types`.
    #[must_use]
    pub fn of_types(types: impl IntoIterator<Item = EventType>) -> Self {
        Self {
            event_types: Some(types.into_iter().collect()),
            payload_predicates: None,
        }
    }

    /// The same filter, of events whose payload also matches one of `predicates`.
    #[must_use]
    pub fn matching(mut self, predicates: impl IntoIterator<Item = PayloadPredicate>) -> Self {
        self.payload_predicates = Some(predicates.into_iter().collect());
        self
    }

    /// Whether such an event matches.
    #[must_use]
    pub fn matches(&self, event_type: &EventType, payload: &Payload) -> bool {
        let of_type = self
            .event_types
            .as_ref()
            .is_none_or(|types| types.contains(event_type));
        of_type
            && self
                .payload_predicates
                .as_ref()
                .is_none_or(|predicates| predicates.iter().any(|predicate| predicate.matches(payload)))
    }
}

/// A set of events: those that match one of the filters, or all if there is no filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventQuery {
    /// The alternatives.
    pub filters: Vec<EventFilter>,
    /// Only events after this one are returned. The context version does not depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_sequence_number: Option<SequenceNumber>,
}

impl EventQuery {
    /// The query of all events.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The query of events that match one of `filters`; of all events if there are none.
    #[must_use]
    pub fn any_of(filters: impl IntoIterator<Item = EventFilter>) -> Self {
        Self {
            filters: filters.into_iter().collect(),
            min_sequence_number: None,
        }
    }

    /// The same query, returning only what comes after `cursor`.
    #[must_use]
    pub fn after(mut self, cursor: Option<SequenceNumber>) -> Self {
        self.min_sequence_number = cursor;
        self
    }

    /// Whether such an event belongs to the context, whatever the cursor.
    #[must_use]
    pub fn matches(&self, event_type: &EventType, payload: &Payload) -> bool {
        self.filters.is_empty()
            || self
                .filters
                .iter()
                .any(|filter| filter.matches(event_type, payload))
    }

    /// Checks that the query is not too large. Every store asks this before it begins.
    ///
    /// # Errors
    /// [`QueryError::TooLarge`] beyond [`QUERY_CONSTRAINTS_MAX`] filters, types and scalars.
    pub fn check(&self) -> Result<(), QueryError> {
        let of = |filter: &EventFilter| {
            let types = filter.event_types.as_ref().map_or(0, Vec::len);
            let predicates = filter.payload_predicates.iter().flatten();
            1 + types + predicates.map(|predicate| 1 + predicate.scalars()).sum::<usize>()
        };
        let constraints = self.filters.iter().map(of).sum();
        if constraints > QUERY_CONSTRAINTS_MAX {
            return Err(QueryError::TooLarge { constraints });
        }
        Ok(())
    }
}

/// What a query led to, seen at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The matching events after the cursor, by sequence number.
    pub event_records: Vec<EventRecord>,
    /// The highest sequence number among those returned; absent when there are none.
    pub last_returned_sequence_number: Option<SequenceNumber>,
    /// The highest sequence number among all that match, whatever the cursor and the limit; absent when nothing
    /// matches.
    pub current_context_version: Option<SequenceNumber>,
}

impl QueryResult {
    /// The result of these events and this version.
    #[must_use]
    pub fn new(event_records: Vec<EventRecord>, current_context_version: Option<SequenceNumber>) -> Self {
        Self {
            last_returned_sequence_number: event_records.last().map(|record| record.sequence_number),
            event_records,
            current_context_version,
        }
    }
}
