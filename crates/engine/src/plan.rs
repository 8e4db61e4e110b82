//! From a command to the operations that carry it out.
//!
//! Planning reads, judges and decides; it writes nothing. Types, names and references are judged here, against
//! the state as it stands, and nowhere else: what arrives from a peer later is never refused for them.

use openprod_core::operation::{AttachFacet, CreateEntity, DeleteEntity, RestoreEntity, SetField};
use openprod_core::value::Blob;
use openprod_core::{EntityId, FacetId, FieldId, FieldMode, FieldType, Payload, Timestamp, Value};
use openprod_storage::Read;
use rand_core::Rng;

use crate::command::{Command, CommandError, Decision, Fields, NewField};
use crate::conflicts::{self, ConflictId, ConflictKind};
use crate::schema::{Field, Schema, Table, reserved};
use crate::state::State;

/// The longest name of a table or a field, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// What a plan is made from: the state and the schema as this transaction sees them, the time, and randomness.
pub(crate) struct View<'a> {
    pub(crate) store: &'a dyn Read,
    pub(crate) state: &'a mut State,
    pub(crate) schema: &'a Schema,
    pub(crate) now: Timestamp,
    pub(crate) random: &'a mut dyn Rng,
}

/// What a command comes to.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) payloads: Vec<Payload>,
    pub(crate) created: Vec<EntityId>,
}

/// Plans a command.
pub(crate) fn plan(view: &mut View<'_>, command: &Command) -> Result<Plan, CommandError> {
    match command {
        Command::NameWorkspace { name } => name_workspace(view, name),
        Command::CreateTable { name, fields } => create_table(view, name, fields),
        Command::UpdateTable {
            table,
            name,
            add_fields,
            rename_fields,
            remove_fields,
        } => update_table(
            view,
            table,
            name.as_deref(),
            add_fields,
            rename_fields,
            remove_fields,
        ),
        Command::CreateRecords { table, records } => create_records(view, table, records),
        Command::UpdateRecord {
            entity,
            table,
            fields,
        } => update_record(view, *entity, table, fields),
        Command::DeleteRecord { entity } => delete_record(view, *entity),
        Command::RestoreRecord { entity } => restore_record(view, *entity),
        Command::ResolveConflict { conflict, decision } => resolve_conflict(view, *conflict, decision),
    }
}

impl Plan {
    fn create(&mut self, view: &mut View<'_>, facet: FacetId) -> EntityId {
        let entity = mint(view);
        self.create_as(entity, facet);
        entity
    }

    fn create_as(&mut self, entity: EntityId, facet: FacetId) {
        self.payloads.push(CreateEntity { entity }.into());
        self.payloads.push(AttachFacet { entity, facet }.into());
        self.created.push(entity);
    }

    fn set(&mut self, entity: EntityId, facet: FacetId, field: FieldId, value: Value) {
        self.payloads.push(
            SetField {
                entity,
                facet,
                field,
                value,
            }
            .into(),
        );
    }
}

