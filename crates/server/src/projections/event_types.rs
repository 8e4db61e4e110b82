//! `event_types`: which kinds of facts there are, how many of each, and when the first and the last happened.

use openprod_events::projection::{ApplyError, EventOrder, Projection, ProjectionVersion, SqliteTarget};
use openprod_events::{EventQuery, EventRecord, ProjectionName};
use rusqlite::{Transaction, params};

use super::rows::{Cursor, Listing};

/// Its name.
pub(super) const NAME: &str = "event_types";

/// Its rows, by event type.
pub(super) const ROWS: Listing = Listing {
    sql:
        "SELECT event_type, event_type, count, first_sequence_number, first_at, last_sequence_number, last_at
        FROM event_types WHERE event_type > ?1 ORDER BY event_type LIMIT ?2",
    times: &["first_at", "last_at"],
    first: Cursor::Text(""),
    name: NAME,
};

/// The projection.
pub(super) struct EventTypes;

impl Projection<SqliteTarget> for EventTypes {
    fn name(&self) -> ProjectionName {
        ProjectionName::new(NAME).expect("it is short and without control characters")
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(1)
    }

    fn query(&self) -> EventQuery {
        EventQuery::all()
    }

    /// First and last are those by this device's count, in which facts never come later.
    fn order(&self) -> EventOrder {
        EventOrder::Free
    }

    fn reset(&self, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        rows.execute_batch(
            "DROP TABLE IF EXISTS event_types;
            CREATE TABLE event_types (
                event_type TEXT PRIMARY KEY,
                count INTEGER NOT NULL,
                first_sequence_number INTEGER NOT NULL,
                first_at INTEGER NOT NULL,
                last_sequence_number INTEGER NOT NULL,
                last_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(())
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        rows.prepare_cached(
            "INSERT INTO event_types VALUES (?1, 1, ?2, ?3, ?2, ?3) ON CONFLICT (event_type) DO UPDATE SET
                count = count + 1, last_sequence_number = ?2, last_at = ?3",
        )?
        .execute(params![
            event.event_type.as_str(),
            super::stored(event.sequence_number.0),
            super::stored(event.occurred_at.as_millis().saturating_mul(1_000)),
        ])?;
        Ok(())
    }
}
