//! How a projection is run.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::subscription::Backoff;

/// What happens at an event that a projection cannot deal with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnPoison {
    /// The projection stops in front of it until somebody lets it go on.
    Stop,
    /// The event is set aside with its reason, and the projection goes on behind it.
    SetAside,
}

/// How a projection is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectionConfig {
    /// How many events share a transaction at most.
    pub batch_max: NonZeroUsize,
    /// What happens at an event that the projection cannot deal with.
    pub on_poison: OnPoison,
    /// How many events may be set aside before it stops all the same: more are no accident.
    pub set_aside_max: u64,
    /// How many events that it does not want may pass before its position is written down.
    pub idle_events_max: u64,
    /// How long it sleeps at most before it looks whether it is to do something else, in milliseconds.
    pub wait_ms_max: u64,
    /// How it waits for a store or a target that is away.
    pub backoff: Backoff,
}

impl Default for ProjectionConfig {
    fn default() -> Self {
        Self {
            batch_max: const { NonZeroUsize::new(1_000).expect("1,000 is not 0") },
            on_poison: OnPoison::Stop,
            set_aside_max: 1_000,
            idle_events_max: 10_000,
            wait_ms_max: 250,
            backoff: Backoff::default(),
        }
    }
}
