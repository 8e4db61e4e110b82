//! The service that keeps workspaces in step with their members: it listens, finds, dials and redials.

mod dialling;
mod members;
mod observing;
mod seat;
mod space;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openprod_core::{ActorId, Identity, WorkspaceId};
use openprod_engine::{Committed, OwnerHandle};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use self::dialling::{accept, dial_by_name, discover, redial};
use self::space::Space;
use crate::discovery::{Discovery, DiscoveryConfig, MULTICAST_PORT};
use crate::handshake::Credentials;
use crate::replay::ReplayGuard;
use crate::secret::{Membership, WorkspaceSecret};
use crate::status::{GivenAddress, Memory, PeerStatus, SyncError, SyncEvent, SyncState};

/// How many events may wait for a subscriber; a slower one loses the oldest.
const EVENTS_MAX: usize = 1_024;

/// How to be reachable.
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// Where to listen; port 0 takes any that is free.
    pub bind: SocketAddr,
    /// Whether to find members, and be found, by multicast DNS.
    pub mdns: bool,
    /// What this device is called.
    pub name: String,
}

/// Keeps workspaces in step with their members; cheap to clone.
#[derive(Clone)]
pub struct SyncService {
    inner: Arc<Inner>,
}

struct Inner {
    bound: SocketAddr,
    name: String,
    noise_entropy: [u8; 32],
    spaces: Mutex<BTreeMap<WorkspaceId, Arc<Space>>>,
    guard: Mutex<ReplayGuard>,
    events: broadcast::Sender<SyncEvent>,
    discovery: Mutex<Option<Discovery>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl SyncService {
    /// Begins to listen.
    ///
    /// # Errors
    /// [`SyncError::Listen`]. That multicast is not possible is no error: members can be reached by address.
    pub async fn start(config: SyncConfig) -> Result<Self, SyncError> {
        let listen = |source| SyncError::Listen {
            address: config.bind,
            source,
        };
        let listener = TcpListener::bind(config.bind).await.map_err(listen)?;
        let bound = listener.local_addr().map_err(listen)?;
        let (mut noise_entropy, mut names_entropy) = ([0; 32], [0; 32]);
        getrandom::fill(&mut noise_entropy).map_err(|error| listen(error.into()))?;
        getrandom::fill(&mut names_entropy).map_err(|error| listen(error.into()))?;
        let inner = Arc::new(Inner {
            bound,
            name: config.name,
            noise_entropy,
            spaces: Mutex::default(),
            guard: Mutex::default(),
            events: broadcast::Sender::new(EVENTS_MAX),
            discovery: Mutex::default(),
            tasks: Mutex::default(),
        });
        let mut tasks = vec![
            tokio::spawn(accept(listener, Arc::downgrade(&inner))),
            tokio::spawn(redial(Arc::downgrade(&inner))),
        ];
        if config.mdns {
            let discovery = DiscoveryConfig {
                sync_port: bound.port(),
                memberships: Vec::new(),
                entropy: names_entropy,
                multicast_port: MULTICAST_PORT,
            };
            match Discovery::start(discovery) {
                Ok((discovery, found)) => {
                    *lock(&inner.discovery) = Some(discovery);
                    tasks.push(tokio::spawn(discover(found, Arc::downgrade(&inner))));
                }
                Err(error) => tracing::warn!(%error, "members cannot be found by multicast; use addresses"),
            }
        }
        *lock(&inner.tasks) = tasks;
        Ok(Self { inner })
    }

    /// The port on which members can dial.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.inner.bound.port()
    }

    /// Where members can dial.
    pub(crate) fn bound(&self) -> SocketAddr {
        self.inner.bound
    }

    /// Begins to keep a workspace in step.
    pub fn open(&self, owner: OwnerHandle) {
        let workspace = owner.workspace().id;
        let secret = WorkspaceSecret::from_bytes(owner.workspace().secret);
        let membership = Membership { workspace, secret };
        let space = Arc::new(Space {
            credentials: Credentials::new(owner.identity().clone(), self.inner.noise_entropy),
            owner,
            membership: membership.clone(),
            paused: AtomicBool::new(false),
            discovers: lock(&self.inner.discovery).is_some(),
            since: Instant::now(),
            changed: watch::Sender::new(0),
            members: Mutex::default(),
            events: self.inner.events.clone(),
        });
        lock(&self.inner.spaces).insert(workspace, space);
        if let Some(discovery) = &*lock(&self.inner.discovery) {
            discovery.add(membership);
        }
    }

    /// Keeps a workspace in step no longer.
    pub fn close(&self, workspace: WorkspaceId) {
        if let Some(discovery) = &*lock(&self.inner.discovery) {
            discovery.remove(workspace);
        }
        if let Some(space) = lock(&self.inner.spaces).remove(&workspace) {
            space.end_all("closed");
        }
    }

