//! P9: how long it takes to list 100 records of a table of 100,000, filtered and sorted, and to search it for a text.
//!
//! Listings and the questions to the limit table take turns, each with other values. Every answer is compared with
//! that of the limit table.

use std::path::Path;
use std::time::{Duration, Instant};

use openprod_core::{EntityId, FieldId, Value};
use openprod_engine::query::{Comparison, Filter, ListRequest, Overrides, Page, list, list_by_scan};
use openprod_engine::{Command, Engine, Request, Snapshots};
use openprod_storage::DataDirectory;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::table::SqlTable;
use crate::measure::{Figure, Goal, Series, percentile};
use crate::rig::clock::now;
use crate::rig::stores::{COLUMNS, History, RECORD_OPERATIONS, workspace};
use crate::workload::{Rows, TABLE};

/// How many records the table has.
const RECORDS: u64 = 100_000;

/// How many records a page has.
const PAGE: usize = 100;

/// How many listings of each kind are made in a round.
const LISTINGS: u64 = 200;

/// The longest that a listing may take at p99, and that a search may, in milliseconds.
const GOAL_MS: f64 = 10.0;
const GOAL_SEARCH_MS: f64 = 30.0;

const STATUSES: [&str; 4] = ["option", "confirmed", "on sale", "cancelled"];

/// Parts of words: some that one record in ten has, some that hardly any has.
const TEXTS: [&str; 6] = ["amber", "Harbour", "okafor41", "tide la", "zenith o", "castillo7"];

/// The seed of the rows that the stores are filled with.
const SEED: u64 = 1;

/// About half of the records have fewer seats.
const MIDDLE: i64 = 1_100;

/// More seats than any record has.
const NO_BOUND: i64 = i64::MAX;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let records = setup.amount(RECORDS);
    let data = setup
        .stores
        .data(History::Imported, records * RECORD_OPERATIONS)?;
    let mut rows = Rows::new(SEED);
    let table = SqlTable::new((0..records).map(|_| rows.next(COLUMNS)))?;
    let mut figures = cold(setup, &data)?;
    let mut bench = Bench::open(&data, table)?;
    let listings = setup.amount(LISTINGS).max(4);
    figures.extend(bench.pages(setup.rounds, listings)?);
    figures.extend(bench.searches(setup.rounds, listings)?);
    figures.extend(bench.after_commits(setup.rounds, listings)?);
    let bytes = bench.snapshots.column_bytes() as f64 / f64::from(1 << 20);
    figures.push(Figure::new("P9", "columns in memory", "MiB", Series::one(bytes)));
    Ok(figures)
}

/// The first listing of an engine, which builds columns, beside what it was before there were any.
fn cold(setup: &Setup, data: &Path) -> Result<Vec<Figure>, BenchError> {
    let (mut first, mut found, mut scanned) = (Vec::new(), Vec::new(), Vec::new());
    let (request, search) = (by_seats("confirmed", 50.0, None), search("amber"));
    for round in 0..=setup.rounds {
        let engine = open(data)?;
        let snapshots = engine.snapshots();
        let taken = [
            time(|| ask(&snapshots, &request))?.0,
            time(|| ask(&snapshots, &search))?.0,
            time(|| {
                let snapshot = snapshots.take().during("list records")?;
                list_by_scan(&snapshot, &request, &Overrides::new()).during("list records")
            })?
            .0,
        ];
        if round > 0 {
            first.push(taken[0]);
            found.push(taken[1]);
            scanned.push(taken[2]);
        }
    }
    let scanned = Series::new(scanned);
    let figure = |what, samples| {
        Figure::new("P9", what, "ms", Series::new(samples))
            .beside("the same listing by reading every row", scanned.clone())
    };
    Ok(vec![
        figure("first listing of a table", first),
        figure("first search of a table", found),
    ])
}

struct Bench {
    engine: Engine,
    snapshots: Snapshots,
    table: SqlTable,
    seats: FieldId,
    values: Rows,
}

/// What was measured of ours, and of one or two limits, by round, in milliseconds.
type Rounds = [Vec<Vec<f64>>; 3];

impl Bench {
    fn open(data: &Path, table: SqlTable) -> Result<Self, BenchError> {
        let engine = open(data)?;
        let snapshots = engine.snapshots();
        let snapshot = snapshots.take().during("read the schema")?;
        let missing = || BenchError::Wrong("the table has no seats".to_owned());
        let own = snapshot.schema().find(TABLE).ok_or_else(missing)?;
        let seats = own.field("seats").ok_or_else(missing)?.id;
        Ok(Self {
            engine,
            snapshots,
            table,
            seats,
            values: Rows::new(20),
        })
    }

