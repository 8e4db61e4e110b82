//! A log of events by hand: two tables in SQLite, the index written in order, and no library around them.
//!
//! It checks nothing but what it is asked for, keeps no streams and no commands, and makes checkpoints when it pleases.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use crate::bench_error::{BenchError, During as _};

const TABLES: &str = "
    CREATE TABLE event (seq INTEGER PRIMARY KEY, event_id BLOB NOT NULL, occurred_at INTEGER NOT NULL,
        type_id INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;
    CREATE TABLE posting (type_id INTEGER, leaf INTEGER, seq INTEGER, PRIMARY KEY (type_id, leaf, seq))
        STRICT, WITHOUT ROWID;";

/// From which size on, in bytes, the write-ahead log is moved into the tables.
const WAL_BYTES_MAX: u64 = 256 << 20;

/// An event to be written: its type, and the texts and scalars that it can be found by.
pub(crate) struct Row {
    pub(crate) type_id: i64,
    pub(crate) payload: String,
    pub(crate) leaves: [i64; 4],
}

/// The tables.
pub(crate) struct EventRows {
    connection: Connection,
    head: i64,
    wal: std::path::PathBuf,
}

impl EventRows {
    pub(crate) fn create(path: &Path) -> Result<Self, BenchError> {
        let connection = open(path)?;
        connection
            .execute_batch(TABLES)
            .during("make the limit's tables")?;
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Self {
            connection,
            head: 0,
            wal: wal.into(),
        })
    }

    pub(crate) const fn head(&self) -> i64 {
        self.head
    }

    /// Writes events in one transaction.
    pub(crate) fn append(&mut self, rows: &[Row]) -> Result<(), BenchError> {
        self.write(rows).during("append by hand")?;
        let length = std::fs::metadata(&self.wal).map_or(0, |found| found.len());
        if length > WAL_BYTES_MAX {
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .during("make a checkpoint by hand")?;
        }
        Ok(())
    }

    fn write(&mut self, rows: &[Row]) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut postings = Vec::with_capacity(rows.len() * 4);
        {
            let mut insert = transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for row in rows {
                self.head += 1;
                let id = u128::from(self.head.unsigned_abs()).to_be_bytes();
                insert.execute(params![self.head, &id[..], self.head, row.type_id, row.payload])?;
                postings.extend(row.leaves.map(|leaf| [row.type_id, leaf, self.head]));
            }
            postings.sort_unstable();
            let mut insert = transaction.prepare_cached("INSERT INTO posting VALUES (?1, ?2, ?3)")?;
            for posting in postings {
                insert.execute(posting)?;
            }
        }
        transaction.commit()
    }

    /// Writes one event, provided that `newest` is still the last one of a list.
    pub(crate) fn append_if(&mut self, row: &Row, leaf: i64, newest: Option<i64>) -> Result<(), BenchError> {
        let act = "append under a condition by hand";
        self.begin("BEGIN IMMEDIATE").during(act)?;
        if self.seek(row.type_id, leaf).during(act)? != newest {
            return Err(BenchError::Wrong(
                "somebody else wrote the limit's tables".to_owned(),
            ));
        }
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(values))
                .during(act)
        };
        let seq = self.head + 1;
        let id = u128::from(seq.unsigned_abs()).to_be_bytes();
        let insert = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)";
        run(insert, &[&seq, &&id[..], &seq, &row.type_id, &row.payload])?;
        for leaf in row.leaves {
            run(
                "INSERT INTO posting VALUES (?1, ?2, ?3)",
                &[&row.type_id, &leaf, &seq],
            )?;
        }
        run("COMMIT", &[])?;
        self.head = seq;
        Ok(())
    }

    /// The last event of a list whose payload has a text.
    pub(crate) fn newest(&self, type_id: i64, leaf: i64, text: &str) -> Result<Option<i64>, BenchError> {
        let act = "check by hand";
        self.begin("BEGIN").during(act)?;
        let found = self.seek(type_id, leaf).during(act)?;
        if let Some(seq) = found {
            let held = self
                .connection
                .prepare_cached("SELECT payload FROM event WHERE seq = ?1")
                .and_then(|mut statement| {
                    statement.query_row([seq], |row| Ok(row.get_ref(0)?.as_str()?.contains(text)))
                });
            if !held.during(act)? {
                return Err(BenchError::Wrong(
                    "a posting of the limit leads astray".to_owned(),
                ));
            }
        }
        self.begin("ROLLBACK").during(act)?;
        Ok(found)
    }

    /// The payloads of a list, in order.
    pub(crate) fn list(&self, type_id: i64, leaf: i64) -> Result<Vec<Value>, BenchError> {
        let sql =
            "SELECT e.seq, e.event_id, e.occurred_at, e.payload FROM posting p JOIN event e ON e.seq = p.seq
            WHERE p.type_id = ?1 AND p.leaf = ?2 ORDER BY p.seq";
        let act = "query by hand";
        let mut statement = self.connection.prepare_cached(sql).during(act)?;
        let mut rows = statement.query([type_id, leaf]).during(act)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().during(act)? {
            let text = row.get_ref(3).during(act)?.as_str().during(act)?;
            found.push(serde_json::from_str(text).during(act)?);
        }
        Ok(found)
    }

    /// The events after `after`, `limit` at most, with their numbers.
    pub(crate) fn page(&self, after: i64, limit: usize) -> Result<Vec<(i64, Value)>, BenchError> {
        // A bound limit would have the statement prepared anew each time.
        let sql = format!(
            "SELECT seq, event_id, occurred_at, type_id, payload FROM event WHERE seq > ?1 ORDER BY seq LIMIT {limit}"
        );
        let act = "read a page by hand";
        let mut statement = self.connection.prepare_cached(&sql).during(act)?;
        let mut rows = statement.query([after]).during(act)?;
        let mut page = Vec::with_capacity(limit);
        while let Some(row) = rows.next().during(act)? {
            let text = row.get_ref(4).during(act)?.as_str().during(act)?;
            let value = serde_json::from_str(text).during(act)?;
            page.push((row.get(0).during(act)?, value));
        }
        Ok(page)
    }

    fn seek(&self, type_id: i64, leaf: i64) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached(
                "SELECT seq FROM posting WHERE type_id = ?1 AND leaf = ?2 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([type_id, leaf], |row| row.get(0))
            .optional()
    }

    fn begin(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

fn open(path: &Path) -> Result<Connection, BenchError> {
    let settings = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768;";
    let connection = Connection::open(path).during("open the limit's log")?;
    connection
        .execute_batch(settings)
        .during("open the limit's log")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}
