//! The projection that the tests use: what each key sums up to, in every target. Applying an event twice, or not at all,
//! shows in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openprod_events::projection::{
    ApplyError, EventOrder, MemoryTarget, PostgresRows, PostgresTarget, Projection, ProjectionVersion,
    SqliteTarget,
};
use openprod_events::{EventFilter, EventQuery, EventRecord, NewEvent, PostgresConfig, ProjectionName};
use rusqlite::{Transaction, params};
use serde::Deserialize;
use serde_json::json;

use crate::stores::{event, event_type, stream};

/// What each key sums up to, how many events there were, and in which order they were applied.
pub(crate) type Tally = BTreeMap<String, (i64, i64, String)>;

/// Sums by key.
#[derive(Clone)]
pub(crate) struct TallyProjection {
    pub(crate) version: u32,
    pub(crate) order: EventOrder,
    /// Events with this number are refused.
    pub(crate) refuses: Arc<AtomicU64>,
    /// Events with this number make it panic.
    pub(crate) panics_at: Arc<AtomicU64>,
}

#[derive(Deserialize)]
struct Counted {
    key: String,
    n: u64,
}

pub(crate) fn counted(key: u64, n: u64) -> NewEvent {
    event("counted", json!({"key": format!("k{key}"), "n": n})).in_stream(stream(&format!("s{key}")))
}

impl Default for TallyProjection {
    fn default() -> Self {
        Self {
            version: 1,
            order: EventOrder::Ordered,
            refuses: Arc::new(AtomicU64::new(u64::MAX)),
            panics_at: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }
}

impl TallyProjection {
    pub(crate) fn name() -> ProjectionName {
        ProjectionName::new("tally").unwrap()
    }

    pub(crate) fn of_version(version: u32) -> Self {
        Self {
            version,
            ..Self::default()
        }
    }

    fn read(&self, event: &EventRecord) -> Result<Counted, ApplyError> {
        let counted: Counted = event.payload.read()?;
        if counted.n == self.refuses.load(Ordering::SeqCst) {
            return Err(ApplyError::event("it is refused"));
        }
        if counted.n == self.panics_at.load(Ordering::SeqCst) {
            panic!("it panics at {}", counted.n);
        }
        Ok(counted)
    }
}

macro_rules! described {
    () => {
        fn name(&self) -> ProjectionName {
            Self::name()
        }

        fn version(&self) -> ProjectionVersion {
            ProjectionVersion(self.version)
        }

        fn query(&self) -> EventQuery {
            EventQuery::any_of([EventFilter::of_types([event_type("counted")])])
        }

        fn order(&self) -> EventOrder {
            self.order
        }
    };
}

impl Projection<MemoryTarget<Tally>> for TallyProjection {
    described!();

    fn reset(&self, rows: &mut Tally) -> Result<(), ApplyError> {
        rows.clear();
        Ok(())
    }

    fn apply(&self, event: &EventRecord, rows: &mut Tally) -> Result<(), ApplyError> {
        // Written before it may fail: nothing of that may stay.
        let Counted { key, n } = event.payload.read()?;
        let row = rows.entry(key).or_default();
        row.0 += n as i64;
        row.1 += 1;
        row.2 += &format!("{},", event.sequence_number);
        self.read(event).map(drop)
    }
}

impl Projection<SqliteTarget> for TallyProjection {
    described!();

    fn reset(&self, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        rows.execute_batch(
            "DROP TABLE IF EXISTS tally;
             CREATE TABLE tally (key TEXT PRIMARY KEY, sum INTEGER, events INTEGER, numbers TEXT) STRICT",
        )?;
        Ok(())
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        let Counted { key, n } = event.payload.read()?;
        let sql = "INSERT INTO tally VALUES (?1, ?2, 1, ?3) ON CONFLICT DO UPDATE
            SET sum = sum + excluded.sum, events = events + 1, numbers = numbers || excluded.numbers";
        rows.prepare_cached(sql)?
            .execute(params![key, n as i64, format!("{},", event.sequence_number)])?;
        self.read(event).map(drop)
    }
}

impl Projection<PostgresTarget> for TallyProjection {
    described!();

    fn reset(&self, rows: &mut PostgresRows<'_>) -> Result<(), ApplyError> {
        rows.batch(
            "DROP TABLE IF EXISTS tally;
             CREATE TABLE tally (key text PRIMARY KEY, sum bigint, events bigint, numbers text)",
        )
    }

    fn apply(&self, event: &EventRecord, rows: &mut PostgresRows<'_>) -> Result<(), ApplyError> {
        let Counted { key, n } = event.payload.read()?;
        let sql = "INSERT INTO tally VALUES ($1, $2, 1, $3) ON CONFLICT (key) DO UPDATE
            SET sum = tally.sum + excluded.sum, events = tally.events + 1, numbers = tally.numbers || excluded.numbers";
        rows.execute(sql, &[&key, &(n as i64), &format!("{},", event.sequence_number)])?;
        self.read(event).map(drop)
    }
}

/// What the log sums up to, without `except`.
pub(crate) fn fold(log: &[EventRecord], except: &[u64]) -> Tally {
    let mut tally = Tally::new();
    for record in log {
        if record.event_type.as_str() != "counted" || except.contains(&record.sequence_number.0) {
            continue;
        }
        let Counted { key, n } = record.payload.read().unwrap();
        let row = tally.entry(key).or_default();
        row.0 += n as i64;
        row.1 += 1;
        row.2 += &format!("{},", record.sequence_number);
    }
    tally
}

pub(crate) fn rows_of_sqlite(path: &Path) -> Tally {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT key, sum, events, numbers FROM tally")
        .unwrap();
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

pub(crate) fn rows_of_postgres(config: &PostgresConfig) -> Tally {
    let mut client = postgres::Client::connect(&config.url, postgres::NoTls).unwrap();
    let sql = format!("SELECT key, sum, events, numbers FROM {}.tally", config.schema);
    let rows = client.query(&sql, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3))))
        .collect()
}
