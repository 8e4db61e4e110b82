//! Files that are not what they should be.

use std::path::{Path, PathBuf};

use openprod_storage::conformance::bundle;
use openprod_storage::{ChainId, Position, SqliteStorage, Storage as _, StorageError};
use rusqlite::Connection;
use tempfile::TempDir;

fn with_one_bundle() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let mut write = store.begin().unwrap();
    write.append(ChainId(0), &bundle(1, 1, None)).unwrap();
    write.commit().unwrap();
    (directory, path)
}

fn open_error(path: &Path) -> StorageError {
    SqliteStorage::open(path).err().expect("it cannot be opened")
}

#[test]
fn random_file_is_unreadable() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [
        (
            "text",
            b"this is no database, but long enough to be looked into".repeat(100),
        ),
        ("zeros", vec![1; 9_000]),
    ] {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert!(
            matches!(open_error(&path), StorageError::Unreadable { .. }),
            "{name}"
        );
    }
    assert!(matches!(
        open_error(&directory.path().join("absent")),
        StorageError::Unreadable { .. }
    ));
}

#[test]
fn file_of_a_newer_version_is_left_alone() {
    let (_directory, path) = with_one_bundle();
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(open_error(&path), StorageError::NewerVersion { .. }));
}

#[test]
fn damaged_bundle_is_named_by_its_position() {
    let (_directory, path) = with_one_bundle();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("DROP TRIGGER bundle_is_never_changed; UPDATE bundle SET bytes = zeroblob(200)")
        .unwrap();
    drop(raw);
    let store = SqliteStorage::open(&path).unwrap();
    let read = store.readers().reader().unwrap().bundle(Position(1));
    assert!(
        matches!(read, Err(StorageError::Damaged { position: 1, .. })),
        "{read:?}"
    );
}

#[test]
fn triggers_keep_the_log_as_it_is() {
    let (_directory, path) = with_one_bundle();
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "recursive_triggers", true).unwrap();
    for statement in [
        "UPDATE bundle SET seq = 5",
        "DELETE FROM bundle",
        "INSERT OR REPLACE INTO bundle SELECT position, chain, seq, id, hash, zeroblob(3) FROM bundle",
    ] {
        let refused = raw.execute_batch(statement).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}
