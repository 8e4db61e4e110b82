//! Undo and redo, taking a bundle back, and what of it stays.

use axum::extract::State;
use axum::response::Response;
use openprod_engine::schema::Schema;
use openprod_engine::{Command, Outcome, Skipped, TakenBack, UndoStep, Undoable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Showing, json, json_response};
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::event::subject_ids;
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::query_string::{InWorkspace, QueryString};

/// An undo or a redo.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// A bundle that was taken back, as far as it could be.
#[derive(Serialize, ToSchema)]
pub(crate) struct TakenBackView {
    /// The bundle.
    bundle_id: String,
    /// What kind of command had led to it, as `records.update`; of an undo or a redo, to what it stands for.
    command_type: String,
}

/// Something that was not taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct SkippedView {
    /// The record; `null` when it is about none.
    entity_id: Option<String>,
    /// The edge; `null` when it is about none.
    edge_id: Option<String>,
    /// The name of the field; `null` when it is about none.
    field: Option<String>,
    /// `edited_since`, `in_conflict`, `gone`, `text`, `fact`, `unchanged`, `only_table` or `founding`.
    reason: &'static str,
    /// Whose edit stands there, where that is the reason: a public key in hex.
    actor_id: Option<String>,
}

impl SkippedView {
    fn of(schema: &Schema, skipped: &Skipped) -> Self {
        let (entity_id, edge_id) = skipped.subject.map(subject_ids).unwrap_or_default();
        let field = skipped.field().and_then(|field| schema.field_name(field));
        Self {
            entity_id,
            edge_id,
            field: field.map(str::to_owned),
            reason: skipped.reason.name(),
            actor_id: skipped.actor.map(|actor| actor.to_string()),
        }
    }
}

/// What an undo took back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Undone {
    /// What was undone; `null` when nothing of it could be, so that the next undo passes it over, and in a draft, where an
    /// edit was undone.
    undone: Option<TakenBackView>,
    /// What of it stays as it is, and why.
    skipped: Vec<SkippedView>,
    #[serde(flatten)]
    done: Done,
}

/// What a redo did again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Redone {
    /// What was redone; `null` when nothing of it could be, and in a draft, where an edit was redone.
    redone: Option<TakenBackView>,
    /// What of it stays as it is, and why.
    skipped: Vec<SkippedView>,
    #[serde(flatten)]
    done: Done,
}

/// What a revert took back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reverted {
    /// What was taken back; `null` when it was staged in a draft.
    reverted: Option<TakenBackView>,
    /// What of it stays as it is, and why.
    skipped: Vec<SkippedView>,
    #[serde(flatten)]
    done: Done,
}

/// Takes back what was done last on this device and is not taken back yet: in the active draft, else in the log. What
/// others have changed since stays as it is.
#[utoipa::path(post, path = "/undo", tag = "history", request_body = Step,
    responses((status = 200, body = Undone), Problem))]
pub(crate) async fn undo(
    State(app): State<App>,
    JsonBody(body): JsonBody<Step>,
) -> Result<Response, Problem> {
    let (taken, skipped, done) = take_back(&app, body.workspace, body.command, Command::Undo).await?;
    let undone = taken.map(view);
    json(&Undone {
        undone,
        skipped,
        done,
    })
    .map(json_response)
}

/// Does again what was undone last, unless something else was done since.
#[utoipa::path(post, path = "/redo", tag = "history", request_body = Step,
    responses((status = 200, body = Redone), Problem))]
pub(crate) async fn redo(
    State(app): State<App>,
    JsonBody(body): JsonBody<Step>,
) -> Result<Response, Problem> {
    let (taken, skipped, done) = take_back(&app, body.workspace, body.command, Command::Redo).await?;
    let redone = taken.map(view);
    json(&Redone {
        redone,
        skipped,
        done,
    })
    .map(json_response)
}

/// A bundle to be taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revert {
    /// The bundle, whoever wrote it.
    bundle_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Takes a bundle back, where what it wrote still stands.
#[utoipa::path(post, path = "/history/revert", tag = "history", request_body = Revert,
    responses((status = 200, body = Reverted), Problem))]
pub(crate) async fn revert(
    State(app): State<App>,
    JsonBody(body): JsonBody<Revert>,
) -> Result<Response, Problem> {
    let bundle = parse_id("bundle_id", &body.bundle_id)?;
    let command = Command::Revert { bundle };
    let (taken, skipped, done) = take_back(&app, body.workspace, body.command, command).await?;
    let reverted = taken.map(view);
    json(&Reverted {
        reverted,
        skipped,
        done,
    })
    .map(json_response)
}

async fn take_back(
    app: &App,
    workspace: Option<String>,
    envelope: Option<CommandEnvelope>,
    command: Command,
) -> Result<(Option<TakenBack>, Vec<SkippedView>, Done), Problem> {
    let outcome = app.execute(workspace.as_deref(), envelope, command).await?;
    let done = Done::from(&outcome);
    let Outcome {
        taken_back, skipped, ..
    } = outcome;
    if skipped.is_empty() {
        return Ok((taken_back, Vec::new(), done));
    }
    let name = move |snapshot: &openprod_engine::Snapshot, _: &openprod_engine::OwnerHandle| {
        let view = |skipped| SkippedView::of(snapshot.schema(), skipped);
        Ok(skipped.iter().map(view).collect())
    };
    let skipped = app.look(workspace.as_deref(), Showing::Active, name).await?;
    Ok((taken_back, skipped, done))
}

fn view(taken: TakenBack) -> TakenBackView {
    TakenBackView {
        bundle_id: taken.bundle.to_string(),
        command_type: taken.command_type,
    }
}

/// What undo and redo would do next.
#[derive(Serialize, ToSchema)]
pub(crate) struct UndoStackView {
    /// What undo would take back; `null` when there is nothing.
    undo: Option<UndoStepView>,
    /// What redo would do again; `null` when there is nothing.
    redo: Option<UndoStepView>,
}

/// What undo or redo would do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UndoStepView {
    /// What kind of command it stands for, as `records.update`.
    pub command_type: String,
    /// The bundle; `null` in a draft.
    pub bundle_id: Option<String>,
    /// The draft; `null` in the log.
    pub overlay_id: Option<String>,
    /// The edit of the draft; `null` in the log.
    pub edit_id: Option<u64>,
}

impl UndoStepView {
    pub(crate) fn of(step: &UndoStep) -> Self {
        let (bundle_id, overlay_id, edit_id) = match step.what {
            Undoable::Bundle(bundle) => (Some(bundle.to_string()), None, None),
            Undoable::Edit(overlay, edit) => (None, Some(overlay.to_string()), Some(edit.0)),
        };
        Self {
            command_type: step.command_type.clone(),
            bundle_id,
            overlay_id,
            edit_id,
        }
    }
}

/// Tells what undo and redo would do next on this device.
#[utoipa::path(get, path = "/undo", tag = "history", params(InWorkspace),
    responses((status = 200, body = UndoStackView), Problem))]
pub(crate) async fn stack(
    State(app): State<App>,
    QueryString(query): QueryString<InWorkspace>,
) -> Result<Response, Problem> {
    app.answer(query.workspace.as_deref(), Showing::Written, |snapshot, _| {
        let stack = snapshot.undo_stack()?;
        Ok(UndoStackView {
            undo: stack.undo.as_ref().map(UndoStepView::of),
            redo: stack.redo.as_ref().map(UndoStepView::of),
        })
    })
    .await
}
