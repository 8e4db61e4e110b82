//! Drift: what others wrote to the cells that a draft writes too, since it did.

use std::collections::BTreeSet;

use openprod_core::operation::RestoreEntity;
use openprod_core::{Payload, Timestamp, Value};
use openprod_storage::{Read, Space, StorageError, Write};

use super::{
    EditRow, OverlayId, append, bases, cells, edits, find, payloads, put_base, put_edit, remove_edit,
};
use crate::derive::{Effect, effects};
use crate::edge::EdgeRow;
use crate::row::{Candidate, CellKey, Row};
use crate::subject::Subject;

/// A cell to which the draft and others wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The entity or edge: of a record that goes by several names, the name.
    pub subject: Subject,
    /// The cell.
    pub cell: CellKey,
    /// What the draft says; `None` where it edits something that was deleted meanwhile.
    pub mine: Option<Value>,
    /// What stands there now, in ascending order; the last is shown.
    pub canonical: Vec<Candidate>,
}

/// The cells of an overlay that have drifted, in order. `store` is the workspace without it.
pub(crate) fn drifts(store: &dyn Read, overlay: OverlayId) -> Result<Vec<Drift>, StorageError> {
    drifted(store, overlay, None)
}

/// As [`drifts`], of these entities and edges only.
pub(crate) fn drifted(
    store: &dyn Read,
    overlay: OverlayId,
    among: Option<&BTreeSet<Subject>>,
) -> Result<Vec<Drift>, StorageError> {
    let mut drifts = Vec::new();
    let mut staged: Option<Vec<Payload>> = None;
    for ((subject, cell), base) in bases(store, overlay)? {
        if among.is_some_and(|among| !among.contains(&subject)) {
            continue;
        }
        let row = row(store, subject)?;
        if row.tip_ids(&cell) == base {
            continue;
        }
        let staged = match &mut staged {
            Some(staged) => staged,
            None => staged.insert(payloads(store, overlay)?.concat()),
        };
        let mine = last_written(staged, subject, &cell);
        let differs = match (&mine, row.value(&cell)) {
            (Some(mine), Some(theirs)) => !theirs.same(mine) || row.is_contended(&cell),
            (Some(_), None) => false,
            // The draft edits it; it matters only whether it is still there.
            (None, _) => row.is_deleted(),
        };
        if differs {
            let canonical = row.candidates(&cell);
            drifts.push(Drift {
                subject,
                cell,
                mine,
                canonical,
            });
        }
    }
    Ok(drifts)
}

/// Keeps what the draft says in a drifted cell: it is then staged on what stands there now. Of something that was
/// deleted meanwhile, the draft restores it.
pub(crate) fn keep_mine(
    store: &mut dyn Write,
    overlay: OverlayId,
    drift: &Drift,
    now: Timestamp,
) -> Result<(), StorageError> {
    let tips = row(&*store, drift.subject)?.tip_ids(&drift.cell);
    put_base(store, overlay, &(drift.subject, drift.cell.clone()), &tips)?;
    if drift.mine.is_none()
        && let Some(overlay) = find(&*store, overlay)?
    {
        let restore: Payload = match drift.subject {
            Subject::Entity(entity) => RestoreEntity { entity }.into(),
            Subject::Edge(edge) => openprod_core::operation::RestoreEdge { edge }.into(),
        };
        append(store, overlay, &EditRow::new("overlays.resolve", now, &[restore]))?;
    }
    Ok(())
}

impl Drift {
    /// Takes what stands there now: drops what the draft writes to the cell, or, of something that was deleted
    /// meanwhile, all that it writes to it.
    pub(crate) fn use_canonical(
        &self,
        store: &mut dyn Write,
        overlay: OverlayId,
    ) -> Result<(), StorageError> {
        let gone = self.mine.is_none();
        let keep = |payload: &Payload| {
            !cells(std::slice::from_ref(payload))
                .iter()
                .any(|(subject, cell)| *subject == self.subject && (gone || *cell == self.cell))
        };
        for (id, mut edit) in edits(&*store, overlay)? {
            if edit.retain(keep)? {
                put_edit(store, overlay, id, &edit)?;
            } else {
                remove_edit(store, overlay, id)?;
            }
        }
        super::trim_bases(store, overlay)
    }
}

/// The row of an entity or edge, without any overlay.
pub(super) fn row(store: &dyn Read, subject: Subject) -> Result<Row, StorageError> {
    Ok(match subject {
        Subject::Entity(entity) => match store.get(Space::Entity, entity.as_bytes())? {
            Some(bytes) => Row::decode(&bytes)?,
            None => Row::default(),
        },
        Subject::Edge(edge) => match store.get(Space::Edge, edge.as_bytes())? {
            Some(bytes) => EdgeRow::decode(&bytes)?.cells,
            None => Row::default(),
        },
    })
}

/// What operations leave in a cell; `None` when they do not write it.
pub(super) fn last_written(payloads: &[Payload], subject: Subject, cell: &CellKey) -> Option<Value> {
    payloads.iter().rev().find_map(|payload| {
        effects(payload.clone())
            .into_iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::Write(about, key, value) if about == subject && key == *cell => Some(value),
                _ => None,
            })
    })
}
