//! Planning the decision of a conflict.

use openprod_core::operation::{
    AttachFacet, DeleteEdge, DeleteEntity, DetachFacet, RestoreEdge, RestoreEntity, SetEdgeProperty,
};
use openprod_core::{EntityId, FieldId, Payload, Value};

use super::checks::{read_value, wrong_type};
use super::{Plan, View};
use crate::command::{CommandError, Decision};
use crate::conflicts::{self, Conflict, ConflictId, ConflictKey, ConflictKind};
use crate::row::CellKey;
use crate::schema::reserved;
use crate::subject::Subject;

const ACT: &str = "resolve conflict";

/// Decides by writing anew: a write that has seen every tip supersedes them all.
pub(super) fn resolve(
    view: &mut View<'_>,
    id: ConflictId,
    decision: &Decision,
) -> Result<Plan, CommandError> {
    let unknown = || CommandError::UnknownConflict { conflict: id };
    let conflict = conflicts::find(view.store, view.synonyms, id)?.ok_or_else(unknown)?;
    // The index is as of the last flush, so the rows, which this transaction may have changed, have the last word.
    if !is_open(view, &conflict.key)? {
        return Err(unknown());
    }
    let value = match decision {
        Decision::Value(value) => value.clone(),
        Decision::Pick(op_id) => {
            let picked = conflict
                .candidates
                .iter()
                .zip(&conflict.cells)
                .find(|(candidate, _)| candidate.op_id == *op_id);
            let (candidate, cell) = picked.ok_or(CommandError::UnknownCandidate { op_id: *op_id })?;
            match conflict.key.kind {
                // Picking an edit over a deletion keeps the record.
                ConflictKind::Deletion => Value::Boolean(*cell != CellKey::Exists),
                _ => candidate.value.clone(),
            }
        }
    };
    match (conflict.key.subject, &conflict.key.kind) {
        (Subject::Entity(entity), ConflictKind::Field(field)) => {
            set_field(view, &conflict, entity, *field, decision, value)
        }
        (Subject::Entity(entity), ConflictKind::Membership(facet)) => {
            let facet = *facet;
            Ok(Plan::only(choose(
                "member",
                &value,
                AttachFacet { entity, facet },
                DetachFacet { entity, facet },
            )?))
        }
        (Subject::Entity(entity), _) => Ok(Plan::only(choose(
            "exists",
            &value,
            RestoreEntity { entity },
            DeleteEntity { entity },
        )?)),
        (Subject::Edge(edge), ConflictKind::Property(property)) => Ok(Plan::only(SetEdgeProperty {
            edge,
            property: property.clone(),
            value,
        })),
        (Subject::Edge(edge), _) => Ok(Plan::only(choose(
            "exists",
            &value,
            RestoreEdge { edge },
            DeleteEdge { edge },
        )?)),
    }
}

fn is_open(view: &mut View<'_>, key: &ConflictKey) -> Result<bool, CommandError> {
    let keys = match key.subject {
        Subject::Edge(edge) => conflicts::of_edge(edge, &view.state.edge(view.store, edge)?.cells),
        Subject::Entity(entity) => {
            let mut rows = Vec::new();
            for name in view.names(entity) {
                rows.push((name, view.state.row(view.store, name)?.clone()));
            }
            let root = rows[0].0;
            let names: Vec<_> = rows.iter().map(|(name, row)| (*name, row)).collect();
            conflicts::of_record(root, &names, &view.synonyms.mappings)
        }
    };
    Ok(keys.contains(key))
}

fn choose(
    what: &str,
    value: &Value,
    yes: impl Into<Payload>,
    no: impl Into<Payload>,
) -> Result<Payload, CommandError> {
    match value {
        Value::Boolean(true) => Ok(yes.into()),
        Value::Boolean(false) => Ok(no.into()),
        other => Err(wrong_type(ACT, what, "boolean", other)),
    }
}

fn set_field(
    view: &mut View<'_>,
    conflict: &Conflict,
    entity: EntityId,
    field: FieldId,
    decision: &Decision,
    value: Value,
) -> Result<Plan, CommandError> {
    let schema = view.schema;
    let known = schema
        .tables
        .iter()
        .find_map(|table| Some((table.id, table.field_by_id(field)?)));
    let (facet, value) = match (known, decision) {
        (Some((facet, _)), Decision::Pick(_)) => (facet, value),
        (Some((facet, field)), Decision::Value(_)) => (facet, read_value(view, ACT, field, &value)?),
        (None, _) => {
            // A name or another part of the schema: whatever it is, it stays what it was.
            let mut kinds = conflict
                .candidates
                .iter()
                .filter_map(|candidate| candidate.value.field_type());
            if let Some(kind) = kinds.next_back().filter(|kind| !kind.admits(&value)) {
                let name = schema.field_name(field).unwrap_or("field");
                return Err(wrong_type(ACT, name, kind.name(), &value));
            }
            let facet = conflict.facets.first().copied();
            (facet.unwrap_or(reserved::WORKSPACE_FACET), value)
        }
    };
    let mut plan = Plan::default();
    plan.set_everywhere(view, entity, facet, field, &value)?;
    Ok(plan)
}
