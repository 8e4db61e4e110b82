//! V1 and V2: commands on one stream, on two and on five; one at a time, and 64 that wait together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use openprod_events::Executor;

use super::deposit::{Deposit, account, envelope, executor, stream};
use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::event_table::EventTable;
use crate::measure::{Contestant, Figure, Goal, interleave};

/// How many accounts each caller has to itself, so that no two commands meet.
const ACCOUNTS: u64 = 1_000;

/// How many commands a round has, alone and with 64 callers.
const ALONE: u64 = 2_000;
const TOGETHER: u64 = 64 * 300;

/// How many wait together.
const CALLERS: u64 = 64;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let alone = measure(setup, "V1", "one stream, one caller", 1, 1)?.goal(Goal::RatioAtLeast(0.8));
    let together = measure(setup, "V1", "one stream, 64 callers", CALLERS, 1)?
        .goal(Goal::RatioAtLeast(0.6))
        .goal(Goal::AtLeast(10_000.0));
    let two = measure(setup, "V2", "two streams, 64 callers", CALLERS, 2)?.goal(Goal::AtLeast(5_000.0));
    let five = measure(setup, "V2", "five streams, 64 callers", CALLERS, 5)?.goal(Goal::AtLeast(1_000.0));
    Ok(vec![alone, together, two, five])
}

fn measure(
    setup: &Setup,
    id: &'static str,
    what: &str,
    callers: u64,
    streams: u64,
) -> Result<Figure, BenchError> {
    let commands = setup
        .amount(if callers == 1 { ALONE } else { TOGETHER })
        .max(callers);
    let (directory, limit_directory) = (setup.directory()?, setup.directory()?);
    let executor = executor(directory.path())?;
    let table = EventTable::create(limit_directory.path().join("limit.db"))?;
    let (given, given_by_hand) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut contestants: [Contestant<'_>; 2] = [
        Box::new(|| {
            together(callers, commands, |caller, turns| {
                ours(&executor, &given, caller, turns, streams)
            })
        }),
        Box::new(|| {
            together(callers, commands, |caller, turns| {
                by_hand(&table, &given_by_hand, caller, turns, streams)
            })
        }),
    ];
    let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
    let (Some(ours), Some(limit)) = (series.next(), series.next()) else {
        return Err(BenchError::Wrong("two were measured".to_owned()));
    };
    drop(contestants);
    let head = executor.store().head().during("read the end of the store")?;
    let expected = given.into_inner() * streams;
    if head.map(|head| head.0) != Some(expected) {
        return Err(BenchError::Wrong(format!(
            "{expected} events were recorded, and the head is {head:?}"
        )));
    }
    Ok(Figure::new(id, what, "commands/s", ours).beside("the same statements by hand", limit))
}

/// Commands a second, of callers that act at the same time.
fn together(
    callers: u64,
    commands: u64,
    act: impl Fn(u64, u64) -> Result<(), BenchError> + Sync,
) -> Result<f64, BenchError> {
    let turns = commands / callers;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|caller| {
                let act = &act;
                scope.spawn(move || act(caller, turns))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no caller panics"))
    })?;
    Ok((turns * callers) as f64 / started.elapsed().as_secs_f64())
}

/// The accounts of a caller's turn, spread over its own.
fn accounts(caller: u64, turn: u64, streams: u64) -> impl Iterator<Item = u64> {
    (0..streams).map(move |index| caller * ACCOUNTS + (turn * 7_919 + index * 101) % ACCOUNTS)
}

fn ours(
    executor: &Executor,
    given: &AtomicU64,
    caller: u64,
    turns: u64,
    streams: u64,
) -> Result<(), BenchError> {
    for _ in 0..turns {
        let number = given.fetch_add(1, Ordering::Relaxed);
        let command = Deposit {
            accounts: accounts(caller, number, streams)
                .map(stream)
                .collect::<Result<_, _>>()?,
            amount: 7,
        };
        let outcome = executor
            .execute(&command, &envelope(number)?)
            .during("give a command")?;
        if outcome.repeated || outcome.attempts != 1 {
            return Err(BenchError::Wrong("two commands met".to_owned()));
        }
    }
    Ok(())
}

fn by_hand(
    table: &EventTable,
    given: &AtomicU64,
    caller: u64,
    turns: u64,
    streams: u64,
) -> Result<(), BenchError> {
    let hand = table.caller()?;
    for _ in 0..turns {
        let number = given.fetch_add(1, Ordering::Relaxed);
        let streams: Vec<_> = accounts(caller, number, streams).map(account).collect();
        hand.deposit(u128::from(number).to_be_bytes(), &streams, 7)?;
    }
    Ok(())
}
