//! What an overlay would change.

use openprod_core::Value;
use openprod_storage::{Read, StorageError};

use super::drift::{Drift, drifts, row};
use super::{EditId, Overlay, edits};
use crate::derive::{Effect, effects};
use crate::row::CellKey;
use crate::subject::Subject;

/// An overlay and what it would change.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayDiff {
    /// The overlay.
    pub overlay: Overlay,
    /// Its edits, in order; undone ones too.
    pub edits: Vec<StagedEdit>,
    /// Where it has drifted.
    pub drifts: Vec<Drift>,
}

/// One edit of an overlay: what one command staged.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedEdit {
    /// Its id in the overlay.
    pub id: EditId,
    /// What kind of command it was.
    pub command_type: String,
    /// When, in microseconds since the Unix epoch.
    pub at_micros: u64,
    /// Whether it has been undone.
    pub undone: bool,
    /// What it writes, in order.
    pub changes: Vec<StagedChange>,
}

/// One cell that an edit writes.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedChange {
    /// The entity or edge.
    pub subject: Subject,
    /// The cell.
    pub cell: CellKey,
    /// What stands there without the overlay; `None` when nothing does.
    pub before: Option<Value>,
    /// What the edit writes.
    pub after: Value,
}

/// What an overlay would change. `store` is the workspace without it.
pub(crate) fn diff(store: &dyn Read, overlay: Overlay) -> Result<OverlayDiff, StorageError> {
    let mut staged = Vec::new();
    for (id, edit) in edits(store, overlay.id)? {
        let mut changes = Vec::new();
        for effect in edit.payloads()?.into_iter().flat_map(effects) {
            if let Effect::Write(subject, cell, after) = effect {
                let before = row(store, subject)?.value(&cell).cloned();
                changes.push(StagedChange {
                    subject,
                    cell,
                    before,
                    after,
                });
            }
        }
        staged.push(StagedEdit {
            id,
            command_type: edit.command_type,
            at_micros: edit.at_micros,
            undone: edit.undone,
            changes,
        });
    }
    let drifts = drifts(store, overlay.id)?;
    Ok(OverlayDiff {
        overlay,
        edits: staged,
        drifts,
    })
}
