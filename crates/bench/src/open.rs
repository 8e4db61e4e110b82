//! P7: how long it takes from a closed workspace to the answer to the first query; files are in the system's cache.

use std::path::Path;
use std::time::Instant;

use openprod_engine::Engine;
use openprod_engine::query::{ListRequest, list};
use openprod_storage::DataDirectory;
use rusqlite::{Connection, OpenFlags};

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Contestant, Figure, Goal, interleave};
use crate::rig::clock::now;
use crate::rig::stores::{History, Stores, workspace};
use crate::workload::TABLE;

/// How many operations the big workspace has, and the small one.
const BIG: u64 = 1_000_000;
const SMALL: u64 = 10_000;

/// How many records the first query asks for.
const PAGE: usize = 100;

/// How often each is opened in a round's place: opening is quick, so one opening says little.
const TIMES: u32 = 4;

/// The longest that opening may take, in milliseconds.
const GOAL_MS: f64 = 200.0;

/// The most that the big workspace may take, measured by the small one.
const GOAL_GROWTH: f64 = 1.5;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut figures = Vec::new();
    for history in [History::Imported, History::Typed] {
        let big = setup.stores.data(history, setup.amount(BIG))?;
        let small = setup.stores.data(history, setup.amount(SMALL))?;
        let database = Stores::database(&big);
        let mut contestants: [Contestant<'_>; 3] = [
            Box::new(|| open_and_ask(&big)),
            Box::new(|| open_and_ask(&small)),
            Box::new(|| open_bare(&database)),
        ];
        let series = interleave(setup.rounds * TIMES, &mut contestants)?;
        let [big, small, bare] = series.try_into().expect("there are three contestants");
        let name = history.name();
        figures.push(
            Figure::new("P7", format!("1,000,000 operations, {name}"), "ms", big.clone())
                .beside("the same workspace with 10,000 operations", small)
                .goal(Goal::AtMost(GOAL_MS))
                .goal(Goal::RatioAtMost(GOAL_GROWTH)),
        );
        figures.push(
            Figure::new("P7", format!("beside bare SQLite, {name}"), "ms", big)
                .beside("opening the database and reading 100 rows", bare),
        );
    }
    Ok(figures)
}

/// Opens a workspace as the server does, and lists a page; in milliseconds.
fn open_and_ask(data: &Path) -> Result<f64, BenchError> {
    let started = Instant::now();
    let directory = DataDirectory::open(data).during("open a workspace")?;
    let identity = directory.identity([1; 32]).during("open a workspace")?;
    let storage = directory
        .open_workspace(workspace().id)
        .during("open a workspace")?;
    let engine = Engine::open(Box::new(storage), identity, [5; 32], now()).during("open a workspace")?;
    let snapshot = engine.snapshots().take().during("open a workspace")?;
    let request = ListRequest {
        table: TABLE.to_owned(),
        limit: PAGE,
        ..ListRequest::default()
    };
    let page = list(&snapshot, &request).during("list records")?;
    let took = started.elapsed();
    if page.records.len() as u64 != page.total.min(PAGE as u64) || page.records.is_empty() {
        return Err(BenchError::Wrong(format!(
            "{} records are on the first page",
            page.records.len()
        )));
    }
    Ok(took.as_secs_f64() * 1_000.0)
}

fn open_bare(database: &Path) -> Result<f64, BenchError> {
    let started = Instant::now();
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).during("open bare")?;
    let mut statement = connection
        .prepare("SELECT key, value FROM state_entity LIMIT 100")
        .during("open bare")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    let rows: Vec<_> = rows
        .during("open bare")?
        .collect::<Result<_, _>>()
        .during("open bare")?;
    std::hint::black_box(rows);
    Ok(started.elapsed().as_secs_f64() * 1_000.0)
}
