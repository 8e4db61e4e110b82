//! What others did while a person was away.

use axum::extract::State;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use openprod_core::encoding::{decode, encode};
use openprod_core::{FacetId, FieldId};
use openprod_engine::history::away::{AwayChange, AwayPart, AwayRecord, Listed};
use openprod_engine::schema::{Schema, reserved};
use openprod_engine::{LogHead, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;
use crate::routes::conflicts::ConflictView;

/// How many records each list has when the request does not say, and at most.
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 1_000;

/// Since when a person was away.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SinceWhen {
    /// What the device had seen then: `now` of an earlier answer. All that others ever did when absent.
    since: Option<String>,
    /// How many records each list has at most: 0 to 1,000; 20 when absent.
    limit: Option<usize>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What others did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Away {
    /// How many bundles of others came.
    bundles: u64,
    /// How many of those were not looked at, because there were too many.
    unread: u64,
    /// By person, then by table.
    parts: Vec<PartView>,
    /// The open conflicts that have a value that came meanwhile, in order of their ids.
    conflicts: Vec<ConflictView>,
    /// What this device has seen now: `since` of a later request.
    now: String,
}

/// What one person did in one table.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartView {
    /// Who: a public key in hex.
    actor_id: String,
    /// `records`; or `tables`, `fields`, `views` or `workspace`, when it is these that changed.
    about: &'static str,
    /// The table's name; `null` when it is about none.
    table: Option<String>,
    /// The table's id; `null` when it is about none.
    table_id: Option<String>,
    /// Records that were deleted and still are, the newest first.
    deleted: AwayRecords,
    /// Records that were made, the newest first.
    created: AwayRecords,
    /// Records that were there before and changed, the newest change first.
    changed: AwayRecords,
    /// How many edges were made, changed or deleted.
    edges: u64,
}

/// The first of many records.
#[derive(Serialize, ToSchema)]
pub(crate) struct AwayRecords {
    /// The first few.
    first: Vec<RecordView>,
    /// How many there are in all.
    total: u64,
}

/// A record that somebody made, changed or deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = AwayRecordView)]
pub(crate) struct RecordView {
    /// The record.
    entity_id: String,
    /// The value of its first text field that has one; empty if there is none.
    label: String,
    /// When, in RFC 3339.
    at: String,
    /// Of a change: the names of the fields that were written.
    fields: Vec<String>,
}

impl RecordView {
    fn of(schema: &Schema, record: &AwayRecord, fields: &[FieldId]) -> Self {
        let names = fields.iter().filter_map(|field| schema.field_name(*field));
        Self {
            entity_id: record.entity.to_string(),
            label: record.label.clone(),
            at: rfc3339(record.hlc.timestamp()),
            fields: names.map(str::to_owned).collect(),
        }
    }
}

impl PartView {
    fn of(schema: &Schema, part: &AwayPart) -> Self {
        let table = part.table.and_then(|table| schema.table(table));
        let records = |listed: &Listed<AwayRecord>| AwayRecords {
            first: listed
                .first
                .iter()
                .map(|record| RecordView::of(schema, record, &[]))
                .collect(),
            total: listed.total,
        };
        let change = |change: &AwayChange| RecordView::of(schema, &change.record, &change.fields);
        Self {
            actor_id: part.actor.to_string(),
            about: about(part.table),
            table: table.map(|table| table.name.clone()),
            table_id: table.map(|table| table.id.to_string()),
            deleted: records(&part.deleted),
            created: records(&part.created),
            changed: AwayRecords {
                first: part.changed.first.iter().map(change).collect(),
                total: part.changed.total,
            },
            edges: part.edges,
        }
    }
}

fn about(table: Option<FacetId>) -> &'static str {
    match table {
        Some(reserved::TABLE_FACET) => "tables",
        Some(reserved::FIELD_FACET) => "fields",
        Some(reserved::WORKSPACE_FACET) => "workspace",
        Some(reserved::VIEW_FACET) => "views",
        _ => "records",
    }
}

/// Tells what others did since a device had last seen the workspace.
#[utoipa::path(get, path = "/history/away", tag = "history", params(SinceWhen),
    responses((status = 200, body = Away), Problem))]
pub(crate) async fn away(
    State(app): State<App>,
    QueryString(query): QueryString<SinceWhen>,
) -> Result<Response, Problem> {
    let since = query.since.as_deref().map(read_since).transpose()?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if limit > LIMIT_MAX {
        let detail = format!("tell what others did: `limit` is {limit}; it can be 0 to {LIMIT_MAX}");
        return Err(Problem::new(ProblemCode::BadQuery, detail)
            .with(|problem| (problem.field, problem.limit) = (Some("limit".to_owned()), Some(LIMIT_MAX))));
    }
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, _| tell(snapshot, &since.unwrap_or_default(), limit),
    )
    .await
}

fn tell(snapshot: &Snapshot, since: &[LogHead], limit: usize) -> Result<Away, Problem> {
    let away = snapshot.away(since, limit)?;
    let schema = snapshot.schema();
    Ok(Away {
        bundles: away.bundles,
        unread: away.unread,
        parts: away.parts.iter().map(|part| PartView::of(schema, part)).collect(),
        conflicts: away
            .conflicts
            .iter()
            .map(|conflict| ConflictView::of(schema, conflict))
            .collect(),
        now: BASE64URL_NOPAD.encode(&encode(&snapshot.applied_heads()?)),
    })
}

fn read_since(text: &str) -> Result<Vec<LogHead>, Problem> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    bytes.and_then(|bytes| decode(&bytes).ok()).ok_or_else(|| {
        let detail = "tell what others did: `since` is no `now` of an earlier answer";
        Problem::new(ProblemCode::BadCursor, detail).with(|problem| problem.field = Some("since".to_owned()))
    })
}
