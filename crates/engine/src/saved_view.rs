//! Saved views: ways to look at a table that a team keeps under names.
//!
//! A view is an entity like tables and fields are, under a facet that the engine reserves, and so is signed, synced, undone
//! and argued about like any record. What its settings mean is known only to those who show it: the engine keeps their
//! text as it came, also of a version that writes what this one cannot read.

use openprod_core::{EntityId, FacetId, Value};

use crate::row::Row;
use crate::schema::reserved;

/// The longest settings of a view, in bytes: some thousands of columns.
pub const SETTINGS_BYTES_MAX: usize = 64 * 1024;

/// A way to look at a table, under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// The view.
    pub id: EntityId,
    /// The table that it is of, which may be deleted.
    pub table: FacetId,
    /// Its name; others may have the same.
    pub name: String,
    /// How it shows the table, for those who show it.
    pub settings: String,
}

impl SavedView {
    /// Reads a row; `None` of one that names no table, which no command writes.
    pub(crate) fn of(id: EntityId, row: &Row) -> Option<Self> {
        let Value::Entity(table) = row.field(reserved::VIEW_TABLE) else {
            return None;
        };
        let text = |field| match row.field(field) {
            Value::Text(text) => text.clone(),
            _ => String::new(),
        };
        Some(Self {
            id,
            table: table.facet(),
            name: text(reserved::VIEW_NAME),
            settings: text(reserved::VIEW_SETTINGS),
        })
    }
}
