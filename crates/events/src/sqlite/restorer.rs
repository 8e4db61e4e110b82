//! Filling a file with the events of another store: on a connection of its own, which takes turns with the writer's as
//! that of another process would.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use openprod_wal::is_full;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::connection::{Cache, open_writer};
use super::fault::read_fault;
use super::names::TypeNumbers;
use super::view::{View, stored_number};
use crate::archive::{RestoreError, check_following, is_new};
use crate::commit::{AppendResult, RecordedCommand};
use crate::error::StoreError;
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId};
use crate::name::StreamId;
use crate::posting::LeafKey;
use crate::record::write_metadata;
use crate::stream::StreamVersion;

/// The connection, once somebody restores.
pub(crate) struct Restorer {
    connection: Mutex<Option<Connection>>,
    cache: Cache,
}

/// Why a transaction was given up.
enum Fault {
    Restore(RestoreError),
    Database(rusqlite::Error),
}

impl<E: Into<RestoreError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Restore(error.into())
    }
}

impl Restorer {
    pub(crate) fn new(cache: Cache) -> Self {
        Self {
            connection: Mutex::default(),
            cache,
        }
    }

    /// Adds events and gives the number of the last one that there is.
    pub(crate) fn events(
        &self,
        path: &Path,
        key: &LeafKey,
        events: &[EventRecord],
    ) -> Result<i64, RestoreError> {
        self.transact(path, |transaction| add_events(transaction, key, events))
    }

    pub(crate) fn commands(
        &self,
        path: &Path,
        key: &LeafKey,
        commands: &[(CommandId, RecordedCommand)],
    ) -> Result<(), RestoreError> {
        self.transact(path, |transaction| add_commands(transaction, key, commands))
    }

    fn transact<T>(
        &self,
        path: &Path,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, RestoreError> {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *kept {
            Some(connection) => connection,
            empty => empty.insert(open_writer(path, self.cache)?),
        };
        let attempt = || -> Result<T, Fault> {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(Fault::Database)?;
            let done = act(&transaction)?;
            transaction.commit().map_err(Fault::Database)?;
            // Much is written at once, and the writer does not count it.
            let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
            connection
                .query_row(checkpoint, [], |_| Ok(()))
                .map_err(Fault::Database)?;
            Ok(done)
        };
        attempt().map_err(|fault| match fault {
            Fault::Restore(error) => error,
            Fault::Database(error) if is_full(&error) => StoreError::Full.into(),
            Fault::Database(error) => read_fault(error).into(),
        })
    }
}

fn add_events(transaction: &Transaction<'_>, key: &LeafKey, events: &[EventRecord]) -> Result<i64, Fault> {
    let last: Option<(i64, [u8; 16])> = transaction
        .prepare_cached("SELECT seq, event_id FROM event ORDER BY seq DESC LIMIT 1")
        .and_then(|mut statement| {
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(Fault::Database)?;
    let head = last.map_or(0, |(seq, _)| seq);
    let mut streams: BTreeMap<StreamId, i64> = BTreeMap::new();
    check_following(
        events,
        head.unsigned_abs(),
        last.map(|(_, id)| EventId::from_bytes(id)),
        |stream| {
            let (id, version) = stream_end(transaction, stream).map_err(Fault::Database)?;
            streams.insert(stream.clone(), id);
            Ok::<_, Fault>(version)
        },
    )?;
    write_events(transaction, key, events, &streams).map_err(Fault::Database)?;
    Ok(events
        .last()
        .map_or(head, |record| stored_number(record.sequence_number.0)))
}

fn write_events(
    transaction: &Transaction<'_>,
    key: &LeafKey,
    events: &[EventRecord],
    streams: &BTreeMap<StreamId, i64>,
) -> rusqlite::Result<()> {
    let mut types: BTreeMap<&str, i64> = BTreeMap::new();
    let mut postings = Vec::new();
    let mut event =
        transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut place = transaction.prepare_cached("INSERT INTO stream_event VALUES (?1, ?2, ?3)")?;
    for record in events {
        let seq = stored_number(record.sequence_number.0);
        let name = record.event_type.as_str();
        let type_id = match types.get(name) {
            Some(&id) => id,
            None => numbered(
                transaction,
                "SELECT id FROM event_type WHERE name = ?1",
                "INSERT INTO event_type (name) VALUES (?1)",
                name,
            )?,
        };
        types.insert(name, type_id);
        let position = record.stream.as_ref().and_then(|position| {
            let id = streams.get(&position.stream)?;
            Some((*id, stored_number(position.version.0)))
        });
        event.execute(params![
            seq,
            record.event_id.as_bytes(),
            stored_number(record.occurred_at.as_millis()),
            type_id,
            position.map(|(id, _)| id),
            position.map(|(_, version)| version),
            write_metadata(&record.metadata),
            record.payload.canonical(),
        ])?;
        if let Some((stream, version)) = position {
            place.execute([stream, version, seq])?;
        }
        let leaves = key.listed(&record.payload);
        postings.extend(leaves.into_iter().map(|leaf| (type_id, leaf, seq)));
    }
    postings.sort_unstable();
    let mut posting = transaction.prepare_cached("INSERT INTO posting VALUES (?1, ?2, ?3)")?;
    for (type_id, leaf, seq) in postings {
        posting.execute([type_id, leaf.0, seq])?;
    }
    Ok(())
}

/// The number of a stream, which gets one if it has none, and where it ends.
fn stream_end(transaction: &Transaction<'_>, stream: &StreamId) -> rusqlite::Result<(i64, StreamVersion)> {
    let id = numbered(
        transaction,
        "SELECT id FROM stream WHERE name = ?1",
        "INSERT INTO stream (name) VALUES (?1)",
        stream.as_str(),
    )?;
    let version: i64 = transaction
        .prepare_cached("SELECT coalesce(max(version), 0) FROM stream_event WHERE stream_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok((id, StreamVersion(version.unsigned_abs())))
}

fn numbered(transaction: &Transaction<'_>, find: &str, make: &str, name: &str) -> rusqlite::Result<i64> {
    let found = transaction
        .prepare_cached(find)?
        .query_row([name], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => transaction.prepare_cached(make)?.insert([name]),
    }
}

fn add_commands(
    transaction: &Transaction<'_>,
    key: &LeafKey,
    commands: &[(CommandId, RecordedCommand)],
) -> Result<(), Fault> {
    let view = View {
        connection: transaction,
        key,
        types: &TypeNumbers::default(),
        is_committed: false,
    };
    let head = view.head().map_err(Fault::Database)?;
    for (id, command) in commands {
        let found = view.command(*id)?;
        if !is_new(*id, command, head.unsigned_abs(), found.as_ref())? {
            continue;
        }
        let number = |number: fn(AppendResult) -> SequenceNumber| {
            command.append.map(|append| stored_number(number(append).0))
        };
        transaction
            .prepare_cached("INSERT INTO command VALUES (?1, ?2, ?3, ?4, ?5)")
            .and_then(|mut statement| {
                statement.execute(params![
                    id.as_bytes(),
                    command.request.as_bytes(),
                    number(|append| append.first_sequence_number),
                    number(|append| append.last_sequence_number),
                    command.result.canonical(),
                ])
            })
            .map_err(Fault::Database)?;
    }
    Ok(())
}
