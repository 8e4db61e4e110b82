//! Cells by their names: what there is about a record or an edge, in drafts and in the history.

use openprod_engine::Subject;
use openprod_engine::row::CellKey;
use openprod_engine::schema::{Schema, Table};
use serde::Serialize;
use utoipa::ToSchema;

use crate::event::subject_ids;

/// A cell: what there is about a record or an edge.
#[derive(Serialize, ToSchema)]
pub(crate) struct CellView {
    /// `field`, `property` (of an edge), `existence`, `membership` (in a table) or `place` (of an ordered edge).
    pub(crate) kind: &'static str,
    /// The record; `null` when it is about an edge.
    pub(crate) entity_id: Option<String>,
    /// The edge; `null` when it is about a record.
    pub(crate) edge_id: Option<String>,
    /// The table's name; `null` when it is about none.
    pub(crate) table: Option<String>,
    /// The table's id; `null` when it is about none.
    pub(crate) table_id: Option<String>,
    /// The name of the field or property; `null` when it is about neither.
    pub(crate) field: Option<String>,
}

impl CellView {
    /// The names of a cell.
    pub(crate) fn of(schema: &Schema, subject: Subject, cell: &CellKey) -> Self {
        let (entity_id, edge_id) = subject_ids(subject);
        let (kind, table, field): (_, Option<&Table>, _) = match cell {
            CellKey::Exists => ("existence", None, None),
            CellKey::Facet(facet) => ("membership", schema.table(*facet), None),
            CellKey::Field(id) => {
                let mut tables = schema.tables.iter();
                let table = tables.find(|table| table.field_by_id(*id).is_some());
                ("field", table, schema.field_name(*id))
            }
            CellKey::Property(name) => ("property", None, Some(name.as_str())),
            CellKey::Place => ("place", None, None),
        };
        Self {
            kind,
            entity_id,
            edge_id,
            table: table.map(|table| table.name.clone()),
            table_id: table.map(|table| table.id.to_string()),
            field: field.map(str::to_owned),
        }
    }
}
