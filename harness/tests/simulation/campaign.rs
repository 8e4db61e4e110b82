//! Ranges of seeds. `OPENPROD_SIM_SEEDS` says how many seeds each range has; each must have struck with faults of
//! every kind, or it would prove little.

use std::collections::BTreeSet;
use std::iter;

use harness::{Simulation, StoreKind, Tally};
use openprod_core::Payload;

/// How many seeds a range has when nobody says: few enough that all ranges take less than a minute unoptimised.
const SEEDS: u64 = 12;

/// How many times as many seeds are played, at most, until everything that people can do was done.
const FURTHER_RANGES: u64 = 5;

fn seeds() -> u64 {
    let given = std::env::var("OPENPROD_SIM_SEEDS").ok();
    given.map_or(SEEDS, |text| {
        text.parse().expect("OPENPROD_SIM_SEEDS is a number")
    })
}

/// Plays a range; a failure is made shorter before it is shown.
fn play(simulations: impl Iterator<Item = Simulation>) -> (Tally, u64, BTreeSet<u16>) {
    let (mut tally, mut operations, mut kinds) = (Tally::default(), 0, BTreeSet::new());
    for simulation in simulations {
        match simulation.run() {
            Ok(report) => {
                tally.add(&report.tally);
                operations += report.operations;
                kinds.extend(report.kinds);
            }
            Err(failure) => {
                let short = failure.simulation.shorten();
                panic!(
                    "{failure}\nit fails after {} steps already: {}",
                    short.steps,
                    short.command_line()
                );
            }
        }
    }
    (tally, operations, kinds)
}

/// The operations that nobody did.
fn unused(kinds: &BTreeSet<u16>) -> Vec<(u16, &'static str)> {
    let unused = Payload::KINDS
        .iter()
        .filter(|(kind, _)| !kinds.contains(kind));
    unused.copied().collect()
}

#[test]
fn first_range_of_seeds_keeps_every_promise() {
    let end = 1_000 + seeds();
    let (tally, operations, mut kinds) = play((1_000..end).map(Simulation::new));
    assert!(operations > 100 * seeds(), "{operations} operations in all");
    assert!(tally.faults() >= 5 * seeds(), "too little went wrong: {tally}");
    // What people do seldom need not be in few seeds, but a few more must bring it.
    for seed in end..end + FURTHER_RANGES * seeds() {
        if unused(&kinds).is_empty() {
            break;
        }
        kinds.extend(play(iter::once(Simulation::new(seed))).2);
    }
    let unused = unused(&kinds);
    assert!(unused.is_empty(), "nobody ever did {unused:?}");
    let struck = [
        tally.dropped,
        tally.duplicated,
        tally.reordered,
        tally.delayed,
        tally.cuts,
        tally.partitions,
        tally.crashes,
        tally.clock_jumps,
        tally.full_disks,
    ];
    assert!(
        struck.iter().all(|count| *count > 0),
        "some fault never struck: {tally}"
    );
}

/// What a range came to that is about facts.
#[test]
fn decisions_pass_each_other_and_commands_are_given_twice_in_a_range_of_seeds() {
    let (mut decisions, mut repetitions) = (0, 0);
    for seed in 3_000..3_000 + seeds().div_ceil(2) {
        let report = Simulation::new(seed).run().unwrap_or_else(|failure| panic!("{failure}"));
        decisions += report.decision_conflicts;
        repetitions += report.repetitions;
    }
    assert!(decisions > 0 && repetitions > 0, "{decisions}, {repetitions}");
}

#[test]
fn second_range_of_seeds_keeps_every_promise() {
    let (tally, _, _) = play((1_000_000..1_000_000 + seeds()).map(Simulation::new));
    assert!(tally.faults() >= 5 * seeds(), "too little went wrong: {tally}");
}

#[test]
fn devices_on_sqlite_keep_every_promise() {
    let simulations = (2_000_000..2_000_000 + seeds().div_ceil(6)).map(|seed| Simulation {
        store: Some(StoreKind::Sqlite),
        steps: 60,
        ..Simulation::new(seed)
    });
    play(simulations);
}
