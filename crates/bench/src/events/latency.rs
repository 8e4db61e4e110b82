//! V8: how long whoever gives a command waits until it is durable, beside a bare flush of the same disk.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::deposit::{Deposit, envelope, executor, stream};
use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Goal, Series, percentile};

/// How many commands a round has: enough that one in a thousand is several.
const COMMANDS: u64 = 4_000;

/// How many accounts there are.
const ACCOUNTS: u64 = 5_000;

/// What is asked for, in milliseconds: half of what the library's own requirements allow.
const GOALS: [(f64, f64); 4] = [(50.0, 2.5), (95.0, 5.0), (99.0, 12.5), (99.9, 50.0)];

/// What one round took, in milliseconds.
struct Round {
    given: Vec<f64>,
    flushed: Vec<f64>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let directory = setup.directory()?;
    let executor = executor(directory.path())?;
    let mut file = File::create(directory.path().join("flushed")).during("make a file")?;
    let commands = setup.amount(COMMANDS);
    let mut rounds: Vec<Round> = Vec::new();
    for round in 0..=u64::from(setup.rounds) {
        let (mut given, mut flushed) = (Vec::new(), Vec::new());
        for turn in 0..commands {
            let number = round * commands + turn;
            let command = Deposit {
                accounts: vec![stream(number * 7_919 % ACCOUNTS)?],
                amount: 7,
            };
            let envelope = envelope(number)?;
            let started = Instant::now();
            executor.execute(&command, &envelope).during("give a command")?;
            given.push(millis(started.elapsed()));
            let started = Instant::now();
            file.write_all(&[7; 4_096]).during("write a page")?;
            file.sync_data().during("flush a page")?;
            flushed.push(millis(started.elapsed()));
        }
        if round > 0 {
            rounds.push(Round { given, flushed });
        }
    }
    let figure = |(percent, goal): (f64, f64)| {
        let series = |of: fn(&Round) -> &[f64]| {
            Series::new(
                rounds
                    .iter()
                    .map(|round| percentile(of(round), percent))
                    .collect(),
            )
        };
        let (given, flushed) = (series(|round| &round.given), series(|round| &round.flushed));
        // A flush is the disk's, and no library's.
        let allowed = goal + flushed.median();
        Figure::new("V8", format!("one command, p{percent}"), "ms", given)
            .beside("a bare fdatasync", flushed)
            .goal(Goal::AtMost(allowed))
            .note(format!("the goal is {goal} ms above the flush"))
    };
    Ok(GOALS.map(figure).into())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
