//! A waiter that does not wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::executor::Waiter;

/// Notes how long it should have waited, and gives the other threads a turn instead. Clones share their notes.
#[derive(Clone, Debug, Default)]
pub struct CountingWaiter {
    pauses: Arc<Mutex<Vec<Duration>>>,
    chance: u32,
}

impl CountingWaiter {
    /// A waiter whose every chance is `chance`: with [`u32::MAX`] each pause is the longest possible.
    #[must_use]
    pub fn with_chance(chance: u32) -> Self {
        Self {
            chance,
            ..Self::default()
        }
    }

    /// The pauses so far, in order.
    #[must_use]
    pub fn pauses(&self) -> Vec<Duration> {
        self.notes().clone()
    }

    fn notes(&self) -> MutexGuard<'_, Vec<Duration>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter for CountingWaiter {
    fn chance(&self) -> u32 {
        self.chance
    }

    fn wait(&self, pause: Duration) {
        self.notes().push(pause);
        std::thread::yield_now();
    }
}
