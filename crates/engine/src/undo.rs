//! What a person can undo and redo next: it follows from the log, and is stored nowhere.
//!
//! The stack of a device is read from its own log, newest bundle first. A bundle of type `undo` names as its cause the
//! command that it took back, and one of type `redo` the undo. So, walking back: what a later undo or redo names is off
//! the stack; the first that is not, and is no undo itself, can be undone; an undo that is not named, with no other
//! edit after it, can be redone. Nothing is kept in memory, so a restart changes nothing; the walk ends early, for
//! what is newest is nearly always what is meant.
//!
//! A bundle of which nothing could be taken back is passed over from then on; that alone is stored.

use std::collections::BTreeSet;

use openprod_core::encoding::encode;
use openprod_core::{ActorId, Bundle, BundleId, CommandId, LogId, Payload};
use openprod_storage::{Read, Space, StorageError, Write};

use crate::chains::Chains;
use crate::overlay::{self, EditId, OverlayId};
use crate::stored::stored;
use crate::transaction::taken_back;

/// How many bundles of the own log are looked through. What lies before them can be reverted, not undone.
pub const UNDO_BUNDLES_MAX: u64 = 1_000;

/// The type of commands that undo.
pub(crate) const UNDO: &str = "undo";
/// The type of commands that redo.
pub(crate) const REDO: &str = "redo";
/// Where commands come from that no person gave.
const ENGINE: &str = "engine";

/// The kinds of operations that are not undone: a bundle of nothing else is not on the stack. What is recorded has
/// happened; spreading places out changes no order; and an editor undoes what was typed in it by further deltas.
const NOT_UNDONE: [&str; 3] = ["RecordFact", "RebalanceOrderedEdges", "SetCrdtField"];

/// Where the bundles are noted of which nothing could be taken back.
const PASSED: &[u8] = b"undo passed over";

/// What can be undone or redone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoable {
    /// A bundle of this device's log.
    Bundle(BundleId),
    /// An edit of the active draft.
    Edit(OverlayId, EditId),
}

/// What undo or redo would do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoStep {
    /// What it would take back: to redo, the bundle of the undo.
    pub what: Undoable,
    /// What kind of command led to it, as `records.update`; of an undo or a redo, to what it stands for.
    pub command_type: String,
}

/// What undo and redo would do next: in the active draft if there is one, else in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoStack {
    /// What undo would take back; `None` when there is nothing.
    pub undo: Option<UndoStep>,
    /// What redo would do again; `None` when there is nothing.
    pub redo: Option<UndoStep>,
}

/// A bundle that can be undone or redone.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) bundle: BundleId,
    pub(crate) command: CommandId,
    pub(crate) command_type: String,
}

/// The tops of both stacks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tops {
    pub(crate) undo: Option<Target>,
    pub(crate) redo: Option<Target>,
}

/// Whether a bundle can be undone at all, its own type aside.
pub(crate) fn is_undoable(bundle: &Bundle) -> bool {
    let passing = |kind| NOT_UNDONE.contains(&kind_name(kind));
    bundle.header().intent.source != ENGINE
        && (0..bundle.len())
            .filter_map(|index| bundle.raw_payload(index))
            .any(|(kind, _)| !passing(kind))
}

fn kind_name(kind: u16) -> &'static str {
    let known = Payload::KINDS.iter().find(|(known, _)| *known == kind);
    known.map_or("", |(_, name)| name)
}

