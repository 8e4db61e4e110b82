//! The derived row of an entity or an edge: for each of its cells, the writes that nothing has superseded.
//!
//! A write supersedes those that its author had seen, and no others; values that one bundle gives to one field stand
//! beside each other. What remains are the cell's *tips*. One
//! tip is the value; several that differ are a conflict, and the greatest by `(hlc, op_id)` is shown until
//! someone decides. Because a bundle is applied only after its causal past, each new write need only be
//! compared with the tips there are: none of them can have seen it. The tips are therefore the maximal elements
//! of all writes so far, whatever the order in which they came.
//!
//! A row names each bundle once, as a stamp, and its tips point at stamps.

mod assembly;

use openprod_core::encoding::{encode, encode_into};
use openprod_core::{ActorId, BundleHash, BundleId, FacetId, FieldId, Hlc, LogId, OpId, Value};
use openprod_storage::{ChainId, Space, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use crate::chains::ChainClock;
use crate::stored::stored;
use crate::subject::Subject;

/// What a cell says about its entity or edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum CellKey {
    /// Whether it exists or is deleted.
    Exists,
    /// Whether it is a record of a table.
    Facet(FacetId),
    /// The value of a field.
    Field(FieldId),
    /// The value of an edge's property.
    Property(String),
    /// An ordered edge's place among its siblings.
    Place,
}

/// The bundle behind a tip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct Stamp {
    chain: u32,
    seq: u64,
    hlc: Hlc,
    hash: BundleHash,
    actor: ActorId,
}

/// Points at an operation: its bundle's stamp and its place in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub(crate) struct Origin {
    stamp: u32,
    index: u32,
}

/// A write that no other write has superseded.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct Tip {
    origin: Origin,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct Cell {
    pub(crate) key: CellKey,
    /// In ascending `(hlc, op_id)`; never empty.
    pub(crate) tips: Vec<Tip>,
}

/// An edit and a deletion of its entity, neither of which had seen the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub(crate) struct Unseen {
    pub(crate) deletion: Origin,
    pub(crate) edit: Origin,
}

/// The derived row of an entity or an edge, or of a record that goes by several names.
#[derive(Clone, Debug, Default, PartialEq, SchemaRead, SchemaWrite)]
pub struct Row {
    stamps: Vec<Stamp>,
    cells: Vec<Cell>,
    unseen: Vec<Unseen>,
}

/// Where the write that is being applied comes from.
pub(crate) struct Writer<'a> {
    pub(crate) chain: ChainId,
    pub(crate) seq: u64,
    pub(crate) hlc: Hlc,
    pub(crate) hash: BundleHash,
    pub(crate) actor: ActorId,
    pub(crate) log: LogId,
    /// What its author had seen, this bundle included.
    pub(crate) sight: Sight<'a>,
}

/// What the author of a write had seen.
#[derive(Clone, Copy)]
pub(crate) enum Sight<'a> {
    /// What a clock covers.
    Clock(&'a ChainClock),
    /// Everything: a draft's edits lie on top of all that is known.
    Everything,
}

impl Sight<'_> {
    pub(crate) fn covers(self, chain: ChainId, seq: u64) -> bool {
        match self {
            Self::Clock(clock) => clock.covers(chain, seq),
            Self::Everything => true,
        }
    }
}

impl Writer<'_> {
    /// The operation's place in the canonical order.
    pub(crate) fn order(&self, index: u32) -> (Hlc, OpId) {
        let op_id = BundleId::derive(self.hlc.timestamp(), &self.hash).operation(index);
        (self.hlc.plus(index), op_id)
    }
}

/// A tip as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// Who wrote it.
    pub actor: ActorId,
    /// When.
    pub hlc: Hlc,
    /// By which operation.
    pub op_id: OpId,
}

impl Row {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StorageError> {
        stored(Space::Entity, bytes)
    }

    /// The bytes to store, which do not depend on the order in which the writes came.
    pub(crate) fn encode(&mut self) -> Vec<u8> {
        self.normalise();
        encode(self)
    }

    /// Applies a write to a cell.
    pub(crate) fn write(&mut self, writer: &Writer<'_>, key: CellKey, index: u32, value: Value) {
        let stamp = self.stamp(writer);
        let origin = Origin { stamp, index };
        self.note_unseen(writer, &key, &value, origin);
        let at = match self.cells.binary_search_by(|cell| cell.key.cmp(&key)) {
            Ok(at) => at,
            Err(at) => {
                self.cells.insert(
                    at,
                    Cell {
                        key,
                        tips: Vec::new(),
                    },
                );
                at
            }
        };
        let (cells, stamps) = (&mut self.cells, &self.stamps);
        let Cell { key, tips } = &mut cells[at];
        // Operations of one bundle that give a field several values leave them all: so a conflict is opened again.
        let beside = matches!(key, CellKey::Field(_) | CellKey::Property(_));
        tips.retain(|tip| {
            if beside && tip.origin.stamp == stamp && tip.origin.index != index {
                return !tip.value.same(&value);
            }
            let stamp = &stamps[tip.origin.stamp as usize];
            !writer.sight.covers(ChainId(stamp.chain), stamp.seq)
        });
        let place = tips.partition_point(|tip| order(stamps, tip.origin) < order(stamps, origin));
        tips.insert(place, Tip { origin, value });
        self.forget_settled();
    }

