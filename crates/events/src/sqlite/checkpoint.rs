//! Checkpoints off the writer's path: moving the write-ahead log into the database while commits go on.
//!
//! Against a busy writer the thread here never quite catches up, and readers that follow each other without a gap
//! keep the log from starting over. So at a larger size the writer stops everybody for a moment and empties it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::connection::{BUSY_TIME_MAX, open_checkpointer};
use crate::sqlite::fault::{is_failing, read_fault};
use crate::sqlite::pool::Pool;

/// After how much growth of the write-ahead log a checkpoint is made, in bytes.
const PASSIVE_BYTES: u64 = 16 << 20;

/// From this size on, in bytes, the write-ahead log is cut back by the writer.
const WAL_BYTES_MAX: u64 = 64 << 20;

/// What a page takes in the write-ahead log beside itself, in bytes.
const FRAME_HEADER_BYTES: u64 = 24;

/// How long the writer waits for readers to leave before it gives up cutting the write-ahead log back for now.
const TRUNCATE_PATIENCE: Duration = Duration::from_millis(20);

/// The thread that makes checkpoints, which ends when this is dropped, and what the writer does beside it.
pub(crate) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Held while pages are moved: SQLite lets one connection at a time do so, and turns others away.
    moving: Arc<Mutex<()>>,
    /// What a page takes in the write-ahead log, in bytes.
    frame_bytes: u64,
    /// The size of the write-ahead log at which the thread is next woken, in bytes.
    wake_at: u64,
    /// The size at which the writer next tries to cut it back, in bytes.
    truncate_at: u64,
}

impl Checkpointer {
    pub(crate) fn spawn(database: &Path, failure: Arc<OnceLock<String>>) -> Result<Self, StoreError> {
        let connection = open_checkpointer(database).map_err(read_fault)?;
        // A file keeps the page size that it was made with.
        let page_bytes: u32 = connection
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(read_fault)?;
        let moving = Arc::new(Mutex::new(()));
        let (wake, woken) = sync_channel(1);
        let lock = Arc::clone(&moving);
        let thread = std::thread::Builder::new()
            .name("event checkpoint".to_owned())
            .spawn(move || run(&connection, &woken, &lock, &failure))
            .map_err(|source| StoreError::Io {
                path: database.to_owned(),
                source,
            })?;
        Ok(Self {
            wake: Some(wake),
            thread: Some(thread),
            moving,
            frame_bytes: u64::from(page_bytes) + FRAME_HEADER_BYTES,
            wake_at: PASSIVE_BYTES,
            truncate_at: WAL_BYTES_MAX,
        })
    }

    /// Does what the size of the write-ahead log asks for, after a commit.
    pub(crate) fn after_commit(&mut self, writer: &Connection, readers: &Pool) -> rusqlite::Result<()> {
        let size = wal_frames(writer)? * self.frame_bytes;
        // The log has started over since it was last looked at.
        if size.saturating_add(PASSIVE_BYTES) < self.wake_at {
            (self.wake_at, self.truncate_at) = (PASSIVE_BYTES, WAL_BYTES_MAX);
        }
        if size >= self.truncate_at {
            if self.truncate(writer, readers)? {
                (self.wake_at, self.truncate_at) = (PASSIVE_BYTES, WAL_BYTES_MAX);
                return Ok(());
            }
            // Some reader stays. To be tried again when the log has grown, and not at every commit.
            self.truncate_at = size.saturating_add(PASSIVE_BYTES);
        }
        if size >= self.wake_at {
            self.wake_at = size.saturating_add(PASSIVE_BYTES);
            // When the channel is full, it is being woken already.
            let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
        }
        Ok(())
    }

    /// Cuts the write-ahead log back to nothing; false when somebody reads from it.
    fn truncate(&self, writer: &Connection, readers: &Pool) -> rusqlite::Result<bool> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = readers.without_readers(TRUNCATE_PATIENCE, || {
            // Our own readers are gone; those of another process are not worth waiting for.
            writer.busy_timeout(Duration::ZERO)?;
            let busy = writer
                .prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")
                .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
            writer.busy_timeout(BUSY_TIME_MAX)?;
            busy
        });
        Ok(cut.transpose()? == Some(0))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its hook.
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>, moving: &Mutex<()>, failure: &OnceLock<String>) {
    while woken.recv().is_ok() {
        let _moving = moving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            judge(&error, failure);
        }
    }
}

/// Decides what a failed checkpoint means. Want of room can be mended, and the write-ahead log keeps everything
/// meanwhile; a disk that failed here ends all writing.
pub(crate) fn judge(error: &rusqlite::Error, failure: &OnceLock<String>) {
    tracing::warn!(%error, "a checkpoint failed; the write-ahead log keeps everything meanwhile");
    if is_failing(error) {
        failure.get_or_init(|| error.to_string());
    }
}

/// How many pages of the write-ahead log are in use. The length of its file does not say: it is written over from the start.
fn wal_frames(connection: &Connection) -> rusqlite::Result<u64> {
    let frames: i64 = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| row.get(1))?;
    Ok(u64::try_from(frames).unwrap_or(0))
}
