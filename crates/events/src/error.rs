//! What can go wrong with a store.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::encryption::EncryptionError;
use crate::event::SequenceNumber;
use crate::id::CommandId;
use crate::limits::{COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, STREAMS_MAX};
use crate::name::StreamId;
use crate::query::QueryError;
use crate::stream::StreamVersion;
use crate::upcaster::UpcastError;

/// An error of a database, of whichever kind the store is built on.
pub type DatabaseError = Box<dyn StdError + Send + Sync>;

/// Why a store could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The query is refused.
    #[error("use event store: the query is refused")]
    Query(#[from] QueryError),
    /// The store cannot be reached now. Nothing was done; it may work again later.
    #[error("reach event store: it cannot be reached")]
    Unavailable(#[source] DatabaseError),
    /// The store went away between the commit and its answer: it may have happened. Giving the command again, with
    /// the same command id, finds out.
    #[error(
        "commit events: the store went away before it answered; give the command again to learn whether it happened"
    )]
    OutcomeUnknown(#[source] DatabaseError),
    /// There is no room left on the disk; what was committed before is safe.
    #[error("write event store: the disk is full; free some space and try again")]
    Full,
    /// The disk failed in a way after which nothing that is written can be trusted to be there. A commit that was under
    /// way then may have happened: after opening the store again, giving the command again finds out.
    #[error(
        "write event store: the disk failed earlier ({reason}); the store is read-only until it is opened again"
    )]
    ReadOnly {
        /// What the disk said.
        reason: String,
    },
    /// A stored event is not what was written.
    #[error("read event store: event {sequence_number} is damaged")]
    Damaged {
        /// Its number.
        sequence_number: SequenceNumber,
        /// What is wrong with it.
        #[source]
        source: DatabaseError,
    },
    /// What a store remembers of a command is not what was written.
    #[error("read event store: command {command} is damaged")]
    DamagedCommand {
        /// The command.
        command: CommandId,
        /// What is wrong with it.
        #[source]
        source: DatabaseError,
    },
    /// The file is not an event store, or is damaged beyond reading.
    #[error("open event store {path}: it is not a readable event store")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: DatabaseError,
    },
    /// A newer version of this library wrote the store.
    #[error("open event store: it was written by a newer version of this library")]
    NewerVersion,
    /// A file could not be used.
    #[error("use event store: {path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An event could not be brought to the present form of its type.
    #[error(transparent)]
    Upcast(#[from] UpcastError),
    /// An encrypted event could not be sealed, opened or asked for.
    #[error(transparent)]
    Encryption(#[from] EncryptionError),
    /// The store has been closed, or what served it has ended.
    #[error("use event store: it is closed")]
    Closed,
    /// The store kept failing, and a circuit breaker leaves it alone for a while. Nothing was done.
    #[error("use event store: it kept failing and is left alone; try again in {} ms", .retry_after.as_millis())]
    CircuitOpen {
        /// After how much time it is worth trying again.
        retry_after: std::time::Duration,
    },
    /// The database refused.
    #[error("use event store: the database refused")]
    Database(#[source] DatabaseError),
}

impl StoreError {
    /// Whether the same call may succeed later: the store is away, or its disk is full until somebody makes room.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::OutcomeUnknown(_) | Self::Full | Self::CircuitOpen { .. } => true,
            Self::Encryption(error) => error.is_passing(),
            _ => false,
        }
    }

    /// The event that cannot be read while others can; absent when it is not about one event.
    #[must_use]
    pub const fn unreadable_event(&self) -> Option<SequenceNumber> {
        match self {
            Self::Upcast(error) => Some(error.sequence_number),
            Self::Encryption(error) => error.sequence_number(),
            _ => None,
        }
    }
}

/// What is wrong with a commit before any store is asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RefusedCommit {
    /// There is no event.
    #[error("it holds no event")]
    Empty,
    /// There are too many events.
    #[error("it has {events} events, and {COMMIT_EVENTS_MAX} is the most")]
    TooManyEvents {
        /// How many.
        events: usize,
    },
    /// The events are too large together.
    #[error("its events have more than {COMMIT_BYTES_MAX} bytes")]
    TooLarge,
    /// Too many streams are checked.
    #[error("it checks {streams} streams, and {STREAMS_MAX} is the most")]
    TooManyStreams {
        /// How many.
        streams: usize,
    },
    /// The context query is refused.
    #[error("its context query is refused")]
    Context(#[from] QueryError),
    /// The store is a view of the past, to which nothing is added.
    #[error("this is a store as it was, and nothing is added to the past; commit to the store itself")]
    Past,
    /// It goes beyond what this store in particular can take.
    #[error("this store does not take it: {reason}")]
    Store {
        /// Why not.
        reason: String,
    },
}

/// The context of a decision changed before its events could be appended.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Serialize)]
#[error(
    "append events: the context changed: expected {}, found {}",
    shown(*.expected_context_version),
    shown(*.actual_context_version)
)]
pub struct ContextConflict {
    /// The version that was seen before the decision; absent when nothing matched.
    pub expected_context_version: Option<SequenceNumber>,
    /// The version at the moment of the append; absent when nothing matches.
    pub actual_context_version: Option<SequenceNumber>,
}

/// A stream that is not where a writer expects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamMismatch {
    /// The stream.
    pub stream: StreamId,
    /// Where it was expected to end.
    pub expected: StreamVersion,
    /// Where it ends.
    pub actual: StreamVersion,
}

/// Why nothing was appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The commit itself is at fault.
    #[error("append events: the commit is refused: {0}")]
    Refused(#[source] RefusedCommit),
    /// The context changed.
    #[error(transparent)]
    Context(#[from] ContextConflict),
    /// Streams changed. All that did are listed, in the order of the commit.
    #[error("append events: {} changed: {}", if .0.len() == 1 { "a stream" } else { "streams" }, listed(.0))]
    Streams(Vec<StreamMismatch>),
    /// The command id was used for something else.
    #[error("append events: command {command} was given before, with another request")]
    CommandReused {
        /// The command.
        command: CommandId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AppendError {
    /// Whether somebody else was faster, so that deciding anew may succeed.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Context(_) | Self::Streams(_))
    }
}

impl From<RefusedCommit> for AppendError {
    fn from(refused: RefusedCommit) -> Self {
        Self::Refused(refused)
    }
}

/// A changed context, in words.
pub(crate) fn describe_context(conflict: &ContextConflict, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        out,
        "the context changed: expected {}, found {}",
        shown(conflict.expected_context_version),
        shown(conflict.actual_context_version)
    )
}

/// Changed streams, in words.
pub(crate) fn describe_streams(mismatches: &[StreamMismatch], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let noun = if mismatches.len() == 1 {
        "a stream"
    } else {
        "streams"
    };
    write!(out, "{noun} changed: {}", listed(mismatches))
}

fn shown(version: Option<SequenceNumber>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| version.to_string())
}

/// The first few mismatches, in words.
fn listed(mismatches: &[StreamMismatch]) -> String {
    let mut words: Vec<String> = mismatches
        .iter()
        .take(5)
        .map(
            |StreamMismatch {
                 stream,
                 expected,
                 actual,
             }| { format!("{stream} (expected version {}, found {})", expected.0, actual.0) },
        )
        .collect();
    if mismatches.len() > words.len() {
        words.push(format!("and {} more", mismatches.len() - words.len()));
    }
    words.join(", ")
}
