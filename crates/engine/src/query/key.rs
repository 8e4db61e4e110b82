//! A record's place in a sorted listing, and the cursor that names it.

use std::cmp::{Ordering, Reverse};

use openprod_core::encoding::{decode, encode};
use openprod_core::{EntityId, FieldId, Value};
use wincode::{SchemaRead, SchemaWrite};

use super::QueryError;
use super::value_ref::ValueRef;
use crate::row::Row;

/// By which fields a listing is sorted, and whether descending.
pub(crate) type Sort = [(FieldId, bool)];

/// A record's place in a sorted listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    parts: Vec<Part>,
    entity: EntityId,
}

/// A value in the order of its field's sort; empty ones come last either way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Ascending(Sortable),
    Descending(Reverse<Sortable>),
    Last,
}

#[derive(Clone, Debug)]
struct Sortable(Value);

#[derive(SchemaRead, SchemaWrite)]
struct Cursor {
    values: Vec<Value>,
    entity: EntityId,
}

impl Key {
    /// The place of a row.
    pub(crate) fn of(entity: EntityId, row: &Row, sort: &Sort) -> Self {
        Self::new(
            entity,
            sort,
            sort.iter().map(|(field, _)| row.field(*field).clone()),
        )
    }

    /// The place of a record that has these values in the fields of the sort.
    pub(crate) fn new(entity: EntityId, sort: &Sort, values: impl Iterator<Item = Value>) -> Self {
        let parts = values
            .zip(sort)
            .map(|(value, (_, descending))| match (value, descending) {
                (Value::Empty, _) => Part::Last,
                (value, false) => Part::Ascending(Sortable(value)),
                (value, true) => Part::Descending(Reverse(Sortable(value))),
            })
            .collect();
        Self { parts, entity }
    }

    /// Reads a cursor.
    pub(crate) fn parse(text: &str, sort: &Sort) -> Result<Self, QueryError> {
        let bytes = text.as_bytes().as_chunks::<2>();
        if !bytes.1.is_empty() {
            return Err(QueryError::BadCursor);
        }
        let bytes: Option<Vec<u8>> = bytes
            .0
            .iter()
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let cursor: Cursor =
            decode(&bytes.ok_or(QueryError::BadCursor)?).map_err(|_| QueryError::BadCursor)?;
        if cursor.values.len() != sort.len() {
            return Err(QueryError::BadCursor);
        }
        Ok(Self::new(cursor.entity, sort, cursor.values.into_iter()))
    }

    /// Writes a cursor.
    pub(crate) fn to_text(&self) -> String {
        let values = self.parts.iter().map(|part| match part {
            Part::Ascending(value) | Part::Descending(Reverse(value)) => value.0.clone(),
            Part::Last => Value::Empty,
        });
        let bytes = encode(&Cursor {
            values: values.collect(),
            entity: self.entity,
        });
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whose place it is.
    pub(crate) const fn entity(&self) -> EntityId {
        self.entity
    }
}

impl PartialEq for Sortable {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sortable {}

impl PartialOrd for Sortable {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sortable {
    fn cmp(&self, other: &Self) -> Ordering {
        ValueRef::from(&self.0).compare((&other.0).into())
    }
}
