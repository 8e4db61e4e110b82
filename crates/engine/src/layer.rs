//! Rows laid over a store: what a draft changes, without the store knowing.
//!
//! Everything that reads or derives works on a layered store as on any other, so a draft needs no second road for
//! filters, conflicts, edges or schema. Only rows are laid over; the log shows through.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use openprod_storage::{ChainId, Place, Position, Read, Row, Space, StorageError, StoredBundle, Write};

/// The rows that a layer puts in place of the store's; `None` for those it takes away.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerRows {
    spaces: BTreeMap<Space, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
}

impl LayerRows {
    fn get(&self, space: Space, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.spaces.get(&space)?.get(key)
    }

    /// The layer's rows whose keys begin with `prefix` and exceed `after`.
    fn range<'a>(
        &'a self,
        space: Space,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
    ) -> impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.spaces
            .get(&space)
            .into_iter()
            .flat_map(move |rows| rows.range::<[u8], _>((from, Bound::Unbounded)))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The entities whose rows, or whose places in tables, the layer changes.
    pub(crate) fn entities(&self) -> impl Iterator<Item = EntityId> {
        let rows = self
            .spaces
            .get(&Space::Entity)
            .into_iter()
            .flat_map(BTreeMap::keys);
        let members = self
            .spaces
            .get(&Space::Member)
            .into_iter()
            .flat_map(BTreeMap::keys);
        rows.map(Vec::as_slice)
            .chain(members.filter_map(|key| key.get(16..)))
            .filter_map(|id| Some(EntityId::from_bytes(id.try_into().ok()?)))
    }

    fn scan(
        &self,
        base: &dyn Read,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let over: BTreeMap<_, _> = self.range(space, prefix, after).collect();
        if over.is_empty() {
            return base.scan(space, prefix, after, limit);
        }
        let hidden = over.len();
        let below = base.scan(space, prefix, after, limit.saturating_add(hidden))?;
        // Beyond the last row that was read below, nothing is known of what lies between.
        let end = (below.len() == limit.saturating_add(hidden))
            .then(|| below.last().map(|(key, _)| key.clone()))
            .flatten();
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = below.into_iter().collect();
        for (key, value) in over {
            if end.as_ref().is_some_and(|end| key > end) {
                break;
            }
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_iter().take(limit).collect())
    }

    fn scan_back(
        &self,
        base: &dyn Read,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        if self.range(space, prefix, None).next().is_none() {
            return base.scan_back(space, prefix, before, limit);
        }
        let mut rows = self.scan(base, space, prefix, None, usize::MAX)?;
        rows.retain(|(key, _)| before.is_none_or(|before| key.as_slice() < before));
        rows.reverse();
        rows.truncate(limit);
        Ok(rows)
    }

    fn count(&self, base: &dyn Read, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        let mut count = base.count(space, prefix)?;
        for (key, value) in self.range(space, prefix, None) {
            let below = base.get(space, key)?.is_some();
            match (below, value.is_some()) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        Ok(count)
    }

    fn members(
        &self,
        base: &dyn Read,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
        let entities = self.spaces.get(&Space::Entity);
        if entities.is_none_or(BTreeMap::is_empty) {
            return base.members(facet, after, limit);
        }
        let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
        // The number of members stands before them, under the facet alone.
        let after = [facet.as_bytes().as_slice(), after].concat();
        let mut members = Vec::new();
        for (key, _) in self.scan(base, Space::Member, facet.as_bytes(), Some(&after), limit)? {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Member.name(),
            };
            let entity = EntityId::from_bytes(key[16..].try_into().map_err(damaged)?);
            let row = match self.get(Space::Entity, entity.as_bytes()) {
                Some(row) => row.clone(),
                None => base.get(Space::Entity, entity.as_bytes())?,
            };
            members.extend(row.map(|row| (entity, row)));
        }
        Ok(members)
    }
}

/// A store with a layer over it, for writing the layer.
pub(crate) struct Layered<'a> {
    base: &'a dyn Read,
    rows: LayerRows,
}

impl<'a> Layered<'a> {
    pub(crate) fn new(base: &'a dyn Read) -> Self {
        let rows = LayerRows::default();
        Self { base, rows }
    }

    /// A store with these rows over it.
    pub(crate) fn over(base: &'a dyn Read, rows: &LayerRows) -> Self {
        let rows = rows.clone();
        Self { base, rows }
    }

    /// A store with these rows over it, to write more.
    pub(crate) const fn with(base: &'a dyn Read, rows: LayerRows) -> Self {
        Self { base, rows }
    }

    pub(crate) fn into_rows(self) -> LayerRows {
        self.rows
    }

    fn parts(&self) -> (&dyn Read, &LayerRows) {
        (self.base, &self.rows)
    }
}

