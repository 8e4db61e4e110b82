//! The derived rows that a transaction works on: read once, changed in memory, written back at its end.
//!
//! A row that many bundles of a batch touch is decoded and encoded once, and what changed is found by comparing
//! each row with what it was, so that the indexes, the state hash and the news to clients all follow from the
//! same comparison.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use openprod_core::encoding::encode;
use openprod_core::{EntityId, FacetId};
use openprod_storage::{Read, Space, StorageError, Write};

use crate::conflicts::{self, ConflictKey};
use crate::row::Row;
use crate::state_hash::StateHash;
use crate::stored::stored;

/// What a transaction changed, for those who show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The records that changed, came or went, by table.
    pub records: BTreeMap<FacetId, BTreeSet<EntityId>>,
    /// Conflicts that opened.
    pub opened: Vec<ConflictKey>,
    /// Conflicts that are no more.
    pub resolved: Vec<ConflictKey>,
}

impl Changes {
    /// Adds what a later transaction changed.
    pub fn merge(&mut self, later: Self) {
        for (facet, entities) in later.records {
            self.records.entry(facet).or_default().extend(entities);
        }
        self.opened.extend(later.opened);
        self.resolved.extend(later.resolved);
    }
}

struct Entry {
    /// The row as it is stored; `None` when it is new.
    stored: Option<Row>,
    row: Row,
    changed: bool,
}

/// Rows under change.
#[derive(Default)]
pub(crate) struct State {
    rows: BTreeMap<EntityId, Entry>,
    hash: StateHash,
}

impl State {
    pub(crate) const fn new(hash: StateHash) -> Self {
        Self {
            rows: BTreeMap::new(),
            hash,
        }
    }

    /// The row of an entity as this transaction sees it; an empty one for an entity that nobody wrote to.
    pub(crate) fn row(&mut self, store: &dyn Read, entity: EntityId) -> Result<&Row, StorageError> {
        Ok(&self.entry(store, entity)?.row)
    }

    /// The row of an entity, to be written to.
    pub(crate) fn row_mut(&mut self, store: &dyn Read, entity: EntityId) -> Result<&mut Row, StorageError> {
        let entry = self.entry(store, entity)?;
        if !entry.changed {
            entry.changed = true;
            entry.stored = (entry.row != Row::default()).then(|| entry.row.clone());
        }
        Ok(&mut entry.row)
    }

    /// The hash of the state as of the last [`State::flush`].
    pub(crate) const fn hash(&self) -> StateHash {
        self.hash
    }

    /// Forgets the rows that were flushed, to bound memory; they are read again when they are needed.
    pub(crate) fn forget(&mut self) {
        self.rows.retain(|_, entry| entry.changed);
    }

    /// Writes the changed rows and the indexes over them; says what changed.
    pub(crate) fn flush(&mut self, store: &mut dyn Write) -> Result<Changes, StorageError> {
        let mut changes = Changes::default();
        let mut counts = BTreeMap::new();
        for (entity, entry) in &mut self.rows {
            if !std::mem::take(&mut entry.changed) {
                continue;
            }
            let nothing = Row::default();
            let stored = entry.stored.as_ref().unwrap_or(&nothing);
            if entry.stored.is_some() {
                self.hash.subtract(&stored.canonical(*entity));
            }
            self.hash.add(&entry.row.canonical(*entity));
            index_members(store, *entity, stored, &entry.row, &mut changes, &mut counts)?;
            index_conflicts(store, *entity, stored, &entry.row, &mut changes)?;
            store.put(Space::Entity, entity.as_bytes(), &entry.row.encode())?;
            entry.stored = None;
        }
        for (facet, change) in counts {
            add_to_count(store, facet, change)?;
        }
        Ok(changes)
    }

    fn entry(&mut self, store: &dyn Read, entity: EntityId) -> Result<&mut Entry, StorageError> {
        Ok(match self.rows.entry(entity) {
            btree_map::Entry::Occupied(entry) => entry.into_mut(),
            btree_map::Entry::Vacant(vacant) => {
                let row = match store.get(Space::Entity, entity.as_bytes())? {
                    Some(bytes) => Row::decode(&bytes)?,
                    None => Row::default(),
                };
                vacant.insert(Entry {
                    stored: None,
                    row,
                    changed: false,
                })
            }
        })
    }
}

fn index_members(
    store: &mut dyn Write,
    entity: EntityId,
    stored: &Row,
    row: &Row,
    changes: &mut Changes,
    counts: &mut BTreeMap<FacetId, i64>,
) -> Result<(), StorageError> {
    let before: BTreeSet<_> = stored.facets().collect();
    let after: BTreeSet<_> = row.facets().collect();
    for facet in before.union(&after) {
        changes.records.entry(*facet).or_default().insert(entity);
        let key = [facet.as_bytes().as_slice(), entity.as_bytes()].concat();
        match (before.contains(facet), after.contains(facet)) {
            (false, true) => {
                store.put(Space::Member, &key, &[])?;
                *counts.entry(*facet).or_default() += 1;
            }
            (true, false) => {
                store.delete(Space::Member, &key)?;
                *counts.entry(*facet).or_default() -= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many members a facet has: kept under the facet alone, before its members, and not at all when it has none.
pub(crate) fn count(store: &dyn Read, facet: FacetId) -> Result<u64, StorageError> {
    let count = store.get(Space::Member, facet.as_bytes())?;
    count.map_or(Ok(0), |bytes| stored(Space::Member, &bytes))
}

fn add_to_count(store: &mut dyn Write, facet: FacetId, change: i64) -> Result<(), StorageError> {
    if change == 0 {
        return Ok(());
    }
    match count(&*store, facet)?.saturating_add_signed(change) {
        0 => store.delete(Space::Member, facet.as_bytes()),
        count => store.put(Space::Member, facet.as_bytes(), &encode(&count)),
    }
}

fn index_conflicts(
    store: &mut dyn Write,
    entity: EntityId,
    stored: &Row,
    row: &Row,
    changes: &mut Changes,
) -> Result<(), StorageError> {
    let before = conflicts::of_row(entity, stored);
    let after = conflicts::of_row(entity, row);
    for key in after.difference(&before) {
        store.put(Space::Conflict, &conflicts::row_key(key.id()), &key.encode())?;
        changes.opened.push(*key);
    }
    for key in before.difference(&after) {
        store.delete(Space::Conflict, &conflicts::row_key(key.id()))?;
        changes.resolved.push(*key);
    }
    Ok(())
}
