//! One consistent view of a workspace for readers: tables, records, conflicts, status, and what peers exchange.

mod exchange;
mod snapshots;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openprod_core::{
    ActorId, BundleId, EdgeId, EntityId, FacetId, FieldId, FieldType, VectorClock, VerifiedBundle,
};
use openprod_storage::{Position, Read, Space, StorageError};

use crate::admission::HoldReason;
use crate::chains::Chains;
use crate::columns::Columns;
use crate::conflicts::{self, Conflict, ConflictId, ConflictKey};
use crate::documents;
use crate::edge::{Direction, Edge};
use crate::facts::{self, DecisionConflict, FactLog};
use crate::forks::ForkEvidence;
use crate::layer::LayerRows;
use crate::overlay::{self, Overlay, OverlayDiff, OverlayId};
use crate::record::{self, Reader};
use crate::reference::Broken;
use crate::row::Row;
use crate::saved_view::SavedView;
use crate::schema::{Field, Schema, reserved};
use crate::state;
use crate::state_hash::StateHash;
use crate::stored::stored;
use crate::synonyms::Synonyms;
use crate::text::{ClientId, Content, Kind, client_id};
use crate::transaction::Summary;
use crate::undo::{self, UndoStack};

pub use exchange::{Covered, LogHead, Totals};
pub use snapshots::Snapshots;

/// How much there is, and how it compares.
#[derive(Clone, Debug)]
pub struct Status {
    /// The workspace's name.
    pub name: String,
    /// Who writes here.
    pub actor: ActorId,
    /// How many bundles are stored.
    pub bundles: u64,
    /// How many operations they hold.
    pub operations: u64,
    /// The hash of the derived state.
    pub state_hash: StateHash,
    /// What is applied.
    pub applied: VectorClock,
    /// What is stored.
    pub stored: VectorClock,
    /// What is stored and not applied.
    pub held: Vec<Held>,
    /// The logs that contradict themselves.
    pub forks: Vec<ForkEvidence>,
}

/// A bundle that is stored and not applied.
#[derive(Clone, Debug)]
pub struct Held {
    /// The bundle.
    pub bundle: BundleId,
    /// Who wrote it.
    pub actor: ActorId,
    /// Why it waits.
    pub reason: HoldReason,
}

/// A text or a list, for an editor to begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct TextState {
    /// What it is.
    pub kind: Kind,
    /// What it holds.
    pub content: Content,
    /// All of it as one Yjs update, encoding 1.
    pub state: Vec<u8>,
    /// Its Yjs state vector, encoding 1.
    pub state_vector: Vec<u8>,
    /// The client id under which the editor must write.
    pub client: ClientId,
}

/// One consistent view of a workspace.
pub struct Snapshot {
    pub(crate) store: Box<dyn Read + Send>,
    pub(crate) summary: Summary,
    pub(crate) schema: Arc<Schema>,
    pub(crate) synonyms: Arc<Synonyms>,
    /// The draft that lies on top, and the rows it lays there.
    pub(crate) draft: Option<(OverlayId, Arc<LayerRows>)>,
    pub(crate) actor: ActorId,
    /// The same state without the draft.
    pub(crate) below: Option<Box<Self>>,
    pub(crate) columns: Arc<Columns>,
}

impl Snapshot {
    /// The same state without the draft; `None` when no draft lies on top, or when there was no time to look.
    pub(crate) fn below(&self) -> Option<&Self> {
        self.below.as_deref()
    }

    /// The draft that lies on top.
    #[must_use]
    pub fn draft(&self) -> Option<OverlayId> {
        self.draft.as_ref().map(|(overlay, _)| *overlay)
    }

    /// The entities whose rows, or whose places in tables, the draft on top changes.
    #[must_use]
    pub fn drafted(&self) -> BTreeSet<EntityId> {
        let rows = self.draft.as_ref().map(|(_, rows)| rows.entities());
        rows.into_iter().flatten().collect()
    }

