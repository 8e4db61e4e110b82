//! The audit trail: which command, by whom, when and why, lies behind what is there.

use axum::extract::State;
use axum::response::Response;
use openprod_core::Timestamp;
use openprod_engine::history::{HISTORY_LIMIT_MAX, HistoryEntry, HistoryError, HistoryPage, HistoryRequest};
use openprod_engine::schema::Schema;
use openprod_engine::{CommandError, Snapshot, Subject};
use openprod_storage::Position;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, Showing};
use crate::clock::rfc3339;
use crate::command_envelope::parse_id;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::projections::{AuditFilter, Board, Candidates};
use crate::query_string::QueryString;
use crate::refusal::told;
use crate::routes::changes::ChangeView;
use crate::routes::history::find_table;

/// How many commands a page has when the request does not say.
const LIMIT_DEFAULT: usize = 100;

/// How many places the audit log is asked for at a time.
const BATCH: usize = 256;

/// How many bundles are in memory at a time: each may have 8 MiB.
const READ_AT_ONCE: usize = 16;

/// How many commands that turn out not to be asked for are looked at for one page.
const SCANNED_MAX: usize = 8_192;

/// Which part of the trail.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAudit {
    /// What this person did: a public key in hex.
    actor: Option<String>,
    /// Commands of this type, as `records.update`.
    command_type: Option<String>,
    /// What was done at this time or later: RFC 3339.
    since: Option<String>,
    /// What was done before this time: RFC 3339.
    until: Option<String>,
    /// What was done to this record under any of its names, and to its edges.
    entity: Option<String>,
    /// Of a record: what was done to this field, an id or a name; the table must be named too.
    field: Option<String>,
    /// What was done in this table and to it: an id, or a name.
    table: Option<String>,
    /// How many commands: 1 to 1,000; 100 when absent.
    limit: Option<usize>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// The workspace; needed only when several are open.
    workspace: Option<String>,
}

/// A page of the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit {
    /// The commands, newest first, in the order in which they arrived here.
    entries: Vec<AuditEntryView>,
    /// Where the next page begins; `null` on the last. A page that is not the last is short of its limit only if 8,192
    /// commands were looked at in vain, which takes a `table`, an `entity`, or an audit log that is far behind.
    next_cursor: Option<String>,
}

/// A command, as it was signed.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntryView {
    /// The command.
    command_id: String,
    /// What kind of command, as `records.create`.
    command_type: String,
    /// Who gave it: a public key in hex.
    actor_id: String,
    /// On which device: the log that it is in.
    device: String,
    /// When, in 24 hex digits.
    hlc: String,
    /// When, in RFC 3339.
    at: String,
    /// Where the command came from.
    source: String,
    /// The conversation that it belongs to.
    correlation_id: Option<String>,
    /// The command that caused it.
    causation_id: Option<String>,
    /// The reason given.
    justification: Option<String>,
    /// The approval it refers to.
    approval_id: Option<String>,
    /// What it was decided on; `null` when it decided on no facts.
    decision: Option<AuditDecision>,
    /// The bundle that makes it authentic.
    bundle_id: String,
    /// Its number in its log, from 1.
    seq: u64,
    /// How many operations it came to.
    operations: u32,
    /// Whether it is held: it is stored and does nothing yet.
    held: bool,
    /// The bundle that it repeats: the same command, given on a device apart. Its facts are kept and do not count.
    repeats: Option<String>,
    /// Whether other bundles record other facts under the same command id. All of them count.
    command_reused: bool,
    /// What it did, of that which was asked for, in order: the first 200 changes, each with its operation.
    changes: Vec<ChangeView>,
    /// How many changes there are beyond those.
    changes_omitted: u64,
}

/// What a command was decided on.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditDecision {
    /// The version of the code that decided.
    handler_version: u32,
    /// The context query, as it was signed.
    #[schema(value_type = Object)]
    context: serde_json::Value,
    /// How many facts it matched.
    count: u64,
}

impl AuditEntryView {
    fn of(schema: &Schema, entry: &HistoryEntry) -> Self {
        let intent = &entry.intent;
        Self {
            command_id: intent.command_id.to_string(),
            command_type: intent.command_type.clone(),
            actor_id: entry.actor.to_string(),
            device: entry.log.to_string(),
            hlc: entry.hlc.to_string(),
            at: rfc3339(entry.hlc.timestamp()),
            source: intent.source.clone(),
            correlation_id: intent.correlation_id.map(|id| id.to_string()),
            causation_id: intent.causation_id.map(|id| id.to_string()),
            justification: intent.justification.clone(),
            approval_id: intent.approval_id.clone(),
            decision: intent.decision.as_ref().map(|context| AuditDecision {
                handler_version: context.handler_version,
                context: serde_json::from_slice(&context.query).unwrap_or_default(),
                count: context.count,
            }),
            bundle_id: entry.bundle.to_string(),
            seq: entry.seq,
            operations: entry.operations,
            held: entry.held,
            repeats: entry.repeats.map(|bundle| bundle.to_string()),
            command_reused: entry.command_reused,
            changes: entry
                .changes
                .iter()
                .map(|change| ChangeView::of(schema, change))
                .collect(),
            changes_omitted: entry.omitted,
        }
    }
}

