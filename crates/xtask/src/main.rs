//! What people and CI type to work on OpenProd: `cargo xtask run | test | build | desktop | generate | bench |
//! coverage`.
//!
//! **Owns** the order in which the project's tools are called, and the rule for which crate may import which.
//!
//! **Refuses to know** the crates it builds: it imports none of them, so it works while they do not compile.
//! It installs nothing; `.ci/run` does.
//!
//! **Start reading** at [`command::test`].

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod app_package;
mod browser;
mod command;
mod imports;
mod postgres_server;
mod task_error;
mod tool;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::task_error::TaskError;
use crate::workspace::Workspace;

/// Builds, runs and checks OpenProd.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the workspace app and the release binary `openprod`
    Build(command::build::Build),
    /// Builds, then starts the engine on a demo workspace and prints its URL
    Run(command::run::Run),
    /// Builds, then starts the workspace app as a desktop program
    Desktop(command::desktop::Desktop),
    /// Runs every check: format, lints, types, imports, licences, tests, also in a browser
    Test(command::test::Test),
    /// Writes the app's copy of the engine's interface anew, and its types
    Generate,
    /// Measures the engine, built for release
    Bench(command::bench::Bench),
    /// Measures how much of the event store's code its tests run
    Coverage(command::coverage::Coverage),
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
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

fn perform(task: Task) -> Result<(), TaskError> {
    let workspace = Workspace::load()?;
    match task {
        Task::Build(build) => {
            command::build::build(&workspace, &build).map(|binary| println!("{}", binary.display()))
        }
        Task::Run(run) => command::run::run(&workspace, run),
        Task::Desktop(desktop) => command::desktop::desktop(&workspace, &desktop),
        Task::Generate => command::generate::generate(&workspace),
        Task::Test(test) => command::test::test(&workspace, &test),
        Task::Bench(bench) => command::bench::bench(&workspace, &bench),
        Task::Coverage(coverage) => command::coverage::coverage(&workspace, &coverage),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Task};

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_run_does_not_know_goes_to_the_demo() {
        let cli = Cli::try_parse_from(["xtask", "run", "--no-app", "--peers", "2"]).unwrap();
        assert!(matches!(cli.task, Task::Run(run) if run.demo_args() == ["--peers", "2"]));
    }
}
