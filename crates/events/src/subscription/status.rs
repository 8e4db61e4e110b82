//! How a subscription is, for those who watch it from outside.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::error::StoreError;
use crate::event::SequenceNumber;
use crate::subscription::Batch;

/// Whether events come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SubscriptionHealth {
    /// It reads what happened before.
    Replaying,
    /// It has read all there is, and waits for more.
    Live,
    /// The store or the handler fails; it goes on where it is as soon as that is over.
    Waiting {
        /// What failed.
        reason: String,
        /// How often in a row.
        failures: u32,
    },
    /// It has ended.
    Ended {
        /// Why, when nobody asked for it.
        reason: Option<String>,
    },
}

impl SubscriptionHealth {
    const fn of(batch: &Batch) -> Self {
        if batch.is_live {
            Self::Live
        } else {
            Self::Replaying
        }
    }
}

/// What a subscription has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubscriptionMetrics {
    /// Events given, repeated ones too.
    pub events: u64,
    /// Batches given that had events.
    pub batches: u64,
    /// Reads of the store and calls of the handler that failed.
    pub failures: u64,
    /// Batches that a handler was given again.
    pub repeated_batches: u64,
}

/// How a subscription is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubscriptionStatus {
    /// Whether events come.
    pub health: SubscriptionHealth,
    /// How far it is.
    pub position: Option<SequenceNumber>,
    /// Since when nothing failed, or since when it has been failing, in milliseconds.
    pub since_ms: u64,
    /// What it has done.
    pub metrics: SubscriptionMetrics,
}

/// The status while it changes.
pub(crate) struct Shared(Mutex<Inside>);

struct Inside {
    health: SubscriptionHealth,
    since: Instant,
    position: Option<SequenceNumber>,
    metrics: SubscriptionMetrics,
}

impl Shared {
    pub(crate) fn at(position: Option<SequenceNumber>) -> Self {
        Self(Mutex::new(Inside {
            health: SubscriptionHealth::Replaying,
            since: Instant::now(),
            position,
            metrics: SubscriptionMetrics::default(),
        }))
    }

    pub(crate) fn given(&self, batch: &Batch) {
        let mut inside = self.lock();
        inside.metrics.events += batch.records.len() as u64;
        inside.metrics.batches += u64::from(!batch.records.is_empty());
        inside.position = batch.position;
        inside.turn(SubscriptionHealth::of(batch));
    }

    pub(crate) fn failed(&self, error: &StoreError) {
        self.failing(error.to_string());
    }

    pub(crate) fn failing(&self, reason: String) {
        let mut inside = self.lock();
        inside.metrics.failures += 1;
        let failures = match &inside.health {
            SubscriptionHealth::Waiting { failures, .. } => failures.saturating_add(1),
            _ => 1,
        };
        inside.turn(SubscriptionHealth::Waiting { reason, failures });
    }

    pub(crate) fn repeated(&self) {
        self.lock().metrics.repeated_batches += 1;
    }

    /// A batch was dealt with after it had failed.
    pub(crate) fn recovered(&self, batch: &Batch) {
        self.lock().turn(SubscriptionHealth::of(batch));
    }

    pub(crate) fn moved(&self, position: Option<SequenceNumber>) {
        self.lock().position = position;
    }

    pub(crate) fn ended(&self) {
        self.lock().turn(SubscriptionHealth::Ended { reason: None });
    }

    pub(crate) fn broken(&self, reason: String) {
        let reason = Some(reason);
        self.lock().turn(SubscriptionHealth::Ended { reason });
    }

    pub(crate) fn status(&self) -> SubscriptionStatus {
        let inside = self.lock();
        SubscriptionStatus {
            health: inside.health.clone(),
            position: inside.position,
            since_ms: u64::try_from(inside.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            metrics: inside.metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Each change is one statement or counts something: a panic elsewhere leaves it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn turn(&mut self, health: SubscriptionHealth) {
        if std::mem::discriminant(&self.health) != std::mem::discriminant(&health) {
            self.since = Instant::now();
        }
        self.health = health;
    }
}
