//! Folding a stream, from its snapshot on where there is one that holds.

use std::sync::Arc;

use thiserror::Error;

use crate::error::{DatabaseError, StoreError};
use crate::event::SequenceNumber;
use crate::id::EventId;
use crate::name::StreamId;
use crate::snapshot::metrics::Counts;
use crate::snapshot::{
    Fold, Snapshot, SnapshotConfig, SnapshotError, SnapshotKey, SnapshotMetrics, SnapshotStore, Verification,
};
use crate::store::EventStore;
use crate::stream::StreamVersion;
use crate::upcaster::UpcastersVersion;

/// Why a stream could not be folded.
#[derive(Debug, Error)]
pub enum FoldError {
    /// The store of events failed.
    #[error("fold stream: the store failed")]
    Store(#[from] StoreError),
    /// The fold cannot deal with an event.
    #[error("fold stream: event {sequence_number} cannot be applied")]
    Event {
        /// The event.
        sequence_number: SequenceNumber,
        /// What is wrong with it.
        #[source]
        source: DatabaseError,
    },
}

/// A state, and which events led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded<S> {
    /// The state.
    pub state: S,
    /// How many events of the stream are in it: what a commit can expect.
    pub version: StreamVersion,
}

/// Folds streams of one store by one fold.
pub struct SnapshotReader<F: Fold> {
    store: Arc<dyn EventStore>,
    snapshots: Arc<dyn SnapshotStore>,
    fold: F,
    upcasters: UpcastersVersion,
    config: SnapshotConfig,
    counts: Counts,
}

/// A state on the way.
struct Partial<S> {
    state: S,
    version: StreamVersion,
    /// The last event in it; absent when there is none.
    last_event: Option<EventId>,
}

impl<F: Fold> SnapshotReader<F> {
    /// Folds streams of `store`, whose events are read by way of `upcasters`.
    #[must_use]
    pub fn new(
        store: Arc<dyn EventStore>,
        snapshots: Arc<dyn SnapshotStore>,
        fold: F,
        upcasters: UpcastersVersion,
        config: SnapshotConfig,
    ) -> Self {
        Self {
            store,
            snapshots,
            fold,
            upcasters,
            config,
            counts: Counts::default(),
        }
    }

    /// What it has done.
    #[must_use]
    pub fn metrics(&self) -> SnapshotMetrics {
        self.counts.metrics()
    }

    /// Folds all events that a stream has now. A stream that is not there leads to the initial state, at version 0.
    ///
    /// # Errors
    /// [`FoldError`] when the store of events fails, or an event cannot be applied. Snapshots lead to no error.
    pub fn read(&self, stream: &StreamId) -> Result<Folded<F::State>, FoldError> {
        Counts::add(&self.counts.reads, 1);
        let key = SnapshotKey {
            stream: stream.clone(),
            fold: self.fold.name(),
        };
        let mut begun = self.begin(&key)?;
        let begun_at = begun
            .as_ref()
            .map_or(StreamVersion::EMPTY, |partial| partial.version);
        if let Some(partial) = &begun {
            let used = Counts::add(&self.counts.hits, 1);
            let is_verified = match self.config.verification {
                Verification::Never => false,
                Verification::OneIn(count) => used.is_multiple_of(u64::from(count.get())),
                Verification::Always => true,
            };
            if is_verified {
                begun = Some(self.verified(&key, partial)?);
            }
        }
        let mut partial = begun.unwrap_or_else(|| self.nothing());
        self.advance(&key.stream, &mut partial, None)?;
        if partial.version.0.saturating_sub(begun_at.0) >= self.config.every.get() {
            self.keep(&key, &partial);
        }
        Ok(Folded {
            state: partial.state,
            version: partial.version,
        })
    }

    fn nothing(&self) -> Partial<F::State> {
        Partial {
            state: self.fold.initial(),
            version: StreamVersion::EMPTY,
            last_event: None,
        }
    }

    /// The state of the snapshot, if there is one that holds.
    fn begin(&self, key: &SnapshotKey) -> Result<Option<Partial<F::State>>, FoldError> {
        let snapshot = match self.snapshots.load(key) {
            Ok(Some(snapshot)) => snapshot,
            Ok(None) => return Ok(None),
            Err(SnapshotError::Damaged(error)) => {
                self.discard(key, &error.to_string());
                return Ok(None);
            }
            Err(error) => {
                self.failed(key, "load", &error);
                return Ok(None);
            }
        };
        if snapshot.hash_under(key) != snapshot.hash {
            self.discard(key, "its bytes are not those that were written");
            return Ok(None);
        }
        if snapshot.fold_version != self.fold.version() || snapshot.upcasters != self.upcasters {
            self.discard(key, "it was made by another version");
            return Ok(None);
        }
        // The store of events may have been put back to an older copy, and written on from there.
        if !self.stands_on(&key.stream, &snapshot)? {
            self.discard(key, "the stream has not the event that it stands on");
            return Ok(None);
        }
        match serde_json::from_slice(&snapshot.state) {
            Ok(state) => Ok(Some(Partial {
                state,
                version: snapshot.version,
                last_event: Some(snapshot.last_event),
            })),
            Err(error) => {
                self.discard(key, &error.to_string());
                Ok(None)
            }
        }
    }

