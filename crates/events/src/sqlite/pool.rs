//! Readers: connections of their own, each in a transaction that pins what it sees.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::sqlite::connection::open_reader;

/// The readers of one store. More than `readers_max` wait for one another.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    path: PathBuf,
    readers_max: usize,
    inside: Mutex<Inside>,
    /// Woken when the gate opens, and when a reader leaves.
    moved: Condvar,
}

#[derive(Default)]
struct Inside {
    idle: Vec<Connection>,
    reading: usize,
    /// No new reader may begin: the write-ahead log is being cut back.
    closed: bool,
}

impl Pool {
    pub(crate) fn new(path: PathBuf, readers_max: usize) -> Self {
        Self(Arc::new(Shared {
            path,
            readers_max,
            inside: Mutex::default(),
            moved: Condvar::new(),
        }))
    }

    /// Reads, with a connection that sees one moment of the store.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = {
            let full = |inside: &mut Inside| inside.closed || inside.reading >= self.0.readers_max;
            let waited = self.0.moved.wait_while(self.lock(), full);
            let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
            inside.reading += 1;
            inside.idle.pop()
        };
        let _seat = Seat(self);
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.0.path)?,
        };
        connection.execute_batch("BEGIN")?;
        let result = read(&connection);
        // A connection that cannot end its transaction is not used again.
        if connection.execute_batch("ROLLBACK").is_ok() {
            self.lock().idle.push(connection);
        }
        result
    }

    /// Runs `act` while nobody reads; `None` when readers do not leave within `patience`. New ones wait meanwhile.
    pub(crate) fn without_readers<T>(&self, patience: Duration, act: impl FnOnce() -> T) -> Option<T> {
        let mut inside = self.lock();
        inside.closed = true;
        let wait = |inside: &mut Inside| inside.reading > 0;
        let waited = self.0.moved.wait_timeout_while(inside, patience, wait);
        let (mut inside, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        let done = (!waited.timed_out()).then(act);
        inside.closed = false;
        drop(inside);
        self.0.moved.notify_all();
        done
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // The guarded lists are whole after every statement, so a panic elsewhere leaves them usable.
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's place inside the gate, given back however the reader ends.
struct Seat<'a>(&'a Pool);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.lock().reading -= 1;
        self.0.0.moved.notify_all();
    }
}
