//! Texts and lists that several people edit at once: what an editor begins with, and its changes.

use axum::extract::State;
use axum::response::Response;
use data_encoding::BASE64;
use openprod_engine::text::Content;
use openprod_engine::{Command, CommandError, Snapshot, TextEdit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::clock::entropy;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;

/// Sessions are drawn from as many numbers as a JavaScript number holds exactly.
const SESSION_MAX: u64 = (1 << 53) - 1;

/// Which text or list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichText {
    /// The record.
    entity_id: String,
    /// The table: an id, or a name.
    table: String,
    /// The field: an id, or a name.
    field: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What an editor begins with. Every answer begins a session of its own: one editor uses one.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextView {
    /// The record.
    entity_id: String,
    /// The text; `null` of a list.
    text: Option<String>,
    /// The list; `null` of a text.
    list: Option<Vec<serde_json::Value>>,
    /// The name of the root type in the Yjs document: `text`, a `Y.Text`, or `list`, a `Y.Array`.
    root: &'static str,
    /// All of it as one Yjs update, encoding 1, in base64.
    state: String,
    /// Its Yjs state vector, encoding 1, in base64.
    state_vector: String,
    /// The editor's session, to be given with each of its changes.
    session: u64,
    /// The client id that the editor's Yjs document must have in this session.
    client_id: u64,
}

/// Gives an editor what it begins with.
#[utoipa::path(get, path = "/text", tag = "text", params(WhichText),
    responses((status = 200, body = TextView), Problem))]
pub(crate) async fn read(
    State(app): State<App>,
    QueryString(query): QueryString<WhichText>,
) -> Result<Response, Problem> {
    app.read(query.workspace.clone().as_deref(), move |snapshot, _| {
        view(snapshot, &query)
    })
    .await
}

fn view(snapshot: &Snapshot, query: &WhichText) -> Result<TextView, Problem> {
    const ACT: &str = "read text";
    let entity = parse_id("entity_id", &query.entity_id)?;
    let found = snapshot.schema().find(&query.table);
    let table = found.ok_or_else(|| CommandError::UnknownTable {
        act: ACT,
        table: query.table.clone(),
    })?;
    let field = table
        .field(&query.field)
        .ok_or_else(|| CommandError::UnknownField {
            act: ACT,
            table: table.name.clone(),
            field: query.field.clone(),
            known: table
                .fields
                .iter()
                .map(|field| field.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
    let row = snapshot.row(entity)?.filter(|row| row.is_created());
    let row = row.ok_or(CommandError::UnknownRecord { act: ACT, entity })?;
    if !row.attached().any(|facet| facet == table.id) {
        let (act, table) = (ACT, table.name.clone());
        return Err(CommandError::NotInTable { act, entity, table }.into());
    }
    let session = u64::from_le_bytes(entropy()) & SESSION_MAX;
    let state = snapshot.text(entity, field, session)?;
    let state = state.ok_or_else(|| CommandError::NotText {
        field: field.name.clone(),
        field_type: field.field_type,
    })?;
    let (text, list) = match state.content {
        Content::Text(text) => (Some(text), None),
        Content::List(list) => (None, Some(list)),
    };
    Ok(TextView {
        entity_id: snapshot.root(entity).to_string(),
        text,
        list,
        root: state.kind.root(),
        state: BASE64.encode(&state.state),
        state_vector: BASE64.encode(&state.state_vector),
        session,
        client_id: state.client.get(),
    })
}

/// A change to a text or a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateText {
    /// The record.
    entity_id: String,
    /// The table: an id, or a name.
    table: String,
    /// The field: an id, or a name.
    field: String,
    /// The change: a Yjs update, encoding 1, in base64, written under the client id of the session and following on
    /// its last one.
    delta: String,
    /// The editor's session, as `GET /text` gave it.
    session: u64,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Edits a text or a list.
#[utoipa::path(post, path = "/text/update", tag = "text", request_body = UpdateText,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn update(
    State(app): State<App>,
    JsonBody(body): JsonBody<UpdateText>,
) -> Result<Response, Problem> {
    let delta = BASE64.decode(body.delta.as_bytes()).map_err(|error| {
        let detail = format!("edit text: the delta is not base64: {error}");
        Problem::new(ProblemCode::WrongShape, detail).with(|problem| problem.field = Some("delta".to_owned()))
    })?;
    let command = Command::EditText(TextEdit {
        entity: parse_id("entity_id", &body.entity_id)?,
        table: body.table,
        field: body.field,
        session: body.session,
        delta,
    });
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}
