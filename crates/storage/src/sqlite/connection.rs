//! Opening connections: what each kind is set to, and what it may not do.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{Error as MigrationError, MigrationDefinitionError};

use crate::error::StorageError;
use crate::sqlite::schema::{APPLICATION_ID, migrations};

/// How long a connection waits for another, for instance for a checkpoint.
const BUSY_TIME_MAX: Duration = Duration::from_secs(5);

/// The page size, in bytes: rows of a dozen fields fit several to a page, and a commit writes few pages.
const PAGE_BYTES: u32 = 8_192;

/// The page cache of the writer, in KiB, as SQLite wants it: negative. What a catch-up's working set needs.
const WRITER_CACHE: i32 = -8_192;

/// The page cache of each reader and of the checkpointer.
const READER_CACHE: i32 = -1_024;

/// How many prepared statements a connection keeps: every statement that is written down in this folder.
const STATEMENTS: usize = 128;

/// Opens the writer's connection, and brings the file to the present tables.
pub(crate) fn open_writer(path: &Path, create: bool) -> Result<Connection, StorageError> {
    let unreadable = |source| StorageError::Unreadable { path: path.to_owned(), source };
    let create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let mut connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(unreadable)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(unreadable)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(unreadable)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(unreadable)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE).map_err(unreadable)?;
    guard(&connection).map_err(unreadable)?;
    migrations().to_latest(&mut connection).map_err(|error| match error {
        MigrationError::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            StorageError::NewerVersion { path: path.to_owned() }
        }
        MigrationError::RusqliteError { err, .. } => full_or(err, unreadable),
        _ => StorageError::Unreadable { path: path.to_owned(), source: rusqlite::Error::InvalidQuery },
    })?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(unreadable)?;
    connection.authorizer(Some(protect_log))?;
    Ok(connection)
}

/// Opens a connection that can only read.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", READER_CACHE)?;
    guard(&connection)?;
    Ok(connection)
}

/// Opens a connection for checkpoints.
pub(crate) fn open_checkpointer(path: &Path) -> Result<Connection, StorageError> {
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
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without it, INSERT OR REPLACE would pass by the triggers that keep the log as it is.
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Denies whatever would change or remove what is in the log, triggers included.
fn protect_log(context: AuthContext<'_>) -> Authorization {
    let log = |table: &str| table.eq_ignore_ascii_case("bundle");
    let denied = match context.action {
        AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name }
        | AuthAction::DropTable { table_name }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::DropIndex { table_name, .. } => log(table_name),
        _ => false,
    };
    if denied { Authorization::Deny } else { Authorization::Allow }
}

/// A full disk is told apart from all other failures.
fn full_or(error: rusqlite::Error, other: impl FnOnce(rusqlite::Error) -> StorageError) -> StorageError {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) { StorageError::Full } else { other(error) }
}
