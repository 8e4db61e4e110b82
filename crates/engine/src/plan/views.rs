//! Planning changes of saved views.

use openprod_core::operation::{DeleteEntity, RestoreEntity};
use openprod_core::{EntityId, Value};

use super::checks::{check_name, find_table};
use super::{Plan, View};
use crate::command::CommandError;
use crate::row::Row;
use crate::saved_view::SETTINGS_BYTES_MAX;
use crate::schema::reserved;

pub(super) fn create(
    view: &mut View<'_>,
    table: &str,
    name: &str,
    settings: &str,
) -> Result<Plan, CommandError> {
    let act = "create view";
    let table = find_table(view.schema, act, table)?.id;
    check_name(act, name)?;
    check_settings(act, settings)?;
    let mut plan = Plan::default();
    let made = plan.create(view, reserved::VIEW_FACET);
    for (field, value) in [
        (reserved::VIEW_NAME, Value::Text(name.into())),
        (reserved::VIEW_TABLE, Value::Entity(table.entity())),
        (reserved::VIEW_SETTINGS, Value::Text(settings.into())),
    ] {
        plan.set(made, reserved::VIEW_FACET, field, value);
    }
    Ok(plan)
}

/// Writes only what differs: who renames a view does not stand against who changes what it shows.
pub(super) fn update(
    view: &mut View<'_>,
    saved: EntityId,
    name: Option<&str>,
    settings: Option<&str>,
) -> Result<Plan, CommandError> {
    let act = "update view";
    let row = find(view, act, saved)?;
    if row.is_deleted() {
        return Err(CommandError::Deleted { act, entity: saved });
    }
    if let Some(name) = name {
        check_name(act, name)?;
    }
    if let Some(settings) = settings {
        check_settings(act, settings)?;
    }
    let mut plan = Plan::default();
    for (field, text) in [(reserved::VIEW_NAME, name), (reserved::VIEW_SETTINGS, settings)] {
        let value = text.map(|text| Value::Text(text.into()));
        if let Some(value) = value.filter(|value| row.field(field) != value) {
            plan.set(saved, reserved::VIEW_FACET, field, value);
        }
    }
    if plan.payloads.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    Ok(plan)
}

pub(super) fn delete(view: &mut View<'_>, saved: EntityId) -> Result<Plan, CommandError> {
    let act = "delete view";
    if find(view, act, saved)?.is_deleted() {
        return Err(CommandError::Deleted { act, entity: saved });
    }
    Ok(Plan::only(DeleteEntity { entity: saved }))
}

pub(super) fn restore(view: &mut View<'_>, saved: EntityId) -> Result<Plan, CommandError> {
    let act = "restore view";
    if !find(view, act, saved)?.is_deleted() {
        return Err(CommandError::NotDeleted { act, entity: saved });
    }
    Ok(Plan::only(RestoreEntity { entity: saved }))
}

/// The row of a view, also of a deleted one.
fn find(view: &mut View<'_>, act: &'static str, saved: EntityId) -> Result<Row, CommandError> {
    let row = view.state.row(view.store, saved)?;
    if row.is_created() && row.attached().any(|facet| facet == reserved::VIEW_FACET) {
        return Ok(row.clone());
    }
    Err(CommandError::UnknownView { act, view: saved })
}

fn check_settings(act: &'static str, settings: &str) -> Result<(), CommandError> {
    match settings.len() {
        0..=SETTINGS_BYTES_MAX => Ok(()),
        len => Err(CommandError::SettingsTooLong { act, len }),
    }
}
