//! What an error of SQLite means for whoever writes.

use std::sync::{Arc, OnceLock};

use rusqlite::{Error, ErrorCode, ffi};

/// Whether there was no room. That the index of the write-ahead log cannot grow is reported as an I/O error, but
/// loses nothing.
#[must_use]
pub fn is_full(error: &Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Whether the disk did not do as told. After a flush that failed the system may forget the pages and report success
/// the next time, so nothing that follows can be trusted.
#[must_use]
pub fn is_failing(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt)
    )
}

/// Why nothing is written any more; empty as long as all is well. Writer and checkpointer share it; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Failure(Arc<OnceLock<String>>);

impl Failure {
    /// The reason; `None` as long as all is well.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Ends all writing, and gives the reason that holds: the first.
    pub fn record(&self, reason: impl FnOnce() -> String) -> &str {
        self.0.get_or_init(reason)
    }

    /// Decides what a failed checkpoint means. Want of room can be mended, and the write-ahead log keeps everything
    /// meanwhile; a disk that failed here ends all writing.
    pub fn judge_checkpoint(&self, error: &Error) {
        tracing::warn!(%error, "a checkpoint failed; the write-ahead log keeps everything meanwhile");
        if is_failing(error) {
            self.record(|| error.to_string());
        }
    }
}
