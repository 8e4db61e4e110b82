//! Opening connections: what each kind is set to, and what it may not do.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};

use crate::error::StorageError;
use crate::sqlite::schema::{APPLICATION_ID, migrations};

/// How long a connection waits for another, for instance for a checkpoint.
pub(crate) const BUSY_TIME_MAX: Duration = Duration::from_secs(5);

/// The page size, in bytes: rows of a dozen fields fit several to a page, and a commit writes few pages.
pub(crate) const PAGE_BYTES: u32 = 8_192;

/// The page cache of the writer, in KiB, as SQLite wants it: negative. What a catch-up's working set needs.
const WRITER_CACHE: i32 = -8_192;

/// The page cache of each reader and of the checkpointer.
const READER_CACHE: i32 = -1_024;

/// How many prepared statements a connection keeps: every statement that is written down in this folder.
const STATEMENTS: usize = 128;

/// Opens the writer's connection, and brings the file to the present tables.
pub(crate) fn open_writer(path: &Path, create: bool) -> Result<Connection, StorageError> {
    let unreadable = |source| StorageError::Unreadable {
        path: path.to_owned(),
        source,
    };
    if create {
        make_file(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    // Before anything is written: another program's database must be left as it is.
    if !create {
        let found = connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
        if found.map_err(unreadable)? != APPLICATION_ID {
            let why = "its header does not say that it is a workspace".to_owned();
            return Err(unreadable(rusqlite::Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_NOTADB),
                Some(why),
            )));
        }
    }
    // The first to write to a new file, in the header that says what it is.
    connection
        .pragma_update(None, "page_size", PAGE_BYTES)
        .map_err(unreadable)?;
    if create {
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(|error| full_or(error, unreadable))?;
    }
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(|error| full_or(error, unreadable))?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(unreadable)?;
    connection
        .pragma_update(None, "wal_autocheckpoint", 0)
        .map_err(unreadable)?;
    connection
        .pragma_update(None, "cache_size", WRITER_CACHE)
        .map_err(unreadable)?;
    guard(&connection).map_err(unreadable)?;
    migrations()
        .to_latest(&mut connection)
        .map_err(|error| match error {
            MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                StorageError::NewerVersion {
                    path: path.to_owned(),
                }
            }
            MigrationError::RusqliteError { err, .. } => full_or(err, unreadable),
            _ => StorageError::Unreadable {
                path: path.to_owned(),
                source: rusqlite::Error::InvalidQuery,
            },
        })?;
    connection.authorizer(Some(protect_log))?;
    Ok(connection)
}

/// Makes an empty file that only its owner can use. It is closed again before SQLite opens it: closing any handle
/// to a file drops all locks that the process has on it.
fn make_file(path: &Path) -> Result<(), StorageError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|source| StorageError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Opens a connection that can only read.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", READER_CACHE)?;
    guard(&connection)?;
    Ok(connection)
}

/// Opens a connection for checkpoints.
pub(crate) fn open_checkpointer(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", READER_CACHE)?;
    guard(&connection)?;
    Ok(connection)
}

/// What every connection has.
fn guard(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_TIME_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans do not depend on what is bound: a statement with a bound LIMIT would be prepared anew each time it is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without it, INSERT OR REPLACE would pass by the triggers that keep the log as it is.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Not mapped into memory: a disk that fails then gives an error, and not a signal that ends the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    // Damaged pages are found when they are read, and not when they have led somewhere.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// Lets the writer append to the log and change derived rows, and do nothing else: what is not named here, such as
/// dropping a trigger or switching one off by a pragma, is denied.
fn protect_log(context: AuthContext<'_>) -> Authorization {
    let derived = |table: &str| table.starts_with("state_");
    let allowed = match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Transaction { .. }
        | AuthAction::Pragma {
            pragma_name: "wal_checkpoint",
            ..
        } => true,
        AuthAction::Insert { table_name } => table_name == "bundle" || derived(table_name),
        AuthAction::Delete { table_name } | AuthAction::Update { table_name, .. } => derived(table_name),
        _ => false,
    };
    if allowed {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

/// A full disk is told apart from all other failures.
fn full_or(error: rusqlite::Error, other: impl FnOnce(rusqlite::Error) -> StorageError) -> StorageError {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
        StorageError::Full
    } else {
        other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of_one(directory: &Path) -> Connection {
        let path = directory.join("oplog.db");
        let connection = open_writer(&path, true).unwrap();
        connection
            .execute("INSERT INTO bundle VALUES (1, 1, 1, x'01', x'02', x'03')", [])
            .unwrap();
        connection
    }

    #[test]
    fn writer_cannot_touch_the_log_or_what_guards_it() {
        let directory = tempfile::tempdir().unwrap();
        let connection = log_of_one(directory.path());
        for sql in [
            "UPDATE bundle SET bytes = x'00'",
            "DELETE FROM bundle",
            "INSERT INTO bundle VALUES (1, 1, 1, x'01', x'02', x'00') ON CONFLICT DO UPDATE SET bytes = x'00'",
            "DROP TRIGGER bundle_is_never_changed",
            "DROP TABLE bundle",
            "DROP TABLE state_meta",
            "DROP INDEX bundle_by_id",
            "ALTER TABLE bundle RENAME TO other",
            "CREATE TRIGGER other AFTER INSERT ON bundle BEGIN SELECT 1; END",
            "CREATE TEMP TRIGGER other AFTER INSERT ON bundle BEGIN SELECT 1; END",
            "ATTACH ':memory:' AS other",
            "PRAGMA recursive_triggers = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA writable_schema = ON",
        ] {
            let error = connection.execute_batch(sql).unwrap_err();
            assert_eq!(
                error.sqlite_error_code(),
                Some(ErrorCode::AuthorizationForStatementDenied),
                "{sql}: {error}"
            );
        }
        let replace = "INSERT OR REPLACE INTO bundle VALUES (1, 1, 1, x'01', x'02', x'00')";
        let error = connection.execute_batch(replace).unwrap_err();
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation),
            "left to the trigger: {error}"
        );
        let bytes: Vec<u8> = connection
            .query_row("SELECT bytes FROM bundle", [], |row| row.get(0))
            .unwrap();
        assert_eq!(bytes, [3]);
        connection
            .execute("INSERT OR REPLACE INTO state_meta VALUES (x'01', x'02')", [])
            .unwrap();
        assert_eq!(connection.execute("DELETE FROM state_meta", []).unwrap(), 1);
    }

    #[test]
    fn readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let _writer = log_of_one(directory.path());
        let connection = open_reader(&directory.path().join("oplog.db")).unwrap();
        for off in ["", "PRAGMA query_only = OFF;"] {
            let error = connection
                .execute_batch(&format!("{off} DELETE FROM state_meta"))
                .unwrap_err();
            assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
        }
    }

    #[test]
    fn writer_flushes_every_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("oplog.db");
        drop(open_writer(&path, true).unwrap());
        let connection = open_writer(&path, false).unwrap();
        // The writer itself may no longer ask.
        connection
            .authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
            .unwrap();
        let pragma = |name| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let journal: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(
            (
                journal.as_str(),
                pragma("synchronous"),
                pragma("wal_autocheckpoint")
            ),
            ("wal", 2, 0)
        );
        assert_eq!(
            (
                pragma("foreign_keys"),
                pragma("recursive_triggers"),
                pragma("trusted_schema")
            ),
            (1, 1, 0)
        );
        assert_eq!(
            (pragma("page_size"), pragma("mmap_size")),
            (i64::from(PAGE_BYTES), 0)
        );
    }
}
