//! Which cells an operation writes, and what into them.

use openprod_core::{EdgeId, EntityId, FacetId, FieldId, Payload, Value};

use super::Ends;

/// What has cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// An entity.
    Entity(EntityId),
    /// An edge.
    Edge(EdgeId),
}

/// What a cell tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Whether it exists.
    Exists,
    /// Whether it has the facet.
    Facet(FacetId),
    /// The value of a field.
    Field(FieldId),
    /// The value of a property.
    Property(String),
    /// A place among siblings.
    Place,
}

/// The ends that an operation gives to an edge, if it creates one.
pub(super) fn creation(payload: &Payload) -> Option<(EdgeId, Ends)> {
    let (edge, source, target, edge_type, ordered) = match payload {
        Payload::CreateEdge(op) => (op.edge, op.source, op.target, &op.edge_type, false),
        Payload::CreateOrderedEdge(op) => (op.edge, op.source, op.target, &op.edge_type, true),
        _ => return None,
    };
    let edge_type = edge_type.clone();
    Some((
        edge,
        Ends {
            source,
            target,
            edge_type,
            ordered,
        },
    ))
}

/// The cells that an operation writes, in the order in which it names them.
pub(super) fn writes(payload: Payload) -> Vec<(Thing, Cell, Value)> {
    use Thing::{Edge, Entity};
    let (yes, no) = (Value::Boolean(true), Value::Boolean(false));
    match payload {
        Payload::CreateEntity(op) => vec![(Entity(op.entity), Cell::Exists, yes)],
        Payload::RestoreEntity(op) => vec![(Entity(op.entity), Cell::Exists, yes)],
        Payload::DeleteEntity(op) => vec![(Entity(op.entity), Cell::Exists, no)],
        Payload::AttachFacet(op) => vec![(Entity(op.entity), Cell::Facet(op.facet), yes)],
        Payload::DetachFacet(op) => vec![(Entity(op.entity), Cell::Facet(op.facet), no)],
        Payload::SetField(op) => vec![(Entity(op.entity), Cell::Field(op.field), op.value)],
        Payload::CreateEdge(op) => created(op.edge, op.properties).collect(),
        Payload::CreateOrderedEdge(op) => created(op.edge, op.properties)
            .chain([(Edge(op.edge), Cell::Place, Value::Text(op.index))])
            .collect(),
        Payload::RestoreEdge(op) => vec![(Edge(op.edge), Cell::Exists, yes)],
        Payload::DeleteEdge(op) => vec![(Edge(op.edge), Cell::Exists, no)],
        Payload::SetEdgeProperty(op) => vec![(Edge(op.edge), Cell::Property(op.property), op.value)],
        Payload::MoveOrderedEdge(op) => vec![(Edge(op.edge), Cell::Place, Value::Text(op.index))],
        Payload::RebalanceOrderedEdges(op) => op
            .ordering
            .into_iter()
            .map(|(edge, index)| (Edge(edge), Cell::Place, Value::Text(index)))
            .collect(),
        Payload::SetCrdtField(_)
        | Payload::ConfirmFieldMapping(_)
        | Payload::RevokeFieldMapping(_)
        | Payload::MergeEntities(_)
        | Payload::SplitEntity(_)
        | Payload::RecordFact(_) => Vec::new(),
    }
}

fn created(edge: EdgeId, properties: Vec<(String, Value)>) -> impl Iterator<Item = (Thing, Cell, Value)> {
    let exists = (Thing::Edge(edge), Cell::Exists, Value::Boolean(true));
    let properties = properties
        .into_iter()
        .map(move |(name, value)| (Thing::Edge(edge), Cell::Property(name), value));
    [exists].into_iter().chain(properties)
}
