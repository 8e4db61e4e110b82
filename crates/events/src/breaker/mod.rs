//! A circuit breaker: a store that keeps failing is left alone for a while, so that callers are told at once in place of
//! waiting for it, and it is not overrun when it comes back.
//!
//! Only what says that the store cannot be reached or does not work counts as a failure. Conflicts and refusals do not,
//! nor do a full disk or one that can only be read, for reading still works then.

mod circuit;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

pub use circuit::{BreakerConfig, CircuitState};

use self::circuit::{Circuit, Pass};
use crate::clock::{Clock, SystemClock};
use crate::commit::{Commit, Committed};
use crate::error::{AppendError, StoreError};
use crate::event::SequenceNumber;
use crate::layer::Layer;
use crate::store::EventStore;

/// A store behind a circuit breaker. While the circuit is open every call is answered with
/// [`StoreError::CircuitOpen`], which says when to try again.
pub struct CircuitBreaker<S> {
    store: S,
    clock: Box<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    circuit: Circuit,
    metrics: BreakerMetrics,
}

/// What a circuit breaker has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BreakerMetrics {
    /// Calls that were let through.
    pub calls: u64,
    /// Those of them at which the store failed.
    pub failures: u64,
    /// Calls that were not let through.
    pub refused: u64,
    /// How often it opened, after a trial too.
    pub opened: u64,
}

impl<S: EventStore> CircuitBreaker<S> {
    /// Puts a circuit breaker before a store, closed.
    #[must_use]
    pub fn new(store: S, config: BreakerConfig) -> Self {
        Self::with_clock(store, config, SystemClock::default())
    }

    /// The same, with another clock.
    #[must_use]
    pub fn with_clock(store: S, config: BreakerConfig, clock: impl Clock + 'static) -> Self {
        Self {
            store,
            clock: Box::new(clock),
            state: Mutex::new(State {
                circuit: Circuit::new(config),
                metrics: BreakerMetrics::default(),
            }),
        }
    }

    /// Whether calls are let through. An open circuit lets the next one through once its time has come.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.lock().circuit.state()
    }

    /// What it has seen.
    #[must_use]
    pub fn metrics(&self) -> BreakerMetrics {
        self.lock().metrics
    }

    /// The store behind it.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// Makes a call, if one is let through.
    fn call<T, E: From<StoreError>>(
        &self,
        call: impl FnOnce(&S) -> Result<T, E>,
        failed: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        let now = self.clock.now();
        let mut state = self.lock();
        let pass = match state.circuit.admit(now) {
            Ok(pass) => pass,
            Err(retry_after) => {
                state.metrics.refused += 1;
                return Err(StoreError::CircuitOpen { retry_after }.into());
            }
        };
        state.metrics.calls += 1;
        drop(state);
        // A call that panics has failed, and must not be waited for.
        let mut running = Running {
            breaker: self,
            pass,
            succeeded: false,
        };
        let result = call(&self.store);
        running.succeeded = result.as_ref().err().is_none_or(|error| !failed(error));
        result
    }
}

impl<S> CircuitBreaker<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves a circuit that works.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through.
struct Running<'a, S> {
    breaker: &'a CircuitBreaker<S>,
    pass: Pass,
    succeeded: bool,
}

impl<S> Drop for Running<'_, S> {
    fn drop(&mut self) {
        let now = self.breaker.clock.now();
        let mut state = self.breaker.lock();
        let before = state.circuit.state();
        let opened = state.circuit.note(&self.pass, self.succeeded, now);
        state.metrics.failures += u64::from(!self.succeeded);
        state.metrics.opened += u64::from(opened);
        let after = state.circuit.state();
        drop(state);
        if opened {
            tracing::error!("the event store keeps failing and is left alone for a while");
        } else if before != after {
            tracing::info!("the event store works again");
        }
    }
}

/// Whether an error says that the store cannot be reached or does not work.
const fn is_failure(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unavailable(_)
            | StoreError::OutcomeUnknown(_)
            | StoreError::Io { .. }
            | StoreError::Database(_)
            | StoreError::CircuitOpen { .. }
    )
}

impl<S: EventStore> Layer for CircuitBreaker<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    fn read<T>(&self, call: impl FnOnce(&S) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.call(call, is_failure)
    }

    fn commit_inwards(&self, commit: Commit) -> Result<Committed, AppendError> {
        let failed = |error: &AppendError| matches!(error, AppendError::Store(error) if is_failure(error));
        self.call(|store| store.commit(commit), failed)
    }

    fn wait_inside(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        // A trial must end soon: nobody else is let through meanwhile.
        if self.state() != CircuitState::Closed {
            return self.read(EventStore::head);
        }
        self.read(|store| store.wait(after, patience))
    }
}
