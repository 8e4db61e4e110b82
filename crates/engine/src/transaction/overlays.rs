//! Drafts in a transaction: what is done to them, and what is staged in them.

use std::sync::Arc;

use openprod_core::{CommandId, EntityId, Payload};
use openprod_storage::{ChainId, StorageError};

use super::{Transaction, intent};
use crate::command::{CommandError, DriftChoice, Outcome, OverlayCommand, Request};
use crate::layer::Layered;
use crate::overlay::{self, Committer, EditId, EditRow, Overlay, OverlayId};
use crate::plan::{NAME_BYTES_MAX, View, coalesce, plan};
use crate::state::{Changes, State};
use crate::state_hash::StateHash;
use crate::subject::Subject;
use crate::text::Bundle;

impl Transaction<'_> {
    /// Does something to a draft itself.
    pub(super) fn perform(
        &mut self,
        command_id: CommandId,
        command: &OverlayCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let act = request.command.name();
        let mut outcome = Outcome::of(command_id);
        self.cache.staged = None;
        let overlay = match command {
            OverlayCommand::Create { name } => self.create_overlay(act, name)?,
            OverlayCommand::Activate { overlay } => {
                self.known(act, *overlay)?;
                self.switch(Some(*overlay))?;
                *overlay
            }
            OverlayCommand::Stash { overlay } => {
                self.known(act, *overlay)?;
                if overlay::active(&*self.write)? != Some(*overlay) {
                    return Err(CommandError::NotActive { overlay: *overlay });
                }
                self.switch(None)?;
                *overlay
            }
            OverlayCommand::Discard { overlay } => {
                self.known(act, *overlay)?;
                self.tell_what_is_staged(*overlay)?;
                self.remove_overlay(*overlay)?;
                *overlay
            }
            OverlayCommand::Commit { overlay } => {
                self.known(act, *overlay)?;
                let drifts = overlay::drifts(&*self.write, *overlay)?;
                if !drifts.is_empty() {
                    let overlay = *overlay;
                    return Err(CommandError::OpenDrift { overlay, drifts });
                }
                let payloads = coalesce::edits(overlay::payloads(&*self.write, *overlay)?);
                if payloads.is_empty() {
                    return Err(CommandError::Nothing { act });
                }
                self.tell_what_is_staged(*overlay)?;
                (outcome.created, outcome.edges) = super::answers::made(&payloads);
                outcome.bundle_id = Some(self.write_down(intent(command_id, request), payloads)?);
                self.remove_overlay(*overlay)?;
                *overlay
            }
            OverlayCommand::Drop { overlay, edit } => {
                self.known(act, *overlay)?;
                self.tell_what_is_staged(*overlay)?;
                self.drop_edit(*overlay, *edit)?;
                *overlay
            }
            OverlayCommand::Resolve {
                overlay,
                subject,
                cell,
                choice,
            } => {
                self.known(act, *overlay)?;
                self.tell_what_is_staged(*overlay)?;
                let mut drifts = overlay::drifts(&*self.write, *overlay)?;
                drifts.retain(|drift| {
                    drift.subject == *subject && cell.as_ref().is_none_or(|cell| *cell == drift.cell)
                });
                if drifts.is_empty() {
                    return Err(CommandError::NotDrifted { overlay: *overlay });
                }
                for drift in &drifts {
                    match choice {
                        DriftChoice::KeepMine => {
                            overlay::keep_mine(&mut *self.write, *overlay, drift, self.now)?;
                        }
                        DriftChoice::UseCanonical => drift.use_canonical(&mut *self.write, *overlay)?,
                    }
                }
                *overlay
            }
        };
        self.committed.overlays.insert(overlay);
        outcome.overlay_id = Some(overlay);
        Ok(outcome)
    }

    /// Stages what a command comes to, planned against the workspace with the draft on top.
    pub(super) fn stage(
        &mut self,
        command_id: CommandId,
        id: OverlayId,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let act = request.command.name();
        let overlay = self.known(act, id)?;
        let view = match self.cache.staged.take().filter(|view| view.overlay == id) {
            Some(view) => Arc::unwrap_or_clone(view),
            None => overlay::build(&*self.write, &self.cache.synonyms, self.committer(), id)?,
        };
        let layered = Layered::over(&*self.write, &view.rows);
        let mut state = State::new(StateHash::ZERO, Arc::clone(&view.synonyms));
        let plan = plan(
            &mut View {
                store: &layered,
                state: &mut state,
                schema: &view.schema,
                synonyms: &view.synonyms,
                chains: &self.cache.chains,
                actor: self.identity.actor(),
                log: self.cache.summary.log,
                next_bundle: Bundle {
                    chain: ChainId(u32::MAX),
                    seq: u64::MAX,
                },
                now: self.now,
                random: self.random,
            },
            &request.command,
        )?;
        for cell in overlay::watched(&plan.payloads) {
            if !overlay::has_base(&*self.write, id, &cell)? {
                let tips = match cell.0 {
                    Subject::Entity(entity) => self.state.row(&*self.write, entity)?.tip_ids(&cell.1),
                    Subject::Edge(edge) => self.state.edge(&*self.write, edge)?.cells.tip_ids(&cell.1),
                };
                overlay::put_base(&mut *self.write, id, &cell, &tips)?;
            }
        }
        let edit = EditRow::new(act, self.now, &plan.payloads);
        let edit_id = overlay::append(&mut *self.write, overlay, &edit)?;
        let schema = Arc::clone(&view.schema);
        let view = view.extend(&*self.write, (edit_id, &edit))?;
        self.committed.schema_changed |= !Arc::ptr_eq(&view.schema, &schema);
        self.tell(view.changes.clone());
        self.cache.staged = Some(Arc::new(view));
        self.committed.overlays.insert(id);
        Ok(Outcome {
            overlay_id: Some(id),
            created: plan.created,
            edges: plan.edges,
            taken_back: plan.taken_back,
            skipped: plan.skipped,
            ..Outcome::of(command_id)
        })
    }

    /// Finds where drafts have drifted by what this transaction wrote.
    pub(super) fn notice_drifts(&mut self) -> Result<(), StorageError> {
        if self.touched.is_empty() {
            return Ok(());
        }
        for overlay in overlay::list(&*self.write)? {
            let drifts = overlay::drifted(&*self.write, overlay.id, Some(&self.touched))?;
            if !drifts.is_empty() {
                self.committed.drifts.push((overlay.id, drifts));
            }
        }
        Ok(())
    }

    /// Who would commit a draft now.
    fn committer(&self) -> Committer {
        Committer {
            actor: self.identity.actor(),
            log: self.cache.summary.log,
            latest: self.cache.chains.latest(),
        }
    }

    fn known(&self, act: &'static str, overlay: OverlayId) -> Result<Overlay, CommandError> {
        overlay::find(&*self.write, overlay)?.ok_or(CommandError::UnknownOverlay { act, overlay })
    }

    fn create_overlay(&mut self, act: &'static str, name: &str) -> Result<OverlayId, CommandError> {
        let problem = if name.trim().is_empty() {
            "is empty"
        } else if name.len() > NAME_BYTES_MAX {
            "is longer than 200 bytes"
        } else {
            let entropy = self.entropy();
            let id = OverlayId::new(EntityId::new(self.now, entropy));
            overlay::create(&mut *self.write, id, name, self.now)?;
            self.cache.summary.overlays += 1;
            self.switch(Some(id))?;
            return Ok(id);
        };
        let name = name.chars().take(80).collect();
        Err(CommandError::BadName { act, name, problem })
    }

    /// Makes another draft the active one, or none.
    fn switch(&mut self, to: Option<OverlayId>) -> Result<(), StorageError> {
        let from = overlay::active(&*self.write)?;
        if from == to {
            return Ok(());
        }
        for overlay in from.into_iter().chain(to) {
            self.tell_what_is_staged(overlay)?;
            self.committed.overlays.insert(overlay);
        }
        overlay::activate(&mut *self.write, to)
    }

    fn remove_overlay(&mut self, overlay: OverlayId) -> Result<(), StorageError> {
        self.cache.summary.overlays = self.cache.summary.overlays.saturating_sub(1);
        overlay::remove(&mut *self.write, overlay)
    }

    /// Takes an edit out of a draft, unless a later one works on what it makes.
    fn drop_edit(&mut self, overlay: OverlayId, edit: EditId) -> Result<(), CommandError> {
        let edits = overlay::edits(&*self.write, overlay)?;
        let dropped = edits.iter().find(|(id, _)| *id == edit);
        let (_, dropped) = dropped.ok_or(CommandError::UnknownEdit { overlay, edit })?;
        let made = made(&dropped.payloads()?);
        for (later, row) in edits.iter().filter(|(id, row)| *id > edit && !row.undone) {
            let works_on = row.payloads()?.into_iter().flat_map(crate::derive::effects);
            if works_on
                .flat_map(|effect| effect.touches())
                .any(|subject| made.contains(&subject))
            {
                let later = *later;
                return Err(CommandError::EditNeeded { overlay, edit, later });
            }
        }
        overlay::remove_edit(&mut *self.write, overlay, edit)?;
        overlay::trim_bases(&mut *self.write, overlay)?;
        Ok(())
    }

    /// Tells those who show records which ones look different with the draft and without it.
    pub(super) fn tell_what_is_staged(&mut self, id: OverlayId) -> Result<(), StorageError> {
        let view = overlay::build(&*self.write, &self.cache.synonyms, self.committer(), id)?;
        self.committed.schema_changed |= *view.schema != *self.cache.schema;
        self.tell(view.changes);
        Ok(())
    }

    fn tell(&mut self, changes: Changes) {
        self.committed.changes.merge(Changes {
            opened: Vec::new(),
            resolved: Vec::new(),
            ..changes
        });
    }
}

/// The entities and edges that operations make.
fn made(payloads: &[Payload]) -> Vec<Subject> {
    let made = payloads.iter().filter_map(|payload| match payload {
        Payload::CreateEntity(op) => Some(Subject::Entity(op.entity)),
        Payload::CreateEdge(op) => Some(Subject::Edge(op.edge)),
        Payload::CreateOrderedEdge(op) => Some(Subject::Edge(op.edge)),
        _ => None,
    });
    made.collect()
}
