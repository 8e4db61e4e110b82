//! Copying all of a store into another one, of whatever kind: events with their numbers, ids, times, streams and metadata,
//! and what is remembered of commands, so that giving one again still does nothing.
//!
//! Whatever is interrupted goes on where it was: what is there already is compared, and then left alone. At the end the
//! copy is read back, and its digest compared with that of what was read.

use std::ops::ControlFlow;

use serde::Serialize;
use thiserror::Error;

use crate::archive::{Archive, PORTION_MAX, RestoreError};
use crate::commit::RecordedCommand;
use crate::digest::{Digester, StoreDigest};
use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::CommandId;
use crate::query::EventQuery;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// How many events the copy has.
    pub events: u64,
    /// How many of them were there before.
    pub events_before: u64,
    /// How many commands the copy remembers.
    pub commands: u64,
    /// The digest of both stores.
    pub digest: StoreDigest,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Events have been copied up to this number, of so many.
    Events(u64, u64),
    /// So many commands have been copied.
    Commands(u64),
    /// The copy has been read back up to this event, of so many.
    Compared(u64, u64),
}

/// Why a store was not copied. What was copied until then stays, and copying again goes on from there.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The source failed.
    #[error("copy event store: the source cannot be read")]
    Source(#[source] StoreError),
    /// The target failed.
    #[error("copy event store: the target cannot be read")]
    Target(#[source] StoreError),
    /// The target did not take it.
    #[error("copy event store: the target does not take it")]
    Restore(#[source] RestoreError),
    /// What the source remembers of a command cannot be read.
    #[error("copy event store: what the source remembers of a command cannot be read")]
    Command(#[source] DatabaseError),
    /// The target has an event that the source has not.
    #[error("copy event store: the target holds other events: {event} is not that of the source")]
    OtherEvents {
        /// The first that differs.
        event: SequenceNumber,
    },
    /// The target has a command that the source has not.
    #[error("copy event store: the target remembers commands that the source does not")]
    OtherCommands,
    /// The copy read back is not what was copied.
    #[error("copy event store: the copy has digest {found}, and the source {expected}")]
    Differs {
        /// That of the source.
        expected: StoreDigest,
        /// That of the copy.
        found: StoreDigest,
    },
    /// It was stopped.
    #[error("copy event store: it was stopped; copying again goes on from there")]
    Stopped,
}

/// Copies `source` into `target`, which is empty or holds the beginning of the same. Of a source that is written
/// meanwhile, what is there at the beginning is copied. `progress` may stop it.
///
/// # Errors
/// [`CopyError`].
pub fn copy(
    source: &dyn Archive,
    target: &dyn Archive,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Copied, CopyError> {
    let mut told = |at: Progress| match progress(at) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(CopyError::Stopped),
    };
    let head = source.head().map_err(CopyError::Source)?.map_or(0, |head| head.0);
    let before = target.head().map_err(CopyError::Target)?.map_or(0, |head| head.0);
    if before > head {
        return Err(CopyError::OtherEvents {
            event: SequenceNumber(head + 1),
        });
    }
    let mut digest = Digester::new();
    let mut at = 0;
    while at < head {
        let records = portion(source, at, head).map_err(CopyError::Source)?;
        let Some(last) = records.last().map(|record| record.sequence_number.0) else {
            // Its numbers have a gap at the end: the comparison of the digests would not find it.
            return Err(CopyError::Source(StoreError::Damaged {
                sequence_number: SequenceNumber(at + 1),
                source: "it is missing".into(),
            }));
        };
        records.iter().for_each(|record| digest.event(record));
        let there = records
            .iter()
            .take_while(|record| record.sequence_number.0 <= before)
            .count();
        let (known, new) = records.split_at(there);
        if !known.is_empty() {
            compare(target, at, known)?;
        }
        if !new.is_empty() {
            target.restore(new).map_err(CopyError::Restore)?;
        }
        at = last;
        told(Progress::Events(at, head))?;
    }
    let mut commands = 0;
    each_command(source, CopyError::Source, head, &mut |portion| {
        target.restore_commands(portion).map_err(CopyError::Restore)?;
        for (id, command) in portion {
            digest.command(*id, command);
        }
        commands += portion.len() as u64;
        told(Progress::Commands(commands))
    })?;
    let expected = digest.end();
    let (found, remembered) = read_back(target, head, &mut told)?;
    if remembered > commands {
        return Err(CopyError::OtherCommands);
    }
    if found != expected {
        return Err(CopyError::Differs { expected, found });
    }
    Ok(Copied {
        events: head,
        events_before: before,
        commands,
        digest: expected,
    })
}

/// The digest of a copy, and how many commands it remembers.
fn read_back(
    target: &dyn Archive,
    head: u64,
    told: &mut dyn FnMut(Progress) -> Result<(), CopyError>,
) -> Result<(StoreDigest, u64), CopyError> {
    let mut digest = Digester::new();
    let mut at = 0;
    while at < head {
        let records = portion(target, at, head).map_err(CopyError::Target)?;
        let Some(last) = records.last() else {
            break;
        };
        at = last.sequence_number.0;
        records.iter().for_each(|record| digest.event(record));
        told(Progress::Compared(at, head))?;
    }
    let mut commands = 0;
    each_command(target, CopyError::Target, head, &mut |portion| {
        for (id, command) in portion {
            digest.command(*id, command);
        }
        commands += portion.len() as u64;
        Ok(())
    })?;
    Ok((digest.end(), commands))
}

/// Compares the events of the target after number `at` with those of the source.
fn compare(target: &dyn Archive, at: u64, known: &[EventRecord]) -> Result<(), CopyError> {
    let last = known.last().map_or(at, |record| record.sequence_number.0);
    let there = portion(target, at, last).map_err(CopyError::Target)?;
    let mut there = there.iter();
    for record in known {
        if there.next() != Some(record) {
            return Err(CopyError::OtherEvents {
                event: record.sequence_number,
            });
        }
    }
    Ok(())
}

/// The next events after number `at`, up to number `head`.
fn portion(store: &dyn Archive, at: u64, head: u64) -> Result<Vec<EventRecord>, StoreError> {
    let query = EventQuery::all().after((at > 0).then_some(SequenceNumber(at)));
    let limit = std::num::NonZeroUsize::new(PORTION_MAX);
    let mut records = store.query_page(&query, limit)?.event_records;
    records.retain(|record| record.sequence_number.0 <= head);
    Ok(records)
}

/// Takes a portion of commands.
type Give<'a> = dyn FnMut(&[(CommandId, RecordedCommand)]) -> Result<(), CopyError> + 'a;

/// Gives all commands whose events are not above `head`, portion by portion.
fn each_command(
    store: &dyn Archive,
    failed: fn(StoreError) -> CopyError,
    head: u64,
    give: &mut Give<'_>,
) -> Result<(), CopyError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = store
            .stored_commands(after.as_deref(), PORTION_MAX)
            .map_err(failed)?;
        let mut portion = rows
            .iter()
            .map(|row| row.read().map_err(CopyError::Command))
            .collect::<Result<Vec<_>, _>>()?;
        portion.retain(|(_, command)| {
            command
                .append
                .is_none_or(|append| append.last_sequence_number.0 <= head)
        });
        if !portion.is_empty() {
            give(&portion)?;
        }
        after = rows.last().map(|row| row.id.clone());
        if rows.len() < PORTION_MAX {
            return Ok(());
        }
    }
}
