//! Other event stores with the same work in the same rounds: factstr and eventcore, both on SQLite and flushed at each commit
//! as ours is. They are a program of their own, `crates/bench/comparison`, built and named by `cargo xtask bench --peers`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use openprod_events::{
    EventFilter, EventQuery, EventStore, EventType, NewEvent, Payload, PayloadPredicate, SqliteStore,
};
use serde_json::json;

use super::deposit::{Deposit, account, envelope, executor, stream};
use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Contestant, Figure, interleave};

/// How many accounts there are, here and there.
const ACCOUNTS: u64 = 1_000;

/// How many events a batch has while a log is made, here and there.
const BATCH: u64 = 1_000;

/// A piece of work: how it is named there, how much is stored first, and how often it is done.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    stored: u64,
    calls: u64,
}

/// Our store beside each peer that has the notion.
pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let Some(program) = &setup.peers else {
        return Ok(Vec::new());
    };
    let work = |name, stored, calls| Work {
        name,
        stored: if stored == 0 { 0 } else { setup.amount(stored) },
        calls: setup.amount(calls),
    };
    let command = work("command", 0, 1_000);
    let append_if = work("append-if", 20_000, 50);
    let read = work("read", 100_000, 0);
    let eventcore = "eventcore-sqlite 2.1.0 (WAL, synchronous as SQLite has it: FULL)";
    let factstr = "factstr-sqlite 0.5.2 (WAL, synchronous=FULL)";
    let stored = crate::measure::number(append_if.stored as f64);
    let mut figures = Vec::new();
    for (id, what, unit, work, peers) in [
        (
            "V1",
            "commands on a stream, one caller".to_owned(),
            "commands/s",
            command,
            &[("eventcore", eventcore)][..],
        ),
        (
            "V3",
            format!("conditional append with its query, {stored} events stored"),
            "appends/s",
            append_if,
            &[("factstr", factstr)],
        ),
        (
            "V6",
            "reading all events".to_owned(),
            "events/s",
            read,
            &[("eventcore", eventcore), ("factstr", factstr)],
        ),
    ] {
        if !setup.wants(id) {
            continue;
        }
        let mut contestants: Vec<Contestant<'_>> = vec![Box::new(|| ours(setup, work))];
        for (peer, _) in peers {
            contestants.push(Box::new(|| theirs(setup, program, peer, work)));
        }
        let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
        let own = series.next().expect("ours is the first contestant");
        for ((peer, about), measured) in peers.iter().zip(series) {
            let what = format!("{what}, beside {peer}");
            figures.push(Figure::new(id, what, unit, own.clone()).beside(*about, measured));
        }
    }
    Ok(figures)
}

fn theirs(setup: &Setup, program: &Path, peer: &str, work: Work) -> Result<f64, BenchError> {
    let directory = setup.directory()?;
    let output = Command::new(program)
        .args([peer, work.name])
        .arg(directory.path())
        .args([work.stored.to_string(), work.calls.to_string()])
        .output()
        .during("start the program of the peers")?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Wrong(format!("{peer} failed: {why}")));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    told.trim()
        .parse()
        .during("read what the program of the peers told")
}

fn ours(setup: &Setup, work: Work) -> Result<f64, BenchError> {
    let directory = setup.directory()?;
    if work.name == "command" {
        return commands(directory.path(), work.calls);
    }
    let path = directory.path().join("events.db");
    let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(&path).during("open an event store")?);
    for batch in 0..work.stored.div_ceil(BATCH) {
        let numbers = batch * BATCH..((batch + 1) * BATCH).min(work.stored);
        let events = numbers.map(event).collect::<Result<_, _>>()?;
        store.append(events).during("fill an event store")?;
    }
    let started = Instant::now();
    let done = if work.name == "read" {
        let found = store.query(&EventQuery::all()).during("read all events")?;
        found.event_records.len() as u64
    } else {
        for call in 0..work.calls {
            let query = context(call)?;
            let seen = store.query(&query).during("read a context")?;
            let balance: u64 = seen
                .event_records
                .iter()
                .filter_map(|record| record.payload.value()["amount"].as_u64())
                .sum();
            std::hint::black_box(balance);
            store
                .append_if(vec![event(call)?], &query, seen.current_context_version)
                .during("append under a condition")?;
        }
        work.calls
    };
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

fn commands(directory: &Path, calls: u64) -> Result<f64, BenchError> {
    let executor = executor(directory)?;
    let started = Instant::now();
    for call in 0..calls {
        let command = Deposit {
            accounts: vec![stream(call * 7_919 % ACCOUNTS)?],
            amount: 7,
        };
        executor
            .execute(&command, &envelope(call)?)
            .during("give a command")?;
    }
    Ok(calls as f64 / started.elapsed().as_secs_f64())
}

fn event(number: u64) -> Result<NewEvent, BenchError> {
    let deposited = EventType::new("money_deposited").during("name an event type")?;
    let account = account(number * 7_919 % ACCOUNTS);
    let payload = Payload::new(json!({"account": account, "amount": 7})).during("write a payload")?;
    Ok(NewEvent::new(deposited, payload))
}

fn context(number: u64) -> Result<EventQuery, BenchError> {
    let fact = event(number)?;
    let pattern = json!({"account": account(number * 7_919 % ACCOUNTS)});
    let pattern = PayloadPredicate::new(pattern).during("write a pattern")?;
    Ok(EventQuery::any_of([
        EventFilter::of_types([fact.event_type]).matching([pattern])
    ]))
}
