//! Snapshots in a SQLite file of their own. It may be thrown away at any time.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use rusqlite_migration::{Error as MigrationError, M, MigrationDefinitionError, Migrations};

use crate::id::EventId;
use crate::snapshot::{FoldVersion, Snapshot, SnapshotError, SnapshotKey, SnapshotStore};
use crate::stream::StreamVersion;
use crate::upcaster::UpcastersVersion;

/// How long a call waits for another process.
const BUSY_TIME_MAX: Duration = Duration::from_secs(1);

/// The first format. Numbers that fill 64 bits are kept as they are in memory, so some are negative.
const FIRST: &str = "
    CREATE TABLE snapshot (
        stream TEXT NOT NULL,
        fold TEXT NOT NULL,
        fold_version INTEGER NOT NULL,
        upcasters INTEGER NOT NULL,
        version INTEGER NOT NULL,
        last_event BLOB NOT NULL,
        state BLOB NOT NULL,
        hash BLOB NOT NULL,
        PRIMARY KEY (stream, fold)
    ) STRICT;
";

/// Snapshots in a SQLite file.
pub struct SqliteSnapshots(Mutex<Connection>);

impl SqliteSnapshots {
    /// Opens a file, making it when it is not there.
    ///
    /// # Errors
    /// [`SnapshotError::Store`] when it is no database or cannot be made, [`SnapshotError::NewerVersion`] when a newer
    /// version made it.
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY_TIME_MAX).map_err(fault)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(fault)?;
        // What a power cut takes away is folded again.
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(fault)?;
        Migrations::new(vec![M::up(FIRST)])
            .to_latest(&mut connection)
            .map_err(|error| match error {
                MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                    SnapshotError::NewerVersion
                }
                other => SnapshotError::Store(other.into()),
            })?;
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // Each call is one statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SnapshotStore for SqliteSnapshots {
    fn load(&self, key: &SnapshotKey) -> Result<Option<Snapshot>, SnapshotError> {
        let sql = "SELECT fold_version, upcasters, version, last_event, state, hash
            FROM snapshot WHERE stream = ?1 AND fold = ?2";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let found = statement.query_row([key.stream.as_str(), key.fold.as_str()], |row| {
            Ok(Snapshot {
                fold_version: FoldVersion(row.get(0)?),
                upcasters: UpcastersVersion(row.get::<_, i64>(1)?.cast_unsigned()),
                version: StreamVersion(row.get::<_, i64>(2)?.cast_unsigned()),
                last_event: EventId::from_bytes(row.get(3)?),
                state: row.get(4)?,
                hash: row.get(5)?,
            })
        });
        found.optional().map_err(|error| match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => SnapshotError::Damaged(error.into()),
            other => fault(other),
        })
    }

    fn save(&self, key: &SnapshotKey, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        let connection = self.lock();
        let sql = "INSERT OR REPLACE INTO snapshot VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let values = params![
            key.stream.as_str(),
            key.fold.as_str(),
            snapshot.fold_version.0,
            snapshot.upcasters.0.cast_signed(),
            snapshot.version.0.cast_signed(),
            snapshot.last_event.as_bytes(),
            snapshot.state,
            snapshot.hash,
        ];
        statement.execute(values).map(drop).map_err(fault)
    }

    fn discard(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        let connection = self.lock();
        let sql = "DELETE FROM snapshot WHERE stream = ?1 AND fold = ?2";
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let values = [key.stream.as_str(), key.fold.as_str()];
        statement.execute(values).map(drop).map_err(fault)
    }
}

fn fault(error: rusqlite::Error) -> SnapshotError {
    SnapshotError::Store(error.into())
}
