//! Tables: create, update, delete, restore, list.

use axum::extract::State;
use axum::response::Response;
use openprod_core::{EntityId, FieldMode, FieldType, Payload};
use openprod_engine::{Command, NewField};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::{InWorkspace, QueryString};
use crate::routes::references::{ReferenceToMake, ReferenceView};

/// A field to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldToMake {
    /// Its name, unique in its table.
    name: String,
    /// `text`, `integer`, `float`, `boolean`, `date`, `datetime`, `duration`, `enum`, `entity`, `blob`, or `crdt_text` or
    /// `crdt_list`, which several people edit at once. A reference field has none: it has that of what it follows.
    r#type: Option<String>,
    /// `discrete` (the default): it holds its own value. `reference`: it shows that of another record's field.
    mode: Option<String>,
    /// What an enum field can hold, in order.
    #[serde(default)]
    options: Vec<String>,
    /// What a reference field follows; makes it one.
    reference: Option<ReferenceToMake>,
}

impl FieldToMake {
    fn read(self) -> Result<NewField, Problem> {
        let unknown = |what: &str, found: &str, known: String| {
            let found: String = found.chars().take(40).collect();
            let detail = format!(
                "make field {:?}: {found:?} is no {what}; there are {known}",
                self.name
            );
            Problem::new(ProblemCode::UnknownFieldType, detail).with(|problem| {
                problem.field = Some(self.name.clone());
                (problem.found, problem.expected) = (Some(found.clone()), Some(known.clone()));
            })
        };
        let types = || FieldType::ALL.map(FieldType::name).join(", ");
        let field_type = match self.r#type.as_deref() {
            Some(text) => text.parse().map_err(|_| unknown("type", text, types()))?,
            // The engine gives a reference field the type of what it follows.
            None if self.reference.is_some() => FieldType::Text,
            None => return Err(unknown("type", "", types())),
        };
        let mode = match self.mode.as_deref() {
            None if self.reference.is_some() => FieldMode::Reference,
            None => FieldMode::Discrete,
            Some(text) => [FieldMode::Discrete, FieldMode::Reference]
                .into_iter()
                .find(|mode| mode.name() == text)
                .ok_or_else(|| unknown("mode", text, "discrete, reference".to_owned()))?,
        };
        let reference = self.reference.map(ReferenceToMake::read).transpose()?;
        Ok(NewField {
            name: self.name,
            field_type,
            mode,
            options: self.options,
            reference,
        })
    }
}

fn read_all(fields: Vec<FieldToMake>) -> Result<Vec<NewField>, Problem> {
    fields.into_iter().map(FieldToMake::read).collect()
}

/// A table to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTable {
    /// Its name, unique in the workspace.
    name: String,
    /// Its fields, in order.
    #[serde(default)]
    fields: Vec<FieldToMake>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// A table that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableCreated {
    /// The table.
    table_id: String,
    /// Its fields, in order.
    field_ids: Vec<String>,
    #[serde(flatten)]
    done: Done,
}

/// Makes a table.
#[utoipa::path(post, path = "/tables/create", tag = "tables", request_body = CreateTable,
    responses((status = 200, body = TableCreated), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateTable>,
) -> Result<Response, Problem> {
    let command = Command::CreateTable {
        name: body.name,
        fields: read_all(body.fields)?,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    let mut created = outcome.created.iter().map(EntityId::to_string);
    let table_id = created.next().expect("a command that makes a table made one");
    json(&TableCreated {
        table_id,
        field_ids: created.collect(),
        done: (&outcome).into(),
    })
    .map(json_response)
}

/// A change to a table. What is not named stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateTable {
    /// The table: an id, or a name.
    table: String,
    /// A new name for it.
    name: Option<String>,
    /// Fields to add behind those that it has.
    #[serde(default)]
    add_fields: Vec<FieldToMake>,
    /// Fields to rename.
    #[serde(default)]
    rename_fields: Vec<RenameField>,
    /// Fields to remove, by name. Their values stay in the history.
    #[serde(default)]
    remove_fields: Vec<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// A field to rename.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameField {
    /// Its name.
    from: String,
    /// Its new name.
    to: String,
}

/// A table that was changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableUpdated {
    /// The fields that were added, in order.
    field_ids: Vec<String>,
    #[serde(flatten)]
    done: Done,
}

