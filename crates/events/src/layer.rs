//! A store around another one, which writes down only what it changes.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::commit::{Commit, Committed, RecordedCommand};
use crate::error::{AppendError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId};
use crate::name::StreamId;
use crate::query::{EventQuery, QueryResult};
use crate::store::EventStore;
use crate::stream::{StreamSlice, StreamVersion, StreamsRead};

/// A store around another one. Every `Layer` is an [`EventStore`] that passes calls on; each method here is a place where
/// a layer may step in, and does nothing of its own otherwise.
pub trait Layer: Send + Sync {
    /// The store inside.
    type Inner: EventStore + ?Sized;

    /// The store inside.
    fn inner(&self) -> &Self::Inner;

    /// Makes a call that reads. A layer that does not always let calls through, or counts them, does it here.
    ///
    /// # Errors
    /// Those of the call, and the layer's own.
    fn read<T>(&self, call: impl FnOnce(&Self::Inner) -> Result<T, StoreError>) -> Result<T, StoreError> {
        call(self.inner())
    }

    /// What a query becomes on its way in.
    ///
    /// # Errors
    /// [`StoreError`] when the layer refuses it.
    fn query_inwards<'q>(&self, query: &'q EventQuery) -> Result<Cow<'q, EventQuery>, StoreError> {
        Ok(Cow::Borrowed(query))
    }

    /// What events become on their way out, in the same order.
    ///
    /// # Errors
    /// [`StoreError`] when one of them cannot be given.
    fn records_outwards(&self, records: Vec<EventRecord>) -> Result<Vec<EventRecord>, StoreError> {
        Ok(records)
    }

    /// Commits, by way of the store inside.
    ///
    /// # Errors
    /// As [`EventStore::commit`].
    fn commit_inwards(&self, commit: Commit) -> Result<Committed, AppendError> {
        self.inner().commit(commit)
    }

    /// Waits for events.
    ///
    /// # Errors
    /// As [`EventStore::wait`].
    fn wait_inside(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|store| store.wait(after, patience))
    }
}

impl<L: Layer> EventStore for L {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        self.commit_inwards(commit)
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        let query = self.query_inwards(query)?;
        let mut result = self.read(|store| store.query_page(&query, limit))?;
        result.event_records = self.records_outwards(result.event_records)?;
        Ok(result)
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let mut read = self.read(|store| store.read_streams(streams, after))?;
        read.records = self.records_outwards(read.records)?;
        Ok(read)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        let mut slice = self.read(|store| store.read_stream(stream, after, limit))?;
        slice.records = self.records_outwards(slice.records)?;
        Ok(slice)
    }

    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        self.read(|store| store.command(id))
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|store| store.position_of(event))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(EventStore::head)
    }

    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        self.wait_inside(after, patience)
    }
}
