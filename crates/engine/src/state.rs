//! The derived rows that a transaction works on: read once, changed in memory, written back at its end.
//!
//! A row that many bundles of a batch touch is decoded and encoded once, and what changed is found by comparing
//! each row with what it was, so that the indexes, the state hash and the news to clients all follow from the
//! same comparison.

mod indexes;

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, EdgeId, EntityId, FacetId, Hlc, OpId, VerifiedBundle};
use openprod_storage::{Position, Read, Space, StorageError, Write};

pub(crate) use indexes::count;

use crate::chains::Chains;
use crate::conflicts::ConflictKey;
use crate::documents::Documents;
use crate::edge::EdgeRow;
use crate::facts::ledger::Ledger;
use crate::facts::void::VoidFact;
use crate::row::{Row, Writer};
use crate::state_hash::StateHash;
use crate::subject::Subject;
use crate::synonyms::{self, NameChange, Synonyms};

/// What a transaction changed, for those who show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The records that changed, came or went, by table.
    pub records: BTreeMap<FacetId, BTreeSet<EntityId>>,
    /// The edges that changed, came or went.
    pub edges: BTreeSet<EdgeId>,
    /// Conflicts that opened.
    pub opened: Vec<ConflictKey>,
    /// Conflicts that are no more.
    pub resolved: Vec<ConflictKey>,
    /// The first and the last number of the facts that were recorded.
    pub facts: Option<(u64, u64)>,
    /// Decisions whose conflict opened, or opened again.
    pub decisions_opened: BTreeSet<BundleId>,
    /// Decisions whose conflict is resolved.
    pub decisions_resolved: BTreeSet<BundleId>,
}

impl Changes {
    /// Adds what a later transaction changed.
    pub fn merge(&mut self, later: Self) {
        for (facet, entities) in later.records {
            self.records.entry(facet).or_default().extend(entities);
        }
        self.edges.extend(later.edges);
        self.opened.extend(later.opened);
        self.resolved.extend(later.resolved);
        self.facts = match (self.facts, later.facts) {
            (Some((first, last)), Some((next, end))) => Some((first.min(next), last.max(end))),
            (before, after) => before.or(after),
        };
        // What opened and is resolved again within one transaction is news of neither.
        for decision in later.decisions_opened {
            if !self.decisions_resolved.remove(&decision) {
                self.decisions_opened.insert(decision);
            }
        }
        for decision in later.decisions_resolved {
            if !self.decisions_opened.remove(&decision) {
                self.decisions_resolved.insert(decision);
            }
        }
    }
}

/// A row under change.
#[derive(Default)]
struct Entry<R> {
    /// The row as it is stored, once it is changed; `None` when it is new.
    stored: Option<R>,
    row: R,
    changed: bool,
}

impl<R: Clone + Default + PartialEq> Entry<R> {
    const fn read(row: R) -> Self {
        Self {
            stored: None,
            row,
            changed: false,
        }
    }

    fn change(&mut self) -> &mut R {
        if !self.changed {
            self.changed = true;
            self.stored = (self.row != R::default()).then(|| self.row.clone());
        }
        &mut self.row
    }

    /// The row as it is stored.
    fn before(&self) -> Option<&R> {
        if self.changed {
            self.stored.as_ref()
        } else {
            Some(&self.row)
        }
    }
}

/// Rows under change.
#[derive(Default)]
pub(crate) struct State {
    rows: BTreeMap<EntityId, Entry<Row>>,
    edges: BTreeMap<EdgeId, Entry<EdgeRow>>,
    documents: Documents,
    facts: Ledger,
    /// The other names as of the last flush.
    synonyms: Arc<Synonyms>,
    /// Whether they have changed since.
    renamed: bool,
    hash: StateHash,
}

impl State {
    pub(crate) fn new(hash: StateHash, synonyms: Arc<Synonyms>) -> Self {
        Self {
            rows: BTreeMap::new(),
            edges: BTreeMap::new(),
            documents: Documents::default(),
            facts: Ledger::default(),
            synonyms,
            renamed: false,
            hash,
        }
    }

    /// The row of one name of an entity as this transaction sees it; an empty one for a name that nobody wrote to.
    pub(crate) fn row(&mut self, store: &dyn Read, entity: EntityId) -> Result<&Row, StorageError> {
        Ok(&self.entry(store, entity)?.row)
    }

    /// The row of a name, to be written to.
    pub(crate) fn row_mut(&mut self, store: &dyn Read, entity: EntityId) -> Result<&mut Row, StorageError> {
        Ok(self.entry(store, entity)?.change())
    }

