//! The store in memory seen from beneath.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::MemoryStore;
use crate::archive::{
    Archive, Overview, RestoreError, StoredCommand, StoredEvent, StoredIndex, TypeCount, check_following,
    is_new,
};
use crate::commit::RecordedCommand;
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::CommandId;
use crate::record::write_metadata;

impl Archive for MemoryStore {
    fn overview(&self) -> Result<Overview, StoreError> {
        let log = self.log();
        let mut types: BTreeMap<&str, u64> = BTreeMap::new();
        for record in &log.records {
            *types.entry(record.event_type.as_str()).or_default() += 1;
        }
        let streams: BTreeSet<_> = log
            .records
            .iter()
            .filter_map(|record| record.stream.as_ref())
            .map(|position| &position.stream)
            .collect();
        Ok(Overview {
            format: None,
            events: log.records.len() as u64,
            streams: streams.len() as u64,
            commands: log.commands.len() as u64,
            types: types
                .into_iter()
                .map(|(name, events)| TypeCount {
                    event_type: name.to_owned(),
                    events,
                })
                .collect(),
            last_at: log.records.last().map(|record| record.occurred_at),
            bytes: None,
            partitions: None,
        })
    }

    fn stored_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        let log = self.log();
        Ok(log.records.iter().skip(skipped).take(limit).map(stored).collect())
    }

    fn stored_commands(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<StoredCommand>, StoreError> {
        let after = after
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(Bound::Unbounded, |bytes| {
                Bound::Excluded(CommandId::from_bytes(bytes))
            });
        let log = self.log();
        let commands = log.commands.range((after, Bound::Unbounded)).take(limit);
        let number = |number: u64| number.cast_signed();
        Ok(commands
            .map(|(id, command)| StoredCommand {
                id: id.as_bytes().to_vec(),
                request: command.request.as_bytes().to_vec(),
                first: command
                    .append
                    .map(|append| number(append.first_sequence_number.0)),
                last: command.append.map(|append| number(append.last_sequence_number.0)),
                result: command.result.canonical().as_bytes().to_vec(),
            })
            .collect())
    }

    fn index(&self) -> Option<&dyn StoredIndex> {
        None
    }

    fn restore(&self, events: &[EventRecord]) -> Result<(), RestoreError> {
        let mut log = self.log();
        let last = log.records.last();
        check_following(
            events,
            last.map_or(0, |record| record.sequence_number.0),
            last.map(|record| record.event_id),
            |stream| Ok::<_, RestoreError>(log.stream_version(stream)),
        )?;
        log.records.extend_from_slice(events);
        log.mint.last = log.records.last().map(|record| record.event_id);
        drop(log);
        self.grown.notify_all();
        Ok(())
    }

    fn restore_commands(&self, commands: &[(CommandId, RecordedCommand)]) -> Result<(), RestoreError> {
        let mut log = self.log();
        let head = log.records.len() as u64;
        let mut new = Vec::new();
        for (id, command) in commands {
            if is_new(*id, command, head, log.commands.get(id))? {
                new.push((*id, command.clone()));
            }
        }
        log.commands.extend(new);
        Ok(())
    }
}

fn stored(record: &EventRecord) -> StoredEvent {
    let stream = record.stream.as_ref();
    StoredEvent {
        sequence_number: record.sequence_number.0.cast_signed(),
        event_id: record.event_id.as_bytes().to_vec(),
        occurred_at: record.occurred_at.as_millis().cast_signed(),
        // Types and streams have names only.
        type_number: 0,
        event_type: Some(record.event_type.as_str().to_owned()),
        stream_number: stream.map(|_| 0),
        stream: stream.map(|position| position.stream.as_str().to_owned()),
        stream_version: stream.map(|position| position.version.0.cast_signed()),
        metadata: write_metadata(&record.metadata).map(String::into_bytes),
        payload: record.payload.canonical().as_bytes().to_vec(),
    }
}
