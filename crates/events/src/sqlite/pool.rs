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
    /// Where readers wait for a seat. Each that leaves wakes one: thousands may wait, and one seat is free.
    freed: Condvar,
    /// Where the writer waits until nobody reads.
    emptied: Condvar,
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
            freed: Condvar::new(),
            emptied: Condvar::new(),
        }))
    }

    /// Reads, with a connection that sees one moment of the store.
    pub(crate) fn read<T, E: From<rusqlite::Error>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut seat = self.sit();
        let connection = match seat.connection.take() {
            Some(connection) => connection,
            None => open_reader(&self.0.path)?,
        };
        run(&connection, "BEGIN")?;
        let result = read(&connection);
        // A connection that cannot end its transaction is not used again.
        if run(&connection, "ROLLBACK").is_ok() {
            seat.connection = Some(connection);
        }
        result
    }

    /// Waits for a seat. It is a function of its own, so that those who wait take little of their stacks.
    #[inline(never)]
    fn sit(&self) -> Seat<'_> {
        let full = |inside: &mut Inside| inside.closed || inside.reading >= self.0.readers_max;
        let waited = self.0.freed.wait_while(self.lock(), full);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        inside.reading += 1;
        let connection = inside.idle.pop();
        Seat {
            pool: self,
            connection,
        }
    }

    /// Runs `act` while nobody reads; `None` when readers do not leave within `patience`. New ones wait meanwhile.
    pub(crate) fn without_readers<T>(&self, patience: Duration, act: impl FnOnce() -> T) -> Option<T> {
        let mut inside = self.lock();
        inside.closed = true;
        let wait = |inside: &mut Inside| inside.reading > 0;
        let waited = self.0.emptied.wait_timeout_while(inside, patience, wait);
        let (mut inside, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        let done = (!waited.timed_out()).then(act);
        inside.closed = false;
        drop(inside);
        self.0.freed.notify_all();
        done
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // The guarded lists are whole after every statement, so a panic elsewhere leaves them usable.
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// A reader's place inside the gate, given back however the reader ends.
struct Seat<'a> {
    pool: &'a Pool,
    /// What it reads with; given back with the seat, if it is good for another reader.
    connection: Option<Connection>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut inside = self.pool.lock();
        inside.reading -= 1;
        inside.idle.extend(self.connection.take());
        let (closed, empty) = (inside.closed, inside.reading == 0);
        drop(inside);
        // While the gate is closed nobody may sit down; who opens it wakes all.
        if !closed {
            self.pool.0.freed.notify_one();
        } else if empty {
            self.pool.0.emptied.notify_all();
        }
    }
}