/// Walks back the own log to what can be undone and redone.
pub(crate) fn tops(
    store: &dyn Read,
    chains: &Chains,
    (actor, log): (ActorId, LogId),
) -> Result<Tops, StorageError> {
    let mut tops = Tops::default();
    let Some(chain) = chains.of_log(actor, log).first().copied() else {
        return Ok(tops);
    };
    let last = chains.get(chain).applied.map_or(0, |head| head.seq);
    let passed = passed_over(store)?;
    let mut named: BTreeSet<CommandId> = BTreeSet::new();
    let mut redo_open = true;
    for seq in (last.saturating_sub(UNDO_BUNDLES_MAX) + 1..=last).rev() {
        let damaged = || StorageError::DamagedRow { space: "chain" };
        let place = store.place(chain, seq)?.ok_or_else(damaged)?;
        let bundle = store.bundle(place.position)?.ok_or_else(damaged)?.bundle;
        let intent = &bundle.header().intent;
        let undoes = intent.command_type == UNDO;
        let redoes = intent.command_type == REDO;
        let off = named.contains(&intent.command_id);
        if undoes || redoes {
            named.extend(intent.causation_id);
        }
        if !is_undoable(&bundle) {
            continue;
        }
        // Any other edit ends what could be redone before it, even one that was taken back itself.
        redo_open &= undoes || redoes;
        if off || passed.contains(&bundle.id()) {
            continue;
        }
        let wanted = if undoes {
            redo_open && tops.redo.is_none()
        } else {
            tops.undo.is_none()
        };
        if wanted {
            let command_type = match taken_back(store, intent.command_id)? {
                Some(original) if undoes || redoes => original.command_type,
                _ => intent.command_type.clone(),
            };
            let target = Some(Target {
                bundle: bundle.id(),
                command: intent.command_id,
                command_type,
            });
            if undoes {
                tops.redo = target;
            } else {
                tops.undo = target;
            }
        }
        if tops.undo.is_some() && (tops.redo.is_some() || !redo_open) {
            break;
        }
    }
    Ok(tops)
}

/// What undo and redo would do next.
pub(crate) fn stack(
    store: &dyn Read,
    chains: &Chains,
    log: (ActorId, LogId),
) -> Result<UndoStack, StorageError> {
    if let Some(overlay) = overlay::active(store)? {
        let (undo, redo) = edit_tops(store, overlay)?;
        let step = |(id, command_type)| UndoStep {
            what: Undoable::Edit(overlay, id),
            command_type,
        };
        return Ok(UndoStack {
            undo: undo.map(step),
            redo: redo.map(step),
        });
    }
    let tops = tops(store, chains, log)?;
    let step = |target: Target| UndoStep {
        what: Undoable::Bundle(target.bundle),
        command_type: target.command_type,
    };
    Ok(UndoStack {
        undo: tops.undo.map(step),
        redo: tops.redo.map(step),
    })
}

/// An edit of a draft, and what kind of command it was.
type Edit = (EditId, String);

/// The edits of a draft that can be undone and redone: the last that is not undone, and the one behind it.
pub(crate) fn edit_tops(
    store: &dyn Read,
    overlay: OverlayId,
) -> Result<(Option<Edit>, Option<Edit>), StorageError> {
    let edits = overlay::edits(store, overlay)?;
    let at = edits.iter().rposition(|(_, row)| !row.undone);
    let edit = |at: usize| {
        edits
            .get(at)
            .map(|(id, row): &(EditId, _)| (*id, row.command_type.clone()))
    };
    Ok((at.and_then(edit), edit(at.map_or(0, |at| at + 1))))
}

fn passed_over(store: &dyn Read) -> Result<Vec<BundleId>, StorageError> {
    let bytes = store.get(Space::Meta, PASSED)?;
    Ok(bytes
        .map(|bytes| stored(Space::Meta, &bytes))
        .transpose()?
        .unwrap_or_default())
}

/// Notes that nothing of a bundle could be taken back.
pub(crate) fn pass_over(store: &mut dyn Write, bundle: BundleId) -> Result<(), StorageError> {
    let mut passed = passed_over(&*store)?;
    passed.push(bundle);
    // Older ones have left the stretch of the log that is looked through.
    let surplus = passed.len().saturating_sub(UNDO_BUNDLES_MAX as usize);
    passed.drain(..surplus);
    store.put(Space::Meta, PASSED, &encode(&passed))
}
