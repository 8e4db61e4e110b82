//! What a listing needs of a table's columns.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{FieldId, FieldType};

use crate::query::Listing;

/// What a listing needs of a table's columns.
#[derive(Debug)]
pub(crate) struct Needs {
    /// The fields that are compared or sorted by.
    pub(crate) fields: BTreeMap<FieldId, FieldType>,
    /// Those whose text is looked into.
    pub(crate) texts: BTreeSet<FieldId>,
    /// Whether all text is searched.
    pub(crate) search: bool,
    /// The order; that of creation when it is empty.
    pub(crate) sort: Vec<(FieldId, bool)>,
}

/// Something that takes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Field(FieldId),
    Text(FieldId),
    Search,
}

impl Needs {
    pub(crate) fn of(listing: &Listing<'_>) -> Self {
        let mut ids: BTreeSet<_> = listing.sort.iter().map(|(field, _)| *field).collect();
        let mut texts = BTreeSet::new();
        if let Some(filter) = &listing.filter {
            filter.for_each_test(&mut |test| {
                ids.insert(test.field);
                if test.is_textual() && !test.text.is_empty() {
                    texts.insert(test.field);
                }
            });
        }
        let fields = listing
            .table
            .fields
            .iter()
            .filter(|field| ids.contains(&field.id))
            .map(|field| (field.id, field.field_type))
            .collect();
        Self {
            fields,
            texts,
            search: listing.search.is_some(),
            sort: listing.sort.clone(),
        }
    }

    /// What takes room of it, orders apart, which take little.
    pub(crate) fn parts(&self) -> BTreeSet<Part> {
        let fields = self.fields.keys().map(|field| Part::Field(*field));
        let texts = self.texts.iter().map(|field| Part::Text(*field));
        let search = self.search.then_some(Part::Search);
        fields.chain(texts).chain(search).collect()
    }
}
