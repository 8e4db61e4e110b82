//! Whether the engine runs, and how it fares.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::problem::Problem;

/// The engine runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: an engine that does not run gives no answer.
    status: &'static str,
    /// The version of the program.
    version: &'static str,
}

/// Whether the engine runs. Needs no token.
#[utoipa::path(get, path = "/health", tag = "engine", security(()), responses((status = 200, body = Health), Problem))]
pub(crate) async fn health() -> Result<Response, Problem> {
    Ok(json_response(json(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })?))
}

/// Counters and latencies in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "engine",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4"), Problem))]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
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
