//! What an error of PostgreSQL means for the store.

use std::error::Error as StdError;

use postgres::error::SqlState;

use crate::error::StoreError;

/// Whether the server, or the way to it, is gone.
pub(crate) fn is_gone(error: &postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    match error.code() {
        Some(code) => {
            // Class 08 is the connection; of class 57 the shutdowns are the server going away.
            code.code().starts_with("08")
                || [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                    SqlState::DATABASE_DROPPED,
                    SqlState::TOO_MANY_CONNECTIONS,
                ]
                .contains(code)
        }
        // Without a code it never reached the server, or its answer never reached us.
        None => error
            .source()
            .is_some_and(|source| source.is::<std::io::Error>() || source.to_string().contains("timed out")),
    }
}

/// What an error means before anything was committed.
pub(crate) fn fault(error: postgres::Error) -> StoreError {
    if is_gone(&error) {
        return StoreError::Unavailable(error.into());
    }
    match error.code() {
        Some(code) if *code == SqlState::DISK_FULL => StoreError::Full,
        // Somebody held a lock for too long, or the server was asked for too much: a matter of time.
        Some(code)
            if [
                SqlState::LOCK_NOT_AVAILABLE,
                SqlState::QUERY_CANCELED,
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::OUT_OF_MEMORY,
            ]
            .contains(code) =>
        {
            StoreError::Unavailable(error.into())
        }
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::ReadOnly {
            reason: error.to_string(),
        },
        _ => StoreError::Database(error.into()),
    }
}

/// What an error of the commit itself means: if the server said no, nothing was committed; if it said nothing, nobody
/// knows.
pub(crate) fn commit_fault(error: postgres::Error) -> StoreError {
    if is_gone(&error) {
        StoreError::OutcomeUnknown(error.into())
    } else {
        fault(error)
    }
}
