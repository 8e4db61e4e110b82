//! V9: 1,000 commands and 10,000 reads at the same time, on a store of 1,000,000 streams, and what memory that takes.
//!
//! It is a process of its own, so that nothing else is counted: this program again, in another role.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use openprod_events::{EventStore as _, EventType, Executor, NewEvent, Payload, SqliteStore};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::deposit::{Deposit, envelope, executor, stream};
use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Goal, Series};

/// The first argument by which this program becomes the measured process; a directory and the number of streams follow.
pub(crate) const ROLE: &str = "events-scale";

const STREAMS: u64 = 1_000_000;

/// How many streams one commit makes.
const TOGETHER: u64 = 5_000;

const COMMANDS: u64 = 1_000;

const READS: u64 = 10_000;

/// How many threads a server has for calls that block; reads beyond that wait as tasks.
const BLOCKING_THREADS: usize = 64;

/// What a thread that only waits and calls the library needs.
const STACK_BYTES: usize = 128 << 10;

/// What the process tells at its end.
#[derive(Serialize, Deserialize)]
struct Told {
    /// Streams a second, while they were made.
    made: f64,
    commands: f64,
    reads: f64,
    threads: f64,
    /// In MiB: with the store open, and the most while everybody was there.
    open: f64,
    commands_peak: f64,
    reads_peak: f64,
    threads_peak: f64,
    /// With as many threads that do nothing.
    bare_threads_peak: f64,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut told = Vec::new();
    let streams = setup.amount(STREAMS).max(2 * READS);
    // Filling the store takes most of the time, and differs little.
    for _ in 0..setup.rounds.min(2) {
        let directory = setup.directory()?;
        let output = Command::new(std::env::current_exe().during("find this program")?)
            .arg(ROLE)
            .arg(directory.path())
            .arg(streams.to_string())
            .output()
            .during("start a process")?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(BenchError::Wrong(format!("the measured process failed: {why}")));
        }
        told.push(serde_json::from_slice::<Told>(&output.stdout).during("read what a process told")?);
    }
    let series = |of: fn(&Told) -> f64| Series::new(told.iter().map(of).collect());
    let megabytes_100 = 100e6 / (1 << 20) as f64;
    let memory = |what: &str, of: fn(&Told) -> f64| {
        Figure::new("V9", what, "MiB", series(of)).goal(Goal::AtMost(megabytes_100))
    };
    Ok(vec![
        Figure::new(
            "V9",
            "1,000 commands at once",
            "commands/s",
            series(|told| told.commands),
        ),
        Figure::new("V9", "10,000 reads at once", "reads/s", series(|told| told.reads)),
        Figure::new(
            "V9",
            "10,000 reads at once, a thread each",
            "reads/s",
            series(|told| told.threads),
        ),
        Figure::new(
            "V9",
            "1,000,000 streams made",
            "streams/s",
            series(|told| told.made),
        ),
        memory("process with 1,000,000 streams open", |told| told.open),
        memory("peak, 1,000 commands at once", |told| told.commands_peak),
        memory("peak, 10,000 reads at once", |told| told.reads_peak).note(format!(
            "reads are tasks of a runtime with {BLOCKING_THREADS} threads for calls that block"
        )),
        Figure::new(
            "V9",
            "peak, 10,000 reads at once, a thread each",
            "MiB",
            series(|told| told.threads_peak),
        )
        .beside(
            "as many threads that only wait",
            series(|told| told.bare_threads_peak),
        ),
    ])
}

/// The measured process: prints what it found.
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    let told = match arguments {
        [directory, streams] => match streams.to_str().and_then(|text| text.parse().ok()) {
            Some(streams) => measure(Path::new(directory), streams),
            None => Err(BenchError::Wrong("the number of streams is none".to_owned())),
        },
        _ => Err(BenchError::Wrong(
            "a directory and a number of streams are needed".to_owned(),
        )),
    };
    let line = told.and_then(|told| serde_json::to_string(&told).during("write what was found"));
    match line {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}, because {:?}", std::error::Error::source(&error));
            ExitCode::FAILURE
        }
    }
}

