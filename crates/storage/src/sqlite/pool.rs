//! Readers: connections of their own, each in a transaction that pins what it sees.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openprod_core::{BundleId, EntityId, FacetId};
use rusqlite::Connection;

use crate::error::StorageError;
use crate::space::Space;
use crate::sqlite::connection::open_reader;
use crate::sqlite::view::View;
use crate::storage::{ChainId, Place, Position, Read, Readers, Row, StoredBundle};

/// How many idle connections are kept.
const IDLE_MAX: usize = 4;

/// The readers of one store.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    path: PathBuf,
    inside: Mutex<Inside>,
    /// Woken when the gate opens, and when the last reader leaves.
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
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Shared {
            path,
            inside: Mutex::default(),
            moved: Condvar::new(),
        }))
    }

    /// Runs `act` while nobody reads; `None` when readers do not leave within `patience`. New ones wait meanwhile.
    pub(crate) fn without_readers<T>(&self, patience: Duration, act: impl FnOnce() -> T) -> Option<T> {
        let mut inside = self.lock();
        inside.closed = true;
        let wait = |inside: &mut Inside| inside.reading > 0;
        let (mut inside, waited) = self
            .0
            .moved
            .wait_timeout_while(inside, patience, wait)
            .unwrap_or_else(PoisonError::into_inner);
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

impl Readers for Pool {
    fn reader(&self) -> Result<Box<dyn Read + Send>, StorageError> {
        let idle = {
            let inside = self.lock();
            let closed = |inside: &mut Inside| inside.closed;
            let mut inside = self
                .0
                .moved
                .wait_while(inside, closed)
                .unwrap_or_else(PoisonError::into_inner);
            inside.reading += 1;
            inside.idle.pop()
        };
        let seat = Seat { pool: self.clone() };
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.0.path)?,
        };
        connection.execute_batch("BEGIN")?;
        let reader = Reader {
            connection: Some(connection),
            seat,
        };
        // The first read pins the state; until then the transaction would see whatever comes.
        reader.last()?;
        Ok(Box::new(reader))
    }
}

/// A reader's place inside the gate.
struct Seat {
    pool: Pool,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pool.lock().reading -= 1;
        self.pool.0.moved.notify_all();
    }
}

struct Reader {
    /// Present until it is dropped.
    connection: Option<Connection>,
    seat: Seat,
}

impl Reader {
    fn view(&self) -> View<'_> {
        View(
            self.connection
                .as_ref()
                .expect("a reader has its connection until it is dropped"),
        )
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("ROLLBACK").is_ok()
        {
            let mut inside = self.seat.pool.lock();
            if inside.idle.len() < IDLE_MAX {
                inside.idle.push(connection);
            }
        }
    }
}

crate::storage::read_through!(Reader, view);
