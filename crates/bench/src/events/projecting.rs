//! V6 and V7: projections into SQLite from the first event on, beside the same rows written by hand.

use std::path::{Path, PathBuf};
use std::time::Instant;

use openprod_events::projection::{Projection, ProjectionConfig, ProjectionRunner, SqliteTarget};
use rusqlite::Connection;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::events::read::{PAGE, each_page, open};
use crate::events::read_log::Log;
use crate::events::read_projection::{Balances, Ledger, Rows};
use crate::measure::{Contestant, Figure, Goal, Series, interleave, number};

const LIMIT: &str = "the same pages read and the same rows written by hand";

/// A simple and a complex projection.
pub(crate) fn rates(setup: &Setup, directory: &Path, log: &Log) -> Result<Vec<Figure>, BenchError> {
    let simple = compare(setup, directory, log, Balances::new)?;
    let complex = compare(setup, directory, log, Ledger::new)?;
    let figure = |what, (ours, by_hand)| Figure::new("V6", what, "events/s", ours).beside(LIMIT, by_hand);
    Ok(vec![
        figure("simple projection into SQLite", simple).goal(Goal::AtLeast(100_000.0)),
        figure("complex projection into SQLite", complex).goal(Goal::AtLeast(20_000.0)),
    ])
}

/// The simple projection over the whole log, made anew.
pub(crate) fn rebuild(directory: &Path, log: &Log) -> Result<Figure, BenchError> {
    let (ours, by_hand) = (directory.join("rebuilt.db"), directory.join("rebuilt-by-hand.db"));
    let seconds = project(log, &ours, Balances::new()?)?;
    let seconds_by_hand = project_by_hand(log, &by_hand, &Balances::new()?)?;
    let size = number(log.events as f64);
    let what = format!("rebuild of the simple projection, {size} events");
    Ok(Figure::new("V7", what, "s", Series::one(seconds))
        .beside(LIMIT, Series::one(seconds_by_hand))
        .goal(Goal::AtMost(300.0))
        .note("measured once"))
}

/// Events a second: ours, and by hand.
fn compare<P: Projection<SqliteTarget> + Rows + 'static>(
    setup: &Setup,
    directory: &Path,
    log: &Log,
    projection: fn() -> Result<P, BenchError>,
) -> Result<(Series, Series), BenchError> {
    let events = log.events as f64;
    let (mut ours, mut by_hand) = (0, 0);
    let mut contestants: [Contestant<'_>; 2] = [
        Box::new(|| {
            let rows = fresh(directory, "rows", &mut ours)?;
            Ok(events / project(log, &rows, projection()?)?)
        }),
        Box::new(|| {
            let rows = fresh(directory, "rows-by-hand", &mut by_hand)?;
            Ok(events / project_by_hand(log, &rows, &projection()?)?)
        }),
    ];
    let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
    match (series.next(), series.next()) {
        (Some(ours), Some(by_hand)) => Ok((ours, by_hand)),
        _ => Err(BenchError::Wrong("two were measured".to_owned())),
    }
}

/// A file that is not there yet.
fn fresh(directory: &Path, name: &str, made: &mut u32) -> Result<PathBuf, BenchError> {
    *made += 1;
    let directory = directory.join(format!("{name}-{made}"));
    // Those of another projection are there still.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).during("make a directory")?;
    Ok(directory.join("rows.db"))
}

/// Applies all events, after rows of none; how long it took, in seconds.
fn project(
    log: &Log,
    rows: &Path,
    projection: impl Projection<SqliteTarget> + 'static,
) -> Result<f64, BenchError> {
    let config = ProjectionConfig {
        batch_max: PAGE,
        ..ProjectionConfig::default()
    };
    let target = SqliteTarget::open(rows).during("open a target")?;
    let mut runner =
        ProjectionRunner::new(open(&log.path)?, projection, target, config).during("start a projection")?;
    let started = Instant::now();
    runner.rebuild().during("rebuild a projection")?;
    runner.catch_up().during("run a projection")?;
    let status = runner.status();
    if status.lag > 0 || status.applied < log.events {
        return Err(BenchError::Wrong("a projection left events out".to_owned()));
    }
    Ok(started.elapsed().as_secs_f64())
}

fn project_by_hand(log: &Log, file: &Path, rows: &impl Rows) -> Result<f64, BenchError> {
    let by_hand = log.by_hand.as_ref().expect("a long log is written by hand too");
    let act = "project by hand";
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768;";
    let connection = Connection::open(file).during(act)?;
    connection.execute_batch(settings).during(act)?;
    let started = Instant::now();
    connection.execute_batch(rows.tables()).during(act)?;
    each_page(by_hand, log.events, |page| {
        let transaction = connection.unchecked_transaction().during(act)?;
        for (seq, value) in page {
            let (Some(account), Some(amount)) = (value["key"].as_str(), value["amount"].as_i64()) else {
                return Err(BenchError::Wrong("an event by hand has no account".to_owned()));
            };
            rows.write(&transaction, seq, account, amount).during(act)?;
        }
        transaction.commit().during(act)
    })?;
    Ok(started.elapsed().as_secs_f64())
}
