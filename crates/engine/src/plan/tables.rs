//! Planning changes of the workspace's name, its tables and their fields.

use openprod_core::operation::{DeleteEntity, RestoreEntity};
use openprod_core::{EntityId, FieldMode, Value};

use super::checks::{check_free, check_name, check_table_name, find_field, find_table};
use super::{Plan, View};
use crate::command::{CommandError, NewField};
use crate::schema::reserved;

pub(super) fn name_workspace(view: &mut View<'_>, name: &str) -> Result<Plan, CommandError> {
    check_name("name workspace", name)?;
    let mut plan = Plan::default();
    if !view.state.row(view.store, reserved::WORKSPACE)?.is_created() {
        plan.create_as(reserved::WORKSPACE, reserved::WORKSPACE_FACET);
    }
    plan.set(
        reserved::WORKSPACE,
        reserved::WORKSPACE_FACET,
        reserved::WORKSPACE_NAME,
        Value::Text(name.into()),
    );
    Ok(plan)
}

pub(super) fn create(view: &mut View<'_>, name: &str, fields: &[NewField]) -> Result<Plan, CommandError> {
    let act = "create table";
    check_table_name(view, act, name)?;
    let mut plan = Plan::default();
    let table = plan.create(view, reserved::TABLE_FACET);
    plan.set(
        table,
        reserved::TABLE_FACET,
        reserved::TABLE_NAME,
        Value::Text(name.into()),
    );
    add_fields(view, &mut plan, act, table, fields, Vec::new())?;
    Ok(plan)
}

pub(super) fn update(
    view: &mut View<'_>,
    table: &str,
    name: Option<&str>,
    new_fields: &[NewField],
    rename_fields: &[(String, String)],
    remove_fields: &[String],
) -> Result<Plan, CommandError> {
    let act = "update table";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let mut plan = Plan::default();
    if let Some(name) = name.filter(|name| *name != table.name) {
        check_table_name(view, act, name)?;
        plan.set(
            table.id.entity(),
            reserved::TABLE_FACET,
            reserved::TABLE_NAME,
            Value::Text(name.into()),
        );
    }
    let mut names: Vec<String> = table.fields.iter().map(|field| field.name.clone()).collect();
    for removed in remove_fields {
        let field = find_field(act, table, removed)?;
        plan.payloads.push(
            DeleteEntity {
                entity: field.id.entity(),
            }
            .into(),
        );
        names.retain(|name| name != removed);
    }
    for (from, to) in rename_fields {
        let field = find_field(act, table, from)?;
        check_name(act, to)?;
        names.retain(|name| name != from);
        check_free(act, to, &names)?;
        names.push(to.clone());
        plan.set(
            field.id.entity(),
            reserved::FIELD_FACET,
            reserved::FIELD_NAME,
            Value::Text(to.clone()),
        );
    }
    add_fields(view, &mut plan, act, table.id.entity(), new_fields, names)?;
    if plan.payloads.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    Ok(plan)
}

fn add_fields(
    view: &mut View<'_>,
    plan: &mut Plan,
    act: &'static str,
    table: EntityId,
    fields: &[NewField],
    mut names: Vec<String>,
) -> Result<(), CommandError> {
    let first = view
        .schema
        .table(table.facet())
        .map_or(0, |table| table.fields.len()) as i64;
    for (place, field) in (first..).zip(fields) {
        check_name(act, &field.name)?;
        check_free(act, &field.name, &names)?;
        names.push(field.name.clone());
        if field.field_type.is_crdt() || field.mode == FieldMode::Reference {
            let (field_type, mode) = (field.field_type, field.mode.name());
            return Err(CommandError::UnsupportedField {
                act,
                field_type,
                mode,
            });
        }
        let entity = plan.create(view, reserved::FIELD_FACET);
        let facet = reserved::FIELD_FACET;
        plan.set(entity, facet, reserved::FIELD_TABLE, Value::Entity(table));
        plan.set(
            entity,
            facet,
            reserved::FIELD_NAME,
            Value::Text(field.name.clone()),
        );
        plan.set(
            entity,
            facet,
            reserved::FIELD_TYPE,
            Value::Text(field.field_type.name().into()),
        );
        plan.set(
            entity,
            facet,
            reserved::FIELD_MODE,
            Value::Text(field.mode.name().into()),
        );
        plan.set(entity, facet, reserved::FIELD_PLACE, Value::Integer(place));
        if !field.options.is_empty() {
            for option in &field.options {
                check_name(act, option)?;
            }
            plan.set(
                entity,
                facet,
                reserved::FIELD_OPTIONS,
                Value::Text(field.options.join("\n")),
            );
        }
    }
    Ok(())
}

pub(super) fn delete(view: &View<'_>, table: &str) -> Result<Plan, CommandError> {
    let table = find_table(view.schema, "delete table", table)?;
    Ok(Plan::only(DeleteEntity {
        entity: table.id.entity(),
    }))
}

pub(super) fn restore(view: &mut View<'_>, table: EntityId) -> Result<Plan, CommandError> {
    let act = "restore table";
    let row = view.state.row(view.store, table)?;
    if !row.attached().any(|facet| facet == reserved::TABLE_FACET) {
        let table = table.to_string();
        return Err(CommandError::UnknownTable { act, table });
    }
    if !row.is_deleted() {
        return Err(CommandError::NotDeleted { act, entity: table });
    }
    Ok(Plan::only(RestoreEntity { entity: table }))
}
