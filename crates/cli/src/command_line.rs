//! The command line: what is common to all commands, and how the process ends.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;
use openprod_server::LogLevel;

use crate::commands::Command;
use crate::console::Console;
use crate::engine_session::Context;
use crate::failure::{ExitStatus, Failure, Problem};

/// A workspace that a production team shares over its own network, without a server.
#[derive(Debug, Parser)]
#[command(name = "openprod", version, propagate_version = true, after_help = EXIT_CODES)]
struct CommandLine {
    /// The directory with the data; the one of this person when left out
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The file with the settings; openprod.toml in the data directory when left out
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which workspace, where this device is a member of several
    #[arg(long, global = true, value_name = "ID")]
    workspace: Option<String>,
    /// Answer in JSON, for programs; errors are problem documents on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Every command but `serve`, `demo` and `store` uses the engine that runs on the data, or starts one for as long as it takes.

Exit codes:
  0  done
  1  refused, or failed
  2  the command line cannot be understood
  3  nobody answered: no engine is running, or no member at the address
  4  another engine is running on the data
  5  `verify`, `doctor` or `store check` found something wrong";

/// Does what a command line says; the first argument is the program's name. Answers go to standard output,
/// everything else to standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let line = match CommandLine::try_parse_from(&arguments) {
        Ok(line) => line,
        Err(error) => return explain(&error, arguments.iter().any(|argument| argument == "--json")),
    };
    let console = Console::new(line.json);
    let context = Context {
        data: line.data,
        config: line.config,
        workspace: line.workspace,
        console,
    };
    // What is wrong with the settings is told by the commands that need them.
    let settings = context.settings().map(|(settings, _)| settings.settings());
    let level = settings.ok().and_then(|settings| settings.log.level);
    write_events(level.map_or(line.command.log_level(), LogLevel::as_str));
    match line.command.run(&context) {
        Ok(()) => ExitStatus::Done,
        // Whoever read the answer has had enough of it, like `head`.
        Err(Failure::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitStatus::Done,
        Err(failure) => {
            console.fail(&failure);
            failure.exit_status()
        }
    }
}

/// Prints what was asked for (help, version), or what cannot be understood.
fn explain(error: &clap::Error, json: bool) -> ExitStatus {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if json && !asked {
        let text = error.to_string();
        let detail = text.trim().trim_start_matches("error: ").to_owned();
        let problem = Problem::own("usage", "The command line cannot be understood", detail);
        let refused = Failure::Refused {
            problem: Box::new(problem),
            next: None,
        };
        Console::new(true).fail(&refused);
    } else if let Err(error) = error.print() {
        // Neither help nor complaint can be shown; the exit code is all there is.
        tracing::debug!(%error, "usage could not be printed");
    }
    if asked {
        ExitStatus::Done
    } else {
        ExitStatus::Usage
    }
}

/// Writes events to standard error: those that `RUST_LOG` asks for, or else those of `level`.
fn write_events(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Whoever uses the library may have a subscriber already.
    let _ = subscriber.try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_and_gives_an_example() {
        for command in CommandLine::command().get_subcommands() {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            let after = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(after.contains(&format!("openprod {name}")), "{name}: {after}");
        }
    }
}
