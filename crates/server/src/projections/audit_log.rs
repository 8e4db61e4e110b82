//! `audit_log`: every command that was ever carried out, with who gave it, on which device, when and why; and the index
//! by which the audit trail finds commands.
//!
//! What a command did is not in it: that depends on what came later, and is read from the log.

use openprod_core::{ActorId, Timestamp};
use openprod_events::projection::{ApplyError, EventOrder, Projection, ProjectionVersion, SqliteTarget};
use openprod_events::{EventQuery, EventRecord, ProjectionName};
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params, params};

use super::rows::{Cursor, Listing};
use super::source::CommandGiven;
use super::stored;

/// Its name.
pub(super) const NAME: &str = "audit_log";

/// Its rows, newest first.
pub(super) const ROWS: Listing = Listing {
    sql: "SELECT position, position, command_id, command_type, actor_id, device, at, source, correlation_id,
            causation_id, justification, approval_id, bundle_id, operations
        FROM audit_log WHERE position < ?1 ORDER BY position DESC LIMIT ?2",
    times: &["at"],
    first: Cursor::Number(i64::MAX),
    name: NAME,
};

/// Which commands are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    /// Who gave them.
    pub(crate) actor: Option<ActorId>,
    /// What kind they are.
    pub(crate) command_type: Option<String>,
    /// They were given at this time or later.
    pub(crate) since: Option<Timestamp>,
    /// They were given before this time.
    pub(crate) until: Option<Timestamp>,
}

/// Where to look for commands.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// Everything up to this place of commit order is in the index. What is beyond must be looked at one by one.
    pub(crate) indexed_to: u64,
    /// Places at which such a command is, and some at which none may be; descending.
    pub(crate) positions: Vec<u64>,
}

/// The projection.
pub(super) struct AuditLog;

impl Projection<SqliteTarget> for AuditLog {
    fn name(&self) -> ProjectionName {
        ProjectionName::new(NAME).expect("it is short and without control characters")
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
        rows.execute_batch(
            "DROP TABLE IF EXISTS audit_log;
            CREATE TABLE audit_log (
                position INTEGER PRIMARY KEY,
                bundle_id TEXT NOT NULL,
                command_id TEXT NOT NULL,
                command_type TEXT NOT NULL,
                actor_id TEXT NOT NULL,
                device TEXT NOT NULL,
                at INTEGER NOT NULL,
                source TEXT NOT NULL,
                correlation_id TEXT,
                causation_id TEXT,
                justification TEXT,
                approval_id TEXT,
                operations INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX audit_log_actor ON audit_log (actor_id);
            CREATE INDEX audit_log_command_type ON audit_log (command_type);
            CREATE INDEX audit_log_at ON audit_log (at);",
        )?;
        Ok(())
    }

    fn apply(&self, event: &EventRecord, rows: &mut Transaction<'_>) -> Result<(), ApplyError> {
        let given: CommandGiven = event.payload.read()?;
        rows.prepare_cached(
            "INSERT INTO audit_log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            stored(event.sequence_number.0),
            given.bundle_id,
            given.command_id,
            given.command_type,
            given.actor_id,
            given.device,
            stored(given.at),
            given.source,
            given.correlation_id,
            given.causation_id,
            given.justification,
            given.approval_id,
            given.operations,
        ])?;
        Ok(())
    }
}

/// The last command in a file of rows: its place in commit order, and its bundle; `None` when that cannot be told.
pub(super) fn last(path: &std::path::Path) -> Option<(u64, String)> {
    let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let sql = "SELECT position, bundle_id FROM audit_log ORDER BY position DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?));
    connection.query_row(sql, [], read).ok()
}

/// Places up to `upto` at which such a command may be, newest first, `limit` at most. Commands that were set aside are
/// among them, whatever they are.
pub(super) fn candidates(
    connection: &Connection,
    filter: &AuditFilter,
    upto: u64,
    limit: usize,
) -> rusqlite::Result<Candidates> {
    let transaction = connection.unchecked_transaction()?;
    let position: Option<Option<i64>> = transaction
        .query_row(
            "SELECT position FROM openprod_projection WHERE name = ?1",
            [NAME],
            |row| row.get(0),
        )
        .optional()?;
    let Some(indexed_to) = position.flatten() else {
        return Ok(Candidates::default());
    };
    // Only the conditions that are there: an index serves them then.
    let mut conditions = String::new();
    for (is_there, condition) in [
        (filter.actor.is_some(), " AND actor_id = :actor"),
        (filter.command_type.is_some(), " AND command_type = :command_type"),
        (filter.since.is_some(), " AND at >= :since"),
        (filter.until.is_some(), " AND at < :until"),
    ] {
        if is_there {
            conditions += condition;
        }
    }
    let sql = format!(
        "SELECT position FROM audit_log WHERE position <= :upto{conditions}
        UNION SELECT seq FROM openprod_set_aside WHERE name = :name AND seq <= :upto
        ORDER BY 1 DESC LIMIT :limit"
    );
    let mut statement = transaction.prepare(&sql)?;
    let all = named_params! {
        ":upto": stored(upto),
        ":name": NAME,
        ":limit": stored(limit as u64),
        ":actor": filter.actor.map(|actor| actor.to_string()),
        ":command_type": filter.command_type,
        ":since": filter.since.map(|since| stored(since.as_micros())),
        ":until": filter.until.map(|until| stored(until.as_micros())),
    };
    for (name, value) in all {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, *value)?;
        }
    }
    let mut rows = statement.raw_query();
    let mut positions = Vec::new();
    while let Some(row) = rows.next()? {
        positions.push(row.get::<_, i64>(0)?.unsigned_abs());
    }
    Ok(Candidates {
        indexed_to: indexed_to.unsigned_abs(),
        positions,
    })
}
