//! Many projections of one store, each on a thread of its own, listed with how they are.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

use crate::event::SequenceNumber;
use crate::name::ProjectionName;
use crate::panic_words::panic_words;
use crate::projection::status::Shared;
use crate::projection::{
    Projection, ProjectionConfig, ProjectionError, ProjectionRunner, ProjectionState, ProjectionStatus,
    ProjectionTarget, Step,
};
use crate::store::EventStore;

/// Why a projection is not started.
#[derive(Debug, Error)]
pub enum ProjectionsError {
    /// One of that name runs.
    #[error("start projection {0}: it is running already")]
    Running(ProjectionName),
    /// Its query is refused.
    #[error("start projection {name}: it cannot be run")]
    Refused {
        /// Its name.
        name: ProjectionName,
        /// Why.
        #[source]
        source: ProjectionError,
    },
    /// The system has no thread to give.
    #[error("start projection {name}: there is no thread for it")]
    NoThread {
        /// Its name.
        name: ProjectionName,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The projections of a store. Dropping it ends all of them; their targets keep how far they have come.
pub struct Projections {
    store: Arc<dyn EventStore>,
    running: Mutex<BTreeMap<ProjectionName, Running>>,
}

struct Running {
    control: ProjectionControl,
    thread: Option<JoinHandle<()>>,
}

/// A hand on one projection. Clones are one and the same; after the projection has ended they do nothing.
#[derive(Clone)]
pub struct ProjectionControl {
    shared: Arc<Shared>,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Orders {
    wanted: Mutex<Wanted>,
    moved: Condvar,
}

/// What a projection is to do.
#[derive(Clone, Copy, Default)]
struct Wanted {
    paused: bool,
    rebuild: bool,
    older_events_arrived: bool,
    /// It has failed, and waits for somebody to say that it may go on.
    halted: bool,
    /// How often somebody said so: one who saw it fail may be faster than the thread that is about to halt.
    resumed: u64,
    end: bool,
}

impl Projections {
    /// The projections of `store`, of which there is none yet.
    #[must_use]
    pub fn of(store: Arc<dyn EventStore>) -> Self {
        Self {
            store,
            running: Mutex::default(),
        }
    }

    /// Starts a projection. It goes on where its target says, and begins anew where the target has another version.
    ///
    /// # Errors
    /// [`ProjectionsError`] when one of that name runs, or it cannot be run.
    pub fn start<T: ProjectionTarget + 'static>(
        &self,
        projection: impl Projection<T> + 'static,
        target: T,
        config: ProjectionConfig,
    ) -> Result<ProjectionControl, ProjectionsError> {
        let name = projection.name();
        let mut running = self.lock();
        if running.get(&name).is_some_and(|running| !running.is_ended()) {
            return Err(ProjectionsError::Running(name));
        }
        let runner = ProjectionRunner::new(Arc::clone(&self.store), projection, target, config);
        let runner = runner.map_err(|source| ProjectionsError::Refused {
            name: name.clone(),
            source,
        })?;
        let control = ProjectionControl {
            shared: runner.shared(),
            orders: Arc::default(),
        };
        let driven = control.clone();
        let thread = std::thread::Builder::new()
            .name(format!("projection {name}"))
            .spawn(move || drive(runner, &driven, &config))
            .map_err(|source| ProjectionsError::NoThread {
                name: name.clone(),
                source,
            })?;
        let started = Running {
            control: control.clone(),
            thread: Some(thread),
        };
        running.insert(name, started);
        Ok(control)
    }

    /// All projections that were started, by name, with how they are. Their lag is measured now, if the store can be
    /// reached.
    #[must_use]
    pub fn list(&self) -> Vec<ProjectionStatus> {
        let head = self.store.head().ok().flatten();
        let running = self.lock();
        let statuses = running.values().map(|running| {
            running.control.shared.head(head);
            running.control.status()
        });
        statuses.collect()
    }

    /// A hand on one projection; `None` when none of that name was started.
    #[must_use]
    pub fn control(&self, name: &ProjectionName) -> Option<ProjectionControl> {
        self.lock().get(name).map(|running| running.control.clone())
    }

    /// Ends a projection, waits for that, and takes it off the list; whether there was one.
    pub fn stop(&self, name: &ProjectionName) -> bool {
        // Waited for without the lock, so that others are not held up.
        let stopped = self.lock().remove(name);
        stopped.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ProjectionName, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn is_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.order(|wanted| wanted.end = true);
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its hook.
            let _ = thread.join();
        }
    }
}

impl ProjectionControl {
    /// How it is.
    #[must_use]
    pub fn status(&self) -> ProjectionStatus {
        self.shared.status()
    }

