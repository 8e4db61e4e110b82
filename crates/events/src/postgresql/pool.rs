//! The connections of one store: as many as it may have, opened when they are needed and kept.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::Client;

use crate::error::StoreError;
use crate::postgresql::fault::fault;
use crate::postgresql::session::Session;

/// Opens a connection.
pub(crate) type Connect = Box<dyn Fn() -> Result<Client, postgres::Error> + Send + Sync>;

/// A pool of sessions.
pub(crate) struct Pool {
    connect: Connect,
    sessions_max: usize,
    patience: Duration,
    inside: Mutex<Inside>,
    returned: Condvar,
}

#[derive(Default)]
struct Inside {
    idle: Vec<Session>,
    lent: usize,
}

impl Pool {
    pub(crate) fn new(connect: Connect, sessions_max: usize, patience: Duration) -> Self {
        Self {
            connect,
            sessions_max,
            patience,
            inside: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Lends a session to `act`. When it turns out that the connection was lost before anything began, another one is
    /// opened and `act` asked again, once; so `act` says by `Unavailable` that nothing was done.
    pub(crate) fn with<T, E: From<StoreError>>(
        &self,
        mut act: impl FnMut(&mut Session) -> Result<T, E>,
        lost: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let mut seat = self.seat()?;
        let kept = seat.session.is_some();
        let session = match &mut seat.session {
            Some(session) => session,
            empty => empty.insert(self.open()?),
        };
        match act(session) {
            Err(error) if kept && lost(&error) && !session.is_sound() => {
                // The server has been away: what else is idle was opened before that too.
                self.lock().idle.clear();
                act(seat.session.insert(self.open()?))
            }
            result => result,
        }
    }

    /// Opens a connection that is the caller's alone.
    pub(crate) fn open(&self) -> Result<Session, StoreError> {
        (self.connect)().map(Session::new).map_err(fault)
    }

    fn seat(&self) -> Result<Seat<'_>, StoreError> {
        let start = Instant::now();
        let full = |inside: &mut Inside| inside.lent >= self.sessions_max;
        let waited = self.returned.wait_timeout_while(self.lock(), self.patience, full);
        let (mut inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if inside.lent >= self.sessions_max {
            let words = format!(
                "all {} connections are in use since {} ms",
                self.sessions_max,
                start.elapsed().as_millis()
            );
            return Err(StoreError::Unavailable(words.into()));
        }
        inside.lent += 1;
        let session = inside.idle.pop().filter(Session::is_sound);
        drop(inside);
        Ok(Seat { pool: self, session })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // The guarded list is whole after every statement, so a panic elsewhere leaves it usable.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session lent, given back however its use ends.
struct Seat<'a> {
    pool: &'a Pool,
    session: Option<Session>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let session = self.session.take().filter(Session::is_sound);
        let mut inside = self.pool.lock();
        inside.lent -= 1;
        inside.idle.extend(session);
        drop(inside);
        self.pool.returned.notify_one();
    }
}
