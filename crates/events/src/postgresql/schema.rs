//! The tables, and the steps by which older databases come to the present ones.
//!
//! Events and postings are cut into partitions by sequence number. A commit that needs the next one makes it and
//! attaches it, which holds up neither readers nor other partitions.

use std::fmt::Write as _;

use crate::error::StoreError;
use crate::postgresql::session::Session;

/// How many events share a partition.
pub(crate) const PARTITION_EVENTS: i64 = 4_000_000;

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

/// The tables that are never changed but by adding rows, and have no partitions.
const APPEND_ONLY: [&str; 6] = [
    "event_type",
    "stream",
    "event",
    "posting",
    "stream_event",
    "command",
];

/// The number of the present format.
const VERSION: i32 = 1;

/// Makes the tables, or brings them to the present format. Calling it twice, or from two processes, is safe.
pub(crate) fn migrate(session: &mut Session, schema: &str) -> Result<(), StoreError> {
    session.transact("BEGIN", |session| {
        session.run("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])?;
        session.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
        session.batch("CREATE TABLE IF NOT EXISTS format (version integer PRIMARY KEY)")?;
        let row = session.one("SELECT coalesce(max(version), 0) FROM format", &[])?;
        let version: i32 = row.get(0);
        if version > VERSION {
            return Err(StoreError::NewerVersion);
        }
        if version < 1 {
            let mut key = [0_u8; 32];
            getrandom::fill(&mut key).map_err(|error| StoreError::Database(error.into()))?;
            session.batch(&format!("{FIRST}{}", triggers(&APPEND_ONLY)))?;
            session.run("INSERT INTO head (seq, leaf_key) VALUES (0, $1)", &[&&key[..]])?;
            session.batch("INSERT INTO format VALUES (1)")?;
        }
        Ok(())
    })
}

/// Makes the partition that holds event `seq`, if it is not there.
pub(crate) fn ensure_partition(session: &mut Session, seq: i64) -> Result<(), StoreError> {
    let index = seq / PARTITION_EVENTS;
    let name = format!("event_part_{index}");
    let row = session.one("SELECT to_regclass($1) IS NOT NULL", &[&name])?;
    if row.get(0) {
        return Ok(());
    }
    let (from, to) = (index * PARTITION_EVENTS, (index + 1) * PARTITION_EVENTS);
    let mut sql = String::new();
    for table in ["event", "posting"] {
        // Made apart and attached: making it in place would lock out all readers of the table.
        write!(
            sql,
            "CREATE TABLE {table}_part_{index} (LIKE {table} INCLUDING ALL);
             ALTER TABLE {table} ATTACH PARTITION {table}_part_{index} FOR VALUES FROM ({from}) TO ({to});"
        )
        .expect("writing to a string does not fail");
    }
    sql += &triggers(&[&format!("event_part_{index}"), &format!("posting_part_{index}")]);
    session.batch(&sql)
}

fn triggers(tables: &[&str]) -> String {
    let trigger = |table: &&str| {
        format!(
            "CREATE TRIGGER is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();\n"
        )
    };
    tables.iter().map(trigger).collect()
}
