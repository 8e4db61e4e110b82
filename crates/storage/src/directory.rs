//! The data directory of an engine, and the lock that keeps a second engine out of it.
//!
//! `identity` is the key, `lock` is locked while an engine runs, `engine.json` says where it listens, and
//! `workspaces/ID/oplog.db` is a workspace, with `peers.json` beside it: which members were met, and the addresses
//! that were given by hand, and `projections.db`, which can be made anew from the log. A workspace is made under another name and renamed when it is whole, so
//! a crash never leaves half of one behind.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use openprod_core::{Identity, IdentityError, WorkspaceId};
use thiserror::Error;

use crate::error::StorageError;
use crate::small_file::SmallFile;
use crate::sqlite::{Caches, SqliteStorage};

/// The name of a workspace's database.
const DATABASE: &str = "oplog.db";

/// What the name of a workspace begins with while it is being made.
const UNFINISHED: &str = ".new-";

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// Another engine has it.
    #[error(
        "open data directory {directory}: another engine is running on it; stop that one or use another directory"
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// A file of it could not be used.
    #[error("use data directory: {path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The key cannot be had.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is such a workspace already.
    #[error("create workspace: {workspace} is here already")]
    Present {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// There is no such workspace.
    #[error("open workspace: {workspace} is not here")]
    Missing {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// The workspace's database cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A data directory that belongs to this process, for as long as this value lives.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    caches: Caches,
    /// Holds the lock; closing it gives the lock back, also when the process is killed.
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory if need be (for its owner alone, on Unix) and takes its lock.
    ///
    /// # Errors
    /// [`DirectoryError::InUse`] when another engine, in this process or another, has it;
    /// [`DirectoryError::Io`] when it cannot be made or written.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        make_directory(path)?;
        let lock_path = path.join("lock");
        let lock = private_file()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse {
                    directory: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(at(&lock_path)(source)),
        }
        let directory = Self {
            path: path.to_owned(),
            caches: Caches::default(),
            _lock: lock,
        };
        make_directory(&directory.workspaces_path())?;
        directory.sweep()?;
        Ok(directory)
    }

    /// The same directory; its workspaces are opened with caches of this size.
    #[must_use]
    pub const fn with_caches(mut self, caches: Caches) -> Self {
        self.caches = caches;
        self
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the engine on a data directory says how to reach it. Needs no lock, so that others can ask.
    #[must_use]
    pub fn engine_file(path: &Path) -> PathBuf {
        path.join("engine.json")
    }

    /// What the pages of this person show the engine: kept over restarts, and private like the identity.
    #[must_use]
    pub fn token_file(&self) -> SmallFile {
        SmallFile::new(self.path.join("token"))
    }

    /// The identity of this device: the one in the file `identity`, or, when there is none, a new one with
    /// `entropy` as its secret, which must come from a source of good randomness.
    ///
    /// # Errors
    /// [`DirectoryError::Identity`] when there is a file but no identity to be had from it, or none can be made.
    pub fn identity(&self, entropy: [u8; 32]) -> Result<Identity, DirectoryError> {
        let path = self.path.join("identity");
        if path.try_exists().map_err(at(&path))? {
            return Ok(Identity::open(&path)?);
        }
        let unfinished = self.path.join(format!("{UNFINISHED}identity"));
        let identity = Identity::create(&unfinished, &entropy)?;
        std::fs::rename(&unfinished, &path).map_err(at(&path))?;
        sync_directory(&self.path)?;
        Ok(identity)
    }

    /// The workspaces that are here, in ascending order.
    ///
    /// # Errors
    /// [`DirectoryError::Io`] when the directory cannot be read.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceId>, DirectoryError> {
        let mut workspaces: Vec<_> = names(&self.workspaces_path())?
            .iter()
            .filter_map(|name| {
                let workspace: WorkspaceId = name.parse().ok()?;
                // A UUID has several spellings, and only one of them is where we would look.
                (workspace.to_string() == *name && self.database(workspace).is_file()).then_some(workspace)
            })
            .collect();
        workspaces.sort_unstable();
        Ok(workspaces)
    }

    /// Opens a workspace.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] when it is not here; [`DirectoryError::Storage`] when it cannot be opened.
    pub fn open_workspace(&self, workspace: WorkspaceId) -> Result<SqliteStorage, DirectoryError> {
        let database = self.database(workspace);
        if !database.try_exists().map_err(at(&database))? {
            return Err(DirectoryError::Missing { workspace });
        }
        Ok(SqliteStorage::open_with(&database, self.caches)?)
    }

    /// Makes an empty workspace, durably, and opens it.
    ///
    /// # Errors
    /// [`DirectoryError::Present`] when it is here already; [`DirectoryError::Io`] and
    /// [`DirectoryError::Storage`] when it cannot be made, and then nothing of it is here.
    pub fn create_workspace(&self, workspace: WorkspaceId) -> Result<SqliteStorage, DirectoryError> {
        let home = self.workspaces_path().join(workspace.to_string());
        if home.try_exists().map_err(at(&home))? {
            return Err(DirectoryError::Present { workspace });
        }
        let unfinished = self.workspaces_path().join(format!("{UNFINISHED}{workspace}"));
        let made = make_directory(&unfinished)
            .and_then(|()| {
                // Closed again, so that nothing has the files open when they are renamed.
                drop(SqliteStorage::create(&unfinished.join(DATABASE))?);
                Ok(())
            })
            .and_then(|()| sync_directory(&unfinished))
            .and_then(|()| std::fs::rename(&unfinished, &home).map_err(at(&home)));
        if let Err(error) = made {
            // Best effort: what stays behind is swept away when the directory is next opened.
            let _ = std::fs::remove_dir_all(&unfinished);
            return Err(error);
        }
        sync_directory(&self.workspaces_path())?;
        self.open_workspace(workspace)
    }

    /// What is remembered of a workspace's peers; the workspace must be here for it to be replaced.
    #[must_use]
    pub fn peers_file(&self, workspace: WorkspaceId) -> SmallFile {
        SmallFile::new(
            self.workspaces_path()
                .join(workspace.to_string())
                .join("peers.json"),
        )
    }

    /// Where the rows of a workspace's projections lie. They are made anew when the file is missing.
    #[must_use]
    pub fn projections_file(&self, workspace: WorkspaceId) -> PathBuf {
        self.workspaces_path()
            .join(workspace.to_string())
            .join("projections.db")
    }

    fn workspaces_path(&self) -> PathBuf {
        self.path.join("workspaces")
    }

    fn database(&self, workspace: WorkspaceId) -> PathBuf {
        self.workspaces_path().join(workspace.to_string()).join(DATABASE)
    }

    /// Removes what a crash left unfinished.
    fn sweep(&self) -> Result<(), DirectoryError> {
        let identity = self.path.join(format!("{UNFINISHED}identity"));
        if identity.try_exists().map_err(at(&identity))? {
            std::fs::remove_file(&identity).map_err(at(&identity))?;
        }
        for name in names(&self.workspaces_path())? {
            if name.starts_with(UNFINISHED) {
                let path = self.workspaces_path().join(name);
                std::fs::remove_dir_all(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }
}

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError + use<> {
    let path = path.to_owned();
    |source| DirectoryError::Io { path, source }
}

fn make_directory(path: &Path) -> Result<(), DirectoryError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(at(path))
}

pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the names in a directory durable. Windows has no such call, and needs none.
pub(crate) fn sync_directory(path: &Path) -> Result<(), DirectoryError> {
    if cfg!(unix) {
        File::open(path)
            .and_then(|directory| directory.sync_all())
            .map_err(at(path))?;
    }
    Ok(())
}

/// The names in a directory; such as are not Unicode cannot be ours and are left out.
fn names(path: &Path) -> Result<Vec<String>, DirectoryError> {
    let entries = std::fs::read_dir(path).map_err(at(path))?;
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(at(path))?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
