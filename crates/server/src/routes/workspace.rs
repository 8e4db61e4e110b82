//! Workspaces: create, invite, join, list, status.

use axum::extract::State;
use axum::response::Response;
use openprod_engine::{HoldReason, OwnerHandle};
use openprod_sync::{Invitation, WorkspaceSecret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, json, json_response};
use crate::clock::rfc3339;
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::{InWorkspace, QueryString};

/// A workspace to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWorkspace {
    /// Its name: up to 200 bytes.
    name: String,
}

/// A workspace that this engine is a member of.
#[derive(Serialize, ToSchema)]
pub(crate) struct Member {
    /// The workspace.
    workspace_id: String,
    /// Its name.
    name: String,
    /// Who writes here: a public key in hex.
    actor_id: String,
}

impl Member {
    fn of(owner: &OwnerHandle) -> Self {
        Self {
            workspace_id: owner.workspace().id.to_string(),
            name: owner.workspace().name.clone(),
            actor_id: owner.actor().to_string(),
        }
    }
}

/// Creates a workspace.
#[utoipa::path(post, path = "/workspace/create", tag = "workspace", request_body = CreateWorkspace,
    responses((status = 200, body = Member), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateWorkspace>,
) -> Result<Response, Problem> {
    let owner = app.host().create(body.name).await?;
    Ok(json_response(json(&Member::of(&owner))?))
}

/// Asks for nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeDemo {}

/// Makes a workspace with a show to look around in, and answers once all of it is in. Only where `GET /workspace/list`
/// says that this engine has one.
#[utoipa::path(post, path = "/workspace/demo", tag = "workspace", request_body = MakeDemo,
    responses((status = 200, body = Member), Problem))]
pub(crate) async fn demo(
    State(app): State<App>,
    JsonBody(_body): JsonBody<MakeDemo>,
) -> Result<Response, Problem> {
    let owner = app.make_demo().await?;
    Ok(json_response(json(&Member::of(&owner))?))
}

/// A request about a workspace that says nothing more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfWorkspace {
    /// The workspace; needed only when several are open.
    pub(crate) workspace: Option<String>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invited {
    /// The text to pass on. Whoever has it can read and edit everything.
    invitation: String,
}

/// Makes an invitation to a workspace.
#[utoipa::path(post, path = "/workspace/invite", tag = "workspace", request_body = OfWorkspace,
    responses((status = 200, body = Invited), Problem))]
pub(crate) async fn invite(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    app.read(body.workspace.as_deref(), |snapshot, owner| {
        let name = shortened(shown_name(&snapshot.schema().workspace_name, owner));
        let secret = WorkspaceSecret::from_bytes(owner.workspace().secret);
        let invitation = Invitation::new(owner.workspace().id, secret, name)
            .map_err(|error| Problem::new(ProblemCode::Internal, error.to_string()))?;
        Ok(Invited {
            invitation: invitation.to_text(),
        })
    })
    .await
}

/// The name to show: the one that the workspace's log gives, or the invitation's before the log is here.
fn shown_name<'a>(name: &'a str, owner: &'a OwnerHandle) -> &'a str {
    if name.is_empty() {
        &owner.workspace().name
    } else {
        name
    }
}

/// The beginning of a name that fits into an invitation: peers may have given longer ones than we allow.
fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(openprod_sync::invitation::NAME_BYTES_MAX)]
}

/// A workspace to be joined.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinWorkspace {
    /// The text that was passed on, in any case and grouping.
    invitation: String,
    /// Where a member can be reached: `HOST:PORT`. When it is given and no member answers there within ten
    /// seconds, nothing is joined.
    address: Option<String>,
}

/// Joins a workspace.
#[utoipa::path(post, path = "/workspace/join", tag = "workspace", request_body = JoinWorkspace,
    responses((status = 200, body = Member), Problem))]
pub(crate) async fn join(
    State(app): State<App>,
    JsonBody(body): JsonBody<JoinWorkspace>,
) -> Result<Response, Problem> {
    let bad =
        |error: openprod_sync::InvitationError| Problem::new(ProblemCode::BadInvitation, error.to_string());
    let invitation: Invitation = body.invitation.parse().map_err(bad)?;
    let owner = app.host().join(invitation, body.address).await?;
    Ok(json_response(json(&Member::of(&owner))?))
}

/// The workspaces of this engine.
#[derive(Serialize, ToSchema)]
pub(crate) struct Workspaces {
    /// Those that are open, in order of their ids.
    workspaces: Vec<Member>,
    /// Those that cannot be opened, in order of their ids.
    broken: Vec<Broken>,
    /// Whether this engine can make a show to look around in: `POST /workspace/demo`.
    demo: bool,
}

/// A workspace that cannot be opened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Broken {
    /// The workspace.
    workspace_id: String,
    /// Why, and what to do.
    reason: String,
}

