//! A store seen from beneath: what it holds as it is kept, for those who check it, and what puts the events of another
//! store into it as they are, with their numbers, ids and times.
//!
//! None of this belongs to [`EventStore`]: who works with events needs none of it, and a store that seals payloads or
//! brings them to their present form must not be gone around unawares. The three stores of this library have it.

use serde::Serialize;
use thiserror::Error;

use crate::commit::{AppendResult, RecordedCommand, RequestHash};
use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::posting::Leaf;
use crate::record::Stored;
use crate::store::EventStore;
use crate::stream::StreamVersion;

/// The most events and commands that are read or restored at once: a payload may have a megabyte.
pub const PORTION_MAX: usize = 256;

/// A store that can be read and filled as a whole.
pub trait Archive: EventStore {
    /// What the store holds, in numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn overview(&self) -> Result<Overview, StoreError>;

    /// The first `limit` rows of events after number `after`, as they are kept, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; not when what is kept makes no sense.
    fn stored_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// The first `limit` rows of commands after the one with id `after`, as they are kept, in the order of their ids.
    ///
    /// # Errors
    /// As [`Self::stored_events`].
    fn stored_commands(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<StoredCommand>, StoreError>;

    /// What is kept beside the events so that they are found; `None` for a store that keeps nothing of the kind.
    fn index(&self) -> Option<&dyn StoredIndex>;

    /// Adds events as another store has them; they follow the last one that is there, by number, id and version in their
    /// streams. All of them are there when this returns, or none.
    ///
    /// # Errors
    /// [`RestoreError`] when they do not follow, or the store fails.
    fn restore(&self, events: &[EventRecord]) -> Result<(), RestoreError>;

    /// Adds what another store remembers of commands, whose events are there already. What is there and the same is passed
    /// over.
    ///
    /// # Errors
    /// [`RestoreError`] when a command is there with another answer, or points to events that are not there, or the store
    /// fails; then none is added.
    fn restore_commands(&self, commands: &[(CommandId, RecordedCommand)]) -> Result<(), RestoreError>;
}

/// What a database keeps beside its events: postings, and the places of events in their streams.
pub trait StoredIndex {
    /// The leaves that an event with this payload is listed under.
    fn listed(&self, payload: &Payload) -> Vec<Leaf>;

    /// Which of these postings are not there.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn missing_postings(&self, wanted: &[Posting]) -> Result<Vec<Posting>, StoreError>;

    /// Which of these places are not there.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn missing_places(&self, wanted: &[StreamPlace]) -> Result<Vec<StreamPlace>, StoreError>;

    /// The first `limit` postings after `after`, in rising order.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn postings(&self, after: Option<Posting>, limit: usize) -> Result<Vec<Posting>, StoreError>;

    /// The first `limit` places after `after`, in rising order.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn places(&self, after: Option<StreamPlace>, limit: usize) -> Result<Vec<StreamPlace>, StoreError>;

    /// The rows of these events that are there, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn stored_events_at(&self, numbers: &[i64]) -> Result<Vec<StoredEvent>, StoreError>;

    /// What the database itself finds wrong with its files, in its words.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn faults(&self) -> Result<Vec<String>, StoreError>;
}

/// Which format a database has, as it is before anybody opens it as a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StoreFormat {
    /// The number of the one that is there; absent where there is no store.
    pub found: Option<u32>,
    /// The number of the one that this version makes and uses.
    pub present: u32,
}

/// What a store holds, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The number of the format; absent for a store that has none.
    pub format: Option<u32>,
    /// The number of the last event; 0 without one. Numbers have no gaps, so it is how many there are.
    pub events: u64,
    /// How many streams have been written.
    pub streams: u64,
    /// How many commands are remembered.
    pub commands: u64,
    /// How many events each type has, by name.
    pub types: Vec<TypeCount>,
    /// When the last event was committed.
    pub last_at: Option<Timestamp>,
    /// How many bytes it takes on its disk; absent for a store in memory.
    pub bytes: Option<u64>,
    /// In how many partitions; absent where there are none.
    pub partitions: Option<u64>,
}

/// How many events a type has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeCount {
    /// The name of the type.
    pub event_type: String,
    /// How many events.
    pub events: u64,
}

/// A row of events, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number.
    pub sequence_number: i64,
    /// Its id: 16 bytes.
    pub event_id: Vec<u8>,
    /// When it was committed, in milliseconds since 1970.
    pub occurred_at: i64,
    /// The number of its type.
    pub type_number: i64,
    /// The name of its type; absent when there is no type of that number.
    pub event_type: Option<String>,
    /// The number of its stream; absent when it belongs to none.
    pub stream_number: Option<i64>,
    /// The name of its stream; absent when it belongs to none, or there is none of that number.
    pub stream: Option<String>,
    /// Its version in the stream.
    pub stream_version: Option<i64>,
    /// Its metadata as JSON; absent when they are empty.
    pub metadata: Option<Vec<u8>>,
    /// Its payload as canonical JSON.
    pub payload: Vec<u8>,
}

/// A row of commands, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its id: 16 bytes.
    pub id: Vec<u8>,
    /// The hash of what it asked for: 32 bytes.
    pub request: Vec<u8>,
    /// The number of its first event; absent when it led to none.
    pub first: Option<i64>,
    /// The number of its last event; absent when it led to none.
    pub last: Option<i64>,
    /// What it was answered, as canonical JSON.
    pub result: Vec<u8>,
}

