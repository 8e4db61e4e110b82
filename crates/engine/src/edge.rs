//! Edges: directed, typed relations between entities, with properties, and for some an order.

use openprod_core::encoding::{encode, encode_into};
use openprod_core::{EdgeId, EntityId, Hlc, OpId, Value};
use openprod_storage::{Space, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use crate::conflicts::{self, ConflictKey};
use crate::row::{CellKey, Row};
use crate::stored::stored;
use crate::subject::Subject;

/// What an edge connects: fixed when it is made.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
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

/// The derived row of an edge.
#[derive(Clone, Debug, Default, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct EdgeRow {
    /// The ends, and the creation that says so: the least by order, should there be several.
    made: Option<(Hlc, OpId, Ends)>,
    pub(crate) cells: Row,
}

/// Which edges of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those that start there.
    Outgoing,
    /// Those that end there.
    Incoming,
}

/// An edge, as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Its id.
    pub id: EdgeId,
    /// What it connects: the records, whatever other names its ends were given under.
    pub ends: Ends,
    /// Its existence, properties and place.
    pub row: Row,
}

impl EdgeRow {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StorageError> {
        stored(Space::Edge, bytes)
    }

    /// The bytes to store, which do not depend on the order in which the writes came.
    pub(crate) fn encode(&mut self) -> Vec<u8> {
        self.cells.normalise();
        encode(self)
    }

    /// Notes a creation.
    pub(crate) fn make(&mut self, (hlc, op_id): (Hlc, OpId), ends: Ends) {
        let later = |(made, by, _): &(Hlc, OpId, Ends)| (hlc, op_id) > (*made, *by);
        if !self.made.as_ref().is_some_and(later) {
            self.made = Some((hlc, op_id, ends));
        }
    }

    /// What it connects; `None` while no creation of it is known.
    pub(crate) fn ends(&self) -> Option<&Ends> {
        self.made.as_ref().map(|(_, _, ends)| ends)
    }

    /// The bytes that the state hash is over.
    pub(crate) fn canonical(&self, edge: EdgeId) -> Vec<u8> {
        let mut bytes = self.cells.canonical(Subject::Edge(edge));
        encode_into(&self.made, &mut bytes);
        bytes
    }
}

impl Edge {
    /// Its properties that have a value, in order of name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.row.shown().filter_map(|(key, value)| match (key, value) {
            (CellKey::Property(name), value) if *value != Value::Empty => Some((name.as_str(), value)),
            _ => None,
        })
    }

    /// Its open conflicts, in order.
    #[must_use]
    pub fn conflicts(&self) -> Vec<ConflictKey> {
        conflicts::of_edge(self.id, &self.row).into_iter().collect()
    }

    /// Its place among its siblings, compared as bytes; `None` if it has none.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        place(&self.row)
    }
}

/// The place that a row says an edge has.
pub(crate) fn place(row: &Row) -> Option<&str> {
    match row.value(&CellKey::Place) {
        Some(Value::Text(place)) => Some(place),
        _ => None,
    }
}

/// The key under which an edge is found from one of its ends.
pub(crate) fn incident_key(entity: EntityId, direction: Direction, edge: EdgeId) -> [u8; 33] {
    let mut key = [0; 33];
    key[..16].copy_from_slice(entity.as_bytes());
    key[16] = u8::from(direction == Direction::Incoming);
    key[17..].copy_from_slice(edge.as_bytes());
    key
}
