//! What a store does: three traits, for reading, for writing, and for the store itself.

use openprod_core::{BundleHash, BundleId, EntityId, FacetId, VerifiedBundle};

use crate::error::StorageError;
use crate::space::Space;

/// This store's number for a chain of bundles; other stores number the same chain differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(pub u32);

/// A bundle's place in this store's commit order, from 1, without gaps.
///
/// The order extends causal order, and differs between stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Where a bundle stands, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place in commit order.
    pub position: Position,
    /// The chain it belongs to.
    pub chain: ChainId,
    /// Its number in its log.
    pub seq: u64,
    /// Its hash.
    pub hash: BundleHash,
}

/// A bundle and where it stands.
#[derive(Clone, Debug)]
pub struct StoredBundle {
    /// Where it stands.
    pub place: Place,
    /// The bundle.
    pub bundle: VerifiedBundle,
}

/// A derived row: its key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Reads one consistent state of the store.
pub trait Read {
    /// The row under `key`; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// The rows whose keys begin with `prefix` and exceed `after`, in ascending order of key, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError>;

    /// The rows whose keys begin with `prefix` and are less than `before`, in descending order of key, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn scan_back(
        &self,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError>;

    /// How many rows have keys that begin with `prefix`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError>;

    /// The entity rows of a facet's members (keys `facet ‖ entity` of [`Space::Member`]) beyond `after`, in
    /// ascending order of entity, at most `limit`. A member without an entity row is left out.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn members(
        &self,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError>;

    /// The place of bundle `seq` of a chain; `None` when the store has none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError>;

    /// Where the bundle with this id stands; `None` when the store has none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError>;

    /// The bundle at `position`; `None` beyond the last.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read or the stored bytes are damaged.
    fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError>;

    /// The places after `after` in commit order, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError>;

    /// The bundles after `after` in commit order, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read or the stored bytes are damaged.
    fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError>;

    /// The place of the last bundle; `Position(0)` when the log is empty.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    fn last(&self) -> Result<Position, StorageError>;
}

/// One transaction: reads see its own writes, nobody else does until it commits. Dropping it undoes it.
pub trait Write: Read {
    /// Appends a bundle to the log and returns its place.
    ///
    /// # Errors
    /// [`StorageError::Occupied`] when the chain has a bundle with this number; [`StorageError`] when the store
    /// cannot be written.
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError>;

    /// Writes a row, in place of the one that was there.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be written.
    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError>;

    /// Removes a row; it need not be there.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be written.
    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError>;

    /// Removes every row of a space, for deriving it anew.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be written.
    fn clear(&mut self, space: Space) -> Result<(), StorageError>;

    /// Makes everything durable, at once or not at all. When it returns, the writes survive a loss of power.
    ///
    /// # Errors
    /// [`StorageError`]: nothing of the transaction was kept.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

/// A store of one workspace. It has one writer, which the caller owns, and any number of readers.
pub trait Storage: Send {
    /// Begins a transaction.
    ///
    /// # Errors
    /// [`StorageError`] when the store is read-only after a failure, or cannot be written.
    fn begin(&mut self) -> Result<Box<dyn Write + '_>, StorageError>;

    /// Hands out what makes readers, to be shared among threads.
    fn readers(&self) -> Box<dyn Readers>;

    /// Whether a tail of the log that was once committed is missing: after a loss of power, or because an older
    /// copy was put in its place. Whoever writes here must then begin a new log.
    fn tail_lost(&self) -> bool;
}

/// Makes readers of a store; cheap to clone, and independent of the writer.
pub trait Readers: Send + Sync {
    /// A reader of the newest committed state, which it keeps seeing however long it lives. Keep it for one
    /// request: a long-lived one makes the store grow.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be opened for reading.
    fn reader(&self) -> Result<Box<dyn Read + Send>, StorageError>;
}

/// The least key beyond all those that begin with `prefix`; `None` when there is none.
pub(crate) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// Implements [`Read`] for a type through the view that one of its methods gives.
macro_rules! read_through {
    ($type:ty, $view:ident) => {
        impl Read for $type {
            fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
                self.$view().get(space, key)
            }

            fn scan(
                &self,
                space: Space,
                prefix: &[u8],
                after: Option<&[u8]>,
                limit: usize,
            ) -> Result<Vec<Row>, StorageError> {
                self.$view().scan(space, prefix, after, limit)
            }

            fn scan_back(
                &self,
                space: Space,
                prefix: &[u8],
                before: Option<&[u8]>,
                limit: usize,
            ) -> Result<Vec<Row>, StorageError> {
                self.$view().scan_back(space, prefix, before, limit)
            }

            fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
                self.$view().count(space, prefix)
            }

            fn members(
                &self,
                facet: FacetId,
                after: Option<EntityId>,
                limit: usize,
            ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
                self.$view().members(facet, after, limit)
            }

            fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
                self.$view().place(chain, seq)
            }

            fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
                self.$view().place_of(id)
            }

            fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
                self.$view().bundle(position)
            }

            fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
                self.$view().places(after, limit)
            }

            fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
                self.$view().bundles(after, limit)
            }

            fn last(&self) -> Result<Position, StorageError> {
                self.$view().last()
            }
        }
    };
}
pub(crate) use read_through;
