//! Projections: list, read, pause, resume, rebuild.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use openprod_events::SequenceNumber;
use openprod_events::projection::{EventOrder, ProjectionControl, ProjectionState, ProjectionStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, failed, json, json_response};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::projections::{Board, NAMES};
use crate::query_string::{InWorkspace, QueryString};
use crate::refusal::told;
use crate::routes::workspace::OfWorkspace;

/// How many rows a page has when the request does not say.
const LIMIT_DEFAULT: usize = 100;

/// The most rows of a page.
const LIMIT_MAX: usize = 1_000;

/// How long an answer waits for a projection to do what it was told, or to come as far as is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// The projections of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionList {
    /// All of them, by name.
    projections: Vec<ProjectionView>,
}

/// How a projection is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionView {
    /// Its name.
    name: String,
    /// The version of its definition: rows of another one are made anew.
    version: u32,
    /// `running`, `rebuilding`, `paused`, `waiting` (the workspace or the file of its rows cannot be used, and it goes on
    /// by itself), `failed` (it goes on when it is resumed) or `ended`.
    state: &'static str,
    /// Why it waits or has failed.
    reason: Option<String>,
    /// Whether nobody has to look after it.
    healthy: bool,
    /// `free` or `ordered`: whether the order of events matters to it.
    order: &'static str,
    /// Everything up to here is in its rows, or was set aside; `null` before the first event.
    position: Option<u64>,
    /// The last event there is.
    head: Option<u64>,
    /// How many events it has not looked at.
    lag: u64,
    /// Its rows are whole once this is reached; `null` when they are.
    rebuilding_to: Option<u64>,
    /// How many events are in its rows.
    applied: u64,
    /// How many events were set aside.
    set_aside: u64,
    /// The first 100 of them.
    set_aside_events: Vec<SetAsideView>,
    /// How often its rows were made anew since the engine started.
    rebuilds: u64,
    /// How long it took since the engine started to apply events, in microseconds.
    busy_us: u64,
}

/// An event that a projection could not deal with.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetAsideView {
    /// Its number.
    sequence_number: u64,
    /// What was wrong.
    reason: String,
}

impl ProjectionView {
    fn of(status: ProjectionStatus) -> Self {
        let number = |position: Option<SequenceNumber>| position.map(|position| position.0);
        let healthy = status.is_healthy();
        let (state, reason) = match status.state {
            ProjectionState::Running => ("running", None),
            ProjectionState::Rebuilding => ("rebuilding", None),
            ProjectionState::Paused => ("paused", None),
            ProjectionState::Waiting { reason } => ("waiting", Some(reason)),
            ProjectionState::Failed { reason } => ("failed", Some(reason)),
            ProjectionState::Ended => ("ended", None),
        };
        let set_aside_events = status.set_aside_events.into_iter().map(|event| SetAsideView {
            sequence_number: event.sequence_number.0,
            reason: event.reason,
        });
        Self {
            name: status.name.to_string(),
            version: status.version.0,
            state,
            reason,
            healthy,
            order: match status.order {
                EventOrder::Free => "free",
                EventOrder::Ordered => "ordered",
            },
            position: number(status.position),
            head: number(status.head),
            lag: status.lag,
            rebuilding_to: number(status.rebuilding_to),
            applied: status.applied,
            set_aside: status.set_aside,
            set_aside_events: set_aside_events.collect(),
            rebuilds: status.metrics.rebuilds,
            busy_us: status.metrics.busy_us,
        }
    }
}

/// Which rows to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadRows {
    /// How many rows: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// Wait until this event is in the rows, so that what was just recorded is found; at most 5 s.
    reached: Option<u64>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// Rows of a projection.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionRows {
    /// The rows, in the order of the projection: `event_types` by type, `event_streams` by stream, `audit_log` newest
    /// first.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<serde_json::Value>,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<String>,
    /// Everything up to this event is in the rows; `null` before the first.
    position: Option<u64>,
}

/// Lists the projections with how far they are and what is wrong with them.
#[utoipa::path(get, path = "/projections/list", tag = "projections", params(InWorkspace),
    responses((status = 200, body = ProjectionList), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    let board = app.host().board(query.workspace.as_deref())?;
    blocking(move || {
        let projections = board.list().into_iter().map(ProjectionView::of).collect();
        Ok(json_response(json(&ProjectionList { projections })?))
    })
    .await
}

/// Reads the rows of a projection.
#[utoipa::path(get, path = "/projections/{name}/rows", tag = "projections",
    params(("name" = String, Path, description = "The projection"), ReadRows),
    responses((status = 200, body = ProjectionRows), Problem))]
