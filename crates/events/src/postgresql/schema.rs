//! The tables, and the steps by which older databases come to the present ones.
//!
//! A step that changes tables is one short transaction, done by one process at a time. An index that a step brings is
//! built afterwards, beside everybody who writes.

use crate::error::StoreError;
use crate::postgresql::index::INDEXES;
use crate::postgresql::partition::append_only;
use crate::postgresql::session::Session;

/// Held while tables are made, so that two processes that start together do not both: "OpnE" as a number.
const MIGRATION_LOCK: i64 = 0x4f70_6e45;

/// The first format. The one row of `head` is what every commit locks: sequence numbers come from it, so a commit that
/// fails uses up none, and nobody sees a number before all lower ones.
const FIRST: &str = "
    CREATE TABLE head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        seq bigint NOT NULL,
        event_id bytea,
        leaf_key bytea NOT NULL
    ) WITH (fillfactor = 10);
    CREATE TABLE event_type (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text COLLATE \"C\" NOT NULL UNIQUE
    );
    CREATE TABLE stream (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text COLLATE \"C\" NOT NULL UNIQUE
    );
    CREATE TABLE event (
        seq bigint NOT NULL,
        event_id bytea NOT NULL,
        occurred_at bigint NOT NULL,
        type_id bigint NOT NULL,
        stream_id bigint,
        stream_version bigint,
        metadata text,
        payload text NOT NULL,
        PRIMARY KEY (seq)
    ) PARTITION BY RANGE (seq);
    CREATE TABLE posting (
        type_id bigint NOT NULL,
        leaf bigint NOT NULL,
        seq bigint NOT NULL,
        PRIMARY KEY (type_id, leaf, seq)
    ) PARTITION BY RANGE (seq);
    CREATE TABLE stream_event (
        stream_id bigint NOT NULL,
        version bigint NOT NULL,
        seq bigint NOT NULL,
        PRIMARY KEY (stream_id, version)
    );
    CREATE UNIQUE INDEX stream_event_by_seq ON stream_event (stream_id, seq);
    CREATE TABLE command (
        id bytea PRIMARY KEY,
        request bytea NOT NULL,
        first_seq bigint,
        last_seq bigint,
        result text NOT NULL
    );
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the event store is append-only'; END $$;
";

/// The second format: how many events a partition has may differ from one to the next, so each is noted. The partitions of
/// the first format, of four million events each, stay what they are.
const SECOND: &str = "
    CREATE TABLE partition (
        number bigint PRIMARY KEY,
        first bigint NOT NULL UNIQUE,
        next bigint NOT NULL UNIQUE,
        CHECK (first < next)
    );
    INSERT INTO partition
        SELECT substring(found.name FROM '[0-9]+$')::bigint, found.bounds[1]::bigint, found.bounds[2]::bigint
        FROM (SELECT c.relname AS name, regexp_match(pg_get_expr(c.relpartbound, c.oid),
                    'FROM \\(''?([0-9]+)''?\\) TO \\(''?([0-9]+)''?\\)') AS bounds
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = to_regclass('event')) found;
";

/// The tables that are never changed but by adding rows, as the first format has them.
const APPEND_ONLY: [&str; 6] = [
    "event_type",
    "stream",
    "event",
    "posting",
    "stream_event",
    "command",
];

/// The number of the present format.
pub(crate) const VERSION: i32 = 2;

/// The number of the format that is there; `None` when there is no store.
pub(crate) fn found(session: &mut Session) -> Result<Option<i32>, StoreError> {
    let there = session.one("SELECT to_regclass('format') IS NOT NULL", &[])?;
    if !there.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = session.one("SELECT max(version) FROM format", &[])?;
    Ok(row.get(0))
}

/// Makes the tables, or brings them to the present format. Calling it twice, or from two processes, is safe.
pub(crate) fn migrate(session: &mut Session, schema: &str) -> Result<(), StoreError> {
    session.transact("BEGIN", |session| {
        session.run("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])?;
        session.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
        session.batch("CREATE TABLE IF NOT EXISTS format (version integer PRIMARY KEY)")?;
        let version = found(session)?.unwrap_or(0);
        if version > VERSION {
            return Err(StoreError::NewerVersion);
        }
        if version < 1 {
            let mut key = [0_u8; 32];
            getrandom::fill(&mut key).map_err(|error| StoreError::Database(error.into()))?;
            let triggers: String = APPEND_ONLY.iter().map(|table| append_only(table)).collect();
            session.batch(&format!("{FIRST}{triggers}"))?;
            session.run("INSERT INTO head (seq, leaf_key) VALUES (0, $1)", &[&&key[..]])?;
            session.batch("INSERT INTO format VALUES (1)")?;
        }
        if version < 2 {
            session.batch(&format!("{SECOND}{}", append_only("partition")))?;
            for index in &INDEXES {
                // Of the parent alone, which takes no time. It is valid at once only where there is no partition yet.
                session.batch(&format!(
                    "CREATE INDEX {} ON ONLY {} {}",
                    index.name, index.table, index.columns
                ))?;
            }
            session.batch("INSERT INTO format VALUES (2)")?;
        }
        Ok(())
    })
}
