//! The one way into a store: events with all that must hold for them, committed as a whole or not at all.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::RefusedCommit;
use crate::event::{NewEvent, SequenceNumber};
use crate::id::CommandId;
use crate::limits::{COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, STREAMS_MAX};
use crate::name::StreamId;
use crate::payload::Payload;
use crate::query::EventQuery;
use crate::stream::{StreamPosition, StreamVersion};

/// Events to be committed as one batch, and what must hold at that moment.
///
/// A store checks in this order and stops at what fails: whether the command was carried out before, the streams,
/// the context. Without conditions nothing is checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// The facts, in order. There is at least one, unless `command` is present: that a command led to nothing is worth
    /// keeping.
    pub events: Vec<NewEvent>,
    /// The context that must not have changed.
    pub context: Option<ExpectedContext>,
    /// The streams that must not have changed, those that are only read too. A stream that is written and not named
    /// here is appended to wherever it ends.
    pub streams: Vec<StreamPosition>,
    /// The command that is carried out.
    pub command: Option<CommandReceipt>,
}

/// A context query and the version that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedContext {
    /// Which facts are relevant. Its cursor plays no part.
    pub query: EventQuery,
    /// The version that was seen; absent when nothing matched.
    pub version: Option<SequenceNumber>,
}

/// A command as a store remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandReceipt {
    /// Its id.
    pub id: CommandId,
    /// What it asked for.
    pub request: RequestHash,
    /// What it is answered, now and whenever it is given again.
    pub result: Payload,
}

/// The hash of what a command asks for: the same id with another hash is a mistake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// Hashes the name of a command and its input.
    #[must_use]
    pub fn of(command_type: &str, input: &Payload) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("openprod events 2026 command request");
        hasher.update(&(command_type.len() as u64).to_be_bytes());
        hasher.update(command_type.as_bytes());
        hasher.update(input.canonical().as_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// Wraps the 32 bytes of a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RequestHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RequestHash({})", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl Commit {
    /// Events without conditions.
    #[must_use]
    pub fn new(events: Vec<NewEvent>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }

    /// The same, provided that the version of the context of `query` is still `version`.
    #[must_use]
    pub fn if_context(mut self, query: EventQuery, version: Option<SequenceNumber>) -> Self {
        self.context = Some(ExpectedContext { query, version });
        self
    }

    /// The same, provided that `stream` still ends at `version`.
    #[must_use]
    pub fn if_stream(mut self, stream: StreamId, version: StreamVersion) -> Self {
        self.streams.push(StreamPosition { stream, version });
        self
    }

    /// The same, unless the command was carried out before.
    #[must_use]
    pub fn for_command(mut self, id: CommandId, request: RequestHash, result: Payload) -> Self {
        self.command = Some(CommandReceipt { id, request, result });
        self
    }

    /// Checks what can be known without a store. Every store asks this before it begins.
    ///
    /// # Errors
    /// [`RefusedCommit`] when there is nothing to commit, or too much.
    pub fn check(&self) -> Result<(), RefusedCommit> {
        if self.events.is_empty() && self.command.is_none() {
            return Err(RefusedCommit::Empty);
        }
        if self.events.len() > COMMIT_EVENTS_MAX {
            return Err(RefusedCommit::TooManyEvents {
                events: self.events.len(),
            });
        }
        if self.streams.len() > STREAMS_MAX {
            return Err(RefusedCommit::TooManyStreams {
                streams: self.streams.len(),
            });
        }
        if let Some(context) = &self.context {
            context.query.check()?;
        }
        let mut bytes = 0_usize;
        for event in &self.events {
            let custom = event.metadata.custom.as_ref();
            bytes += event.payload.canonical().len() + custom.map_or(0, |custom| custom.canonical().len());
            if bytes > COMMIT_BYTES_MAX {
                return Err(RefusedCommit::TooLarge);
            }
        }
        Ok(())
    }
}

/// A committed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendResult {
    /// The number of its first event.
    pub first_sequence_number: SequenceNumber,
    /// The number of its last event.
    pub last_sequence_number: SequenceNumber,
    /// How many events it has.
    pub committed_count: u64,
}

impl AppendResult {
    /// The batch from `first` to `last`.
    #[must_use]
    pub const fn spanning(first: SequenceNumber, last: SequenceNumber) -> Self {
        Self {
            first_sequence_number: first,
            last_sequence_number: last,
            committed_count: last.0.saturating_sub(first.0).saturating_add(1),
        }
    }
}

/// What a commit led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The batch; absent when there were no events.
    pub append: Option<AppendResult>,
    /// Where each written stream ended with this batch, once each and by name.
    pub streams: Vec<StreamPosition>,
    /// What the command is answered: the first answer, if it was given before.
    pub result: Option<Payload>,
    /// Whether the command was carried out before, so that nothing was done now.
    pub repeated: bool,
}

/// What a store remembers of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCommand {
    /// What it asked for.
    pub request: RequestHash,
    /// What it was answered.
    pub result: Payload,
    /// Its events; absent when it led to none.
    pub append: Option<AppendResult>,
}
