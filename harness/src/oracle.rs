//! What the state must be, worked out in the most naive way from the set of all bundles.
//!
//! No clocks, no chains, no incremental anything: each bundle's past is an explicit set of bundles, and the tips of a
//! cell are found by comparing every write with every other. Slow, and short enough to be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use openprod_core::encoding::encode;
use openprod_core::{BundleHash, EntityId, FacetId, FieldId, Hlc, OpId, Payload, Value, VerifiedBundle};
use openprod_engine::conflicts::{ConflictKey, ConflictKind};
use openprod_engine::row::CellKey;
use openprod_engine::{Snapshot, Subject};
use openprod_storage::StorageError;

/// A write to a cell.
#[derive(Clone)]
struct Write {
    /// The bundle's place in [`Oracle::pasts`].
    bundle: usize,
    index: u32,
    order: (Hlc, OpId),
    value: Value,
}

/// The state that a set of bundles must lead to.
pub struct Oracle {
    /// For each bundle, the bundles that its author had seen: those it follows and points at, and all that theirs
    /// had.
    pasts: Vec<BTreeSet<usize>>,
    cells: BTreeMap<EntityId, BTreeMap<CellKey, Vec<Write>>>,
}

impl Oracle {
    /// Works out the state. The bundles may come in any order, and must be closed: whatever one has seen is among
    /// them.
    ///
    /// # Errors
    /// What is missing, if they are not closed.
    pub fn new(bundles: &[VerifiedBundle]) -> Result<Self, String> {
        let mut bundles: Vec<&VerifiedBundle> = bundles.iter().collect();
        // Time extends causality, so in its order every bundle comes after its past.
        bundles.sort_by_key(|bundle| (bundle.header().hlc, *bundle.hash()));
        bundles.dedup_by_key(|bundle| *bundle.hash());
        let place: BTreeMap<BundleHash, usize> = bundles
            .iter()
            .enumerate()
            .map(|(at, bundle)| (*bundle.hash(), at))
            .collect();
        let mut pasts: Vec<BTreeSet<usize>> = Vec::new();
        for (at, bundle) in bundles.iter().enumerate() {
            let header = bundle.header();
            let mut past = BTreeSet::new();
            let mut direct = Vec::new();
            if header.seq > 1 {
                direct.push(
                    *place
                        .get(&header.prev)
                        .ok_or_else(|| format!("{:?} has no predecessor", bundle.id()))?,
                );
            }
            for seen in &header.seen {
                let pointed_at = bundles.iter().position(|other| {
                    let theirs = other.header();
                    (theirs.actor, theirs.log, theirs.seq) == (seen.actor, seen.log, seen.seq)
                        && other.hash().prefix() == seen.prefix
                });
                direct
                    .push(pointed_at.ok_or_else(|| format!("{:?} has seen what is not there", bundle.id()))?);
            }
            for earlier in direct {
                if earlier >= at {
                    return Err(format!("{:?} is not later than what it has seen", bundle.id()));
                }
                past.insert(earlier);
                past.extend(&pasts[earlier]);
            }
            pasts.push(past);
        }
        let mut cells: BTreeMap<EntityId, BTreeMap<CellKey, Vec<Write>>> = BTreeMap::new();
        for (at, bundle) in bundles.iter().enumerate() {
            for (index, payload) in bundle.payloads() {
                let Ok(payload) = payload else { continue };
                let Some((entity, cell, value)) = write_of(payload) else {
                    continue;
                };
                let order = (bundle.header().hlc.plus(index), bundle.id().operation(index));
                let write = Write {
                    bundle: at,
                    index,
                    order,
                    value,
                };
                cells
                    .entry(entity)
                    .or_default()
                    .entry(cell)
                    .or_default()
                    .push(write);
            }
        }
        Ok(Self { pasts, cells })
    }

