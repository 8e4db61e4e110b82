//! The parts of an event as databases keep them, made a record again.

use std::error::Error as StdError;

use crate::error::StoreError;
use crate::event::{EventRecord, Metadata, SequenceNumber};
use crate::id::{EventId, Timestamp};
use crate::name::{EventType, StreamId};
use crate::payload::{Payload, PayloadError};
use crate::stream::{StreamPosition, StreamVersion};

/// What a row of events holds.
pub(crate) struct Stored<'a> {
    pub(crate) sequence_number: u64,
    pub(crate) event_id: [u8; 16],
    pub(crate) occurred_at: Timestamp,
    pub(crate) event_type: EventType,
    pub(crate) stream: Option<StreamId>,
    pub(crate) stream_version: Option<u64>,
    /// Absent when the metadata are empty.
    pub(crate) metadata: Option<&'a str>,
    pub(crate) payload: &'a str,
}

impl Stored<'_> {
    /// Makes it a record; what was not written like that is [`StoreError::Damaged`].
    pub(crate) fn read(self) -> Result<EventRecord, StoreError> {
        let sequence_number = SequenceNumber(self.sequence_number);
        self.parts().map_err(|source| StoreError::Damaged {
            sequence_number,
            source,
        })
    }

    /// Makes it a record, or says why it is none.
    pub(crate) fn parts(self) -> Result<EventRecord, Box<dyn StdError + Send + Sync>> {
        let stream = match (self.stream, self.stream_version) {
            (Some(stream), Some(version)) => Some(StreamPosition {
                stream,
                version: StreamVersion(version),
            }),
            (None, None) => None,
            _ => return Err("it has a stream or a version there, and not both".into()),
        };
        let metadata = self.metadata.map(serde_json::from_str::<Metadata>).transpose()?;
        Ok(EventRecord {
            sequence_number: SequenceNumber(self.sequence_number),
            event_id: EventId::from_bytes(self.event_id),
            occurred_at: self.occurred_at,
            event_type: self.event_type,
            payload: read_payload(self.payload)?,
            stream,
            metadata: metadata.unwrap_or_default(),
        })
    }
}

/// The text under which metadata are kept; `None` for empty ones.
pub(crate) fn write_metadata(metadata: &Metadata) -> Option<String> {
    if *metadata == Metadata::default() {
        return None;
    }
    Some(serde_json::to_string(metadata).expect("metadata are texts and a checked payload"))
}

/// Reads a stored payload.
pub(crate) fn read_payload(text: &str) -> Result<Payload, PayloadError> {
    Payload::from_canonical(text)
}