    /// First pages, and pages from the middle of the listing.
    fn pages(&mut self, rounds: u32, listings: u64) -> Result<Vec<Figure>, BenchError> {
        let (mut first, mut deep) = (Rounds::default(), Rounds::default());
        let middles = STATUSES.map(|status| self.cursor_below(status, MIDDLE));
        let middles: Vec<_> = middles.into_iter().collect::<Result<_, _>>()?;
        for round in 0..=rounds {
            let (mut of_first, mut of_deep): ([Vec<f64>; 3], [Vec<f64>; 3]) = Default::default();
            for _ in 0..listings {
                let at = self.values.below(STATUSES.len() as u64) as usize;
                let price = 20.0 + self.values.below(60) as f64;
                let (took, page) = time(|| ask(&self.snapshots, &by_seats(STATUSES[at], price, None)))?;
                let (bare, seats) = time(|| self.table.page(STATUSES[at], price, NO_BOUND, PAGE))?;
                let (counting, total) = time(|| self.table.count(STATUSES[at], price))?;
                self.compare(&page, Some(total), &seats)?;
                push(&mut of_first, [took, bare, bare + counting]);

                let request = by_seats(STATUSES[at], 50.0, Some(&middles[at]));
                let (took, page) = time(|| ask(&self.snapshots, &request))?;
                let (bare, seats) = time(|| self.table.page(STATUSES[at], 50.0, MIDDLE, PAGE))?;
                self.compare(&page, None, &seats)?;
                push(&mut of_deep, [took, bare, bare]);
            }
            if round > 0 {
                keep(&mut first, of_first);
                keep(&mut deep, of_deep);
            }
        }
        let seek = "an SQLite table in memory: a seek in an index for this very listing, no total";
        let mut figures = latency("first page", &first, seek, GOAL_MS);
        figures.push(
            Figure::new("P9", "first page and total, p50", "ms", each(&first[0], 50.0)).beside(
                "the same SQLite table, counting the total too",
                each(&first[2], 50.0),
            ),
        );
        figures.extend(latency("page in the middle", &deep, seek, GOAL_MS));
        Ok(figures)
    }

    fn searches(&mut self, rounds: u32, listings: u64) -> Result<Vec<Figure>, BenchError> {
        let mut searched = Rounds::default();
        for round in 0..=rounds {
            let mut of_round: [Vec<f64>; 3] = Default::default();
            for _ in 0..listings {
                let text = TEXTS[self.values.below(TEXTS.len() as u64) as usize];
                let (took, page) = time(|| ask(&self.snapshots, &search(text)))?;
                let (bare, total) = time(|| self.table.search(text))?;
                if page.total != total {
                    return Err(BenchError::Wrong(format!(
                        "{total} records have {text:?}, not {}",
                        page.total
                    )));
                }
                push(&mut of_round, [took, bare, bare]);
            }
            if round > 0 {
                keep(&mut searched, of_round);
            }
        }
        let like = "an SQLite table in memory: LIKE over its four text columns";
        Ok(latency("text search", &searched, like, GOAL_SEARCH_MS))
    }

    /// First pages, each after a record has changed.
    fn after_commits(&mut self, rounds: u32, listings: u64) -> Result<Vec<Figure>, BenchError> {
        let records = self.some_records()?;
        let mut listed = Rounds::default();
        for round in 0..=rounds {
            let mut of_round: [Vec<f64>; 3] = Default::default();
            for _ in 0..listings {
                let entity = records[self.values.below(records.len() as u64) as usize];
                let seats = Value::Integer(200 + self.values.below(1_800) as i64);
                let command = Command::UpdateRecord {
                    entity,
                    table: TABLE.to_owned(),
                    fields: vec![("seats".to_owned(), seats)],
                };
                self.engine
                    .execute(&Request::new("bench", command), now())
                    .during("change a record")?;
                let status = STATUSES[self.values.below(STATUSES.len() as u64) as usize];
                let (took, _) = time(|| ask(&self.snapshots, &by_seats(status, 50.0, None)))?;
                push(&mut of_round, [took, took, took]);
            }
            if round > 0 {
                keep(&mut listed, of_round);
            }
        }
        let figure = |percent: f64| {
            let what = format!("first page after a change, p{percent}");
            Figure::new("P9", what, "ms", each(&listed[0], percent))
        };
        Ok(vec![figure(50.0), figure(99.0).goal(Goal::AtMost(GOAL_MS))])
    }

