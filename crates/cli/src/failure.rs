//! Why a command failed: in plain words with what to do next for people, as a problem document for programs.

use std::io;
use std::path::PathBuf;

use openprod_server::{ServeError, SettingsError};
use openprod_storage::DirectoryError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::csv_export::CsvExportError;
use crate::csv_source::CsvError;

/// How a command ended, as the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Done.
    Done = 0,
    /// Refused, or failed.
    Failed = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// Nobody answered: no engine, or no member at the address.
    Unreachable = 3,
    /// Another engine has the data directory.
    InUse = 4,
    /// `verify`, `doctor` or `store check` found something wrong.
    Unsound = 5,
}

/// A refusal, as the engine words it (RFC 9457); this program words its own in the same way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// A URI for the kind of refusal.
    pub(crate) r#type: String,
    /// What it is, in a few words.
    pub(crate) title: String,
    /// The HTTP status; absent when no engine was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// What happened this time.
    pub(crate) detail: String,
    /// The stable name of the kind of refusal.
    pub(crate) code: String,
    /// What else is said about it.
    #[serde(flatten)]
    pub(crate) more: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A refusal of this program's own.
    pub(crate) fn own(code: &str, title: &str, detail: String) -> Self {
        Self {
            r#type: format!("urn:openprod:problem:{code}"),
            title: title.to_owned(),
            status: None,
            detail,
            code: code.to_owned(),
            more: serde_json::Map::new(),
        }
    }
}

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The engine refused.
    #[error("{}", .problem.detail)]
    Refused {
        /// What it said.
        problem: Box<Problem>,
        /// What to do next, where this program knows better than the engine.
        next: Option<String>,
    },
    /// The engine did not answer.
    #[error("talk to the engine at {url}")]
    Unreachable {
        /// Where it was.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<ureq::Error>,
    },
    /// What answered is not what was asked for.
    #[error("read the engine's answer to {path}")]
    Answer {
        /// The path that was asked.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An engine has the directory and gives no answer.
    #[error("reach engine: one has {} and gives no answer", .data.display())]
    Silent {
        /// The data directory.
        data: PathBuf,
    },
    /// No engine runs.
    #[error("reach engine: none is running on {}", .data.display())]
    NotRunning {
        /// The data directory.
        data: PathBuf,
    },
    /// The data directory is none.
    #[error("open data directory: {} is not there or holds nothing of OpenProd", .data.display())]
    NothingHere {
        /// The data directory.
        data: PathBuf,
    },
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An engine cannot be started.
    #[error(transparent)]
    Start(#[from] ServeError),
    /// The system gives no threads.
    #[error("start engine: the system gives no threads")]
    Threads(#[source] io::Error),
    /// There is no home directory to put data into.
    #[error("find data directory: this person has no home directory")]
    NoHome,
    /// A CSV file cannot be read.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A table cannot be written as CSV.
    #[error(transparent)]
    Export(#[from] CsvExportError),
    /// A CSV file does not fit into a table.
    #[error("{0}")]
    DoesNotFit(String),
    /// There is no such table.
    #[error("find table: there is no table {table:?}; {known}")]
    UnknownTable {
        /// What was asked for.
        table: String,
        /// What there is.
        known: String,
    },
    /// No open conflict has this id, or several begin with it.
    #[error("find conflict: {count} open conflicts have an id that begins with {id:?}")]
    UnknownConflict {
        /// What was asked for.
        id: String,
        /// How many begin with it.
        count: usize,
    },
    /// No draft has this id or name, or several do.
    #[error("find draft: {count} drafts are named {id:?} or have an id that begins with it")]
    UnknownDraft {
        /// What was asked for.
        id: String,
        /// How many there are.
        count: usize,
    },
    /// The conflict cannot be decided in this way.
    #[error("resolve conflict: {0}")]
    BadChoice(String),
    /// An import ended before its end.
    #[error(
        "import rows: {done} of {total} rows are in table {table:?}, the next would begin on line {line}: {source}"
    )]
    Stopped {
        /// How many rows are in.
        done: u64,
        /// How many there were.
        total: u64,
        /// The line on which the first row begins that is not in.
        line: u64,
        /// The table.
        table: String,
        /// What stopped it.
        #[source]
        source: Box<Self>,
    },
    /// A file cannot be written or read.
    #[error("{act} {}", .path.display())]
    File {
        /// What was tried: `write`, `read`.
        act: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The answer cannot be printed.
    #[error("print answer")]
    Print(#[source] io::Error),
    /// A check found something wrong; what it found has been printed.
    #[error("verify workspace: {0}")]
    Unsound(String),
    /// A stand-alone store of events cannot be used.
    #[error("{act} store {store}: {words}")]
    Store {
        /// What was tried: `check`, `copy`.
        act: &'static str,
        /// Where it is, without a password.
        store: String,
        /// What went wrong, without a password too: that is why it is no source.
        words: String,
        /// Whether nobody answered there.
        is_away: bool,
    },
    /// A check of a stand-alone store found something wrong; what it found has been printed.
    #[error("check store: {0}")]
    StoreUnsound(String),
    /// The network doctor found something wrong; what it found has been printed.
    #[error("examine network: {0}")]
    Unwell(String),
    /// The two devices of a demo did not come into step.
    #[error("open demo: the two devices did not come into step")]
    Apart,
    /// The directory is not one of a demo.
    #[error("open demo: {0}")]
    NotADemo(String),
}

impl Failure {
    /// How the process ends.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Refused { problem, .. } if problem.code == "peer_unreachable" => ExitStatus::Unreachable,
            Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::NotRunning { .. }
            | Self::Store { is_away: true, .. } => ExitStatus::Unreachable,
            Self::Start(ServeError::Directory(DirectoryError::InUse { .. })) => ExitStatus::InUse,
            Self::Unsound(_) | Self::StoreUnsound(_) | Self::Unwell(_) => ExitStatus::Unsound,
            Self::Stopped { source, .. } => source.exit_status(),
            _ => ExitStatus::Failed,
        }
    }

    /// The refusal as programs read it.
    pub(crate) fn problem(&self) -> Problem {
        let (code, title) = match self {
            Self::Refused { problem, .. } => return (**problem).clone(),
            Self::Unreachable { .. } => ("engine_unreachable", "The engine does not answer"),
            Self::Answer { .. } => ("strange_answer", "The engine's answer cannot be read"),
            Self::Silent { .. } => ("engine_silent", "The engine does not answer"),
            Self::NotRunning { .. } => ("engine_not_running", "No engine is running"),
            Self::NothingHere { .. } => ("nothing_here", "There is nothing here yet"),
            Self::Start(ServeError::Directory(DirectoryError::InUse { .. })) => {
                ("data_in_use", "An engine is running on this data already")
            }
            Self::Start(_) | Self::Threads(_) => ("start_failed", "The engine cannot be started"),
            Self::Settings(_) => ("bad_settings", "The settings cannot be used"),
            Self::NoHome => ("no_home", "There is no place for data"),
            Self::Csv(_) => ("bad_csv", "The CSV file cannot be imported"),
            Self::Export(_) => ("export_failed", "The table cannot be exported"),
            Self::DoesNotFit(_) => ("does_not_fit", "The file does not fit into the table"),
            Self::UnknownTable { .. } => ("unknown_table", "There is no such table"),
            Self::UnknownConflict { .. } => ("unknown_conflict", "No such conflict is open"),
            Self::UnknownDraft { .. } => ("unknown_overlay", "There is no such draft"),
            Self::BadChoice(_) => ("bad_choice", "The conflict cannot be decided like that"),
            Self::Stopped { .. } => ("import_stopped", "The import ended before its end"),
            Self::File { .. } => ("file_failed", "A file cannot be used"),
            Self::Print(_) => ("print_failed", "The answer cannot be printed"),
            Self::Unwell(_) => ("unwell", "Devices cannot work together as they should"),
            Self::Unsound(_) => ("unsound", "The workspace is not sound"),
            Self::Store { is_away: true, .. } => ("store_unreachable", "The store does not answer"),
            Self::Store { .. } => ("store_failed", "The store cannot be used"),
            Self::StoreUnsound(_) => ("store_unsound", "The store is not sound"),
            Self::Apart => ("apart", "The two devices did not meet"),
            Self::NotADemo(_) => ("not_a_demo", "That is not this demo"),
        };
        let mut problem = Problem::own(code, title, told(self));
        if let Self::Stopped {
            done,
            total,
            line,
            source,
            ..
        } = self
        {
            problem.more.insert("rows_imported".to_owned(), (*done).into());
            problem.more.insert("rows".to_owned(), (*total).into());
            problem.more.insert("line".to_owned(), (*line).into());
            problem
                .more
                .insert("cause".to_owned(), source.problem().code.into());
        }
        problem
    }

    /// What a person can do next.
    pub(crate) fn next(&self) -> Option<String> {
        let next = match self {
            Self::Refused { problem, next } => return next.clone().or_else(|| after(&problem.code)),
            Self::Unreachable { .. } => {
                "Run the command again: the engine has stopped meanwhile, or is very busy."
            }
            Self::Silent { .. } => {
                "Stop that engine, then run the command again. If none seems to run, wait until the one that is starting answers."
            }
            Self::NotRunning { .. } => "Start one with `openprod serve` and leave it running.",
            Self::NothingHere { .. } => {
                "Create a workspace with `openprod create NAME`, join one with `openprod join INVITATION`, or give \
                 the right directory with --data DIR."
            }
            Self::Start(ServeError::Directory(DirectoryError::InUse { .. })) => {
                "`openprod open` prints a link to the one that is running. For a second one, give another directory \
                 with --data DIR."
            }
            Self::Start(ServeError::Listen { .. }) => {
                "Choose another port, or leave --port out to get a free one."
            }
            Self::Start(ServeError::Sync(_)) => {
                "Choose another port, or leave --sync-port out to get a free one."
            }
            Self::Settings(_) => {
                "Correct that, then run the command again; `openprod config --help` shows an example."
            }
            Self::NoHome => "Say where the data is with --data DIR.",
            Self::UnknownDraft { .. } => "`openprod overlays` lists the drafts.",
            Self::UnknownConflict { .. } | Self::BadChoice(_) => {
                "`openprod conflicts` lists the open conflicts and their values."
            }
            Self::Stopped { done: 0, .. } => "No row was imported. Correct the cause and import again.",
            Self::Stopped { .. } => {
                "What is in stays in. Correct the cause, and import a file that begins with the header and goes on \
                 from that line."
            }
            Self::DoesNotFit(_) => "Nothing was imported. Correct the file, or import it into a new table.",
            Self::Csv(CsvError::UnknownColumns { .. } | CsvError::Cells { .. }) => {
                "Nothing was imported. Correct the file or --types."
            }
            Self::Csv(_) => "Nothing was imported. Correct the file and import again.",
            Self::Unsound(_) => {
                "Change nothing here. Keep a copy of the data directory, and join the workspace anew from another \
                 device."
            }
            Self::StoreUnsound(_) => {
                "Write nothing to it, and keep a copy. A backup that is sound, or a store that it was copied from, can \
                 be copied into a new one with `openprod store copy`."
            }
            Self::Store { is_away: true, .. } => {
                "Check the address and that the server is running, then try again."
            }
            Self::Apart => "`openprod doctor` on one of the two directories tells why.",
            Self::Unwell(_) => "Do what the checks advise, then run `openprod doctor` again.",
            Self::NotADemo(_) => "Give another directory with --data DIR.",
            Self::Answer { .. } => "Is the engine of another version? Stop it, and start this one.",
            _ => return None,
        };
        Some(next.to_owned())
    }
}

/// An error and its sources, as one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}

/// What a person can do after the engine refused with this code.
fn after(code: &str) -> Option<String> {
    let next = match code {
        "no_workspace" => {
            "Create a workspace with `openprod create NAME`, or join one with `openprod join INVITATION`."
        }
        "workspace_required" | "unknown_workspace" => "Say which workspace with --workspace ID.",
        "bad_invitation" => {
            "Copy the whole invitation, or ask for it again: a member gets it from `openprod invite`."
        }
        "already_joined" => "There is nothing to do: `openprod status` shows the workspace.",
        "peer_unreachable" => {
            "Check that `openprod serve` is running there, that both are on the same network, and that the port is \
             the one it prints for members."
        }
        "bad_address" => "Write the address as HOST:PORT, for example 192.168.1.20:7420.",
        "disk_full" => "Free some space, then run the command again.",
        "read_only" => "Check the disk, then stop the engine and start it again.",
        "busy" | "closed" => "Wait a moment, then run the command again.",
        "bad_name" => "Choose another name.",
        "unknown_projection" => "`openprod projections` lists the projections.",
        "projection_behind" => "`openprod projections` tells how far it is, and what is wrong with it.",
        _ => return None,
    };
    Some(next.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreachable_peer_and_missing_engine_end_alike() {
        let problem = Box::new(Problem::own("peer_unreachable", "t", "d".to_owned()));
        let refused = Failure::Refused { problem, next: None };
        assert_eq!(refused.exit_status(), ExitStatus::Unreachable);
        let missing = Failure::NotRunning { data: "x".into() };
        assert_eq!(missing.exit_status(), ExitStatus::Unreachable);
        assert!(refused.next().is_some() && missing.next().is_some());
    }

    #[test]
    fn stopped_import_tells_its_cause_once_and_how_far_it_came() {
        let full = Problem::own(
            "disk_full",
            "The disk is full",
            "write store: the disk is full".to_owned(),
        );
        let source = Box::new(Failure::Refused {
            problem: Box::new(full),
            next: None,
        });
        let stopped = Failure::Stopped {
            done: 500,
            total: 900,
            line: 502,
            table: "Cue".to_owned(),
            source,
        };
        let problem = stopped.problem();
        assert_eq!(
            problem.detail.matches("the disk is full").count(),
            1,
            "{}",
            problem.detail
        );
        assert_eq!(problem.more["rows_imported"], 500);
        assert_eq!(problem.more["line"], 502);
        assert_eq!(problem.more["cause"], "disk_full");
    }
}
