//! Planning changes of texts and lists that are edited together.

use openprod_core::operation::SetCrdtField;
use openprod_core::{EntityId, FieldType, Value};

use super::checks::{find_field, find_table, wrong_type};
use super::records::{live, not_in_table};
use super::{Plan, View};
use crate::command::{CommandError, TextEdit};
use crate::documents::{self, FieldDocuments};
use crate::row::Sight;
use crate::schema::{Field, Table};
use crate::text::{Content, DeltaError, Document, Kind, client_id};

pub(super) fn edit(view: &mut View<'_>, edit: &TextEdit) -> Result<Plan, CommandError> {
    let act = "edit text";
    let schema = view.schema;
    let table = find_table(schema, act, &edit.table)?;
    let field = find_field(act, table, &edit.field)?;
    let Some(kind) = kind_of(field) else {
        let (field, field_type) = (field.name.clone(), field.field_type);
        return Err(CommandError::NotText { field, field_type });
    };
    if !live(view, act, edit.entity)?.is_member(table.id) {
        return Err(not_in_table(act, edit.entity, table));
    }
    let entity = holder(view, edit.entity, field, kind)?;
    // Judged as every peer will judge it: everything that is here lies in its author's past. The documents are the
    // transaction's, because reading one takes as long as the text is.
    let documents = view.state.documents().get(view.store, (entity, field.id))?;
    let client = client_id(view.actor, view.log, field.id, edit.session);
    let list = documents
        .check(&edit.delta, client, view.next_bundle, Sight::Everything)
        .map_err(|reason| CommandError::BadDelta { reason })?;
    if list != (kind == Kind::List) {
        let reason = DeltaError::Parent;
        return Err(CommandError::BadDelta { reason });
    }
    Ok(Plan::only(SetCrdtField {
        entity,
        facet: table.id,
        field: field.id,
        session: edit.session,
        delta: edit.delta.clone(),
    }))
}

/// The first content of a text or list of a new record.
pub(super) fn begin(
    view: &mut View<'_>,
    plan: &mut Plan,
    act: &'static str,
    entity: EntityId,
    table: &Table,
    field: &Field,
    value: &Value,
) -> Result<(), CommandError> {
    let Some(kind) = kind_of(field) else {
        return Ok(());
    };
    let content = match value {
        Value::Empty => return Ok(()),
        Value::Text(text) => read(kind, text),
        _ => None,
    };
    let expected = match kind {
        Kind::Text => "text",
        Kind::List => "a list in JSON",
    };
    let content = content.ok_or_else(|| wrong_type(act, &field.name, expected, value))?;
    let session = view.session();
    let client = client_id(view.actor, view.log, field.id, session);
    let delta = Document::insertion(client, &content);
    push(plan, entity, table, field, session, delta)
}

/// Puts the texts and lists of a record that is absorbed behind those of the one that stays, so that nothing is hidden.
pub(super) fn join(
    view: &mut View<'_>,
    plan: &mut Plan,
    survivor: EntityId,
    absorbed: EntityId,
) -> Result<(), CommandError> {
    let schema = view.schema;
    for table in &schema.tables {
        for field in &table.fields {
            let Some(kind) = kind_of(field) else { continue };
            let (to, from) = (
                holder(view, survivor, field, kind)?,
                holder(view, absorbed, field, kind)?,
            );
            let theirs = documents::content(view.store, (from, field.id), kind)?.unwrap_or_default();
            let mut documents = documents::load(view.store, (to, field.id))?;
            let content = joined(&mut documents, kind, &theirs);
            let Some(content) = content else { continue };
            let session = view.session();
            let client = client_id(view.actor, view.log, field.id, session);
            let delta = documents.of(kind).replacement(client, &content);
            push(plan, to, table, field, session, delta)?;
        }
    }
    Ok(())
}

fn joined(documents: &mut FieldDocuments, kind: Kind, theirs: &str) -> Option<Content> {
    match (documents.of(kind).content(), read(kind, theirs)?) {
        (Content::Text(mine), Content::Text(theirs)) if !mine.is_empty() && !theirs.is_empty() => {
            Some(Content::Text(format!("{mine}\n\n{theirs}")))
        }
        (Content::List(mut mine), Content::List(theirs)) if !mine.is_empty() && !theirs.is_empty() => {
            mine.extend(theirs);
            Some(Content::List(mine))
        }
        _ => None,
    }
}

fn push(
    plan: &mut Plan,
    entity: EntityId,
    table: &Table,
    field: &Field,
    session: u64,
    delta: Option<Vec<u8>>,
) -> Result<(), CommandError> {
    let Some(delta) = delta else { return Ok(()) };
    // What every peer would leave without effect is not written.
    if delta.len() > crate::text::DELTA_BYTES_MAX {
        let reason = DeltaError::TooLarge;
        return Err(CommandError::BadDelta { reason });
    }
    plan.payloads.push(
        SetCrdtField {
            entity,
            facet: table.id,
            field: field.id,
            session,
            delta,
        }
        .into(),
    );
    Ok(())
}

/// The name of a record whose text is shown.
fn holder(view: &View<'_>, entity: EntityId, field: &Field, kind: Kind) -> Result<EntityId, CommandError> {
    let names = view.names(entity);
    for name in &names {
        if documents::is_begun(view.store, (*name, field.id), kind)? {
            return Ok(*name);
        }
    }
    Ok(names[0])
}

fn kind_of(field: &Field) -> Option<Kind> {
    match field.field_type {
        FieldType::CrdtText if !field.is_followed() => Some(Kind::Text),
        FieldType::CrdtList if !field.is_followed() => Some(Kind::List),
        _ => None,
    }
}

fn read(kind: Kind, text: &str) -> Option<Content> {
    match kind {
        Kind::Text => Some(Content::Text(text.to_owned())),
        Kind::List => serde_json::from_str(text).ok().map(Content::List),
    }
}

impl View<'_> {
    fn session(&mut self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.entropy();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}
