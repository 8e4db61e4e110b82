//! What planning checks of names, fields and values.

use openprod_core::value::Blob;
use openprod_core::{FieldType, Value};

use super::View;
use crate::command::CommandError;
use crate::schema::{Field, Schema, Table};

/// The longest name of a table or a field, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

pub(super) fn find_table<'a>(
    schema: &'a Schema,
    act: &'static str,
    table: &str,
) -> Result<&'a Table, CommandError> {
    schema.find(table).ok_or_else(|| CommandError::UnknownTable {
        act,
        table: table.to_owned(),
    })
}

pub(super) fn find_field<'a>(
    act: &'static str,
    table: &'a Table,
    name: &str,
) -> Result<&'a Field, CommandError> {
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
pub(super) fn read_value(
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

pub(super) fn wrong_type(act: &'static str, field: &str, expected: &str, found: &Value) -> CommandError {
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

pub(super) fn check_table_name(view: &View<'_>, act: &'static str, name: &str) -> Result<(), CommandError> {
    check_name(act, name)?;
    let names: Vec<_> = view
        .schema
        .tables
        .iter()
        .map(|table| table.name.clone())
        .collect();
    check_free(act, name, &names)
}

pub(super) fn check_name(act: &'static str, name: &str) -> Result<(), CommandError> {
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

pub(super) fn check_free(act: &'static str, name: &str, taken: &[String]) -> Result<(), CommandError> {
    if taken.iter().any(|other| other == name) {
        return Err(CommandError::BadName {
            act,
            name: name.to_owned(),
            problem: "is taken",
        });
    }
    Ok(())
}
