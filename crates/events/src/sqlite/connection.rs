//! Opening connections: what each kind is set to, and what it may not do.

use std::path::Path;
use std::time::Duration;

use openprod_wal::is_full;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags, ffi};
use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};

use crate::error::StoreError;
use crate::sqlite::fault::read_fault;
use crate::sqlite::schema::{APPLICATION_ID, TABLES, migrations};

/// How long a connection waits for another process, for instance for its commit.
pub(crate) const BUSY_TIME_MAX: Duration = Duration::from_secs(5);

/// The page size of a new file, in bytes. A commit writes a row to each of several trees, and to the write-ahead log a page
/// for each: small pages are half the bytes to flush.
const PAGE_BYTES: u32 = 4_096;

/// The page cache of the writer, in KiB, as SQLite wants it: negative. Postings are written all over the index, and
/// what stays in memory is written once.
const WRITER_CACHE: i32 = -32_768;

/// The page cache of each reader and of the checkpointer.
const READER_CACHE: i32 = -2_048;

/// How many prepared statements a connection keeps: every statement that is written down in this folder.
const STATEMENTS: usize = 64;

/// Opens the writer's connection, making the file when it is not there, and brings it to the present tables.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let unreadable = |error: rusqlite::Error| {
        if is_full(&error) {
            StoreError::Full
        } else {
            StoreError::Unreadable {
                path: path.to_owned(),
                source: error.into(),
            }
        }
    };
    let fresh = make_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    connection.busy_timeout(BUSY_TIME_MAX).map_err(unreadable)?;
    // Before anything is written: another program's database must be left as it is.
    if !fresh {
        let found = connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
        if found.map_err(unreadable)? != APPLICATION_ID {
            let why = "its header does not say that it is an event store".to_owned();
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
    if fresh {
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(unreadable)?;
    }
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(unreadable)?;
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
                StoreError::NewerVersion
            }
            MigrationError::RusqliteError { err, .. } => unreadable(err),
            other => StoreError::Unreadable {
                path: path.to_owned(),
                source: other.into(),
            },
        })?;
    connection.authorizer(Some(protect_log)).map_err(read_fault)?;
    Ok(connection)
}

/// Makes an empty file that only its owner can use; false when there is something already. It is closed again before
/// SQLite opens it: closing any handle to a file drops all locks that the process has on it.
fn make_file(path: &Path) -> Result<bool, StoreError> {
    let failed = |source| StoreError::Io {
        path: path.to_owned(),
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        // An empty file is what a crash right after this leaves behind.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => std::fs::metadata(path)
            .map(|found| found.len() == 0)
            .map_err(failed),
        Err(error) => Err(failed(error)),
    }
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
    // Without it, INSERT OR REPLACE would pass by the triggers that keep the log as it is.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Not mapped into memory: a disk that fails then gives an error, and not a signal that ends the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    // Damaged pages are found when they are read, and not when they have led somewhere.
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

/// Lets the writer add rows and do nothing else: what is not named here, such as dropping a trigger or switching one
/// off by a pragma, is denied.
fn protect_log(context: AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Function { .. }
        | AuthAction::Transaction { .. }
        | AuthAction::Pragma {
            pragma_name: "wal_checkpoint",
            ..
        } => true,
        AuthAction::Insert { table_name } => TABLES.contains(&table_name),
        _ => false,
    };
    if allowed {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    #[test]
    fn writer_can_only_add_rows() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("events.db")).unwrap();
        let insert = "INTO event VALUES (1, x'00', 0, 1, NULL, NULL, NULL, '1')";
        connection.execute(&format!("INSERT {insert}"), []).unwrap();
        for table in TABLES {
            for sql in [
                format!("DELETE FROM {table}"),
                format!("DROP TABLE {table}"),
                format!("DROP TRIGGER {table}_is_never_changed"),
                format!("ALTER TABLE {table} RENAME TO other"),
            ] {
                let error = connection.execute_batch(&sql).unwrap_err();
                let denied = Some(ErrorCode::AuthorizationForStatementDenied);
                assert_eq!(error.sqlite_error_code(), denied, "{sql}: {error}");
            }
        }
        for sql in [
            "UPDATE event SET payload = '2'",
            "INSERT INTO event VALUES (1, x'00', 0, 1, NULL, NULL, NULL, '2') ON CONFLICT DO UPDATE SET payload = '2'",
            "CREATE TEMP TRIGGER other AFTER INSERT ON event BEGIN SELECT 1; END",
            "ATTACH ':memory:' AS other",
            "PRAGMA recursive_triggers = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA writable_schema = ON",
        ] {
            let error = connection.execute_batch(sql).unwrap_err();
            let denied = Some(ErrorCode::AuthorizationForStatementDenied);
            assert_eq!(error.sqlite_error_code(), denied, "{sql}: {error}");
        }
        let error = connection
            .execute(&format!("INSERT OR REPLACE {insert}"), [])
            .unwrap_err();
        assert_eq!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation),
            "left to the trigger: {error}"
        );
    }

    #[test]
    fn triggers_hold_for_every_other_program_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.db");
        drop(open_writer(&path).unwrap());
        let other = Connection::open(&path).unwrap();
        for sql in ["DELETE FROM setting", "UPDATE setting SET value = x'00'"] {
            let error = other.execute_batch(sql).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{sql}: {error}");
        }
    }

    #[test]
    fn writer_flushes_every_commit() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("events.db")).unwrap();
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
        assert_eq!((journal.as_str(), pragma("synchronous")), ("wal", 2));
        assert_eq!((pragma("recursive_triggers"), pragma("trusted_schema")), (1, 0));
    }
}
