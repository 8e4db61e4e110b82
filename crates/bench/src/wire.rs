//! P2: what an operation of an import weighs on the wire.
//!
//! A second engine joins and takes everything over TCP; a proxy between the two counts every byte in both
//! directions: handshake, framing, encryption, headers, acknowledgements and heartbeats included. Beside it stands
//! the weight of the same CSV text, compressed as the bundles are.

use std::path::{Path, PathBuf};

use openprod_core::{FieldType, Value};
use openprod_engine::{Command, Engine, Fields, NewField, Request};
use openprod_storage::MemoryStorage;
use tokio::runtime::Runtime;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Goal, Series};
use crate::rig::clock::now;
use crate::rig::counting_proxy::CountingProxy;
use crate::rig::node::Node;
use crate::rig::stores::{IMPORT_ROWS, execute_all, identity, workspace};
use crate::workload::Rows;

/// The most bytes for an operation.
const GOAL: f64 = 40.0;

/// How many rows the generated file has.
const ROWS: u64 = 10_000;

/// How many columns the generated file has.
const COLUMNS: usize = 12;

/// The level at which the CSV text is compressed: the one of the bundles.
const LEVEL: i32 = 3;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let runtime = Runtime::new().during("start threads")?;
    let mut figures = vec![figure(
        "generated, 12 columns",
        &runtime,
        &[generated(setup.amount(ROWS))?],
    )?];
    let real = real_files()?;
    if real.is_empty() {
        println!("skipped: the real CSV files are not beside this checkout");
    } else {
        let what = format!("{} real files", real.len());
        figures.push(figure(&what, &runtime, &real)?);
    }
    Ok(figures)
}

/// A CSV file, read.
struct Sheet {
    name: String,
    fields: Vec<NewField>,
    rows: Vec<Fields>,
    /// The file's text.
    text: Vec<u8>,
}

fn figure(what: &str, runtime: &Runtime, sheets: &[Sheet]) -> Result<Figure, BenchError> {
    let mut engine = founder()?;
    for sheet in sheets {
        let command = Command::CreateTable {
            name: sheet.name.clone(),
            fields: sheet.fields.clone(),
        };
        engine
            .execute(&Request::new("cli", command), now())
            .during("create a table")?;
        let mut commands = sheet
            .rows
            .chunks(IMPORT_ROWS as usize)
            .map(|rows| Command::CreateRecords {
                table: sheet.name.clone(),
                records: rows.to_vec(),
            });
        execute_all(&mut engine, &mut commands, 1)?;
    }
    let status = engine
        .snapshots()
        .take()
        .during("read the state")?
        .status()
        .during("read the state")?;
    let (operations, bundles) = (status.operations as f64, status.bundles);
    let bytes = runtime.block_on(async {
        let founder = Node::start(engine).await?;
        let proxy = CountingProxy::start(founder.address()).await?;
        let newcomer = Engine::join(Box::new(MemoryStorage::new()), identity(2), workspace(), [2; 32]);
        let mut newcomer = Node::start(newcomer.during("join")?).await?;
        newcomer.catch_up(proxy.address(), founder.hash()?).await?;
        let bytes = proxy.bytes();
        newcomer.stop().await;
        founder.stop().await;
        Ok(bytes)
    })?;
    let text: Vec<u8> = sheets.iter().flat_map(|sheet| &sheet.text).copied().collect();
    let compressed = zstd::bulk::compress(&text, LEVEL).during("compress the text")?;
    let rows: usize = sheets.iter().map(|sheet| sheet.rows.len()).sum();
    Ok(
        Figure::new("P2", what, "B/op", Series::one(bytes as f64 / operations))
            .beside(
                "the CSV text itself, compressed alike",
                Series::one(compressed.len() as f64 / operations),
            )
            .goal(Goal::AtMost(GOAL))
            .note(format!(
                "{rows} rows, {operations} operations in {bundles} bundles, {bytes} bytes in both directions"
            )),
    )
}

fn founder() -> Result<Engine, BenchError> {
    let storage = Box::new(MemoryStorage::new());
    Engine::create(storage, identity(1), workspace(), [1; 32], now()).during("create a workspace")
}

fn generated(count: u64) -> Result<Sheet, BenchError> {
    let mut rows = Rows::new(2);
    let rows: Vec<_> = (0..count).map(|_| rows.next(COLUMNS)).collect();
    let Some(first) = rows.first() else {
        return Err(BenchError::Wrong("a sheet without rows".to_owned()));
    };
    let fields: Vec<_> = first
        .iter()
        // An import infers no options: such a column is text.
        .map(|(name, value)| (name, value.field_type().filter(|kind| *kind != FieldType::Enum)))
        .map(|(name, kind)| NewField::new(name, kind.unwrap_or(FieldType::Text)))
        .collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(fields.iter().map(|field| &field.name))
        .during("write CSV")?;
    for row in &rows {
        writer
            .write_record(row.iter().map(|(_, value)| value.to_text()))
            .during("write CSV")?;
    }
    let text = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)
        .during("write CSV")?;
    let as_text = |value: Value| match value {
        Value::Enum(option) => Value::Text(option),
        other => other,
    };
    let rows = rows.into_iter().map(|row| {
        row.into_iter()
            .map(|(name, value)| (name, as_text(value)))
            .collect()
    });
    Ok(Sheet {
        name: "Performance".to_owned(),
        fields,
        rows: rows.collect(),
        text,
    })
}

/// The CSV files beside the checkout, in order of name; none where they are not.
fn real_files() -> Result<Vec<Sheet>, BenchError> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nyphil");
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Reads a file; a column is of the first type that all its cells can be read as.
fn read(path: &Path) -> Result<Sheet, BenchError> {
    const TYPES: [FieldType; 4] = [
        FieldType::Integer,
        FieldType::Float,
        FieldType::Date,
        FieldType::DateTime,
    ];
    let text = std::fs::read(path).during("read a CSV file")?;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let names: Vec<_> = reader
        .headers()
        .during("read a CSV file")?
        .iter()
        .map(str::to_owned)
        .collect();
    let records: Vec<_> = reader
        .records()
        .collect::<Result<_, _>>()
        .during("read a CSV file")?;
    let cells = |column: usize| {
        records
            .iter()
            .filter_map(move |record| record.get(column))
            .filter(|cell| !cell.is_empty())
    };
    let kinds: Vec<_> = (0..names.len())
        .map(|column| {
            let fits = |kind: &FieldType| cells(column).all(|cell| kind.parse(cell).is_ok());
            TYPES.into_iter().find(fits).unwrap_or(FieldType::Text)
        })
        .collect();
    let row = |record: &csv::StringRecord| -> Fields {
        let filled = record.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        filled
            .filter_map(|(column, cell)| Some((names[column].clone(), kinds[column].parse(cell).ok()?)))
            .collect()
    };
    Ok(Sheet {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        fields: names
            .iter()
            .zip(&kinds)
            .map(|(name, kind)| NewField::new(name, *kind))
            .collect(),
        rows: records.iter().map(row).collect(),
        text: text.clone(),
    })
}
