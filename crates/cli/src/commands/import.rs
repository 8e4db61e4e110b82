//! `openprod import`: a CSV file into a table.

use std::path::PathBuf;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use openprod_core::{CommandId, FieldType};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::command_name::new_command_id;
use crate::console::{count, plain};
use crate::csv_source::{Column, CsvSource, TypeOverrides};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;
use crate::record_batch::{RecordBatch, RecordRoad};
use crate::table_view::{TableView, find, tables};

/// Imports a CSV file as a table, one record a row.
///
/// A table that does not exist is made, with a type for each column that all of its values have. Into a table that
/// exists the columns go by their names. Everything is checked before the first row is imported.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  openprod import --table Cast cast.csv\n  \
    openprod import --table Cues cues.csv --types number:float,department:enum\n\n\
    Types: text, integer, float, boolean, date, datetime, duration, enum, entity.\n\
    A column name with a comma or a quote goes in double quotes.")]
pub(crate) struct Import {
    /// The table: its name, or the id of one that exists
    #[arg(long, value_name = "NAME")]
    table: String,
    /// Types for columns, where the ones found by themselves are not what you want
    #[arg(
        long,
        value_name = "COLUMN:TYPE,…",
        default_value = "",
        hide_default_value = true
    )]
    types: TypeOverrides,
    /// The file: commas, semicolons or tabs; UTF-8, UTF-16 or what Windows wrote
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct Imported {
    table: String,
    table_id: String,
    /// Whether the table was made for it.
    created: bool,
    rows: u64,
    columns: Vec<ColumnView>,
    encoding: &'static str,
    delimiter: char,
    warnings: Vec<String>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct ColumnView {
    name: String,
    r#type: &'static str,
}

#[derive(Deserialize)]
struct TableCreated {
    table_id: String,
}

impl Import {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let begun = Instant::now();
            let tables = tables(&engine.client)?;
            let present = find(&tables, &self.table);
            let source = self.read(context, present)?;
            for warning in source.warnings() {
                context
                    .console
                    .note(&format!("Note: {}", plain(&warning.to_string())));
            }
            let conversation = new_command_id();
            let table_id = match present {
                Some(table) => table.table_id.clone(),
                None => self.create_table(engine, &source, conversation)?,
            };
            self.send_rows(context, engine, &source, &table_id, conversation)?;
            let column = |column: &Column| ColumnView {
                name: column.name.clone(),
                r#type: column.field_type.name(),
            };
            let imported = Imported {
                table: present.map_or_else(|| self.table.clone(), |table| table.name.clone()),
                table_id,
                created: present.is_none(),
                rows: source.row_count(),
                columns: source.columns().iter().map(column).collect(),
                encoding: source.encoding_name(),
                delimiter: source.delimiter(),
                warnings: source.warnings().iter().map(ToString::to_string).collect(),
                seconds: begun.elapsed().as_secs_f64(),
            };
            context.console.answer(&imported, words)
        })
    }

    /// Reads the file to its end, so that what is wrong with it is known before anything is imported.
    fn read(&self, context: &Context, present: Option<&TableView>) -> Result<CsvSource, Failure> {
        let bar = progress(context, "Reading  {bar:30} {bytes} of {total_bytes}");
        let read = |types: &TypeOverrides| {
            CsvSource::open_with_progress(&self.file, types, |done, total| {
                bar.set_length(total);
                bar.set_position(done);
            })
        };
        let Some(table) = present else {
            return Ok(read(&self.types)?);
        };
        let probe = read(&TypeOverrides::none())?;
        let types = types_of(table, probe.columns(), &self.types)?;
        let source = read(&types)?;
        check_options(table, source.columns())?;
        Ok(source)
    }

    fn create_table(
        &self,
        engine: &EngineSession,
        source: &CsvSource,
        conversation: CommandId,
    ) -> Result<String, Failure> {
        let fields = source.columns().iter().map(|column| {
            json!({"name": column.name, "type": column.field_type.name(), "options": column.options})
        });
        let body = json!({
            "name": self.table,
            "fields": fields.collect::<Vec<_>>(),
            "command": {
                "source": SOURCE,
                "correlation_id": conversation.to_string(),
                "justification": self.reason(),
            },
        });
        Ok(engine
            .client
            .post::<TableCreated>("/tables/create", body)?
            .table_id)
    }

    fn send_rows(
        &self,
        context: &Context,
        engine: &EngineSession,
        source: &CsvSource,
        table_id: &str,
        conversation: CommandId,
    ) -> Result<(), Failure> {
        let fields: Vec<_> = source
            .columns()
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let road = RecordRoad {
            client: &engine.client,
            table: table_id,
            fields: &fields,
            source: SOURCE,
            correlation_id: conversation,
            justification: &self.reason(),
        };
        let bar = progress(
            context,
            "Importing {bar:30} {human_pos} of {human_len} rows, {eta} left",
        );
        bar.set_length(source.row_count());
        let mut rows = source.rows()?;
        let mut batch = RecordBatch::default();
        // On which line each row of the batch begins.
        let (mut lines, mut done) = (Vec::new(), 0_u64);
        let stopped = |done: u64, line: u64, failure| Failure::Stopped {
            done,
            total: source.row_count(),
            line,
            table: self.table.clone(),
            source: Box::new(failure),
        };
        loop {
            let row = rows.next();
            let full = row
                .as_ref()
                .is_none_or(|row| row.as_ref().map_or(true, |row| batch.is_too_full_for(row)));
            if full && batch.len() > 0 {
                let sent = batch.take();
                road.send(&sent, new_command_id()).map_err(|(made, failure)| {
                    stopped(
                        done + made as u64,
                        lines.get(made).copied().unwrap_or_default(),
                        failure,
                    )
                })?;
                done += sent.len() as u64;
                lines.clear();
                bar.set_position(done);
            }
            match row {
                Some(Ok(row)) => {
                    lines.push(rows.line());
                    batch.add(row);
                }
                Some(Err(error)) => return Err(stopped(done, rows.line(), error.into())),
                None => break,
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// What the history says of it.
    fn reason(&self) -> String {
        let name = self
            .file
            .file_name()
            .unwrap_or(self.file.as_os_str())
            .to_string_lossy();
        format!("imported from {}", name.chars().take(200).collect::<String>())
    }
}

/// What the history says of where it came from.
const SOURCE: &str = "cli import";

fn progress(context: &Context, template: &str) -> ProgressBar {
    // It draws on standard error, and only where that is a terminal.
    let bar = if context.console.is_json() {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(0)
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the templates above are sound"))
}

/// The types that the columns of a file must have to go into a table by their names.
fn types_of(table: &TableView, columns: &[Column], given: &TypeOverrides) -> Result<TypeOverrides, Failure> {
    let misfit = |text: String| Failure::DoesNotFit(format!("import into table {:?}: {text}", table.name));
    let field = |name: &str| table.fields.iter().find(|field| field.name == name);
    let unknown: Vec<_> = columns
        .iter()
        .filter(|column| field(&column.name).is_none())
        .map(|column| format!("{:?}", column.name))
        .collect();
    if !unknown.is_empty() {
        let known: Vec<_> = table
            .fields
            .iter()
            .map(|field| format!("{:?}", field.name))
            .collect();
        let text = format!(
            "it has no field {}; its fields are {}",
            unknown.join(", "),
            known.join(", ")
        );
        return Err(misfit(text));
    }
    for name in given.columns() {
        let (wanted, found) = (given.get(name), field(name));
        match found {
            Some(found) if wanted == Some(found.field_type()) => {}
            Some(found) => {
                let wanted = wanted.map(FieldType::name).unwrap_or_default();
                let text = format!("field {name:?} is of type {}, not {wanted}", found.type_name);
                return Err(misfit(format!(
                    "{text}; --types cannot change a table that exists"
                )));
            }
            None => return Err(misfit(format!("--types names {name:?}, which is no field of it"))),
        }
    }
    if let Some(follower) = columns
        .iter()
        .filter_map(|column| field(&column.name))
        .find(|f| f.mode != "discrete")
    {
        return Err(misfit(format!(
            "field {:?} follows another field and holds no values",
            follower.name
        )));
    }
    let types = columns
        .iter()
        .filter_map(|column| Some((column.name.clone(), field(&column.name)?.field_type())));
    TypeOverrides::new(types).map_err(|error| misfit(error.to_string()))
}

/// Whether every value of an enum column is one that the table's field offers.
fn check_options(table: &TableView, columns: &[Column]) -> Result<(), Failure> {
    for column in columns
        .iter()
        .filter(|column| column.field_type == FieldType::Enum)
    {
        let Some(field) = table.fields.iter().find(|field| field.name == column.name) else {
            continue;
        };
        let strange: Vec<_> = column
            .options
            .iter()
            .filter(|option| !field.options.contains(option))
            .map(|option| format!("{option:?}"))
            .collect();
        if !strange.is_empty() {
            let shown = strange.iter().take(20).cloned().collect::<Vec<_>>().join(", ");
            let more = if strange.len() > 20 {
                format!(" and {} more", strange.len() - 20)
            } else {
                String::new()
            };
            return Err(Failure::DoesNotFit(format!(
                "import into table {:?}: field {:?} does not offer {shown}{more}; it offers {}",
                table.name,
                field.name,
                field.options.join(", ")
            )));
        }
    }
    Ok(())
}

fn words(imported: &Imported) -> String {
    let made = if imported.created { "new table" } else { "table" };
    let mut text = format!(
        "Imported {} into {made} {:?} in {:.1} s.",
        count(imported.rows, "row"),
        imported.table,
        imported.seconds
    );
    if imported.created {
        let columns: Vec<_> = imported
            .columns
            .iter()
            .map(|column| format!("{} ({})", plain(&column.name), column.r#type))
            .collect();
        text.push_str(&format!("\nFields: {}", columns.join(", ")));
    }
    text
}
