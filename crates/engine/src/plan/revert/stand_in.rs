//! Whose write a tip stands for: an undo or a redo puts back what stood there before.
//!
//! Someone who made two edits of one field, and undid the second, finds the first one's value there, written by the
//! undo. It still is the first one's, and can be undone. Known only of what was undone on this device.

use std::collections::BTreeMap;

use openprod_core::{BundleId, OpId};
use openprod_storage::StorageError;

use super::Revert;
use crate::history::past::Past;
use crate::history::trail::{Rows, Trail};
use crate::row::CellKey;
use crate::subject::Subject;
use crate::synonyms::NameChange;
use crate::transaction::taken_back;

/// How many edits that were undone one may lie behind.
const STEPS_MAX: usize = 64;

/// What has been looked up.
#[derive(Default)]
pub(super) struct StandIns {
    /// What each bundle took back.
    taken_back: BTreeMap<BundleId, Option<BundleId>>,
    /// The writes to all subjects of the revert, once they are needed.
    trail: Option<Trail>,
    /// The rows before bundles that were taken back.
    before: BTreeMap<BundleId, Rows>,
}

impl Revert<'_, '_> {
    /// Whether a tip is the bundle's own write, or stands for the same.
    pub(super) fn is_own(
        &mut self,
        subject: Subject,
        key: &CellKey,
        tip: OpId,
    ) -> Result<bool, StorageError> {
        let own = self.bundle.id();
        Ok(tip.bundle() == own
            || self.origin(subject, key, tip.bundle())? == self.origin(subject, key, own)?)
    }

    /// The bundle whose write another's write to a cell puts back; `None` where it puts back that nothing was there.
    fn origin(
        &mut self,
        subject: Subject,
        key: &CellKey,
        mut bundle: BundleId,
    ) -> Result<Option<BundleId>, StorageError> {
        for _ in 0..STEPS_MAX {
            bundle = self.original(bundle)?;
            let Some(undone) = self.taken_back(bundle)? else {
                break;
            };
            let row = self.rows_before(undone)?.get(subject);
            match row.and_then(|row| row.candidates(key).pop()) {
                Some(tip) => bundle = tip.op_id.bundle(),
                None => return Ok(None),
            }
        }
        Ok(Some(bundle))
    }

    /// Whether the last decision on a mapping is the bundle's own, or stands for the same; if not, which one it is.
    pub(super) fn other_decision(
        &mut self,
        all: &[(OpId, NameChange)],
        is_about: impl Fn(&NameChange) -> bool,
    ) -> Result<Option<OpId>, StorageError> {
        let about: Vec<OpId> = all
            .iter()
            .filter(|(_, change)| is_about(change))
            .map(|(op_id, _)| *op_id)
            .collect();
        let own = self.bundle.id();
        let last = about.last().copied().filter(|last| last.bundle() != own);
        if let Some(last) = last
            && self.origin_of_decision(&about, last.bundle())? == self.origin_of_decision(&about, own)?
        {
            return Ok(None);
        }
        Ok(last)
    }

    fn origin_of_decision(
        &mut self,
        about: &[OpId],
        mut bundle: BundleId,
    ) -> Result<Option<BundleId>, StorageError> {
        for _ in 0..STEPS_MAX {
            bundle = self.original(bundle)?;
            let store = self.view.store;
            let Some(undone) = self.taken_back(bundle)? else {
                break;
            };
            let Some(place) = store.place_of(undone)? else {
                break;
            };
            let past = Past::before(self.view.chains, store, &place)?;
            let mut before = None;
            for op_id in about.iter().rev() {
                if past.contains_id(store, op_id.bundle())? {
                    before = Some(op_id.bundle());
                    break;
                }
            }
            match before {
                Some(before) => bundle = before,
                None => return Ok(None),
            }
        }
        Ok(Some(bundle))
    }

    /// The bundle that another puts back as it was: what undoes an undo is what was undone.
    fn original(&mut self, mut bundle: BundleId) -> Result<BundleId, StorageError> {
        while let Some(undo) = self.taken_back(bundle)? {
            let Some(original) = self.taken_back(undo)? else {
                break;
            };
            bundle = original;
        }
        Ok(bundle)
    }

    fn taken_back(&mut self, bundle: BundleId) -> Result<Option<BundleId>, StorageError> {
        if let Some(known) = self.stand_ins.taken_back.get(&bundle) {
            return Ok(*known);
        }
        let store = self.view.store;
        let mut taken = None;
        if let Some(place) = store.place_of(bundle)?
            && let Some(stored) = store.bundle(place.position)?
        {
            let command = stored.bundle.header().intent.command_id;
            taken = taken_back(store, command)?.map(|taken| taken.bundle);
        }
        self.stand_ins.taken_back.insert(bundle, taken);
        Ok(taken)
    }

    fn rows_before(&mut self, bundle: BundleId) -> Result<&Rows, StorageError> {
        let (store, chains) = (self.view.store, self.view.chains);
        if !self.stand_ins.before.contains_key(&bundle) {
            if self.stand_ins.trail.is_none() {
                let subjects = self.deeds.subjects();
                self.stand_ins.trail = Some(Trail::load(store, chains, &subjects, store.last()?)?);
            }
            let rows = match (store.place_of(bundle)?, &self.stand_ins.trail) {
                (Some(place), Some(trail)) => trail.rows(&Past::before(chains, store, &place)?),
                _ => Rows::default(),
            };
            self.stand_ins.before.insert(bundle, rows);
        }
        Ok(&self.stand_ins.before[&bundle])
    }
}
