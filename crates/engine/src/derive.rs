//! What a bundle's operations do to the derived rows.
//!
//! Depends on the bundle and its author's clock alone: not on arrival order, the time, local settings or the
//! schema. What does not fit the schema is kept, and presented as not fitting.

use std::collections::BTreeSet;

use openprod_core::{EntityId, FacetId, Payload, Value, VerifiedBundle};
use openprod_storage::{Position, Space, StorageError, Write};

use crate::row::{CellKey, Writer};
use crate::state::State;

/// Numbers the rules by which operations become rows. A store that was derived by other rules is derived anew.
pub const DERIVATION_VERSION: u32 = 1;

/// Applies the operations of a bundle, in order: changes rows in `state`, and notes in the store which entities
/// the bundle touched and which of its operations have no effect, and why.
pub(crate) fn derive(
    state: &mut State,
    store: &mut dyn Write,
    bundle: &VerifiedBundle,
    position: Position,
    writer: &Writer<'_>,
) -> Result<(), StorageError> {
    let position = position.0.to_be_bytes();
    let mut touched = BTreeSet::new();
    for (index, payload) in bundle.payloads() {
        let write = match payload {
            Ok(payload) => cell_write(payload),
            Err(error) => {
                let key = [position.as_slice(), &index.to_be_bytes()].concat();
                store.put(Space::Void, &key, error.to_string().as_bytes())?;
                continue;
            }
        };
        let Some((entity, key, value)) = write else {
            continue;
        };
        state.row_mut(&*store, entity)?.write(writer, key, index, value);
        touched.insert(entity);
    }
    for entity in touched {
        store.put(
            Space::Touch,
            &[entity.as_bytes().as_slice(), &position].concat(),
            &[],
        )?;
    }
    Ok(())
}

/// The cell that an operation writes, and what. Edges, collaborative text, merges, mappings and facts write no
/// cell; they are carried in the log.
fn cell_write(payload: Payload) -> Option<(EntityId, CellKey, Value)> {
    let facet = |facet: FacetId| CellKey::Facet(facet);
    Some(match payload {
        Payload::CreateEntity(op) => (op.entity, CellKey::Exists, Value::Boolean(true)),
        Payload::DeleteEntity(op) => (op.entity, CellKey::Exists, Value::Boolean(false)),
        Payload::RestoreEntity(op) => (op.entity, CellKey::Exists, Value::Boolean(true)),
        Payload::AttachFacet(op) => (op.entity, facet(op.facet), Value::Boolean(true)),
        Payload::DetachFacet(op) => (op.entity, facet(op.facet), Value::Boolean(false)),
        Payload::SetField(op) => (op.entity, CellKey::Field(op.field), op.value),
        Payload::SetCrdtField(_)
        | Payload::CreateEdge(_)
        | Payload::DeleteEdge(_)
        | Payload::RestoreEdge(_)
        | Payload::SetEdgeProperty(_)
        | Payload::CreateOrderedEdge(_)
        | Payload::MoveOrderedEdge(_)
        | Payload::RebalanceOrderedEdges(_)
        | Payload::ConfirmFieldMapping(_)
        | Payload::RevokeFieldMapping(_)
        | Payload::MergeEntities(_)
        | Payload::SplitEntity(_)
        | Payload::RecordFact(_) => return None,
    })
}
