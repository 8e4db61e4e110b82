//! Drafts (overlays): changes that are staged here, seen here, and in the log only once they are committed.
//!
//! An overlay holds its edits in order, each with the operations that its command came to, and for every cell that
//! they write the tips that it had when it was first written: when others stand there later, the draft has drifted.
//! Overlays never leave this device; they survive a restart.

mod diff;
mod drift;
mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use openprod_core::encoding::{decode_unchecked, encode};
use openprod_core::id::ParseIdError;
use openprod_core::{BundleHash, EntityId, Payload, Timestamp};
use openprod_storage::{Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

pub(crate) use diff::diff;
pub use diff::{OverlayDiff, StagedChange, StagedEdit};
pub use drift::Drift;
pub(crate) use drift::{drifted, drifts, keep_mine};
pub(crate) use view::{Committer, OverlayView, build};

use crate::derive::{Effect, effects};
use crate::row::CellKey;
use crate::stored::stored;
use crate::subject::Subject;

/// Names an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct OverlayId(EntityId);

impl OverlayId {
    pub(crate) const fn new(id: EntityId) -> Self {
        Self(id)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for OverlayId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for OverlayId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self)
    }
}

/// Names an edit of an overlay: they count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct EditId(pub u64);

/// An overlay, without its edits.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Overlay {
    /// Its id.
    pub id: OverlayId,
    /// Its name.
    pub name: String,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_micros: u64,
    /// The number of the next edit.
    next: u64,
}

/// An edit as it is stored.
#[derive(Clone, Debug, SchemaRead, SchemaWrite)]
pub(crate) struct EditRow {
    pub(crate) command_type: String,
    pub(crate) at_micros: u64,
    /// The operations: kind and payload of each.
    frames: Vec<(u16, Vec<u8>)>,
    /// Whether it has been undone, and can be redone.
    pub(crate) undone: bool,
}

/// A cell that a draft watches.
pub(crate) type WatchedCell = (Subject, CellKey);

/// A tip, by the operation that wrote it.
pub(crate) type TipId = (BundleHash, u32);

impl EditRow {
    pub(crate) fn new(command_type: &str, at: Timestamp, payloads: &[Payload]) -> Self {
        Self {
            command_type: command_type.to_owned(),
            at_micros: at.as_micros(),
            frames: payloads
                .iter()
                .map(|payload| (payload.kind(), payload.encode()))
                .collect(),
            undone: false,
        }
    }

    /// The operations, in order.
    pub(crate) fn payloads(&self) -> Result<Vec<Payload>, StorageError> {
        let damaged = |_| StorageError::DamagedRow {
            space: Space::Overlay.name(),
        };
        let frames = self.frames.iter();
        frames
            .map(|(kind, bytes)| Payload::decode(*kind, bytes).map_err(damaged))
            .collect()
    }

    /// Leaves out the operations that `drop` names; says whether any are left.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Payload) -> bool) -> Result<bool, StorageError> {
        let payloads = self.payloads()?;
        let mut kept = payloads.iter().map(keep);
        self.frames.retain(|_| kept.next().unwrap_or(true));
        Ok(!self.frames.is_empty())
    }
}

/// The cells that operations write.
pub(crate) fn cells(payloads: &[Payload]) -> BTreeSet<WatchedCell> {
    let effects = payloads.iter().cloned().flat_map(effects);
    effects
        .filter_map(|effect| match effect {
            Effect::Write(subject, key, _) => Some((subject, key)),
            _ => None,
        })
        .collect()
}

const ROW: u8 = b'o';
const EDIT: u8 = b'e';
const BASE: u8 = b'b';
const ACTIVE: &[u8] = b"overlay";

fn key(overlay: OverlayId, part: u8, rest: &[u8]) -> Vec<u8> {
    [overlay.as_bytes().as_slice(), &[part], rest].concat()
}

/// The active overlay, if there is one.
pub(crate) fn active(store: &dyn Read) -> Result<Option<OverlayId>, StorageError> {
    let id = store.get(Space::Meta, ACTIVE)?;
    id.map(|bytes| stored(Space::Meta, &bytes)).transpose()
}

pub(crate) fn activate(store: &mut dyn Write, overlay: Option<OverlayId>) -> Result<(), StorageError> {
    match overlay {
        Some(overlay) => store.put(Space::Meta, ACTIVE, &encode(&overlay)),
        None => store.delete(Space::Meta, ACTIVE),
    }
}

/// All overlays, in order of id.
pub(crate) fn list(store: &dyn Read) -> Result<Vec<Overlay>, StorageError> {
    let mut overlays: Vec<Overlay> = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    // The edits and bases between one overlay's row and the next are skipped, not read.
    while let Some((first, _)) = store.scan(Space::Overlay, &[], after.as_deref(), 1)?.pop() {
        let damaged = |_| StorageError::DamagedRow {
            space: Space::Overlay.name(),
        };
        let id = OverlayId(EntityId::from_bytes(first[..16].try_into().map_err(damaged)?));
        overlays.extend(find(store, id)?);
        after = Some(key(id, u8::MAX, &[]));
    }
    Ok(overlays)
}

pub(crate) fn find(store: &dyn Read, overlay: OverlayId) -> Result<Option<Overlay>, StorageError> {
    let row = store.get(Space::Overlay, &key(overlay, ROW, &[]))?;
    row.map(|bytes| stored(Space::Overlay, &bytes)).transpose()
}

