//! Listing the records of a table: filter, search, sort, and pages.
//!
//! A page names where it ended by the sort keys and the id of its last record, so that the next one begins there
//! whatever has been written meanwhile. What is filtered, searched or sorted is answered from columns in memory
//! where there are any, and by reading every row where not; the answers are the same.

mod filter;
mod key;
mod scan;
mod value_ref;

use std::collections::BTreeMap;

use openprod_core::{EntityId, FieldId, FieldType};
use openprod_storage::StorageError;
use thiserror::Error;

pub use self::filter::{Comparison, FILTER_DEPTH_MAX, Filter};
pub(crate) use self::filter::{Compiled, Test};
pub(crate) use self::key::{Key, Sort};
pub(crate) use self::scan::PAGE;
pub(crate) use self::value_ref::ValueRef;
use crate::row::Row;
use crate::schema::{Field, Schema, Table};
use crate::snapshot::Snapshot;

/// The most records in a page.
pub const LIMIT_MAX: usize = 1_000;

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

/// Records that are shown otherwise than they are stored: with this row, or, without one, not at all. They must be
/// rows of the table that is listed.
pub type Overrides = BTreeMap<EntityId, Option<Row>>;

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
    list_over(snapshot, request, &Overrides::new())
}

/// Lists records as they would be if some were stored otherwise, as with the edits of a draft. It costs no more than
/// [`list`] and what the overrides themselves cost.
///
/// # Errors
/// [`QueryError`].
pub fn list_over(
    snapshot: &Snapshot,
    request: &ListRequest,
    overrides: &Overrides,
) -> Result<Page, QueryError> {
    let listing = Listing::new(snapshot.schema(), request)?;
    if listing.is_in_order_of_creation() {
        return Ok(scan::in_order_of_creation(snapshot, &listing, overrides)?);
    }
    // A followed field changes with its target, which leaves no mark on the table that follows.
    if listing.table.fields.iter().any(Field::is_followed) {
        return Ok(scan::scan(snapshot, &listing, overrides)?);
    }
    match (snapshot.draft(), snapshot.below()) {
        (Some(_), Some(below)) => return list_draft(snapshot, below, &listing, overrides),
        (Some(_), None) => return Ok(scan::scan(snapshot, &listing, overrides)?),
        (None, _) => {}
    }
    Ok(match snapshot.columns().list(snapshot, &listing, overrides)? {
        Some(page) => page,
        None => scan::scan(snapshot, &listing, overrides)?,
    })
}

/// Lists records of a draft: from the columns of what lies below it where both know the same table, and the draft's own
/// records laid over them.
fn list_draft(
    snapshot: &Snapshot,
    below: &Snapshot,
    listing: &Listing<'_>,
    overrides: &Overrides,
) -> Result<Page, QueryError> {
    let table = listing.table;
    if below.schema().table(table.id) != Some(table) || below.synonyms() != snapshot.synonyms() {
        return Ok(scan::scan(snapshot, listing, overrides)?);
    }
    let mut drafted = Overrides::new();
    for entity in snapshot.drafted() {
        let root = snapshot.root(entity);
        let row = snapshot.row(root)?.filter(|row| row.is_member(table.id));
        let was_there = below.row(root)?.is_some_and(|row| row.is_member(table.id));
        if row.is_some() || was_there {
            drafted.insert(root, row);
        }
    }
    drafted.extend(overrides.iter().map(|(entity, row)| (*entity, row.clone())));
    Ok(match below.columns().list(below, listing, &drafted)? {
        Some(page) => page,
        None => scan::scan(snapshot, listing, overrides)?,
    })
}

/// Lists records by reading every row of the table: slow, and what [`list_over`] is judged by.
///
/// # Errors
/// [`QueryError`].
pub fn list_by_scan(
    snapshot: &Snapshot,
    request: &ListRequest,
    overrides: &Overrides,
) -> Result<Page, QueryError> {
    let listing = Listing::new(snapshot.schema(), request)?;
    Ok(scan::scan(snapshot, &listing, overrides)?)
}

/// A request whose names are found and whose values are read.
pub(crate) struct Listing<'a> {
    pub(crate) table: &'a Table,
    pub(crate) filter: Option<Compiled>,
    /// In lower case; never empty.
    pub(crate) search: Option<String>,
    pub(crate) sort: Vec<(FieldId, bool)>,
    /// The place after which the page begins.
    pub(crate) start: Option<Key>,
    /// At least one.
    pub(crate) limit: usize,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(schema: &'a Schema, request: &ListRequest) -> Result<Self, QueryError> {
        let unknown = || QueryError::UnknownTable(request.table.clone());
        let table = schema.find(&request.table).ok_or_else(unknown)?;
        let filter = request
            .filter
            .as_ref()
            .map(|filter| Compiled::new(table, filter))
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
        let limit = request.limit.clamp(1, LIMIT_MAX);
        Ok(Self {
            table,
            filter,
            search,
            sort,
            start,
            limit,
        })
    }

    const fn is_in_order_of_creation(&self) -> bool {
        self.filter.is_none() && self.search.is_none() && self.sort.is_empty()
    }

    /// Whether a row is listed, on whatever page.
    pub(crate) fn passes(&self, row: &Row) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.passes(row))
            && self.search.as_ref().is_none_or(|text| is_found(row, text))
    }

    /// The place of a row.
    pub(crate) fn key(&self, entity: EntityId, row: &Row) -> Key {
        Key::of(entity, row, &self.sort)
    }

    /// Whether a place is on this page or one that follows.
    pub(crate) fn is_beyond_start(&self, key: &Key) -> bool {
        self.start.as_ref().is_none_or(|start| key > start)
    }
}

/// The values of a row that a search looks into.
pub(crate) fn searched(row: &Row) -> impl Iterator<Item = ValueRef<'_>> {
    row.fields()
        .map(|field| ValueRef::from(row.field(field)))
        .filter(|value| value.is_searched())
}

fn is_found(row: &Row, text: &str) -> bool {
    searched(row).any(|value| value.to_lower_text().contains(text))
}

fn find_field<'a>(table: &'a Table, name: &str) -> Result<&'a Field, QueryError> {
    let unknown = || QueryError::UnknownField {
        table: table.name.clone(),
        field: name.to_owned(),
    };
    table.field(name).ok_or_else(unknown)
}
