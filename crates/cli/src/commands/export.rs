//! `openprod export`: a table as a CSV file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::console::{count, plain};
use crate::csv_export::{CsvExport, CsvExportError};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;
use crate::field_json::read_field;
use crate::table_view::{TableView, find, tables, unknown};

/// Writes a table as CSV (UTF-8, commas), to a file or to standard output.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  openprod export --table Cast --out cast.csv\n  openprod export --table Cast | head"
)]
pub(crate) struct Export {
    /// The table: its name or its id
    #[arg(long, value_name = "NAME")]
    table: String,
    /// The file; one that exists is replaced when the export is complete. Standard output when left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How many records are asked for at a time.
const PAGE: &str = "1000";

#[derive(Deserialize)]
struct Page {
    records: Vec<Record>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    entity_id: String,
    fields: serde_json::Map<String, Json>,
}

impl Export {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let tables = tables(&engine.client)?;
            let table = find(&tables, &self.table).ok_or_else(|| unknown(&tables, &self.table))?;
            match &self.out {
                Some(path) => {
                    let rows = to_file(engine, table, path)?;
                    let answer =
                        json!({"table": table.name, "table_id": table.table_id, "rows": rows, "file": path});
                    context.console.answer(&answer, |_| {
                        format!(
                            "Exported {} of table {:?} to {}.",
                            count(rows, "row"),
                            plain(&table.name),
                            path.display()
                        )
                    })
                }
                None if context.console.is_json() => to_json(engine, table),
                None => match write_csv(engine, table, BufWriter::new(io::stdout().lock())) {
                    Err(Failure::Export(CsvExportError::Write(error))) => Err(Failure::Print(error)),
                    written => written.map(drop),
                },
            }
        })
    }
}

/// Writes beside the file and puts it in its place when it is whole, so that nobody takes half a table for one.
fn to_file(engine: &EngineSession, table: &TableView, path: &Path) -> Result<u64, Failure> {
    let failed = |act| {
        move |source| Failure::File {
            act,
            path: path.to_owned(),
            source,
        }
    };
    // A device or a pipe cannot be replaced.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        let file = File::options().write(true).open(path).map_err(failed("write"))?;
        return write_csv(engine, table, BufWriter::new(file));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let file = File::create(&part).map_err(failed("write"))?;
    let written = write_csv(engine, table, BufWriter::new(&file))
        .and_then(|rows| file.sync_all().map_err(failed("write")).map(|()| rows))
        .and_then(|rows| {
            std::fs::rename(&part, path)
                .map_err(failed("write"))
                .map(|()| rows)
        });
    if written.is_err() {
        // What failed is told; that a part stays behind adds nothing.
        let _ = std::fs::remove_file(&part);
    }
    written
}

fn write_csv<W: Write>(engine: &EngineSession, table: &TableView, out: W) -> Result<u64, Failure> {
    let names = table.fields.iter().map(|field| field.name.clone()).collect();
    let mut export = CsvExport::begin(out, names)?;
    let mut row = Vec::with_capacity(table.fields.len());
    each_record(engine, table, |record| {
        row.clear();
        row.extend(table.fields.iter().map(|field| {
            read_field(
                field.field_type(),
                record.fields.get(&field.name).unwrap_or(&Json::Null),
            )
        }));
        Ok(export.write_row(&row)?)
    })?;
    Ok(export.finish()?)
}

/// One document: what the table is, and its records as the engine gives them.
fn to_json(engine: &EngineSession, table: &TableView) -> Result<(), Failure> {
    let fields: Vec<_> = table
        .fields
        .iter()
        .map(|field| json!({"name": field.name, "type": field.type_name}))
        .collect();
    let head = json!({"table": table.name, "table_id": table.table_id, "fields": fields}).to_string();
    let mut out = BufWriter::new(io::stdout().lock());
    write!(out, "{},\"records\":[", head.trim_end_matches('}')).map_err(Failure::Print)?;
    let mut first = true;
    each_record(engine, table, |record| {
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        let record = json!({"entity_id": record.entity_id, "fields": record.fields});
        write!(out, "{comma}{record}").map_err(Failure::Print)
    })?;
    writeln!(out, "]}}")
        .and_then(|()| out.flush())
        .map_err(Failure::Print)
}

fn each_record(
    engine: &EngineSession,
    table: &TableView,
    mut take: impl FnMut(Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("table", table.table_id.as_str()), ("limit", PAGE)];
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let page: Page = engine.client.get("/records/list", &query)?;
        page.records.into_iter().try_for_each(&mut take)?;
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}
