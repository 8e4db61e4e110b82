//! What is counted, for `GET /metrics`.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use openprod_core::WorkspaceId;
use openprod_engine::Committed;
use openprod_events::projection::{ProjectionState, ProjectionStatus};

use crate::problem_code::ProblemCode;

/// Bounds of the latency histogram, in seconds: from a lookup in memory to what nobody waits for.
const LATENCY: [f64; 12] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0,
];

/// The recorder of this process: made once, and shared by every server in it.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let make = || {
        let builder = PrometheusBuilder::new()
            .set_buckets(&LATENCY)
            .expect("the list of bounds is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("this process records its metrics elsewhere; GET /metrics will be empty");
        }
        handle
    };
    RECORDER.get_or_init(make).clone()
}

/// Counts a request and how long it took.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", |path| path.as_str())
        .to_owned();
    let response = next.run(request).await;
    let (took, status) = (started.elapsed(), response.status());
    let labels = [
        ("method", method_label(&method)),
        ("route", route.clone()),
        ("status", status.as_str().to_owned()),
    ];
    histogram!("openprod_request_seconds", &labels).record(took);
    tracing::debug!(%method, route, status = status.as_u16(), ms = took.as_secs_f64() * 1_000.0, "request");
    response
}

/// A method's name; those that no route takes are one, so that a caller cannot make up labels.
fn method_label(method: &axum::http::Method) -> String {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST") => known.to_owned(),
        _ => "other".to_owned(),
    }
}

/// Counts a commit.
pub(crate) fn count_commit(committed: &Committed) {
    counter!("openprod_commits_total").increment(1);
    let local = committed.bundles.iter().filter(|bundle| bundle.local).count();
    let held = committed
        .bundles
        .iter()
        .filter(|bundle| bundle.held.is_some())
        .count();
    counter!("openprod_bundles_total", "origin" => "local").increment(local as u64);
    counter!("openprod_bundles_total", "origin" => "peer")
        .increment((committed.bundles.len() - local) as u64);
    counter!("openprod_bundles_held_total").increment(held as u64);
    counter!("openprod_bundles_released_total").increment(committed.released);
    counter!("openprod_forks_total").increment(committed.forks.len() as u64);
    let changes = &committed.changes;
    let events = changes.facts.map_or(0, |(first, last)| last - first + 1);
    counter!("openprod_events_total").increment(events);
    for (change, decisions) in [
        ("opened", &changes.decisions_opened),
        ("resolved", &changes.decisions_resolved),
    ] {
        counter!("openprod_decision_conflicts_total", "change" => change).increment(decisions.len() as u64);
    }
}

/// Counts a command, how it ended, and how long it took from being given until it was answered; and the conditions that
/// did not hold.
pub(crate) fn count_command(name: &'static str, refusal: Option<ProblemCode>, took: Duration) {
    let outcome = if refusal.is_none() { "done" } else { "refused" };
    counter!("openprod_commands_total", "command" => name, "outcome" => outcome).increment(1);
    histogram!("openprod_command_seconds", "command" => name).record(took);
    let kind = match refusal {
        Some(ProblemCode::ContextChanged) => "context",
        Some(ProblemCode::StreamsChanged) => "streams",
        _ => return,
    };
    counter!("openprod_event_conflicts_total", "kind" => kind).increment(1);
}

/// Tells how many clients follow the news.
pub(crate) fn gauge_subscriptions(count: usize) {
    gauge!("openprod_subscriptions").set(count as f64);
}

/// Tells how the projections of a workspace are.
pub(crate) fn gauge_projections(workspace: WorkspaceId, projections: &[ProjectionStatus]) {
    for status in projections {
        let labels = [
            ("workspace", workspace.to_string()),
            ("projection", status.name.to_string()),
        ];
        let paused = status.state == ProjectionState::Paused;
        gauge!("openprod_projection_lag_events", &labels).set(status.lag as f64);
        gauge!("openprod_projection_applied_events", &labels).set(status.applied as f64);
        gauge!("openprod_projection_set_aside_events", &labels).set(status.set_aside as f64);
        gauge!("openprod_projection_healthy", &labels).set(f64::from(u8::from(status.is_healthy())));
        gauge!("openprod_projection_paused", &labels).set(f64::from(u8::from(paused)));
        gauge!("openprod_projection_busy_seconds", &labels).set(status.metrics.busy_us as f64 / 1e6);
    }
}
