//! The tables of a workspace, as the engine lists them.

use openprod_core::FieldType;
use serde::Deserialize;

use crate::engine_client::EngineClient;
use crate::failure::Failure;

/// A table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TableView {
    pub(crate) table_id: String,
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldView>,
    pub(crate) records: u64,
}

/// A field of a table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FieldView {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    pub(crate) mode: String,
    pub(crate) options: Vec<String>,
}

impl FieldView {
    /// The type of its values; text where this version does not know the type.
    pub(crate) fn field_type(&self) -> FieldType {
        self.type_name.parse().unwrap_or(FieldType::Text)
    }
}

#[derive(Deserialize)]
struct Tables {
    tables: Vec<TableView>,
}

/// The tables of the workspace, in order of creation.
pub(crate) fn tables(client: &EngineClient) -> Result<Vec<TableView>, Failure> {
    Ok(client.get::<Tables>("/tables/list", &[])?.tables)
}

/// The table of this id or name.
pub(crate) fn find<'a>(tables: &'a [TableView], table: &str) -> Option<&'a TableView> {
    let by_id = tables.iter().find(|view| view.table_id == table);
    by_id.or_else(|| tables.iter().find(|view| view.name == table))
}

/// That there is no such table, and which there are.
pub(crate) fn unknown(tables: &[TableView], table: &str) -> Failure {
    let names: Vec<_> = tables.iter().map(|view| format!("{:?}", view.name)).collect();
    let known = match names.as_slice() {
        [] => "the workspace has no tables yet".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    Failure::UnknownTable {
        table: table.to_owned(),
        known,
    }
}
