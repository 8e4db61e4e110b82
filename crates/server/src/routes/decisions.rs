//! Decisions that had not seen what they should have: list, resolve.

use axum::extract::State;
use axum::response::Response;
use openprod_core::DecisionPolicy;
use openprod_engine::Command;
use openprod_engine::facts::{
    DecisionConflict, DecisionStatus, Resolution, ResolutionChoice, ResolveDecision, UnseenFact,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;
use crate::routes::events::{EventView, NewEventBody};

/// Which decision conflicts to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDecisionConflicts {
    /// `open` (those that wait for somebody, opened again or not; when absent), `resolved` or `all`.
    status: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// The decision conflicts of a workspace.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionConflicts {
    /// In the order in which the decisions were taken, alike on every device.
    conflicts: Vec<DecisionConflictView>,
}

/// A decision that had not seen facts which it should have, or whose author is at fault.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionConflictView {
    /// The bundle in which it was taken, which also names the conflict: the same id on every device.
    decision_id: String,
    /// What kind of command decided.
    command_type: String,
    /// The command.
    command_id: String,
    /// Who decided: a public key in hex.
    actor_id: String,
    /// When, in 24 hex digits.
    hlc: String,
    /// When, in RFC 3339.
    at: String,
    /// The reason given.
    justification: Option<String>,
    /// The version of the code that decided.
    handler_version: u32,
    /// What is to happen to it: `surface`, `compensate` or `lose`.
    policy: &'static str,
    /// What was relevant to it: a query, as it was signed.
    #[schema(value_type = Object)]
    context: serde_json::Value,
    /// `mutual` when it and another decision passed each other, `stale` when it alone had not seen, `faulty` when what
    /// its author says to have seen is not so.
    kind: &'static str,
    /// Whether it and another decision passed each other.
    mutual: bool,
    /// The decisions that it passed.
    passed: Vec<String>,
    /// `open`, `reopened` (facts turned up that had not been considered) or `resolved`.
    status: &'static str,
    /// Whether every log that is known here has seen the decision, so that no more can turn up from these.
    settled: bool,
    /// Under the policy `lose`: whether it has lost, alike on every device.
    lost: bool,
    /// What its author got wrong; `null` when he is not at fault.
    problem: Option<String>,
    /// What it recorded.
    own: Vec<EventView>,
    /// What it had not seen and should have.
    unseen: Vec<UnseenView>,
    /// The resolution that holds; of one that is open again, the last.
    resolution: Option<ResolutionView>,
}

/// A fact that a decision should have seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnseenView {
    /// The fact.
    #[serde(flatten)]
    event: EventView,
    /// Whether it comes from a decision that should have seen this one in turn.
    mutual: bool,
    /// Whether the resolution has considered it.
    considered: bool,
}

/// What somebody resolved.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResolutionView {
    /// The operation that records it.
    op_id: String,
    /// Who resolved: a public key in hex.
    actor_id: String,
    /// When, in RFC 3339.
    at: String,
    /// `accept`, `compensate` or `rerun`.
    choice: &'static str,
    /// The facts that were considered, by operation.
    considered: Vec<String>,
    /// Why.
    reason: Option<String>,
}

impl ResolutionView {
    fn of(resolution: &Resolution) -> Self {
        Self {
            op_id: resolution.op_id.to_string(),
            actor_id: resolution.actor.to_string(),
            at: rfc3339(resolution.hlc.timestamp()),
            choice: resolution.choice.name(),
            considered: resolution.considered.iter().map(ToString::to_string).collect(),
            reason: resolution.reason.clone(),
        }
    }
}