    /// The value shown for a cell; `None` when nothing was ever written to it.
    #[must_use]
    pub fn value(&self, key: &CellKey) -> Option<&Value> {
        self.tips(key).last().map(|tip| &tip.value)
    }

    /// The value shown for a field, empty if it was never set.
    #[must_use]
    pub fn field(&self, field: FieldId) -> &Value {
        self.value(&CellKey::Field(field)).unwrap_or(&Value::Empty)
    }

    /// Whether the entity is deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.value(&CellKey::Exists) == Some(&Value::Boolean(false))
    }

    /// Whether the entity was ever created.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.value(&CellKey::Exists).is_some()
    }

    /// Whether the entity is a record of the table; a deleted one is not.
    #[must_use]
    pub fn is_member(&self, facet: FacetId) -> bool {
        !self.is_deleted() && self.value(&CellKey::Facet(facet)) == Some(&Value::Boolean(true))
    }

    /// The facets that the entity has, in order; none while it is deleted.
    pub fn facets(&self) -> impl Iterator<Item = FacetId> {
        let live = !self.is_deleted();
        self.attached().filter(move |_| live)
    }

    /// The facets that the entity has, or would have if it were not deleted, in order.
    pub fn attached(&self) -> impl Iterator<Item = FacetId> {
        self.cells.iter().filter_map(|cell| match cell.key {
            CellKey::Facet(facet) if cell.tips.last()?.value == Value::Boolean(true) => Some(facet),
            _ => None,
        })
    }

    /// The cells and what is shown for each, in order.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&CellKey, &Value)> {
        self.cells
            .iter()
            .filter_map(|cell| Some((&cell.key, &cell.tips.last()?.value)))
    }

    /// The fields that were ever set, in order.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> {
        self.cells.iter().filter_map(|cell| match cell.key {
            CellKey::Field(field) => Some(field),
            _ => None,
        })
    }

    /// The operations behind a cell's tips, in ascending order.
    pub(crate) fn tip_ids(&self, key: &CellKey) -> Vec<(BundleHash, u32)> {
        let id = |tip: &Tip| (self.stamps[tip.origin.stamp as usize].hash, tip.origin.index);
        self.tips(key).iter().map(id).collect()
    }

    /// Whether concurrent writes gave the cell values that differ.
    #[must_use]
    pub fn is_contended(&self, key: &CellKey) -> bool {
        contended(self.tips(key))
    }

    /// The cells whose tips differ, in order.
    pub(crate) fn contended(&self) -> impl Iterator<Item = &CellKey> {
        self.cells
            .iter()
            .filter(|cell| contended(&cell.tips))
            .map(|cell| &cell.key)
    }

    /// Whether an edit and a deletion passed each other.
    pub(crate) const fn is_deletion_contended(&self) -> bool {
        !self.unseen.is_empty()
    }

    /// The tips of a cell as people see them, in ascending order: the last one is shown.
    #[must_use]
    pub fn candidates(&self, key: &CellKey) -> Vec<Candidate> {
        self.tips(key).iter().map(|tip| self.candidate(tip)).collect()
    }

    /// The values that stand beside the one shown and differ from it, in order; each once.
    pub(crate) fn beside(&self, key: &CellKey) -> Vec<Value> {
        let Some((shown, others)) = self.tips(key).split_last() else {
            return Vec::new();
        };
        let mut beside: Vec<Value> = Vec::new();
        for Tip { value, .. } in others {
            if !value.same(&shown.value) && !beside.iter().any(|other| other.same(value)) {
                beside.push(value.clone());
            }
        }
        beside
    }

    /// The deletions, and the edits that had not seen them, in ascending order.
    pub(crate) fn deletion_candidates(&self) -> Vec<(CellKey, Candidate)> {
        let mut all = Vec::new();
        for cell in &self.cells {
            for tip in &cell.tips {
                // The operation that created an edge wrote more of its cells than the one that was edited.
                let involved = |pair: &Unseen| match cell.key {
                    CellKey::Exists => pair.deletion == tip.origin,
                    CellKey::Place => false,
                    _ => pair.edit == tip.origin,
                };
                if self.unseen.iter().any(involved) {
                    all.push((cell.key.clone(), self.candidate(tip)));
                }
            }
        }
        all.sort_by_key(|(_, candidate)| (candidate.hlc, candidate.op_id));
        all
    }

    /// The bytes that the state hash is over: the same on every peer, whatever its chain numbers.
    pub(crate) fn canonical(&self, subject: Subject) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.cells.len() * 96);
        encode_into(&subject, &mut bytes);
        for cell in &self.cells {
            encode_into(&cell.key, &mut bytes);
            encode_into(&(cell.tips.len() as u64), &mut bytes);
            for tip in &cell.tips {
                encode_into(&self.stamps[tip.origin.stamp as usize].hash, &mut bytes);
                encode_into(&tip.origin.index, &mut bytes);
                encode_into(&tip.value, &mut bytes);
            }
        }
        bytes
    }

    fn tips(&self, key: &CellKey) -> &[Tip] {
        match self.cells.binary_search_by(|cell| cell.key.cmp(key)) {
            Ok(at) => &self.cells[at].tips,
            Err(_) => &[],
        }
    }

    fn candidate(&self, tip: &Tip) -> Candidate {
        let (hlc, op_id) = order(&self.stamps, tip.origin);
        let actor = self.stamps[tip.origin.stamp as usize].actor;
        Candidate {
            value: tip.value.clone(),
            actor,
            hlc,
            op_id,
        }
    }

    fn stamp(&mut self, writer: &Writer<'_>) -> u32 {
        let at = self
            .stamps
            .iter()
            .rposition(|stamp| stamp.hash == writer.hash)
            .unwrap_or_else(|| {
                self.stamps.push(Stamp {
                    chain: writer.chain.0,
                    seq: writer.seq,
                    hlc: writer.hlc,
                    hash: writer.hash,
                    actor: writer.actor,
                });
                self.stamps.len() - 1
            });
        at as u32
    }

    /// Notes the deletions that an edit, or the edits that a deletion, had not seen.
    fn note_unseen(&mut self, writer: &Writer<'_>, key: &CellKey, value: &Value, origin: Origin) {
        let deletes = |tip: &Tip| tip.value == Value::Boolean(false);
        // A move of what is deleted meanwhile leaves nothing to decide.
        if *key == CellKey::Place || *key == CellKey::Exists && *value != Value::Boolean(false) {
            return;
        }
        let stamps = &self.stamps;
        let unseen = |tip: &&Tip| {
            let stamp = &stamps[tip.origin.stamp as usize];
            !writer.sight.covers(ChainId(stamp.chain), stamp.seq)
        };
        if *key == CellKey::Exists {
            let edits = self
                .cells
                .iter()
                .filter(|cell| !matches!(cell.key, CellKey::Exists | CellKey::Place))
                .flat_map(|cell| &cell.tips);
            self.unseen.extend(edits.filter(unseen).map(|tip| Unseen {
                deletion: origin,
                edit: tip.origin,
            }));
        } else if let Some(Cell {
            key: CellKey::Exists,
            tips,
        }) = self.cells.first()
        {
            let deletions = tips.iter().filter(|tip| deletes(tip));
            self.unseen.extend(deletions.filter(unseen).map(|tip| Unseen {
                deletion: tip.origin,
                edit: origin,
            }));
        }
    }

    /// Drops the pairs of which one side is no longer a tip.
    fn forget_settled(&mut self) {
        if self.unseen.is_empty() {
            return;
        }
        let cells = &self.cells;
        let stands = |origin: Origin, counts: fn(&CellKey) -> bool| {
            cells
                .iter()
                .filter(|cell| counts(&cell.key))
                .any(|cell| cell.tips.iter().any(|tip| tip.origin == origin))
        };
        self.unseen.retain(|pair| {
            stands(pair.deletion, |key| *key == CellKey::Exists)
                // The place that the same operation gave does not stand for its edit.
                && stands(pair.edit, |key| !matches!(key, CellKey::Exists | CellKey::Place))
        });
    }

    /// Drops stamps that no tip points at, and puts the others in order.
    pub(crate) fn normalise(&mut self) {
        let mut used = vec![false; self.stamps.len()];
        for tip in self.cells.iter().flat_map(|cell| &cell.tips) {
            used[tip.origin.stamp as usize] = true;
        }
        let mut order: Vec<usize> = (0..used.len()).filter(|at| used[*at]).collect();
        order.sort_by_key(|at| (self.stamps[*at].hlc, self.stamps[*at].hash));
        if order.len() < used.len() || !order.is_sorted() {
            let mut moved = vec![0; used.len()];
            for (to, from) in order.iter().enumerate() {
                moved[*from] = to as u32;
            }
            self.stamps = order.iter().map(|from| self.stamps[*from]).collect();
            for tip in self.cells.iter_mut().flat_map(|cell| &mut cell.tips) {
                tip.origin.stamp = moved[tip.origin.stamp as usize];
            }
            for pair in &mut self.unseen {
                pair.deletion.stamp = moved[pair.deletion.stamp as usize];
                pair.edit.stamp = moved[pair.edit.stamp as usize];
            }
        }
        self.unseen.sort_unstable();
        self.unseen.dedup();
    }
}

fn contended(tips: &[Tip]) -> bool {
    tips.split_first()
        .is_some_and(|(first, rest)| rest.iter().any(|tip| !tip.value.same(&first.value)))
}

/// The canonical order of operations.
fn order(stamps: &[Stamp], origin: Origin) -> (Hlc, OpId) {
    let stamp = &stamps[origin.stamp as usize];
    let op_id = BundleId::derive(stamp.hlc.timestamp(), &stamp.hash).operation(origin.index);
    (stamp.hlc.plus(origin.index), op_id)
}