fn name_workspace(view: &mut View<'_>, name: &str) -> Result<Plan, CommandError> {
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

fn create_table(view: &mut View<'_>, name: &str, fields: &[NewField]) -> Result<Plan, CommandError> {
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

fn update_table(
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

fn mint(view: &mut View<'_>) -> EntityId {
    let mut entropy = [0; 10];
    view.random.fill_bytes(&mut entropy);
    EntityId::new(view.now, entropy)
}

fn create_records(view: &mut View<'_>, table: &str, records: &[Fields]) -> Result<Plan, CommandError> {
    let act = "create record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    if records.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    // Ids of one millisecond are in random order, and records are listed by id: a file's rows must stay in theirs.
    let mut entities: Vec<_> = records.iter().map(|_| mint(view)).collect();
    entities.sort_unstable();
    let mut plan = Plan::default();
    for (entity, fields) in entities.into_iter().zip(records) {
        plan.create_as(entity, table.id);
        for (name, value) in fields {
            let field = find_field(act, table, name)?;
            let value = read_value(view, act, field, value)?;
            if value != Value::Empty {
                plan.set(entity, table.id, field.id, value);
            }
        }
    }
    Ok(plan)
}

fn update_record(
    view: &mut View<'_>,
    entity: EntityId,
    table: &str,
    fields: &Fields,
) -> Result<Plan, CommandError> {
    let act = "update record";
    let schema = view.schema;
    let table = find_table(schema, act, table)?;
    let row = view.state.row(view.store, entity)?;
    if !row.is_created() {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    if row.is_deleted() {
        return Err(CommandError::Deleted { act, entity });
    }
    if !row.is_member(table.id) {
        return Err(CommandError::NotInTable {
            act,
            entity,
            table: table.name.clone(),
        });
    }
    if fields.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    let mut plan = Plan::default();
    for (name, value) in fields {
        let field = find_field(act, table, name)?;
        let value = read_value(view, act, field, value)?;
        plan.set(entity, table.id, field.id, value);
    }
    Ok(plan)
}

fn delete_record(view: &mut View<'_>, entity: EntityId) -> Result<Plan, CommandError> {
    let act = "delete record";
    let row = view.state.row(view.store, entity)?;
    if !row.is_created() || row.attached().any(reserved::is_reserved) {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    if row.is_deleted() && !row.is_deletion_contended() {
        return Err(CommandError::Deleted { act, entity });
    }
    Ok(Plan {
        payloads: vec![DeleteEntity { entity }.into()],
        created: Vec::new(),
    })
}

fn restore_record(view: &mut View<'_>, entity: EntityId) -> Result<Plan, CommandError> {
    let act = "restore record";
    let row = view.state.row(view.store, entity)?;
    if !row.is_created() {
        return Err(CommandError::UnknownRecord { act, entity });
    }
    if !row.is_deleted() && !row.is_contended(crate::row::CellKey::Exists) {
        return Err(CommandError::NotDeleted { entity });
    }
    Ok(Plan {
        payloads: vec![RestoreEntity { entity }.into()],
        created: Vec::new(),
    })
}

/// Decides by writing anew: a write that has seen every tip supersedes them all.
fn resolve_conflict(view: &mut View<'_>, id: ConflictId, decision: &Decision) -> Result<Plan, CommandError> {
    let act = "resolve conflict";
    // The index is as of the last flush, so the row, which this transaction may have changed, has the last word.
    let conflict = conflicts::find(view.store, id)?.ok_or(CommandError::UnknownConflict { conflict: id })?;
    let entity = conflict.key.entity;
    if !conflicts::of_row(entity, view.state.row(view.store, entity)?).contains(&conflict.key) {
        return Err(CommandError::UnknownConflict { conflict: id });
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
            match (conflict.key.kind, cell) {
                // Picking an edit over a deletion keeps the record.
                (ConflictKind::Deletion, cell) => Value::Boolean(*cell != crate::row::CellKey::Exists),
                _ => candidate.value.clone(),
            }
        }
    };
    let mut plan = Plan::default();
    match conflict.key.kind {
        ConflictKind::Field(field) => {
            let (facet, value) = match view
                .schema
                .tables
                .iter()
                .find(|table| table.field_by_id(field).is_some())
            {
                Some(table) => {
                    let field = table.field_by_id(field).expect("the table was found by it");
                    let value = match decision {
                        Decision::Pick(_) => value,
                        Decision::Value(_) => read_value(view, act, field, &value)?,
                    };
                    (table.id, value)
                }
                None => {
                    // A name or another part of the schema: whatever it is, it stays what it was.
                    let mut kinds = conflict
                        .candidates
                        .iter()
                        .filter_map(|candidate| candidate.value.field_type());
                    if let Some(kind) = kinds.next_back().filter(|kind| !kind.admits(&value)) {
                        let name = view.schema.field_name(field).unwrap_or("field");
                        return Err(wrong_type(act, name, kind.name(), &value));
                    }
                    (
                        conflict
                            .facets
                            .first()
                            .copied()
                            .unwrap_or(reserved::WORKSPACE_FACET),
                        value,
                    )
                }
            };
            plan.set(entity, facet, field, value);
        }
        ConflictKind::Existence | ConflictKind::Deletion => plan.payloads.push(match value {
            Value::Boolean(true) => RestoreEntity { entity }.into(),
            Value::Boolean(false) => DeleteEntity { entity }.into(),
            other => return Err(wrong_type(act, "exists", "boolean", &other)),
        }),
        ConflictKind::Membership(facet) => plan.payloads.push(match value {
            Value::Boolean(true) => AttachFacet { entity, facet }.into(),
            Value::Boolean(false) => openprod_core::operation::DetachFacet { entity, facet }.into(),
            other => return Err(wrong_type(act, "member", "boolean", &other)),
        }),
    }
    Ok(plan)
}

fn find_table<'a>(schema: &'a Schema, act: &'static str, table: &str) -> Result<&'a Table, CommandError> {
    schema.find(table).ok_or_else(|| CommandError::UnknownTable {
        act,
        table: table.to_owned(),
    })
}

fn find_field<'a>(act: &'static str, table: &'a Table, name: &str) -> Result<&'a Field, CommandError> {
    table.field(name).ok_or_else(|| CommandError::UnknownField {
        act,
        table: table.name.clone(),
        field: name.to_owned(),
        known: table
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Reads `value` as one that the field can hold, and judges options and references.
fn read_value(
    view: &mut View<'_>,
    act: &'static str,
    field: &Field,
    value: &Value,
) -> Result<Value, CommandError> {
    let read = field
        .read(value)
        .ok_or_else(|| wrong_type(act, &field.name, field.field_type.name(), value))?;
    match &read {
        Value::Enum(option) if !field.options.is_empty() && !field.options.contains(option) => {
            Err(wrong_type(
                act,
                &field.name,
                &format!("one of {}", field.options.join(", ")),
                value,
            ))
        }
        Value::Entity(entity) if !view.state.row(view.store, *entity)?.is_created() => {
            Err(CommandError::UnknownRecord { act, entity: *entity })
        }
        _ => Ok(read),
    }
}

fn wrong_type(act: &'static str, field: &str, expected: &str, found: &Value) -> CommandError {
    let shown: String = match found {
        Value::Blob(Blob { name, .. }) => name.clone(),
        other => other.to_text(),
    }
    .chars()
    .take(80)
    .collect();
    let kind = found.field_type().map_or("nothing", FieldType::name);
    CommandError::WrongType {
        act,
        field: field.to_owned(),
        expected: expected.to_owned(),
        found: format!("{kind} {shown:?}"),
    }
}

fn check_table_name(view: &View<'_>, act: &'static str, name: &str) -> Result<(), CommandError> {
    check_name(act, name)?;
    let names: Vec<_> = view
        .schema
        .tables
        .iter()
        .map(|table| table.name.clone())
        .collect();
    check_free(act, name, &names)
}

fn check_name(act: &'static str, name: &str) -> Result<(), CommandError> {
    let problem = if name.trim().is_empty() {
        "is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "is longer than 200 bytes"
    } else if name.chars().any(char::is_control) {
        "has a line break or another control character"
    } else {
        return Ok(());
    };
    Err(CommandError::BadName {
        act,
        name: name.chars().take(80).collect(),
        problem,
    })
}

fn check_free(act: &'static str, name: &str, taken: &[String]) -> Result<(), CommandError> {
    if taken.iter().any(|other| other == name) {
        return Err(CommandError::BadName {
            act,
            name: name.to_owned(),
            problem: "is taken",
        });
    }
    Ok(())
}
