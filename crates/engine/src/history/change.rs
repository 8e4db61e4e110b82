//! One thing that an operation did, as people read it.

use std::collections::BTreeMap;

use openprod_core::{BundleHash, EdgeId, EntityId, FacetId, FieldId, OpId, Payload, Value, VerifiedBundle};
use openprod_storage::StorageError;

use super::about;
use crate::derive::{Effect, effects};
use crate::edge::Ends;
use crate::row::{CellKey, Row};
use crate::schema::reserved;
use crate::snapshot::Snapshot;
use crate::subject::Subject;
use crate::synonyms::{AliasChange, NameChange, Pair};

/// One thing that an operation did.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The operation; one can do several things.
    pub op_id: OpId,
    /// What it did.
    pub deed: Deed,
    /// The table in which a field was edited, or a record put or left.
    pub facet: Option<FacetId>,
    /// What its author saw in the cell before, empty if nothing; `None` where it was not worked out, as in a history
    /// that is not of one record or edge.
    pub before: Option<Value>,
    /// Whether what it wrote is what is shown now.
    pub shown: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// A cell was written.
    Wrote {
        /// The entity or edge, under the name that was written to.
        subject: Subject,
        /// The cell.
        cell: CellKey,
        /// The value.
        value: Value,
    },
    /// An edge was made; its properties are told of separately.
    Related {
        /// The edge.
        edge: EdgeId,
        /// What it connects.
        ends: Ends,
    },
    /// Two records were declared one.
    Merged {
        /// The one that stays.
        survivor: EntityId,
        /// The one that becomes another name for it.
        absorbed: EntityId,
    },
    /// One record was declared two.
    Split {
        /// The record.
        source: EntityId,
        /// What became one of its own.
        new: EntityId,
    },
    /// It was decided whether two fields are one.
    Mapped {
        /// The fields.
        pair: Pair,
        /// Whether they are.
        confirmed: bool,
    },
    /// A text or a list was edited.
    Edited {
        /// The entity.
        entity: EntityId,
        /// The field.
        field: FieldId,
        /// The length of the delta in bytes.
        bytes: usize,
    },
    /// Something that happened was recorded.
    Recorded {
        /// What kind of fact.
        fact_type: String,
    },
    /// Nothing, for the operation cannot be read here.
    Unreadable {
        /// Why.
        reason: String,
    },
}

impl Deed {
    /// The entities and edges that it is about.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let both = |a: EntityId, b: EntityId| vec![Subject::Entity(a), Subject::Entity(b)];
        match self {
            Self::Wrote { subject, .. } => vec![*subject],
            Self::Related { edge, ends } => about(*edge, ends.source, ends.target),
            Self::Merged { survivor, absorbed } => both(*survivor, *absorbed),
            Self::Split { source, new } => both(*source, *new),
            Self::Mapped { pair, .. } => both(pair.fields.0.entity(), pair.fields.1.entity()),
            Self::Edited { entity, .. } => vec![Subject::Entity(*entity)],
            Self::Recorded { .. } | Self::Unreadable { .. } => Vec::new(),
        }
    }

    fn of(effect: Effect) -> Self {
        match effect {
            Effect::Write(subject, cell, value) => Self::Wrote { subject, cell, value },
            Effect::Make(edge, ends) => Self::Related { edge, ends },
            Effect::Rename(NameChange::Alias(AliasChange::Merge { survivor, absorbed })) => {
                Self::Merged { survivor, absorbed }
            }
            Effect::Rename(NameChange::Alias(AliasChange::Split { source, new })) => {
                Self::Split { source, new }
            }
            Effect::Rename(NameChange::Mapping(change)) => Self::Mapped {
                pair: change.pair,
                confirmed: change.confirmed,
            },
            Effect::Edit {
                entity, field, delta, ..
            } => Self::Edited {
                entity,
                field,
                bytes: delta.len(),
            },
        }
    }
}

/// All that a bundle did, in order. Whether it is shown is not looked up here.
pub(super) fn deeds(bundle: &VerifiedBundle) -> impl Iterator<Item = Change> {
    let id = bundle.id();
    bundle.payloads().flat_map(move |(index, payload)| {
        let change = |deed, facet| Change {
            op_id: id.operation(index),
            deed,
            facet,
            before: None,
            shown: false,
        };
        let payload = match payload {
            Err(error) => {
                let reason = error.to_string();
                return vec![change(Deed::Unreadable { reason }, None)];
            }
            Ok(payload) => payload,
        };
        let facet = match &payload {
            Payload::SetField(op) => Some(op.facet),
            Payload::SetCrdtField(op) => Some(op.facet),
            Payload::AttachFacet(op) => Some(op.facet),
            Payload::DetachFacet(op) => Some(op.facet),
            Payload::RecordFact(op) => {
                let fact_type = op.fact_type.clone();
                return vec![change(Deed::Recorded { fact_type }, None)];
            }
            _ => None,
        };
        let effects = effects(payload).into_iter();
        effects.map(|effect| change(Deed::of(effect), facet)).collect()
    })
}

/// The present, read once for each subject that a page names.
pub(super) struct Current<'a> {
    snapshot: &'a Snapshot,
    rows: BTreeMap<Subject, Option<Row>>,
}

impl<'a> Current<'a> {
    pub(super) const fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            rows: BTreeMap::new(),
        }
    }

    /// The row of one name of an entity, or of an edge.
    fn row(&mut self, subject: Subject) -> Result<Option<&Row>, StorageError> {
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.rows.entry(subject) {
            vacant.insert(self.snapshot.raw_row(subject)?);
        }
        Ok(self.rows[&subject].as_ref())
    }

    /// Whether a write is the greatest tip of its cell, or, of other deeds, whether there is nothing to overwrite.
    pub(super) fn is_shown(&mut self, change: &Change, hash: BundleHash) -> Result<bool, StorageError> {
        let Deed::Wrote { subject, cell, .. } = &change.deed else {
            return Ok(!matches!(change.deed, Deed::Unreadable { .. }));
        };
        let index = change.op_id.index();
        let row = self.row(*subject)?;
        Ok(row.is_some_and(|row| {
            let shown = row.tip_ids(cell).last().copied();
            shown.is_some_and(|(of, at)| of == hash && Some(at) == index)
        }))
    }

    /// Whether an entity is or was a record of a table, part of the table itself, or a view of it; or an edge of such a
    /// record.
    pub(super) fn is_of_table(&mut self, subject: Subject, table: FacetId) -> Result<bool, StorageError> {
        match subject {
            Subject::Entity(entity) if entity.facet() == table => Ok(true),
            Subject::Entity(_) => Ok(self.row(subject)?.is_some_and(|row| {
                let of_it = Value::Entity(EntityId::from_bytes(*table.as_bytes()));
                row.value(&CellKey::Facet(table)).is_some()
                    || *row.field(reserved::FIELD_TABLE) == of_it
                    || *row.field(reserved::VIEW_TABLE) == of_it
            })),
            Subject::Edge(edge) => {
                let Some(edge) = self.snapshot.edge(edge)? else {
                    return Ok(false);
                };
                let is_member =
                    |row: Option<&Row>| row.is_some_and(|row| row.value(&CellKey::Facet(table)).is_some());
                Ok(is_member(self.row(Subject::Entity(edge.ends.source))?)
                    || is_member(self.row(Subject::Entity(edge.ends.target))?))
            }
        }
    }
}
