//! Waking those who wait for facts.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How far the facts of a workspace have come, as far as its owner has told.
#[derive(Default)]
pub(crate) struct News {
    head: Mutex<u64>,
    grown: Condvar,
}

impl News {
    /// Tells that the last fact is `head`.
    pub(crate) fn tell(&self, head: u64) {
        let mut told = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        *told = head.max(*told);
        drop(told);
        self.grown.notify_all();
    }

    /// Waits until there are facts beyond `after`, at most for `patience`.
    pub(crate) fn wait(&self, after: u64, patience: Duration) {
        let told = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .grown
            .wait_timeout_while(told, patience, |head| *head <= after);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
