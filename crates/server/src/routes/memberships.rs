//! Memberships: that a record is one of a table, beside those that it is in.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use openprod_engine::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::json_value::{FieldValue, read_fields};
use crate::problem::Problem;

/// A record that is to be one of another table too.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachRecord {
    /// The record.
    entity_id: String,
    /// The table: an id, or a name.
    table: String,
    /// The fields of that table to set.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, FieldValue>)]
    fields: BTreeMap<String, serde_json::Value>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Makes a record one of another table too.
#[utoipa::path(post, path = "/records/attach", tag = "records", request_body = AttachRecord,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn attach(
    State(app): State<App>,
    JsonBody(body): JsonBody<AttachRecord>,
) -> Result<Response, Problem> {
    let command = Command::AttachRecord {
        entity: parse_id("entity_id", &body.entity_id)?,
        table: body.table,
        fields: read_fields(body.fields)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// A record that is to be one of a table no longer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DetachRecord {
    /// The record.
    entity_id: String,
    /// The table: an id, or a name.
    table: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Takes a record out of a table. Its values stay, and come back should it be attached again.
#[utoipa::path(post, path = "/records/detach", tag = "records", request_body = DetachRecord,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn detach(
    State(app): State<App>,
    JsonBody(body): JsonBody<DetachRecord>,
) -> Result<Response, Problem> {
    let command = Command::DetachRecord {
        entity: parse_id("entity_id", &body.entity_id)?,
        table: body.table,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}
