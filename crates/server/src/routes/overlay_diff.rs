//! What a draft would change, where it has drifted, and deciding that.

use axum::extract::State;
use axum::response::Response;
use openprod_core::Timestamp;
use openprod_engine::overlay::{Drift, OverlayId, StagedChange, StagedEdit};
use openprod_engine::row::{Candidate, CellKey};
use openprod_engine::schema::Schema;
use openprod_engine::{Command, CommandError, DriftChoice, OverlayCommand, OwnerHandle, Snapshot, Subject};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::command_envelope::{CommandEnvelope, Done, parse_id};
use crate::json_body::JsonBody;
use crate::json_value::FieldValue;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::query_string::QueryString;
use crate::routes::cells::CellView;

/// Which draft is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichOverlay {
    /// The draft.
    overlay_id: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// What a draft would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverlayDiff {
    /// The draft.
    overlay_id: String,
    /// Its name.
    name: String,
    /// Its edits, in order; undone ones too.
    edits: Vec<EditView>,
    /// The cells that others have changed since the draft did: each is to be decided before the draft can be
    /// committed.
    drifts: Vec<DriftView>,
}

/// What one command staged.
#[derive(Serialize, ToSchema)]
pub(crate) struct EditView {
    /// The edit: its number in the draft, from 1.
    edit_id: u64,
    /// What kind of command, as `records.create`.
    command_type: String,
    /// When it was staged, in RFC 3339.
    at: String,
    /// Whether it has been undone.
    undone: bool,
    /// What it writes, in order.
    changes: Vec<ChangeView>,
}

/// A cell that an edit writes.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeView {
    #[serde(flatten)]
    cell: CellView,
    /// What stands there without the draft.
    before: FieldValue,
    /// What the edit writes; of existence and membership, `true` or `false`.
    after: FieldValue,
}

/// A cell that both the draft and others wrote.
#[derive(Serialize, ToSchema)]
pub(crate) struct DriftView {
    #[serde(flatten)]
    cell: CellView,
    /// What the draft says; `null` too where it edits something that was deleted meanwhile.
    mine: FieldValue,
    /// What stands there now, in ascending order of time: the last is shown.
    canonical: Vec<CanonicalValue>,
}

/// What others wrote to a cell.
#[derive(Serialize, ToSchema)]
pub(crate) struct CanonicalValue {
    /// The value.
    value: FieldValue,
    /// Who wrote it: a public key in hex.
    actor_id: String,
    /// When, in 24 hex digits.
    hlc: String,
    /// When, in RFC 3339.
    at: String,
    /// By which operation.
    op_id: String,
}

impl EditView {
    fn of(schema: &Schema, edit: &StagedEdit) -> Self {
        let change = |change: &StagedChange| ChangeView {
            cell: CellView::of(schema, change.subject, &change.cell),
            before: change.before.as_ref().map_or(FieldValue::Empty, FieldValue::of),
            after: FieldValue::of(&change.after),
        };
        Self {
            edit_id: edit.id.0,
            command_type: edit.command_type.clone(),
            at: rfc3339(Timestamp::from_micros(edit.at_micros)),
            undone: edit.undone,
            changes: edit.changes.iter().map(change).collect(),
        }
    }
}

impl DriftView {
    fn of(schema: &Schema, drift: &Drift) -> Self {
        let value = |candidate: &Candidate| CanonicalValue {
            value: FieldValue::of(&candidate.value),
            actor_id: candidate.actor.to_string(),
            hlc: candidate.hlc.to_string(),
            at: rfc3339(candidate.hlc.timestamp()),
            op_id: candidate.op_id.to_string(),
        };
        Self {
            cell: CellView::of(schema, drift.subject, &drift.cell),
            mine: drift.mine.as_ref().map_or(FieldValue::Empty, FieldValue::of),
            canonical: drift.canonical.iter().map(value).collect(),
        }
    }
}

/// The workspace with a draft on top, whether it is active or not.
fn with_draft(owner: &OwnerHandle, act: &'static str, overlay: OverlayId) -> Result<Snapshot, Problem> {
    let snapshot = owner.snapshots().view_of(overlay)?;
    Ok(snapshot.ok_or(CommandError::UnknownOverlay { act, overlay })?)
}

/// Tells what a draft would change, and where it has drifted.
#[utoipa::path(get, path = "/overlays/diff", tag = "overlays", params(WhichOverlay),
    responses((status = 200, body = OverlayDiff), Problem))]
