//! The projections of a workspace: rows that are made of its facts and its commands, for operators and reports.
//!
//! They run behind the engine, each on a thread of its own: a commit does no more for them than ring a bell. Their rows lie
//! in `projections.db` beside the log, which may be thrown away at any time: it is made anew.
//!
//! **Start reading** at [`Board`]; [`source`] is where events come from, and each projection has a file.

mod audit_log;
mod bell;
mod event_streams;
mod event_types;
mod rows;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openprod_engine::OwnerHandle;
use openprod_events::projection::{
    ApplyError, ProjectionControl, ProjectionStatus, Projections, ProjectionsError, SqliteTarget, TargetError,
};
use openprod_events::{EventStore, ProjectionName};
use openprod_storage::{Position, StorageError};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

pub(crate) use audit_log::{AuditFilter, Candidates};
pub(crate) use bell::Bell;
pub(crate) use rows::RowsPage;

use self::audit_log::AuditLog;
use self::event_streams::EventStreams;
use self::event_types::EventTypes;
use self::source::{Belled, CommandLog, fact_store};
use crate::settings::ProjectionSettings;

/// The projections that every workspace has, by name.
pub(crate) const NAMES: [&str; 3] = [audit_log::NAME, event_streams::NAME, event_types::NAME];

/// Why the projections of a workspace do not run, or their rows cannot be read.
#[derive(Debug, Error)]
pub(crate) enum BoardError {
    /// The file of their rows cannot be used.
    #[error("open projections")]
    Target(#[from] TargetError),
    /// One of them cannot be started.
    #[error("open projections")]
    Start(#[from] ProjectionsError),
    /// A damaged file could not be removed.
    #[error("open projections: {path} is damaged and cannot be removed")]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Rows cannot be read.
    #[error("read rows of projection")]
    Rows(#[from] rusqlite::Error),
}

/// The projections of one workspace. Dropping it ends them; their rows stay.
pub(crate) struct Board {
    path: PathBuf,
    bell: Arc<Bell>,
    facts: Projections,
    commands: Projections,
}

impl Board {
    /// Starts the projections of a workspace, whose rows are in the file `path`. A file that is damaged is made anew.
    pub(crate) fn open(
        owner: &OwnerHandle,
        path: PathBuf,
        bell: Arc<Bell>,
        settings: ProjectionSettings,
    ) -> Result<Self, BoardError> {
        let facts = Belled::new(fact_store(owner), Arc::clone(&bell));
        let commands = Belled::new(CommandLog::new(owner.snapshots().clone()), Arc::clone(&bell));
        let facts: Arc<dyn EventStore> = Arc::new(facts);
        let commands: Arc<dyn EventStore> = Arc::new(commands);
        if path.exists() && !fits(owner, &path) {
            tracing::warn!(path = %path.display(), "rows of projections are of another log, and made anew");
            remove(&path)?;
        }
        let board = Self {
            facts: Projections::of(facts),
            commands: Projections::of(commands),
            path,
            bell,
        };
        let ProjectionSettings(config) = settings;
        let types = EventTypes::new(owner.snapshots().clone());
        board.facts.start(types, board.target()?, config)?;
        let streams = EventStreams::new(owner.snapshots().clone());
        board.facts.start(streams, board.target()?, config)?;
        board.commands.start(AuditLog, board.target()?, config)?;
        Ok(board)
    }

    /// All projections, by name, with how they are; their lag is measured now.
    pub(crate) fn list(&self) -> Vec<ProjectionStatus> {
        let mut list = self.commands.list();
        list.extend(self.facts.list());
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// All projections, by name, as they told last: nothing is read for that.
    pub(crate) fn statuses(&self) -> Vec<ProjectionStatus> {
        let controls = NAMES.iter().filter_map(|name| self.control(name));
        controls.map(|control| control.status()).collect()
    }

    /// A hand on one projection; `None` when there is none of that name.
    pub(crate) fn control(&self, name: &str) -> Option<ProjectionControl> {
        let name = ProjectionName::new(name).ok()?;
        self.facts.control(&name).or_else(|| self.commands.control(&name))
    }

    /// Rows of a projection beyond `cursor`, in the order of the listing; `None` when there is no projection of that name,
    /// or the cursor is none of its listing.
    pub(crate) fn rows(
        &self,
        name: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Option<RowsPage>, BoardError> {
        let listing = match name {
            audit_log::NAME => &audit_log::ROWS,
            event_streams::NAME => &event_streams::ROWS,
            event_types::NAME => &event_types::ROWS,
            _ => return Ok(None),
        };
        Ok(listing.page(&self.reader()?, cursor, limit)?)
    }

    /// Where in commit order to look for commands, newest first.
    pub(crate) fn audit(
        &self,
        filter: &AuditFilter,
        upto: u64,
        limit: usize,
    ) -> Result<Candidates, BoardError> {
        Ok(audit_log::candidates(&self.reader()?, filter, upto, limit)?)
    }

    fn target(&self) -> Result<SqliteTarget, BoardError> {
        match SqliteTarget::open(&self.path) {
            Err(error @ (TargetError::Broken(_) | TargetError::NewerVersion | TargetError::Damaged(_))) => {
                tracing::warn!(path = %self.path.display(), %error, "rows of projections are made anew");
                remove(&self.path)?;
                Ok(SqliteTarget::open(&self.path)?)
            }
            target => Ok(target?),
        }
    }

    fn reader(&self) -> Result<Connection, rusqlite::Error> {
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // So that no projection sleeps on while it is waited for.
        self.bell.silence();
    }
}

/// Whether the rows in a file were made of the log of this workspace, and not of another one or a longer copy: the last
/// command of the audit log is where it says. A file of which that cannot be told fits, for opening it tells more.
fn fits(owner: &OwnerHandle, path: &Path) -> bool {
    let Some((position, bundle)) = audit_log::last(path) else {
        return true;
    };
    let found = owner.snapshots().take().and_then(|snapshot| {
        let before = Position(position.saturating_sub(1));
        snapshot.bundles(before, 1)
    });
    let found = found.ok().and_then(|bundles| bundles.into_iter().next());
    found.is_some_and(|found| found.id().to_string() == bundle)
}

/// Removes the file of the rows, and what SQLite keeps beside it.
fn remove(path: &Path) -> Result<(), BoardError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(BoardError::Remove { path, source }),
        }
    }
    Ok(())
}

/// The log cannot be read now: the projection waits, and tries again.
fn unavailable(error: StorageError) -> ApplyError {
    ApplyError::Target(TargetError::Unavailable(error.into()))
}

/// A number as SQLite keeps it.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
