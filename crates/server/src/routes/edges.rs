//! Edges: create, update, delete, restore, reorder, rebalance.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use openprod_engine::Command;
use openprod_engine::command::{Between, NewEdge};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::json_value::{FieldValue, read_fields};
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// The properties of a request, by name.
type Properties = BTreeMap<String, serde_json::Value>;

/// An edge to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateEdge {
    /// The record where it starts.
    source: String,
    /// The record where it ends.
    target: String,
    /// What it means.
    edge_type: String,
    /// Its properties, by name.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, FieldValue>)]
    properties: Properties,
    /// Whether it has a place among the edges of the same type from the same record: at their end, unless `after`
    /// or `before` is given, which alone make it ordered too. It stays what it is made.
    ordered: Option<bool>,
    /// The edge that is to stand just before it.
    after: Option<String>,
    /// The edge that is to stand just behind it.
    before: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// An edge that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct EdgeCreated {
    /// The edge.
    edge_id: String,
    #[serde(flatten)]
    done: Done,
}

/// Relates two records.
#[utoipa::path(post, path = "/edges/create", tag = "edges", request_body = CreateEdge,
    responses((status = 200, body = EdgeCreated), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateEdge>,
) -> Result<Response, Problem> {
    let between = read_between(body.after.as_deref(), body.before.as_deref())?;
    let placed = between != Between::default();
    if placed && body.ordered == Some(false) {
        let detail =
            "create edge: an edge that stands after or before another is ordered; leave `ordered` out";
        return Err(Problem::new(ProblemCode::WrongShape, detail)
            .with(|problem| problem.field = Some("ordered".to_owned())));
    }
    let command = Command::CreateEdge(NewEdge {
        source: parse_id("source", &body.source)?,
        target: parse_id("target", &body.target)?,
        edge_type: body.edge_type,
        properties: read_fields(body.properties)?,
        ordered: (placed || body.ordered == Some(true)).then_some(between),
    });
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    let edge = outcome
        .edges
        .first()
        .expect("a command that makes an edge made one");
    json(&EdgeCreated {
        edge_id: edge.to_string(),
        done: (&outcome).into(),
    })
    .map(json_response)
}

fn read_between(after: Option<&str>, before: Option<&str>) -> Result<Between, Problem> {
    Ok(Between {
        after: after.map(|text| parse_id("after", text)).transpose()?,
        before: before.map(|text| parse_id("before", text)).transpose()?,
    })
}

/// A change to an edge. Properties that are not named stay as they are; `null` takes one away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateEdge {
    /// The edge.
    edge_id: String,
    /// The properties to set, by name.
    #[schema(value_type = BTreeMap<String, FieldValue>)]
    properties: Properties,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Sets properties of an edge.
#[utoipa::path(post, path = "/edges/update", tag = "edges", request_body = UpdateEdge,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn update(
    State(app): State<App>,
    JsonBody(body): JsonBody<UpdateEdge>,
) -> Result<Response, Problem> {
    let command = Command::UpdateEdge {
        edge: parse_id("edge_id", &body.edge_id)?,
        properties: read_fields(body.properties)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// An edge to be deleted or restored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfEdge {
    /// The edge.
    edge_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Deletes an edge. It can be restored.
#[utoipa::path(post, path = "/edges/delete", tag = "edges", request_body = OfEdge,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn delete(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfEdge>,
) -> Result<Response, Problem> {
    let command = Command::DeleteEdge {
        edge: parse_id("edge_id", &body.edge_id)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// Takes the deletion of an edge back.
#[utoipa::path(post, path = "/edges/restore", tag = "edges", request_body = OfEdge,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn restore(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfEdge>,
) -> Result<Response, Problem> {
    let command = Command::RestoreEdge {
        edge: parse_id("edge_id", &body.edge_id)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// A new place for an ordered edge: at the end of its siblings, unless a neighbour is named.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReorderEdge {
    /// The edge.
    edge_id: String,
    /// The edge that is to stand just before it.
    after: Option<String>,
    /// The edge that is to stand just behind it.
    before: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Moves an ordered edge among its siblings: the ordered edges of the same type from the same record.
#[utoipa::path(post, path = "/edges/reorder", tag = "edges", request_body = ReorderEdge,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn reorder(
    State(app): State<App>,
    JsonBody(body): JsonBody<ReorderEdge>,
) -> Result<Response, Problem> {
    let command = Command::MoveEdge {
        edge: parse_id("edge_id", &body.edge_id)?,
        between: read_between(body.after.as_deref(), body.before.as_deref())?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// Siblings whose places are to be spread out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RebalanceEdges {
    /// The record from which they start.
    entity_id: String,
    /// Their type.
    edge_type: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Spreads the places of ordered edges out again, so that there is room between them. Their order stays.
#[utoipa::path(post, path = "/edges/rebalance", tag = "edges", request_body = RebalanceEdges,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn rebalance(
    State(app): State<App>,
    JsonBody(body): JsonBody<RebalanceEdges>,
) -> Result<Response, Problem> {
    let command = Command::RebalanceEdges {
        entity: parse_id("entity_id", &body.entity_id)?,
        edge_type: body.edge_type,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}
