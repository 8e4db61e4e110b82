//! The history of a workspace, of a record and of an edge, newest bundle first.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use openprod_engine::history::{HISTORY_LIMIT_MAX, HistoryEntry, HistoryError, HistoryRequest};
use openprod_engine::schema::{Schema, Table};
use openprod_engine::{CommandError, Snapshot, Subject};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::command_envelope::parse_id;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;
use crate::routes::changes::ChangeView;

/// How many bundles a page has when the request does not say.
const LIMIT_DEFAULT: usize = 100;

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListHistory {
    /// How many bundles: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// What this person did: a public key in hex.
    actor: Option<String>,
    /// What was done in this table and to it: an id, or a name.
    table: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// Which part of the history of a record or an edge.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListHistoryOf {
    /// Of a record: what was done to this field, an id or a name.
    field: Option<String>,
    /// The table that the field is in: an id, or a name. Needed only when several of the record's tables have one of this
    /// name.
    table: Option<String>,
    /// How many bundles: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// A page of the history.
#[derive(Serialize, ToSchema)]
pub(crate) struct History {
    /// The bundles, newest first, in the order in which they arrived here.
    bundles: Vec<BundleView>,
    /// Where the next page begins; `null` on the last. A page can be short of its limit, or empty, and not be the last.
    next_cursor: Option<String>,
}

/// A bundle: what one command did.
#[derive(Serialize, ToSchema)]
pub(crate) struct BundleView {
    /// The bundle.
    bundle_id: String,
    /// Who wrote it: a public key in hex.
    actor_id: String,
    /// The log that it is in.
    log: String,
    /// Its number in that log, from 1.
    seq: u64,
    /// When it was written, in 24 hex digits.
    hlc: String,
    /// The same, in RFC 3339.
    at: String,
    /// How many operations it holds.
    operations: u32,
    /// Whether it is held: it is stored and does nothing yet.
    held: bool,
    /// The command that led to it.
    command_id: String,
    /// What kind of command, as `records.create`.
    command_type: String,
    /// Where the command came from.
    source: String,
    /// The conversation that the command belongs to.
    correlation_id: Option<String>,
    /// The command that caused it; of an undo, the one that it took back.
    causation_id: Option<String>,
    /// The reason given.
    justification: Option<String>,
    /// The approval it refers to.
    approval_id: Option<String>,
    /// What it did, of that which was asked for, in order: the first 200 changes.
    changes: Vec<ChangeView>,
    /// How many changes there are beyond those.
    changes_omitted: u64,
}

impl BundleView {
    fn of(schema: &Schema, entry: &HistoryEntry) -> Self {
        let intent = &entry.intent;
        Self {
            bundle_id: entry.bundle.to_string(),
            actor_id: entry.actor.to_string(),
            log: entry.log.to_string(),
            seq: entry.seq,
            hlc: entry.hlc.to_string(),
            at: rfc3339(entry.hlc.timestamp()),
            operations: entry.operations,
            held: entry.held,
            command_id: intent.command_id.to_string(),
            command_type: intent.command_type.clone(),
            source: intent.source.clone(),
            correlation_id: intent.correlation_id.map(|id| id.to_string()),
            causation_id: intent.causation_id.map(|id| id.to_string()),
            justification: intent.justification.clone(),
            approval_id: intent.approval_id.clone(),
            changes: entry
                .changes
                .iter()
                .map(|change| ChangeView::of(schema, change))
                .collect(),
            changes_omitted: entry.omitted,
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        let detail = error.to_string();
        match error {
            HistoryError::BadCursor => Self::new(ProblemCode::BadCursor, detail),
            HistoryError::BadLimit(_) => Self::new(ProblemCode::BadQuery, detail).with(|problem| {
                (problem.field, problem.limit) = (Some("limit".to_owned()), Some(HISTORY_LIMIT_MAX));
            }),
            HistoryError::Storage(error) => error.into(),
        }
    }
}

/// Lists what was done to a workspace, newest first.
#[utoipa::path(get, path = "/history", tag = "history", params(ListHistory),
    responses((status = 200, body = History), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListHistory>,
) -> Result<Response, Problem> {
    let actor = query.actor.map(|text| parse_id("actor", &text)).transpose()?;
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, _| {
            let table = query
                .table
                .map(|name| find_table(snapshot.schema(), &name).map(|table| table.id))
                .transpose()?;
            page(
                snapshot,
                &HistoryRequest {
                    actor,
                    table,
                    limit: query.limit.unwrap_or(LIMIT_DEFAULT),
                    cursor: query.cursor,
                    ..HistoryRequest::default()
                },
            )
        },
    )
    .await
}

/// Lists what was done to a record and to its edges, newest first.
#[utoipa::path(get, path = "/records/{id}/history", tag = "history",
    params(("id" = String, Path, description = "The record."), ListHistoryOf),
    responses((status = 200, body = History), Problem))]
pub(crate) async fn of_record(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    QueryString(query): QueryString<ListHistoryOf>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|error| Problem::new(ProblemCode::BadId, error.body_text()))?;
    let entity = parse_id("id", &id)?;
    app.answer(
        query.workspace.clone().as_deref(),
        Showing::Written,
        move |snapshot, _| {
            let row = snapshot.row(entity)?.filter(|row| row.is_created());
            let row = row.ok_or(CommandError::UnknownRecord { act: ACT, entity })?;
            let schema = snapshot.schema();
            let tables: Vec<&Table> = match &query.table {
                Some(name) => vec![find_table(schema, name)?],
                None => row.attached().filter_map(|facet| schema.table(facet)).collect(),
            };
            let field = query
                .field
                .map(|name| {
                    let found = tables.iter().find_map(|table| table.field(&name));
                    found
                        .map(|field| field.id)
                        .ok_or_else(|| unknown_field(&tables, name))
                })
                .transpose()?;
            page(
                snapshot,
                &HistoryRequest {
                    subject: Some(Subject::Entity(entity)),
                    field,
                    limit: query.limit.unwrap_or(LIMIT_DEFAULT),
                    cursor: query.cursor,
                    ..HistoryRequest::default()
                },
            )
        },
    )
    .await
}

const ACT: &str = "list history";

pub(crate) fn find_table<'a>(schema: &'a Schema, name: &str) -> Result<&'a Table, CommandError> {
    schema.find(name).ok_or_else(|| CommandError::UnknownTable {
        act: ACT,
        table: name.to_owned(),
    })
}

fn unknown_field(tables: &[&Table], field: String) -> CommandError {
    let names = |of: &mut dyn Iterator<Item = &str>| of.collect::<Vec<_>>().join(", ");
    let fields = tables.iter().flat_map(|table| &table.fields);
    CommandError::UnknownField {
        act: ACT,
        table: names(&mut tables.iter().map(|table| table.name.as_str())),
        field,
        known: names(&mut fields.map(|field| field.name.as_str())),
    }
}

fn page(snapshot: &Snapshot, request: &HistoryRequest) -> Result<History, Problem> {
    let page = snapshot.history(request)?;
    let view = |entry| BundleView::of(snapshot.schema(), entry);
    Ok(History {
        bundles: page.entries.iter().map(view).collect(),
        next_cursor: page.next_cursor,
    })
}
