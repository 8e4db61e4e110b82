//! The workspaces of a data directory: each open on a thread of its own, in step with its peers, telling clients.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use openprod_core::{ActorId, Identity, WorkspaceId};
use openprod_engine::{Engine, NAME_BYTES_MAX, OpenError, Owner, OwnerHandle, Workspace};
use openprod_storage::{DataDirectory, DirectoryError, SmallFile, StorageError};
use openprod_sync::Invitation;
use thiserror::Error;

use crate::app::{failed, give};
use crate::clock::{entropy, now};
use crate::event::{Event, EventBus};
use crate::measure::count_commit;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::projections::{Bell, Board};
use crate::refusal::told;
use crate::settings::ProjectionSettings;
use crate::sync_link::SyncLink;

/// Why a data directory or a workspace in it cannot be opened.
#[derive(Debug, Error)]
pub enum HostError {
    /// The directory cannot be used.
    #[error("open data directory")]
    Directory(#[from] DirectoryError),
    /// A workspace cannot be opened.
    #[error("open workspace")]
    Open(#[from] OpenError),
    /// A workspace cannot be read.
    #[error("open workspace")]
    Storage(#[from] StorageError),
    /// The system gives no thread.
    #[error("open workspace: the system gives no thread")]
    Thread(#[source] std::io::Error),
}

/// The open workspaces.
pub(crate) struct Host {
    /// Given back when the host closes.
    directory: RwLock<Option<Arc<DataDirectory>>>,
    path: PathBuf,
    identity: Identity,
    sync: SyncLink,
    events: EventBus,
    projections: ProjectionSettings,
    spaces: RwLock<BTreeMap<WorkspaceId, Arc<Space>>>,
    /// The workspaces that are there and cannot be opened, and why.
    broken: BTreeMap<WorkspaceId, String>,
    /// Held while a workspace is added, so that none is added twice.
    adding: tokio::sync::Mutex<()>,
}

struct Space {
    handle: OwnerHandle,
    owner: Mutex<Option<Owner>>,
    /// Whether bundles may be held, so that time may release them.
    may_hold: Arc<AtomicBool>,
    /// The projections, or why they do not run. Gone when the workspace closes.
    board: Mutex<Option<Result<Arc<Board>, String>>>,
}

impl Host {
    /// Opens every workspace of a data directory. A workspace that cannot be opened is remembered as broken and
    /// does not keep the others from being used. Blocks.
    pub(crate) fn open(
        directory: DataDirectory,
        identity: Identity,
        sync: SyncLink,
        events: EventBus,
        projections: ProjectionSettings,
    ) -> Result<Self, HostError> {
        let directory = Arc::new(directory);
        let mut host = Self {
            path: directory.path().to_owned(),
            directory: RwLock::new(Some(Arc::clone(&directory))),
            identity,
            sync,
            events,
            projections,
            spaces: RwLock::default(),
            broken: BTreeMap::new(),
            adding: tokio::sync::Mutex::default(),
        };
        for id in directory.workspaces()? {
            if let Err(error) = host.open_one(&directory, id) {
                if matches!(error, HostError::Open(OpenError::Empty)) {
                    // Creating or joining it ended before anything was in it; doing so again goes on from here.
                    continue;
                }
                tracing::error!(workspace = %id, "{}", told(&error));
                host.broken.insert(id, told(&error));
            }
        }
        Ok(host)
    }

    /// Who writes here.
    pub(crate) fn actor(&self) -> ActorId {
        self.identity.actor()
    }

    pub(crate) const fn sync(&self) -> &SyncLink {
        &self.sync
    }

    pub(crate) const fn events(&self) -> &EventBus {
        &self.events
    }

    /// The workspaces that cannot be opened, and why.
    pub(crate) const fn broken(&self) -> &BTreeMap<WorkspaceId, String> {
        &self.broken
    }

    /// The open workspaces, in order of their ids.
    pub(crate) fn list(&self) -> Vec<OwnerHandle> {
        self.spaces().values().map(|space| space.handle.clone()).collect()
    }

    /// The workspace that a request means: the named one, or the only one.
    pub(crate) fn select(&self, workspace: Option<&str>) -> Result<OwnerHandle, Problem> {
        let spaces = self.spaces();
        let known = || spaces.keys().map(ToString::to_string).collect::<Vec<_>>();
        if let Some(text) = workspace {
            let id: WorkspaceId = crate::command_envelope::parse_id("workspace", text)?;
            let unknown = || {
                Problem::new(
                    ProblemCode::UnknownWorkspace,
                    format!("workspace {id} is not open here"),
                )
                .with(|problem| problem.workspaces = Some(known()))
            };
            return spaces
                .get(&id)
                .map(|space| space.handle.clone())
                .ok_or_else(unknown);
        }
        let mut all = spaces.values();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only.handle.clone()),
            (None, _) => Err(Problem::new(
                ProblemCode::NoWorkspace,
                "create a workspace or join one first",
            )),
            (Some(_), Some(_)) => {
                let detail = "several workspaces are open; say which with `workspace`";
                Err(Problem::new(ProblemCode::WorkspaceRequired, detail)
                    .with(|problem| problem.workspaces = Some(known())))
            }
        }
    }

    /// The projections of the workspace that a request means.
    pub(crate) fn board(&self, workspace: Option<&str>) -> Result<Arc<Board>, Problem> {
        let id = self.select(workspace)?.workspace().id;
        let space = self.spaces().get(&id).cloned();
        let board = space.and_then(|space| space.board());
        match board {
            Some(Ok(board)) => Ok(board),
            Some(Err(reason)) => Err(Problem::new(ProblemCode::ProjectionsFailed, reason)),
            None => Err(Problem::new(ProblemCode::Closed, "the engine stops")),
        }
    }

    /// The projections of every workspace, in order of their ids, or why they do not run.
    pub(crate) fn boards(&self) -> Vec<(WorkspaceId, Result<Arc<Board>, String>)> {
        let spaces = self.spaces();
        let boards = spaces.iter().map(|(id, space)| Some((*id, space.board()?)));
        boards.flatten().collect()
    }

    /// Creates a workspace.
    pub(crate) async fn create(&self, name: String) -> Result<OwnerHandle, Problem> {
        check_name(&name)?;
        let id = WorkspaceId::new(now(), entropy());
        let workspace = Workspace {
            id,
            name,
            secret: entropy(),
        };
        let _adding = self.adding.lock().await;
        self.add(id, move |storage, identity| {
            Engine::create(storage, identity, workspace, entropy(), now())
        })
        .await
    }

    /// Joins a workspace. With an address, only if a member of it answers there; without, at once.
    pub(crate) async fn join(
        &self,
        invitation: Invitation,
        address: Option<String>,
    ) -> Result<OwnerHandle, Problem> {
        let id = invitation.workspace();
        let _adding = self.adding.lock().await;
        if self.spaces().contains_key(&id) || self.broken.contains_key(&id) {
            let detail = format!("join workspace: {id} is here already");
            return Err(Problem::new(ProblemCode::AlreadyJoined, detail)
                .with(|problem| problem.workspaces = Some(vec![id.to_string()])));
        }
        if let Some(address) = &address {
            self.sync.probe(&invitation, &self.identity, address).await?;
        }
        let (name, secret) = (invitation.name().to_owned(), *invitation.secret().as_bytes());
        let workspace = Workspace { id, name, secret };
        let handle = self
            .add(id, move |storage, identity| {
                Engine::join(storage, identity, workspace, entropy())
            })
            .await?;
        if let Some(address) = address {
            let sync = self.sync.clone();
            tokio::spawn(async move {
                if let Err(problem) = sync.connect(id, &address).await {
                    tracing::warn!(workspace = %id, ?problem, "the member that answered before does no longer");
                }
            });
        }
        Ok(handle)
    }

    async fn add(
        &self,
        id: WorkspaceId,
        make: impl FnOnce(Box<dyn openprod_storage::Storage>, Identity) -> Result<Engine, OpenError>
        + Send
        + 'static,
    ) -> Result<OwnerHandle, Problem> {
        let directory = self
            .directory
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let directory = directory.ok_or_else(|| Problem::new(ProblemCode::Closed, "the engine stops"))?;
        let (identity, book) = (self.identity.clone(), directory.peers_file(id));
        let rows = directory.projections_file(id);
        let making = tokio::task::spawn_blocking(move || -> Result<Engine, HostError> {
            let storage = match directory.create_workspace(id) {
                Err(DirectoryError::Present { .. }) => directory.open_workspace(id)?,
                storage => storage?,
            };
            Ok(make(Box::new(storage), identity)?)
        });
        let engine = making
            .await
            .map_err(|error| failed(&error))?
            .map_err(Problem::from)?;
        let handle = self.run(engine, book, rows)?;
        self.events.tell(&Event::WorkspacesChanged);
        Ok(handle)
    }

    fn open_one(&self, directory: &DataDirectory, id: WorkspaceId) -> Result<(), HostError> {
        let storage = directory.open_workspace(id)?;
        let engine = Engine::open(Box::new(storage), self.identity.clone(), entropy(), now())?;
        self.run(engine, directory.peers_file(id), directory.projections_file(id))?;
        Ok(())
    }

    /// Puts an engine on its thread and makes it known to peers and requests.
    fn run(&self, engine: Engine, book: SmallFile, rows: PathBuf) -> Result<OwnerHandle, HostError> {
        let id = engine.workspace().id;
        let snapshots = engine.snapshots();
        let may_hold = Arc::new(AtomicBool::new(!snapshots.take()?.status()?.held.is_empty()));
        let (sync, events, holds) = (self.sync.clone(), self.events.clone(), Arc::clone(&may_hold));
        let bell = Arc::new(Bell::default());
        let rung = Arc::clone(&bell);
        let listener = move |committed: Arc<openprod_engine::Committed>| {
            if committed.bundles.iter().any(|bundle| bundle.held.is_some()) {
                holds.store(true, Ordering::Release);
            }
            sync.committed(id, &committed);
            events.tell_commit(id, &committed, &snapshots);
            count_commit(&committed);
            rung.ring();
        };
        let owner = Owner::spawn(engine, Box::new(now), Box::new(listener)).map_err(HostError::Thread)?;
        let handle = owner.handle().clone();
        // A workspace is of use without its projections.
        let board = Board::open(&handle, rows, bell, self.projections)
            .map(Arc::new)
            .map_err(|error| {
                let reason = told(&error);
                tracing::error!(workspace = %id, "{reason}");
                reason
            });
        let space = Space {
            handle: handle.clone(),
            owner: Mutex::new(Some(owner)),
            may_hold,
            board: Mutex::new(Some(board)),
        };
        self.spaces
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::new(space));
        self.sync.open(handle.clone(), book);
        Ok(handle)
    }

    /// Applies held bundles whose time has come.
    pub(crate) async fn release_held(&self) {
        let spaces: Vec<_> = self.spaces().values().cloned().collect();
        for space in spaces
            .into_iter()
            .filter(|space| space.may_hold.swap(false, Ordering::AcqRel))
        {
            let released = give(|reply| space.handle.release(None, reply)).await;
            let snapshots = space.handle.snapshots().clone();
            let status = tokio::task::spawn_blocking(move || Ok(snapshots.take()?.status()?.held.len()));
            let held: Result<usize, StorageError> = status.await.unwrap_or(Ok(1));
            if released.is_err() || !matches!(held, Ok(0)) {
                space.may_hold.store(true, Ordering::Release);
            }
        }
    }

    /// Finishes the work that waits, and closes every workspace. Requests find none from now on.
    pub(crate) async fn close(&self) {
        self.sync.stop().await;
        let spaces = std::mem::take(&mut *self.spaces.write().unwrap_or_else(PoisonError::into_inner));
        let closing = tokio::task::spawn_blocking(move || {
            for space in spaces.values() {
                drop(space.board.lock().unwrap_or_else(PoisonError::into_inner).take());
                drop(space.owner.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
        });
        if let Err(error) = closing.await {
            tracing::error!("close workspaces: {error}");
        }
        drop(
            self.directory
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Where the workspaces lie.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn spaces(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<WorkspaceId, Arc<Space>>> {
        self.spaces.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Space {
    fn board(&self) -> Option<Result<Arc<Board>, String>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Open(OpenError::Storage(error))
            | HostError::Storage(error)
            | HostError::Directory(DirectoryError::Storage(error)) => error.into(),
            HostError::Open(OpenError::Name(error)) => error.into(),
            error => Self::new(ProblemCode::StorageFailed, told(&error)),
        }
    }
}

/// Judges the name of a workspace before anything of it is made, by the engine's rule for names.
fn check_name(name: &str) -> Result<(), Problem> {
    let problem = if name.trim().is_empty() {
        "is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "is longer than 200 bytes"
    } else if name.chars().any(char::is_control) {
        "has a line break or another control character"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(80).collect();
    Err(Problem::new(
        ProblemCode::BadName,
        format!("create workspace: the name {shown:?} {problem}"),
    )
    .with(|problem| (problem.field, problem.found) = (Some("name".to_owned()), Some(shown.clone()))))
}

#[cfg(test)]
pub(crate) mod tests {
    use openprod_engine::Snapshots;
    use openprod_storage::MemoryStorage;

    use super::*;

    /// What reads a new workspace in this store.
    pub(crate) fn snapshots(storage: MemoryStorage) -> Snapshots {
        let workspace = Workspace {
            id: WorkspaceId::from_u128(1),
            name: "Tour".into(),
            secret: [1; 32],
        };
        let identity = Identity::from_seed(&[2; 32]);
        Engine::create(Box::new(storage), identity, workspace, [3; 32], now())
            .unwrap()
            .snapshots()
    }

    #[test]
    fn names_are_judged_as_the_engine_judges_them() {
        for name in ["", "  ", "a\nb", &"é".repeat(101), "Tour", &"é".repeat(100)] {
            let workspace = Workspace {
                id: WorkspaceId::from_u128(1),
                name: name.to_owned(),
                secret: [1; 32],
            };
            let storage = Box::new(MemoryStorage::new());
            let engine = Engine::create(storage, Identity::from_seed(&[2; 32]), workspace, [3; 32], now());
            assert_eq!(check_name(name).is_ok(), engine.is_ok(), "{name:?}");
        }
    }
}
