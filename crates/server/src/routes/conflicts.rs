//! Conflicts: list, resolve.

use axum::extract::State;
use axum::response::Response;
use openprod_engine::conflicts::{Conflict, ConflictKind};
use openprod_engine::row::CellKey;
use openprod_engine::schema::{Schema, Table};
use openprod_engine::{Command, Decision};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, json, json_response};
use crate::clock::rfc3339;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::event::subject_ids;
use crate::json_body::JsonBody;
use crate::json_value::{FieldValue, read_value};
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;

/// Which conflicts to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConflicts {
    /// `open`, which is also what is meant when it is absent.
    status: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// The conflicts of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct Conflicts {
    /// In order of their ids.
    conflicts: Vec<ConflictView>,
}

/// Where people wrote without having seen each other, and the results differ.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConflictView {
    /// The conflict: the same id on every peer.
    conflict_id: String,
    /// `field`, `property` (of an edge), `existence` (deleted and restored), `membership` (in a table and out of it) or
    /// `deletion` (deleted and edited).
    kind: &'static str,
    /// The record; `null` when it is about an edge.
    entity_id: Option<String>,
    /// The edge; `null` when it is about a record.
    edge_id: Option<String>,
    /// The name of its table; `null` when it is about a table, a field or the workspace itself.
    table: Option<String>,
    /// The id of its table; `null` when it is about a table, a field or the workspace itself.
    table_id: Option<String>,
    /// The name of the field or property; `null` when it is about neither.
    field: Option<String>,
    /// What was written, in ascending order of time.
    values: Vec<ConflictValue>,
    /// The operation whose value is shown meanwhile.
    shown: String,
    /// `open`.
    status: &'static str,
}

/// What one side wrote.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConflictValue {
    /// The value; `false` for a deletion. `null` where the field was emptied.
    value: FieldValue,
    /// The field that it was written to; `null` when it was the record's existence or its place in a table.
    field: Option<String>,
    /// Who wrote it: a public key in hex.
    actor_id: String,
    /// When, in 24 hex digits.
    hlc: String,
    /// When, in RFC 3339.
    at: String,
    /// By which operation: what `POST /conflicts/resolve` picks.
    op_id: String,
}

impl ConflictView {
    pub(crate) fn of(schema: &Schema, conflict: &Conflict) -> Self {
        let name = |cell: &CellKey| match cell {
            CellKey::Field(field) => schema.field_name(*field).map(str::to_owned),
            CellKey::Property(name) => Some(name.clone()),
            CellKey::Exists | CellKey::Facet(_) | CellKey::Place => None,
        };
        let mut tables = conflict.facets.iter().filter_map(|facet| schema.table(*facet));
        let (field, table): (_, Option<&Table>) = match &conflict.key.kind {
            ConflictKind::Field(id) => (
                name(&CellKey::Field(*id)),
                tables
                    .find(|table| table.field_by_id(*id).is_some())
                    .or_else(|| tables.next()),
            ),
            ConflictKind::Property(property) => (Some(property.clone()), None),
            ConflictKind::Membership(facet) => (None, schema.table(*facet)),
            ConflictKind::Existence | ConflictKind::Deletion => (None, tables.next()),
        };
        let values = conflict
            .candidates
            .iter()
            .zip(&conflict.cells)
            .map(|(candidate, cell)| ConflictValue {
                value: FieldValue::of(&candidate.value),
                field: name(cell),
                actor_id: candidate.actor.to_string(),
                hlc: candidate.hlc.to_string(),
                at: rfc3339(candidate.hlc.timestamp()),
                op_id: candidate.op_id.to_string(),
            });
        let (entity_id, edge_id) = subject_ids(conflict.key.subject);
        Self {
            conflict_id: conflict.id.to_string(),
            kind: conflict.key.kind.name(),
            entity_id,
            edge_id,
            table: table.map(|table| table.name.clone()),
            table_id: table.map(|table| table.id.to_string()),
            field,
            values: values.collect(),
            shown: conflict
                .candidates
                .get(conflict.shown)
                .map(|shown| shown.op_id.to_string())
                .unwrap_or_default(),
            status: "open",
        }
    }
}

/// Lists conflicts.
#[utoipa::path(get, path = "/conflicts/list", tag = "conflicts", params(ListConflicts),
    responses((status = 200, body = Conflicts), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListConflicts>,
) -> Result<Response, Problem> {
    if let Some(status) = query.status.filter(|status| status != "open") {
        let found: String = status.chars().take(40).collect();
        let detail = format!("list conflicts: status {found:?} cannot be listed; `open` can");
        return Err(Problem::new(ProblemCode::Unsupported, detail).with(|problem| {
            (problem.field, problem.expected) = (Some("status".to_owned()), Some("open".to_owned()));
            problem.found = Some(found.clone());
        }));
    }
    app.read(query.workspace.as_deref(), |snapshot, _| {
        let conflicts = snapshot.conflicts()?;
        let view = |conflict| ConflictView::of(snapshot.schema(), conflict);
        Ok(Conflicts {
            conflicts: conflicts.iter().map(view).collect(),
        })
    })
    .await
}

/// A decision: pick what was written by `op_id`, or write `value`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveConflict {
    /// The conflict.
    conflict_id: String,
    /// The operation whose value is to stand.
    op_id: Option<String>,
    /// A new value; `null` empties the field.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<FieldValue>)]
    value: Option<serde_json::Value>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Tells a member that is `null` from one that is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}

/// Decides a conflict.
#[utoipa::path(post, path = "/conflicts/resolve", tag = "conflicts", request_body = ResolveConflict,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn resolve(
    State(app): State<App>,
    JsonBody(body): JsonBody<ResolveConflict>,
) -> Result<Response, Problem> {
    let conflict = parse_id("conflict_id", &body.conflict_id)?;
    let decision = match (body.op_id, body.value) {
        (Some(op_id), None) => Decision::Pick(parse_id("op_id", &op_id)?),
        (None, Some(value)) => Decision::Value(read_value("value", value)?),
        _ => {
            let detail = "resolve conflict: give `op_id` to pick a value, or `value` for a new one";
            return Err(Problem::new(ProblemCode::WrongShape, detail));
        }
    };
    let command = Command::ResolveConflict { conflict, decision };
    let outcome = app
        .execute(body.workspace.as_deref(), body.command, command)
        .await?;
    json(&Done::from(&outcome)).map(json_response)
}
