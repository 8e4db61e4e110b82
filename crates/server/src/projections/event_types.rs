//! `event_types`: which kinds of facts there are, how many of each, and when the first and the last happened.
//!
//! A command that was given on two devices apart is one effect. When the bundle that counts turns up after the other, its
//! facts come although those of the other were counted: which were, is kept, so that none counts twice.

use openprod_engine::Snapshots;
use openprod_events::projection::{ApplyError, EventOrder, Projection, ProjectionVersion, SqliteTarget};
use openprod_events::{EventQuery, EventRecord, ProjectionName};
use rusqlite::{Transaction, params};

use super::rows::{Cursor, Listing};
use super::{stored, unavailable};

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
pub(super) struct EventTypes {
    snapshots: Snapshots,
}

impl EventTypes {
    pub(super) const fn new(snapshots: Snapshots) -> Self {
        Self { snapshots }
    }
}

impl Projection<SqliteTarget> for EventTypes {
    fn name(&self) -> ProjectionName {
        ProjectionName::new(NAME).expect("it is short and without control characters")
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(2)
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
            DROP TABLE IF EXISTS event_types_counted;
            CREATE TABLE event_types_counted (sequence_number INTEGER PRIMARY KEY) STRICT;
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
        let number = event.sequence_number.0;
        let snapshot = self.snapshots.take().map_err(unavailable)?;
        let facts = snapshot.facts();
        let mut added = 1;
        if let Some(fact) = facts.fact(number).map_err(unavailable)? {
            let mut take_out =
                rows.prepare_cached("DELETE FROM event_types_counted WHERE sequence_number = ?1")?;
            for twin in facts.twins(&fact).map_err(unavailable)? {
                if take_out.execute([stored(twin)])? > 0 {
                    added = 0;
                }
            }
        }
        rows.prepare_cached("INSERT INTO event_types_counted VALUES (?1)")?
            .execute([stored(number)])?;
        rows.prepare_cached(
            "INSERT INTO event_types VALUES (?1, 1, ?2, ?3, ?2, ?3) ON CONFLICT (event_type) DO UPDATE SET
                count = count + ?4, last_sequence_number = ?2, last_at = ?3",
        )?
        .execute(params![
            event.event_type.as_str(),
            stored(number),
            stored(event.occurred_at.as_millis().saturating_mul(1_000)),
            added,
        ])?;
        Ok(())
    }
}
