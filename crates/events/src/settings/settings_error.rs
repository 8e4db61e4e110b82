//! What can be wrong with settings, and where they come from.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has said anything: it is as the program has it.
    BuiltIn,
    /// A file.
    File {
        /// Its name.
        name: String,
        /// The line, from 1 on.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// The command line, or the program that uses this one.
    Argument(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => out.write_str("built in"),
            Self::File { name, line } => write!(out, "{name}, line {line}"),
            Self::Variable(name) | Self::Argument(name) => out.write_str(name),
        }
    }
}

/// What is wrong with settings.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("read settings: {path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is no TOML.
    #[error("read settings: {origin}: {reason}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What is wrong there.
        reason: String,
    },
    /// There is no such setting.
    #[error("read settings: {origin}: there is no setting `{key}`; there are {known}")]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// What was set.
        key: String,
        /// What can be set beside it.
        known: String,
    },
    /// A setting cannot have this value.
    #[error("read settings: {origin}: `{key}` cannot be {value}: {reason}")]
    WrongValue {
        /// Where.
        origin: Origin,
        /// What was set.
        key: String,
        /// To what; shortened.
        value: String,
        /// Why not.
        reason: String,
    },
}
