//! Undo and redo in a transaction.

use openprod_core::{CommandId, VerifiedBundle};
use openprod_storage::{Read, Space, StorageError};

use super::answers::CommandRow;
use super::{Transaction, intent};
use crate::command::{Command, CommandError, Outcome, Request};
use crate::overlay::{self, OverlayId};
use crate::plan::{View, revert};
use crate::revert::TakenBack;
use crate::undo::{self, UndoStack, UndoStep, Undoable};

/// What an undo, a redo or a revert that was given here took back.
pub(crate) fn taken_back(store: &dyn Read, command: CommandId) -> Result<Option<TakenBack>, StorageError> {
    let Some(bytes) = store.get(Space::Command, command.as_bytes())? else {
        return Ok(None);
    };
    Ok(CommandRow::read(&bytes)?.taken_back)
}

impl Transaction<'_> {
    /// Undoes or redoes the last bundle of this device's log that can be.
    pub(super) fn step(&mut self, command_id: CommandId, request: &Request) -> Result<Outcome, CommandError> {
        let redo = request.command == Command::Redo;
        let log = (self.identity.actor(), self.cache.summary.log);
        let tops = undo::tops(&*self.write, &self.cache.chains, log)?;
        let target = if redo {
            tops.redo.ok_or(CommandError::NothingToRedo)?
        } else {
            tops.undo.ok_or(CommandError::NothingToUndo)?
        };
        let mut view = View {
            store: &*self.write,
            state: &mut self.state,
            schema: &self.cache.schema,
            synonyms: &self.cache.synonyms,
            chains: &self.cache.chains,
            actor: self.identity.actor(),
            log: self.cache.summary.log,
            next_bundle: super::next_bundle(&self.cache, self.identity.actor()),
            now: self.now,
            random: self.random,
        };
        let mut outcome = Outcome::of(command_id);
        match revert::revert(&mut view, request.command.name(), target.bundle) {
            Ok(plan) => {
                let mut caused = request.clone();
                caused.envelope.causation_id = Some(target.command);
                outcome.bundle_id = Some(self.write_down(intent(command_id, &caused), plan.payloads)?);
                outcome.taken_back = plan.taken_back.map(|taken| TakenBack {
                    command_type: target.command_type,
                    ..taken
                });
                outcome.skipped = plan.skipped;
            }
            Err(CommandError::NothingTakenBack { skipped, .. }) => {
                undo::pass_over(&mut *self.write, target.bundle)?;
                outcome.skipped = skipped;
                self.committed.undo_stack = Some(self.undo_stack()?);
            }
            Err(error) => return Err(error),
        }
        Ok(outcome)
    }

    /// Undoes or redoes the last edit of a draft that can be.
    pub(super) fn step_in_draft(
        &mut self,
        command_id: CommandId,
        id: OverlayId,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let act = request.command.name();
        let overlay = id;
        self.cache.staged = None;
        overlay::find(&*self.write, overlay)?.ok_or(CommandError::UnknownOverlay { act, overlay })?;
        let redo = request.command == Command::Redo;
        let (undo, again) = undo::edit_tops(&*self.write, overlay)?;
        let (edit, _) = if redo {
            again.ok_or(CommandError::NothingToRedo)?
        } else {
            undo.ok_or(CommandError::NothingToUndo)?
        };
        self.tell_what_is_staged(overlay)?;
        for (id, mut row) in overlay::edits(&*self.write, overlay)? {
            if id == edit {
                row.undone = !redo;
                overlay::put_edit(&mut *self.write, overlay, id, &row)?;
            }
        }
        self.tell_what_is_staged(overlay)?;
        self.committed.overlays.insert(overlay);
        Ok(Outcome {
            overlay_id: Some(overlay),
            ..Outcome::of(command_id)
        })
    }

    /// What undo and redo would do next.
    fn undo_stack(&self) -> Result<UndoStack, StorageError> {
        let log = (self.identity.actor(), self.cache.summary.log);
        undo::stack(&*self.write, &self.cache.chains, log)
    }

    /// Notes a bundle that was written here, for the news.
    pub(super) fn note_own(&mut self, bundle: &VerifiedBundle) {
        let intent = &bundle.header().intent;
        let stepped = [undo::UNDO, undo::REDO].contains(&intent.command_type.as_str());
        self.own = Some(if !stepped && undo::is_undoable(bundle) {
            Some(UndoStep {
                what: Undoable::Bundle(bundle.id()),
                command_type: intent.command_type.clone(),
            })
        } else {
            None
        });
    }

    /// Finds what undo and redo would do next, if that may have changed.
    pub(super) fn notice_undo_stack(&mut self) -> Result<(), StorageError> {
        let own = self.own.take();
        let drafts = self.cache.summary.overlays > 0 || !self.committed.overlays.is_empty();
        self.committed.undo_stack = match own {
            // By far the most frequent, and known without reading: an ordinary edit.
            Some(Some(step)) if !drafts => Some(UndoStack {
                undo: Some(step),
                redo: None,
            }),
            None if self.committed.overlays.is_empty()
                && self.committed.undo_stack.is_none()
                && self.committed.log_minted.is_none() =>
            {
                None
            }
            _ => Some(self.undo_stack()?),
        };
        Ok(())
    }
}
