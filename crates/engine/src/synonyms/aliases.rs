//! Entities that were declared one.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::EntityId;
use wincode::{SchemaRead, SchemaWrite};

/// A merge or a split.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) enum AliasChange {
    Merge { survivor: EntityId, absorbed: EntityId },
    Split { source: EntityId, new: EntityId },
}

/// Which entities are one: a forest, whose roots are the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    parents: BTreeMap<EntityId, EntityId>,
    /// For each root that has other names, those names, in ascending order.
    others: BTreeMap<EntityId, Vec<EntityId>>,
}

impl Aliases {
    /// The record that an entity is, or is another name for.
    #[must_use]
    pub fn root(&self, entity: EntityId) -> EntityId {
        let mut at = entity;
        while let Some(parent) = self.parents.get(&at) {
            at = *parent;
        }
        at
    }

    /// The entity that this one was merged into directly; `None` for a record's own name.
    #[must_use]
    pub fn parent(&self, entity: EntityId) -> Option<EntityId> {
        self.parents.get(&entity).copied()
    }

    /// All names of a record: its own first, then the others in ascending order.
    pub fn names(&self, root: EntityId) -> impl Iterator<Item = EntityId> {
        let others = self.others.get(&root).map_or(&[][..], Vec::as_slice);
        std::iter::once(root).chain(others.iter().copied())
    }

    /// Whether nothing was merged, or everything split again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The entities whose record, or whose record's names, differ between the two.
    pub(crate) fn difference(&self, other: &Self) -> BTreeSet<EntityId> {
        let mut differ = BTreeSet::new();
        for (one, two) in [(self, other), (other, self)] {
            for (root, others) in &one.others {
                if two.others.get(root) != Some(others) {
                    differ.insert(*root);
                    differ.extend(others);
                }
            }
        }
        differ
    }

    pub(crate) fn apply(&mut self, change: &AliasChange) {
        match change {
            AliasChange::Merge { survivor, absorbed } => {
                let (survivor, absorbed) = (self.root(*survivor), self.root(*absorbed));
                if survivor != absorbed {
                    self.parents.insert(absorbed, survivor);
                }
            }
            AliasChange::Split { source, new } => {
                if self.root(*source) == self.root(*new) {
                    self.parents.remove(new);
                }
            }
        }
    }

    /// Lists the names by root, once all changes are applied.
    pub(crate) fn index(&mut self) {
        self.others.clear();
        for entity in self.parents.keys() {
            self.others.entry(self.root(*entity)).or_default().push(*entity);
        }
    }
}