    /// The row of an edge as this transaction sees it; an empty one for an edge that nobody wrote to.
    pub(crate) fn edge(&mut self, store: &dyn Read, edge: EdgeId) -> Result<&EdgeRow, StorageError> {
        Ok(&self.edge_entry(store, edge)?.row)
    }

    /// The row of an edge, to be written to.
    pub(crate) fn edge_mut(&mut self, store: &dyn Read, edge: EdgeId) -> Result<&mut EdgeRow, StorageError> {
        Ok(self.edge_entry(store, edge)?.change())
    }

    /// Notes a merge, a split or a mapping.
    pub(crate) fn rename(
        &mut self,
        store: &mut dyn Write,
        order: (Hlc, OpId),
        change: &NameChange,
    ) -> Result<(), StorageError> {
        self.renamed = true;
        synonyms::put(store, &mut self.hash, order, change)
    }

    /// The texts and lists.
    pub(crate) const fn documents(&mut self) -> &mut Documents {
        &mut self.documents
    }

    /// Records a fact, or says why it is none.
    pub(crate) fn record_fact(
        &mut self,
        store: &mut dyn Write,
        writer: &Writer<'_>,
        index: u32,
        op: RecordFact,
    ) -> Result<Option<VoidFact>, StorageError> {
        self.facts.record(store, &mut self.hash, writer, index, op)
    }

    /// Says what a bundle's facts come to, and its decision, once all of its operations are applied.
    pub(crate) fn conclude(
        &mut self,
        store: &mut dyn Write,
        chains: &Chains,
        writer: &Writer<'_>,
        place: Position,
        bundle: &VerifiedBundle,
    ) -> Result<(), StorageError> {
        self.facts
            .conclude(store, &mut self.hash, chains, writer, place, bundle)
    }

    /// The hash of the state as of the last [`State::flush`].
    pub(crate) const fn hash(&self) -> StateHash {
        self.hash
    }

    /// The other names as of the last [`State::flush`].
    pub(crate) const fn synonyms(&self) -> &Arc<Synonyms> {
        &self.synonyms
    }

    /// Forgets the rows that were flushed, to bound memory; they are read again when they are needed.
    pub(crate) fn forget(&mut self) {
        self.rows.retain(|_, entry| entry.changed);
        self.edges.retain(|_, entry| entry.changed);
        self.documents.trim();
        self.facts.forget();
    }

    /// Writes the changed rows and the indexes over them; says what changed.
    pub(crate) fn flush(&mut self, store: &mut dyn Write) -> Result<Changes, StorageError> {
        let mut changes = Changes::default();
        self.facts.flush(&*store, &mut changes)?;
        let edited = self.documents.flush(store, &mut self.hash)?;
        self.tell(&*store, edited, &mut changes)?;
        self.flush_edges(store, &mut changes)?;
        self.flush_indexes(store, &mut changes)?;
        for (entity, entry) in &mut self.rows {
            if !std::mem::take(&mut entry.changed) {
                continue;
            }
            let subject = Subject::Entity(*entity);
            if let Some(stored) = entry.stored.take() {
                self.hash.subtract(&stored.canonical(subject));
            }
            self.hash.add(&entry.row.canonical(subject));
            store.put(Space::Entity, entity.as_bytes(), &entry.row.encode())?;
        }
        Ok(changes)
    }

    fn entry(&mut self, store: &dyn Read, entity: EntityId) -> Result<&mut Entry<Row>, StorageError> {
        Ok(match self.rows.entry(entity) {
            btree_map::Entry::Occupied(entry) => entry.into_mut(),
            btree_map::Entry::Vacant(vacant) => {
                let row = match store.get(Space::Entity, entity.as_bytes())? {
                    Some(bytes) => Row::decode(&bytes)?,
                    None => Row::default(),
                };
                vacant.insert(Entry::read(row))
            }
        })
    }

    fn edge_entry(&mut self, store: &dyn Read, edge: EdgeId) -> Result<&mut Entry<EdgeRow>, StorageError> {
        Ok(match self.edges.entry(edge) {
            btree_map::Entry::Occupied(entry) => entry.into_mut(),
            btree_map::Entry::Vacant(vacant) => {
                let row = match store.get(Space::Edge, edge.as_bytes())? {
                    Some(bytes) => EdgeRow::decode(&bytes)?,
                    None => EdgeRow::default(),
                };
                vacant.insert(Entry::read(row))
            }
        })
    }
}
