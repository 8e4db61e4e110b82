//! Snapshots in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::snapshot::{Snapshot, SnapshotError, SnapshotKey, SnapshotStore};

/// Snapshots that last as long as the value.
#[derive(Default)]
pub struct MemorySnapshots(Mutex<BTreeMap<SnapshotKey, Snapshot>>);

impl MemorySnapshots {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SnapshotKey, Snapshot>> {
        // Each change is one call of the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SnapshotStore for MemorySnapshots {
    fn load(&self, key: &SnapshotKey) -> Result<Option<Snapshot>, SnapshotError> {
        Ok(self.lock().get(key).cloned())
    }

    fn save(&self, key: &SnapshotKey, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        self.lock().insert(key.clone(), snapshot.clone());
        Ok(())
    }

    fn discard(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        self.lock().remove(key);
        Ok(())
    }
}
