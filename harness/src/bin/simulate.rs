//! Plays simulations from their seeds: one to look at, or many in a row.

#![expect(clippy::print_stdout, reason = "it is a program for people to read")]

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use harness::simulation::STEPS;
use harness::{Failure, Mix, Report, Simulation, StoreKind, Tally};

/// Plays simulations of many engines and a hostile network; everything follows from the seed.
#[derive(Parser)]
struct Arguments {
    /// The number from which everything follows.
    #[arg(long)]
    seed: u64,
    /// How many seeds to play, from that one on.
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// How many devices; the seed decides when absent.
    #[arg(long)]
    peers: Option<usize>,
    /// How many things people do.
    #[arg(long, default_value_t = STEPS)]
    steps: usize,
    /// What the devices store on.
    #[arg(long, value_enum, default_value_t = Store::Memory)]
    store: Store,
    /// What people do.
    #[arg(long, value_enum, default_value_t = Doings::Everything)]
    mix: Doings,
    /// Print every message and fault.
    #[arg(long)]
    trace: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Store {
    Memory,
    Sqlite,
}

#[derive(Clone, Copy, ValueEnum)]
enum Doings {
    /// Edit records and their tables.
    Records,
    /// Everything but facts.
    Data,
    /// Everything.
    Everything,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let begun = Instant::now();
    let (mut tally, mut failures, mut operations) = (Tally::default(), 0_u64, 0);
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.count) {
        let simulation = Simulation {
            devices: arguments.peers,
            steps: arguments.steps,
            store: Some(match arguments.store {
                Store::Memory => StoreKind::Memory,
                Store::Sqlite => StoreKind::Sqlite,
            }),
            mix: match arguments.mix {
                Doings::Records => Mix::Records,
                Doings::Data => Mix::Data,
                Doings::Everything => Mix::Everything,
            },
            trace: arguments.trace,
            ..Simulation::new(seed)
        };
        match simulation.run() {
            Ok(report) => {
                tally.add(&report.tally);
                operations += report.operations;
                if arguments.count == 1 {
                    show(&report);
                }
            }
            Err(failure) => {
                failures += 1;
                show_failure(&failure);
            }
        }
    }
    if arguments.count > 1 {
        println!(
            "{} seeds, {failures} failed, {operations} operations, {:.1} s: {tally}",
            arguments.count,
            begun.elapsed().as_secs_f64()
        );
    }
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn show(report: &Report) {
    report.trace.iter().for_each(|line| println!("{line}"));
    println!("{:#?}", report.faults);
    println!("{}", report.tally);
    println!(
        "{} devices, {} commands, {} bundles, {} operations, {} open conflicts, {} forks; in step {} ms after healing",
        report.devices,
        report.commands,
        report.bundles,
        report.operations,
        report.conflicts,
        report.forks,
        report.healing.as_millis()
    );
}

fn show_failure(failure: &Failure) {
    failure.trace.iter().for_each(|line| println!("{line}"));
    println!("{failure}");
    let short = failure.simulation.shorten();
    println!(
        "it fails after {} steps already: {}",
        short.steps,
        short.command_line()
    );
}
