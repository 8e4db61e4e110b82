//! Comparing with what a peer shows.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{FacetId, Hlc, OpId, Value};
use openprod_engine::Snapshot;
use openprod_engine::conflicts::{Conflict, ConflictKind};
use openprod_engine::row::{Candidate, CellKey};
use openprod_storage::StorageError;

use super::{Cell, Dispute, Kind, Oracle, Thing, Write, claim};

/// Returns with the difference in words unless both sides are equal.
macro_rules! expect_same {
    ($wanted:expr, $found:expr, $($what:tt)+) => {{
        let (wanted, found) = ($wanted, $found);
        // A NaN is not equal to itself, but reads alike.
        if wanted != found && format!("{wanted:?}") != format!("{found:?}") {
            let what = format!($($what)+);
            return Ok(Some(format!("{what}:\n  it must be {wanted:?}\n  and it is  {found:?}")));
        }
    }};
}

impl Oracle {
    /// Compares with what a peer shows; the difference, if there is one, in words.
    ///
    /// # Errors
    /// [`StorageError`] when the peer's store cannot be read.
    pub fn difference(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        if let Some(difference) = self.difference_in_records(snapshot)? {
            return Ok(Some(difference));
        }
        if let Some(difference) = self.difference_in_conflicts(snapshot)? {
            return Ok(Some(difference));
        }
        self.difference_in_tables(snapshot)
    }

    fn difference_in_records(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        for entity in self.entities() {
            let root = self.names().root(entity);
            let row = snapshot.row(root)?;
            expect_same!(self.is_written(root), row.is_some(), "whether {root:?} has a row");
            let Some(row) = row else { continue };
            expect_same!(self.is_deleted(root), row.is_deleted(), "whether {root:?} is deleted");
            expect_same!(
                self.facets(root),
                row.attached().collect::<BTreeSet<_>>(),
                "the facets of {root:?}"
            );
            let fields = self.fields(root);
            expect_same!(
                &fields,
                &row.fields().collect::<BTreeSet<_>>(),
                "the fields of {root:?}"
            );
            for field in fields {
                let tips = self.field(root, field);
                let found = row.candidates(CellKey::Field(field));
                expect_same!(claims(&tips), candidates(&found), "{field:?} of {root:?}");
                let shown = tips.last().map(|tip| tip.value.clone());
                expect_same!(
                    shown.unwrap_or(Value::Empty),
                    row.field(field).clone(),
                    "the value of {field:?} of {root:?}"
                );
            }
        }
        Ok(None)
    }

    fn difference_in_conflicts(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let mut found: BTreeMap<Dispute, Conflict> = BTreeMap::new();
        for conflict in snapshot.conflicts()? {
            found.insert(dispute(&conflict), conflict);
        }
        let wanted = self.conflicts();
        expect_same!(
            wanted.keys().collect::<Vec<_>>(),
            found.keys().collect::<Vec<_>>(),
            "the conflicts"
        );
        for (dispute, writes) in wanted {
            let conflict = &found[&dispute];
            expect_same!(claims(&writes), candidates(&conflict.candidates), "{dispute:?}");
        }
        Ok(None)
    }

    fn difference_in_tables(&self, snapshot: &Snapshot) -> Result<Option<String>, StorageError> {
        let written = self.cells.values().flat_map(BTreeMap::keys);
        let mut tables: BTreeSet<FacetId> = snapshot.schema().tables.iter().map(|table| table.id).collect();
        tables.extend(written.filter_map(|cell| match cell {
            Cell::Facet(facet) => Some(*facet),
            _ => None,
        }));
        for table in tables {
            let found: BTreeSet<_> = snapshot
                .members(table, None, usize::MAX)?
                .into_iter()
                .map(|(entity, _)| entity)
                .collect();
            expect_same!(found.len() as u64, snapshot.count(table)?, "the count of {table:?}");
            expect_same!(self.members(table), found, "the records of {table:?}");
        }
        Ok(None)
    }
}

fn dispute(conflict: &Conflict) -> Dispute {
    let thing = Thing::Entity(conflict.key.entity);
    let kind = match &conflict.key.kind {
        ConflictKind::Field(field) => Kind::Field(*field),
        ConflictKind::Existence => Kind::Existence,
        ConflictKind::Membership(facet) => Kind::Membership(*facet),
        ConflictKind::Deletion => Kind::Deletion,
    };
    (thing, kind)
}

fn claims(writes: &[&Write]) -> Vec<(Hlc, OpId, Value)> {
    writes.iter().map(|write| claim(write)).collect()
}

fn candidates(candidates: &[Candidate]) -> Vec<(Hlc, OpId, Value)> {
    candidates
        .iter()
        .map(|candidate| (candidate.hlc, candidate.op_id, candidate.value.clone()))
        .collect()
}