/// A reader with a layer over it.
pub(crate) struct LayeredReader {
    base: Box<dyn Read + Send>,
    rows: Arc<LayerRows>,
}

impl LayeredReader {
    pub(crate) fn new(base: Box<dyn Read + Send>, rows: Arc<LayerRows>) -> Self {
        Self { base, rows }
    }

    fn parts(&self) -> (&dyn Read, &LayerRows) {
        (&*self.base, &self.rows)
    }
}

macro_rules! read_layered {
    ($type:ty) => {
        impl Read for $type {
            fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
                let (base, rows) = self.parts();
                match rows.get(space, key) {
                    Some(row) => Ok(row.clone()),
                    None => base.get(space, key),
                }
            }

            fn scan(
                &self,
                space: Space,
                prefix: &[u8],
                after: Option<&[u8]>,
                limit: usize,
            ) -> Result<Vec<Row>, StorageError> {
                let (base, rows) = self.parts();
                rows.scan(base, space, prefix, after, limit)
            }

            fn scan_back(
                &self,
                space: Space,
                prefix: &[u8],
                before: Option<&[u8]>,
                limit: usize,
            ) -> Result<Vec<Row>, StorageError> {
                let (base, rows) = self.parts();
                rows.scan_back(base, space, prefix, before, limit)
            }

            fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
                let (base, rows) = self.parts();
                rows.count(base, space, prefix)
            }

            fn members(
                &self,
                facet: FacetId,
                after: Option<EntityId>,
                limit: usize,
            ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
                let (base, rows) = self.parts();
                rows.members(base, facet, after, limit)
            }

            fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
                self.parts().0.place(chain, seq)
            }

            fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
                self.parts().0.place_of(id)
            }

            fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
                self.parts().0.bundle(position)
            }

            fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
                self.parts().0.places(after, limit)
            }

            fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
                self.parts().0.bundles(after, limit)
            }

            fn last(&self) -> Result<Position, StorageError> {
                self.parts().0.last()
            }
        }
    };
}
read_layered!(Layered<'_>);
read_layered!(LayeredReader);

impl Write for Layered<'_> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        // A draft is not in the log until it is committed, and then by the one road.
        let _ = chain;
        Err(StorageError::Occupied {
            chain: u32::MAX,
            seq: bundle.header().seq,
        })
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let rows = self.rows.spaces.entry(space).or_default();
        rows.insert(key.to_vec(), Some(value.to_vec()));
        Ok(())
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.rows
            .spaces
            .entry(space)
            .or_default()
            .insert(key.to_vec(), None);
        Ok(())
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self.scan(space, &[], after.as_deref(), 1_024)?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            for (key, _) in rows {
                self.delete(space, &key)?;
            }
        }
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use openprod_storage::{MemoryStorage, Storage as _};
    use proptest::prelude::*;

    use super::*;

    type Step = (u8, Option<u8>);

    proptest! {
        #[test]
        fn layered_rows_read_as_if_they_had_been_written(
            below in prop::collection::vec((0u8..40, any::<u8>()), 0..30),
            over in prop::collection::vec((0u8..40, prop::option::of(any::<u8>())), 0..30),
            after in prop::option::of(0u8..40),
            limit in 1usize..12,
        ) {
            let key = |key: u8| vec![key / 8, key];
            let mut storage = MemoryStorage::new();
            let mut write = storage.begin().unwrap();
            for (at, value) in &below {
                write.put(Space::Meta, &key(*at), &[*value]).unwrap();
            }
            write.commit().unwrap();
            let base = storage.readers().reader().unwrap();
            let mut layered = Layered::new(&*base);
            let apply = |write: &mut dyn Write, over: &[Step]| for (at, value) in over {
                match value {
                    Some(value) => write.put(Space::Meta, &key(*at), &[*value]).unwrap(),
                    None => write.delete(Space::Meta, &key(*at)).unwrap(),
                }
            };
            apply(&mut layered, &over);
            let mut write = storage.begin().unwrap();
            apply(&mut *write, &over);
            for prefix in [vec![], vec![2u8]] {
                let after = after.map(key);
                prop_assert_eq!(
                    layered.scan(Space::Meta, &prefix, after.as_deref(), limit).unwrap(),
                    write.scan(Space::Meta, &prefix, after.as_deref(), limit).unwrap()
                );
                prop_assert_eq!(
                    layered.scan_back(Space::Meta, &prefix, after.as_deref(), limit).unwrap(),
                    write.scan_back(Space::Meta, &prefix, after.as_deref(), limit).unwrap()
                );
                prop_assert_eq!(
                    layered.count(Space::Meta, &prefix).unwrap(),
                    write.count(Space::Meta, &prefix).unwrap()
                );
            }
        }
    }
}
