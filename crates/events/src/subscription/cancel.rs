//! The wish that something ends.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Stops what it belongs to. Clones are one and the same; cancelling twice is as cancelling once.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Inside>);

#[derive(Default)]
struct Inside {
    cancelled: Mutex<bool>,
    moved: Condvar,
}

impl Cancel {
    /// Asks for the end.
    pub fn cancel(&self) {
        *self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.moved.notify_all();
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time`, or until the end is asked for.
    pub(crate) fn sleep(&self, time: Duration) {
        let cancelled = self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        if !*cancelled {
            // Waking early does no harm: whoever sleeps looks for himself.
            drop(self.0.moved.wait_timeout(cancelled, time));
        }
    }
}