    /// A cursor after the last record with so many seats.
    fn cursor_below(&self, status: &str, seats: i64) -> Result<String, BenchError> {
        let mut request = by_seats(status, 50.0, None);
        let at_least = Filter::Test {
            field: "seats".to_owned(),
            comparison: Comparison::AtLeast,
            values: vec![Value::Integer(seats)],
        };
        let all = request.filter.clone();
        request.filter = all.map(|filter| Filter::And(vec![filter, at_least]));
        let total = ask(&self.snapshots, &request)?.total;
        let mut request = by_seats(status, 50.0, None);
        let mut left = total as usize;
        loop {
            request.limit = left.min(1_000);
            left -= request.limit;
            let page = ask(&self.snapshots, &request)?;
            match page.next_cursor {
                Some(cursor) if left == 0 => return Ok(cursor),
                Some(cursor) => request.cursor = Some(cursor),
                None => return Err(BenchError::Wrong("a listing has no middle".to_owned())),
            }
        }
    }

    fn some_records(&self) -> Result<Vec<EntityId>, BenchError> {
        let page = ask(
            &self.snapshots,
            &ListRequest {
                limit: 1_000,
                ..by_seats("confirmed", 0.0, None)
            },
        )?;
        Ok(page.records.into_iter().map(|(entity, _)| entity).collect())
    }

    /// A listing has the records that the limit table says. Those with as many seats may come in another order.
    fn compare(&self, page: &Page, total: Option<u64>, seats: &[i64]) -> Result<(), BenchError> {
        let seats_of = page.records.iter().map(|(_, row)| row.field(self.seats).clone());
        let agree = seats_of.eq(seats.iter().map(|seats| Value::Integer(*seats)))
            && total.is_none_or(|total| total == page.total);
        if agree {
            Ok(())
        } else {
            Err(BenchError::Wrong("a listing is not what SQLite says".to_owned()))
        }
    }
}

/// The records of a status that cost so much or more, those with the most seats first.
fn by_seats(status: &str, price: f64, cursor: Option<&str>) -> ListRequest {
    let test = |field: &str, comparison, value| Filter::Test {
        field: field.to_owned(),
        comparison,
        values: vec![value],
    };
    ListRequest {
        table: TABLE.to_owned(),
        filter: Some(Filter::And(vec![
            test("status", Comparison::Equal, Value::Enum(status.to_owned())),
            test("price", Comparison::AtLeast, Value::Float(price)),
        ])),
        sort: vec![("seats".to_owned(), true)],
        limit: PAGE,
        cursor: cursor.map(str::to_owned),
        search: None,
    }
}

fn search(text: &str) -> ListRequest {
    ListRequest {
        table: TABLE.to_owned(),
        limit: PAGE,
        search: Some(text.to_owned()),
        ..ListRequest::default()
    }
}

/// Opens a workspace as the server does.
fn open(data: &Path) -> Result<Engine, BenchError> {
    let directory = DataDirectory::open(data).during("open a workspace")?;
    let identity = directory.identity([1; 32]).during("open a workspace")?;
    let storage = directory
        .open_workspace(workspace().id)
        .during("open a workspace")?;
    Engine::open(Box::new(storage), identity, [5; 32], now()).during("open a workspace")
}

/// A listing of the newest state, as a request makes it.
fn ask(snapshots: &Snapshots, request: &ListRequest) -> Result<Page, BenchError> {
    let snapshot = snapshots.take().during("list records")?;
    list(&snapshot, request).during("list records")
}

/// How long something takes, in milliseconds.
fn time<T>(act: impl FnOnce() -> Result<T, BenchError>) -> Result<(f64, T), BenchError> {
    let started = Instant::now();
    let value = act()?;
    let took: Duration = started.elapsed();
    Ok((took.as_secs_f64() * 1_000.0, value))
}

fn push(taken: &mut [Vec<f64>; 3], measured: [f64; 3]) {
    for (all, one) in taken.iter_mut().zip(measured) {
        all.push(one);
    }
}

fn keep(rounds: &mut Rounds, round: [Vec<f64>; 3]) {
    for (all, one) in rounds.iter_mut().zip(round) {
        all.push(one);
    }
}

/// A percentile of each round.
fn each(rounds: &[Vec<f64>], percent: f64) -> Series {
    Series::new(rounds.iter().map(|round| percentile(round, percent)).collect())
}

fn latency(what: &str, rounds: &Rounds, limit: &str, goal: f64) -> Vec<Figure> {
    let figure = |percent: f64| {
        let name = format!("{what}, p{percent}");
        Figure::new("P9", name, "ms", each(&rounds[0], percent)).beside(limit, each(&rounds[1], percent))
    };
    vec![figure(50.0), figure(99.0).goal(Goal::AtMost(goal))]
}
