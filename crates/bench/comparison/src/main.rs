//! `openprod-bench-comparison PEER WORK DIRECTORY STORED CALLS`: does a piece of work with another event store, and prints how
//! many a second that were.
//!
//! `PEER` is `factstr` or `eventcore`, both on SQLite as their own constructors open it; `WORK` is `command`, `append-if` or
//! `read`. The openprod-bench program runs it and does the same work with our store in the same rounds.

mod eventcore_peer;
mod factstr_peer;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Whatever went wrong, for a person.
type Failure = Box<dyn Error + Send + Sync>;

/// How many accounts commands are spread over.
const ACCOUNTS: u64 = 1_000;

/// What is done.
#[derive(Clone, Copy)]
enum Work {
    /// Reads a stream, decides, and appends to it if it has not changed.
    Command,
    /// Appends a fact to a context of a type and a member, which has not changed, in a log of `stored` events.
    AppendIf,
    /// Reads all of a log of `stored` events.
    Read,
}

/// How much is done, and where.
struct Task<'a> {
    work: Work,
    directory: &'a Path,
    stored: u64,
    calls: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(a_second) => {
            println!("{a_second}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<f64, Failure> {
    let [peer, work, directory, stored, calls] = arguments else {
        return Err("a peer, a work, a directory and two numbers are needed".into());
    };
    let task = Task {
        work: match work.as_str() {
            "command" => Work::Command,
            "append-if" => Work::AppendIf,
            "read" => Work::Read,
            _ => return Err(format!("there is no work {work:?}").into()),
        },
        directory: Path::new(directory),
        stored: stored.parse()?,
        calls: calls.parse()?,
    };
    match peer.as_str() {
        "factstr" => factstr_peer::run(&task),
        "eventcore" => eventcore_peer::run(&task),
        _ => Err(format!("there is no peer {peer:?}").into()),
    }
}
