//! The stage: a page that shows two engines of one process side by side, with a cable between them to be pulled.
//!
//! It is for demonstrations. It has a port, a token and one-time codes of its own, like an engine; the engines let
//! its page, and no other, show theirs in a frame. The cable is the second engine's pause.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use openprod_engine::OwnerHandle;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::access::Access;
use crate::app::{App, failed, json, json_response};
use crate::engine_file::EngineFile;
use crate::json_body::JsonBody;
use crate::page::fence;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::server::{STOP_TIME_MAX, ServeError, Server};

/// The paths that answer without a token.
const OPEN: [&str; 5] = ["/", "/stage.css", "/stage.js", "/icon.svg", "/session"];

/// What a stage says once it answers.
#[derive(Clone, Serialize)]
pub struct StageReady {
    /// Always true.
    pub ready: bool,
    /// Where it answers: `http://127.0.0.1:PORT`.
    pub url: String,
    /// What programs send as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// The port of `url`.
    pub port: u16,
    /// What a person's browser opens: it carries a one-time code in its fragment, not the token.
    pub open_url: String,
}

/// A running stage. It runs on the tokio runtime in which it was started, until [`Stage::stop`].
pub struct Stage {
    ready: StageReady,
    data: PathBuf,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Set(Arc<Parts>);

struct Parts {
    access: Access,
    policy: String,
    windows: [(String, App); 2],
}

impl Stage {
    /// Begins to show two engines, each with the name of its device. Where it answers is written to `engine.json` in
    /// `data`, as an engine does.
    ///
    /// # Errors
    /// [`ServeError::Listen`] and [`ServeError::EngineFile`]; nothing is left running.
    pub async fn start(data: &Path, port: u16, windows: [(&str, &Server); 2]) -> Result<Self, ServeError> {
        let listen = |source| ServeError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let access = Access::new(port);
        for (_, server) in windows {
            server.app().access().let_frame(access.url());
        }
        let frames = windows.map(|(_, server)| server.ready().url.clone()).join(" ");
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
             frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'"
        );
        let ready = StageReady {
            ready: true,
            url: access.url().to_owned(),
            token: access.token().as_str().to_owned(),
            port,
            open_url: access.open_url(&access.issue_code()),
        };
        let file = EngineFile {
            url: ready.url.clone(),
            token: ready.token.clone(),
            pid: std::process::id(),
            sync_port: 0,
        };
        file.write(data).map_err(ServeError::EngineFile)?;
        let set = Set(Arc::new(Parts {
            access,
            policy,
            windows: windows.map(|(name, server)| (name.to_owned(), server.app().clone())),
        }));
        let (stop, mut stopping) = watch::channel(false);
        let serving = tokio::spawn(async move {
            let stopped = async move {
                // An error means that the stage was dropped, which is a stop too.
                let _ = stopping.wait_for(|stopping| *stopping).await;
            };
            let served = axum::serve(listener, router(set))
                .with_graceful_shutdown(stopped)
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the stage ended");
            }
        });
        Ok(Self {
            ready,
            data: data.to_owned(),
            stop,
            serving,
        })
    }

    /// What it says once it answers.
    #[must_use]
    pub const fn ready(&self) -> &StageReady {
        &self.ready
    }

    /// Stops answering. The engines go on.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let mut serving = self.serving;
        if timeout(STOP_TIME_MAX, &mut serving).await.is_err() {
            serving.abort();
        }
        if let Err(error) = EngineFile::remove(&self.data) {
            tracing::warn!(%error, "engine.json stays behind");
        }
    }
}

fn router(set: Set) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/stage.css", get(style))
        .route("/stage.js", get(script))
        .route("/icon.svg", get(icon))
        .route("/session", post(session))
        .route("/session/code", post(code))
        .route("/stage", get(look))
        .route("/stage/windows", post(open_windows))
        .route("/stage/cable", post(cable))
        .fallback(nothing_here)
        .layer(from_fn_with_state(set.clone(), guard))
        .layer(from_fn(fence))
        .with_state(set)
}

async fn guard(State(set): State<Set>, request: Request, next: Next) -> Response {
    let access = &set.0.access;
    let judged = access
        .judge_source(request.uri(), request.headers())
        .and_then(|()| {
            if OPEN.contains(&request.uri().path()) {
                Ok(())
            } else {
                access.judge_token(request.headers())
            }
        });
    match judged {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn page(State(set): State<Set>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, set.0.policy.as_str()),
    ];
    (headers, include_str!("../assets/stage/index.html")).into_response()
}

