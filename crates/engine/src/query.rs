//! Listing the records of a table: filter, search, sort, and pages.
//!
//! A page names where it ended by the sort keys and the id of its last record, so that the next one begins there
//! whatever has been written meanwhile.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use openprod_core::encoding::{decode, encode};
use openprod_core::{EntityId, FieldId, FieldType, Value};
use openprod_storage::StorageError;
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::row::Row;
use crate::schema::{Field, Table};
use crate::snapshot::Snapshot;

/// The most records in a page.
pub const LIMIT_MAX: usize = 1_000;

/// How deep filters nest.
pub const FILTER_DEPTH_MAX: usize = 16;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal; an empty field is not equal to anything.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Its text contains this text, whatever the case.
    Contains,
    /// Its text starts with this text, whatever the case.
    StartsWith,
    /// It is empty; takes no value.
    IsEmpty,
    /// Equal to one of several.
    In,
}

/// Which records to list.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Those that pass all; everything when there are none.
    And(Vec<Self>),
    /// Those that pass any; nothing when there are none.
    Or(Vec<Self>),
    /// Those whose field compares so.
    Test {
        /// The field's name.
        field: String,
        /// How it is compared.
        comparison: Comparison,
        /// With what: one value, several for [`Comparison::In`], none for [`Comparison::IsEmpty`].
        values: Vec<Value>,
    },
}

/// A listing to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListRequest {
    /// The table: an id or a name.
    pub table: String,
    /// Which records; all when absent.
    pub filter: Option<Filter>,
    /// By which fields, and whether descending; by creation when empty. Empty fields come last either way.
    pub sort: Vec<(String, bool)>,
    /// How many, at most [`LIMIT_MAX`].
    pub limit: usize,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
    /// Text that some field must contain, whatever the case.
    pub search: Option<String>,
}

/// A page of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records, in order.
    pub records: Vec<(EntityId, Row)>,
    /// How many records the listing has, on all pages.
    pub total: u64,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// Why a listing cannot be made.
