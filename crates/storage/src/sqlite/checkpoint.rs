//! Checkpoints off the writer's path: moving the write-ahead log into the database while commits go on.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::error::StorageError;
use crate::sqlite::connection::open_checkpointer;

/// After how much writing a checkpoint is made, in bytes of payload.
pub(crate) const PASSIVE_BYTES: u64 = 2 << 20;

/// Beyond this size, in bytes, the write-ahead log is cut back by the writer.
pub(crate) const WAL_BYTES_MAX: u64 = 32 << 20;

/// The thread that makes checkpoints; it ends when this is dropped.
pub(crate) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    wal: PathBuf,
}

impl Checkpointer {
    pub(crate) fn spawn(database: &Path) -> Result<Self, StorageError> {
        let connection = open_checkpointer(database)?;
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&connection, &woken))
            .map_err(|source| StorageError::Io { path: database.to_owned(), source })?;
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Self { wake: Some(wake), thread: Some(thread), wal: wal.into() })
    }

    /// Asks for a checkpoint; one that is asked for already will do.
    pub(crate) fn wake(&self) {
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(());
        }
    }

    /// Whether the write-ahead log has grown beyond [`WAL_BYTES_MAX`].
    pub(crate) fn is_overgrown(&self) -> bool {
        std::fs::metadata(&self.wal).is_ok_and(|metadata| metadata.len() > WAL_BYTES_MAX)
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

fn run(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "a checkpoint failed; the write-ahead log keeps everything meanwhile");
        }
    }
}