async fn style() -> Response {
    let media = [(CONTENT_TYPE, "text/css; charset=utf-8")];
    (media, include_str!("../assets/stage/stage.css")).into_response()
}

async fn script() -> Response {
    let media = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (media, include_str!("../assets/stage/stage.js")).into_response()
}

async fn icon() -> Response {
    let media = [(CONTENT_TYPE, "image/svg+xml")];
    (media, include_str!("../assets/page/icon.svg")).into_response()
}

async fn nothing_here() -> Problem {
    Problem::new(ProblemCode::UnknownRoute, "the stage has no such page")
}

/// A one-time code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entrance {
    code: String,
}

#[derive(Serialize)]
struct Admitted<'a> {
    token: &'a str,
}

async fn session(State(set): State<Set>, JsonBody(body): JsonBody<Entrance>) -> Result<Response, Problem> {
    let token = set.0.access.redeem_code(&body.code)?.as_str();
    Ok(json_response(json(&Admitted { token })?))
}

/// A request that says nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Serialize)]
struct NewCode {
    code: String,
    open_url: String,
}

async fn code(State(set): State<Set>, JsonBody(_): JsonBody<Nothing>) -> Result<Response, Problem> {
    let code = set.0.access.issue_code();
    let open_url = set.0.access.open_url(&code);
    Ok(json_response(json(&NewCode { code, open_url })?))
}

/// What is on the stage.
#[derive(Serialize)]
struct OnStage {
    windows: Vec<WindowView>,
    /// Whether both engines have the same state.
    equal: bool,
    /// Whether the cable is pulled.
    pulled: bool,
}

/// One of the engines.
#[derive(Serialize)]
struct WindowView {
    name: String,
    url: String,
    state_hash: String,
    /// How many bundles it has.
    bundles: u64,
    /// How many conflicts are open.
    conflicts: usize,
    sync: crate::routes::workspace::SyncView,
}

async fn look(State(set): State<Set>) -> Result<Response, Problem> {
    let mut windows = Vec::new();
    for (name, app) in &set.0.windows {
        windows.push(window(name, app).await?);
    }
    Ok(json_response(json(&OnStage {
        equal: windows
            .windows(2)
            .all(|pair| pair[0].state_hash == pair[1].state_hash),
        pulled: windows.iter().any(|window| window.sync.state == "paused"),
        windows,
    })?))
}

async fn window(name: &str, app: &App) -> Result<WindowView, Problem> {
    let owner: OwnerHandle = app.host().select(None)?;
    let sync = app.host().sync().view(owner.workspace().id);
    let looking = tokio::task::spawn_blocking(move || -> Result<_, Problem> {
        let snapshot = owner.snapshots().take()?;
        let status = snapshot.status()?;
        Ok((
            status.state_hash.to_string(),
            status.bundles,
            snapshot.conflicts()?.len(),
        ))
    });
    let (state_hash, bundles, conflicts) = looking.await.map_err(|error| failed(&error))??;
    Ok(WindowView {
        name: name.to_owned(),
        url: app.access().url().to_owned(),
        state_hash,
        bundles,
        conflicts,
        sync,
    })
}

/// Where the windows are, each good to be opened once.
#[derive(Serialize)]
struct Openings {
    windows: Vec<Opening>,
}

#[derive(Serialize)]
struct Opening {
    name: String,
    open_url: String,
}

async fn open_windows(State(set): State<Set>, JsonBody(_): JsonBody<Nothing>) -> Result<Response, Problem> {
    let opening = |(name, app): &(String, App)| Opening {
        name: name.clone(),
        open_url: app.access().open_url(&app.access().issue_code()),
    };
    let windows = set.0.windows.iter().map(opening).collect();
    Ok(json_response(json(&Openings { windows })?))
}

/// What is to become of the cable.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cable {
    pulled: bool,
}

async fn cable(State(set): State<Set>, JsonBody(body): JsonBody<Cable>) -> Result<Response, Problem> {
    let (_, app) = &set.0.windows[1];
    let (sync, workspace) = (app.host().sync(), app.host().select(None)?.workspace().id);
    if body.pulled {
        sync.pause(workspace);
    } else {
        sync.resume(workspace);
    }
    look(State(set)).await
}