/// That an event of a type has a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// The number of the type.
    pub type_number: i64,
    /// The leaf.
    pub leaf: Leaf,
    /// The number of the event.
    pub sequence_number: i64,
}

/// Where an event stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamPlace {
    /// The number of the stream.
    pub stream_number: i64,
    /// The version.
    pub version: i64,
    /// The number of the event.
    pub sequence_number: i64,
}

/// Why events or commands of another store were not added.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The events do not follow those that are there.
    #[error("restore events: event {found} was given, and the next one is {expected}")]
    Misplaced {
        /// The number of the next event.
        expected: SequenceNumber,
        /// What was given.
        found: SequenceNumber,
    },
    /// An id does not follow the one before.
    #[error("restore events: the id of event {event} is not above the one before it")]
    Id {
        /// The event.
        event: SequenceNumber,
    },
    /// An event does not follow the last one of its stream.
    #[error("restore events: event {event} has version {found} in {stream}, which is at version {end}", found = .found.0, end = .end.0)]
    Version {
        /// The event.
        event: SequenceNumber,
        /// Its stream.
        stream: StreamId,
        /// The version it was given with.
        found: StreamVersion,
        /// Where the stream ends.
        end: StreamVersion,
    },
    /// The command is there, with another request, answer or batch.
    #[error("restore commands: command {command} is there already, with another answer")]
    OtherAnswer {
        /// The command.
        command: CommandId,
    },
    /// The events of a command are not there.
    #[error("restore commands: the events of command {command} are not there")]
    NoEvents {
        /// The command.
        command: CommandId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoredEvent {
    /// Makes it a record.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(&self) -> Result<EventRecord, DatabaseError> {
        let event_type = self.event_type.as_deref().ok_or("it has a type without a name")?;
        if self.stream_number.is_some() != self.stream.is_some() {
            return Err("it has a stream without a name".into());
        }
        let metadata = self.metadata.as_deref().map(std::str::from_utf8).transpose()?;
        let stream = self.stream.as_deref().map(StreamId::new).transpose()?;
        let version = self.stream_version.map(u64::try_from).transpose()?;
        let stored = Stored {
            sequence_number: u64::try_from(self.sequence_number)?,
            event_id: self.event_id.as_slice().try_into()?,
            occurred_at: Timestamp::from_millis(u64::try_from(self.occurred_at)?),
            event_type: EventType::new(event_type)?,
            stream,
            stream_version: version,
            metadata,
            payload: std::str::from_utf8(&self.payload)?,
        };
        stored.parts()
    }
}

impl StoredCommand {
    /// Makes it what is remembered of a command.
    ///
    /// # Errors
    /// Why it is nothing of the kind.
    pub fn read(&self) -> Result<(CommandId, RecordedCommand), DatabaseError> {
        let number = |number: Option<i64>| number.map(u64::try_from).transpose();
        let append = match (number(self.first)?, number(self.last)?) {
            (Some(first), Some(last)) if 1 <= first && first <= last => Some(AppendResult::spanning(
                SequenceNumber(first),
                SequenceNumber(last),
            )),
            (None, None) => None,
            _ => return Err("its first and its last event do not make a batch".into()),
        };
        let recorded = RecordedCommand {
            request: RequestHash::from_bytes(self.request.as_slice().try_into()?),
            result: Payload::from_canonical(std::str::from_utf8(&self.result)?)?,
            append,
        };
        Ok((CommandId::from_bytes(self.id.as_slice().try_into()?), recorded))
    }
}

/// Checks that events follow those that are there. `end` tells where a stream ends, and is asked once a stream.
pub(crate) fn check_following<E: From<RestoreError>>(
    events: &[EventRecord],
    head: u64,
    last_id: Option<EventId>,
    mut end: impl FnMut(&StreamId) -> Result<StreamVersion, E>,
) -> Result<(), E> {
    let (mut head, mut last_id) = (head, last_id);
    let mut ends: std::collections::BTreeMap<&StreamId, StreamVersion> = std::collections::BTreeMap::new();
    for record in events {
        let (expected, found) = (SequenceNumber(head + 1), record.sequence_number);
        if found != expected {
            return Err(RestoreError::Misplaced { expected, found }.into());
        }
        if last_id >= Some(record.event_id) {
            return Err(RestoreError::Id { event: found }.into());
        }
        if let Some(position) = &record.stream {
            let at = match ends.get(&position.stream) {
                Some(&at) => at,
                None => end(&position.stream)?,
            };
            if at.next() != position.version {
                return Err(RestoreError::Version {
                    event: found,
                    stream: position.stream.clone(),
                    found: position.version,
                    end: at,
                }
                .into());
            }
            ends.insert(&position.stream, position.version);
        }
        (head, last_id) = (found.0, Some(record.event_id));
    }
    Ok(())
}

/// Checks a command that is to be added against what is there: whether it is to be added.
pub(crate) fn is_new(
    id: CommandId,
    command: &RecordedCommand,
    head: u64,
    found: Option<&RecordedCommand>,
) -> Result<bool, RestoreError> {
    if command
        .append
        .is_some_and(|append| append.last_sequence_number.0 > head)
    {
        return Err(RestoreError::NoEvents { command: id });
    }
    match found {
        None => Ok(true),
        Some(found) if found == command => Ok(false),
        Some(_) => Err(RestoreError::OtherAnswer { command: id }),
    }
}
