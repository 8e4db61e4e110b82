//! Snapshots: the state that a stream's events fold into, kept so that not all of them have to be read every time.
//!
//! A snapshot is never more than a short cut. It is used only if it was made by the same fold and the same upcasters, has
//! the bytes that were written, and stands on an event that the stream still has; else it is discarded and everything is
//! read. A store of snapshots that fails makes reading slower, never wrong, and nothing ever begins at a state that the
//! events did not lead to.
//!
//! **Start reading** at [`Fold`] and [`SnapshotReader`].

mod config;
mod memory;
mod metrics;
#[cfg(feature = "postgres")]
mod postgresql;
mod reader;
#[cfg(feature = "sqlite")]
mod sqlite;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use config::{SnapshotConfig, Verification};
pub use memory::MemorySnapshots;
pub use metrics::SnapshotMetrics;
#[cfg(feature = "postgres")]
pub use postgresql::PostgresSnapshots;
pub use reader::{FoldError, Folded, SnapshotReader};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteSnapshots;

use crate::error::DatabaseError;
use crate::event::EventRecord;
use crate::id::EventId;
use crate::name::{FoldName, StreamId};
use crate::stream::StreamVersion;
use crate::upcaster::UpcastersVersion;

/// Which form of a fold made a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FoldVersion(pub u32);

/// How the events of a stream become a state. The same events lead to equal states, always.
pub trait Fold: Send + Sync {
    /// What the events lead to. Written down as JSON; a state that does not read back as it was is not kept.
    type State: Serialize + DeserializeOwned + PartialEq + Send;

    /// Its name.
    fn name(&self) -> FoldName;

    /// Its version, to be raised whenever the same events would lead to another state, or the state has another form.
    fn version(&self) -> FoldVersion;

    /// The state before the first event.
    fn initial(&self) -> Self::State;

    /// Applies one event.
    ///
    /// # Errors
    /// What is wrong with the event; the stream cannot be folded then.
    fn apply(&self, state: &mut Self::State, event: &EventRecord) -> Result<(), DatabaseError>;
}

/// Which state a snapshot is of. There is one snapshot for each at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotKey {
    /// The stream.
    pub stream: StreamId,
    /// The fold.
    pub fold: FoldName,
}

/// A state, and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Which version of the fold made it.
    pub fold_version: FoldVersion,
    /// Which upcasters its events were read with.
    pub upcasters: UpcastersVersion,
    /// How many events of the stream are in it.
    pub version: StreamVersion,
    /// The last of them.
    pub last_event: EventId,
    /// The state, as JSON.
    pub state: Vec<u8>,
    /// The BLAKE3 hash of the key and of all of the above.
    pub hash: [u8; 32],
}

impl Snapshot {
    /// The hash that a snapshot under `key` has to have.
    #[must_use]
    pub fn hash_under(&self, key: &SnapshotKey) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("openprod events 2026 snapshot");
        for name in [key.stream.as_str(), key.fold.as_str()] {
            hasher.update(&(name.len() as u64).to_be_bytes());
            hasher.update(name.as_bytes());
        }
        hasher.update(&self.fold_version.0.to_be_bytes());
        hasher.update(&self.upcasters.0.to_be_bytes());
        hasher.update(&self.version.0.to_be_bytes());
        hasher.update(self.last_event.as_bytes());
        hasher.update(&self.state);
        *hasher.finalize().as_bytes()
    }
}

/// A store of snapshots failed. Reading goes on without.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// It could not be opened, read or written.
    #[error("use snapshots: their store failed")]
    Store(#[source] DatabaseError),
    /// What it has is not what was written.
    #[error("read snapshot: it is damaged")]
    Damaged(#[source] DatabaseError),
    /// A newer version of this library made it.
    #[error("open snapshots: they were made by a newer version of this library")]
    NewerVersion,
}

/// Where snapshots are kept, one for each key.
pub trait SnapshotStore: Send + Sync {
    /// The snapshot under a key; `None` when there is none.
    ///
    /// # Errors
    /// [`SnapshotError`] when the store fails.
    fn load(&self, key: &SnapshotKey) -> Result<Option<Snapshot>, SnapshotError>;

    /// Keeps a snapshot in place of the one before it.
    ///
    /// # Errors
    /// [`SnapshotError`] when the store fails.
    fn save(&self, key: &SnapshotKey, snapshot: &Snapshot) -> Result<(), SnapshotError>;

    /// Removes the snapshot under a key, if there is one.
    ///
    /// # Errors
    /// [`SnapshotError`] when the store fails.
    fn discard(&self, key: &SnapshotKey) -> Result<(), SnapshotError>;
}
