//! How the errors of the crates below become problem documents: here and nowhere else.

use std::error::Error;

use openprod_core::{BundleId, EdgeId, SealError};
use openprod_engine::overlay::OverlayId;
use openprod_engine::query::QueryError;
use openprod_engine::saved_view::SETTINGS_BYTES_MAX;
use openprod_engine::{AdmissionError, CommandError, OwnerError};
use openprod_events::{AppendError, RefusedCommit, SequenceNumber};
use openprod_storage::StorageError;

use crate::problem::{ChangedStream, Problem};
use crate::problem_code::ProblemCode as Code;

/// An error and its sources in one line.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        Self::from(&error)
    }
}

impl From<&StorageError> for Problem {
    fn from(error: &StorageError) -> Self {
        let code = match error {
            StorageError::Full => Code::DiskFull,
            StorageError::ReadOnly { .. } => Code::ReadOnly,
            _ => Code::StorageFailed,
        };
        tracing::error!(code = code.name(), "{}", told(error));
        Self::new(code, told(error))
    }
}

impl From<OwnerError> for Problem {
    fn from(error: OwnerError) -> Self {
        let code = match error {
            OwnerError::Busy => Code::Busy,
            OwnerError::Closed => Code::Closed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let detail = told(&error);
        let refused = |code| Self::new(code, detail.clone());
        match error {
            CommandError::UnknownTable { table, .. } => {
                refused(Code::UnknownTable).with(|problem| problem.table = Some(table))
            }
            CommandError::UnknownField {
                table, field, known, ..
            } => refused(Code::UnknownField).with(|problem| {
                (problem.table, problem.field, problem.known) = (Some(table), Some(field), Some(known));
            }),
            CommandError::WrongType {
                field,
                expected,
                found,
                ..
            } => refused(Code::WrongType).with(|problem| {
                (problem.field, problem.expected, problem.found) = (Some(field), Some(expected), Some(found));
            }),
            CommandError::UnknownRecord { entity, .. } => {
                refused(Code::UnknownRecord).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::UnknownView { view, .. } => {
                refused(Code::UnknownView).with(|problem| problem.entity_id = Some(view.to_string()))
            }
            CommandError::SettingsTooLong { len, .. } => refused(Code::TooLarge).with(|problem| {
                (problem.size, problem.limit) = (Some(len), Some(SETTINGS_BYTES_MAX));
            }),
            CommandError::NotInTable { entity, table, .. } => refused(Code::NotInTable)
                .with(|problem| (problem.entity_id, problem.table) = (Some(entity.to_string()), Some(table))),
            CommandError::Deleted { entity, .. } => {
                refused(Code::RecordDeleted).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::NotDeleted { entity, .. } => {
                refused(Code::RecordNotDeleted).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::InTable { entity, table, .. } => refused(Code::AlreadyInTable)
                .with(|problem| (problem.entity_id, problem.table) = (Some(entity.to_string()), Some(table))),
            CommandError::OnlyTable { entity, table } => refused(Code::OnlyTable)
                .with(|problem| (problem.entity_id, problem.table) = (Some(entity.to_string()), Some(table))),
            CommandError::UnknownEdge { edge, .. } => edge_refused(refused(Code::UnknownEdge), edge),
            CommandError::DeletedEdge { edge, .. } => edge_refused(refused(Code::EdgeDeleted), edge),
            CommandError::NotDeletedEdge { edge } => edge_refused(refused(Code::EdgeNotDeleted), edge),
            CommandError::NotOrdered { edge, .. } => edge_refused(refused(Code::NotOrdered), edge),
            CommandError::ForeignEdge { edge, .. } => edge_refused(refused(Code::ForeignEdge), edge),
            CommandError::CrossedPlaces { after, .. } => edge_refused(refused(Code::CrossedPlaces), after),
            CommandError::AlreadyOne { entity } => {
                refused(Code::AlreadyOne).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::NotMerged { entity, .. } => {
                refused(Code::NotMerged).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::NothingLeft { entity } => {
                refused(Code::NothingLeft).with(|problem| problem.entity_id = Some(entity.to_string()))
            }
            CommandError::Unmappable { a, b, .. } => {
                refused(Code::Unmappable).with(|problem| problem.known = Some(format!("{a}, {b}")))
            }
            CommandError::BadName { name, .. } => {
                refused(Code::BadName).with(|problem| problem.found = Some(name))
            }
            CommandError::ReferenceNeeded { field, .. } => {
                refused(Code::ReferenceNeeded).with(|problem| problem.field = Some(field))
            }
            CommandError::ReferenceCycle { path } => {
                refused(Code::ReferenceCycle).with(|problem| problem.known = Some(path.join(", ")))
            }
            CommandError::FollowedField { field, .. } => {
                refused(Code::FollowedField).with(|problem| problem.field = Some(field))
            }
            CommandError::TextField { field, .. } => {
                refused(Code::TextField).with(|problem| problem.field = Some(field))
            }
            CommandError::NotText { field, field_type } => refused(Code::NotText).with(|problem| {
                (problem.field, problem.found) = (Some(field), Some(field_type.to_string()));
            }),
            CommandError::BadDelta { reason } => {
                refused(Code::BadDelta).with(|problem| problem.reason = Some(reason.code()))
            }
            CommandError::UnknownOverlay { overlay, .. } => {
                overlay_refused(refused(Code::UnknownOverlay), overlay)
            }
            CommandError::NotActive { overlay } => overlay_refused(refused(Code::OverlayNotActive), overlay),
            CommandError::UnknownEdit { overlay, .. } => overlay_refused(refused(Code::UnknownEdit), overlay),
            CommandError::EditNeeded { overlay, .. } => overlay_refused(refused(Code::EditNeeded), overlay),
            CommandError::NotDrifted { overlay } => overlay_refused(refused(Code::NotDrifted), overlay),
            CommandError::OpenDrift { overlay, .. } => overlay_refused(refused(Code::OpenDrift), overlay),
            CommandError::UnknownBundle { bundle, .. } => {
                bundle_refused(refused(Code::UnknownBundle), bundle)
            }
            CommandError::HeldBundle { bundle, .. } => bundle_refused(refused(Code::HeldBundle), bundle),
            CommandError::NothingTakenBack { bundle, skipped, .. } => {
                bundle_refused(refused(Code::NothingTakenBack), bundle).with(|problem| {
                    problem.reason = skipped.first().map(|first| first.reason.name());
                })
            }
            CommandError::NothingToUndo => refused(Code::NothingToUndo),
            CommandError::NothingToRedo => refused(Code::NothingToRedo),
            CommandError::Nothing { .. } => refused(Code::NothingToDo),
            CommandError::Append(error) => append_refused(error, detail),
            CommandError::BadFact { index, .. } => {
                refused(Code::BadFact).with(|problem| problem.field = Some(format!("events[{index}]")))
            }
            CommandError::BadContext { .. } => {
                refused(Code::BadContext).with(|problem| problem.field = Some("context".to_owned()))
            }
            CommandError::FactsNotDrafted { overlay, .. } => {
                overlay_refused(refused(Code::FactsNotDrafted), overlay)
            }
            CommandError::UnknownDecision { decision } => {
                bundle_refused(refused(Code::UnknownDecision), decision)
            }
            CommandError::ResolvedDecision { decision } => {
                bundle_refused(refused(Code::DecisionResolved), decision)
            }
            CommandError::NotUnseen { decision, op_id } => bundle_refused(refused(Code::NotUnseen), decision)
                .with(|problem| problem.op_id = Some(op_id.to_string())),
            CommandError::UnknownConflict { .. } => refused(Code::UnknownConflict),
            CommandError::UnknownCandidate { .. } => refused(Code::UnknownCandidate),
            CommandError::CommandReused { command_id } => {
                refused(Code::CommandReused).with(|problem| problem.command_id = Some(command_id.to_string()))
            }
            CommandError::TooLarge(seal) => match seal {
                SealError::Empty => refused(Code::NothingToDo),
                SealError::TooMany { count } => refused(Code::TooLarge).with(|problem| {
                    problem.size = Some(count);
                    problem.limit = Some(openprod_core::bundle::OPERATIONS_MAX);
                }),
                SealError::TooLarge { len } => refused(Code::TooLarge).with(|problem| {
                    problem.size = Some(len);
                    problem.limit = Some(openprod_core::bundle::BUNDLE_BYTES_MAX);
                }),
                SealError::ListTooLong { count, .. } => refused(Code::TooLarge).with(|problem| {
                    problem.size = Some(count);
                    problem.limit = Some(openprod_core::operation::LIST_MAX);
                }),
                SealError::IntentTooLong => refused(Code::EnvelopeTooLong),
                SealError::Header(_) => refused(Code::Unwritable),
            },
            CommandError::Unwritable(AdmissionError::Storage(error)) | CommandError::Storage(error) => {
                error.into()
            }
            CommandError::Unwritable(_) => refused(Code::Unwritable),
            CommandError::Aborted(error) => (&*error).into(),
        }
    }
}

/// Why events were not appended.
fn append_refused(error: AppendError, detail: String) -> Problem {
    let refused = |code| Problem::new(code, detail);
    match error {
        AppendError::Context(conflict) => refused(Code::ContextChanged).with(|problem| {
            let version = |version: Option<SequenceNumber>| Some(version.map(|version| version.0));
            problem.expected_context_version = version(conflict.expected_context_version);
            problem.actual_context_version = version(conflict.actual_context_version);
        }),
        AppendError::Streams(mismatches) => refused(Code::StreamsChanged).with(|problem| {
            let changed = mismatches.into_iter().map(|mismatch| ChangedStream {
                stream: mismatch.stream.to_string(),
                expected_version: mismatch.expected.0,
                actual_version: mismatch.actual.0,
            });
            problem.streams = Some(changed.collect());
        }),
        AppendError::CommandReused { command } => {
            refused(Code::CommandReused).with(|problem| problem.command_id = Some(command.to_string()))
        }
        AppendError::Refused(RefusedCommit::Empty) => refused(Code::NothingToDo),
        AppendError::Refused(RefusedCommit::TooManyEvents { events }) => {
            refused(Code::TooLarge).with(|problem| {
                problem.size = Some(events);
                problem.limit = Some(openprod_core::bundle::OPERATIONS_MAX);
            })
        }
        AppendError::Refused(RefusedCommit::TooLarge) => refused(Code::TooLarge),
        AppendError::Refused(_) => refused(Code::BadContext),
        AppendError::Store(_) => refused(Code::StorageFailed),
    }
}

fn overlay_refused(problem: Problem, overlay: OverlayId) -> Problem {
    problem.with(|problem| problem.overlay_id = Some(overlay.to_string()))
}

fn bundle_refused(problem: Problem, bundle: BundleId) -> Problem {
    problem.with(|problem| problem.bundle_id = Some(bundle.to_string()))
}

fn edge_refused(problem: Problem, edge: EdgeId) -> Problem {
    problem.with(|problem| problem.edge_id = Some(edge.to_string()))
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = told(&error);
        let refused = |code| Self::new(code, detail.clone());
        match error {
            QueryError::UnknownTable(table) => {
                refused(Code::UnknownTable).with(|problem| problem.table = Some(table))
            }
            QueryError::UnknownField { table, field } => refused(Code::UnknownField)
                .with(|problem| (problem.table, problem.field) = (Some(table), Some(field))),
            QueryError::WrongType {
                field,
                expected,
                found,
            } => refused(Code::WrongType).with(|problem| {
                (problem.field, problem.found) = (Some(field), Some(found));
                problem.expected = Some(expected.to_string());
            }),
            QueryError::BadFilter(_) => refused(Code::BadFilter),
            QueryError::BadCursor => refused(Code::BadCursor),
            QueryError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::response::IntoResponse as _;

    use super::*;

    fn check(problem: Problem, code: Code, status: u16) {
        assert_eq!(problem.code(), code);
        assert_eq!(problem.into_response().status().as_u16(), status);
    }

    #[test]
    fn full_disk_is_507_and_failed_disk_503() {
        check(StorageError::Full.into(), Code::DiskFull, 507);
        check(
            CommandError::Aborted(Arc::new(StorageError::Full)).into(),
            Code::DiskFull,
            507,
        );
        check(
            CommandError::Storage(StorageError::ReadOnly {
                reason: "fsync".into(),
            })
            .into(),
            Code::ReadOnly,
            503,
        );
        check(
            QueryError::Storage(StorageError::DamagedRow { space: "entity" }).into(),
            Code::StorageFailed,
            500,
        );
    }

    #[test]
    fn full_queue_is_429_and_closed_workspace_503() {
        check(OwnerError::Busy.into(), Code::Busy, 429);
        check(OwnerError::Closed.into(), Code::Closed, 503);
    }

    #[test]
    fn sources_are_told_once() {
        let text = told(&CommandError::Storage(StorageError::Full));
        assert_eq!(
            text,
            "write change: write store: the disk is full; free some space and try again"
        );
        let text = told(&CommandError::Aborted(Arc::new(StorageError::Full)));
        assert_eq!(
            text,
            "write change: write store: the disk is full; free some space and try again"
        );
    }
}
