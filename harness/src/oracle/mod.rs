//! What the state must be, worked out in the most naive way from the set of all bundles.
//!
//! Written from `docs/derivation.md` and nothing else, as a second implementation of that page: no clocks, no chains,
//! no incremental anything. Each bundle's past is an explicit set of bundles, the tips of a cell are found by comparing
//! every write with every other, and names are replayed from the first. Slow, and short enough to be read.
//!
//! [`Oracle`] holds the operations and answers in the page's words; `difference` compares its answers with what a peer
//! shows.

mod causality;
mod cell;
mod conflict;
mod decision;
mod difference;
mod names;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::encoding::encode;
use openprod_core::{
    BundleId, EdgeId, EntityId, FacetId, FieldId, Hlc, OpId, Payload, Value, VerifiedBundle,
};
use openprod_engine::text::client_id;

use causality::Causality;
use decision::Repetitions;
pub use causality::Moment;
pub use cell::{Cell, Thing};
pub use conflict::{Dispute, Kind};
pub use decision::{Clash, Fact};
pub use names::Names;
use text::Document;

/// A write to a cell.
#[derive(Clone, Debug)]
pub struct Write {
    /// By which operation.
    pub moment: Moment,
    /// What it wrote.
    pub value: Value,
}

/// What an edge connects, in the names that its creation gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where it starts.
    pub source: EntityId,
    /// Where it ends.
    pub target: EntityId,
    /// What it means.
    pub edge_type: String,
    /// Whether it has a place among its siblings.
    pub ordered: bool,
}

/// The state that a set of bundles must lead to.
pub struct Oracle {
    causality: Causality,
    cells: BTreeMap<Thing, BTreeMap<Cell, Vec<Write>>>,
    /// Of each edge, every creation.
    creations: BTreeMap<EdgeId, Vec<(Moment, Ends)>>,
    names: Names,
    /// Of each text, every delta, in order.
    deltas: BTreeMap<(EntityId, FieldId), Vec<TextDelta>>,
    /// What was recorded and could be a fact, in order.
    recorded: Vec<Fact>,
}

/// A delta to a text.
struct TextDelta {
    moment: Moment,
    /// The client id that its author has there.
    client: u64,
    bytes: Vec<u8>,
}

impl Oracle {
    /// Works out the state. The bundles may come in any order, and must be closed: whatever one has seen is among
    /// them.
    ///
    /// # Errors
    /// What is missing, if they are not closed.
    pub fn new(bundles: &[VerifiedBundle]) -> Result<Self, String> {
        let causality = Causality::new(bundles)?;
        let mut oracle = Self {
            cells: BTreeMap::new(),
            creations: BTreeMap::new(),
            names: Names::default(),
            deltas: BTreeMap::new(),
            recorded: Vec::new(),
            causality,
        };
        for (moment, payload) in oracle.causality.operations() {
            oracle.take(moment, payload);
        }
        Ok(oracle)
    }

    /// Takes an operation in; they come in order.
    fn take(&mut self, moment: Moment, payload: Payload) {
        self.names.take(&payload);
        if let Payload::SetCrdtField(op) = &payload {
            let header = self.causality.header(moment);
            let delta = TextDelta {
                moment,
                client: client_id(header.actor, header.log, op.field, op.session).get(),
                bytes: op.delta.clone(),
            };
            self.deltas.entry((op.entity, op.field)).or_default().push(delta);
        }
        if let Payload::RecordFact(op) = &payload {
            self.recorded.extend(decision::read(moment, op));
        }
        if let Some((edge, ends)) = cell::creation(&payload) {
            self.creations.entry(edge).or_default().push((moment, ends));
        }
        for (thing, cell, value) in cell::writes(payload) {
            let writes = self.cells.entry(thing).or_default().entry(cell).or_default();
            // One operation may name a cell twice; it is as if it did so in two operations.
            writes.retain(|write| write.moment != moment);
            writes.push(Write { moment, value });
        }
    }