/// Changes a table.
#[utoipa::path(post, path = "/tables/update", tag = "tables", request_body = UpdateTable,
    responses((status = 200, body = TableUpdated), Problem))]
pub(crate) async fn update(
    State(app): State<App>,
    JsonBody(body): JsonBody<UpdateTable>,
) -> Result<Response, Problem> {
    let command = Command::UpdateTable {
        table: body.table,
        name: body.name,
        add_fields: read_all(body.add_fields)?,
        rename_fields: body
            .rename_fields
            .into_iter()
            .map(|rename| (rename.from, rename.to))
            .collect(),
        remove_fields: body.remove_fields,
    };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    let field_ids = outcome.created.iter().map(EntityId::to_string).collect();
    json(&TableUpdated {
        field_ids,
        done: (&outcome).into(),
    })
    .map(json_response)
}

/// A table to be deleted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteTable {
    /// The table: an id, or a name.
    table: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// A table that was deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableDeleted {
    /// The table: by this it can be restored. `null` when its deletion was staged in a draft.
    table_id: Option<String>,
    #[serde(flatten)]
    done: Done,
}

/// Deletes a table. Its records and their values stay, and it can be restored.
#[utoipa::path(post, path = "/tables/delete", tag = "tables", request_body = DeleteTable,
    responses((status = 200, body = TableDeleted), Problem))]
pub(crate) async fn delete(
    State(app): State<App>,
    JsonBody(body): JsonBody<DeleteTable>,
) -> Result<Response, Problem> {
    let (workspace, command) = (body.workspace, Command::DeleteTable { table: body.table });
    let outcome = app.execute(workspace.as_deref(), body.command, command).await?;
    let payloads = app.payloads(workspace.as_deref(), &outcome).await?;
    let table = payloads.into_iter().find_map(|payload| match payload {
        Payload::DeleteEntity(deleted) => Some(deleted.entity),
        _ => None,
    });
    json(&TableDeleted {
        table_id: table.map(|table| table.to_string()),
        done: (&outcome).into(),
    })
    .map(json_response)
}

/// A table to be restored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreTable {
    /// The table.
    table_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Takes the deletion of a table back.
#[utoipa::path(post, path = "/tables/restore", tag = "tables", request_body = RestoreTable,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn restore(
    State(app): State<App>,
    JsonBody(body): JsonBody<RestoreTable>,
) -> Result<Response, Problem> {
    let command = Command::RestoreTable {
        table: parse_id("table_id", &body.table_id)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// The tables of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tables {
    /// In order of creation.
    tables: Vec<TableView>,
}

/// A table.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableView {
    /// The table.
    table_id: String,
    /// Its name, unique in the workspace.
    name: String,
    /// The module that it belongs to; `null` for a person's own.
    module: Option<String>,
    /// Its fields, in the order in which they are shown.
    fields: Vec<FieldView>,
    /// How many records it has.
    records: u64,
}

/// A field of a table.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldView {
    /// The field.
    field_id: String,
    /// Its name, unique in its table.
    name: String,
    /// Its type.
    r#type: &'static str,
    /// `discrete` or `reference`.
    mode: &'static str,
    /// What an enum field can hold, in order; empty for other types.
    options: Vec<String>,
    /// What a reference field follows; `null` for others.
    reference: Option<ReferenceView>,
}

/// Lists the tables of a workspace.
#[utoipa::path(get, path = "/tables/list", tag = "tables", params(InWorkspace),
    responses((status = 200, body = Tables), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.read(query.workspace.as_deref(), |snapshot, _| {
        let view = |table: &openprod_engine::schema::Table| -> Result<TableView, Problem> {
            let fields = table.fields.iter().map(|field| FieldView {
                field_id: field.id.to_string(),
                name: field.name.clone(),
                r#type: field.field_type.name(),
                mode: field.mode.name(),
                options: field.options.clone(),
                reference: field
                    .reference
                    .as_ref()
                    .map(|reference| ReferenceView::of(snapshot.schema(), table, reference)),
            });
            Ok(TableView {
                table_id: table.id.to_string(),
                name: table.name.clone(),
                module: None,
                fields: fields.collect(),
                records: snapshot.count(table.id)?,
            })
        };
        let tables = snapshot
            .schema()
            .tables
            .iter()
            .map(view)
            .collect::<Result<_, _>>()?;
        Ok(Tables { tables })
    })
    .await
}
