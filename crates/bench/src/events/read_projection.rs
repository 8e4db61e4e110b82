//! The projections that the read benches run: a simple one, which writes one row for an event, and a complex one, which
//! reads and writes several.

use openprod_events::projection::{ApplyError, EventOrder, Projection, ProjectionVersion, SqliteTarget};
use openprod_events::{EventQuery, EventRecord, ProjectionName};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::bench_error::{BenchError, During as _};

/// What rows there are, whoever reads the events.
pub(crate) trait Rows {
    /// What makes their tables, in place of those that were there.
    fn tables(&self) -> &'static str;

    /// Writes what an event leads to.
    fn write(&self, rows: &Connection, seq: i64, account: &str, amount: i64) -> rusqlite::Result<()>;
}

/// The sum of each account.
pub(crate) struct Balances {
    name: ProjectionName,
}

/// The sum, the largest amount and the last event of each account, the accounts of each sum, and what happened last.
pub(crate) struct Ledger {
    name: ProjectionName,
}

impl Balances {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let name = ProjectionName::new("balances").during("name a projection")?;
        Ok(Self { name })
    }
}

impl Ledger {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let name = ProjectionName::new("ledger").during("name a projection")?;
        Ok(Self { name })
    }
}

impl Rows for Balances {
    fn tables(&self) -> &'static str {
        "DROP TABLE IF EXISTS balance;
         CREATE TABLE balance (account TEXT PRIMARY KEY, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    }

    fn write(&self, rows: &Connection, _: i64, account: &str, amount: i64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO balance VALUES (?1, ?2) ON CONFLICT DO UPDATE SET sum = sum + excluded.sum";
        rows.prepare_cached(sql)?.execute(params![account, amount])?;
        Ok(())
    }
}

impl Rows for Ledger {
    fn tables(&self) -> &'static str {
        "DROP TABLE IF EXISTS account; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS level;
         CREATE TABLE account (
            name TEXT PRIMARY KEY, sum INTEGER NOT NULL, largest INTEGER NOT NULL, last INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE entry (seq INTEGER PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL) STRICT;
         CREATE TABLE level (hundreds INTEGER PRIMARY KEY, accounts INTEGER NOT NULL) STRICT"
    }

    fn write(&self, rows: &Connection, seq: i64, account: &str, amount: i64) -> rusqlite::Result<()> {
        let before: Option<(i64, i64)> = rows
            .prepare_cached("SELECT sum, largest FROM account WHERE name = ?1")?
            .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (sum, largest) = before.unwrap_or((0, 0));
        rows.prepare_cached("INSERT OR REPLACE INTO account VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![account, sum + amount, largest.max(amount), seq])?;
        rows.prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3)")?
            .execute(params![seq, account, amount])?;
        let level = "INSERT INTO level VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET accounts = accounts + excluded.accounts";
        let mut level = rows.prepare_cached(level)?;
        if before.is_some() {
            level.execute(params![sum / 100, -1])?;
        }
        level.execute(params![(sum + amount) / 100, 1])?;
        Ok(())
    }
}

impl Projection<SqliteTarget> for Balances {
    fn name(&self) -> ProjectionName {
        self.name.clone()
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(1)
    }

    fn query(&self) -> EventQuery {
        EventQuery::all()
    }

    fn order(&self) -> EventOrder {
        EventOrder::Free
    }

    fn reset(&self, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        Ok(rows.execute_batch(self.tables())?)
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        apply(self, event, rows)
    }
}

impl Projection<SqliteTarget> for Ledger {
    fn name(&self) -> ProjectionName {
        self.name.clone()
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(1)
    }

    fn query(&self) -> EventQuery {
        EventQuery::all()
    }

    fn reset(&self, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        Ok(rows.execute_batch(self.tables())?)
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        apply(self, event, rows)
    }
}

/// Writes what an event leads to, which must be about an account and an amount.
fn apply(projection: &impl Rows, event: &EventRecord, rows: &Transaction<'_>) -> Result<(), ApplyError> {
    let value = event.payload.value();
    let account = value["key"]
        .as_str()
        .ok_or_else(|| ApplyError::event("it names no account"))?;
    let amount = value["amount"]
        .as_i64()
        .ok_or_else(|| ApplyError::event("it has no amount"))?;
    Ok(projection.write(rows, event.sequence_number.0 as i64, account, amount)?)
}
