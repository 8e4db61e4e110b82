//! Ranges of seeds. `OPENPROD_SIM_SEEDS` says how many seeds each range has; each must have struck with faults of
//! every kind, or it would prove little.

use std::collections::BTreeSet;

use harness::{Simulation, StoreKind, Tally};
use openprod_core::Payload;

/// How many seeds a range has when nobody says: few enough that all ranges take less than a minute unoptimised.
const SEEDS: u64 = 12;

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

#[test]
fn first_range_of_seeds_keeps_every_promise() {
    let (tally, operations, kinds) = play((1_000..1_000 + seeds()).map(Simulation::new));
    assert!(operations > 100 * seeds(), "{operations} operations in all");
    assert!(tally.faults() >= 5 * seeds(), "too little went wrong: {tally}");
    // Texts and facts have no commands here.
    let unused = Payload::KINDS
        .iter()
        .filter(|(kind, _)| !kinds.contains(kind) && ![7, 48].contains(kind));
    let unused: Vec<_> = unused.collect();
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
