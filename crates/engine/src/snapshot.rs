//! One consistent view of a workspace for readers: tables, records, conflicts, status, and what peers exchange.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use openprod_core::{
    ActorId, BundleHash, BundleId, EdgeId, EntityId, FacetId, FieldId, FieldType, LogId, VectorClock,
    VerifiedBundle,
};
use openprod_storage::{ChainId, Position, Read, Readers, Space, StorageError};

use crate::admission::{HoldReason, hash_at};
use crate::chains::{Chain, ChainClock, ChainHead, Chains};
use crate::columns::Columns;
use crate::conflicts::{self, Conflict, ConflictId, ConflictKey};
use crate::documents;
use crate::edge::{Direction, Edge};
use crate::forks::ForkEvidence;
use crate::layer::{LayerRows, LayeredReader};
use crate::overlay::{self, Overlay, OverlayDiff, OverlayId, OverlayView};
use crate::record::{self, Reader};
use crate::reference::Broken;
use crate::row::Row;
use crate::schema::{Field, Schema};
use crate::state;
use crate::state_hash::StateHash;
use crate::stored::stored;
use crate::synonyms::Synonyms;
use crate::text::{ClientId, Content, Kind, client_id};
use crate::time_travel::Moments;
use crate::transaction::Summary;
use crate::undo::{self, UndoStack};

/// Makes snapshots; cheap to clone, and independent of the writer.
#[derive(Clone)]
pub struct Snapshots {
    readers: Arc<dyn Readers>,
    model: Arc<Mutex<Option<CachedModel>>>,
    view: Arc<Mutex<Option<CachedView>>>,
    pub(crate) moments: Moments,
    pub(crate) columns: Arc<Columns>,
    actor: ActorId,
}

/// The schema and the other names that were read last.
#[derive(Clone)]
struct CachedModel {
    /// The count in the summary that they go with.
    count: u64,
    schema: Arc<Schema>,
    synonyms: Arc<Synonyms>,
}

/// The workspace with the active draft on top, as it was read last.
struct CachedView {
    /// The count of commits that it goes with.
    version: u64,
    view: Arc<OverlayView>,
}

impl Snapshots {
    pub(crate) fn new(readers: Arc<dyn Readers>, columns: Arc<Columns>, actor: ActorId) -> Self {
        Self {
            readers,
            model: Arc::default(),
            view: Arc::default(),
            moments: Moments::default(),
            columns,
            actor,
        }
    }

    /// What the columns that listings are answered from take in memory, in bytes; at most
    /// [`COLUMN_BYTES_MAX`](crate::COLUMN_BYTES_MAX).
    #[must_use]
    pub fn column_bytes(&self) -> usize {
        self.columns.bytes()
    }

    /// A snapshot of the newest committed state with the active draft on top, if there is one: what a person sees.
    /// Keep it for one request.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn view(&self) -> Result<Snapshot, StorageError> {
        let snapshot = self.take()?;
        match overlay::active(&*snapshot.store)? {
            Some(overlay) => self.lay(snapshot, overlay),
            None => Ok(snapshot),
        }
    }

    /// A snapshot of the newest committed state with a draft on top; `None` when there is no such draft.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn view_of(&self, overlay: OverlayId) -> Result<Option<Snapshot>, StorageError> {
        let snapshot = self.take()?;
        match overlay::find(&*snapshot.store, overlay)? {
            Some(_) => self.lay(snapshot, overlay).map(Some),
            None => Ok(None),
        }
    }

    fn lay(&self, snapshot: Snapshot, overlay: OverlayId) -> Result<Snapshot, StorageError> {
        let mut cached = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let version = snapshot.summary.version;
        let view = match &*cached {
            Some(cached) if (cached.version, cached.view.overlay) == (version, overlay) => {
                Arc::clone(&cached.view)
            }
            _ => Arc::new(overlay::build(
                &*snapshot.store,
                &snapshot.synonyms,
                (self.actor, snapshot.summary.log),
                overlay,
            )?),
        };
        let (rows, schema, synonyms) = (
            Arc::clone(&view.rows),
            Arc::clone(&view.schema),
            Arc::clone(&view.synonyms),
        );
        *cached = Some(CachedView { version, view });
        drop(cached);
        // Another reader of the same state, for what is looked up below the draft; a commit in between gives none.
        let below = self.take()?;
        let below = (below.summary.version == version).then(|| Box::new(below));
        Ok(Snapshot {
            below,
            store: Box::new(LayeredReader::new(snapshot.store, Arc::clone(&rows))),
            draft: Some((overlay, rows)),
            schema,
            synonyms,
            ..snapshot
        })
    }

    /// A snapshot of the newest committed state, without any draft. Keep it for one request.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn take(&self) -> Result<Snapshot, StorageError> {
        let store = self.readers.reader()?;
        let damaged = StorageError::DamagedRow {
            space: Space::Meta.name(),
        };
        let summary = Summary::load(&*store)?.ok_or(damaged)?;
        let mut cached = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let model = match &*cached {
            Some(cached) if cached.count == summary.schema => cached.clone(),
            _ => CachedModel {
                count: summary.schema,
                schema: Arc::new(Schema::load(&*store)?),
                synonyms: Arc::new(Synonyms::load(&*store)?),
            },
        };
        *cached = Some(model.clone());
        Ok(Snapshot {
            store,
            summary,
            schema: model.schema,
            synonyms: model.synonyms,
            draft: None,
            below: None,
            columns: Arc::clone(&self.columns),
            actor: self.actor,
        })
    }
}

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

