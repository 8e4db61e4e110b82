//! Planning changes of the workspace's name, its tables and their fields.

use openprod_core::operation::{DeleteEntity, RestoreEntity};
use openprod_core::{EntityId, FieldId, FieldMode, FieldType, Value};

use super::checks::{check_free, check_name, check_table_name, find_field, find_table};
use super::{Plan, View};
use crate::command::{CommandError, NewField, NewReference, NewVia};
use crate::reference::{Reference, Via};
use crate::schema::{Schema, reserved};

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
    let present = view.schema.table(table.facet());
    let mut known: Vec<(String, FieldId, FieldType)> = present
        .into_iter()
        .flat_map(|table| &table.fields)
        .map(|field| (field.name.clone(), field.id, field.field_type))
        .collect();
    for (place, field) in (first..).zip(fields) {
        check_name(act, &field.name)?;
        check_free(act, &field.name, &names)?;
        names.push(field.name.clone());
        let reference = match (&field.reference, field.mode) {
            (Some(reference), FieldMode::Reference) => Some(find_reference(view, act, &known, reference)?),
            (None, FieldMode::Discrete) => None,
            _ => {
                let name = field.name.clone();
                return Err(CommandError::ReferenceNeeded { act, field: name });
            }
        };
        let field_type = match &reference {
            Some(reference) => reference_type(view.schema, reference),
            None => field.field_type,
        };
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
            Value::Text(field_type.name().into()),
        );
        plan.set(
            entity,
            facet,
            reserved::FIELD_MODE,
            Value::Text(field.mode.name().into()),
        );
        plan.set(entity, facet, reserved::FIELD_PLACE, Value::Integer(place));
        if let Some(reference) = &reference {
            set_reference(plan, entity, reference);
        }
        known.push((field.name.clone(), entity.field(), field_type));
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

/// Lets a reference field follow something else.
pub(super) fn follow(
    view: &View<'_>,
    table: &str,
    name: &str,
    reference: &NewReference,
) -> Result<Plan, CommandError> {
    let act = "follow field";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let field = find_field(act, table, name)?;
    if !field.is_followed() {
        let field = field.name.clone();
        return Err(CommandError::ReferenceNeeded { act, field });
    }
    let known = table.fields.iter();
    let known: Vec<_> = known
        .map(|field| (field.name.clone(), field.id, field.field_type))
        .collect();
    let reference = find_reference(view, act, &known, reference)?;
    let mut path = vec![field.name.clone()];
    let mut at = Some(reference.target);
    while let Some(next) = at.and_then(|id| schema.field(id)) {
        path.push(next.name.clone());
        if next.id == field.id || path.len() > REFERENCE_DEPTH_MAX {
            return Err(CommandError::ReferenceCycle { path });
        }
        at = next.reference.as_ref().map(|reference| reference.target);
    }
    let field_type = reference_type(schema, &reference);
    let mut plan = Plan::default();
    plan.set(
        field.id.entity(),
        reserved::FIELD_FACET,
        reserved::FIELD_TYPE,
        Value::Text(field_type.name().into()),
    );
    set_reference(&mut plan, field.id.entity(), &reference);
    Ok(plan)
}

/// How many reference fields may follow each other.
const REFERENCE_DEPTH_MAX: usize = 16;

fn find_reference(
    view: &View<'_>,
    act: &'static str,
    known: &[(String, FieldId, FieldType)],
    new: &NewReference,
) -> Result<Reference, CommandError> {
    let via = match &new.via {
        NewVia::Edge(edge_type) => {
            check_name(act, edge_type)?;
            Via::Edge(edge_type.clone())
        }
        NewVia::Field(name) => {
            let found = known
                .iter()
                .find(|(own, id, _)| own == name || id.to_string() == *name);
            match found {
                Some((_, id, FieldType::Entity)) => Via::Field(*id),
                Some((_, _, other)) => {
                    let (field, expected) = (name.clone(), "entity".to_owned());
                    let found = other.name().to_owned();
                    return Err(CommandError::WrongType {
                        act,
                        field,
                        expected,
                        found,
                    });
                }
                None => {
                    let names: Vec<_> = known.iter().map(|(name, ..)| name.as_str()).collect();
                    return Err(CommandError::UnknownField {
                        act,
                        table: "this table".to_owned(),
                        field: name.clone(),
                        known: names.join(", "),
                    });
                }
            }
        }
    };
    let table = find_table(view.schema, act, &new.table)?;
    let target = find_field(act, table, &new.field)?.id;
    Ok(Reference { via, target })
}

fn reference_type(schema: &Schema, reference: &Reference) -> FieldType {
    schema
        .field(reference.target)
        .map_or(FieldType::Text, |field| field.field_type)
}

fn set_reference(plan: &mut Plan, field: EntityId, reference: &Reference) {
    let via = match &reference.via {
        Via::Field(id) => format!("field {id}"),
        Via::Edge(edge_type) => format!("edge {edge_type}"),
    };
    let facet = reserved::FIELD_FACET;
    plan.set(field, facet, reserved::FIELD_VIA, Value::Text(via));
    let target = Value::Entity(reference.target.entity());
    plan.set(field, facet, reserved::FIELD_FOLLOWS, target);
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
