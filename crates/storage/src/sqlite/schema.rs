//! The tables, and the steps by which older files become the present ones.

use rusqlite_migration::{M, Migrations};

use crate::space::Space;

/// What the file says it is: "OpnP" in its header.
pub(crate) const APPLICATION_ID: i32 = 0x4f70_6e50;

/// The log. Its bytes stand last, so that what only looks for a place reads no overflow pages.
const LOG: &str = "
    CREATE TABLE bundle (
        position INTEGER PRIMARY KEY,
        chain INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        id BLOB NOT NULL,
        hash BLOB NOT NULL,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX bundle_by_chain ON bundle (chain, seq);
    CREATE INDEX bundle_by_id ON bundle (id);
    CREATE TRIGGER bundle_is_never_changed BEFORE UPDATE ON bundle
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER bundle_is_never_removed BEFORE DELETE ON bundle
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
";

/// All migrations, oldest first. A step that was released is never changed.
pub(crate) fn migrations() -> Migrations<'static> {
    let mut first = LOG.to_owned();
    for space in Space::ALL {
        let name = space.name();
        first.push_str(&format!(
            "CREATE TABLE state_{name} (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;\n"
        ));
    }
    Migrations::new(vec![M::up(&*first.leak())])
}
