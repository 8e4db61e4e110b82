//! What snapshots have been good for.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What a reader has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SnapshotMetrics {
    /// Streams folded.
    pub reads: u64,
    /// Of these, how many began at a snapshot.
    pub hits: u64,
    /// Events folded, those for verification too.
    pub events: u64,
    /// Snapshots kept.
    pub saved: u64,
    /// Snapshots that were of another version, or not what was written, or stood on an event that is not there.
    pub discarded: u64,
    /// Snapshots compared with all events.
    pub verified: u64,
    /// Of these, how many differed.
    pub mismatched: u64,
    /// States that were not kept, since they do not read back as they were.
    pub unwritable: u64,
    /// Calls of the store of snapshots that failed.
    pub failures: u64,
}

/// The counts while they rise.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) reads: AtomicU64,
    pub(crate) hits: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) saved: AtomicU64,
    pub(crate) discarded: AtomicU64,
    pub(crate) verified: AtomicU64,
    pub(crate) mismatched: AtomicU64,
    pub(crate) unwritable: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64, more: u64) -> u64 {
        // Counts are read for display; no other memory depends on them.
        count.fetch_add(more, Ordering::Relaxed)
    }

    pub(crate) fn metrics(&self) -> SnapshotMetrics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SnapshotMetrics {
            reads: read(&self.reads),
            hits: read(&self.hits),
            events: read(&self.events),
            saved: read(&self.saved),
            discarded: read(&self.discarded),
            verified: read(&self.verified),
            mismatched: read(&self.mismatched),
            unwritable: read(&self.unwritable),
            failures: read(&self.failures),
        }
    }
}
