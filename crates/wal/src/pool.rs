//! Readers: connections of their own, each in a transaction that pins what it sees, and a gate before them.

use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

/// How a connection that only reads is opened.
type Open = dyn Fn(&std::path::Path) -> rusqlite::Result<Connection> + Send + Sync;

/// The readers of one file. More than `readers_max` wait for one another.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    path: PathBuf,
    open: Box<Open>,
    readers_max: usize,
    idle_max: usize,
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
    /// No new reader may begin: the write-ahead log is being begun anew.
    closed: bool,
}

impl Pool {
    /// A pool for the file at `path`, whose connections `open` opens. At most `readers_max` read at the same time, and at
    /// most `idle_max` connections are kept for later.
    pub fn new(
        path: PathBuf,
        readers_max: usize,
        idle_max: usize,
        open: impl Fn(&std::path::Path) -> rusqlite::Result<Connection> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Shared {
            path,
            open: Box::new(open),
            readers_max,
            idle_max,
            inside: Mutex::default(),
            freed: Condvar::new(),
            emptied: Condvar::new(),
        }))
    }

    /// A connection in a transaction, which sees one moment of the file: that of its first read. It waits for a seat.
    ///
    /// # Errors
    /// SQLite's, when no connection can be opened or no transaction begun.
    pub fn reader(&self) -> rusqlite::Result<Reader> {
        let (seat, idle) = self.sit();
        let connection = match idle {
            Some(connection) => connection,
            None => (self.0.open)(&self.0.path)?,
        };
        run(&connection, "BEGIN")?;
        Ok(Reader {
            connection: Some(connection),
            seat,
        })
    }

    /// Waits for a seat. It is a function of its own, so that those who wait take little of their stacks.
    #[inline(never)]
    fn sit(&self) -> (Seat, Option<Connection>) {
        let full = |inside: &mut Inside| inside.closed || inside.reading >= self.0.readers_max;
        let waited = self.0.freed.wait_while(self.lock(), full);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        inside.reading += 1;
        let idle = inside.idle.pop();
        (Seat { pool: self.clone() }, idle)
    }

    /// Runs `act` while nobody reads; `None` when readers do not leave within `patience`. New ones wait meanwhile.
    pub fn without_readers<T>(&self, patience: Duration, act: impl FnOnce() -> T) -> Option<T> {
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

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// A connection in a transaction. Dropping it ends the transaction, and gives back the connection and the seat.
#[derive(Debug)]
pub struct Reader {
    /// Present until it is dropped.
    connection: Option<Connection>,
    seat: Seat,
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("a reader has its connection until it is dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // A connection that cannot end its transaction is not used again.
        if let Some(connection) = self.connection.take()
            && run(&connection, "ROLLBACK").is_ok()
        {
            let mut inside = self.seat.pool.lock();
            if inside.idle.len() < self.seat.pool.0.idle_max {
                inside.idle.push(connection);
            }
        }
        // The seat is given back after this, so that whoever sits down next finds the connection.
    }
}

/// A reader's place inside the gate, given back however the reader ends.
#[derive(Debug)]
struct Seat {
    pool: Pool,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inside = self.pool.lock();
        inside.reading -= 1;
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
