//! One number for all that a store holds: two stores with the same digest have the same events and remember the same
//! commands.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::commit::RecordedCommand;
use crate::event::EventRecord;
use crate::id::CommandId;

/// A BLAKE3 hash over events by number and commands by id; written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreDigest(pub [u8; 32]);

impl fmt::Display for StoreDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).to_hex().fmt(out)
    }
}

impl Serialize for StoreDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Gathers a digest. Events come first, then commands.
pub(crate) struct Digester(blake3::Hasher);

impl Digester {
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new_derive_key(
            "openprod events 2026 store digest",
        ))
    }

    pub(crate) fn event(&mut self, record: &EventRecord) {
        self.0.update(b"e");
        self.0.update(&record.sequence_number.0.to_be_bytes());
        self.0.update(record.event_id.as_bytes());
        self.0.update(&record.occurred_at.as_millis().to_be_bytes());
        self.text(record.event_type.as_str());
        let stream = record.stream.as_ref();
        self.text(stream.map_or("", |position| position.stream.as_str()));
        self.0
            .update(&stream.map_or(0, |position| position.version.0).to_be_bytes());
        self.text(&crate::record::write_metadata(&record.metadata).unwrap_or_default());
        self.text(record.payload.canonical());
    }

    pub(crate) fn command(&mut self, id: CommandId, command: &RecordedCommand) {
        self.0.update(b"c");
        self.0.update(id.as_bytes());
        self.0.update(command.request.as_bytes());
        for number in command.append.map_or([0, 0], |append| {
            [append.first_sequence_number.0, append.last_sequence_number.0]
        }) {
            self.0.update(&number.to_be_bytes());
        }
        self.text(command.result.canonical());
    }

    /// A text with its length before it, so that none can be mistaken for another one's beginning.
    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    pub(crate) fn end(&self) -> StoreDigest {
        StoreDigest(*self.0.finalize().as_bytes())
    }
}
