//! Time travel: a store as it was.
//!
//! [`Past`] is a store that ends at a moment: what came later is not there, in no query, no stream, no version. So whatever
//! reads a store reads its past: folds, commands that are decided and not committed, projections.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::commit::{Commit, Committed, RecordedCommand};
use crate::error::{AppendError, RefusedCommit, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::StreamId;
use crate::query::{EventQuery, QueryResult};
use crate::store::EventStore;
use crate::stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};

/// How many events are read at a time where the version of a context has to be looked for.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).expect("1,000 is not 0");

/// A store as it was when `last` was its last event. Commits are refused.
#[derive(Clone)]
pub struct Past {
    store: Arc<dyn EventStore>,
    last: Option<SequenceNumber>,
}

impl Past {
    /// The store as it was when it ended with this event; as it was before its first event without.
    pub const fn at(store: Arc<dyn EventStore>, last: Option<SequenceNumber>) -> Self {
        Self { store, last }
    }

    /// The store as it was at a time, which is that of this store: what its clock said when an event was recorded. It is
    /// found by halving, so where the clock was set back it is one of the moments at which it said so.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn at_time(store: Arc<dyn EventStore>, time: Timestamp) -> Result<Self, StoreError> {
        let (mut before, mut beyond) = (0, store.head()?.map_or(0, |head| head.0));
        // All up to `before` are not later than the time, all beyond `beyond` are.
        while before < beyond {
            let middle = before + (beyond - before) / 2;
            let query = EventQuery::all().after(Some(SequenceNumber(middle)));
            let found = store.query_page(&query, Some(NonZeroUsize::MIN))?.event_records;
            match found.first() {
                Some(event) if event.occurred_at <= time => before = event.sequence_number.0,
                _ => beyond = middle,
            }
        }
        let last = (before > 0).then_some(SequenceNumber(before));
        Ok(Self { store, last })
    }

    /// The last event that is there; `None` when there is none.
    #[must_use]
    pub const fn last(&self) -> Option<SequenceNumber> {
        self.last
    }

    fn is_there(&self, number: SequenceNumber) -> bool {
        Some(number) <= self.last
    }

    /// Takes away what came later.
    fn cut(&self, records: &mut Vec<EventRecord>) {
        records.retain(|record| self.is_there(record.sequence_number));
    }

    /// The version that the context of a query had.
    fn context_version(&self, query: &EventQuery) -> Result<Option<SequenceNumber>, StoreError> {
        let mut version = None;
        loop {
            let page = self.store.query_page(&query.clone().after(version), Some(PAGE))?;
            if version.is_none() && page.current_context_version.is_none_or(|now| self.is_there(now)) {
                return Ok(page.current_context_version);
            }
            let full = page.event_records.len() == PAGE.get();
            let there = page
                .event_records
                .iter()
                .take_while(|record| self.is_there(record.sequence_number));
            let mut found = 0;
            for record in there {
                (version, found) = (Some(record.sequence_number), found + 1);
            }
            if !full || found < PAGE.get() {
                return Ok(version);
            }
        }
    }

    /// The version that a stream had whose version is `now` today.
    fn version(&self, stream: &StreamId, now: StreamVersion) -> Result<StreamVersion, StoreError> {
        let (mut before, mut beyond) = (0, now.0);
        while before < beyond {
            let middle = before + (beyond - before) / 2;
            let found = self
                .store
                .read_stream(stream, StreamVersion(middle), Some(NonZeroUsize::MIN))?;
            let next = found
                .records
                .first()
                .filter(|event| self.is_there(event.sequence_number));
            // Versions may have gaps: the next one is where it says that it is.
            match next {
                Some(event) => {
                    before = event
                        .stream
                        .as_ref()
                        .map_or(middle + 1, |position| position.version.0);
                }
                None => beyond = middle,
            }
        }
        Ok(StreamVersion(before))
    }
}

impl EventStore for Past {
    fn commit(&self, _: Commit) -> Result<Committed, AppendError> {
        Err(AppendError::Refused(RefusedCommit::Past))
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        let mut records = self.store.query_page(query, limit)?.event_records;
        self.cut(&mut records);
        Ok(QueryResult::new(records, self.context_version(query)?))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let mut read = self.store.read_streams(streams, after)?;
        self.cut(&mut read.records);
        let versions = read.versions.into_iter().map(|now| {
            let version = self.version(&now.stream, now.version)?;
            Ok(StreamPosition {
                stream: now.stream,
                version,
            })
        });
        Ok(StreamsRead {
            records: read.records,
            versions: versions.collect::<Result<_, StoreError>>()?,
            head: read.head.min(self.last),
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        let mut slice = self.store.read_stream(stream, after, limit)?;
        self.cut(&mut slice.records);
        slice.version = self.version(stream, slice.version)?;
        Ok(slice)
    }

    /// What is remembered of a command, if its events are there. One that led to none has no moment, and is always there.
    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        let there = |command: &RecordedCommand| {
            command
                .append
                .is_none_or(|append| self.is_there(append.last_sequence_number))
        };
        Ok(self.store.command(id)?.filter(there))
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        let position = self.store.position_of(event)?;
        Ok(position.filter(|position| self.is_there(*position)))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        Ok(self.store.head()?.min(self.last))
    }

    /// Nothing ever comes: it waits for `patience` where there is nothing after `after`.
    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let head = self.head()?;
        if head <= after {
            std::thread::sleep(patience);
        }
        Ok(head)
    }
}
