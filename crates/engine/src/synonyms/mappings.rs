//! Fields that were declared one.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{FacetId, FieldId};
use wincode::{SchemaRead, SchemaWrite};

/// Two fields of two tables; the lesser field first, so that either way round it is the same pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct Pair {
    /// The fields.
    pub fields: (FieldId, FieldId),
    /// Their tables.
    pub facets: (FacetId, FacetId),
}

impl Pair {
    /// The pair of two fields.
    #[must_use]
    pub fn new(a: (FacetId, FieldId), b: (FacetId, FieldId)) -> Self {
        let (a, b) = if (a.1, a.0) <= (b.1, b.0) { (a, b) } else { (b, a) };
        Self {
            fields: (a.1, b.1),
            facets: (a.0, b.0),
        }
    }
}

/// A confirmation, or its revocation.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct MappingChange {
    pub(crate) pair: Pair,
    pub(crate) confirmed: bool,
}

/// Which fields are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mappings {
    /// Each pair that was ever decided on, by its fields, and how.
    decided: BTreeMap<(FieldId, FieldId), (Pair, bool)>,
    /// Each field that is one with others, and the least of them.
    semantic: BTreeMap<FieldId, FieldId>,
    /// By the least of them, all fields that are one, in ascending order.
    groups: BTreeMap<FieldId, Vec<FieldId>>,
}

impl Mappings {
    /// What a field means: the least of the fields that are one with it, itself included.
    #[must_use]
    pub fn semantic(&self, field: FieldId) -> FieldId {
        self.semantic.get(&field).copied().unwrap_or(field)
    }

    /// The fields that are one with a semantic field, in ascending order.
    #[must_use]
    pub fn fields<'a>(&'a self, semantic: &'a FieldId) -> &'a [FieldId] {
        self.groups
            .get(semantic)
            .map_or(std::slice::from_ref(semantic), Vec::as_slice)
    }

    /// The pairs that were confirmed, in ascending order.
    pub fn confirmed(&self) -> impl Iterator<Item = &Pair> {
        self.decided
            .values()
            .filter_map(|(pair, confirmed)| confirmed.then_some(pair))
    }

    /// The pairs of which somebody said that they are not one, in ascending order.
    pub fn rejected(&self) -> impl Iterator<Item = &Pair> {
        self.decided
            .values()
            .filter_map(|(pair, confirmed)| (!confirmed).then_some(pair))
    }

    /// What was decided on a pair: `None` when nothing was.
    #[must_use]
    pub fn decision(&self, pair: &Pair) -> Option<bool> {
        self.decided.get(&pair.fields).map(|(_, confirmed)| *confirmed)
    }

    /// Whether no two fields are one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The fields whose meaning differs between the two.
    pub(crate) fn difference(&self, other: &Self) -> BTreeSet<FieldId> {
        let mut differ = BTreeSet::new();
        for (one, two) in [(self, other), (other, self)] {
            for (semantic, fields) in &one.groups {
                if two.groups.get(semantic) != Some(fields) {
                    differ.extend(fields);
                }
            }
        }
        differ
    }

    pub(crate) fn apply(&mut self, change: &MappingChange) {
        self.decided
            .insert(change.pair.fields, (change.pair, change.confirmed));
    }

    /// Finds the groups, once all changes are applied.
    pub(crate) fn index(&mut self) {
        let mut least: BTreeMap<FieldId, FieldId> = BTreeMap::new();
        let find = |least: &BTreeMap<FieldId, FieldId>, field: FieldId| {
            let mut at = field;
            while let Some(lesser) = least.get(&at) {
                at = *lesser;
            }
            at
        };
        for (a, b) in self.confirmed().map(|pair| pair.fields) {
            let (a, b) = (find(&least, a), find(&least, b));
            if a != b {
                least.insert(a.max(b), a.min(b));
            }
        }
        self.groups.clear();
        for field in least.keys() {
            self.groups.entry(find(&least, *field)).or_default().push(*field);
        }
        self.semantic.clear();
        for (semantic, fields) in &mut self.groups {
            fields.insert(0, *semantic);
            self.semantic
                .extend(fields.iter().map(|field| (*field, *semantic)));
        }
    }
}
