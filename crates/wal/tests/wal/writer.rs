//! A small store: one table, a writer that commits and sees to checkpoints as the stores do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use openprod_wal::{Checkpointer, Failure, LogSizes, Pool};
use rusqlite::{Connection, TransactionBehavior};

const BUSY_TIME: Duration = Duration::from_secs(5);

/// Small, so that a test crosses them often.
pub(crate) const SIZES: LogSizes = LogSizes {
    passive_bytes: 1 << 20,
    bytes_max: 4 << 20,
};

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) readers: Pool,
    checkpointer: Checkpointer,
}

impl Writer {
    pub(crate) fn open(path: &Path) -> Self {
        let connection = open(path).unwrap();
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS item (key INTEGER PRIMARY KEY, value BLOB) STRICT")
            .unwrap();
        let checkpointer =
            Checkpointer::spawn(path, open(path).unwrap(), SIZES, BUSY_TIME, Failure::default()).unwrap();
        Self {
            connection,
            readers: Pool::new(path.to_owned(), 4, 4, open),
            checkpointer,
        }
    }

    /// Commits one row of so many bytes.
    pub(crate) fn put(&mut self, key: i64, bytes: usize) {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        transaction
            .execute(
                "INSERT OR REPLACE INTO item VALUES (?1, ?2)",
                (key, vec![7; bytes]),
            )
            .unwrap();
        transaction.commit().unwrap();
        self.checkpointer
            .after_commit(&self.connection, &self.readers)
            .unwrap();
    }
}

pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIME)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// How long the file of the write-ahead log is, in bytes.
pub(crate) fn log_bytes(path: &Path) -> u64 {
    std::fs::metadata(log_of(path)).map_or(0, |metadata| metadata.len())
}

pub(crate) fn rows(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT count(*) FROM item", [], |row| row.get(0))
        .unwrap()
}
