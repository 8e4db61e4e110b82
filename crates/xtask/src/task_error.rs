//! Why a task failed.

use std::path::PathBuf;

/// The reasons for which a task of this program fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    /// The program could not be started at all, most often because it is not installed.
    #[error("could not start `{command}`")]
    Start {
        command: String,
        #[source]
        source: std::io::Error,
    },
    /// The program ran and said no; what it had to say is on the terminal already.
    #[error("`{command}` failed ({status})")]
    Failed {
        command: String,
        status: std::process::ExitStatus,
    },
    /// `cargo metadata` printed something that this program does not understand.
    #[error("could not read what cargo says of the workspace")]
    Metadata(#[source] serde_json::Error),
    /// The file that collects the skips of the tests could not be made or read.
    #[error("could not use the list of skipped tests {}", path.display())]
    SkipFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The database server that tests use could not be set up.
    #[error("could not set up the PostgreSQL server of the tests in {}", path.display())]
    Server {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A tool that a check needs is missing where it must not be.
    #[error("{0} is not installed")]
    NotInstalled(&'static str),
    /// Crates import others against the arrows; one line each.
    #[error("{} against the arrows between crates:\n  {}", count(.0.len(), "import"), .0.join("\n  "))]
    Imports(Vec<String>),
    /// Steps of `cargo xtask test` that failed, by name.
    #[error("{} failed: {}", count(.0.len(), "check"), .0.join(", "))]
    Checks(Vec<&'static str>),
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
