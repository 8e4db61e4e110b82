//! Whether the engine runs, and how it fares.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::measure::{gauge_projections, gauge_subscriptions};
use crate::problem::Problem;
use crate::projections::NAMES;

/// The engine runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; `degraded` when a workspace cannot be opened or a projection needs somebody to look after it. An engine that
    /// does not run gives no answer.
    status: &'static str,
    /// The version of the program.
    version: &'static str,
    /// How many workspaces are open.
    workspaces: usize,
    /// How many workspaces are there and cannot be opened.
    broken_workspaces: usize,
    /// How its projections are.
    projections: ProjectionsHealth,
}

/// How the projections of all open workspaces are, in short.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProjectionsHealth {
    /// How many there are.
    count: usize,
    /// How many of them somebody has to look after: they wait, have failed, or have set events aside; and those of a
    /// workspace whose projections cannot be run.
    unhealthy: usize,
    /// How many events the one that is furthest behind has not looked at, as far as it knows.
    lag_max: u64,
}

/// Whether the engine runs. Needs no token.
#[utoipa::path(get, path = "/health", tag = "engine", security(()), responses((status = 200, body = Health), Problem))]
pub(crate) async fn health(State(app): State<App>) -> Result<Response, Problem> {
    let mut projections = ProjectionsHealth::default();
    let boards = app.host().boards();
    for (_, board) in &boards {
        let Ok(board) = board else {
            projections.count += NAMES.len();
            projections.unhealthy += NAMES.len();
            continue;
        };
        for status in board.statuses() {
            projections.count += 1;
            projections.unhealthy += usize::from(!status.is_healthy());
            projections.lag_max = projections.lag_max.max(status.lag);
        }
    }
    let broken_workspaces = app.host().broken().len();
    let is_well = projections.unhealthy == 0 && broken_workspaces == 0;
    Ok(json_response(json(&Health {
        status: if is_well { "ok" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        workspaces: boards.len(),
        broken_workspaces,
        projections,
    })?))
}

/// Counters and latencies in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "engine",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4"), Problem))]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    // What stands still would else be told as it was when it last moved.
    let measured = app.clone();
    let measuring = tokio::task::spawn_blocking(move || {
        gauge_subscriptions(measured.subscriptions());
        for (workspace, board) in measured.host().boards() {
            if let Ok(board) = board {
                gauge_projections(workspace, &board.list());
            }
        }
    });
    if let Err(error) = measuring.await {
        tracing::error!("measure projections: {error}");
    }
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics().render(),
    )
        .into_response()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "engine", responses((status = 200, body = serde_json::Value), Problem))]
pub(crate) async fn openapi() -> Result<Response, Problem> {
    Ok(json_response(json(&crate::router::openapi())?))
}
