//! Where writes disagree.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{FacetId, FieldId, Value};

use super::{Cell, Oracle, Thing, Write, same};

/// What a conflict is about: of a field the record, of all else the name under which it happened.
pub type Dispute = (Thing, Kind);

/// How writes disagree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// About the value of a semantic field.
    Field(FieldId),
    /// About the value of a property.
    Property(String),
    /// About whether it exists.
    Existence,
    /// About whether it has the facet.
    Membership(FacetId),
    /// About whether it may be edited, being deleted.
    Deletion,
}

impl Oracle {
    /// Every conflict, with the writes that disagree, in order.
    #[must_use]
    pub fn conflicts(&self) -> BTreeMap<Dispute, Vec<&Write>> {
        let mut conflicts = BTreeMap::new();
        for (thing, cells) in &self.cells {
            for cell in cells.keys() {
                let kind = match cell {
                    Cell::Exists => Kind::Existence,
                    Cell::Facet(facet) => Kind::Membership(*facet),
                    Cell::Property(name) => Kind::Property(name.clone()),
                    // Fields are the record's, and places never conflict.
                    Cell::Field(_) | Cell::Place => continue,
                };
                let tips = self.tips(*thing, cell);
                if differ(&tips) {
                    conflicts.insert((*thing, kind), tips);
                }
            }
            let passed = self.deletions_that_passed_edits(*thing);
            if !passed.is_empty() {
                conflicts.insert((*thing, Kind::Deletion), passed);
            }
        }
        let roots: BTreeSet<_> = self
            .entities()
            .into_iter()
            .map(|name| self.names.root(name))
            .collect();
        for root in roots {
            for field in self.fields(root) {
                let tips = self.field(root, field);
                if differ(&tips) {
                    conflicts.insert((Thing::Entity(root), Kind::Field(field)), tips);
                }
            }
        }
        conflicts
    }

    /// The deletions and the edits, neither of which had seen the other, in order.
    fn deletions_that_passed_edits(&self, thing: Thing) -> Vec<&Write> {
        let mut deletions = self.tips(thing, &Cell::Exists);
        deletions.retain(|tip| tip.value == Value::Boolean(false));
        let cells = self.cells[&thing].keys();
        let edits: Vec<_> = cells
            .filter(|cell| !matches!(cell, Cell::Exists | Cell::Place))
            .flat_map(|cell| self.tips(thing, cell))
            .collect();
        let apart = |a: &Write, b: &Write| {
            !self.causality.has_seen(a.moment, b.moment) && !self.causality.has_seen(b.moment, a.moment)
        };
        let with_an_edit = deletions
            .iter()
            .filter(|deletion| edits.iter().any(|edit| apart(deletion, edit)));
        let with_a_deletion = edits
            .iter()
            .filter(|edit| deletions.iter().any(|deletion| apart(deletion, edit)));
        let mut passed: Vec<_> = with_an_edit.chain(with_a_deletion).copied().collect();
        passed.sort_by_key(|write| write.moment);
        passed
    }
}

fn differ(tips: &[&Write]) -> bool {
    tips.iter().any(|tip| !same(&tip.value, &tips[0].value))
}
