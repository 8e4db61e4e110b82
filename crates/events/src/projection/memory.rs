//! Rows in memory: any value that can be copied. For tests, and for what is small enough to be folded at every start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::name::ProjectionName;
use crate::projection::{ApplyError, Aside, Checkpoint, ProjectionTarget, SetAside, TargetError};

/// A target that lasts as long as one of its clones, all of which share it. Each transaction works on a copy of the
/// state, so that a failed one leaves nothing; a large state is better kept in maps that are cheap to copy.
pub struct MemoryTarget<S>(Arc<Mutex<Inside<S>>>);

struct Inside<S> {
    state: S,
    checkpoints: BTreeMap<ProjectionName, Checkpoint>,
    set_aside: BTreeMap<ProjectionName, Vec<SetAside>>,
}

impl<S> Clone for MemoryTarget<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Default> Default for MemoryTarget<S> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Inside {
            state: S::default(),
            checkpoints: BTreeMap::new(),
            set_aside: BTreeMap::new(),
        })))
    }
}

impl<S: Clone> MemoryTarget<S> {
    /// The state as of the last transaction.
    #[must_use]
    pub fn state(&self) -> S {
        self.lock().state.clone()
    }
}

impl<S> MemoryTarget<S> {
    fn lock(&self) -> MutexGuard<'_, Inside<S>> {
        // A transaction puts its result in place after everything that can fail.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Clone + Send + 'static> ProjectionTarget for MemoryTarget<S> {
    type Rows<'t> = S;

    fn checkpoint(&mut self, name: &ProjectionName) -> Result<Option<Checkpoint>, TargetError> {
        Ok(self.lock().checkpoints.get(name).copied())
    }

    fn transact(
        &mut self,
        name: &ProjectionName,
        from: Option<&Checkpoint>,
        checkpoint: &Checkpoint,
        aside: Aside<'_>,
        write: &mut dyn FnMut(&mut S) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let mut inside = self.lock();
        if inside.checkpoints.get(name) != from {
            return Err(TargetError::Moved.into());
        }
        let mut state = inside.state.clone();
        write(&mut state)?;
        inside.state = state;
        inside.checkpoints.insert(name.clone(), *checkpoint);
        let list = inside.set_aside.entry(name.clone()).or_default();
        match aside {
            Aside::Keep => {}
            Aside::Add(event) => list.push(event.clone()),
            Aside::Forget => list.clear(),
        }
        Ok(())
    }

    fn set_aside(&mut self, name: &ProjectionName, limit: usize) -> Result<Vec<SetAside>, TargetError> {
        let inside = self.lock();
        let all = inside.set_aside.get(name).into_iter().flatten();
        Ok(all.take(limit).cloned().collect())
    }
}