    fn stands_on(&self, stream: &StreamId, snapshot: &Snapshot) -> Result<bool, FoldError> {
        let Some(before) = snapshot.version.0.checked_sub(1) else {
            return Ok(false);
        };
        let one = std::num::NonZeroUsize::MIN;
        let slice = self.store.read_stream(stream, StreamVersion(before), Some(one))?;
        let found = slice.records.first().map(|record| record.event_id);
        Ok(found == Some(snapshot.last_event))
    }

    /// The state that all events lead to, up to where the snapshot stands; a snapshot that differs is discarded.
    fn verified(
        &self,
        key: &SnapshotKey,
        snapshot: &Partial<F::State>,
    ) -> Result<Partial<F::State>, FoldError> {
        Counts::add(&self.counts.verified, 1);
        let mut replayed = self.nothing();
        self.advance(&key.stream, &mut replayed, Some(snapshot.version))?;
        if replayed.state != snapshot.state {
            Counts::add(&self.counts.mismatched, 1);
            tracing::error!(
                stream = key.stream.as_str(),
                fold = key.fold.as_str(),
                version = snapshot.version.0,
                "snapshot differs from its events: was the fold changed without another version?"
            );
            self.discard(key, "it differs from its events");
        }
        Ok(replayed)
    }

    /// Folds the events that follow, up to version `to`, all of them without.
    fn advance(
        &self,
        stream: &StreamId,
        partial: &mut Partial<F::State>,
        to: Option<StreamVersion>,
    ) -> Result<(), FoldError> {
        loop {
            let slice = self
                .store
                .read_stream(stream, partial.version, Some(self.config.page_max))?;
            let is_last = slice.records.len() < self.config.page_max.get();
            for record in slice.records {
                if to.is_some_and(|to| partial.version >= to) {
                    return Ok(());
                }
                self.fold
                    .apply(&mut partial.state, &record)
                    .map_err(|source| FoldError::Event {
                        sequence_number: record.sequence_number,
                        source,
                    })?;
                partial.version = partial.version.next();
                partial.last_event = Some(record.event_id);
                Counts::add(&self.counts.events, 1);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Keeps a state, if it can be written down and read back.
    fn keep(&self, key: &SnapshotKey, partial: &Partial<F::State>) {
        let Some(last_event) = partial.last_event else {
            return;
        };
        let written = serde_json::to_vec(&partial.state);
        let state = match written {
            Ok(state)
                if serde_json::from_slice::<F::State>(&state).is_ok_and(|again| again == partial.state) =>
            {
                state
            }
            _ => {
                Counts::add(&self.counts.unwritable, 1);
                tracing::warn!(
                    stream = key.stream.as_str(),
                    fold = key.fold.as_str(),
                    "state is not kept: as JSON it does not read back as it was"
                );
                return;
            }
        };
        let mut snapshot = Snapshot {
            fold_version: self.fold.version(),
            upcasters: self.upcasters,
            version: partial.version,
            last_event,
            state,
            hash: [0; 32],
        };
        snapshot.hash = snapshot.hash_under(key);
        match self.snapshots.save(key, &snapshot) {
            Ok(()) => {
                Counts::add(&self.counts.saved, 1);
            }
            Err(error) => self.failed(key, "save", &error),
        }
    }

    fn discard(&self, key: &SnapshotKey, reason: &str) {
        Counts::add(&self.counts.discarded, 1);
        tracing::info!(
            stream = key.stream.as_str(),
            fold = key.fold.as_str(),
            reason,
            "snapshot discarded"
        );
        if let Err(error) = self.snapshots.discard(key) {
            self.failed(key, "discard", &error);
        }
    }

    fn failed(&self, key: &SnapshotKey, act: &'static str, error: &SnapshotError) {
        Counts::add(&self.counts.failures, 1);
        tracing::warn!(
            stream = key.stream.as_str(),
            fold = key.fold.as_str(),
            act,
            error = %error,
            "snapshots fail; events are read instead"
        );
    }
}
