//! Checking a whole workspace: every signature, and every derived row against a replay of the log.

use axum::extract::State;
use axum::response::Response;
use openprod_engine::Verification;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, give, json, json_response};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::routes::workspace::OfWorkspace;

/// How many forged bundles are listed; all are counted.
const FORGED_LISTED_MAX: usize = 100;

/// What a check found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    /// Whether everything is as it should be.
    sound: bool,
    /// How many bundles were read.
    bundles: u64,
    /// How many operations they hold.
    operations: u64,
    /// The hash of the derived state as it is stored.
    state_hash: String,
    /// The hash of what the log derives to.
    replayed_hash: String,
    /// The first derived row that is not what the log derives to; `null` when all are.
    first_difference: Option<RowView>,
    /// How many bundles have a signature that is not their author's.
    forged_total: usize,
    /// The first hundred of them.
    forged: Vec<ForgedView>,
    /// Command ids under which bundles record different facts, which no honest program gives out. All of the facts count,
    /// and nothing is damaged: the workspace is sound all the same.
    reused_commands: Vec<ReusedCommandView>,
}

/// A command id that was given out more than once.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReusedCommandView {
    /// The id.
    command_id: String,
    /// The bundles.
    bundles: Vec<String>,
}

/// A derived row.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowView {
    /// Which kind of row.
    space: &'static str,
    /// Its key in hex.
    key: String,
}

/// A bundle whose signature is not its author's.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForgedView {
    /// Its place in the order of arrival, from 1.
    position: u64,
    /// What is wrong with it.
    reason: String,
}

impl From<Verification> for Verified {
    fn from(found: Verification) -> Self {
        Self {
            sound: found.is_sound(),
            bundles: found.bundles,
            operations: found.operations,
            state_hash: found.stored.to_string(),
            replayed_hash: found.replayed.to_string(),
            first_difference: found.first_difference.map(|(space, key)| RowView { space, key }),
            forged_total: found.forged.len(),
            forged: found
                .forged
                .iter()
                .take(FORGED_LISTED_MAX)
                .map(|(position, error)| ForgedView {
                    position: *position,
                    reason: error.to_string(),
                })
                .collect(),
            reused_commands: found
                .reused
                .iter()
                .map(|reused| ReusedCommandView {
                    command_id: reused.command.to_string(),
                    bundles: reused.bundles.iter().map(ToString::to_string).collect(),
                })
                .collect(),
        }
    }
}

/// Checks every signature and replays the log. Writes wait meanwhile; reads go on.
#[utoipa::path(post, path = "/workspace/verify", tag = "workspace", request_body = OfWorkspace,
    responses((status = 200, body = Verified), Problem))]
pub(crate) async fn verify(
    State(app): State<App>,
    JsonBody(body): JsonBody<OfWorkspace>,
) -> Result<Response, Problem> {
    let owner = app.host().select(body.workspace.as_deref())?;
    let found = give(|reply| owner.verify(reply)).await?;
    let found = found.map_err(|error| Problem::from(&*error))?;
    Ok(json_response(json(&Verified::from(found))?))
}
