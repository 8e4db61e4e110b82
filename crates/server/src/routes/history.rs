//! The history of a workspace, newest bundle first.

use axum::extract::State;
use axum::response::Response;
use openprod_core::Bundle;
use openprod_engine::Snapshot;
use openprod_storage::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;

/// How many bundles a page has when the request does not say.
const LIMIT_DEFAULT: u64 = 100;

/// The most bundles on a page.
const LIMIT_MAX: u64 = 1_000;

/// How many bundles are in memory at a time: each may have 8 MiB.
const BATCH: u64 = 16;

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListHistory {
    /// How many bundles: 1 to 1,000; 100 when absent.
    limit: Option<u64>,
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
    /// Where the next page begins; `null` on the last.
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
    /// The command that led to it.
    command_id: String,
    /// What kind of command, as `records.create`.
    command_type: String,
    /// Where the command came from.
    source: String,
    /// The conversation that the command belongs to.
    correlation_id: Option<String>,
    /// The command that caused it.
    causation_id: Option<String>,
    /// The reason given.
    justification: Option<String>,
    /// The approval it refers to.
    approval_id: Option<String>,
}

impl BundleView {
    fn of(bundle: &Bundle) -> Self {
        let header = bundle.header();
        let intent = &header.intent;
        Self {
            bundle_id: bundle.id().to_string(),
            actor_id: header.actor.to_string(),
            log: header.log.to_string(),
            seq: header.seq,
            hlc: header.hlc.to_string(),
            at: rfc3339(header.hlc.timestamp()),
            operations: bundle.len(),
            command_id: intent.command_id.to_string(),
            command_type: intent.command_type.clone(),
            source: intent.source.clone(),
            correlation_id: intent.correlation_id.map(|id| id.to_string()),
            causation_id: intent.causation_id.map(|id| id.to_string()),
            justification: intent.justification.clone(),
            approval_id: intent.approval_id.clone(),
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
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("list history: `limit` is {limit}; it can be 1 to {LIMIT_MAX}");
        return Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
            problem.field = Some("limit".to_owned());
            problem.limit = usize::try_from(LIMIT_MAX).ok();
        }));
    }
    let bad = |_| {
        Problem::new(
            ProblemCode::BadCursor,
            "list history: the cursor is none of this listing",
        )
    };
    let end = query
        .cursor
        .map(|text| text.parse::<u64>().map_err(bad))
        .transpose()?;
    app.read(query.workspace.as_deref(), move |snapshot, _| {
        page(snapshot, end, limit)
    })
    .await
}

/// The `limit` bundles up to position `end`, which is the last one when absent.
fn page(snapshot: &Snapshot, end: Option<u64>, limit: u64) -> Result<History, Problem> {
    let last = snapshot.last()?.0;
    let end = end.unwrap_or(last).min(last);
    let start = end.saturating_sub(limit);
    let mut bundles = Vec::new();
    let mut upper = end;
    while upper > start {
        let lower = upper.saturating_sub(BATCH).max(start);
        let batch = snapshot.bundles(
            Position(lower),
            usize::try_from(upper - lower).unwrap_or(usize::MAX),
        )?;
        bundles.extend(batch.iter().rev().map(|bundle| BundleView::of(bundle)));
        upper = lower;
    }
    Ok(History {
        bundles,
        next_cursor: (start > 0).then(|| start.to_string()),
    })
}
