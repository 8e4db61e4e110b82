//! Indexes that came to the tables later: built beside the writers of a store, not before them.
//!
//! An index of a partitioned table cannot be built concurrently as a whole. So there is an empty one of the parent first;
//! each partition gets its own by `CREATE INDEX CONCURRENTLY`, outside of any transaction, and hands it to the parent's,
//! which is valid when it has them all. Whatever is interrupted is found at the next start: an index that is not valid is
//! dropped and built again.

use std::time::Duration;

use crate::error::StoreError;
use crate::postgresql::session::Session;

/// Held by the connection that builds, with the schema's name as a number: "OpnI" as a number.
const BUILD_LOCK: i32 = 0x4f70_6e49;

/// How often a process that waits for another one's indexes looks for them. It must not wait inside a statement: the
/// builder waits for every transaction that is open.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An index of the partitions of a table.
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) columns: &'static str,
}

/// Every index that is not part of the first format.
pub(crate) const INDEXES: [Index; 1] = [Index {
    name: "event_by_id",
    table: "event",
    columns: "(event_id)",
}];

/// Builds what is missing, or waits while another process does. The session is the caller's alone, and is not used for
/// anything else afterwards.
pub(crate) fn build(session: &mut Session) -> Result<(), StoreError> {
    // A large table takes its time, and so may a transaction that has to be waited for.
    session.batch("SET statement_timeout = 0; SET lock_timeout = 0")?;
    let mut told = false;
    while !INDEXES
        .iter()
        .map(|index| is_valid(session, index.name))
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .all(|valid| *valid)
    {
        let row = session.one(
            "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))",
            &[&BUILD_LOCK],
        )?;
        if row.get(0) {
            for index in &INDEXES {
                build_one(session, index)?;
            }
            session.run(
                "SELECT pg_advisory_unlock($1, hashtext(current_schema()))",
                &[&BUILD_LOCK],
            )?;
        } else {
            if !told {
                tracing::info!("another process builds the indexes of the event store");
                told = true;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
    Ok(())
}

fn is_valid(session: &mut Session, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)), false)";
    Ok(session.one(sql, &[&name])?.get(0))
}

fn build_one(session: &mut Session, index: &Index) -> Result<(), StoreError> {
    let Index { name, table, columns } = index;
    while !is_valid(session, name)? {
        // The partitions that have not handed an index to the parent's.
        let sql = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = to_regclass($1) AND NOT EXISTS (
                SELECT 1 FROM pg_inherits j JOIN pg_index x ON x.indexrelid = j.inhrelid
                WHERE j.inhparent = to_regclass($2) AND x.indrelid = c.oid)
            ORDER BY i.inhrelid";
        let rows = session.rows(sql, &[table, name])?;
        for row in &rows {
            let partition: &str = row.get(0);
            let own = format!("{partition}_{name}");
            tracing::info!(partition, index = name, "building an index of the event store");
            let found = session.one("SELECT to_regclass($1) IS NOT NULL", &[&own])?;
            if found.get(0) && !is_valid(session, &own)? {
                session.batch(&format!("DROP INDEX CONCURRENTLY {own}"))?;
            }
            if !is_valid(session, &own)? {
                session.batch(&format!(
                    "CREATE INDEX CONCURRENTLY {own} ON {partition} {columns}"
                ))?;
            }
            session.batch(&format!("ALTER INDEX {name} ATTACH PARTITION {own}"))?;
        }
        if rows.is_empty() && !is_valid(session, name)? {
            return Err(StoreError::Database(
                format!("the index {name} is not valid, though every partition has its own").into(),
            ));
        }
    }
    Ok(())
}
