//! A store in which somebody else acts between the steps of a command.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use openprod_events::commit::{Commit, Committed, RecordedCommand};
use openprod_events::error::{AppendError, StoreError};
use openprod_events::query::QueryResult;
use openprod_events::stream::{StreamSlice, StreamsRead};
use openprod_events::{
    CommandId, EventId, EventQuery, EventStore, MemoryStore, NewEvent, SequenceNumber, StreamId,
    StreamVersion,
};

/// When somebody else acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    BeforeCommit,
    AfterQuery,
}

type Act = Box<dyn Fn(u32) -> Vec<NewEvent> + Send + Sync>;

/// Somebody else appends events at a moment, as often as it comes; the function is told how often it came before.
pub(crate) struct Meddling {
    store: Arc<MemoryStore>,
    moment: Moment,
    act: Act,
    count: AtomicU32,
}

impl Meddling {
    pub(crate) fn new(
        store: Arc<MemoryStore>,
        moment: Moment,
        act: impl Fn(u32) -> Vec<NewEvent> + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            moment,
            act: Box::new(act),
            count: AtomicU32::new(0),
        }
    }

    fn reach(&self, moment: Moment) {
        if moment == self.moment {
            let events = (self.act)(self.count.fetch_add(1, Ordering::SeqCst));
            if !events.is_empty() {
                self.store.append(events).unwrap();
            }
        }
    }
}

impl EventStore for Meddling {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        self.reach(Moment::BeforeCommit);
        self.store.commit(commit)
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        let result = self.store.query_page(query, limit);
        self.reach(Moment::AfterQuery);
        result
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        self.store.read_streams(streams, after)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        self.store.read_stream(stream, after, limit)
    }

    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        self.store.command(id)
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        self.store.position_of(event)
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        self.store.head()
    }

    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        self.store.wait(after, patience)
    }
}
