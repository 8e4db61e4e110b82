//! The store on disk: one SQLite file, with a write-ahead log, that is synchronised at every commit.
//!
//! The writer has one connection and never waits for readers; readers have their own. A thread of its own moves the
//! write-ahead log into the file; only if that lags far behind does the writer cut the log back itself.

mod connection;
mod pool;
mod schema;
mod view;
mod writer;

use std::path::Path;

use openprod_wal::{Checkpointer, Failure, LogSizes, Pool, StartError, is_failing, is_full};
use rusqlite::Connection;

use crate::error::StorageError;
use crate::high_water::{HighWater, Mark};
use crate::sqlite::view::View;
use crate::sqlite::writer::Writer;
use crate::storage::{Position, Read as _, Readers, Storage, Write};

/// How large the write-ahead log becomes: little of it is to be read again after a crash.
const LOG_SIZES: LogSizes = LogSizes {
    passive_bytes: 4 << 20,
    bytes_max: 32 << 20,
};

/// A store in a SQLite file.
pub struct SqliteStorage {
    connection: Connection,
    readers: Pool,
    checkpointer: Checkpointer,
    high_water: HighWater,
    /// Where the log ends.
    mark: Mark,
    tail_lost: bool,
    /// Why nothing is written any more; the checkpointer shares it.
    failure: Failure,
}

impl SqliteStorage {
    /// Makes an empty store in a new file.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the file is there already or cannot be made, [`StorageError::Full`] when there is no
    /// room for it.
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
        let failure = Failure::default();
        let checkpointer = Checkpointer::spawn(
            path,
            connection::open_checkpointer(path)?,
            LOG_SIZES,
            connection::BUSY_TIME_MAX,
            failure.clone(),
        );
        let checkpointer = checkpointer.map_err(|error| match error {
            StartError::Database(source) => StorageError::Database(source),
            StartError::Thread(source) => StorageError::Io {
                path: path.to_owned(),
                source,
            },
        })?;
        Ok(Self {
            connection,
            readers: pool::readers_of(path.to_owned()),
            checkpointer,
            high_water,
            mark,
            tail_lost,
            failure,
        })
    }

    /// Notes a commit, and sees to checkpoints.
    fn committed(&mut self, mark: Mark) {
        if mark != self.mark {
            self.mark = mark;
            self.high_water.record(mark);
        }
        if let Err(error) = self.checkpointer.after_commit(&self.connection, &self.readers) {
            // The commit stands; whether another may follow is decided here.
            self.failure.judge_checkpoint(&error);
        }
    }

    /// Judges a failed write: a full disk can be mended, a failing one cannot be trusted any more.
    fn failed(&self, error: rusqlite::Error) -> StorageError {
        if is_full(&error) {
            return StorageError::Full;
        }
        if is_failing(&error) {
            let reason = self.failure.record(|| error.to_string()).to_owned();
            return StorageError::ReadOnly { reason };
        }
        StorageError::Database(error)
    }

    fn check_writable(&self) -> Result<(), StorageError> {
        match self.failure.reason() {
            Some(reason) => Err(StorageError::ReadOnly {
                reason: reason.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl Storage for SqliteStorage {
    fn begin(&mut self) -> Result<Box<dyn Write + '_>, StorageError> {
        self.check_writable()?;
        Ok(Box::new(Writer::begin(self)?))
    }

    fn readers(&self) -> Box<dyn Readers> {
        Box::new(self.readers.clone())
    }

    fn tail_lost(&self) -> bool {
        self.tail_lost
    }
}