impl DecisionConflictView {
    fn of(conflict: &DecisionConflict) -> Result<Self, Problem> {
        let context = conflict.intent.decision.as_ref();
        let unseen = |unseen: &UnseenFact| -> Result<UnseenView, Problem> {
            Ok(UnseenView {
                event: EventView::of(&unseen.fact)?,
                mutual: unseen.mutual,
                considered: unseen.considered,
            })
        };
        Ok(Self {
            decision_id: conflict.decision.to_string(),
            command_type: conflict.intent.command_type.clone(),
            command_id: conflict.intent.command_id.to_string(),
            actor_id: conflict.actor.to_string(),
            hlc: conflict.hlc.to_string(),
            at: rfc3339(conflict.hlc.timestamp()),
            justification: conflict.intent.justification.clone(),
            handler_version: context.map_or(0, |context| context.handler_version),
            policy: match conflict.policy() {
                DecisionPolicy::Surface => "surface",
                DecisionPolicy::Compensate => "compensate",
                DecisionPolicy::Lose => "lose",
            },
            // An author at fault may have signed anything.
            context: context
                .and_then(|context| serde_json::from_slice(&context.query).ok())
                .unwrap_or_default(),
            kind: match (conflict.fault, conflict.is_mutual()) {
                (Some(_), _) => "faulty",
                (None, true) => "mutual",
                (None, false) => "stale",
            },
            mutual: conflict.is_mutual(),
            passed: conflict.passed().iter().map(ToString::to_string).collect(),
            status: match conflict.status {
                DecisionStatus::Open => "open",
                DecisionStatus::Reopened => "reopened",
                DecisionStatus::Resolved => "resolved",
            },
            settled: conflict.settled,
            lost: conflict.lost,
            problem: conflict.fault.map(|fault| fault.to_string()),
            own: conflict
                .facts
                .iter()
                .map(EventView::of)
                .collect::<Result<_, _>>()?,
            unseen: conflict.unseen.iter().map(unseen).collect::<Result<_, _>>()?,
            resolution: conflict.resolution.as_ref().map(ResolutionView::of),
        })
    }
}

/// Lists decision conflicts.
#[utoipa::path(get, path = "/decisions/conflicts", tag = "decisions", params(ListDecisionConflicts),
    responses((status = 200, body = DecisionConflicts), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListDecisionConflicts>,
) -> Result<Response, Problem> {
    let wanted: fn(DecisionStatus) -> bool = match query.status.as_deref() {
        None | Some("open") => |status| status != DecisionStatus::Resolved,
        Some("resolved") => |status| status == DecisionStatus::Resolved,
        Some("all") => |_| true,
        Some(other) => {
            let detail = "list decision conflicts: the status can be `open`, `resolved` or `all`";
            return Err(Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
                problem.field = Some("status".to_owned());
                problem.found = Some(other.chars().take(40).collect());
            }));
        }
    };
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, _| {
            let conflicts = snapshot.decision_conflicts()?;
            let wanted = conflicts.iter().filter(|conflict| wanted(conflict.status));
            Ok(DecisionConflicts {
                conflicts: wanted.map(DecisionConflictView::of).collect::<Result<_, _>>()?,
            })
        },
    )
    .await
}

/// What is to be done about a decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveDecisionBody {
    /// The decision.
    decision_id: String,
    /// `accept` (it stands), `compensate` (other facts make it good) or `rerun` (it is taken anew). Decisions that it
    /// passed stand then, as far as it was what they had not seen.
    choice: String,
    /// The facts that were considered, by operation; all that are known when absent.
    considered: Option<Vec<String>>,
    /// Why.
    reason: Option<String>,
    /// Facts that come of it, such as a compensation; recorded together with it.
    #[serde(default)]
    events: Vec<NewEventBody>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

/// Says what is done about a decision that had not seen what it should have.
#[utoipa::path(post, path = "/decisions/resolve", tag = "decisions", request_body = ResolveDecisionBody,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn resolve(
    State(app): State<App>,
    JsonBody(body): JsonBody<ResolveDecisionBody>,
) -> Result<Response, Problem> {
    let choice = ResolutionChoice::named(&body.choice).ok_or_else(|| {
        let detail = "resolve decision: the choice can be `accept`, `compensate` or `rerun`";
        Problem::new(ProblemCode::WrongShape, detail).with(|problem| {
            problem.field = Some("choice".to_owned());
            problem.found = Some(body.choice.chars().take(40).collect());
        })
    })?;
    let considered = body
        .considered
        .map(|ids| ids.iter().map(|id| parse_id("considered", id)).collect())
        .transpose()?;
    let command = Command::ResolveDecision(ResolveDecision {
        decision: parse_id("decision_id", &body.decision_id)?,
        choice,
        considered,
        reason: body.reason,
        facts: body.events.into_iter().map(NewEventBody::read).collect(),
    });
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}
