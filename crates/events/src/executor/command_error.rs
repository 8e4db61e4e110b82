//! What can go wrong with a command.

use std::time::Duration;

use thiserror::Error;

use super::record_reader::ReadRecordError;
use crate::command::{Rejection, UnreadableEvent};
use crate::error::{RefusedCommit, StoreError};
use crate::event::SequenceNumber;
use crate::id::CommandId;
use crate::limits::DISCOVERY_ROUNDS_MAX;
use crate::name::{Actor, EventType};
use crate::payload::PayloadError;

/// Why a command was not carried out.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It may not happen. Nothing is wrong with the program.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Whoever gives it has given too many in too short a time. Nothing was looked at.
    #[error("carry out command: {actor} gives them too fast; try again in {} ms", .retry_after.as_millis())]
    TooFast {
        /// Who gives it.
        actor: Actor,
        /// After how much time one more is taken.
        retry_after: Duration,
    },
    /// Its id was used for another request.
    #[error("carry out command: {command} was given before, with another request")]
    Reused {
        /// The id.
        command: CommandId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store does not take such a commit.
    #[error("commit command: it is refused")]
    Refused(#[source] RefusedCommit),
    /// A part of it cannot be written as a payload.
    #[error("write command: {what} cannot be a payload")]
    Unwritable {
        /// What cannot be written.
        what: &'static str,
        /// Why.
        #[source]
        source: PayloadError,
    },
    /// The answer that is remembered is not of the type that the command has now.
    #[error("answer command: the answer that it was given has another form")]
    UnreadableAnswer {
        /// What is wrong with it.
        #[source]
        source: PayloadError,
    },
    /// A stored event is not of the form that the command reads.
    #[error("fold event {sequence_number} of type {event_type}: it cannot be read")]
    UnreadableEvent {
        /// Its number.
        sequence_number: SequenceNumber,
        /// Its type.
        event_type: EventType,
        /// What is wrong with it.
        #[source]
        source: UnreadableEvent,
    },
    /// A stored event could not be brought to its present form.
    #[error("read event {sequence_number}: it could not be brought to its present form")]
    Record {
        /// Its number.
        sequence_number: SequenceNumber,
        /// Why.
        #[source]
        source: ReadRecordError,
    },
    /// It asked for more streams again and again.
    #[error("read streams: the command asked for more than {DISCOVERY_ROUNDS_MAX} times")]
    TooManyRounds,
}

impl CommandError {
    /// The rejection, if it was one.
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }

    /// Whether it says something about this command, as it was given now, rather than about the store.
    pub(crate) const fn is_about_the_command(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Reused { .. })
    }
}
