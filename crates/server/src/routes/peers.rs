//! Peers and sync: list, connect, pause, resume, and accepting what is held.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, give, json, json_response};
use crate::command_envelope::parse_id;
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::{InWorkspace, QueryString};
use crate::routes::workspace::OfWorkspace;

/// The peers of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct Peers {
    /// Those that were ever met, as far as they are remembered, in order of their keys.
    peers: Vec<PeerView>,
    /// The addresses that were given by hand, in order. They are dialled, also after a restart, until they are
    /// forgotten.
    addresses: Vec<AddressView>,
}

/// An address that was given by hand.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddressView {
    /// The address, as it was given.
    pub(crate) address: String,
    /// Who was found there; `null` while nobody was since the engine started.
    pub(crate) peer_id: Option<String>,
    /// Whether that peer is connected.
    pub(crate) connected: bool,
}

/// A peer.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeerView {
    /// Who it is: a public key in hex.
    pub(crate) peer_id: String,
    /// What its device is called.
    pub(crate) name: String,
    /// Where it is, or was.
    pub(crate) address: String,
    /// Whether it is connected.
    pub(crate) connected: bool,
    /// Whether its announcement is heard on the network at present.
    pub(crate) heard: bool,
    /// How many bundles it lacks.
    pub(crate) behind: u64,
    /// How many bundles of it are still to come.
    pub(crate) ahead: u64,
    /// By how many milliseconds its clock is ahead of this one.
    pub(crate) skew_ms: i64,
    /// The protocol that it speaks; `null` before it has said so.
    pub(crate) protocol: Option<u16>,
    /// The rules by which it derives its state; `null` before it has said so.
    pub(crate) derivation: Option<u32>,
    /// When it was last connected, in RFC 3339: now, while it is.
    pub(crate) last_seen: Option<String>,
    /// What went wrong with it last; `null` while all is well.
    pub(crate) problem: Option<String>,
}

/// Lists the peers of a workspace.
#[utoipa::path(get, path = "/peers/list", tag = "sync", params(InWorkspace),
    responses((status = 200, body = Peers), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    let owner = app.host().select(query.workspace.as_deref())?;
    Ok(json_response(json(&Peers {
        peers: app.host().sync().peers(owner.workspace().id),
        addresses: app.host().sync().addresses(owner.workspace().id),
    })?))
}

/// The engines near.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nearby {
    /// Whether engines are listened for at all.
    listening: bool,
    /// Where engines answer that announce none of the workspaces open here: one address of each, in ascending order,
    /// and of a crowd only some. What they are called and what they have is told to members alone.
    addresses: Vec<String>,
}

/// Tells where other engines are heard on this network, for somebody who was invited and looks for the way.
#[utoipa::path(get, path = "/peers/nearby", tag = "sync", responses((status = 200, body = Nearby), Problem))]
pub(crate) async fn nearby(State(app): State<App>) -> Result<Response, Problem> {
    let heard = app.host().sync().nearby();
    Ok(json_response(json(&Nearby {
        listening: heard.is_some(),
        addresses: heard
            .into_iter()
            .flatten()
            .map(|address| address.to_string())
            .collect(),
    })?))
}

/// An address of a peer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectPeer {
    /// Where it is: `HOST:PORT`.
    address: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// A peer that is connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct Connected {
    /// Who it is: a public key in hex.
    peer_id: String,
}

/// Connects to a peer by its address, which is kept for when the connection is lost.
#[utoipa::path(post, path = "/peers/connect", tag = "sync", request_body = ConnectPeer,
    responses((status = 200, body = Connected), Problem))]
pub(crate) async fn connect(
    State(app): State<App>,
    JsonBody(body): JsonBody<ConnectPeer>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    let peer_id = app
        .host()
        .sync()
        .connect(owner.workspace().id, &body.address)
        .await?;
    Ok(json_response(json(&Connected { peer_id })?))
}

/// Whether an address was forgotten.
#[derive(Serialize, ToSchema)]
pub(crate) struct Forgotten {
    /// False when it was not among those given by hand.
    forgotten: bool,
}

/// Dials an address no longer that was given by hand. A connection that stands goes on.
#[utoipa::path(post, path = "/peers/forget", tag = "sync", request_body = ConnectPeer,
    responses((status = 200, body = Forgotten), Problem))]
pub(crate) async fn forget(
    State(app): State<App>,
    JsonBody(body): JsonBody<ConnectPeer>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    let forgotten = app
        .host()
        .sync()
        .forget(owner.workspace().id, &body.address)
        .await?;
    Ok(json_response(json(&Forgotten { forgotten })?))
}

/// The state of sync.
#[derive(Serialize, ToSchema)]
pub(crate) struct StateOfSync {
    /// `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`.
    state: String,
}

/// Stops sync of a workspace until it is resumed.
#[utoipa::path(post, path = "/sync/pause", tag = "sync", request_body = OfWorkspace,
    responses((status = 200, body = StateOfSync), Problem))]
pub(crate) async fn pause(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    app.host().sync().pause(owner.workspace().id);
    Ok(json_response(json(&StateOfSync {
        state: app.host().sync().state(owner.workspace().id),
    })?))
}

/// Takes sync of a workspace up again.
#[utoipa::path(post, path = "/sync/resume", tag = "sync", request_body = OfWorkspace,
    responses((status = 200, body = StateOfSync), Problem))]
pub(crate) async fn resume(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    app.host().sync().resume(owner.workspace().id);
    Ok(json_response(json(&StateOfSync {
        state: app.host().sync().state(owner.workspace().id),
    })?))
}

/// A held bundle that a person accepts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptBundle {
    /// The bundle, as `sync.held` of the status names it.
    bundle: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What was applied.
#[derive(Serialize, ToSchema)]
pub(crate) struct Released {
    /// How many bundles are applied now that were held before: the accepted one, and those that built on it.
    released: u64,
}

/// Applies a bundle that is held because its clock is ahead. One that a newer version wrote stays held.
#[utoipa::path(post, path = "/sync/accept", tag = "sync", request_body = AcceptBundle,
    responses((status = 200, body = Released), Problem))]
pub(crate) async fn accept(
    State(app): State<App>,
    JsonBody(body): JsonBody<AcceptBundle>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    let bundle = parse_id("bundle", &body.bundle)?;
    app.read(body.workspace.as_deref(), move |snapshot, _| {
        let held = snapshot.status()?.held.iter().any(|held| held.bundle == bundle);
        let unknown = || {
            Problem::new(
                ProblemCode::UnknownBundle,
                format!("accept bundle: {bundle} is not held"),
            )
        };
        held.then_some(()).ok_or_else(unknown)
    })
    .await?;
    let released = give(|reply| owner.release(Some(bundle), reply)).await?;
    let released = released.map_err(|error| Problem::from(&*error))?;
    Ok(json_response(json(&Released { released })?))
}
