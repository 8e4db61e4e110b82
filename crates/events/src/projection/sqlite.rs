//! Rows in a SQLite file of their own, beside the one of the events: any program may read it.
//!
//! Several projections may share a file, each with a connection of its own; SQLite lets one of them write at a time.
//! Transactions are not flushed one by one: what a power cut takes away is applied again, because rows and position go
//! together.

use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Row, Transaction, TransactionBehavior, params,
};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use crate::event::SequenceNumber;
use crate::id::EventId;
use crate::name::ProjectionName;
use crate::projection::{
    ApplyError, Aside, Checkpoint, ProjectionTarget, ProjectionVersion, SetAside, TargetError,
};

/// How long a connection waits for another one that writes.
const BUSY_TIME_MAX: Duration = Duration::from_secs(5);

/// The page cache, in KiB, as SQLite wants it: negative.
const CACHE: i32 = -32_768;

/// How many prepared statements are kept.
const STATEMENTS: usize = 128;

/// The tables of this library; all others of the file belong to the projections. The number of their format is
/// the file's `user_version`.
const FIRST: &str = "
    CREATE TABLE openprod_projection (
        name TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        position INTEGER,
        rebuilding_to INTEGER,
        applied INTEGER NOT NULL,
        set_aside INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE openprod_set_aside (
        name TEXT NOT NULL,
        seq INTEGER NOT NULL,
        event_id BLOB,
        reason TEXT NOT NULL,
        PRIMARY KEY (name, seq)
    ) STRICT, WITHOUT ROWID;
";

/// A target in a SQLite file.
pub struct SqliteTarget {
    connection: Connection,
}

impl SqliteTarget {
    /// Opens a target, making the file when it is not there.
    ///
    /// # Errors
    /// [`TargetError::Broken`] when the file is no database or cannot be made, [`TargetError::NewerVersion`] when a newer
    /// version of this library made it.
    pub fn open(path: &Path) -> Result<Self, TargetError> {
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY_TIME_MAX).map_err(fault)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(fault)?;
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(fault)?;
        connection
            .pragma_update(None, "cache_size", CACHE)
            .map_err(fault)?;
        Migrations::new(vec![M::up(FIRST)])
            .to_latest(&mut connection)
            .map_err(|error| match error {
                MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                    TargetError::NewerVersion
                }
                MigrationError::RusqliteError { err, .. } => fault(err),
                other => TargetError::Broken(other.into()),
            })?;
        Ok(Self { connection })
    }
}

impl ProjectionTarget for SqliteTarget {
    type Rows<'t> = Transaction<'t>;

    fn checkpoint(&mut self, name: &ProjectionName) -> Result<Option<Checkpoint>, TargetError> {
        read_checkpoint(&self.connection, name).map_err(read_fault)
    }

    fn transact(
        &mut self,
        name: &ProjectionName,
        from: Option<&Checkpoint>,
        checkpoint: &Checkpoint,
        aside: Aside<'_>,
        write: &mut dyn FnMut(&mut Transaction<'_>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let mut transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        if read_checkpoint(&transaction, name).map_err(read_fault)?.as_ref() != from {
            return Err(TargetError::Moved.into());
        }
        write(&mut transaction)?;
        note(&transaction, name, checkpoint, aside).map_err(fault)?;
        transaction.commit().map_err(fault)?;
        Ok(())
    }

    fn set_aside(&mut self, name: &ProjectionName, limit: usize) -> Result<Vec<SetAside>, TargetError> {
        let sql =
            "SELECT seq, event_id, reason FROM openprod_set_aside WHERE name = ?1 ORDER BY seq LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let rows = statement.query_map(params![name.as_str(), limit], |row| {
            Ok(SetAside {
                sequence_number: SequenceNumber(row.get::<_, i64>(0)?.unsigned_abs()),
                event_id: row.get::<_, Option<[u8; 16]>>(1)?.map(EventId::from_bytes),
                reason: row.get(2)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(read_fault)
    }
}

fn read_checkpoint(connection: &Connection, name: &ProjectionName) -> rusqlite::Result<Option<Checkpoint>> {
    let sql = "SELECT version, position, rebuilding_to, applied, set_aside
        FROM openprod_projection WHERE name = ?1";
    let position = |row: &Row<'_>, column: usize| -> rusqlite::Result<Option<SequenceNumber>> {
        let stored: Option<i64> = row.get(column)?;
        Ok(stored.map(|stored| SequenceNumber(stored.unsigned_abs())))
    };
    connection
        .prepare_cached(sql)?
        .query_row([name.as_str()], |row| {
            Ok(Checkpoint {
                version: ProjectionVersion(row.get(0)?),
                position: position(row, 1)?,
                rebuilding_to: position(row, 2)?,
                applied: row.get::<_, i64>(3)?.unsigned_abs(),
                set_aside: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })
        .optional()
}

fn note(
    transaction: &Transaction<'_>,
    name: &ProjectionName,
    checkpoint: &Checkpoint,
    aside: Aside<'_>,
) -> rusqlite::Result<()> {
    let stored = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let number = |position: Option<SequenceNumber>| position.map(|position| stored(position.0));
    transaction
        .prepare_cached("INSERT OR REPLACE INTO openprod_projection VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            name.as_str(),
            checkpoint.version.0,
            number(checkpoint.position),
            number(checkpoint.rebuilding_to),
            stored(checkpoint.applied),
            stored(checkpoint.set_aside),
        ])?;
    match aside {
        Aside::Keep => {}
        Aside::Add(event) => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO openprod_set_aside VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![
                    name.as_str(),
                    stored(event.sequence_number.0),
                    event.event_id.as_ref().map(EventId::as_bytes),
                    event.reason,
                ])?;
        }
        Aside::Forget => {
            transaction
                .prepare_cached("DELETE FROM openprod_set_aside WHERE name = ?1")?
                .execute([name.as_str()])?;
        }
    }
    Ok(())
}

/// What an error of the file means: a lock or a full disk is a matter of time.
fn fault(error: rusqlite::Error) -> TargetError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => {
            TargetError::Unavailable(error.into())
        }
        _ => TargetError::Broken(error.into()),
    }
}

/// A value of another kind than was written is damage, and no error of the database.
fn read_fault(error: rusqlite::Error) -> TargetError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => TargetError::Damaged(error.into()),
        other => fault(other),
    }
}

impl From<rusqlite::Error> for ApplyError {
    /// An error that a projection met: of the file, or of what it did with an event, such as a constraint that does not
    /// hold.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::CannotOpen
                | ErrorCode::NotADatabase
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Target(fault(error)),
            _ => Self::event(error),
        }
    }
}
