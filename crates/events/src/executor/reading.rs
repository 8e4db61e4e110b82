//! What a command has read: the facts in one order, and the versions that must still hold when it is committed.

use std::collections::BTreeMap;

use super::command_error::CommandError;
use super::record_reader::RecordReader;
use crate::command::{Command, Conflict, DomainEvent};
use crate::commit::ExpectedContext;
use crate::error::{ContextConflict, StoreError, StreamMismatch};
use crate::event::{EventRecord, SchemaVersion, SequenceNumber};
use crate::limits::DISCOVERY_ROUNDS_MAX;
use crate::name::StreamId;
use crate::store::EventStore;
use crate::stream::StreamVersion;

/// Beyond every event: asks for versions alone.
const NOTHING: Option<SequenceNumber> = Some(SequenceNumber(u64::MAX));

/// What was read so far.
pub(crate) struct Reading<E> {
    /// By sequence number, each once.
    facts: Vec<(EventRecord, E)>,
    /// Every stream that was read, those without events too.
    pub(crate) versions: BTreeMap<StreamId, StreamVersion>,
    pub(crate) context: Option<ExpectedContext>,
    /// At how many moments.
    moments: u32,
}

impl<E> Default for Reading<E> {
    fn default() -> Self {
        Self {
            facts: Vec::new(),
            versions: BTreeMap::new(),
            context: None,
            moments: 0,
        }
    }
}

impl<E: DomainEvent> Reading<E> {
    /// Reads whatever the command asks for, and what it asks for on seeing that, and folds it.
    pub(crate) fn take<C: Command<Event = E>>(
        &mut self,
        command: &C,
        store: &dyn EventStore,
        records: &dyn RecordReader,
    ) -> Result<C::State, CommandError> {
        if let Some(query) = command.context() {
            let seen = store.query(&query)?;
            self.add(seen.event_records, records)?;
            self.context = Some(ExpectedContext {
                query,
                version: seen.current_context_version,
            });
            self.moments += 1;
        }
        self.read_streams(command.streams(), store, records)?;
        let mut state = self.fold(command);
        for _ in 0..DISCOVERY_ROUNDS_MAX {
            if !self.read_streams(command.more_streams(&state), store, records)? {
                return Ok(state);
            }
            // What was found may be older than what is folded already.
            state = self.fold(command);
        }
        let more = command.more_streams(&state);
        if more.iter().all(|stream| self.versions.contains_key(stream)) {
            return Ok(state);
        }
        Err(CommandError::TooManyRounds)
    }

    /// What has changed since the first moment of the reading; `None` when there was one moment in which all of it held.
    pub(crate) fn changed(&self, store: &dyn EventStore) -> Result<Option<Conflict>, StoreError> {
        if self.moments <= 1 {
            return Ok(None);
        }
        let streams: Vec<_> = self.versions.keys().cloned().collect();
        let now = store.read_streams(&streams, NOTHING)?;
        let mismatch = |(stream, &expected): (&StreamId, &StreamVersion)| {
            let actual = now
                .versions
                .iter()
                .find(|position| position.stream == *stream)
                .map_or(StreamVersion::EMPTY, |position| position.version);
            (actual != expected).then(|| StreamMismatch {
                stream: stream.clone(),
                expected,
                actual,
            })
        };
        let mismatches: Vec<_> = self.versions.iter().filter_map(mismatch).collect();
        if !mismatches.is_empty() {
            return Ok(Some(Conflict::Streams { streams: mismatches }));
        }
        let Some(context) = &self.context else {
            return Ok(None);
        };
        let version = store
            .query(&context.query.clone().after(NOTHING))?
            .current_context_version;
        Ok(
            (version != context.version).then_some(Conflict::Context(ContextConflict {
                expected_context_version: context.version,
                actual_context_version: version,
            })),
        )
    }

    /// Reads those of the streams that were not read yet, at one moment. Whether there were any.
    fn read_streams(
        &mut self,
        mut streams: Vec<StreamId>,
        store: &dyn EventStore,
        records: &dyn RecordReader,
    ) -> Result<bool, CommandError> {
        streams.retain(|stream| !self.versions.contains_key(stream));
        if streams.is_empty() {
            return Ok(false);
        }
        let read = store.read_streams(&streams, None)?;
        self.versions.extend(
            read.versions
                .into_iter()
                .map(|position| (position.stream, position.version)),
        );
        self.add(read.records, records)?;
        self.moments += 1;
        Ok(true)
    }

    /// Adds events where they belong.
    fn add(&mut self, found: Vec<EventRecord>, records: &dyn RecordReader) -> Result<(), CommandError> {
        let sorted = self.facts.is_empty();
        for record in found {
            let sequence_number = record.sequence_number;
            let record = records.read(record).map_err(|source| CommandError::Record {
                sequence_number,
                source,
            })?;
            let version = record.metadata.schema_version.unwrap_or(SchemaVersion::FIRST);
            let read = E::read(&record.event_type, version, &record.payload);
            match read {
                Ok(Some(event)) => self.facts.push((record, event)),
                Ok(None) => {}
                Err(source) => {
                    return Err(CommandError::UnreadableEvent {
                        sequence_number,
                        event_type: record.event_type,
                        source,
                    });
                }
            }
        }
        if !sorted {
            // An event of a stream may match the context as well.
            self.facts.sort_by_key(|(record, _)| record.sequence_number);
            self.facts.dedup_by_key(|(record, _)| record.sequence_number);
        }
        Ok(())
    }

    fn fold<C: Command<Event = E>>(&self, command: &C) -> C::State {
        let mut state = C::State::default();
        for (record, event) in &self.facts {
            command.apply(&mut state, event, record);
        }
        state
    }
}
