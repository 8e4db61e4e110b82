//! What can be wrong with a store.

use serde::Serialize;
use thiserror::Error;

/// One thing that is not as it was written. In JSON it has its name as `finding`, and what it is about beside it.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The database finds its own files damaged.
    #[error("the database is damaged: {words}")]
    DatabaseFault {
        /// What it said.
        words: String,
    },
    /// Numbers without an event.
    #[error("events {first} to {last} are missing")]
    Gap {
        /// The first missing number.
        first: u64,
        /// The last missing number.
        last: u64,
    },
    /// An event above the last one that the store counts.
    #[error("event {event} is above the last event of the store")]
    EventBeyondHead {
        /// The number.
        event: u64,
    },
    /// A row of events that is no event.
    #[error("event {event} cannot be read: {reason}")]
    EventUnreadable {
        /// The number.
        event: i64,
        /// Why not.
        reason: String,
    },
    /// A payload that can be read, and was not written like that.
    #[error("the payload of event {event} is not canonical")]
    PayloadNotCanonical {
        /// The number.
        event: i64,
    },
    /// A payload that is not the one that was indexed: some postings are missing and others are there in their place.
    #[error("the payload of event {event} is not the one that was indexed")]
    PayloadChanged {
        /// The number.
        event: i64,
    },
    /// An id that is not above the one before it.
    #[error("the id of event {event} is not above the one before it")]
    IdOutOfOrder {
        /// The number.
        event: i64,
    },
    /// An event that a query would not find.
    #[error("event {event} is not listed under leaf {leaf}, so that queries miss it")]
    PostingMissing {
        /// The number of the event.
        event: i64,
        /// The leaf that its payload has.
        leaf: i64,
    },
    /// A posting without an event that has the leaf.
    #[error("event {event} is listed under leaf {leaf}, which it does not have")]
    PostingOrphaned {
        /// The number that it names.
        event: i64,
        /// The leaf.
        leaf: i64,
    },
    /// An event that its stream does not list.
    #[error("event {event} is version {version} of its stream, which does not list it")]
    PlaceMissing {
        /// The number of the event.
        event: i64,
        /// Its version.
        version: i64,
    },
    /// A place in a stream without an event that says so.
    #[error("stream number {stream_number} lists event {event} as version {version}, which it is not")]
    PlaceOrphaned {
        /// The number of the stream.
        stream_number: i64,
        /// The version.
        version: i64,
        /// The number that it names.
        event: i64,
    },
    /// Versions of a stream that do not follow one another.
    #[error("stream number {stream_number} goes on at version {found} where {expected} is due")]
    StreamNotContiguous {
        /// The number of the stream.
        stream_number: i64,
        /// The version that is due.
        expected: i64,
        /// The version that is there.
        found: i64,
    },
    /// Versions of a stream that do not rise with the numbers of its events.
    #[error("stream number {stream_number}: version {version} is older than the one before it")]
    StreamOutOfOrder {
        /// The number of the stream.
        stream_number: i64,
        /// The version.
        version: i64,
    },
    /// A row of commands that is no command.
    #[error("what is remembered of command {command} cannot be read: {reason}")]
    CommandUnreadable {
        /// Its id, in hexadecimal digits.
        command: String,
        /// Why not.
        reason: String,
    },
    /// An answer that was not written like that.
    #[error("the answer of command {command} is not canonical")]
    AnswerNotCanonical {
        /// Its id, in hexadecimal digits.
        command: String,
    },
    /// A command whose events are not there.
    #[error("command {command} points to events {first} to {last}, which are not all there")]
    CommandWithoutEvents {
        /// The command.
        command: String,
        /// The first event.
        first: u64,
        /// The last event.
        last: u64,
    },
}
