//! What people do with drafts, and what must hold of them: nothing staged is lost, and what is committed is what
//! was seen.

use std::collections::BTreeMap;

use openprod_core::{EntityId, FieldId, Value};
use openprod_engine::overlay::{EditId, OverlayId};
use openprod_engine::{Command, Destination, DriftChoice, OverlayCommand, Snapshot};

use super::{Broken, Workload};
use crate::network::{DeviceId, Network, device_name};

/// How many drafts a device gets before people rather end one.
const DRAFTS_MAX: usize = 3;

/// The drafts of a device and the edits in them.
type Drafts = Vec<(OverlayId, Vec<EditId>)>;

/// The drafts of the devices, as they were after the last command that each acknowledged.
#[derive(Default)]
pub(super) struct Staged(BTreeMap<DeviceId, Kept>);

struct Kept {
    /// How often the device's disk had been put back by then.
    restores: u32,
    drafts: Drafts,
}

/// What a draft shows of the records that it changes.
pub(super) struct Preview(BTreeMap<EntityId, Shown>);

/// What is shown of a record: whether it is deleted, and its fields.
type Shown = Option<(bool, BTreeMap<FieldId, Value>)>;

impl Staged {
    /// Keeps what is staged on a device.
    pub(super) fn keep(&mut self, network: &Network, id: DeviceId) {
        if let Some(drafts) = drafts(network, id) {
            let restores = network.device(id).restores;
            self.0.insert(id, Kept { restores, drafts });
        }
    }

    /// Checks that it is still there: nothing that others did may change it, nor any crash.
    pub(super) fn check(&self, network: &Network, id: DeviceId) -> Result<(), Broken> {
        let Some(Kept {
            restores,
            drafts: kept,
        }) = self.0.get(&id)
        else {
            return Ok(());
        };
        if network.device(id).restores != *restores {
            return Ok(());
        }
        match drafts(network, id) {
            Some(now) if now != *kept => Err(Broken::Drafts {
                device: device_name(id),
                kept: format!("{kept:?}"),
                now: format!("{now:?}"),
            }),
            _ => Ok(()),
        }
    }
}

impl Preview {
    /// What the draft shows that the command is to commit; `None` of another command, and of a draft that has drifted.
    pub(super) fn of(network: &Network, id: DeviceId, command: &Command) -> Option<Self> {
        let Command::Overlay(OverlayCommand::Commit { overlay }) = command else {
            return None;
        };
        let view = network.device(id).view()?;
        if view.draft() != Some(*overlay) {
            return None;
        }
        let shown = view
            .drafted()
            .into_iter()
            .map(|entity| (entity, shown(&view, entity)));
        Some(Self(shown.collect()))
    }

    /// Checks that the log shows it now.
    pub(super) fn check(&self, network: &Network, id: DeviceId) -> Result<(), Broken> {
        let Some(snapshot) = network.device(id).snapshot() else {
            return Ok(());
        };
        for (entity, seen) in &self.0 {
            let now = shown(&snapshot, *entity);
            if now != *seen {
                return Err(Broken::Preview {
                    device: device_name(id),
                    entity: *entity,
                    seen: format!("{seen:?}"),
                    now: format!("{now:?}"),
                });
            }
        }
        Ok(())
    }
}

impl Workload {
    /// Does something to a draft: ends one when there are many.
    pub(super) fn draft_command(&mut self, network: &Network, id: DeviceId) -> Option<Command> {
        let snapshot = network.device(id).snapshot()?;
        let drafts = snapshot.overlays().ok()?;
        let active = snapshot.active_overlay().ok()?;
        let picked = self.random.pick(&drafts).map(|overlay| overlay.id);
        let at_hand = active.filter(|_| self.random.chance(700)).or(picked);
        let command = match (self.random.below(12), at_hand) {
            (0..3, _) | (_, None) if drafts.len() < DRAFTS_MAX => OverlayCommand::Create {
                name: format!("draft {}", self.random.below(4)),
            },
            (_, None) => return None,
            (3, Some(overlay)) => OverlayCommand::Activate { overlay },
            (4, Some(overlay)) => OverlayCommand::Stash { overlay },
            (5, Some(overlay)) => OverlayCommand::Discard { overlay },
            (6, Some(overlay)) => {
                let diff = snapshot.overlay_diff(overlay).ok()??;
                let edit = self.random.pick(&diff.edits)?.id;
                OverlayCommand::Drop { overlay, edit }
            }
            (7..9, Some(overlay)) => {
                let drifts = snapshot.overlay_diff(overlay).ok()??.drifts;
                let drift = self.random.pick(&drifts)?;
                OverlayCommand::Resolve {
                    overlay,
                    subject: drift.subject,
                    cell: self.random.chance(500).then(|| drift.cell.clone()),
                    choice: if self.random.chance(500) {
                        DriftChoice::KeepMine
                    } else {
                        DriftChoice::UseCanonical
                    },
                }
            }
            (_, Some(overlay)) => OverlayCommand::Commit { overlay },
        };
        Some(Command::Overlay(command))
    }

    /// Mostly where people's changes go by themselves.
    pub(super) fn destination(&mut self, network: &Network, id: DeviceId) -> Destination {
        let active = network
            .device(id)
            .snapshot()
            .and_then(|snapshot| snapshot.active_overlay().ok()?);
        if active.is_some() && self.random.chance(350) {
            Destination::Log
        } else {
            Destination::Active
        }
    }
}

fn drafts(network: &Network, id: DeviceId) -> Option<Drafts> {
    let snapshot = network.device(id).snapshot()?;
    let overlays = snapshot.overlays().ok()?;
    overlays
        .into_iter()
        .map(|overlay| {
            let diff = snapshot.overlay_diff(overlay.id).ok()??;
            Some((overlay.id, diff.edits.iter().map(|edit| edit.id).collect()))
        })
        .collect()
}

fn shown(snapshot: &Snapshot, entity: EntityId) -> Shown {
    let row = snapshot.row(entity).expect("a simulated store can be read")?;
    let fields = row
        .fields()
        .map(|field| (field, row.field(field).clone()))
        .filter(|(_, value)| *value != Value::Empty);
    Some((row.is_deleted(), fields.collect()))
}
