//! The tables, and the steps by which older files become the present ones.

use rusqlite_migration::{M, Migrations};

/// What the file says it is: "OpnE" in its header.
pub(crate) const APPLICATION_ID: i32 = 0x4f70_6e45;

/// Every table: none is ever changed but by adding rows.
pub(crate) const TABLES: [&str; 7] = [
    "event",
    "event_type",
    "posting",
    "stream",
    "stream_event",
    "command",
    "setting",
];

/// The first format. Payloads stand last, so that what looks for something else reads no overflow pages. The id of an
/// event needs no index: ids rise with sequence numbers.
const FIRST: &str = "
    CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE event_type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        event_id BLOB NOT NULL,
        occurred_at INTEGER NOT NULL,
        type_id INTEGER NOT NULL,
        stream_id INTEGER,
        stream_version INTEGER,
        metadata TEXT,
        payload TEXT NOT NULL
    ) STRICT;
    CREATE TABLE stream_event (
        stream_id INTEGER NOT NULL,
        version INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (stream_id, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE posting (
        type_id INTEGER NOT NULL,
        leaf INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (type_id, leaf, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE command (
        id BLOB PRIMARY KEY,
        request BLOB NOT NULL,
        first_seq INTEGER,
        last_seq INTEGER,
        result TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO setting VALUES ('leaf_key', randomblob(32));
";

/// The number of the present format: how many migrations there are.
pub(crate) const FORMAT: u32 = 1;

/// All migrations, oldest first. A step that was released is never changed.
pub(crate) fn migrations() -> Migrations<'static> {
    let mut first = FIRST.to_owned();
    for table in TABLES {
        for (act, past) in [("UPDATE", "changed"), ("DELETE", "removed")] {
            first += &format!(
                "CREATE TRIGGER {table}_is_never_{past} BEFORE {act} ON {table}
                    BEGIN SELECT RAISE(ABORT, 'the event store is append-only'); END;\n"
            );
        }
    }
    Migrations::new(vec![M::up(first.leak())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_counted_by_migrations() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        migrations().to_latest(&mut connection).unwrap();
        let format: u32 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(format, FORMAT);
    }
}