    /// The facts that count, in order: repetitions do not.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = self.recorded_facts();
        let repetitions = Repetitions::find(&self.causality, &facts);
        facts.retain(|fact| !repetitions.is_repetition(fact.moment.bundle()));
        facts
    }

    /// How many bundles repeat others.
    #[must_use]
    pub fn repetitions(&self) -> usize {
        Repetitions::find(&self.causality, &self.recorded_facts())
            .bundles()
            .count()
    }

    /// All facts, in order.
    fn recorded_facts(&self) -> Vec<Fact> {
        decision::facts(&self.causality, &self.recorded)
    }

    /// The decisions that are in conflict, or whose authors are at fault.
    #[must_use]
    pub fn clashes(&self) -> BTreeMap<BundleId, Clash> {
        decision::clashes(&self.causality, &self.recorded_facts())
    }

    /// The writes to a cell that no other write to it has seen, in order.
    #[must_use]
    pub fn tips(&self, thing: Thing, cell: &Cell) -> Vec<&Write> {
        let writes = self.cells.get(&thing).and_then(|cells| cells.get(cell));
        let writes = writes.map_or(&[][..], Vec::as_slice);
        // Different values that one bundle gives to a field stand side by side.
        let beside = matches!(cell, Cell::Field(_) | Cell::Property(_));
        let supersedes = |other: &Write, write: &Write| {
            self.causality.has_seen(other.moment, write.moment)
                && !(beside
                    && other.moment.bundle() == write.moment.bundle()
                    && !other.value.same(&write.value))
        };
        let seen = |write: &&Write| !writes.iter().any(|other| supersedes(other, write));
        let mut tips: Vec<_> = writes.iter().filter(seen).collect();
        tips.sort_by_key(|tip| tip.moment);
        tips
    }

    /// The value of a cell's greatest tip; `None` if it was never written.
    #[must_use]
    pub fn shown(&self, thing: Thing, cell: &Cell) -> Option<&Value> {
        self.tips(thing, cell).last().map(|tip| &tip.value)
    }

    /// Every entity that was ever written to or named in a merge or split.
    #[must_use]
    pub fn entities(&self) -> BTreeSet<EntityId> {
        let written = self.cells.keys().filter_map(|thing| match thing {
            Thing::Entity(entity) => Some(*entity),
            Thing::Edge(_) => None,
        });
        written.chain(self.names.entities()).collect()
    }

    /// What entities and fields are called.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The cells that any name of a record has.
    fn cells_of_record(&self, root: EntityId) -> BTreeSet<&Cell> {
        let names = self.names.of_record(root);
        let rows = names
            .into_iter()
            .filter_map(|name| self.cells.get(&Thing::Entity(name)));
        rows.flat_map(BTreeMap::keys).collect()
    }

    /// Whether anything was ever written to any name of a record.
    #[must_use]
    pub fn is_written(&self, root: EntityId) -> bool {
        !self.cells_of_record(root).is_empty()
    }

    /// Whether any name of a record is shown to exist.
    #[must_use]
    pub fn exists(&self, root: EntityId) -> bool {
        let mut names = self.names.of_record(root).into_iter();
        names.any(|name| self.shown(Thing::Entity(name), &Cell::Exists) == Some(&Value::Boolean(true)))
    }

    /// Whether a record does not exist, and was not merely never created.
    #[must_use]
    pub fn is_deleted(&self, root: EntityId) -> bool {
        !self.exists(root) && self.cells_of_record(root).contains(&Cell::Exists)
    }

    /// The facets that any name of a record is shown to have.
    #[must_use]
    pub fn facets(&self, root: EntityId) -> BTreeSet<FacetId> {
        let mut facets = BTreeSet::new();
        for name in self.names.of_record(root) {
            for cell in self
                .cells
                .get(&Thing::Entity(name))
                .into_iter()
                .flat_map(BTreeMap::keys)
            {
                if let Cell::Facet(facet) = cell
                    && self.shown(Thing::Entity(name), cell) == Some(&Value::Boolean(true))
                {
                    facets.insert(*facet);
                }
            }
        }
        facets
    }

    /// The records of a table: those that have its facet and are not deleted.
    #[must_use]
    pub fn members(&self, table: FacetId) -> BTreeSet<EntityId> {
        let mut roots: BTreeSet<_> = self
            .entities()
            .into_iter()
            .map(|name| self.names.root(name))
            .collect();
        roots.retain(|root| !self.is_deleted(*root) && self.facets(*root).contains(&table));
        roots
    }

    /// The semantic fields of which any field was ever written in any name of a record.
    #[must_use]
    pub fn fields(&self, root: EntityId) -> BTreeSet<FieldId> {
        let cells = self.cells_of_record(root).into_iter();
        let fields = cells.filter_map(|cell| match cell {
            Cell::Field(field) => Some(self.names.semantic(*field)),
            _ => None,
        });
        fields.collect()
    }

    /// The tips of a semantic field of a record, in order; the last one is shown.
    #[must_use]
    pub fn field(&self, root: EntityId, field: FieldId) -> Vec<&Write> {
        let mut tips = Vec::new();
        for name in self.names.of_record(root) {
            for field in self.names.of_field(field) {
                tips.extend(self.tips(Thing::Entity(name), &Cell::Field(field)));
            }
        }
        tips.sort_by_key(|tip| tip.moment);
        let repeated = |tip: &Write, later: &&Write| {
            later.moment > tip.moment
                && later.moment.bundle() == tip.moment.bundle()
                && same(&later.value, &tip.value)
        };
        let all = tips.clone();
        tips.retain(|tip| !all.iter().any(|later| repeated(tip, later)));
        tips
    }

    /// The texts to which there are deltas.
    pub fn texts(&self) -> impl Iterator<Item = (EntityId, FieldId)> {
        self.deltas.keys().copied()
    }

    /// A text, made from its deltas in order.
    #[must_use]
    pub fn text(&self, entity: EntityId, field: FieldId) -> Document {
        let mut document = Document::default();
        for delta in self.deltas.get(&(entity, field)).into_iter().flatten() {
            document.apply(&delta.bytes, delta.client, delta.moment, |earlier| {
                self.causality.has_seen(delta.moment, earlier)
            });
        }
        document
    }

    /// Every edge that has a creation.
    pub fn edges(&self) -> impl Iterator<Item = EdgeId> {
        self.creations.keys().copied()
    }

    /// What an edge connects, by the least of its creations; `None` without one.
    #[must_use]
    pub fn ends(&self, edge: EdgeId) -> Option<&Ends> {
        let creations = self.creations.get(&edge)?;
        creations
            .iter()
            .min_by_key(|(moment, _)| *moment)
            .map(|(_, ends)| ends)
    }

    /// Whether an edge is created and not deleted.
    #[must_use]
    pub fn is_related(&self, edge: EdgeId) -> bool {
        self.ends(edge).is_some()
            && self.shown(Thing::Edge(edge), &Cell::Exists) == Some(&Value::Boolean(true))
    }

    /// The names of the properties that were ever written to an edge.
    #[must_use]
    pub fn properties(&self, edge: EdgeId) -> BTreeSet<&str> {
        let cells = self.cells.get(&Thing::Edge(edge));
        let cells = cells.into_iter().flat_map(BTreeMap::keys);
        let names = cells.filter_map(|cell| match cell {
            Cell::Property(name) => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }

    /// Where an ordered edge stands among its siblings; `None` of another.
    #[must_use]
    pub fn place(&self, edge: EdgeId) -> Option<&str> {
        if !self.ends(edge)?.ordered {
            return None;
        }
        match self.shown(Thing::Edge(edge), &Cell::Place) {
            Some(Value::Text(place)) => Some(place),
            _ => None,
        }
    }

    /// The ordered edges of one type that start at one record and are not deleted, in their order.
    #[must_use]
    pub fn siblings(&self, record: EntityId, edge_type: &str) -> Vec<EdgeId> {
        let is_sibling = |edge: &EdgeId| {
            let ends = self.ends(*edge).expect("it has a creation");
            ends.ordered && ends.edge_type == edge_type && self.names.root(ends.source) == record
        };
        let mut siblings: Vec<_> = self
            .edges()
            .filter(is_sibling)
            .filter(|edge| self.is_related(*edge))
            .collect();
        siblings.sort_by_key(|edge| (self.place(*edge).map(str::as_bytes), *edge));
        siblings
    }
}

/// Whether two values are one in signed bytes.
fn same(left: &Value, right: &Value) -> bool {
    encode(left) == encode(right)
}

/// A write as others show it.
fn claim(write: &Write) -> (Hlc, OpId, Value) {
    (write.moment.hlc, write.moment.op_id, write.value.clone())
}
