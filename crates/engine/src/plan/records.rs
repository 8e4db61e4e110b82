//! Planning changes of records.

use openprod_core::operation::{AttachFacet, DeleteEntity, DetachFacet, RestoreEntity};
use openprod_core::{EntityId, Value};

use super::checks::{find_field, find_table, read_value};
use super::{Plan, View, text};
use crate::command::{CommandError, Fields};
use crate::row::{CellKey, Row};
use crate::schema::{Field, Table, reserved};

pub(super) fn create(view: &mut View<'_>, table: &str, records: &[Fields]) -> Result<Plan, CommandError> {
    let act = "create record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    if records.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    // Ids of one millisecond are in random order, and records are listed by id: a file's rows must stay in theirs.
    let mut entities: Vec<_> = records.iter().map(|_| view.mint()).collect();
    entities.sort_unstable();
    let mut plan = Plan::default();
    for (entity, fields) in entities.into_iter().zip(records) {
        plan.create_as(entity, table.id);
        for (name, value) in fields {
            let field = find_field(act, table, name)?;
            check_own(act, field)?;
            if field.field_type.is_crdt() {
                text::begin(view, &mut plan, act, entity, table, field, value)?;
                continue;
            }
            let value = read_value(view, act, field, value)?;
            if value != Value::Empty {
                plan.set(entity, table.id, field.id, value);
            }
        }
    }
    Ok(plan)
}

pub(super) fn update(
    view: &mut View<'_>,
    entity: EntityId,
    table: &str,
    fields: &Fields,
) -> Result<Plan, CommandError> {
    let act = "update record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let row = live(view, act, entity)?;
    if !row.is_member(table.id) {
        return Err(not_in_table(act, entity, table));
    }
    if fields.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    let mut plan = Plan::default();
    set_fields(view, &mut plan, act, entity, table, fields)?;
    Ok(plan)
}

/// Deletes a record under all its names.
pub(super) fn delete(view: &mut View<'_>, entity: EntityId) -> Result<Plan, CommandError> {
    let act = "delete record";
    let row = view.record(entity)?;
    if !row.is_created() || row.attached().any(reserved::is_reserved) {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    let mut plan = Plan::default();
    for name in view.names(entity) {
        let row = view.state.row(view.store, name)?;
        if row.is_created() && (!row.is_deleted() || row.is_deletion_contended()) {
            plan.payloads.push(DeleteEntity { entity: name }.into());
        }
    }
    if plan.payloads.is_empty() {
        return Err(CommandError::Deleted { act, entity });
    }
    Ok(plan)
}

/// Restores a record under all its names.
pub(super) fn restore(view: &mut View<'_>, entity: EntityId) -> Result<Plan, CommandError> {
    let act = "restore record";
    if !view.record(entity)?.is_created() {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    let mut plan = Plan::default();
    for name in view.names(entity) {
        let row = view.state.row(view.store, name)?;
        if row.is_deleted() || row.is_contended(&CellKey::Exists) {
            plan.payloads.push(RestoreEntity { entity: name }.into());
        }
    }
    if plan.payloads.is_empty() {
        return Err(CommandError::NotDeleted { act, entity });
    }
    Ok(plan)
}

/// Makes a record one of another table too.
pub(super) fn attach(
    view: &mut View<'_>,
    entity: EntityId,
    table: &str,
    fields: &Fields,
) -> Result<Plan, CommandError> {
    let act = "attach record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let row = live(view, act, entity)?;
    if row.attached().any(reserved::is_reserved) {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    if row.is_member(table.id) {
        return Err(CommandError::InTable {
            act,
            entity,
            table: table.name.clone(),
        });
    }
    let root = view.names(entity)[0];
    let mut plan = Plan::only(AttachFacet {
        entity: root,
        facet: table.id,
    });
    set_fields(view, &mut plan, act, entity, table, fields)?;
    Ok(plan)
}

/// Takes a record out of a table; its values stay. A record is always in one table at least.
pub(super) fn detach(view: &mut View<'_>, entity: EntityId, table: &str) -> Result<Plan, CommandError> {
    let act = "detach record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let row = live(view, act, entity)?;
    if !row.is_member(table.id) {
        return Err(not_in_table(act, entity, table));
    }
    if row.facets().count() == 1 {
        return Err(CommandError::OnlyTable {
            entity,
            table: table.name.clone(),
        });
    }
    let mut plan = Plan::default();
    for name in view.names(entity) {
        let row = view.state.row(view.store, name)?;
        if row.value(&CellKey::Facet(table.id)) == Some(&Value::Boolean(true)) {
            let facet = table.id;
            plan.payloads.push(DetachFacet { entity: name, facet }.into());
        }
    }
    Ok(plan)
}

/// The row of a record that is there and not deleted.
pub(super) fn live(view: &mut View<'_>, act: &'static str, entity: EntityId) -> Result<Row, CommandError> {
    let row = view.record(entity)?;
    if !row.is_created() {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    if row.is_deleted() {
        return Err(CommandError::Deleted { act, entity });
    }
    Ok(row)
}

fn set_fields(
    view: &mut View<'_>,
    plan: &mut Plan,
    act: &'static str,
    entity: EntityId,
    table: &Table,
    fields: &Fields,
) -> Result<(), CommandError> {
    for (name, value) in fields {
        let field = find_field(act, table, name)?;
        check_own(act, field)?;
        if field.field_type.is_crdt() {
            let field = field.name.clone();
            return Err(CommandError::TextField { act, field });
        }
        let value = read_value(view, act, field, value)?;
        plan.set_everywhere(view, entity, table.id, field.id, &value)?;
    }
    Ok(())
}

/// A reference field has no value of its own to be set.
fn check_own(act: &'static str, field: &Field) -> Result<(), CommandError> {
    if field.is_followed() {
        let field = field.name.clone();
        return Err(CommandError::FollowedField { act, field });
    }
    Ok(())
}

pub(super) fn not_in_table(act: &'static str, entity: EntityId, table: &Table) -> CommandError {
    CommandError::NotInTable {
        act,
        entity,
        table: table.name.clone(),
    }
}
