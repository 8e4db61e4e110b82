//! `openprod-bench`: how fast the engine is, beside programs that do only what cannot be left out.
//!
//! **Owns** the measurements of docs/performance.md: seeded workloads, the limit programs, and the comparison.
//!
//! **Refuses to know** how the engine does its work: it drives what users and peers drive.
//!
//! **Start reading** at [`measure`], then any bench: one file each, named in [`BENCHES`]. The limit programs are
//! in `limit/`, what the benches run on is in `rig/`.
//!
//! Every figure is taken beside its limit in the same run, in rounds that alternate, because machines differ and
//! one machine differs from hour to hour: only the ratio means something.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod bench_error;
mod catch_up;
mod conflicts;
mod create;
mod create_together;
mod events;
mod growth;
mod limit;
mod list;
mod measure;
mod memory;
mod open;
mod regression;
mod replay;
mod report;
mod rig;
mod text;
mod wire;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::bench_error::{BenchError, During as _};
use crate::measure::Figure;
use crate::report::Report;
use crate::rig::stores::Stores;

/// A bench: its name, what it measures, and how to run it.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Setup) -> Result<Vec<Figure>, BenchError>,
}

/// Every bench, in the order in which they are run.
const BENCHES: [Bench; 12] = [
    Bench {
        name: "wire",
        about: "P2: bytes on the wire for an operation of an import",
        run: wire::run,
    },
    Bench {
        name: "catch-up",
        about: "P1: two engines over loopback, 100,000 operations",
        run: catch_up::run,
    },
    Bench {
        name: "create",
        about: "P4: one client creates records over HTTP",
        run: create::run,
    },
    Bench {
        name: "create-together",
        about: "P5: 16 and 64 clients create records",
        run: create_together::run,
    },
    Bench {
        name: "open",
        about: "P7: from a closed workspace to the first answer",
        run: open::run,
    },
    Bench {
        name: "replay",
        about: "P8: replay and verify 1,000,000 operations",
        run: replay::run,
    },
    Bench {
        name: "list",
        about: "P9: list 100 of 100,000 records, filtered and sorted; search them",
        run: list::run,
    },
    Bench {
        name: "growth",
        about: "P10: an operation with 1,000,000 stored, beside 100,000",
        run: growth::run,
    },
    Bench {
        name: "text",
        about: "P11: a text of 259,778 keystrokes, taken in and read",
        run: text::run,
    },
    Bench {
        name: "conflicts",
        about: "10,000 fields edited by three people apart: met, listed, decided",
        run: conflicts::run,
    },
    Bench {
        name: "events",
        about: "V1 to V9: the event store, commands and a log of 10,000,000 events",
        run: events::run,
    },
    Bench {
        name: "memory",
        about: "P13: what the engine's process takes",
        run: memory::run,
    },
];

/// Measures the engine beside its limits.
#[derive(Parser)]
#[command(name = "openprod-bench", after_help = after_help())]
struct CommandLine {
    /// The benches to run; all without
    #[arg(value_parser = BENCHES.map(|bench| bench.name))]
    names: Vec<String>,
    /// How often each measurement is made
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Of the bench `events`, the goals to measure, such as V3; all without
    #[arg(long, value_delimiter = ',', value_name = "GOAL")]
    only: Vec<String>,
    /// Of the bench `events`, the program that does the same with other event stores; `cargo xtask bench` builds it
    #[arg(long, value_name = "PROGRAM")]
    peers: Option<PathBuf>,
    /// A factor on the amount of work, for trying things out; figures count at 1 only
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// A directory with the JSON files of an earlier run; fails when a figure is worse by more than 5 %
    #[arg(long, value_name = "DIRECTORY")]
    against: Option<PathBuf>,
    /// Where the JSON files go; `bench` in cargo's target directory when left out
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What a bench is run with.
pub(crate) struct Setup {
    pub(crate) rounds: u32,
    scale: f64,
    only: Vec<String>,
    /// The program of other event stores, where it was built.
    pub(crate) peers: Option<PathBuf>,
    /// Big stores, built when first asked for.
    pub(crate) stores: Stores,
    /// For the data of one bench, on the disk that the results are on: a temporary directory may be memory.
    pub(crate) work: tempfile::TempDir,
}

impl Setup {
    /// An amount of work, scaled.
    pub(crate) fn amount(&self, full: u64) -> u64 {
        ((full as f64 * self.scale) as u64).max(1)
    }

    /// Whether a goal is to be measured.
    pub(crate) fn wants(&self, goal: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.eq_ignore_ascii_case(goal))
    }

    /// A new directory for one measurement; it is removed when it is dropped.
    pub(crate) fn directory(&self) -> Result<tempfile::TempDir, BenchError> {
        tempfile::tempdir_in(self.work.path()).during("make a directory")
    }
}

fn main() -> ExitCode {
    // Engines and limit servers that are measured from outside run as processes of their own.
    let arguments: Vec<_> = std::env::args_os().collect();
    match arguments.get(1).and_then(|role| role.to_str()) {
        Some(rig::process::ENGINE_ROLE) => {
            return ExitCode::from(openprod_cli::run(arguments.into_iter().skip(1)) as u8);
        }
        Some(events::scale::ROLE) => return events::scale::main(&arguments[2..]),
        Some(limit::http_store::ROLE) => return limit::http_store::main(arguments.get(2).cloned()),
        _ => {}
    }
    match run(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(source) = cause {
                eprintln!("  because: {source}");
                cause = source.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(line: &CommandLine) -> Result<(), BenchError> {
    let out = match &line.out {
        Some(out) => out.clone(),
        None => target_directory()?.join("bench"),
    };
    std::fs::create_dir_all(&out).during("make the directory for results")?;
    let work = tempfile::Builder::new()
        .prefix("work-")
        .tempdir_in(&out)
        .during("make a working directory")?;
    let stores = Stores::new(work.path().join("stores"));
    let setup = Setup {
        rounds: line.rounds,
        scale: line.scale,
        only: line.only.clone(),
        peers: line.peers.clone(),
        stores,
        work,
    };
    let mut regressions = 0;
    for bench in &BENCHES {
        if !line.names.is_empty() && !line.names.iter().any(|name| name == bench.name) {
            continue;
        }
        println!("\n── {} ── {}", bench.name, bench.about);
        let report = Report::new(bench.name, line.scale, (bench.run)(&setup)?);
        print!("{report}");
        // The earlier figures may lie where these go, and these are kept whatever is wrong with those.
        let earlier = line.against.as_ref().map(|earlier| report.against(earlier));
        report.write(&out)?;
        if let Some(comparison) = earlier.transpose()?.flatten() {
            print!("{comparison}");
            regressions += comparison.regressions();
        }
    }
    println!("\nThe figures are in {} too.", out.display());
    if regressions > 0 {
        let percent = regression::TOLERANCE * 100.0;
        return Err(BenchError::Wrong(format!(
            "{regressions} figures are worse than those of the earlier run by more than {percent} %"
        )));
    }
    Ok(())
}

/// The directory that cargo built this program in: it lies in its `release` or `debug`.
fn target_directory() -> Result<PathBuf, BenchError> {
    let program = std::env::current_exe().during("find this program")?;
    let found = program.ancestors().nth(2).map(std::path::Path::to_owned);
    found.ok_or_else(|| BenchError::Wrong("this program lies in no target directory; give --out".to_owned()))
}

fn after_help() -> String {
    let lines: Vec<_> = BENCHES
        .iter()
        .map(|bench| format!("  {:<16} {}", bench.name, bench.about))
        .collect();
    format!("Benches:\n{}", lines.join("\n"))
}
