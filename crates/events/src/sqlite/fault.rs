//! What an error of SQLite means for the store.

use rusqlite::{ErrorCode, ffi};

use crate::error::StoreError;

/// Whether there was no room. That the index of the write-ahead log cannot grow is reported as an I/O error, but
/// loses nothing.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Whether the disk did not do as told. After a flush that failed the system may forget the pages and report success
/// the next time, so nothing that follows can be trusted.
pub(crate) fn is_failing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt)
    )
}

/// What an error means where nothing was being written: another process that keeps the file locked is a matter of time.
pub(crate) fn read_fault(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(error.into()),
        _ => StoreError::Database(error.into()),
    }
}
