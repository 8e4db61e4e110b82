//! What an error of SQLite means for the store.

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// What an error means where nothing was being written: another process that keeps the file locked is a matter of time.
pub(crate) fn read_fault(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(error.into()),
        _ => StoreError::Database(error.into()),
    }
}
