//! P4: how long one client waits until a record of 12 operations is durable, over HTTP; and how often the disk is
//! flushed for it.
//!
//! The engine, the limit server and a bare `fdatasync` take turns request by request, because what a flush costs
//! changes by the minute.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::http_store;
use crate::measure::{Figure, Goal, Series, percentile};
use crate::rig::http_client::HttpClient;
use crate::rig::process::Process;
use crate::rig::stores::COLUMNS;
use crate::workload::{Rows, create_request, table_request};

/// How many records each round creates.
const REQUESTS: u64 = 1_000;

/// How many records are created before the first round.
const WARM_UP: u64 = 100;

/// How many records are created while flushes are counted.
const COUNTED: u64 = 200;

/// What the engine calls the thread that makes checkpoints.
const CHECKPOINTER: &str = "checkpoint";

/// The most that p50 and p99 may be above the limit's.
const GOAL: f64 = 2.0;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    // One thread: a client that hands work between threads would measure itself.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .during("start threads")?;
    let mut figures = latency(setup, &runtime)?;
    match flushes(setup, &runtime)? {
        Some(figure) => figures.push(figure),
        None => {
            println!("skipped: flushes are not counted, because strace is not installed or may not trace")
        }
    }
    Ok(figures)
}

/// An engine with a workspace and the table, to be asked over HTTP.
pub(crate) async fn prepare(engine: &Process) -> Result<HttpClient, BenchError> {
    let mut client = engine.client().await?;
    client.post("/workspace/create", r#"{"name":"Tour"}"#).await?;
    client.post("/tables/create", &table_request(COLUMNS)).await?;
    Ok(client)
}

fn latency(setup: &Setup, runtime: &Runtime) -> Result<Vec<Figure>, BenchError> {
    let (data, limit_directory) = (setup.directory()?, setup.directory()?);
    let engine = Process::engine(data.path())?;
    let limit = Process::limit(http_store::ROLE, limit_directory.path())?;
    let mut rows = Rows::new(8);
    let (mut ours, mut limits, mut flush) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let (mut client, mut limit_client) = (prepare(&engine).await?, limit.client().await?);
        let mut file = File::create(limit_directory.path().join("flushed")).during("make a file")?;
        for round in 0..=setup.rounds {
            let count = if round == 0 {
                WARM_UP
            } else {
                setup.amount(REQUESTS)
            };
            let mut taken: [Vec<f64>; 3] = Default::default();
            for request in 0..count {
                let body = create_request(&rows.next(COLUMNS));
                for turn in 0..3 {
                    let index = ((request + turn) % 3) as usize;
                    let started = Instant::now();
                    match index {
                        0 => drop(client.post("/records/create", &body).await?),
                        1 => drop(limit_client.post("/records/create", &body).await?),
                        _ => {
                            file.write_all(&[7; 4_096]).during("write a page")?;
                            file.sync_data().during("flush a page")?;
                        }
                    }
                    taken[index].push(micros(started.elapsed()));
                }
            }
            if round > 0 {
                ours.push(taken[0].clone());
                limits.push(taken[1].clone());
                flush.push(taken[2].clone());
            }
        }
        Ok::<_, BenchError>(())
    })?;
    engine.stop()?;
    limit.stop()?;
    let each = |rounds: &[Vec<f64>], percent| {
        Series::new(rounds.iter().map(|round| percentile(round, percent)).collect())
    };
    let bare = |percent| format!("a bare fdatasync took {:.0} µs", each(&flush, percent).median());
    let figure = |percent: f64| {
        Figure::new(
            "P4",
            format!("one record, p{percent}"),
            "µs",
            each(&ours, percent),
        )
        .beside(
            "an HTTP server that stores the body in SQLite",
            each(&limits, percent),
        )
        .goal(Goal::RatioAtMost(GOAL))
        .note(bare(percent))
    };
    Ok(vec![figure(50.0), figure(99.0)])
}

/// How often the disk is flushed for a record, as the system sees it; `None` where that cannot be seen.
fn flushes(setup: &Setup, runtime: &Runtime) -> Result<Option<Figure>, BenchError> {
    let may_trace = std::process::Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if !may_trace.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let data = setup.directory()?;
    let trace = data.path().join("trace");
    let engine = Process::engine_traced(&data.path().join("data"), &trace)?;
    let mut rows = Rows::new(9);
    let count = setup.amount(COUNTED);
    let (before, after) = runtime.block_on(async {
        let mut client = prepare(&engine).await?;
        client
            .post("/records/create", &create_request(&rows.next(COLUMNS)))
            .await?;
        let before = traced(&trace)?;
        for _ in 0..count {
            client
                .post("/records/create", &create_request(&rows.next(COLUMNS)))
                .await?;
        }
        Ok::<_, BenchError>((before, traced(&trace)?))
    })?;
    let checkpointer = engine.threads(CHECKPOINTER)?;
    engine.stop()?;
    let new = &after[before.len()..];
    let (by_checkpointer, awaited): (Vec<_>, Vec<_>) =
        new.iter().partition(|thread| checkpointer.contains(thread));
    let each = |flushes: &[&u32]| flushes.len() as f64 / count as f64;
    let note = format!(
        "{:.3} more by checkpoints, for which nobody waits",
        each(&by_checkpointer)
    );
    let figure = Figure::new(
        "P4",
        "flushes for a record",
        "flushes",
        Series::one(each(&awaited)),
    );
    Ok(Some(figure.goal(Goal::AtMost(1.0)).note(note)))
}

/// The threads that have flushed, flush by flush.
fn traced(trace: &Path) -> Result<Vec<u32>, BenchError> {
    let text = std::fs::read_to_string(trace).during("read the trace")?;
    // A call that another thread interrupts has two lines; the one that begins it counts.
    let calls = text
        .lines()
        .filter(|line| !line.contains("resumed>") && line.contains("sync("));
    Ok(calls
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect())
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
