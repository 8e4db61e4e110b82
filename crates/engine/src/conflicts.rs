//! Conflicts: where people wrote without having seen each other, and the results differ.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use openprod_core::encoding::encode;
use openprod_core::id::ParseIdError;
use openprod_core::{EntityId, FacetId, FieldId};
use openprod_storage::{Read, Space, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use crate::edge::EdgeRow;
use crate::row::{Candidate, CellKey, Row};
use crate::stored::stored;
use crate::subject::Subject;
use crate::synonyms::{Mappings, Synonyms};

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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum ConflictKind {
    /// A field, or several that are mapped onto this one, were given different values.
    Field(FieldId),
    /// A property of an edge was given different values.
    Property(String),
    /// It was deleted by one and restored by another.
    Existence,
    /// An entity was taken out of a table by one and put into it by another.
    Membership(FacetId),
    /// It was deleted by one and edited by another.
    Deletion,
}

impl ConflictKind {
    /// The name that clients use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Field(_) => "field",
            Self::Property(_) => "property",
            Self::Existence => "existence",
            Self::Membership(_) => "membership",
            Self::Deletion => "deletion",
        }
    }
}

/// What a conflict is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct ConflictKey {
    /// The entity or the edge. Of a field, the record; of all else, the name under which it happened.
    pub subject: Subject,
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
    /// The tables that the entity is a record of; of a deleted entity, those that it was a record of. None of an edge.
    pub facets: Vec<FacetId>,
    /// What was written, in ascending order.
    pub candidates: Vec<Candidate>,
    /// The place in `candidates` of what is shown meanwhile.
    pub shown: usize,
    /// For a deletion: what each candidate wrote to, in the same order.
    pub cells: Vec<CellKey>,
}

/// The conflicts that a record's names hold, each with its row: those of fields are the record's, the others
/// those of the name.
pub(crate) fn of_record(
    root: EntityId,
    names: &[(EntityId, &Row)],
    mappings: &Mappings,
) -> BTreeSet<ConflictKey> {
    let mut keys = BTreeSet::new();
    for (name, row) in names {
        keys.extend(of_name(Subject::Entity(*name), row));
    }
    let fields = Row::contended_fields(names.iter().map(|(_, row)| *row), mappings);
    keys.extend(fields.into_iter().map(|field| ConflictKey {
        subject: Subject::Entity(root),
        kind: ConflictKind::Field(field),
    }));
    keys
}

/// The conflicts that an edge's row holds.
pub(crate) fn of_edge(edge: openprod_core::EdgeId, row: &Row) -> BTreeSet<ConflictKey> {
    of_name(Subject::Edge(edge), row).collect()
}

/// The conflicts of one row, those of fields aside.
fn of_name(subject: Subject, row: &Row) -> impl Iterator<Item = ConflictKey> {
    let kinds = row.contended().filter_map(|cell| match cell {
        CellKey::Exists => Some(ConflictKind::Existence),
        CellKey::Facet(facet) => Some(ConflictKind::Membership(*facet)),
        CellKey::Property(name) => Some(ConflictKind::Property(name.clone())),
        CellKey::Field(_) | CellKey::Place => None,
    });
    let deletion = row.is_deletion_contended().then_some(ConflictKind::Deletion);
    kinds
        .chain(deletion)
        .map(move |kind| ConflictKey { subject, kind })
}

/// All open conflicts, in order of their ids.
pub(crate) fn list(store: &dyn Read, synonyms: &Synonyms) -> Result<Vec<Conflict>, StorageError> {
    let keys = store.scan(Space::Conflict, &[], None, usize::MAX)?;
    let mut conflicts = Vec::with_capacity(keys.len());
    for (_, value) in keys {
        if let Some(conflict) = load(store, synonyms, stored(Space::Conflict, &value)?)? {
            conflicts.push(conflict);
        }
    }
    Ok(conflicts)
}

/// The open conflict of this id; `None` when there is none.
pub(crate) fn find(
    store: &dyn Read,
    synonyms: &Synonyms,
    id: ConflictId,
) -> Result<Option<Conflict>, StorageError> {
    let Some(value) = store.get(Space::Conflict, id.0.as_bytes())? else {
        return Ok(None);
    };
    load(store, synonyms, stored(Space::Conflict, &value)?)
}

pub(crate) fn row_key(id: ConflictId) -> [u8; 16] {
    *id.0.as_bytes()
}

fn load(store: &dyn Read, synonyms: &Synonyms, key: ConflictKey) -> Result<Option<Conflict>, StorageError> {
    let bytes = |space, id: &[u8; 16]| store.get(space, id);
    let row = match (key.subject, &key.kind) {
        (Subject::Edge(edge), _) => match bytes(Space::Edge, edge.as_bytes())? {
            Some(bytes) => EdgeRow::decode(&bytes)?.cells,
            None => return Ok(None),
        },
        (Subject::Entity(root), ConflictKind::Field(_)) => {
            let mut rows = Vec::new();
            for name in synonyms.aliases.names(root) {
                if let Some(bytes) = bytes(Space::Entity, name.as_bytes())? {
                    rows.push(Row::decode(&bytes)?);
                }
            }
            Row::assemble(&rows, &synonyms.mappings)
        }
        (Subject::Entity(name), _) => match bytes(Space::Entity, name.as_bytes())? {
            Some(bytes) => Row::decode(&bytes)?,
            None => return Ok(None),
        },
    };
    let cell = match &key.kind {
        ConflictKind::Field(field) => CellKey::Field(*field),
        ConflictKind::Property(name) => CellKey::Property(name.clone()),
        ConflictKind::Membership(facet) => CellKey::Facet(*facet),
        ConflictKind::Existence | ConflictKind::Deletion => CellKey::Exists,
    };
    let (cells, candidates): (Vec<_>, Vec<_>) = match key.kind {
        ConflictKind::Deletion => row.deletion_candidates().into_iter().unzip(),
        _ => row
            .candidates(&cell)
            .into_iter()
            .map(|candidate| (cell.clone(), candidate))
            .unzip(),
    };
    // Of an edit against a deletion, the deletion is what is shown, however late the edit.
    let shown = cells.iter().rposition(|written| *written == cell).unwrap_or(0);
    Ok(Some(Conflict {
        id: key.id(),
        facets: row.attached().collect(),
        key,
        candidates,
        shown,
        cells,
    }))
}
