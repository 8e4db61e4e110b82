//! Random histories. Each follows from its number; one that fails is made shorter before it is shown.

use std::sync::atomic::{AtomicU32, Ordering};

use harness::history::{History, judge};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::strategy::history;

/// How many histories are played when `PROPTEST_CASES` does not say.
const CASES: u32 = 5_000;

/// Names the one history to play.
const CASE_VARIABLE: &str = "OPENPROD_ORACLE_CASE";

/// Plays the history of a number; a failure is the shortest history that was found to fail, and why it does.
fn play(case: u32) -> Result<(), String> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&case.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let test = |history: History| judge(&history).map_err(TestCaseError::fail);
    match runner.run(&history(), test) {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, history)) => Err(format!(
            "history {case} fails ({CASE_VARIABLE}={case} plays it again); the shortest that does:\n{history}\n{reason}"
        )),
        Err(TestError::Abort(reason)) => Err(format!("history {case} was given up: {reason}")),
    }
}

fn number(variable: &str) -> Option<u32> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn every_engine_shows_what_causality_says() {
    if let Some(case) = number(CASE_VARIABLE) {
        return play(case).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let cases = number("PROPTEST_CASES").unwrap_or(CASES);
    let next = AtomicU32::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let case = next.fetch_add(1, Ordering::Relaxed);
            if case >= cases {
                return Ok(());
            }
            // The others need not go on when one has failed.
            play(case).inspect_err(|_| next.store(cases, Ordering::Relaxed))?;
        }
    };
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a history that panics is a failure"))
            .collect()
    });
    outcomes
        .into_iter()
        .collect::<Result<(), _>>()
        .unwrap_or_else(|failure| panic!("{failure}"));
}
