//! The store in memory: the reference that the others are compared with. It is naive on purpose.

mod archive;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::commit::{AppendResult, Commit, Committed, RecordedCommand};
use crate::error::{AppendError, ContextConflict, StoreError, StreamMismatch};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, IdSource, Mint, SystemIdSource};
use crate::limits::STREAMS_MAX;
use crate::name::StreamId;
use crate::query::{EventQuery, QueryError, QueryResult};
use crate::store::EventStore;
use crate::stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};

/// A store that lasts as long as the value.
pub struct MemoryStore {
    ids: Box<dyn IdSource>,
    log: Mutex<Log>,
    grown: Condvar,
}

#[derive(Default)]
struct Log {
    records: Vec<EventRecord>,
    commands: BTreeMap<CommandId, RecordedCommand>,
    mint: Mint,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(SystemIdSource)
    }
}

impl MemoryStore {
    /// An empty store that takes time and chance from `ids`.
    #[must_use]
    pub fn new(ids: impl IdSource + 'static) -> Self {
        Self {
            ids: Box::new(ids),
            log: Mutex::default(),
            grown: Condvar::new(),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A commit changes the log only after everything that can fail, so a panic elsewhere leaves it whole.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn head(&self) -> Option<SequenceNumber> {
        self.records.last().map(|record| record.sequence_number)
    }

    fn of_stream<'a>(&'a self, stream: &'a StreamId) -> impl Iterator<Item = &'a EventRecord> {
        self.records.iter().filter(move |record| {
            record
                .stream
                .as_ref()
                .is_some_and(|position| position.stream == *stream)
        })
    }

    fn stream_version(&self, stream: &StreamId) -> StreamVersion {
        StreamVersion(self.of_stream(stream).count() as u64)
    }

    fn context_version(&self, query: &EventQuery) -> Option<SequenceNumber> {
        let matching = |record: &&EventRecord| query.matches(&record.event_type, &record.payload);
        self.records
            .iter()
            .rfind(matching)
            .map(|record| record.sequence_number)
    }

    /// What a command led to when it was carried out; `None` when it was not.
    fn repeated(&self, commit: &Commit) -> Result<Option<Committed>, AppendError> {
        let Some(receipt) = &commit.command else {
            return Ok(None);
        };
        let Some(recorded) = self.commands.get(&receipt.id) else {
            return Ok(None);
        };
        if recorded.request != receipt.request {
            return Err(AppendError::CommandReused { command: receipt.id });
        }
        let batch = recorded.append.map_or(&[][..], |append| {
            let index = |number: SequenceNumber| usize::try_from(number.0).unwrap_or(usize::MAX);
            &self.records[index(append.first_sequence_number) - 1..index(append.last_sequence_number)]
        });
        Ok(Some(Committed {
            append: recorded.append,
            streams: stream_ends(batch.iter().filter_map(|record| record.stream.clone())),
            result: Some(recorded.result.clone()),
            repeated: true,
        }))
    }

    fn check_streams(&self, commit: &Commit) -> Result<(), AppendError> {
        let mismatch = |position: &StreamPosition| {
            let actual = self.stream_version(&position.stream);
            (actual != position.version).then(|| StreamMismatch {
                stream: position.stream.clone(),
                expected: position.version,
                actual,
            })
        };
        let mismatches: Vec<_> = commit.streams.iter().filter_map(mismatch).collect();
        if mismatches.is_empty() {
            Ok(())
        } else {
            Err(AppendError::Streams(mismatches))
        }
    }

    fn check_context(&self, commit: &Commit) -> Result<(), ContextConflict> {
        let Some(context) = &commit.context else {
            return Ok(());
        };
        let actual = self.context_version(&context.query);
        if actual == context.version {
            return Ok(());
        }
        Err(ContextConflict {
            expected_context_version: context.version,
            actual_context_version: actual,
        })
    }
}

impl EventStore for MemoryStore {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        commit.check()?;
        let mut log = self.log();
        if let Some(committed) = log.repeated(&commit)? {
            return Ok(committed);
        }
        log.check_streams(&commit)?;
        log.check_context(&commit)?;
        let now = self.ids.now();
        let before = log.records.len();
        for event in commit.events {
            let stream = event.stream.map(|stream| StreamPosition {
                version: log.stream_version(&stream).next(),
                stream,
            });
            let record = EventRecord {
                sequence_number: SequenceNumber(log.records.len() as u64 + 1),
                event_id: log.mint.next(now, &*self.ids),
                occurred_at: now,
                event_type: event.event_type,
                payload: event.payload,
                stream,
                metadata: event.metadata,
            };
            log.records.push(record);
        }
        let batch = &log.records[before..];
        let append = batch.first().zip(batch.last());
        let append =
            append.map(|(first, last)| AppendResult::spanning(first.sequence_number, last.sequence_number));
        let streams = stream_ends(batch.iter().filter_map(|record| record.stream.clone()));
        let result = commit.command.map(|receipt| {
            let recorded = RecordedCommand {
                request: receipt.request,
                result: receipt.result.clone(),
                append,
            };
            log.commands.insert(receipt.id, recorded);
            receipt.result
        });
        drop(log);
        self.grown.notify_all();
        Ok(Committed {
            append,
            streams,
            result,
            repeated: false,
        })
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        query.check()?;
        let log = self.log();
        let matching = |record: &&EventRecord| {
            Some(record.sequence_number) > query.min_sequence_number
                && query.matches(&record.event_type, &record.payload)
        };
        let records = log.records.iter().filter(matching).take(count(limit)).cloned();
        Ok(QueryResult::new(records.collect(), log.context_version(query)))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let named = named_once(streams)?;
        let log = self.log();
        let asked = |record: &&EventRecord| {
            Some(record.sequence_number) > after
                && record
                    .stream
                    .as_ref()
                    .is_some_and(|position| named.contains(&position.stream))
        };
        Ok(StreamsRead {
            records: log.records.iter().filter(asked).cloned().collect(),
            versions: named
                .iter()
                .map(|stream| StreamPosition {
                    stream: stream.clone(),
                    version: log.stream_version(stream),
                })
                .collect(),
            head: log.head(),
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        let log = self.log();
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        let records = log.of_stream(stream).skip(skipped).take(count(limit)).cloned();
        Ok(StreamSlice {
            records: records.collect(),
            version: log.stream_version(stream),
        })
    }

    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        Ok(self.log().commands.get(&id).cloned())
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        let log = self.log();
        let found = log.records.iter().find(|record| record.event_id == event);
        Ok(found.map(|record| record.sequence_number))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        Ok(self.log().head())
    }

    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let nothing_new = |log: &mut Log| log.head() <= after;
        let waited = self.grown.wait_timeout_while(self.log(), patience, nothing_new);
        let (log, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Ok(log.head())
    }
}

/// How many events a limit allows.
pub(crate) fn count(limit: Option<NonZeroUsize>) -> usize {
    limit.map_or(usize::MAX, NonZeroUsize::get)
}

/// The streams that are named, once each and by name.
pub(crate) fn named_once(streams: &[StreamId]) -> Result<BTreeSet<StreamId>, QueryError> {
    if streams.len() > STREAMS_MAX {
        return Err(QueryError::TooManyStreams {
            streams: streams.len(),
        });
    }
    Ok(streams.iter().cloned().collect())
}

/// Where each stream ends, of positions in rising order.
pub(crate) fn stream_ends(positions: impl Iterator<Item = StreamPosition>) -> Vec<StreamPosition> {
    let ends: BTreeMap<StreamId, StreamVersion> = positions
        .map(|StreamPosition { stream, version }| (stream, version))
        .collect();
    ends.into_iter()
        .map(|(stream, version)| StreamPosition { stream, version })
        .collect()
}
