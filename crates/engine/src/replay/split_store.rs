//! Derived rows of their own over the log of another store.

use std::ops::Deref;

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use openprod_storage::{ChainId, Place, Position, Read, Row, Space, StorageError, StoredBundle, Write};

use super::DERIVED;

/// A store whose derived rows are `rows`, and whose log, with what is known of its chains, is that of `log`.
pub(crate) struct SplitStore<R, L> {
    pub(crate) rows: R,
    pub(crate) log: L,
    /// The last bundle that counts as being there.
    pub(crate) last: Position,
}

impl<R: Deref<Target: Read>, L: Deref<Target: Read>> SplitStore<R, L> {
    fn reads_rows(space: Space) -> bool {
        DERIVED.contains(&space) || space == Space::Text
    }
}

impl<R: Deref<Target: Read>, L: Deref<Target: Read>> Read for SplitStore<R, L> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        if Self::reads_rows(space) {
            self.rows.get(space, key)
        } else {
            self.log.get(space, key)
        }
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        if Self::reads_rows(space) {
            self.rows.scan(space, prefix, after, limit)
        } else {
            self.log.scan(space, prefix, after, limit)
        }
    }

    fn scan_back(
        &self,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        if Self::reads_rows(space) {
            self.rows.scan_back(space, prefix, before, limit)
        } else {
            self.log.scan_back(space, prefix, before, limit)
        }
    }

    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        if Self::reads_rows(space) {
            self.rows.count(space, prefix)
        } else {
            self.log.count(space, prefix)
        }
    }

    fn members(
        &self,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
        self.rows.members(facet, after, limit)
    }

    fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
        self.log.place(chain, seq)
    }

    fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
        self.log.place_of(id)
    }

    fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
        self.log.bundle(position)
    }

    fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
        self.log.places(after, limit)
    }

    fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
        self.log.bundles(after, limit)
    }

    fn last(&self) -> Result<Position, StorageError> {
        Ok(self.last)
    }
}

/// For writing the rows; the log is never written.
impl<L: Deref<Target: Read>> Write for SplitStore<Box<dyn Write + '_>, L> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        self.rows.append(chain, bundle)
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.rows.put(space, key, value)
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.rows.delete(space, key)
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        self.rows.clear(space)
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.rows.commit()
    }
}
