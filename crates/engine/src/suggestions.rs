//! Which fields of different tables may be one, and should be asked about.
//!
//! A pair is suggested when both fields have the same type and, apart from case, spaces and punctuation, the same
//! name, when nobody has decided on it yet, and when the tables share a record: only then do the two stand side by
//! side and may be given values that differ.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{FacetId, FieldType};
use openprod_storage::StorageError;

use crate::schema::{Field, Table};
use crate::snapshot::Snapshot;
use crate::synonyms::Pair;

/// How many records of a table are looked at: suggestions are made while a person waits.
const MEMBERS_MAX: usize = 1_000;

/// What two fields that may be one have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    name: String,
    field_type: FieldType,
}

impl Snapshot {
    /// The pairs of fields that may be one, in ascending order. Tables count as sharing a record when one of the
    /// first thousand of either is in the other too.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn suggested_mappings(&self) -> Result<BTreeSet<Pair>, StorageError> {
        let mappings = &self.synonyms().mappings;
        let mut alike: BTreeMap<Likeness, Vec<(&Table, &Field)>> = BTreeMap::new();
        for table in &self.schema().tables {
            for field in &table.fields {
                if let Some(likeness) = likeness(field) {
                    alike.entry(likeness).or_default().push((table, field));
                }
            }
        }
        let mut neighbours = BTreeMap::new();
        let mut suggested = BTreeSet::new();
        for fields in alike.values() {
            for (at, (table_a, a)) in fields.iter().enumerate() {
                for (table_b, b) in &fields[at + 1..] {
                    let pair = Pair::new((table_a.id, a.id), (table_b.id, b.id));
                    let settled = mappings.decision(&pair).is_some()
                        || mappings.semantic(a.id) == mappings.semantic(b.id)
                        || table_a.id == table_b.id;
                    if !settled
                        && (self.meets(&mut neighbours, table_a.id, table_b.id)?
                            || self.meets(&mut neighbours, table_b.id, table_a.id)?)
                    {
                        suggested.insert(pair);
                    }
                }
            }
        }
        Ok(suggested)
    }

    /// Whether one of the first records of a table is in the other; `known` keeps what was read.
    fn meets(
        &self,
        known: &mut BTreeMap<FacetId, BTreeSet<FacetId>>,
        table: FacetId,
        other: FacetId,
    ) -> Result<bool, StorageError> {
        if let Some(neighbours) = known.get(&table) {
            return Ok(neighbours.contains(&other));
        }
        let members = self.members(table, None, MEMBERS_MAX)?;
        let neighbours: BTreeSet<_> = members.iter().flat_map(|(_, row)| row.facets()).collect();
        let meets = neighbours.contains(&other);
        known.insert(table, neighbours);
        Ok(meets)
    }
}

/// What fields must share with this one; `None` when it can be one with no other, or its name says nothing.
fn likeness(field: &Field) -> Option<Likeness> {
    let name: String = field
        .name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let fit = !name.is_empty() && !field.field_type.is_crdt() && !field.is_followed();
    fit.then_some(Likeness {
        name,
        field_type: field.field_type,
    })
}