    /// Compares with what a peer shows; the difference, if there is one, in words.
    ///
    /// # Errors
    /// [`StorageError`] when the peer's store cannot be read.
    pub fn difference(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let mut wanted_conflicts = BTreeSet::new();
        let mut wanted_members: BTreeMap<FacetId, BTreeSet<EntityId>> = BTreeMap::new();
        for (entity, cells) in &self.cells {
            let tips: BTreeMap<CellKey, Vec<&Write>> = cells
                .iter()
                .map(|(cell, all)| (cell.clone(), self.tips(all)))
                .collect();
            let Some(row) = snapshot.row(*entity)? else {
                return Ok(Some(format!("{entity:?} has no row")));
            };
            for (cell, tips) in &tips {
                let wanted: Vec<_> = tips.iter().map(|tip| (tip.order, tip.value.clone())).collect();
                let candidates = row.candidates(cell);
                let found: Vec<_> = candidates
                    .iter()
                    .map(|tip| ((tip.hlc, tip.op_id), tip.value.clone()))
                    .collect();
                if wanted != found {
                    return Ok(Some(format!(
                        "{entity:?} {cell:?}: it must be {wanted:?} and is {found:?}"
                    )));
                }
                if tips
                    .iter()
                    .any(|tip| encode(&tip.value) != encode(&tips[0].value))
                {
                    let kind = match cell {
                        CellKey::Exists => ConflictKind::Existence,
                        CellKey::Facet(facet) => ConflictKind::Membership(*facet),
                        CellKey::Field(field) => ConflictKind::Field(*field),
                        CellKey::Property(_) | CellKey::Place => continue,
                    };
                    wanted_conflicts.insert(ConflictKey {
                        subject: Subject::Entity(*entity),
                        kind,
                    });
                }
            }
            if self.deletion_passed_edit(&tips) {
                wanted_conflicts.insert(ConflictKey {
                    subject: Subject::Entity(*entity),
                    kind: ConflictKind::Deletion,
                });
            }
            let shown = |cell: &CellKey| {
                tips.get(cell)
                    .and_then(|tips| tips.last())
                    .map(|tip| tip.value.clone())
            };
            let deleted = shown(&CellKey::Exists) == Some(Value::Boolean(false));
            if row.is_deleted() != deleted {
                return Ok(Some(format!("{entity:?} must be deleted: {deleted}")));
            }
            for cell in tips.keys() {
                if let CellKey::Facet(facet) = cell
                    && !deleted
                    && shown(cell) == Some(Value::Boolean(true))
                {
                    wanted_members.entry(*facet).or_default().insert(*entity);
                }
            }
            let wanted: BTreeSet<FieldId> = tips
                .keys()
                .filter_map(|cell| match cell {
                    CellKey::Field(field) => Some(*field),
                    _ => None,
                })
                .collect();
            let found: BTreeSet<FieldId> = row.fields().collect();
            if wanted != found {
                return Ok(Some(format!(
                    "{entity:?} must have the fields {wanted:?} and has {found:?}"
                )));
            }
        }
        let found: BTreeSet<_> = snapshot
            .conflicts()?
            .into_iter()
            .map(|conflict| conflict.key)
            .collect();
        if wanted_conflicts != found {
            let mut text = String::new();
            for (name, keys) in [
                ("missing", wanted_conflicts.difference(&found)),
                ("unfounded", found.difference(&wanted_conflicts)),
            ] {
                keys.for_each(|key| write!(text, " {name}: {key:?};").expect("a String takes it"));
            }
            return Ok(Some(format!("conflicts differ:{text}")));
        }
        for table in &snapshot.schema().tables {
            let found: BTreeSet<_> = snapshot
                .members(table.id, None, usize::MAX)?
                .into_iter()
                .map(|(entity, _)| entity)
                .collect();
            let wanted = wanted_members.remove(&table.id).unwrap_or_default();
            if wanted != found {
                return Ok(Some(format!(
                    "table {:?} must have {wanted:?} and has {found:?}",
                    table.name
                )));
            }
        }
        Ok(None)
    }

    /// The writes that no other one had seen, in the order of operations.
    fn tips<'a>(&self, writes: &'a [Write]) -> Vec<&'a Write> {
        let mut tips: Vec<_> = writes
            .iter()
            .filter(|write| !writes.iter().any(|other| self.had_seen(other, write)))
            .collect();
        tips.sort_by_key(|write| write.order);
        tips
    }

    /// Whether the author of `later` had seen `earlier`.
    fn had_seen(&self, later: &Write, earlier: &Write) -> bool {
        if later.bundle == earlier.bundle {
            return later.index > earlier.index;
        }
        self.pasts[later.bundle].contains(&earlier.bundle)
    }

    /// Whether a deletion and an edit stand, neither of which had seen the other.
    fn deletion_passed_edit(&self, tips: &BTreeMap<CellKey, Vec<&Write>>) -> bool {
        let existence = tips.get(&CellKey::Exists).map_or(&[][..], Vec::as_slice);
        let deletions: Vec<_> = existence
            .iter()
            .filter(|write| write.value == Value::Boolean(false))
            .collect();
        let mut edits = tips
            .iter()
            .filter(|(cell, _)| **cell != CellKey::Exists)
            .flat_map(|(_, tips)| tips);
        edits.any(|edit| {
            deletions
                .iter()
                .any(|deletion| !self.had_seen(edit, deletion) && !self.had_seen(deletion, edit))
        })
    }
}

fn write_of(payload: Payload) -> Option<(EntityId, CellKey, Value)> {
    match payload {
        Payload::CreateEntity(op) => Some((op.entity, CellKey::Exists, Value::Boolean(true))),
        Payload::DeleteEntity(op) => Some((op.entity, CellKey::Exists, Value::Boolean(false))),
        Payload::RestoreEntity(op) => Some((op.entity, CellKey::Exists, Value::Boolean(true))),
        Payload::AttachFacet(op) => Some((op.entity, CellKey::Facet(op.facet), Value::Boolean(true))),
        Payload::DetachFacet(op) => Some((op.entity, CellKey::Facet(op.facet), Value::Boolean(false))),
        Payload::SetField(op) => Some((op.entity, CellKey::Field(op.field), op.value)),
        _ => None,
    }
}
