//! Listing records: an SQLite table with a column for each field, and an index made for the very question.

use openprod_core::Value;
use openprod_engine::Fields;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ToSql, params, params_from_iter};

use crate::bench_error::{BenchError, During as _};

/// The table's columns: those of [`workload`](crate::workload), in order.
const SCHEMA: &str = "CREATE TABLE performance (
    id INTEGER PRIMARY KEY, title TEXT, venue TEXT, day INTEGER, seats INTEGER, starts INTEGER, contact TEXT,
    status TEXT, price REAL, length INTEGER, sold_out INTEGER)";

const INSERT: &str =
    "INSERT INTO performance (title, venue, day, seats, starts, contact, status, price, length, sold_out)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// A page takes a seek in this index, and nothing else but the rows of the page and those that cost too little.
const INDEX: &str = "CREATE INDEX by_seats ON performance (status, seats DESC, id)";

/// A table of records in memory, so that no disk is measured.
pub(crate) struct SqlTable(Connection);

impl SqlTable {
    pub(crate) fn new(rows: impl Iterator<Item = Fields>) -> Result<Self, BenchError> {
        let mut connection = Connection::open_in_memory().during("make a table")?;
        connection.execute_batch(SCHEMA).during("make a table")?;
        let transaction = connection.transaction().during("fill a table")?;
        {
            let mut insert = transaction.prepare(INSERT).during("fill a table")?;
            for row in rows {
                let values = row.iter().map(|(_, value)| Cell(value));
                insert.execute(params_from_iter(values)).during("fill a table")?;
            }
        }
        transaction.commit().during("fill a table")?;
        connection.execute_batch(INDEX).during("index a table")?;
        connection.execute_batch("ANALYZE").during("index a table")?;
        Ok(Self(connection))
    }

    /// The seats of the page: of the records of this status that cost so much or more, those with the most seats, and
    /// of them those with fewer seats than `below`.
    pub(crate) fn page(
        &self,
        status: &str,
        price: f64,
        below: i64,
        limit: usize,
    ) -> Result<Vec<i64>, BenchError> {
        let sql = "SELECT * FROM performance WHERE status = ?1 AND seats < ?3 AND price >= ?2
                   ORDER BY seats DESC, id LIMIT ?4";
        let mut statement = self.0.prepare_cached(sql).during("ask a table")?;
        let mut rows = statement
            .query(params![status, price, below, limit as i64])
            .during("ask a table")?;
        let mut seats = Vec::with_capacity(limit);
        while let Some(row) = rows.next().during("ask a table")? {
            // The record is read as a whole, as a caller would.
            let (title, venue): (String, String) = (
                row.get(1).during("ask a table")?,
                row.get(2).during("ask a table")?,
            );
            std::hint::black_box((title, venue));
            seats.push(row.get(4).during("ask a table")?);
        }
        Ok(seats)
    }

    /// How many records there are of this status that cost so much or more.
    pub(crate) fn count(&self, status: &str, price: f64) -> Result<u64, BenchError> {
        let sql = "SELECT count(*) FROM performance WHERE status = ?1 AND price >= ?2";
        let mut statement = self.0.prepare_cached(sql).during("ask a table")?;
        let count: i64 = statement
            .query_row(params![status, price], |row| row.get(0))
            .during("ask a table")?;
        Ok(count as u64)
    }

    /// How many records have this in a text; reads every row, as a search for a part of a word must.
    pub(crate) fn search(&self, text: &str) -> Result<u64, BenchError> {
        let sql = "SELECT count(*) FROM performance
                   WHERE title LIKE ?1 OR venue LIKE ?1 OR contact LIKE ?1 OR status LIKE ?1";
        let mut statement = self.0.prepare_cached(sql).during("search a table")?;
        let count: i64 = statement
            .query_row([format!("%{text}%")], |row| row.get(0))
            .during("search a table")?;
        Ok(count as u64)
    }
}

/// A value as the table keeps it.
struct Cell<'a>(&'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Text(text) | Value::Enum(text) => text.as_str().into(),
            Value::Integer(number) | Value::Duration(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(truth) => (*truth).into(),
            Value::Date(days) => (*days).into(),
            Value::DateTime(at) => at.micros.into(),
            // The workload has no others.
            _ => rusqlite::types::Null.into(),
        })
    }
}
