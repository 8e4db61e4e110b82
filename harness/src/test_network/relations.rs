//! Edges, merges and mappings, as people make them.

use openprod_core::{EdgeId, EntityId, Value};
use openprod_engine::command::{Between, FieldName, NewEdge, Part};
use openprod_engine::edge::{Direction, Edge};
use openprod_engine::{Command, Outcome};

use super::TestPeer;

/// The place just behind a sibling.
#[must_use]
pub const fn after(edge: EdgeId) -> Between {
    Between {
        after: Some(edge),
        before: None,
    }
}

impl TestPeer {
    /// Makes an edge that has no place among others.
    pub fn relate(&self, source: EntityId, target: EntityId, edge_type: &str) -> EdgeId {
        self.create_edge(source, target, edge_type, None)
    }

    /// Makes an ordered edge behind all of its siblings.
    pub fn append_edge(&self, source: EntityId, target: EntityId, edge_type: &str) -> EdgeId {
        self.create_edge(source, target, edge_type, Some(Between::default()))
    }

    /// Makes an ordered edge at a place.
    pub fn insert_edge(
        &self,
        source: EntityId,
        target: EntityId,
        edge_type: &str,
        between: Between,
    ) -> EdgeId {
        self.create_edge(source, target, edge_type, Some(between))
    }

    fn create_edge(
        &self,
        source: EntityId,
        target: EntityId,
        edge_type: &str,
        ordered: Option<Between>,
    ) -> EdgeId {
        self.execute(Command::CreateEdge(NewEdge {
            source,
            target,
            edge_type: edge_type.to_owned(),
            properties: Vec::new(),
            ordered,
        }))
        .edges[0]
    }

    /// Moves an ordered edge.
    pub fn move_edge(&self, edge: EdgeId, between: Between) {
        self.execute(Command::MoveEdge { edge, between });
    }

    /// Sets a property of an edge.
    pub fn set_property(&self, edge: EdgeId, name: &str, value: Value) {
        self.execute(Command::UpdateEdge {
            edge,
            properties: vec![(name.to_owned(), value)],
        });
    }

    /// Deletes an edge.
    pub fn delete_edge(&self, edge: EdgeId) {
        self.execute(Command::DeleteEdge { edge });
    }

    /// Takes the deletion of an edge back.
    pub fn restore_edge(&self, edge: EdgeId) {
        self.execute(Command::RestoreEdge { edge });
    }

    /// Spreads the places of ordered edges out again.
    pub fn rebalance(&self, entity: EntityId, edge_type: &str) {
        self.execute(Command::RebalanceEdges {
            entity,
            edge_type: edge_type.to_owned(),
        });
    }

    /// The edges of a type that start from a record: ordered ones in their order, then the others by id.
    #[must_use]
    pub fn edges(&self, entity: EntityId, edge_type: &str) -> Vec<Edge> {
        self.snapshot()
            .edges(entity, Direction::Outgoing, Some(edge_type))
            .expect("the store can be read")
    }

    /// Declares two records one.
    pub fn merge(&self, survivor: EntityId, absorbed: EntityId) {
        self.execute(Command::MergeRecords { survivor, absorbed });
    }

    /// Takes the merge of a name into a record back.
    pub fn split_name(&self, source: EntityId, name: EntityId) {
        self.execute(Command::SplitRecord {
            source,
            part: Part::Name(name),
        });
    }

    /// Makes what a record is in these tables a record of its own.
    pub fn split_tables(&self, source: EntityId, tables: &[&str]) -> Outcome {
        let tables = tables.iter().map(|table| (*table).to_owned()).collect();
        self.execute(Command::SplitRecord {
            source,
            part: Part::Tables(tables),
        })
    }

    /// The record that an entity is, or is another name for.
    #[must_use]
    pub fn root(&self, entity: EntityId) -> EntityId {
        self.snapshot().root(entity)
    }

    /// Declares two fields, each a table and a field, one.
    pub fn confirm_mapping(&self, a: (&str, &str), b: (&str, &str)) {
        self.execute(Command::ConfirmMapping {
            a: field_name(a),
            b: field_name(b),
        });
    }

    /// Says that two fields, each a table and a field, are not one.
    pub fn reject_mapping(&self, a: (&str, &str), b: (&str, &str)) {
        self.execute(Command::RejectMapping {
            a: field_name(a),
            b: field_name(b),
        });
    }

    /// Makes a record one of another table too.
    pub fn attach(&self, entity: EntityId, table: &str, fields: &[(&str, &str)]) {
        self.execute(Command::AttachRecord {
            entity,
            table: table.to_owned(),
            fields: super::texts(fields),
        });
    }
}

fn field_name((table, field): (&str, &str)) -> FieldName {
    FieldName {
        table: table.to_owned(),
        field: field.to_owned(),
    }
}
