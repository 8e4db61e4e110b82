//! How a projection is, for those who watch it from outside.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::event::SequenceNumber;
use crate::name::ProjectionName;
use crate::projection::{Checkpoint, EventOrder, ProjectionError, ProjectionVersion, SetAside};

/// How many of the events that were set aside a status names.
pub const SET_ASIDE_SHOWN: usize = 100;

/// What a projection does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProjectionState {
    /// It applies events as they come.
    Running,
    /// It applies events of old, since its rows are made anew.
    Rebuilding,
    /// Somebody paused it.
    Paused,
    /// Its store or its target is away; it goes on by itself.
    Waiting {
        /// What failed.
        reason: String,
    },
    /// It has stopped, and goes on when somebody resumes it.
    Failed {
        /// Why.
        reason: String,
    },
    /// It has ended.
    Ended,
}

/// What a projection has done since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProjectionMetrics {
    /// Events applied.
    pub applied: u64,
    /// Transactions with events.
    pub batches: u64,
    /// Events set aside.
    pub set_aside: u64,
    /// Events at which it panicked.
    pub panics: u64,
    /// Steps that failed because the store or the target did.
    pub failures: u64,
    /// How often its rows were made anew.
    pub rebuilds: u64,
    /// How long it took to apply and to commit, in microseconds.
    pub busy_us: u64,
}

/// How a projection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: ProjectionName,
    /// Its version.
    pub version: ProjectionVersion,
    /// Whether the order of events matters to it.
    pub order: EventOrder,
    /// What it does.
    #[serde(flatten)]
    pub state: ProjectionState,
    /// How far it is.
    pub position: Option<SequenceNumber>,
    /// The last event of the store, as far as is known.
    pub head: Option<SequenceNumber>,
    /// How many events of the store it has not looked at.
    pub lag: u64,
    /// The rows are whole once this is reached; absent when they are.
    pub rebuilding_to: Option<SequenceNumber>,
    /// How many events are in the rows.
    pub applied: u64,
    /// How many events were set aside.
    pub set_aside: u64,
    /// The first of these, [`SET_ASIDE_SHOWN`] at most.
    pub set_aside_events: Vec<SetAside>,
    /// What it has done.
    pub metrics: ProjectionMetrics,
}

impl ProjectionStatus {
    /// Whether nobody has to look after it.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        !matches!(
            self.state,
            ProjectionState::Failed { .. } | ProjectionState::Waiting { .. }
        ) && self.set_aside == 0
    }
}

/// The status while it changes.
pub(crate) struct Shared {
    status: Mutex<ProjectionStatus>,
    moved: Condvar,
}

/// The status, to be changed; whoever waits is told afterwards.
struct Change<'a> {
    status: MutexGuard<'a, ProjectionStatus>,
    moved: &'a Condvar,
}

impl Deref for Change<'_> {
    type Target = ProjectionStatus;

    fn deref(&self) -> &ProjectionStatus {
        &self.status
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut ProjectionStatus {
        &mut self.status
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.moved.notify_all();
    }
}

impl Shared {
    pub(crate) fn new(name: ProjectionName, version: ProjectionVersion, order: EventOrder) -> Self {
        let status = ProjectionStatus {
            name,
            version,
            order,
            state: ProjectionState::Running,
            position: None,
            head: None,
            lag: 0,
            rebuilding_to: None,
            applied: 0,
            set_aside: 0,
            set_aside_events: Vec::new(),
            metrics: ProjectionMetrics::default(),
        };
        Self {
            status: Mutex::new(status),
            moved: Condvar::new(),
        }
    }

    pub(crate) fn stands_at(&self, checkpoint: &Checkpoint) {
        let mut status = self.lock();
        status.position = checkpoint.position;
        status.rebuilding_to = checkpoint.rebuilding_to;
        status.applied = checkpoint.applied;
        status.set_aside = checkpoint.set_aside;
        status.state = working(checkpoint.rebuilding_to);
        status.measure_lag();
    }

    pub(crate) fn passed(&self, position: Option<SequenceNumber>) {
        let mut status = self.lock();
        status.position = position;
        status.state = working(status.rebuilding_to);
        status.measure_lag();
    }

    pub(crate) fn head(&self, head: Option<SequenceNumber>) {
        let mut status = self.lock();
        status.head = head.max(status.head);
        status.measure_lag();
    }

    pub(crate) fn applied(&self, events: u64, busy: Duration) {
        let mut status = self.lock();
        status.metrics.applied += events;
        status.metrics.batches += 1;
        let micros = u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
        status.metrics.busy_us = status.metrics.busy_us.saturating_add(micros);
    }

    pub(crate) fn set_aside(&self, event: SetAside) {
        let mut status = self.lock();
        status.metrics.set_aside += 1;
        if status.set_aside_events.len() < SET_ASIDE_SHOWN {
            status.set_aside_events.push(event);
        }
    }

    pub(crate) fn was_set_aside(&self, events: Vec<SetAside>) {
        self.lock().set_aside_events = events;
    }

    pub(crate) fn panicked(&self) {
        self.lock().metrics.panics += 1;
    }

    pub(crate) fn rebuilds(&self) {
        self.lock().metrics.rebuilds += 1;
    }

    pub(crate) fn failed(&self, error: &ProjectionError) {
        let reason = words(error);
        let mut status = self.lock();
        if error.is_passing() {
            status.metrics.failures += 1;
            status.state = ProjectionState::Waiting { reason };
        } else {
            status.state = ProjectionState::Failed { reason };
        }
    }

    pub(crate) fn turn(&self, state: ProjectionState) {
        self.lock().state = state;
    }

    pub(crate) fn resumed(&self) {
        let mut status = self.lock();
        status.state = working(status.rebuilding_to);
    }

    pub(crate) fn status(&self) -> ProjectionStatus {
        self.guard().clone()
    }

    /// Waits until `holds`, at most for `patience`; whether it does.
    pub(crate) fn wait_until(&self, patience: Duration, holds: impl Fn(&ProjectionStatus) -> bool) -> bool {
        let waited = self
            .moved
            .wait_timeout_while(self.guard(), patience, |status| !holds(status));
        let (status, _) = waited.unwrap_or_else(PoisonError::into_inner);
        holds(&status)
    }

    fn lock(&self) -> Change<'_> {
        Change {
            status: self.guard(),
            moved: &self.moved,
        }
    }

    fn guard(&self) -> MutexGuard<'_, ProjectionStatus> {
        // Every change leaves a status that can be shown.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProjectionStatus {
    fn measure_lag(&mut self) {
        let number = |position: Option<SequenceNumber>| position.map_or(0, |position| position.0);
        self.lag = number(self.head).saturating_sub(number(self.position));
    }
}

const fn working(rebuilding_to: Option<SequenceNumber>) -> ProjectionState {
    if rebuilding_to.is_some() {
        ProjectionState::Rebuilding
    } else {
        ProjectionState::Running
    }
}

/// An error with what caused it, on one line.
pub(crate) fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words += ": ";
            words += &cause_words;
        }
        source = cause.source();
    }
    words
}
