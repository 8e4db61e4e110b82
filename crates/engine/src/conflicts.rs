//! Conflicts: where people wrote without having seen each other, and the results differ.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use openprod_core::encoding::encode;
use openprod_core::id::ParseIdError;
use openprod_core::{EntityId, FacetId, FieldId};
use openprod_storage::{Read, Space, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use crate::row::{Candidate, CellKey, Row};
use crate::stored::stored;

/// Names a conflict by what it is about: the same on every peer, and again should it reopen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct ConflictId(EntityId);

impl fmt::Display for ConflictId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for ConflictId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        text.parse().map(Self)
    }
}

/// What kind of disagreement it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum ConflictKind {
    /// A field was given different values.
    Field(FieldId),
    /// An entity was deleted by one and restored by another.
    Existence,
    /// An entity was taken out of a table by one and put into it by another.
    Membership(FacetId),
    /// An entity was deleted by one and edited by another.
    Deletion,
}

impl ConflictKind {
    /// The name that clients use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Existence => "existence",
            Self::Membership(_) => "membership",
            Self::Deletion => "deletion",
        }
    }
}

/// What a conflict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct ConflictKey {
    /// The entity.
    pub entity: EntityId,
    /// What about it.
    pub kind: ConflictKind,
}

impl ConflictKey {
    /// The conflict's id.
    #[must_use]
    pub fn id(&self) -> ConflictId {
        let hash = blake3::Hasher::new_derive_key("openprod 2026 conflict id 1")
            .update(&encode(self))
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        ConflictId(EntityId::from_bytes(bytes))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// An open conflict, with what each side wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Its id.
    pub id: ConflictId,
    /// What it is about.
    pub key: ConflictKey,
    /// The tables that the entity is a record of; of a deleted entity, those that it was a record of.
    pub facets: Vec<FacetId>,
    /// What was written, in ascending order.
    pub candidates: Vec<Candidate>,
    /// The place in `candidates` of what is shown meanwhile.
    pub shown: usize,
    /// For a deletion: what each candidate wrote to, in the same order.
    pub cells: Vec<CellKey>,
}

/// The conflicts that a row holds.
#[must_use]
pub fn of_row(entity: EntityId, row: &Row) -> BTreeSet<ConflictKey> {
    let mut keys: BTreeSet<_> = row
        .contended()
        .map(|cell| ConflictKey {
            entity,
            kind: match cell {
                CellKey::Exists => ConflictKind::Existence,
                CellKey::Facet(facet) => ConflictKind::Membership(facet),
                CellKey::Field(field) => ConflictKind::Field(field),
            },
        })
        .collect();
    if row.is_deletion_contended() {
        keys.insert(ConflictKey {
            entity,
            kind: ConflictKind::Deletion,
        });
    }
    keys
}

/// All open conflicts, in order of their ids.
pub(crate) fn list(store: &dyn Read) -> Result<Vec<Conflict>, StorageError> {
    let keys = store.scan(Space::Conflict, &[], None, usize::MAX)?;
    let mut conflicts = Vec::with_capacity(keys.len());
    for (_, value) in keys {
        if let Some(conflict) = load(store, stored(Space::Conflict, &value)?)? {
            conflicts.push(conflict);
        }
    }
    Ok(conflicts)
}

/// The open conflict of this id; `None` when there is none.
pub(crate) fn find(store: &dyn Read, id: ConflictId) -> Result<Option<Conflict>, StorageError> {
    let Some(value) = store.get(Space::Conflict, id.0.as_bytes())? else {
        return Ok(None);
    };
    load(store, stored(Space::Conflict, &value)?)
}

pub(crate) fn row_key(id: ConflictId) -> [u8; 16] {
    *id.0.as_bytes()
}

fn load(store: &dyn Read, key: ConflictKey) -> Result<Option<Conflict>, StorageError> {
    let Some(bytes) = store.get(Space::Entity, key.entity.as_bytes())? else {
        return Ok(None);
    };
    let row = Row::decode(&bytes)?;
    let cell = match key.kind {
        ConflictKind::Field(field) => CellKey::Field(field),
        ConflictKind::Membership(facet) => CellKey::Facet(facet),
        ConflictKind::Existence | ConflictKind::Deletion => CellKey::Exists,
    };
    let (cells, candidates): (Vec<_>, Vec<_>) = match key.kind {
        ConflictKind::Deletion => row.deletion_candidates().into_iter().unzip(),
        _ => row
            .candidates(cell)
            .into_iter()
            .map(|candidate| (cell, candidate))
            .unzip(),
    };
    // Of an edit against a deletion, the deletion is what is shown, however late the edit.
    let shown = cells.iter().rposition(|written| *written == cell).unwrap_or(0);
    Ok(Some(Conflict {
        id: key.id(),
        key,
        facets: row.attached().collect(),
        candidates,
        shown,
        cells,
    }))
}
