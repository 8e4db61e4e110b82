//! The word that there are new events, inside one process.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The last event that this process knows of.
#[derive(Default)]
pub(crate) struct News {
    head: Mutex<i64>,
    grown: Condvar,
}

impl News {
    /// Tells all who wait.
    pub(crate) fn grown_to(&self, head: i64) {
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if *known < head {
            *known = head;
            self.grown.notify_all();
        }
    }

    /// Waits until there is an event after `after`, at most for `patience`.
    pub(crate) fn wait(&self, after: i64, patience: Duration) {
        let known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits looks for himself afterwards.
        drop(
            self.grown
                .wait_timeout_while(known, patience, |head| *head <= after),
        );
    }
}
