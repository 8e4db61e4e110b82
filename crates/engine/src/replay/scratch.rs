//! Rows that are derived in memory, over the log from which they are.

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use openprod_storage::{ChainId, Place, Position, Read, Row, Space, StorageError, StoredBundle, Write};

/// A store whose rows are one's and whose log is another's. Deriving looks into the log for what rows only point at.
pub(super) struct Scratch<'a> {
    pub(super) rows: &'a mut dyn Write,
    pub(super) log: &'a dyn Read,
}

impl Read for Scratch<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.rows.get(space, key)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        self.rows.scan(space, prefix, after, limit)
    }

    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        self.rows.count(space, prefix)
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
        self.log.last()
    }
}

impl Write for Scratch<'_> {
    fn append(&mut self, _: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        // The log is another's; whoever derives only reads it.
        let place = self.log.place_of(bundle.id())?;
        place.ok_or(StorageError::DamagedRow { space: "bundle" })
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
        Ok(())
    }
}
