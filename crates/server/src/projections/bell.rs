//! What wakes the projections of a workspace: rung after each commit, and silenced when the workspace closes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A bell. Whoever rings it waits for nobody.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// How often it was rung.
    rings: u64,
    silenced: bool,
}

impl Bell {
    /// Wakes all who wait.
    pub(crate) fn ring(&self) {
        self.lock().rings += 1;
        self.moved.notify_all();
    }

    /// Wakes all who wait, and lets nobody wait any more.
    pub(crate) fn silence(&self) {
        self.lock().silenced = true;
        self.moved.notify_all();
    }

    /// How often it was rung; to be asked before what is waited for is looked at.
    pub(crate) fn rings(&self) -> u64 {
        self.lock().rings
    }

    /// Waits until it has been rung more than `rings` times, at most for `patience`.
    pub(crate) fn wait(&self, rings: u64, patience: Duration) {
        let waiting = |state: &mut State| state.rings == rings && !state.silenced;
        drop(self.moved.wait_timeout_while(self.lock(), patience, waiting));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