    /// Lets it finish the batch that it is at, and rest then.
    pub fn pause(&self) {
        self.order(|wanted| wanted.paused = true);
    }

    /// Lets it go on, after a pause or after it has failed.
    pub fn resume(&self) {
        self.order(|wanted| {
            wanted.paused = false;
            wanted.go_on();
        });
    }

    /// Lets it make its rows anew, after it has failed too. A paused one does so when it is resumed.
    pub fn rebuild(&self) {
        self.order(|wanted| {
            wanted.rebuild = true;
            wanted.go_on();
        });
    }

    /// Tells it that events turned up which are older than some that were applied; it begins anew if the order of events
    /// matters to it.
    pub fn older_events_arrived(&self) {
        self.order(|wanted| wanted.older_events_arrived = true);
    }

    /// Waits until the projection has looked at everything up to `position`, at most for `patience`; whether it has. So
    /// whoever has committed something can read its effect.
    #[must_use]
    pub fn wait_for(&self, position: SequenceNumber, patience: Duration) -> bool {
        self.wait_until(patience, |status| status.position >= Some(position))
    }

    /// Waits until its status is as `holds` wants it, at most for `patience`; whether it is.
    #[must_use]
    pub fn wait_until(&self, patience: Duration, holds: impl Fn(&ProjectionStatus) -> bool) -> bool {
        self.shared.wait_until(patience, holds)
    }

    fn order(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.orders.lock());
        self.orders.moved.notify_all();
    }
}

impl Wanted {
    const fn go_on(&mut self) {
        self.halted = false;
        self.resumed = self.resumed.wrapping_add(1);
    }

    /// Halts, unless somebody has said since `before` that it may go on.
    const fn halt_after(&mut self, before: Self) {
        self.halted = self.resumed == before.resumed;
    }
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time`, or until there is an order.
    fn sleep(&self, time: Duration) {
        // Waking early does no harm: the orders are looked at afterwards.
        drop(self.moved.wait_timeout(self.lock(), time));
    }

    /// Sleeps as long as it is to rest.
    fn rest(&self) {
        let resting = |wanted: &mut Wanted| (wanted.paused || wanted.halted) && !wanted.end;
        drop(self.moved.wait_while(self.lock(), resting));
    }
}

/// Runs a projection until it is to end.
fn drive<T: ProjectionTarget>(
    mut runner: ProjectionRunner<T>,
    control: &ProjectionControl,
    config: &ProjectionConfig,
) {
    let ProjectionControl { shared, orders } = control;
    let mut failures = 0;
    loop {
        let wanted = *orders.lock();
        if wanted.end {
            break shared.turn(ProjectionState::Ended);
        }
        if wanted.paused || wanted.halted {
            if wanted.paused {
                shared.turn(ProjectionState::Paused);
            }
            orders.rest();
            shared.resumed();
            continue;
        }
        // What a target does when it panics is not known here, but it must not go unnoticed.
        let worked = catch_unwind(AssertUnwindSafe(|| work(&mut runner, wanted, config)));
        match worked {
            Ok(Ok(())) => {
                failures = 0;
                let mut now = orders.lock();
                now.rebuild &= !wanted.rebuild;
                now.older_events_arrived &= !wanted.older_events_arrived;
            }
            Ok(Err(error)) if error.is_passing() => {
                let delay = config.backoff.delay(failures);
                let name = runner.status().name;
                tracing::warn!(
                    projection = name.as_str(),
                    error = %error,
                    failures,
                    retry_ms = delay.as_millis() as u64,
                    "projection waits"
                );
                failures = failures.saturating_add(1);
                orders.sleep(delay);
            }
            Ok(Err(error)) => {
                let name = runner.status().name;
                tracing::error!(projection = name.as_str(), error = %error, "projection stopped");
                orders.lock().halt_after(wanted);
            }
            Err(panic) => {
                let reason = format!("the target panicked: {}", panic_words(&*panic));
                shared.turn(ProjectionState::Failed { reason });
                orders.lock().halt_after(wanted);
            }
        }
    }
}

/// Does what is wanted, then one step.
fn work<T: ProjectionTarget>(
    runner: &mut ProjectionRunner<T>,
    wanted: Wanted,
    config: &ProjectionConfig,
) -> Result<(), ProjectionError> {
    if wanted.rebuild {
        return runner.rebuild();
    }
    if wanted.older_events_arrived {
        return runner.older_events_arrived();
    }
    match runner.step()? {
        Step::Moved => Ok(()),
        Step::Idle => runner.wait(Duration::from_millis(config.wait_ms_max)),
    }
}
