//! Streams: the events about one thing, numbered without gaps.

use serde::{Deserialize, Serialize};

use crate::event::{EventRecord, SequenceNumber};
use crate::name::StreamId;

/// How many events a stream has, and the place of an event in its stream, from 1 on. A stream that is not there has
/// version 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamVersion(pub u64);

impl StreamVersion {
    /// The version of a stream without events.
    pub const EMPTY: Self = Self(0);

    /// The version after one more event.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A stream at a version: where it ends, where an event stands in it, or where a writer expects it to end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The stream.
    pub stream: StreamId,
    /// Its version.
    pub version: StreamVersion,
}

/// What several streams hold, seen at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsRead {
    /// The events of all of them, by sequence number: one order, the same at every reading.
    pub records: Vec<EventRecord>,
    /// Where each stream ends, once each and by name. It does not depend on how much was asked for, and has streams
    /// that are not there, at version 0.
    pub versions: Vec<StreamPosition>,
    /// The highest sequence number of the store at that moment: a state folded from `records` is as of here.
    pub head: Option<SequenceNumber>,
}

/// A part of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSlice {
    /// The events, by version.
    pub records: Vec<EventRecord>,
    /// Where the stream ends, which may be beyond the last of them.
    pub version: StreamVersion,
}