    /// Tells members of a commit. Never blocks.
    pub fn committed(&self, workspace: WorkspaceId, committed: &Arc<Committed>) {
        if !committed.bundles.is_empty()
            && let Some(space) = self.space(workspace)
        {
            space.changed.send_modify(|count| *count += 1);
        }
    }

    /// Shakes hands with the member at an address and hangs up: shows that an invitation leads somewhere.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn probe(
        &self,
        workspace: WorkspaceId,
        secret: &WorkspaceSecret,
        identity: &Identity,
        address: &str,
    ) -> Result<ActorId, SyncError> {
        let membership = Membership {
            workspace,
            secret: secret.clone(),
        };
        let credentials = Credentials::new(identity.clone(), self.inner.noise_entropy);
        Ok(dial_by_name(address, &membership, &credentials).await?.peer())
    }

    /// Connects to the member at an address, and keeps the address for when the connection is lost: see
    /// [`SyncService::addresses`].
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn connect(&self, workspace: WorkspaceId, address: &str) -> Result<ActorId, SyncError> {
        let address = address.trim();
        let space = self
            .space(workspace)
            .ok_or(SyncError::UnknownWorkspace(workspace))?;
        let connection = dial_by_name(address, &space.membership, &space.credentials).await?;
        let peer = connection.peer();
        {
            let mut members = space.lock();
            if let Some(given) = members.give(address) {
                given.looked_up = Some(Instant::now());
                given.places.insert(connection.address);
            }
            members.learn(connection.address, peer);
        }
        self.inner.talk(&space, connection);
        Ok(peer)
    }

    /// Stops sync of a workspace until [`SyncService::resume`]; a second time changes nothing.
    pub fn pause(&self, workspace: WorkspaceId) {
        if let Some(space) = self.space(workspace) {
            space.paused.store(true, Ordering::Release);
            space.end_all("paused");
            space.tell_state();
        }
    }

    /// Takes sync of a workspace up again.
    pub fn resume(&self, workspace: WorkspaceId) {
        if let Some(space) = self.space(workspace) {
            space.paused.store(false, Ordering::Release);
            space
                .lock()
                .addresses
                .values_mut()
                .for_each(|address| address.not_before = None);
            space.tell_state();
        }
    }

    /// The members that were ever met, as far as they are remembered, in order of their keys.
    #[must_use]
    pub fn peers(&self, workspace: WorkspaceId) -> Vec<PeerStatus> {
        let Some(space) = self.space(workspace) else {
            return Vec::new();
        };
        space.lock().statuses()
    }

    /// Where engines are heard on the network that are in none of our workspaces: one address of each, in ascending order,
    /// and of a crowd only some. `None` when nobody is listened for.
    #[must_use]
    pub fn nearby(&self) -> Option<Vec<SocketAddr>> {
        lock(&self.inner.discovery).as_ref().map(Discovery::strangers)
    }

    /// The addresses of a workspace that were given by hand, in order.
    #[must_use]
    pub fn addresses(&self, workspace: WorkspaceId) -> Vec<GivenAddress> {
        self.space(workspace)
            .map_or_else(Vec::new, |space| space.lock().given())
    }

    /// Dials an address that was given by hand no longer; a connection that stands goes on. False when it was not
    /// given.
    pub fn forget(&self, workspace: WorkspaceId, address: &str) -> bool {
        let forgotten = self
            .space(workspace)
            .is_some_and(|space| space.lock().forget(address.trim()));
        if let Some(space) = self.space(workspace) {
            space.tell_state();
        }
        forgotten
    }

    /// Takes up again what was known of a workspace before a restart: the addresses that were given by hand are
    /// dialled, and the members that were met are known by name. A second time changes nothing.
    pub fn recall(&self, workspace: WorkspaceId, memory: Memory) {
        if let Some(space) = self.space(workspace) {
            space.lock().recall(memory);
            space.tell_state();
        }
    }

    /// What is worth remembering of a workspace over a restart; `None` when it is not open.
    #[must_use]
    pub fn memory(&self, workspace: WorkspaceId) -> Option<Memory> {
        Some(self.space(workspace)?.lock().memory())
    }

    /// How a workspace stands with its members.
    #[must_use]
    pub fn state(&self, workspace: WorkspaceId) -> SyncState {
        self.space(workspace)
            .map_or(SyncState::Alone, |space| space.state())
    }

    /// News from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<SyncEvent> {
        self.inner.events.subscribe()
    }

    /// Hangs up everywhere and stops listening.
    pub async fn stop(self) {
        lock(&self.inner.tasks).drain(..).for_each(|task| task.abort());
        for space in std::mem::take(&mut *lock(&self.inner.spaces)).into_values() {
            space.end_all("closed");
        }
        let discovery = lock(&self.inner.discovery).take();
        if let Some(discovery) = discovery {
            discovery.stop().await;
        }
    }

    fn space(&self, workspace: WorkspaceId) -> Option<Arc<Space>> {
        lock(&self.inner.spaces).get(&workspace).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
