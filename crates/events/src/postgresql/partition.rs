//! The partitions of a store: events and their postings are cut by sequence number into tables of bounded size.
//!
//! A log of hundreds of millions of events has indexes that fit into memory then, where it is written and where it is
//! read; a cursor touches the partitions from it on and no others. The next partition is made ahead of need, in a short
//! transaction of its own. A commit that finds none makes it itself, so none ever fails for want of one.

use std::fmt::Write as _;

use crate::error::StoreError;
use crate::postgresql::session::Session;

/// Held while a partition is made, with the schema's name as a number: "OpnP" as a number.
const PARTITION_LOCK: i32 = 0x4f70_6e50;

/// How long a partition that is made ahead waits for whoever has the tables locked. It will be tried again.
const AHEAD_LOCK: &str = "SET LOCAL lock_timeout = '1s'";

/// The tables that are cut.
const TABLES: [&str; 2] = ["event", "posting"];

/// Whether the next partition should be made now: less than half of one is free above `last`.
pub(crate) const fn is_due(last: i64, room_to: i64, events: i64) -> bool {
    room_to.saturating_sub(last) <= events / 2 + 1
}

/// Makes the next partition in a transaction of its own, unless somebody else did it meanwhile.
pub(crate) fn make_ahead(session: &mut Session, last: i64, events: i64) -> Result<(), StoreError> {
    session.transact("BEGIN ISOLATION LEVEL READ COMMITTED", |session| {
        session.batch(AHEAD_LOCK)?;
        let wanted = last.saturating_add(events / 2 + 1);
        ensure(session, wanted, events).map(drop)
    })
}

/// Makes partitions of `events` numbers each until there is one for number `seq`, inside the caller's transaction. Gives
/// the first number that has none.
pub(crate) fn ensure(session: &mut Session, seq: i64, events: i64) -> Result<i64, StoreError> {
    session.run(
        "SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))",
        &[&PARTITION_LOCK],
    )?;
    // Read after the lock was had: this sees what its last holder made.
    let row = session.one(
        "SELECT coalesce(max(number) + 1, 0), coalesce(max(next), 0) FROM partition",
        &[],
    )?;
    let (mut number, mut next): (i64, i64) = (row.get(0), row.get(1));
    while next <= seq {
        let first = next;
        next = first.saturating_add(events);
        make(session, number, first, next)?;
        number += 1;
    }
    Ok(next)
}

fn make(session: &mut Session, number: i64, first: i64, next: i64) -> Result<(), StoreError> {
    let mut sql = String::new();
    for table in TABLES {
        // Made apart and attached: making it in place would lock out all readers of the table. What is attached gets the
        // parent's indexes; those that LIKE made are taken for them.
        write!(
            sql,
            "CREATE TABLE {table}_part_{number} (LIKE {table} INCLUDING ALL);
             ALTER TABLE {table} ATTACH PARTITION {table}_part_{number} FOR VALUES FROM ({first}) TO ({next});
             {}",
            append_only(&format!("{table}_part_{number}"))
        )
        .expect("writing to a string does not fail");
    }
    write!(sql, "INSERT INTO partition VALUES ({number}, {first}, {next});")
        .expect("writing to a string does not fail");
    session.batch(&sql)
}

/// The trigger that keeps a table as it is.
pub(crate) fn append_only(table: &str) -> String {
    format!(
        "CREATE TRIGGER is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_partition_is_due_in_the_second_half() {
        assert!(!is_due(4_000, 10_000, 10_000));
        assert!(is_due(5_000, 10_000, 10_000));
        assert!(is_due(0, 0, 10), "there is none yet");
        assert!(is_due(1, 2, 1), "half of one event is none");
    }
}