/// Lists the workspaces of this engine.
#[utoipa::path(get, path = "/workspace/list", tag = "workspace", responses((status = 200, body = Workspaces), Problem))]
pub(crate) async fn list(State(app): State<App>) -> Result<Response, Problem> {
    let owners = app.host().list();
    let demo = app.offers_demo();
    let broken = app.host().broken().iter();
    let broken = broken
        .map(|(id, reason)| Broken {
            workspace_id: id.to_string(),
            reason: reason.clone(),
        })
        .collect();
    let named = tokio::task::spawn_blocking(move || {
        let name = |owner: &OwnerHandle| -> Result<Member, Problem> {
            let snapshot = owner.snapshots().take()?;
            let name = shown_name(&snapshot.schema().workspace_name, owner).to_owned();
            Ok(Member {
                name,
                ..Member::of(owner)
            })
        };
        owners.iter().map(name).collect::<Result<Vec<_>, _>>()
    });
    let workspaces = named.await.map_err(|error| crate::app::failed(&error))??;
    Ok(json_response(json(&Workspaces {
        workspaces,
        broken,
        demo,
    })?))
}

/// How a workspace stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    /// The workspace.
    workspace_id: String,
    /// Its name.
    name: String,
    /// Who writes here: a public key in hex.
    actor_id: String,
    /// How many operations are stored.
    operations: u64,
    /// How many bundles they came in.
    bundles: u64,
    /// The hash of the derived state: equal on two engines that have applied the same bundles.
    state_hash: String,
    /// What is applied: the last bundle of each log.
    clock: Vec<ClockEntry>,
    /// How it stands with its peers.
    sync: SyncView,
    /// The logs that contradict themselves.
    forks: Vec<ForkView>,
}

/// How far a log is applied.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClockEntry {
    /// Who writes it.
    actor: String,
    /// The log.
    log: String,
    /// Of a log that forked: the hash of the bundle with which this branch begins; `null` otherwise.
    branch: Option<String>,
    /// The number of its last bundle.
    seq: u64,
    /// The time of its last operation, in 24 hex digits.
    hlc: String,
    /// The same, in RFC 3339.
    at: String,
}

/// How a workspace stands with its peers.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyncView {
    /// `alone`, `looking`, `live`, `catching_up`, `paused` or `problem`.
    pub(crate) state: String,
    /// How many peers are connected.
    pub(crate) peers: usize,
    /// How many bundles are still to come.
    pub(crate) behind: u64,
    /// What is wrong; `null` unless the state is `problem`.
    pub(crate) reason: Option<String>,
    /// Bundles that are stored and not applied.
    pub(crate) held: Vec<HeldView>,
}

/// A bundle that is stored and not applied.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldView {
    /// The bundle.
    bundle: String,
    /// Who wrote it.
    actor_id: String,
    /// `future` (its clock is ahead of ours; `POST /sync/accept` applies it at once), `needs_newer_version`, or
    /// `builds_on_held`.
    reason: &'static str,
    /// Of a future one: when it will be applied, in RFC 3339; `null` otherwise.
    until: Option<String>,
}

/// A log that contradicts itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForkView {
    /// Who writes it.
    actor_id: String,
    /// The log.
    log: String,
    /// The number of the first bundle that exists twice.
    seq: u64,
}

/// Tells how a workspace stands.
#[utoipa::path(get, path = "/workspace/status", tag = "workspace", params(InWorkspace),
    responses((status = 200, body = Status), Problem))]
pub(crate) async fn status(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    let sync = app.host().sync().clone();
    app.read(query.workspace.as_deref(), move |snapshot, owner| {
        let status = snapshot.status()?;
        let held = status.held.iter().map(|held| HeldView {
            bundle: held.bundle.to_string(),
            actor_id: held.actor.to_string(),
            reason: match held.reason {
                HoldReason::Future { .. } => "future",
                HoldReason::NeedsNewerVersion { .. } => "needs_newer_version",
                HoldReason::BuildsOnHeld => "builds_on_held",
            },
            until: match held.reason {
                HoldReason::Future { until_micros } => {
                    Some(rfc3339(openprod_core::Timestamp::from_micros(until_micros)))
                }
                _ => None,
            },
        });
        let clock = status.applied.iter().map(|(key, head)| ClockEntry {
            actor: key.actor.to_string(),
            log: key.log.to_string(),
            branch: key.branch.map(|hash| hash.to_string()),
            seq: head.seq,
            hlc: head.hlc.to_string(),
            at: rfc3339(head.hlc.timestamp()),
        });
        let forks = status
            .forks
            .iter()
            .filter_map(openprod_engine::ForkEvidence::check);
        Ok(Status {
            workspace_id: owner.workspace().id.to_string(),
            name: shown_name(&status.name, owner).to_owned(),
            actor_id: status.actor.to_string(),
            operations: status.operations,
            bundles: status.bundles,
            state_hash: status.state_hash.to_string(),
            clock: clock.collect(),
            sync: SyncView {
                held: held.collect(),
                ..sync.view(owner.workspace().id)
            },
            forks: forks
                .map(|(actor, log, seq)| ForkView {
                    actor_id: actor.to_string(),
                    log: log.to_string(),
                    seq,
                })
                .collect(),
        })
    })
    .await
}