/// The edits of an overlay, undone ones too, in order.
pub(crate) fn edits(store: &dyn Read, overlay: OverlayId) -> Result<Vec<(EditId, EditRow)>, StorageError> {
    let rows = store.scan(Space::Overlay, &key(overlay, EDIT, &[]), None, usize::MAX)?;
    rows.into_iter()
        .map(|(key, value)| {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Overlay.name(),
            };
            let number = u64::from_be_bytes(key[17..].try_into().map_err(damaged)?);
            Ok((EditId(number), stored(Space::Overlay, &value)?))
        })
        .collect()
}

/// The operations of an overlay's edits that are not undone, in order.
pub(crate) fn payloads(store: &dyn Read, overlay: OverlayId) -> Result<Vec<Vec<Payload>>, StorageError> {
    let edits = edits(store, overlay)?.into_iter();
    edits
        .filter(|(_, edit)| !edit.undone)
        .map(|(_, edit)| edit.payloads())
        .collect()
}

/// Stores a new overlay.
pub(crate) fn create(
    store: &mut dyn Write,
    id: OverlayId,
    name: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let overlay = Overlay {
        id,
        name: name.to_owned(),
        created_micros: now.as_micros(),
        next: 1,
    };
    store.put(Space::Overlay, &key(id, ROW, &[]), &encode(&overlay))
}

/// Adds an edit behind those that are there; what was undone can then no longer be redone.
pub(crate) fn append(
    store: &mut dyn Write,
    mut overlay: Overlay,
    edit: &EditRow,
) -> Result<EditId, StorageError> {
    for (id, old) in edits(&*store, overlay.id)? {
        if old.undone {
            remove_edit(store, overlay.id, id)?;
        }
    }
    let id = EditId(overlay.next);
    overlay.next += 1;
    put_edit(store, overlay.id, id, edit)?;
    store.put(Space::Overlay, &key(overlay.id, ROW, &[]), &encode(&overlay))?;
    Ok(id)
}

pub(crate) fn put_edit(
    store: &mut dyn Write,
    overlay: OverlayId,
    id: EditId,
    edit: &EditRow,
) -> Result<(), StorageError> {
    store.put(
        Space::Overlay,
        &key(overlay, EDIT, &id.0.to_be_bytes()),
        &encode(edit),
    )
}

pub(crate) fn remove_edit(store: &mut dyn Write, overlay: OverlayId, id: EditId) -> Result<(), StorageError> {
    store.delete(Space::Overlay, &key(overlay, EDIT, &id.0.to_be_bytes()))
}

/// Removes an overlay with all that is in it.
pub(crate) fn remove(store: &mut dyn Write, overlay: OverlayId) -> Result<(), StorageError> {
    if active(&*store)? == Some(overlay) {
        activate(store, None)?;
    }
    for (key, _) in store.scan(Space::Overlay, overlay.as_bytes(), None, usize::MAX)? {
        store.delete(Space::Overlay, &key)?;
    }
    Ok(())
}

/// The tips that each cell had when the overlay first wrote it, in order.
pub(crate) fn bases(
    store: &dyn Read,
    overlay: OverlayId,
) -> Result<Vec<(WatchedCell, Vec<TipId>)>, StorageError> {
    let rows = store.scan(Space::Overlay, &key(overlay, BASE, &[]), None, usize::MAX)?;
    rows.into_iter()
        .map(|(key, value)| {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Overlay.name(),
            };
            let cell = decode_unchecked(&key[17..]).map_err(damaged)?;
            Ok((cell, stored(Space::Overlay, &value)?))
        })
        .collect()
}

pub(crate) fn put_base(
    store: &mut dyn Write,
    overlay: OverlayId,
    cell: &WatchedCell,
    tips: &[TipId],
) -> Result<(), StorageError> {
    store.put(
        Space::Overlay,
        &key(overlay, BASE, &encode(cell)),
        &encode(&tips.to_vec()),
    )
}

pub(crate) fn has_base(
    store: &dyn Read,
    overlay: OverlayId,
    cell: &WatchedCell,
) -> Result<bool, StorageError> {
    Ok(store
        .get(Space::Overlay, &key(overlay, BASE, &encode(cell)))?
        .is_some())
}

/// Forgets the bases of cells that no edit writes any more.
pub(crate) fn trim_bases(store: &mut dyn Write, overlay: OverlayId) -> Result<(), StorageError> {
    let mut written = BTreeSet::new();
    for (_, edit) in edits(&*store, overlay)? {
        written.extend(watched(&edit.payloads()?));
    }
    for (cell, _) in bases(&*store, overlay)? {
        if !written.contains(&cell) {
            store.delete(Space::Overlay, &key(overlay, BASE, &encode(&cell)))?;
        }
    }
    Ok(())
}

/// The cells whose tips an edit must remember: those it writes, and whether what it writes to exists.
pub(crate) fn watched(payloads: &[Payload]) -> BTreeSet<WatchedCell> {
    let mut cells = cells(payloads);
    let subjects: BTreeSet<_> = cells.iter().map(|(subject, _)| *subject).collect();
    cells.extend(subjects.into_iter().map(|subject| (subject, CellKey::Exists)));
    cells
}