    /// The draft that is active; commands are staged in it.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn active_overlay(&self) -> Result<Option<OverlayId>, StorageError> {
        overlay::active(&*self.store)
    }

    /// All drafts, in order of their making.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn overlays(&self) -> Result<Vec<Overlay>, StorageError> {
        overlay::list(&*self.store)
    }

    /// What a draft would change, and where it has drifted; `None` when there is no such draft. Of a snapshot without
    /// a draft on top.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn overlay_diff(&self, id: OverlayId) -> Result<Option<OverlayDiff>, StorageError> {
        let overlay = overlay::find(&*self.store, id)?;
        overlay
            .map(|overlay| overlay::diff(&*self.store, overlay))
            .transpose()
    }

    /// What undo and redo would do next on this device.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn undo_stack(&self) -> Result<UndoStack, StorageError> {
        let chains = Chains::load(&*self.store)?;
        undo::stack(&*self.store, &chains, (self.actor, self.summary.log))
    }

    /// The tables and their fields.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of the state that it shows: later ones have greater numbers.
    pub(crate) const fn version(&self) -> u64 {
        self.summary.version
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            store: &*self.store,
            schema: &self.schema,
            synonyms: &self.synonyms,
        }
    }

    /// The entities and fields that go by several names.
    #[must_use]
    pub fn synonyms(&self) -> &Synonyms {
        &self.synonyms
    }

    /// The saved views that are not deleted, of all tables, in order of their making.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn views(&self) -> Result<Vec<SavedView>, StorageError> {
        let rows = self.members(reserved::VIEW_FACET, None, usize::MAX)?;
        let views = rows.iter().filter_map(|(id, row)| SavedView::of(*id, row));
        Ok(views.collect())
    }

    /// The record that an entity is, or is another name for.
    #[must_use]
    pub fn root(&self, entity: EntityId) -> EntityId {
        self.synonyms.aliases.root(entity)
    }

    /// The row of the record that an entity is, or is another name for; `None` when nobody ever wrote to it.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn row(&self, entity: EntityId) -> Result<Option<Row>, StorageError> {
        self.reader().record(self.root(entity))
    }

    /// The records of a table beyond `after`, in ascending order of id, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn members(
        &self,
        table: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Row)>, StorageError> {
        self.reader().members(table, after, limit)
    }

    /// The reference fields of a record, whose row was read from this snapshot, that lead nowhere, and why.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn broken(&self, entity: EntityId, row: &Row) -> Result<Vec<(FieldId, Broken)>, StorageError> {
        self.reader().broken(self.root(entity), row)
    }

    /// What an editor needs to begin editing a text or a list. `session` must be drawn anew at random for every
    /// editor: edits are told apart by it.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn text(
        &self,
        entity: EntityId,
        field: &Field,
        session: u64,
    ) -> Result<Option<TextState>, StorageError> {
        let kind = match field.field_type {
            FieldType::CrdtText => Kind::Text,
            FieldType::CrdtList => Kind::List,
            _ => return Ok(None),
        };
        let root = self.root(entity);
        let mut key = (root, field.id);
        for name in self.synonyms.aliases.names(root) {
            if documents::is_begun(&*self.store, (name, field.id), kind)? {
                key = (name, field.id);
                break;
            }
        }
        let mut documents = documents::load(&*self.store, key)?;
        let document = documents.of(kind);
        Ok(Some(TextState {
            kind,
            content: document.content(),
            state: document.state(),
            state_vector: document.state_vector(),
            client: client_id(self.actor, self.summary.log, field.id, session),
        }))
    }

    /// The edge; `None` while no creation of it is known.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn edge(&self, edge: EdgeId) -> Result<Option<Edge>, StorageError> {
        record::edge(&*self.store, &self.synonyms, edge)
    }

    /// The edges of a record that are not deleted: ordered ones in their order, then the others by id.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn edges(
        &self,
        entity: EntityId,
        direction: Direction,
        edge_type: Option<&str>,
    ) -> Result<Vec<Edge>, StorageError> {
        let mut edges = record::edges(&*self.store, &self.synonyms, entity, direction)?;
        edges.retain(|edge| {
            !edge.row.is_deleted() && edge_type.is_none_or(|wanted| edge.ends.edge_type == wanted)
        });
        Ok(edges)
    }

    /// The types of all edges that are not deleted, in order, and how many there are of each. Reads every edge.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn edge_types(&self) -> Result<BTreeMap<String, u64>, StorageError> {
        record::edge_types(&*self.store)
    }

    /// How many records a table has.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn count(&self, table: FacetId) -> Result<u64, StorageError> {
        state::count(&*self.store, table)
    }

    /// The open conflicts, in order of their ids.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, StorageError> {
        conflicts::list(&*self.store, &self.synonyms)
    }

    /// The open conflict of this id.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn conflict(&self, id: ConflictId) -> Result<Option<Conflict>, StorageError> {
        conflicts::find(&*self.store, &self.synonyms, id)
    }

    /// The open conflicts of a record whose row was read from this snapshot, in order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn conflicts_of(&self, entity: EntityId, row: &Row) -> Result<Vec<ConflictKey>, StorageError> {
        let mappings = &self.synonyms.mappings;
        let keys = if self.synonyms.is_empty() {
            conflicts::of_record(entity, &[(entity, row)], mappings)
        } else {
            let root = self.root(entity);
            let rows = record::names(&*self.store, &self.synonyms, root)?;
            let names: Vec<_> = rows.iter().map(|(name, row)| (*name, row)).collect();
            conflicts::of_record(root, &names, mappings)
        };
        Ok(keys.into_iter().collect())
    }

    /// How much there is, and how it compares with what others have.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn status(&self) -> Result<Status, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut held = Vec::new();
        for (key, value) in self.store.scan(Space::Held, &[], None, usize::MAX)? {
            let damaged = || StorageError::DamagedRow {
                space: Space::Held.name(),
            };
            let position = Position(u64::from_be_bytes(key.try_into().map_err(|_| damaged())?));
            let bundle = self.store.bundle(position)?.ok_or_else(damaged)?.bundle;
            let reason = stored(Space::Held, &value)?;
            held.push(Held {
                bundle: bundle.id(),
                actor: bundle.header().actor,
                reason,
            });
        }
        let forks = self.store.scan(Space::Fork, &[], None, usize::MAX)?;
        Ok(Status {
            name: self.schema.workspace_name.clone(),
            actor: self.actor,
            bundles: self.store.last()?.0,
            operations: self.summary.operations,
            state_hash: self.summary.hash,
            applied: chains.applied_clock(),
            stored: chains.stored_clock(),
            held,
            forks: forks
                .iter()
                .map(|(_, value)| stored(Space::Fork, value))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The facts.
    #[must_use]
    pub fn facts(&self) -> FactLog<'_> {
        FactLog::new(&*self.store)
    }

    /// The decisions that had not seen what they should have, resolved ones too, in canonical order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn decision_conflicts(&self) -> Result<Vec<DecisionConflict>, StorageError> {
        facts::conflict::list(&*self.store)
    }

    /// The conflict of the decision that was taken in this bundle; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn decision_conflict(&self, decision: BundleId) -> Result<Option<DecisionConflict>, StorageError> {
        facts::conflict::find(&*self.store, &Chains::load(&*self.store)?, decision)
    }

    /// The hash of the derived state.
    #[must_use]
    pub const fn state_hash(&self) -> StateHash {
        self.summary.hash
    }

    /// The last bundle in commit order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn last(&self) -> Result<Position, StorageError> {
        self.store.last()
    }

    /// The bundles after `after` in commit order, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn bundles(&self, after: Position, limit: usize) -> Result<Vec<VerifiedBundle>, StorageError> {
        Ok(self
            .store
            .bundles(after, limit)?
            .into_iter()
            .map(|stored| stored.bundle)
            .collect())
    }

    /// The bundle of this id.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn bundle(&self, id: BundleId) -> Result<Option<VerifiedBundle>, StorageError> {
        let Some(place) = self.store.place_of(id)? else {
            return Ok(None);
        };
        Ok(self.store.bundle(place.position)?.map(|stored| stored.bundle))
    }

    /// The operations of a bundle that have no effect, by their places, and why.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn without_effect(&self, id: BundleId) -> Result<Vec<(u32, String)>, StorageError> {
        let Some(place) = self.store.place_of(id)? else {
            return Ok(Vec::new());
        };
        let position = place.position.0.to_be_bytes();
        let rows = self.store.scan(Space::Void, &position, None, usize::MAX)?;
        let damaged = || StorageError::DamagedRow {
            space: Space::Void.name(),
        };
        rows.into_iter()
            .map(|(key, value)| {
                let index = key[8..].try_into().map_err(|_| damaged())?;
                let reason = String::from_utf8(value).map_err(|_| damaged())?;
                Ok((u32::from_be_bytes(index), reason))
            })
            .collect()
    }
}
