//! Merges: declaring two records one, and one record two.

use axum::extract::State;
use axum::response::Response;
use openprod_core::Payload;
use openprod_engine::Command;
use openprod_engine::command::Part;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// Two records that are one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeRecords {
    /// The record that stays.
    survivor: String,
    /// The record that becomes another name for it.
    absorbed: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Declares two records one. Where they differ, a conflict opens.
#[utoipa::path(post, path = "/records/merge", tag = "records", request_body = MergeRecords,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn merge(
    State(app): State<App>,
    JsonBody(body): JsonBody<MergeRecords>,
) -> Result<Response, Problem> {
    let command = Command::MergeRecords {
        survivor: parse_id("survivor", &body.survivor)?,
        absorbed: parse_id("absorbed", &body.absorbed)?,
    };
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// A record that is two: by `facets`, what it is in these tables becomes a record of its own; by `entity_id`, a
/// merge is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitRecord {
    /// The record.
    source: String,
    /// Tables: ids or names. Takes a merge back where that is what a merge brought.
    facets: Option<Vec<String>>,
    /// The record that was merged into it.
    entity_id: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// What was split from a record.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordSplit {
    /// The record that it is now; `null` when taking a merge back by its tables was staged in a draft.
    entity_id: Option<String>,
    #[serde(flatten)]
    done: Done,
}

/// Declares one record two, or takes a merge back.
#[utoipa::path(post, path = "/records/split", tag = "records", request_body = SplitRecord,
    responses((status = 200, body = RecordSplit), Problem))]
pub(crate) async fn split(
    State(app): State<App>,
    JsonBody(body): JsonBody<SplitRecord>,
) -> Result<Response, Problem> {
    let part = match (body.facets, body.entity_id) {
        (Some(tables), None) => Part::Tables(tables),
        (None, Some(name)) => Part::Name(parse_id("entity_id", &name)?),
        _ => {
            let detail = "split record: give `facets` for what it is in some tables, or `entity_id` to take a \
                          merge back";
            return Err(Problem::new(ProblemCode::WrongShape, detail));
        }
    };
    let name = match &part {
        Part::Name(name) => Some(*name),
        Part::Tables(_) => None,
    };
    let command = Command::SplitRecord {
        source: parse_id("source", &body.source)?,
        part,
    };
    let workspace = body.workspace;
    let outcome = app.execute(workspace.as_deref(), body.command, command).await?;
    let mut entity = name.or_else(|| outcome.created.first().copied());
    if entity.is_none() {
        let payloads = app.payloads(workspace.as_deref(), &outcome).await?;
        entity = payloads.into_iter().find_map(|payload| match payload {
            Payload::SplitEntity(split) => Some(split.new_entity),
            _ => None,
        });
    }
    json(&RecordSplit {
        entity_id: entity.map(|entity| entity.to_string()),
        done: (&outcome).into(),
    })
    .map(json_response)
}