#[derive(Debug, Error)]
pub enum QueryError {
    /// No table has this id or name.
    #[error("list records: there is no table {0:?}")]
    UnknownTable(String),
    /// The table has no such field.
    #[error("list records: table {table:?} has no field {field:?}")]
    UnknownField {
        /// The table's name.
        table: String,
        /// The field that was named.
        field: String,
    },
    /// The filter compares a field with what it can never hold.
    #[error("list records: field {field:?} takes {expected}, not {found:?}")]
    WrongType {
        /// The field.
        field: String,
        /// What it takes.
        expected: FieldType,
        /// What was given.
        found: String,
    },
    /// The filter nests too deep, or a comparison has the wrong number of values.
    #[error("list records: {0}")]
    BadFilter(&'static str),
    /// The cursor is not one that a page of this listing gave.
    #[error("list records: the cursor is not one of this listing; begin again without it")]
    BadCursor,
    /// The store refused.
    #[error("list records")]
    Storage(#[from] StorageError),
}

/// Lists records.
///
/// # Errors
/// [`QueryError`].
pub fn list(snapshot: &Snapshot, request: &ListRequest) -> Result<Page, QueryError> {
    let unknown = || QueryError::UnknownTable(request.table.clone());
    let table = snapshot.schema().find(&request.table).ok_or_else(unknown)?;
    let limit = request.limit.clamp(1, LIMIT_MAX);
    let filter = request
        .filter
        .as_ref()
        .map(|filter| compile(table, filter, 0))
        .transpose()?;
    let sort = request
        .sort
        .iter()
        .map(|(name, descending)| Ok((find_field(table, name)?.id, *descending)))
        .collect::<Result<Vec<_>, QueryError>>()?;
    let start = request
        .cursor
        .as_deref()
        .map(|text| Key::parse(text, &sort))
        .transpose()?;
    let search = request
        .search
        .as_deref()
        .map(str::to_lowercase)
        .filter(|text| !text.is_empty());
    if filter.is_none() && search.is_none() && sort.is_empty() {
        return list_in_order_of_creation(snapshot, table, start, limit);
    }
    let mut page: BinaryHeap<(Key, ByKey)> = BinaryHeap::new();
    let mut total = 0;
    let mut beyond = false;
    let mut after = None;
    loop {
        let rows = snapshot.members(table.id, after, PAGE)?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(*last);
        for (entity, row) in rows {
            let passes = filter.as_ref().is_none_or(|filter| filter.passes(&row))
                && search.as_ref().is_none_or(|text| found(&row, text));
            if !passes {
                continue;
            }
            total += 1;
            let key = Key::of(entity, &row, &sort);
            if start.as_ref().is_none_or(|start| key > *start) {
                page.push((key, ByKey(row)));
                if page.len() > limit {
                    page.pop();
                    beyond = true;
                }
            }
        }
    }
    let sorted = page.into_sorted_vec();
    let next_cursor = sorted.last().filter(|_| beyond).map(|(key, _)| key.to_text());
    let records = sorted.into_iter().map(|(key, row)| (key.entity, row.0)).collect();
    Ok(Page {
        records,
        total,
        next_cursor,
    })
}

/// How many rows are read at a time.
const PAGE: usize = 1_024;

fn list_in_order_of_creation(
    snapshot: &Snapshot,
    table: &Table,
    start: Option<Key>,
    limit: usize,
) -> Result<Page, QueryError> {
    let mut records = snapshot.members(table.id, start.map(|key| key.entity), limit + 1)?;
    let beyond = records.len() > limit;
    records.truncate(limit);
    let last = records.last().filter(|_| beyond);
    let next_cursor = last.map(|(entity, row)| Key::of(*entity, row, &[]).to_text());
    Ok(Page {
        records,
        total: snapshot.count(table.id)?,
        next_cursor,
    })
}

/// A row that takes no part in the order of the keys beside it.
struct ByKey(Row);

impl PartialEq for ByKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ByKey {}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByKey {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

/// A record's place in a sorted listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
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
    fn of(entity: EntityId, row: &Row, sort: &[(FieldId, bool)]) -> Self {
        Self::new(
            entity,
            sort.iter()
                .map(|(field, descending)| (row.field(*field).clone(), *descending)),
        )
    }

    fn new(entity: EntityId, values: impl Iterator<Item = (Value, bool)>) -> Self {
        let parts = values
            .map(|(value, descending)| match (value, descending) {
                (Value::Empty, _) => Part::Last,
                (value, false) => Part::Ascending(Sortable(value)),
                (value, true) => Part::Descending(Reverse(Sortable(value))),
            })
            .collect();
        Self { parts, entity }
    }

    fn parse(text: &str, sort: &[(FieldId, bool)]) -> Result<Self, QueryError> {
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
        Ok(Self::new(
            cursor.entity,
            cursor
                .values
                .into_iter()
                .zip(sort.iter().map(|(_, descending)| *descending)),
        ))
    }

    fn to_text(&self) -> String {
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
        compare(&self.0, &other.0)
    }
}

/// A total order over values: within a type as people expect, text without regard to case first; between types,
/// which only values that do not fit their field bring together, by type.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) | (Value::Enum(a), Value::Enum(b)) => {
            let folded = a
                .chars()
                .flat_map(char::to_lowercase)
                .cmp(b.chars().flat_map(char::to_lowercase));
            folded.then_with(|| a.cmp(b))
        }
        (Value::Integer(a), Value::Integer(b)) | (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => {
            (a.micros, a.offset_minutes).cmp(&(b.micros, b.offset_minutes))
        }
        (Value::Entity(a), Value::Entity(b)) => a.cmp(b),
        (Value::Blob(a), Value::Blob(b)) => (&a.name, a.hash).cmp(&(&b.name, b.hash)),
        _ => a.field_type().cmp(&b.field_type()),
    }
}

/// A filter whose fields are found and whose values are of their types.
enum Compiled {
    And(Vec<Self>),
    Or(Vec<Self>),
    Test {
        field: FieldId,
        comparison: Comparison,
        values: Vec<Value>,
        text: String,
    },
}

