//! What a command decides: the events, where each goes, and the answer.

use super::domain_event::DomainEvent;
use crate::name::StreamId;

/// An event and the stream that it joins; it may belong to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted<E> {
    /// The stream.
    pub stream: Option<StreamId>,
    /// What happened.
    pub event: E,
}

impl<E: DomainEvent> Emitted<E> {
    /// An event of a stream.
    #[must_use]
    pub const fn to(stream: StreamId, event: E) -> Self {
        Self {
            stream: Some(stream),
            event,
        }
    }

    /// An event of no stream, found by queries only.
    #[must_use]
    pub const fn unstreamed(event: E) -> Self {
        Self { stream: None, event }
    }
}

/// What a command decides. Its events are committed as a whole, in this order, across all of their streams.
///
/// A stream that is written and was not read is appended to wherever it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<E, A> {
    /// The events. There may be none: that the command was given and led to nothing is kept as well.
    pub events: Vec<Emitted<E>>,
    /// What whoever gave the command is told.
    pub answer: A,
}

impl<E: DomainEvent> Decision<E, ()> {
    /// Nothing so far, and nothing to tell.
    #[must_use]
    pub const fn new() -> Self {
        Self::answering(())
    }
}

impl<E: DomainEvent> Default for Decision<E, ()> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: DomainEvent, A> Decision<E, A> {
    /// No event so far, and an answer.
    #[must_use]
    pub const fn answering(answer: A) -> Self {
        Self {
            events: Vec::new(),
            answer,
        }
    }

    /// The same, with one more event in a stream.
    #[must_use]
    pub fn record(mut self, stream: StreamId, event: E) -> Self {
        self.events.push(Emitted::to(stream, event));
        self
    }

    /// The same, with one more event that belongs to no stream.
    #[must_use]
    pub fn record_unstreamed(mut self, event: E) -> Self {
        self.events.push(Emitted::unstreamed(event));
        self
    }
}
