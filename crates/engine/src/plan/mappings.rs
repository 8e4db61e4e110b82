//! Planning that fields become one, or cease to be.

use openprod_core::FieldMode;
use openprod_core::operation::{ConfirmFieldMapping, RevokeFieldMapping};

use super::checks::{find_field, find_table};
use super::{Plan, View};
use crate::command::{CommandError, FieldName};
use crate::schema::{Field, Table};
use crate::synonyms::Pair;

pub(super) fn confirm(view: &View<'_>, a: &FieldName, b: &FieldName) -> Result<Plan, CommandError> {
    let act = "confirm field mapping";
    let ((table_a, a), (table_b, b)) = (find(view, act, a)?, find(view, act, b)?);
    let unfit = |problem| CommandError::Unmappable {
        a: format!("{}.{}", table_a.name, a.name),
        b: format!("{}.{}", table_b.name, b.name),
        problem,
    };
    if table_a.id == table_b.id {
        return Err(unfit("are in the same table"));
    }
    if a.field_type != b.field_type {
        return Err(unfit("have different types"));
    }
    if a.field_type.is_crdt() {
        return Err(unfit("hold text or lists that are edited together"));
    }
    if a.mode == FieldMode::Reference || b.mode == FieldMode::Reference {
        return Err(unfit("follow another field; map that one"));
    }
    let pair = Pair::new((table_a.id, a.id), (table_b.id, b.id));
    if view.synonyms.mappings.decision(&pair) == Some(true) {
        return Err(unfit("are one already"));
    }
    let ((field_a, field_b), (facet_a, facet_b)) = (pair.fields, pair.facets);
    Ok(Plan::only(ConfirmFieldMapping {
        facet_a,
        field_a,
        facet_b,
        field_b,
    }))
}

/// Says that two fields are not one: takes a confirmation back, or a suggestion away.
pub(super) fn reject(view: &View<'_>, a: &FieldName, b: &FieldName) -> Result<Plan, CommandError> {
    let act = "reject field mapping";
    let ((table_a, a), (table_b, b)) = (find(view, act, a)?, find(view, act, b)?);
    let pair = Pair::new((table_a.id, a.id), (table_b.id, b.id));
    if view.synonyms.mappings.decision(&pair) == Some(false) {
        return Err(CommandError::Nothing { act });
    }
    let ((field_a, field_b), (facet_a, facet_b)) = (pair.fields, pair.facets);
    Ok(Plan::only(RevokeFieldMapping {
        facet_a,
        field_a,
        facet_b,
        field_b,
    }))
}

fn find<'a>(
    view: &View<'a>,
    act: &'static str,
    name: &FieldName,
) -> Result<(&'a Table, &'a Field), CommandError> {
    let table = find_table(view.schema, act, &name.table)?;
    Ok((table, find_field(act, table, &name.field)?))
}
