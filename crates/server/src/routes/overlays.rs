//! Drafts (overlays): create, activate, stash, commit, discard, list, and dropping an edit.

use axum::extract::State;
use axum::response::Response;
use openprod_core::Timestamp;
use openprod_engine::overlay::{EditId, OverlayId};
use openprod_engine::{Command, OverlayCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::query_string::{InWorkspace, QueryString};

/// A draft to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOverlay {
    /// Its name.
    name: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Makes a draft and makes it the active one: commands are staged in it from then on, seen here, and reach the log
/// and the other members once it is committed. What was active is stashed.
#[utoipa::path(post, path = "/overlays/create", tag = "overlays", request_body = CreateOverlay,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn create(
    State(app): State<App>,
    JsonBody(body): JsonBody<CreateOverlay>,
) -> Result<Response, Problem> {
    let command = Command::Overlay(OverlayCommand::Create { name: body.name });
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// A draft that something is to be done to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfOverlay {
    /// The draft.
    overlay_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

impl OfOverlay {
    async fn give(
        self,
        app: App,
        command: impl FnOnce(OverlayId) -> OverlayCommand,
    ) -> Result<Response, Problem> {
        let command = command(parse_id("overlay_id", &self.overlay_id)?);
        app.carry_out(self.workspace.as_deref(), self.command, Command::Overlay(command))
            .await
    }
}

/// Makes a draft the active one. What was active is stashed.
#[utoipa::path(post, path = "/overlays/activate", tag = "overlays", request_body = OfOverlay,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn activate(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfOverlay>,
) -> Result<Response, Problem> {
    body.give(app, |overlay| OverlayCommand::Activate { overlay })
        .await
}

/// Leaves the active draft. It is kept, and can be activated again.
#[utoipa::path(post, path = "/overlays/stash", tag = "overlays", request_body = OfOverlay,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn stash(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfOverlay>,
) -> Result<Response, Problem> {
    body.give(app, |overlay| OverlayCommand::Stash { overlay }).await
}

/// Writes what is staged in a draft to the log, as one bundle, and ends the draft. Refused while others have changed
/// what it changes too, until each such drift is decided.
#[utoipa::path(post, path = "/overlays/commit", tag = "overlays", request_body = OfOverlay,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn commit(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfOverlay>,
) -> Result<Response, Problem> {
    body.give(app, |overlay| OverlayCommand::Commit { overlay }).await
}

/// Throws a draft away, with everything that is staged in it.
#[utoipa::path(post, path = "/overlays/discard", tag = "overlays", request_body = OfOverlay,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn discard(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfOverlay>,
) -> Result<Response, Problem> {
    body.give(app, |overlay| OverlayCommand::Discard { overlay })
        .await
}

/// An edit to be taken out of a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DropEdit {
    /// The draft.
    overlay_id: String,
    /// The edit: its number.
    edit_id: u64,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Takes one edit out of a draft. Refused while a later one works on what it makes.
#[utoipa::path(post, path = "/overlays/drop", tag = "overlays", request_body = DropEdit,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn drop_edit(
    State(app): State<App>,
    JsonBody(body): JsonBody<DropEdit>,
) -> Result<Response, Problem> {
    let command = Command::Overlay(OverlayCommand::Drop {
        overlay: parse_id("overlay_id", &body.overlay_id)?,
        edit: EditId(body.edit_id),
    });
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

/// The drafts of this device.
#[derive(Serialize, ToSchema)]
pub(crate) struct Overlays {
    /// In order of their making.
    overlays: Vec<OverlayView>,
}

/// A draft.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverlayView {
    /// The draft.
    overlay_id: String,
    /// Its name.
    name: String,
    /// When it was made, in RFC 3339.
    created: String,
    /// Whether it is the active one.
    active: bool,
    /// How many edits are staged in it; those that were undone are not counted.
    edits: usize,
    /// How many cells others have changed that it changes too.
    drifts: usize,
}

/// Lists the drafts of this device. Nobody else sees them.
#[utoipa::path(get, path = "/overlays/list", tag = "overlays", params(InWorkspace),
    responses((status = 200, body = Overlays), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.answer(query.workspace.as_deref(), Showing::Written, |snapshot, _| {
        let active = snapshot.active_overlay()?;
        let mut overlays = Vec::new();
        for overlay in snapshot.overlays()? {
            let Some(diff) = snapshot.overlay_diff(overlay.id)? else {
                continue;
            };
            overlays.push(OverlayView {
                overlay_id: overlay.id.to_string(),
                name: overlay.name,
                created: rfc3339(Timestamp::from_micros(overlay.created_micros)),
                active: active == Some(overlay.id),
                edits: diff.edits.iter().filter(|edit| !edit.undone).count(),
                drifts: diff.drifts.len(),
            });
        }
        Ok(Overlays { overlays })
    })
    .await
}

/// The active draft.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActiveOverlay {
    /// The draft; `null` when none is active.
    overlay_id: Option<String>,
    /// Its name; `null` when none is active.
    name: Option<String>,
}

/// Tells which draft is active.
#[utoipa::path(get, path = "/overlays/active", tag = "overlays", params(InWorkspace),
    responses((status = 200, body = ActiveOverlay), Problem))]
pub(crate) async fn active(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.answer(query.workspace.as_deref(), Showing::Written, |snapshot, _| {
        let active = snapshot.active_overlay()?;
        let mut overlays = snapshot.overlays()?.into_iter();
        let found = overlays.find(|overlay| Some(overlay.id) == active);
        Ok(ActiveOverlay {
            overlay_id: active.map(|overlay| overlay.to_string()),
            name: found.map(|overlay| overlay.name),
        })
    })
    .await
}
