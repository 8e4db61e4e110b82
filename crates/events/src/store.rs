//! The event store: what every implementation offers.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::commit::{AppendResult, Commit, Committed, RecordedCommand};
use crate::error::{AppendError, RefusedCommit, StoreError};
use crate::event::{NewEvent, SequenceNumber};
use crate::id::{CommandId, EventId};
use crate::name::StreamId;
use crate::query::{EventQuery, QueryResult};
use crate::stream::{StreamSlice, StreamVersion, StreamsRead};

/// A log of facts that only grows, shared by any number of threads.
///
/// Calls block; each sees one moment of the store. A commit is durable when it returns, as far as the store is durable,
/// and events become visible in the order of their sequence numbers.
pub trait EventStore: Send + Sync {
    /// Commits events as a whole, provided that all conditions hold, or does nothing. Everything else that writes is
    /// built on this.
    ///
    /// # Errors
    /// [`AppendError`]; then nothing is written and no sequence number used up, except that after
    /// [`StoreError::OutcomeUnknown`] nobody knows.
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError>;

    /// Reads the first `limit` events of a query, all of them without a limit, and the version of its context, both
    /// of one moment.
    ///
    /// # Errors
    /// [`StoreError`] when the query is refused or the store fails.
    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError>;

    /// Reads several streams at one moment, with the versions that a commit can check; of their events those after
    /// `after`, all of them without.
    ///
    /// # Errors
    /// [`StoreError`] when too many streams are named or the store fails.
    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError>;

    /// Reads a part of one stream: the first `limit` events after version `after`, all of them without a limit. A
    /// stream that is not there is empty.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError>;

    /// What is remembered of a command; `None` when it was never carried out.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError>;

    /// The number of an event; `None` when the store has no such event.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError>;

    /// The number of the last event; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn head(&self) -> Result<Option<SequenceNumber>, StoreError>;

    /// Waits until there are events after `after`, at most for `patience`, and gives the number of the last event. It
    /// may return early: it is a wake-up, and not a message.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError>;

    /// Reads all events of a query and the version of its context, both of one moment.
    ///
    /// # Errors
    /// [`StoreError`] when the query is refused or the store fails.
    fn query(&self, query: &EventQuery) -> Result<QueryResult, StoreError> {
        self.query_page(query, None)
    }

    /// Appends events without conditions.
    ///
    /// # Errors
    /// [`AppendError`] when there is no event or the store fails.
    fn append(&self, events: Vec<NewEvent>) -> Result<AppendResult, AppendError> {
        appended(self.commit(Commit::new(events))?)
    }

    /// Appends events provided that the version of the context of `query` is still `expected`.
    ///
    /// # Errors
    /// [`AppendError::Context`] when it is not, with both versions; else as [`Self::append`].
    fn append_if(
        &self,
        events: Vec<NewEvent>,
        query: &EventQuery,
        expected: Option<SequenceNumber>,
    ) -> Result<AppendResult, AppendError> {
        appended(self.commit(Commit::new(events).if_context(query.clone(), expected))?)
    }

    /// Where a stream ends; version 0 when it is not there.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn stream_version(&self, stream: &StreamId) -> Result<StreamVersion, StoreError> {
        self.read_stream(stream, StreamVersion(u64::MAX), Some(NonZeroUsize::MIN))
            .map(|slice| slice.version)
    }

    /// Whether a stream has an event.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    fn stream_exists(&self, stream: &StreamId) -> Result<bool, StoreError> {
        Ok(self.stream_version(stream)? > StreamVersion::EMPTY)
    }
}

/// The batch of a commit that had events.
fn appended(committed: Committed) -> Result<AppendResult, AppendError> {
    committed.append.ok_or(AppendError::Refused(RefusedCommit::Empty))
}
