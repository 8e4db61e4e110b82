//! Checkpoints off the writer's path: moving the write-ahead log into the database while commits go on.
//!
//! Against a busy writer the thread here never quite catches up, and readers that follow each other without a gap
//! keep the log from starting over. So at a larger size the writer stops everybody for a moment and begins it anew.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use thiserror::Error;

use crate::fault::Failure;
use crate::pool::Pool;
use crate::room::Room;

/// What a page takes in the write-ahead log beside itself, in bytes.
const FRAME_HEADER_BYTES: u64 = 24;

/// What stands before the first page, in bytes.
const HEADER_BYTES: u64 = 32;

/// How long the writer waits for readers to leave before it gives up beginning the log anew for now.
const PATIENCE: Duration = Duration::from_millis(20);

/// After which share of the growth between two checkpoints the writer tries again to begin the log anew.
const AGAIN: u64 = 4;

/// How large a write-ahead log becomes.
#[derive(Clone, Copy, Debug)]
pub struct LogSizes {
    /// After how much growth a checkpoint is made off the writer's path, in bytes.
    pub passive_bytes: u64,
    /// From this size on, in bytes, the writer begins it anew. A file that is longer is cut back to nothing then; one that
    /// is not stays as long as it is, to be written over.
    pub bytes_max: u64,
}

/// Why no checkpoints can be made.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database does not answer.
    #[error("ask the database for its page size")]
    Database(#[from] rusqlite::Error),
    /// There is no thread to be had.
    #[error("start the thread that makes checkpoints")]
    Thread(#[source] io::Error),
}

/// The thread that makes checkpoints, which ends when this is dropped, and what the writer does beside it.
#[derive(Debug)]
pub struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Held while pages are moved: SQLite lets one connection at a time do so, and turns others away.
    moving: Arc<Mutex<()>>,
    room: Room,
    sizes: LogSizes,
    /// How long a connection of the writer waits for another otherwise.
    busy_time: Duration,
    /// What a page takes in the write-ahead log, in bytes.
    frame_bytes: u64,
    /// The size of the write-ahead log at which the thread is next woken, in bytes.
    wake_at: u64,
    /// The size at which the writer next tries to begin it anew, in bytes.
    restart_at: u64,
}

impl Checkpointer {
    /// Starts the thread for the `database` that `connection` is open on, which is for checkpoints alone. `busy_time` is
    /// how long the writer's connection waits for others.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn spawn(
        database: &Path,
        connection: Connection,
        sizes: LogSizes,
        busy_time: Duration,
        failure: Failure,
    ) -> Result<Self, StartError> {
        // A file keeps the page size that it was made with.
        let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let moving = Arc::new(Mutex::new(()));
        let (wake, woken) = sync_channel(1);
        let lock = Arc::clone(&moving);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&connection, &woken, &lock, &failure))
            .map_err(StartError::Thread)?;
        Ok(Self {
            wake: Some(wake),
            thread: Some(thread),
            moving,
            room: Room::beside(database, sizes.bytes_max),
            sizes,
            busy_time,
            frame_bytes: u64::from(page_bytes) + FRAME_HEADER_BYTES,
            wake_at: sizes.passive_bytes,
            restart_at: sizes.bytes_max,
        })
    }

    /// Does what the size of the write-ahead log asks for, after a commit of the writer.
    ///
    /// # Errors
    /// SQLite's, of a checkpoint that failed: [`Failure::judge_checkpoint`] says what that means. The commit stands.
    pub fn after_commit(&mut self, writer: &Connection, readers: &Pool) -> rusqlite::Result<()> {
        let size = HEADER_BYTES + wal_frames(writer)? * self.frame_bytes;
        // The log has started over since it was last looked at.
        if size.saturating_add(self.sizes.passive_bytes) < self.wake_at {
            self.start_over();
        }
        if size >= self.restart_at {
            if self.restart(writer, readers)? {
                self.start_over();
                return Ok(());
            }
            // Some reader stays. To be tried again when the log has grown a little, and not at every commit.
            self.restart_at = size.saturating_add(self.sizes.passive_bytes / AGAIN);
        }
        if size >= self.wake_at {
            self.wake_at = size.saturating_add(self.sizes.passive_bytes);
            // When the channel is full, it is being woken already.
            let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
        }
        self.room.make(writer, size);
        Ok(())
    }

    const fn start_over(&mut self) {
        (self.wake_at, self.restart_at) = (self.sizes.passive_bytes, self.sizes.bytes_max);
    }

    /// Moves everything into the database, so that the log begins anew; false when somebody reads from it.
    fn restart(&mut self, writer: &Connection, readers: &Pool) -> rusqlite::Result<bool> {
        self.room.look();
        let sql = if self.room.length() > self.sizes.bytes_max.saturating_add(self.sizes.passive_bytes) {
            "PRAGMA wal_checkpoint(TRUNCATE)"
        } else {
            "PRAGMA wal_checkpoint(RESTART)"
        };
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let done = readers.without_readers(PATIENCE, || {
            // Our own readers are gone; those of another process are not worth waiting for.
            writer.busy_timeout(Duration::ZERO)?;
            let busy = writer
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
            writer.busy_timeout(self.busy_time)?;
            busy
        });
        self.room.look();
        Ok(done.transpose()? == Some(0))
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

fn run(connection: &Connection, woken: &Receiver<()>, moving: &Mutex<()>, failure: &Failure) {
    while woken.recv().is_ok() {
        let _moving = moving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            failure.judge_checkpoint(&error);
        }
    }
}

/// How many pages of the write-ahead log are in use. The length of its file does not say: it is written over from the start.
fn wal_frames(connection: &Connection) -> rusqlite::Result<u64> {
    let frames: i64 = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| row.get(1))?;
    Ok(u64::try_from(frames).unwrap_or(0))
}
