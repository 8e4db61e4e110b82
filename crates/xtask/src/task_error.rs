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
    /// `cargo llvm-cov` printed something that this program does not understand.
    #[error("could not read what cargo llvm-cov says of the tests")]
    Coverage(#[source] serde_json::Error),
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
    /// A file of the workspace app, or about it, could not be read or written.
    #[error("could not use {}", path.display())]
    AppFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The document was written, but not the app's types.
    #[error("wrote openapi.json, but could not write the app's types: {0}")]
    NoTypes(String),
    /// The workspace app cannot be built here.
    #[error("could not build the desktop program: {0}")]
    NoDesktop(String),
    /// Electron's package is there, but not the program.
    #[error(
        "could not get Electron's program, which its package downloads; where that is not possible, use the browser: \
         `cargo xtask run`"
    )]
    NoElectron(#[source] Box<Self>),
    /// A tool that a check needs is missing where it must not be.
    #[error("{0}")]
    Lacking(String),
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