fn measure(directory: &Path, streams: u64) -> Result<Told, BenchError> {
    let started = Instant::now();
    fill(directory, streams)?;
    let made = streams as f64 / started.elapsed().as_secs_f64();
    // What filling took is no part of what having them takes.
    let executor = Arc::new(executor(directory)?);
    read(&executor, 0)?;
    let open = resident("VmRSS")?;
    forget_peak()?;
    let spread = |number: u64| number * 7_919 % streams;
    let commands = at_once(COMMANDS, |number| {
        let command = Deposit {
            accounts: vec![stream(spread(number))?],
            amount: 7,
        };
        executor
            .execute(&command, &envelope(number)?)
            .during("give a command")
            .map(drop)
    })?;
    let commands_peak = resident("VmHWM")?;
    forget_peak()?;
    let reads = as_tasks(READS, |number| {
        let (executor, number) = (Arc::clone(&executor), spread(number));
        move || read(&executor, number)
    })?;
    let reads_peak = resident("VmHWM")?;
    // Last, because the system keeps some of what they took.
    forget_peak()?;
    at_once(READS, |_| Ok(()))?;
    let bare_threads_peak = resident("VmHWM")?;
    forget_peak()?;
    let threads = at_once(READS, |number| read(&executor, spread(number)))?;
    let threads_peak = resident("VmHWM")?;
    Ok(Told {
        made,
        commands,
        reads,
        threads,
        open,
        commands_peak,
        reads_peak,
        threads_peak,
        bare_threads_peak,
    })
}

fn fill(directory: &Path, streams: u64) -> Result<(), BenchError> {
    let store = SqliteStore::open(&directory.join("events.db")).during("open an event store")?;
    let deposited = EventType::new("money_deposited").during("name an event type")?;
    let mut next = 0;
    while next < streams {
        let until = (next + TOGETHER).min(streams);
        let event = |number| {
            let account = stream(number)?;
            let payload = Payload::new(json!({"account": account, "amount": 1})).during("write a payload")?;
            Ok(NewEvent::new(deposited.clone(), payload).in_stream(account))
        };
        let events = (next..until).map(event).collect::<Result<_, BenchError>>()?;
        store.append(events).during("make streams")?;
        next = until;
    }
    Ok(())
}

fn read(executor: &Executor, number: u64) -> Result<(), BenchError> {
    let read = executor
        .store()
        .read_streams(&[stream(number)?], None)
        .during("read a stream")?;
    if read.records.is_empty() {
        return Err(BenchError::Wrong(format!("stream {number} has no event")));
    }
    Ok(())
}

/// How many a second, when so many threads act at the same moment.
fn at_once(count: u64, act: impl Fn(u64) -> Result<(), BenchError> + Sync) -> Result<f64, BenchError> {
    let barrier = Barrier::new(count as usize + 1);
    std::thread::scope(|scope| {
        let threads = (0..count)
            .map(|number| {
                let (barrier, act) = (&barrier, &act);
                std::thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, move || {
                        barrier.wait();
                        act(number)
                    })
            })
            .collect::<Result<Vec<_>, _>>()
            .during("start threads")?;
        barrier.wait();
        let started = Instant::now();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no thread panics"))?;
        Ok(count as f64 / started.elapsed().as_secs_f64())
    })
}

/// How many a second, when so many are given at the same moment as a server gives them: tasks that wait for one of a few
/// threads.
fn as_tasks<F>(count: u64, call: impl Fn(u64) -> F) -> Result<f64, BenchError>
where
    F: FnOnce() -> Result<(), BenchError> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_stack_size(STACK_BYTES)
        .build()
        .during("start a runtime")?;
    let started = Instant::now();
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let call = call(number);
            runtime.spawn(async move { tokio::task::spawn_blocking(call).await })
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await
                .during("wait for a task")?
                .during("wait for a call that blocks")??;
        }
        Ok(count as f64 / started.elapsed().as_secs_f64())
    })
}

/// What this process takes, in MiB.
fn resident(field: &str) -> Result<f64, BenchError> {
    let status = std::fs::read_to_string("/proc/self/status").during("read what a process takes")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    let missing = || BenchError::Wrong(format!("the system does not tell {field}"));
    Ok(kibibytes.ok_or_else(missing)? / 1_024.0)
}

/// Lets the system count the peak anew.
fn forget_peak() -> Result<(), BenchError> {
    std::fs::write("/proc/self/clear_refs", "5").during("count the peak anew")
}
