//! `event_streams`: which streams there are, how far each has come, and what happened there last.

use openprod_engine::Snapshots;
use openprod_events::projection::{ApplyError, EventOrder, Projection, ProjectionVersion, SqliteTarget};
use openprod_events::{EventQuery, EventRecord, ProjectionName};
use rusqlite::{Transaction, params};

use super::rows::{Cursor, Listing};
use super::{stored, unavailable};

/// Its name.
pub(super) const NAME: &str = "event_streams";

/// Its rows, by stream.
pub(super) const ROWS: Listing = Listing {
    sql: "SELECT stream, stream, version, first_sequence_number, first_at, last_sequence_number, last_at,
            last_event_type
        FROM event_streams WHERE stream > ?1 ORDER BY stream LIMIT ?2",
    times: &["first_at", "last_at"],
    first: Cursor::Text(""),
    name: NAME,
};

/// The projection.
pub(super) struct EventStreams {
    snapshots: Snapshots,
}

impl EventStreams {
    pub(super) const fn new(snapshots: Snapshots) -> Self {
        Self { snapshots }
    }
}

impl Projection<SqliteTarget> for EventStreams {
    fn name(&self) -> ProjectionName {
        ProjectionName::new(NAME).expect("it is short and without control characters")
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(1)
    }

    fn query(&self) -> EventQuery {
        EventQuery::all()
    }

    /// Versions are those by this device's count, in which facts never come later.
    fn order(&self) -> EventOrder {
        EventOrder::Free
    }

    fn reset(&self, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        rows.execute_batch(
            "DROP TABLE IF EXISTS event_streams;
            CREATE TABLE event_streams (
                stream TEXT PRIMARY KEY,
                version INTEGER NOT NULL,
                first_sequence_number INTEGER NOT NULL,
                first_at INTEGER NOT NULL,
                last_sequence_number INTEGER NOT NULL,
                last_at INTEGER NOT NULL,
                last_event_type TEXT NOT NULL
            ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        if event.stream.is_none() {
            return Ok(());
        }
        // An event names one stream; a fact may be in several.
        let snapshot = self.snapshots.take().map_err(unavailable)?;
        let number = event.sequence_number.0;
        let fact = snapshot.facts().fact(number).map_err(unavailable)?;
        let mut upsert = rows.prepare_cached(
            "INSERT INTO event_streams VALUES (?1, ?2, ?3, ?4, ?3, ?4, ?5) ON CONFLICT (stream) DO UPDATE SET
                version = ?2, last_sequence_number = ?3, last_at = ?4, last_event_type = ?5",
        )?;
        for position in fact.into_iter().flat_map(|fact| fact.streams) {
            upsert.execute(params![
                position.stream.as_str(),
                stored(position.version.0),
                stored(number),
                stored(event.occurred_at.as_millis().saturating_mul(1_000)),
                event.event_type.as_str(),
            ])?;
        }
        Ok(())
    }
}