/// A time of the request. What lies beyond the times that can be kept counts as the first or the last of them.
fn moment(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let detail = format!("list audit: {name} is no time of RFC 3339");
        Problem::new(ProblemCode::BadQuery, detail).with(|problem| {
            (problem.field, problem.found) = (Some(name.to_owned()), Some(text.chars().take(40).collect()));
        })
    })?;
    let micros = (time.unix_timestamp_nanos() / 1_000).max(0);
    Ok(Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)))
}

/// Lists commands with who gave them, on which device, when and why, newest first; of a record or one of its fields, the
/// commands behind its values.
#[utoipa::path(get, path = "/audit/list", tag = "audit", params(ListAudit),
    responses((status = 200, body = Audit), Problem))]
pub(crate) async fn list(
    State(app): State<App>,
    QueryString(query): QueryString<ListAudit>,
) -> Result<Response, Problem> {
    let actor = query.actor.map(|text| parse_id("actor", &text)).transpose()?;
    let entity = query.entity.map(|text| parse_id("entity", &text)).transpose()?;
    let since = query.since.map(|text| moment("since", &text)).transpose()?;
    let until = query.until.map(|text| moment("until", &text)).transpose()?;
    let board = app.host().board(query.workspace.as_deref()).ok();
    app.answer(
        query.workspace.as_deref(),
        Showing::Written,
        move |snapshot, _| {
            let schema = snapshot.schema();
            let table = query
                .table
                .as_deref()
                .map(|name| find_table(schema, name))
                .transpose()?;
            let field = match (&query.field, table) {
                (None, _) => None,
                (Some(name), Some(table)) => {
                    let known = || table.fields.iter().map(|field| field.name.as_str());
                    Some(
                        table
                            .field(name)
                            .ok_or_else(|| CommandError::UnknownField {
                                act: "list audit",
                                table: table.name.clone(),
                                field: name.clone(),
                                known: known().collect::<Vec<_>>().join(", "),
                            })?
                            .id,
                    )
                }
                (Some(_), None) => {
                    let detail = "list audit: name the table of the field too";
                    return Err(Problem::new(ProblemCode::BadQuery, detail)
                        .with(|problem| problem.field = Some("table".to_owned())));
                }
            };
            let request = HistoryRequest {
                actor,
                command_type: query.command_type,
                since,
                until,
                // A field names its table already, and may be written under another one's facet.
                table: table.filter(|_| field.is_none()).map(|table| table.id),
                subject: entity.map(Subject::Entity),
                field,
                limit: query.limit.unwrap_or(LIMIT_DEFAULT),
                cursor: query.cursor,
            };
            // What touched a record is found by what touched it; all else by the audit log, where there is one.
            let page = match board {
                Some(board) if entity.is_none() => found(snapshot, &board, &request)?,
                _ => snapshot.history(&request)?,
            };
            Ok(Audit {
                entries: page
                    .entries
                    .iter()
                    .map(|entry| AuditEntryView::of(schema, entry))
                    .collect(),
                next_cursor: page.next_cursor,
            })
        },
    )
    .await
}

/// A page of the history, found by the audit log. What is not in that yet is looked at one by one, so that no command is
/// ever missing.
fn found(snapshot: &Snapshot, board: &Board, request: &HistoryRequest) -> Result<HistoryPage, Problem> {
    if !(1..=HISTORY_LIMIT_MAX).contains(&request.limit) {
        return Err(HistoryError::BadLimit(request.limit).into());
    }
    let cursor = request.cursor.as_deref().map(str::parse::<u64>);
    let cursor = cursor.transpose().map_err(|_| HistoryError::BadCursor)?;
    let filter = AuditFilter {
        actor: request.actor,
        command_type: request.command_type.clone(),
        since: request.since,
        until: request.until,
    };
    let last = snapshot.last()?.0;
    let mut upto = cursor.unwrap_or(last).min(last);
    let (mut entries, mut scanned) = (Vec::new(), 0);
    while upto > 0 {
        let candidates = match board.audit(&filter, upto, BATCH) {
            Ok(candidates) => candidates,
            Err(error) => {
                tracing::warn!("{}", told(&error));
                Candidates::default()
            }
        };
        let positions = if upto > candidates.indexed_to {
            let lowest = upto.saturating_sub(BATCH as u64).max(candidates.indexed_to);
            (lowest + 1..=upto).rev().collect()
        } else {
            candidates.positions
        };
        // A few at a time, for each may be large, and the first ones may be enough.
        for positions in positions.chunks(READ_AT_ONCE) {
            let places: Vec<_> = positions.iter().copied().map(Position).collect();
            let read = snapshot.history_at(request, &places)?;
            for (position, entry) in positions.iter().zip(read) {
                if entries.len() == request.limit || scanned == SCANNED_MAX {
                    return Ok(HistoryPage {
                        entries,
                        next_cursor: Some(position.to_string()),
                    });
                }
                scanned += usize::from(entry.is_none());
                entries.extend(entry);
            }
        }
        // Without a candidate in the index, there is none below either.
        upto = positions.last().map_or(0, |lowest| lowest - 1);
    }
    Ok(HistoryPage {
        entries,
        next_cursor: None,
    })
}