/// The last bundle of a log or branch: what peers tell each other they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, wincode::SchemaRead, wincode::SchemaWrite)]
pub struct LogHead {
    /// Who writes the log.
    pub actor: ActorId,
    /// The log.
    pub log: LogId,
    /// The number of its last bundle.
    pub seq: u64,
    /// The hash of its last bundle.
    pub hash: BundleHash,
}

/// What a peer has of this store's bundles, as far as its heads tell.
#[derive(Clone, Debug)]
pub struct Covered {
    pub(crate) clock: ChainClock,
    chains: Chains,
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

/// What a peer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many bundles.
    pub bundles: u64,
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
            if documents::content(&*self.store, (name, field.id), kind)?.is_some() {
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

    /// The heads of everything that is stored, in ascending order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn heads(&self) -> Result<Vec<LogHead>, StorageError> {
        self.heads_by(|chain| Some(chain.stored))
    }

    /// The heads of everything that is applied, in ascending order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn applied_heads(&self) -> Result<Vec<LogHead>, StorageError> {
        self.heads_by(|chain| chain.applied)
    }

    fn heads_by(&self, head: impl Fn(&Chain) -> Option<ChainHead>) -> Result<Vec<LogHead>, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut heads: Vec<_> = chains
            .iter()
            .filter_map(|(_, chain)| {
                let ChainHead { seq, hash, .. } = head(chain)?;
                Some(LogHead {
                    actor: chain.actor,
                    log: chain.log,
                    seq,
                    hash,
                })
            })
            .collect();
        heads.sort_unstable();
        Ok(heads)
    }

    /// Those of a peer's heads that are not stored here: what there is to ask for.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn unknown(&self, heads: &[LogHead]) -> Result<Vec<LogHead>, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut unknown = Vec::new();
        for head in heads {
            if self.find_head(&chains, head)?.is_none() {
                unknown.push(*head);
            }
        }
        Ok(unknown)
    }

    /// What a peer with these heads has of what is stored here.
    ///
    /// A head that is unknown here says little: beyond the end of a chain, the peer is taken to have that chain;
    /// within it, the log has forked, and the peer is taken to have nothing of it, for bundles that come twice
    /// do no harm.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn covered(&self, heads: &[LogHead]) -> Result<Covered, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut clock = ChainClock::default();
        for head in heads {
            if let Some(chain) = self.find_head(&chains, head)? {
                chains.observe(&mut clock, chain, head.seq);
                continue;
            }
            for id in chains.of_log(head.actor, head.log) {
                let last = chains.get(*id).stored.seq;
                if head.seq > last {
                    chains.observe(&mut clock, *id, last);
                }
            }
        }
        Ok(Covered { clock, chains })
    }

    /// The bundles after `after` in commit order that a peer lacks: at least one if there is any, then as many as
    /// fit into `bytes`. They count as covered from then on. Also the position up to which the log has been looked
    /// through.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn lacking(
        &self,
        covered: &mut Covered,
        after: Position,
        bytes: usize,
    ) -> Result<(Vec<VerifiedBundle>, Position), StorageError> {
        const PAGE: usize = 1_024;
        let (mut after, mut found, mut size) = (after, Vec::new(), 0);
        loop {
            let places = self.store.places(after, PAGE)?;
            if places.is_empty() {
                return Ok((found, after));
            }
            for place in places {
                if !covered.clock.covers(place.chain, place.seq) {
                    let damaged = StorageError::DamagedRow { space: "bundle" };
                    let bundle = self.store.bundle(place.position)?.ok_or(damaged)?.bundle;
                    if !found.is_empty() && size + bundle.bytes().len() > bytes {
                        return Ok((found, after));
                    }
                    size += bundle.bytes().len();
                    covered.clock.raise(place.chain, place.seq);
                    found.push(bundle);
                }
                after = place.position;
            }
        }
    }

    fn find_head(&self, chains: &Chains, head: &LogHead) -> Result<Option<ChainId>, StorageError> {
        for id in chains.of_log(head.actor, head.log) {
            if hash_at(chains, &*self.store, *id, head.seq)? == Some(head.hash) {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }
}

impl Covered {
    /// How much is lacking, and the position just before the first bundle that is.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn totals(&self, snapshot: &Snapshot) -> Result<(Totals, Position), StorageError> {
        let mut totals = Totals::default();
        let mut first = snapshot.store.last()?;
        for (id, chain) in self.chains.iter() {
            let have = self.clock.get(id).max(chain.first - 1);
            if have < chain.stored.seq {
                totals.bundles += chain.stored.seq - have;
                if let Some(place) = snapshot.store.place(id, have + 1)? {
                    first = first.min(Position(place.position.0 - 1));
                }
            }
        }
        Ok((totals, first))
    }
}
