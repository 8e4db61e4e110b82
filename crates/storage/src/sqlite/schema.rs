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

/// The spaces of the first format.
const FIRST: [Space; 12] = [
    Space::Chain,
    Space::Held,
    Space::Command,
    Space::Entity,
    Space::Member,
    Space::Touch,
    Space::Conflict,
    Space::Fork,
    Space::Edge,
    Space::Incident,
    Space::Void,
    Space::Meta,
];

/// The spaces that the second format added.
const SECOND: [Space; 5] = [
    Space::Name,
    Space::Clock,
    Space::Overlay,
    Space::Text,
    Space::Delta,
];

/// The spaces that the third format added.
const THIRD: [Space; 9] = [
    Space::Fact,
    Space::Ordinal,
    Space::Kind,
    Space::Posting,
    Space::Stream,
    Space::Decision,
    Space::Watch,
    Space::Clash,
    Space::Resolution,
];

/// The spaces that the fourth format added.
const FOURTH: [Space; 4] = [Space::Effect, Space::Repetition, Space::Clashed, Space::Strand];

/// All migrations, oldest first. A step that was released is never changed.
pub(crate) fn migrations() -> Migrations<'static> {
    let tables = |spaces: &[Space]| -> String {
        let table = |space: &Space| {
            let name = space.name();
            format!(
                "CREATE TABLE state_{name} (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;\n"
            )
        };
        spaces.iter().map(table).collect()
    };
    let first = LOG.to_owned() + &tables(&FIRST);
    Migrations::new(vec![
        M::up(&*first.leak()),
        M::up(&*tables(&SECOND).leak()),
        M::up(&*tables(&THIRD).leak()),
        M::up(&*tables(&FOURTH).leak()),
    ])
}
