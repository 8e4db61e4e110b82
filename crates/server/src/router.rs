//! What a request passes through, and where it goes.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::guard;
use crate::app::App;
use crate::event::Event;
use crate::framing::framing;
use crate::measure::measure;
use crate::page::{fence, page};
use crate::problem::{Problem, ProblemDocument};
use crate::problem_code::ProblemCode;
use crate::routes::{
    audit, away, conflicts, decisions, doctor, edge_list, edges, events, field_mappings, health, history,
    memberships, merges, overlay_diff, overlays, peers, projections, records, references, session, tables,
    text, undo, verify, views, workspace,
};
use crate::socket;

/// The engine's API. Loopback only; every route but `/health` and `/session` needs the token of this run, which
/// `engine.json` in the data directory holds. Refusals are problem documents (RFC 9457) with a stable `code`.
#[derive(OpenApi)]
#[openapi(
    info(title = "OpenProd"),
    components(schemas(Event, ProblemDocument, ProblemCode)),
    modifiers(&Token),
    security(("token" = []))
)]
struct Document;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("token", SecurityScheme::Http(scheme));
        }
    }
}

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
        .routes(routes!(session::session))
        .routes(routes!(session::code))
        .routes(routes!(session::proof))
        .routes(routes!(workspace::create))
        .routes(routes!(workspace::demo))
        .routes(routes!(workspace::invite))
        .routes(routes!(workspace::join))
        .routes(routes!(workspace::list))
        .routes(routes!(workspace::status))
        .routes(routes!(verify::verify))
        .routes(routes!(history::list))
        .routes(routes!(history::of_record))
        .routes(routes!(away::away))
        .routes(routes!(undo::revert))
        .routes(routes!(undo::undo, undo::stack))
        .routes(routes!(undo::redo))
        .routes(routes!(peers::list))
        .routes(routes!(peers::nearby))
        .routes(routes!(peers::connect))
        .routes(routes!(peers::forget))
        .routes(routes!(doctor::doctor))
        .routes(routes!(peers::pause))
        .routes(routes!(peers::resume))
        .routes(routes!(peers::accept))
        .routes(routes!(tables::create))
        .routes(routes!(tables::update))
        .routes(routes!(references::follow))
        .routes(routes!(tables::delete))
        .routes(routes!(tables::restore))
        .routes(routes!(tables::list))
        .routes(routes!(views::create))
        .routes(routes!(views::update))
        .routes(routes!(views::delete))
        .routes(routes!(views::restore))
        .routes(routes!(views::list))
        .routes(routes!(records::create))
        .routes(routes!(records::update))
        .routes(routes!(records::delete))
        .routes(routes!(records::restore))
        .routes(routes!(records::list))
        .routes(routes!(records::one))
        .routes(routes!(memberships::attach))
        .routes(routes!(memberships::detach))
        .routes(routes!(merges::merge))
        .routes(routes!(merges::split))
        .routes(routes!(text::read))
        .routes(routes!(text::update))
        .routes(routes!(edges::create))
        .routes(routes!(edges::update))
        .routes(routes!(edges::delete))
        .routes(routes!(edges::restore))
        .routes(routes!(edges::reorder))
        .routes(routes!(edges::rebalance))
        .routes(routes!(edge_list::list))
        .routes(routes!(edge_list::kinds))
        .routes(routes!(field_mappings::list))
        .routes(routes!(field_mappings::confirm))
        .routes(routes!(field_mappings::reject))
        .routes(routes!(overlays::create))
        .routes(routes!(overlays::active))
        .routes(routes!(overlays::activate))
        .routes(routes!(overlays::stash))
        .routes(routes!(overlays::commit))
        .routes(routes!(overlays::discard))
        .routes(routes!(overlays::list))
        .routes(routes!(overlays::drop_edit))
        .routes(routes!(overlay_diff::diff))
        .routes(routes!(overlay_diff::resolve))
        .routes(routes!(conflicts::list))
        .routes(routes!(conflicts::resolve))
        .routes(routes!(events::append))
        .routes(routes!(events::append_if))
        .routes(routes!(events::query))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::resolve))
        .routes(routes!(audit::list))
        .routes(routes!(projections::list))
        .routes(routes!(projections::rows))
        .routes(routes!(projections::pause))
        .routes(routes!(projections::resume))
        .routes(routes!(projections::rebuild))
        .routes(routes!(socket::socket))
}

/// The OpenAPI document: every route and every event of the WebSocket.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().split_for_parts().1
}

/// All routes. Outermost is the measuring, then the fence, then the guard, then the rate limit.
pub(crate) fn router(app: App) -> Router {
    let (mut routes, _) = documented().split_for_parts();
    for path in app.page_files().paths() {
        routes = routes.route(path, get(page));
    }
    routes
        .fallback(nothing_here)
        .method_not_allowed_fallback(another_method)
        .layer(from_fn_with_state(app.clone(), hold_back))
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(from_fn(fence))
        .layer(from_fn_with_state(app.clone(), framing))
        .layer(from_fn(measure))
        .with_state(app)
}

/// Holds requests back that come too fast, of all programs together; those that were not let in do not count.
async fn hold_back(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.count_request() {
        Ok(()) => next.run(request).await,
        Err(retry_after) => {
            let retry_after_ms = u64::try_from(retry_after.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
            let detail = format!("take request: too many come; try again in {retry_after_ms} ms");
            Problem::new(ProblemCode::RateLimited, detail)
                .with(|problem| problem.retry_after_ms = Some(retry_after_ms))
                .into_response()
        }
    }
}

async fn nothing_here(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(
        ProblemCode::UnknownRoute,
        format!("there is no {path}; GET /openapi.json lists what there is"),
    )
}

async fn another_method(request: Request) -> Problem {
    let detail = format!(
        "{} does not go there; the `Allow` header says what does",
        request.method()
    );
    Problem::new(ProblemCode::MethodNotAllowed, detail)
}
