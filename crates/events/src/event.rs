//! Facts: as they are submitted, and as they were committed.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::command::{CommandType, Justification};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::{Actor, ApprovalId, CorrelationId, EventType, Source, StreamId};
use crate::payload::Payload;
use crate::stream::StreamPosition;

/// The global committed position of an event, from 1 on. Numbers rise without gaps and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SequenceNumber(pub u64);

impl SequenceNumber {
    /// The number of the first event of a store.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Which form the payload of an event type has: the first, or one that replaced it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaVersion(NonZeroU32);

impl SchemaVersion {
    /// The form that an event type begins with.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The version of that number; `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number, from 1 on.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// A fact submitted for append: it has no sequence number yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What kind of fact it is.
    pub event_type: EventType,
    /// Its recorded data.
    pub payload: Payload,
    /// The stream it joins; it may belong to none.
    pub stream: Option<StreamId>,
    /// Where it comes from.
    pub metadata: Metadata,
}

impl NewEvent {
    /// A fact of no stream, without metadata.
    #[must_use]
    pub fn new(event_type: EventType, payload: Payload) -> Self {
        Self {
            event_type,
            payload,
            stream: None,
            metadata: Metadata::default(),
        }
    }

    /// The same fact, in a stream.
    #[must_use]
    pub fn in_stream(mut self, stream: StreamId) -> Self {
        self.stream = Some(stream);
        self
    }

    /// The same fact, with metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The same fact, whose payload has the form `version`.
    #[must_use]
    pub fn with_schema(mut self, version: SchemaVersion) -> Self {
        self.metadata.schema_version = Some(version);
        self
    }
}

/// Where an event comes from. None of it takes part in queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The event that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<EventId>,
    /// The request or process it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
    /// Who caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The command it came of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<CommandId>,
    /// What kind of command that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_type: Option<CommandType>,
    /// Where the command was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Why it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// The approval that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
    /// The event whose effect this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensates: Option<EventId>,
    /// Which form the payload has; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<SchemaVersion>,
    /// Whatever else a caller wants to keep with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Payload>,
}

/// A committed fact.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// Its place in committed order.
    pub sequence_number: SequenceNumber,
    /// Its id, which sorts as its sequence number does.
    pub event_id: EventId,
    /// When it was committed, by the clock of the store. It may step back where sequence numbers do not.
    pub occurred_at: Timestamp,
    /// What kind of fact it is.
    pub event_type: EventType,
    /// Its recorded data.
    pub payload: Payload,
    /// Its stream and its version there.
    pub stream: Option<StreamPosition>,
    /// Where it comes from.
    pub metadata: Metadata,
}
