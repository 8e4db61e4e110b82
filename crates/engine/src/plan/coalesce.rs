//! Leaving out what is written over at once.
//!
//! Operations of one bundle that give a field several values leave them all, as a conflict. Only what takes a decision
//! back means that; of everything else, the last one counts.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EdgeId, Payload};

use crate::row::CellKey;
use crate::subject::Subject;

/// Of the operations of a command: leaves out what a later one overwrites.
pub(crate) fn command(payloads: Vec<Payload>) -> Vec<Payload> {
    edits(payloads.into_iter().map(|payload| vec![payload]).collect())
}

/// Of the edits of a draft: leaves out what a later edit overwrites.
pub(crate) fn edits(edits: Vec<Vec<Payload>>) -> Vec<Payload> {
    let mut written = BTreeSet::new();
    let mut properties: BTreeMap<EdgeId, BTreeSet<String>> = BTreeMap::new();
    let mut kept: Vec<Payload> = Vec::new();
    for edit in edits.into_iter().rev() {
        let mut here = Vec::new();
        for mut payload in edit.into_iter().rev() {
            match &mut payload {
                Payload::CreateEdge(op) => forget(&mut op.properties, properties.get(&op.edge)),
                Payload::CreateOrderedEdge(op) => forget(&mut op.properties, properties.get(&op.edge)),
                Payload::SetEdgeProperty(op) => {
                    let names = properties.entry(op.edge).or_default();
                    names.insert(op.property.clone());
                }
                _ => {}
            }
            let cell = cell(&payload);
            if cell.as_ref().is_none_or(|cell| !written.contains(cell)) {
                here.extend(cell);
                kept.push(payload);
            }
        }
        written.extend(here);
    }
    kept.reverse();
    kept
}

/// Takes properties out of a creation that are set behind it.
fn forget<Value>(properties: &mut Vec<(String, Value)>, later: Option<&BTreeSet<String>>) {
    if let Some(later) = later {
        properties.retain(|(name, _)| !later.contains(name));
    }
}

/// The cell that an operation overwrites; `None` of those that do more.
fn cell(payload: &Payload) -> Option<(Subject, CellKey)> {
    match payload {
        Payload::SetField(op) => Some((Subject::Entity(op.entity), CellKey::Field(op.field))),
        Payload::SetEdgeProperty(op) => {
            Some((Subject::Edge(op.edge), CellKey::Property(op.property.clone())))
        }
        Payload::MoveOrderedEdge(op) => Some((Subject::Edge(op.edge), CellKey::Place)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use openprod_core::operation::{CreateEdge, SetEdgeProperty, SetField};
    use openprod_core::{EntityId, FacetId, FieldId, Value};

    use super::*;

    const EDGE: EdgeId = EdgeId::from_bytes([1; 16]);

    fn set(value: i64) -> Payload {
        SetField {
            entity: EntityId::from_bytes([2; 16]),
            facet: FacetId::from_bytes([3; 16]),
            field: FieldId::from_bytes([4; 16]),
            value: Value::Integer(value),
        }
        .into()
    }

    fn property(value: i64) -> Payload {
        SetEdgeProperty {
            edge: EDGE,
            property: "role".to_owned(),
            value: Value::Integer(value),
        }
        .into()
    }

    fn creation(properties: &[&str]) -> Payload {
        let properties = properties
            .iter()
            .map(|name| ((*name).to_owned(), Value::Integer(1)));
        CreateEdge {
            edge: EDGE,
            source: EntityId::from_bytes([2; 16]),
            target: EntityId::from_bytes([5; 16]),
            edge_type: "part".to_owned(),
            properties: properties.collect(),
        }
        .into()
    }

    #[test]
    fn last_write_of_a_command_counts() {
        assert_eq!(command(vec![set(1), property(1), set(2)]), [property(1), set(2)]);
    }

    #[test]
    fn later_edit_overwrites_all_values_of_an_earlier_one() {
        let reopened = vec![set(1), set(2)];
        assert_eq!(edits(vec![reopened.clone(), vec![set(3)]]), [set(3)]);
        assert_eq!(edits(vec![vec![set(3)], reopened.clone()]), reopened);
    }

    #[test]
    fn property_set_behind_the_creation_is_not_in_it() {
        let made = edits(vec![vec![creation(&["cue", "role"])], vec![property(2)]]);
        assert_eq!(made, [creation(&["cue"]), property(2)]);
    }
}