fn compile(table: &Table, filter: &Filter, depth: usize) -> Result<Compiled, QueryError> {
    if depth > FILTER_DEPTH_MAX {
        return Err(QueryError::BadFilter("the filter nests deeper than 16 levels"));
    }
    let all = |filters: &[Filter]| {
        filters
            .iter()
            .map(|filter| compile(table, filter, depth + 1))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match filter {
        Filter::And(filters) => Compiled::And(all(filters)?),
        Filter::Or(filters) => Compiled::Or(all(filters)?),
        Filter::Test {
            field,
            comparison,
            values,
        } => {
            let field = find_field(table, field)?;
            let fits = match comparison {
                Comparison::IsEmpty => true,
                Comparison::In => !values.is_empty(),
                _ => values.len() == 1,
            };
            if !fits {
                return Err(QueryError::BadFilter(
                    "a comparison has the wrong number of values",
                ));
            }
            let textual = matches!(comparison, Comparison::Contains | Comparison::StartsWith);
            let text = if textual {
                values[0].to_text().to_lowercase()
            } else {
                String::new()
            };
            let values = if textual || *comparison == Comparison::IsEmpty {
                Vec::new()
            } else {
                values
                    .iter()
                    .map(|value| read(field, value))
                    .collect::<Result<_, _>>()?
            };
            Compiled::Test {
                field: field.id,
                comparison: *comparison,
                values,
                text,
            }
        }
    })
}

impl Compiled {
    fn passes(&self, row: &Row) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.passes(row)),
            Self::Or(filters) => filters.iter().any(|filter| filter.passes(row)),
            Self::Test {
                field,
                comparison,
                values,
                text,
            } => {
                let value = row.field(*field);
                if *comparison == Comparison::IsEmpty {
                    return *value == Value::Empty || *value == Value::Text(String::new());
                }
                if *value == Value::Empty {
                    return *comparison == Comparison::NotEqual && values.first() != Some(&Value::Empty)
                        || *comparison == Comparison::Equal && values.first() == Some(&Value::Empty);
                }
                let order = || values.first().map(|other| compare_within_type(value, other));
                match comparison {
                    Comparison::Equal | Comparison::In => values.iter().any(|other| equal(value, other)),
                    Comparison::NotEqual => values.iter().all(|other| !equal(value, other)),
                    Comparison::Less => order() == Some(Some(Ordering::Less)),
                    Comparison::AtMost => matches!(order(), Some(Some(Ordering::Less | Ordering::Equal))),
                    Comparison::Greater => order() == Some(Some(Ordering::Greater)),
                    Comparison::AtLeast => matches!(order(), Some(Some(Ordering::Greater | Ordering::Equal))),
                    Comparison::Contains => value.to_text().to_lowercase().contains(text),
                    Comparison::StartsWith => value.to_text().to_lowercase().starts_with(text),
                    Comparison::IsEmpty => false,
                }
            }
        }
    }
}

/// Equality as people expect it: one instant in two offsets is equal, one file under two names too, and so are zeros
/// of either sign.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::DateTime(a), Value::DateTime(b)) => a.micros == b.micros,
        (Value::Blob(a), Value::Blob(b)) => a.hash == b.hash,
        _ => a.same(b),
    }
}

fn compare_within_type(a: &Value, b: &Value) -> Option<Ordering> {
    (a.field_type() == b.field_type()).then(|| match (a, b) {
        (Value::DateTime(a), Value::DateTime(b)) => a.micros.cmp(&b.micros),
        _ => compare(a, b),
    })
}

fn found(row: &Row, text: &str) -> bool {
    row.fields().any(|field| match row.field(field) {
        Value::Entity(_) | Value::Blob(_) => false,
        value => value.to_text().to_lowercase().contains(text),
    })
}

fn find_field<'a>(table: &'a Table, name: &str) -> Result<&'a Field, QueryError> {
    let unknown = || QueryError::UnknownField {
        table: table.name.clone(),
        field: name.to_owned(),
    };
    table.field(name).ok_or_else(unknown)
}

fn read(field: &Field, value: &Value) -> Result<Value, QueryError> {
    field.read(value).ok_or_else(|| QueryError::WrongType {
        field: field.name.clone(),
        expected: field.field_type,
        found: value.to_text().chars().take(80).collect(),
    })
}