pub(crate) async fn diff(
    State(app): State<App>,
    QueryString(query): QueryString<WhichOverlay>,
) -> Result<Response, Problem> {
    let overlay = parse_id("overlay_id", &query.overlay_id)?;
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, owner| {
            let act = "compare draft";
            // Tables and fields that the draft makes have their names there only.
            let draft = with_draft(owner, act, overlay)?;
            let diff = snapshot.overlay_diff(overlay)?;
            let diff = diff.ok_or(CommandError::UnknownOverlay { act, overlay })?;
            let edit = |edit| EditView::of(draft.schema(), edit);
            let drift = |drift| DriftView::of(draft.schema(), drift);
            Ok(OverlayDiff {
                overlay_id: overlay.to_string(),
                edits: diff.edits.iter().map(edit).collect(),
                drifts: diff.drifts.iter().map(drift).collect(),
                name: diff.overlay.name,
            })
        },
    )
    .await
}

/// How a drift is decided: of a field by `entity_id`, `table` and `field`; of a property by `edge_id` and `field`;
/// without `field`, of everything about the record or edge that has drifted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveDrift {
    /// The draft.
    overlay_id: String,
    /// The record, as the draft's diff names it.
    entity_id: Option<String>,
    /// The edge, as the draft's diff names it.
    edge_id: Option<String>,
    /// The field's table: an id, or a name.
    table: Option<String>,
    /// The field or property: a field by id or name.
    field: Option<String>,
    /// `keep_mine`: the draft's value is written over that of the others once it is committed. `use_canonical`: the
    /// draft's edit of it is dropped.
    choice: String,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
    /// The envelope.
    command: Option<CommandEnvelope>,
}

const RESOLVE: &str = "resolve drift";

/// Decides where a draft has drifted.
#[utoipa::path(post, path = "/overlays/resolve", tag = "overlays", request_body = ResolveDrift,
    responses((status = 200, body = Done), Problem))]
pub(crate) async fn resolve(
    State(app): State<App>,
    JsonBody(body): JsonBody<ResolveDrift>,
) -> Result<Response, Problem> {
    let overlay = parse_id("overlay_id", &body.overlay_id)?;
    let choice = read_choice(&body.choice)?;
    let subject = match (&body.entity_id, &body.edge_id) {
        (Some(entity), None) => Subject::Entity(parse_id("entity_id", entity)?),
        (None, Some(edge)) => Subject::Edge(parse_id("edge_id", edge)?),
        _ => {
            let detail = "resolve drift: give `entity_id` of a record, or `edge_id` of an edge";
            return Err(Problem::new(ProblemCode::WrongShape, detail));
        }
    };
    let cell = match (subject, body.table, body.field) {
        (_, None, None) => None,
        (Subject::Edge(_), None, Some(property)) => Some(CellKey::Property(property)),
        (Subject::Entity(_), Some(table), Some(field)) => {
            let find = move |_: &Snapshot, owner: &OwnerHandle| find_field(owner, overlay, table, field);
            let workspace = body.workspace.as_deref();
            Some(app.look(workspace, Showing::Written, find).await?)
        }
        _ => {
            let detail = "resolve drift: a field is named by `table` and `field`, a property by `field`";
            return Err(Problem::new(ProblemCode::WrongShape, detail));
        }
    };
    let command = Command::Overlay(OverlayCommand::Resolve {
        overlay,
        subject,
        cell,
        choice,
    });
    app.carry_out(body.workspace.as_deref(), body.command, command)
        .await
}

fn find_field(
    owner: &OwnerHandle,
    overlay: OverlayId,
    table: String,
    field: String,
) -> Result<CellKey, Problem> {
    let draft = with_draft(owner, RESOLVE, overlay)?;
    let found = draft.schema().find(&table);
    let table = found.ok_or(CommandError::UnknownTable { act: RESOLVE, table })?;
    let known = || table.fields.iter().map(|field| field.name.as_str());
    let found = table.field(&field).ok_or_else(|| CommandError::UnknownField {
        act: RESOLVE,
        table: table.name.clone(),
        field: field.clone(),
        known: known().collect::<Vec<_>>().join(", "),
    })?;
    Ok(CellKey::Field(found.id))
}

fn read_choice(text: &str) -> Result<DriftChoice, Problem> {
    match text {
        "keep_mine" => Ok(DriftChoice::KeepMine),
        "use_canonical" => Ok(DriftChoice::UseCanonical),
        _ => {
            let known = "keep_mine, use_canonical";
            let found: String = text.chars().take(40).collect();
            let detail = format!("resolve drift: choice {found:?} is none of {known}");
            Err(Problem::new(ProblemCode::WrongShape, detail).with(|problem| {
                problem.field = Some("choice".to_owned());
                (problem.found, problem.expected) = (Some(found.clone()), Some(known.to_owned()));
            }))
        }
    }
}
