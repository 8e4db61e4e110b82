//! The store on disk: one SQLite file, with a write-ahead log, that is synchronised at every commit.
//!
//! The writer has one connection and never waits for readers; readers have their own. A thread of its own moves the
//! write-ahead log into the file; only if that lags far behind does the writer cut the log back itself.

mod checkpoint;
mod connection;
mod pool;
mod schema;
mod view;
mod writer;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::error::StorageError;
use crate::high_water::{HighWater, Mark};
use crate::sqlite::checkpoint::{Checkpointer, PASSIVE_BYTES};
use crate::sqlite::pool::Pool;
use crate::sqlite::view::View;
use crate::sqlite::writer::Writer;
use crate::storage::{Position, Read as _, Readers, Storage, Write};

/// How long the writer waits for readers to leave before it gives up cutting the write-ahead log back for now.
const TRUNCATE_PATIENCE: Duration = Duration::from_millis(20);

/// A store in a SQLite file.
pub struct SqliteStorage {
    connection: Connection,
    readers: Pool,
    checkpointer: Checkpointer,
    high_water: HighWater,
    /// Where the log ends.
    mark: Mark,
    tail_lost: bool,
    /// Why nothing is written any more.
    failure: Option<String>,
    /// How much has been written since a checkpoint was asked for, in bytes of payload.
    unchecked: u64,
}

impl SqliteStorage {
    /// Makes an empty store in a new file.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        Self::open_or_create(path, true)
    }

    /// Opens a store, bringing an older file to the present tables.
    ///
    /// # Errors
    /// [`StorageError::Unreadable`] when the file is not such a store, [`StorageError::NewerVersion`] when a newer
    /// version wrote it, [`StorageError::Full`] when there is no room to open it.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        Self::open_or_create(path, false)
    }

    fn open_or_create(path: &Path, create: bool) -> Result<Self, StorageError> {
        let connection = connection::open_writer(path, create)?;
        let (mut high_water, noted) = HighWater::open(&HighWater::path_beside(path))?;
        let view = View(&connection);
        let last = view.last()?;
        let tail_lost = noted.map_or(Ok(false), |noted| noted.is_missing_from(&view))?;
        let hash = match last.0.checked_sub(1) {
            Some(before) => view.places(Position(before), 1)?.first().map(|place| place.hash),
            None => None,
        };
        let mark = hash.map_or(Mark::EMPTY, |hash| Mark { position: last, hash });
        if !tail_lost {
            high_water.record(mark);
        }
        Ok(Self {
            connection,
            readers: Pool::new(path.to_owned()),
            checkpointer: Checkpointer::spawn(path)?,
            high_water,
            mark,
            tail_lost,
            failure: None,
            unchecked: 0,
        })
    }

    /// Notes a commit, and sees to checkpoints.
    fn committed(&mut self, mark: Mark, bytes: u64) {
        if mark != self.mark {
            self.mark = mark;
            self.high_water.record(mark);
        }
        self.unchecked += bytes;
        if self.unchecked > PASSIVE_BYTES {
            self.unchecked = 0;
            self.checkpointer.wake();
            if self.checkpointer.is_overgrown() {
                self.truncate();
            }
        }
    }

    /// Cuts the write-ahead log back, unless readers are at work.
    fn truncate(&self) {
        self.readers.without_readers(TRUNCATE_PATIENCE, || {
            let cut = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            if let Err(error) = cut {
                tracing::warn!(%error, "the write-ahead log could not be cut back");
            }
        });
    }

    /// Judges a failed write: a full disk can be mended, a failing one cannot be trusted any more.
    fn failed(&mut self, error: rusqlite::Error) -> StorageError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StorageError::Full,
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt) => {
                let reason = error.to_string();
                self.failure = Some(reason.clone());
                StorageError::ReadOnly { reason }
            }
            _ => StorageError::Database(error),
        }
    }
}

impl Storage for SqliteStorage {
    fn begin(&mut self) -> Result<Box<dyn Write + '_>, StorageError> {
        if let Some(reason) = &self.failure {
            return Err(StorageError::ReadOnly { reason: reason.clone() });
        }
        Ok(Box::new(Writer::begin(self)?))
    }

    fn readers(&self) -> Box<dyn Readers> {
        Box::new(self.readers.clone())
    }

    fn tail_lost(&self) -> bool {
        self.tail_lost
    }
}
