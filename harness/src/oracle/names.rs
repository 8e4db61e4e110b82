//! One entity under several names, one field under several names.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EntityId, FieldId, Payload};

/// The forest of entities and the pairs of fields, as the operations taken so far leave them.
#[derive(Default)]
pub struct Names {
    parents: BTreeMap<EntityId, EntityId>,
    /// Each with its lesser field first.
    pairs: BTreeSet<(FieldId, FieldId)>,
    mentioned: BTreeSet<EntityId>,
}

impl Names {
    /// Replays an operation; they come in order.
    pub(super) fn take(&mut self, payload: &Payload) {
        let pair = |a: FieldId, b: FieldId| (a.min(b), a.max(b));
        match payload {
            Payload::MergeEntities(op) => {
                self.mentioned.extend([op.survivor, op.absorbed]);
                let (survivor, absorbed) = (self.root(op.survivor), self.root(op.absorbed));
                if survivor != absorbed {
                    self.parents.insert(absorbed, survivor);
                }
            }
            Payload::SplitEntity(op) => {
                self.mentioned.extend([op.source, op.new_entity]);
                if self.root(op.source) == self.root(op.new_entity) {
                    // A root has no parent to lose.
                    self.parents.remove(&op.new_entity);
                }
            }
            Payload::ConfirmFieldMapping(op) => {
                self.pairs.insert(pair(op.field_a, op.field_b));
            }
            Payload::RevokeFieldMapping(op) => {
                self.pairs.remove(&pair(op.field_a, op.field_b));
            }
            _ => {}
        }
    }

    /// Every entity that a merge or split named.
    pub(super) fn entities(&self) -> impl Iterator<Item = EntityId> {
        self.mentioned.iter().copied()
    }

    /// The record that an entity is a name of.
    #[must_use]
    pub fn root(&self, entity: EntityId) -> EntityId {
        let mut at = entity;
        while let Some(parent) = self.parents.get(&at) {
            at = *parent;
        }
        at
    }

    /// All names of a record, its own included.
    #[must_use]
    pub fn of_record(&self, root: EntityId) -> BTreeSet<EntityId> {
        let others = self.mentioned.iter().copied();
        others
            .filter(|name| self.root(*name) == root)
            .chain([root])
            .collect()
    }

    /// The fields that are one with this one, itself included.
    #[must_use]
    pub fn of_field(&self, field: FieldId) -> BTreeSet<FieldId> {
        let mut fields = BTreeSet::from([field]);
        loop {
            let reached = self
                .pairs
                .iter()
                .filter(|(a, b)| fields.contains(a) || fields.contains(b))
                .flat_map(|(a, b)| [*a, *b]);
            let wider: BTreeSet<_> = fields.iter().copied().chain(reached).collect();
            if wider == fields {
                return fields;
            }
            fields = wider;
        }
    }

    /// The semantic field that a field belongs to.
    #[must_use]
    pub fn semantic(&self, field: FieldId) -> FieldId {
        self.of_field(field).into_iter().min().unwrap_or(field)
    }
}
