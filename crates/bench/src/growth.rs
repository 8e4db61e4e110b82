//! P10: what an operation costs in a big workspace, beside the same operation in a small one.

use std::path::Path;

use openprod_core::EntityId;
use openprod_engine::{Command, Engine};
use openprod_storage::DataDirectory;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Contestant, Figure, Goal, interleave, timed};
use crate::rig::clock::now;
use crate::rig::stores::{
    COLUMNS, History, IMPORT_ROWS, RECORD_OPERATIONS, Stores, copy, execute_all, fill, sqlite,
};
use crate::workload::{Rows, TABLE};

/// How many operations the big workspace has, and the small one.
const BIG: u64 = 1_000_000;
const SMALL: u64 = 100_000;

/// How many rows are imported, 500 to a bundle.
const ROWS: u64 = 5_000;

/// How many single edits are made, and how many of them are committed together where the disk is to matter less.
const EDITS: u64 = 2_000;
const TOGETHER: usize = 100;

/// How many edits are made before the clock runs, so that neither workspace is cold.
const WARMING: u64 = 200;

/// The most that an operation may cost in the big workspace, measured by the small one.
const GOAL: f64 = 1.25;

/// What is done.
#[derive(Clone, Copy)]
enum Work {
    /// Rows are imported.
    Import,
    /// A field of a record picked at random is set, each edit durable before the next.
    Edit,
    /// The same, a hundred made durable together.
    Edits,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::Import => "imports, 500 rows a bundle",
            Self::Edit => "single edits, each durable",
            Self::Edits => "single edits, 100 durable together",
        }
    }
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut figures = Vec::new();
    for (history, works) in [
        (History::Imported, &[Work::Import][..]),
        (History::Typed, &[Work::Edit, Work::Edits]),
    ] {
        let big = setup.stores.data(history, setup.amount(BIG))?;
        let small = setup.stores.data(history, setup.amount(SMALL))?;
        for work in works {
            let mut contestants: [Contestant<'_>; 2] = [
                Box::new(|| cost(setup, &big, *work)),
                Box::new(|| cost(setup, &small, *work)),
            ];
            let series = interleave(setup.rounds, &mut contestants)?;
            let [big, small] = series.try_into().expect("there are two contestants");
            figures.push(
                Figure::new("P10", work.name(), "µs/op", big)
                    .beside("the same with a tenth of the operations stored", small)
                    .goal(Goal::RatioAtMost(GOAL)),
            );
        }
    }
    Ok(figures)
}

/// Does the work in a copy of a workspace; in microseconds an operation.
fn cost(setup: &Setup, data: &Path, work: Work) -> Result<f64, BenchError> {
    let identity = DataDirectory::open(data)
        .during("open a workspace")?
        .identity([1; 32])
        .during("open a workspace")?;
    let directory = setup.directory()?;
    let database = Stores::database(data);
    copy(
        database.parent().expect("a database lies in a directory"),
        directory.path(),
    )?;
    let storage = sqlite(directory.path())?;
    let mut engine = Engine::open(storage, identity, [8; 32], now()).during("open a workspace")?;
    let records = records(&engine)?;
    let mut rows = Rows::new(12);
    execute_all(&mut engine, &mut edits(&records, &mut rows, WARMING), TOGETHER)?;
    let (took, operations) = timed(|| match work {
        Work::Import => {
            let rows = setup.amount(ROWS).max(IMPORT_ROWS);
            fill(&mut engine, History::Imported, rows, COLUMNS, 13)?;
            Ok(rows * RECORD_OPERATIONS)
        }
        Work::Edit | Work::Edits => {
            let count = setup.amount(EDITS).max(TOGETHER as u64);
            let together = if matches!(work, Work::Edit) { 1 } else { TOGETHER };
            execute_all(&mut engine, &mut edits(&records, &mut rows, count), together)?;
            Ok(count)
        }
    })?;
    Ok(took.as_secs_f64() * 1e6 / operations as f64)
}

/// The ids of all records.
fn records(engine: &Engine) -> Result<Vec<EntityId>, BenchError> {
    let snapshot = engine.snapshots().take().during("read the records")?;
    let table = snapshot
        .schema()
        .find(TABLE)
        .expect("the workspace has the table")
        .id;
    let members = snapshot
        .members(table, None, usize::MAX)
        .during("read the records")?;
    Ok(members.into_iter().map(|(entity, _)| entity).collect())
}

/// Edits of one field each, of records picked at random.
fn edits<'a>(
    records: &'a [EntityId],
    rows: &'a mut Rows,
    count: u64,
) -> impl Iterator<Item = Command> + use<'a> {
    (0..count).map(|_| Command::UpdateRecord {
        entity: records[rows.below(records.len() as u64) as usize],
        table: TABLE.to_owned(),
        fields: rows.next(1),
    })
}