pub(crate) async fn rows(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    QueryString(query): QueryString<ReadRows>,
) -> Result<Response, Problem> {
    let name = read_name(name)?;
    let board = app.host().board(query.workspace.as_deref())?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("read projection: the limit is {limit}; it can be 1 to {LIMIT_MAX}");
        return Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
            (problem.field, problem.limit) = (Some("limit".to_owned()), Some(LIMIT_MAX));
        }));
    }
    let control = find(&board, &name)?;
    blocking(move || {
        if let Some(reached) = query.reached
            && !control.wait_for(SequenceNumber(reached), PATIENCE)
        {
            let position = control.status().position.map_or(0, |position| position.0);
            let detail =
                format!("read projection {name}: it is at event {position}, and not yet at {reached}");
            return Err(Problem::new(ProblemCode::ProjectionBehind, detail));
        }
        let page = board.rows(&name, query.cursor.as_deref(), limit);
        let page = page.map_err(|error| Problem::new(ProblemCode::ProjectionsFailed, told(&error)))?;
        let page = page.ok_or_else(|| {
            let detail = format!("read projection {name}: the cursor is none of this listing");
            Problem::new(ProblemCode::BadCursor, detail)
        })?;
        Ok(json_response(json(&ProjectionRows {
            rows: page.rows,
            next_cursor: page.next_cursor,
            position: page.position,
        })?))
    })
    .await
}

/// Lets a projection finish what it is at, and rest until it is resumed or the engine starts again.
#[utoipa::path(post, path = "/projections/{name}/pause", tag = "projections", request_body = OfWorkspace,
    params(("name" = String, Path, description = "The projection")),
    responses((status = 200, body = ProjectionView), Problem))]
pub(crate) async fn pause(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    order(&app, body, name, |name, control| {
        if control.status().state == ProjectionState::Paused {
            let detail = format!("pause projection {name}: it is paused already");
            return Err(Problem::new(ProblemCode::ProjectionPaused, detail));
        }
        control.pause();
        Ok(control.wait_until(PATIENCE, |status| status.state == ProjectionState::Paused))
    })
    .await
}

/// Lets a projection go on that was paused or has failed.
#[utoipa::path(post, path = "/projections/{name}/resume", tag = "projections", request_body = OfWorkspace,
    params(("name" = String, Path, description = "The projection")),
    responses((status = 200, body = ProjectionView), Problem))]
pub(crate) async fn resume(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    order(&app, body, name, |name, control| {
        let state = control.status().state;
        if matches!(state, ProjectionState::Running | ProjectionState::Rebuilding) {
            let detail = format!("resume projection {name}: it is neither paused nor has it failed");
            return Err(Problem::new(ProblemCode::ProjectionRunning, detail));
        }
        control.resume();
        Ok(control.wait_until(PATIENCE, |status| status.state != ProjectionState::Paused))
    })
    .await
}

/// Lets a projection throw its rows away and make them anew; a paused one does so when it is resumed. Until then they are
/// not whole: `rebuilding_to` tells how far it has to come.
#[utoipa::path(post, path = "/projections/{name}/rebuild", tag = "projections", request_body = OfWorkspace,
    params(("name" = String, Path, description = "The projection")),
    responses((status = 200, body = ProjectionView), Problem))]
pub(crate) async fn rebuild(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    order(&app, body, name, |_, control| {
        let before = control.status().metrics.rebuilds;
        control.rebuild();
        Ok(control.wait_until(PATIENCE, |status| {
            // Of nothing, nothing is made anew.
            status.metrics.rebuilds > before
                || status.head.is_none()
                || status.state == ProjectionState::Paused
        }))
    })
    .await
}

/// Gives an order, and answers with how the projection is once it has followed, or has not for long.
async fn order(
    app: &App,
    body: OfWorkspace,
    name: Result<Path<String>, PathRejection>,
    give: impl FnOnce(&str, &ProjectionControl) -> Result<bool, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let name = read_name(name)?;
    let board = app.host().board(body.workspace.as_deref())?;
    let control = find(&board, &name)?;
    blocking(move || {
        if !give(&name, &control)? {
            tracing::warn!(projection = name, "the projection has not followed yet");
        }
        Ok(json_response(json(&ProjectionView::of(control.status()))?))
    })
    .await
}

fn read_name(name: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let name = name.map_err(|error| Problem::new(ProblemCode::BadId, error.body_text()));
    name.map(|Path(name)| name)
}

fn find(board: &Arc<Board>, name: &str) -> Result<ProjectionControl, Problem> {
    board.control(name).ok_or_else(|| {
        let shown: String = name.chars().take(80).collect();
        let known = NAMES.join(", ");
        let detail = format!("find projection: there is no projection {shown:?}; there are {known}");
        Problem::new(ProblemCode::UnknownProjection, detail).with(|problem| problem.known = Some(known))
    })
}

/// Does what blocks, off the threads that serve sockets.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| failed(&error))?
}
