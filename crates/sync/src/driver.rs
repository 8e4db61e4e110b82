//! The service that keeps workspaces in step with their members: it listens, finds, dials and redials.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use openprod_core::{ActorId, Identity, WorkspaceId};
use openprod_engine::{Committed, DERIVATION_VERSION, OwnerHandle};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::connection::{Connection, ConnectionError};
use crate::conversation::{ConversationError, Host, converse, now};
use crate::discovery::{Discovery, DiscoveryConfig, DiscoveryEvent, MULTICAST_PORT};
use crate::handshake::Credentials;
use crate::peer::{Peer, PeerConfig, PeerEvent};
use crate::replay::ReplayGuard;
use crate::secret::{Membership, WorkspaceSecret};
use crate::status::{PeerStatus, SyncError, SyncEvent, SyncState};

/// How many strangers may be in the middle of a handshake.
const HANDSHAKES_MAX: usize = 64;

/// How many members may be connected in one workspace.
const PEERS_MAX: usize = 64;

/// How many addresses are kept for redialling in one workspace.
const ADDRESSES_MAX: usize = 256;

/// How often addresses without a connection are tried.
const REDIAL_INTERVAL: Duration = Duration::from_secs(1);

/// The longest pause between two attempts at one address.
const REDIAL_PAUSE_MAX: Duration = Duration::from_secs(15);

/// How long connecting by hand may take, from name look-up to the end of the handshake.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a workspace is said to be looking for members before it is said to be alone.
const LOOKING_TIME: Duration = Duration::from_secs(10);

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
    port: u16,
    name: String,
    noise_entropy: [u8; 32],
    spaces: Mutex<BTreeMap<WorkspaceId, Arc<Space>>>,
    guard: Mutex<ReplayGuard>,
    events: broadcast::Sender<SyncEvent>,
    discovery: Mutex<Option<Discovery>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// A workspace that is kept in step.
struct Space {
    owner: OwnerHandle,
    membership: Membership,
    credentials: Credentials,
    paused: AtomicBool,
    since: Instant,
    /// Counts commits, to wake conversations.
    changed: watch::Sender<u64>,
    members: Mutex<Members>,
    events: broadcast::Sender<SyncEvent>,
}

#[derive(Default)]
struct Members {
    known: BTreeMap<ActorId, Member>,
    addresses: BTreeMap<SocketAddr, Address>,
    /// Which conversation is asking.
    asking: Option<ActorId>,
    told: Option<SyncState>,
    conversations: u64,
}

struct Member {
    status: PeerStatus,
    in_step: bool,
    talk: Option<Talk>,
}

/// A conversation under way.
struct Talk {
    number: u64,
    initiated: bool,
    end: watch::Sender<Option<&'static str>>,
}

/// Where a member may be.
#[derive(Default)]
struct Address {
    actor: Option<ActorId>,
    /// Seen by discovery under these names; given by hand or learnt when there are none.
    instances: BTreeSet<String>,
    lasting: bool,
    dialling: bool,
    failures: u32,
    not_before: Option<Instant>,
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
        let port = listener.local_addr().map_err(listen)?.port();
        let (mut noise_entropy, mut names_entropy) = ([0; 32], [0; 32]);
        getrandom::fill(&mut noise_entropy).map_err(|error| listen(error.into()))?;
        getrandom::fill(&mut names_entropy).map_err(|error| listen(error.into()))?;
        let inner = Arc::new(Inner {
            port,
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
                sync_port: port,
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
        self.inner.port
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

    /// Connects to the member at an address, and keeps the address for when the connection is lost.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn connect(&self, workspace: WorkspaceId, address: &str) -> Result<ActorId, SyncError> {
        let space = self
            .space(workspace)
            .ok_or(SyncError::UnknownWorkspace(workspace))?;
        let connection = dial_by_name(address, &space.membership, &space.credentials).await?;
        let peer = connection.peer();
        space.lock().learn(connection.address, peer);
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

    /// The members that were met since the engine started, in order of their keys.
    #[must_use]
    pub fn peers(&self, workspace: WorkspaceId) -> Vec<PeerStatus> {
        let Some(space) = self.space(workspace) else {
            return Vec::new();
        };
        space
            .lock()
            .known
            .values()
            .map(|member| member.status.clone())
            .collect()
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

impl Inner {
    /// Begins a conversation, unless there is one with the same member that has precedence.
    fn talk(&self, space: &Arc<Space>, connection: Connection) {
        let (actor, address) = (connection.peer(), connection.address);
        let own = space.credentials.actor();
        let initiated = connection.is_initiator();
        // Of two connections that both sides made at once, both keep the one that the lesser key dialled.
        let preferred = initiated == (own < actor);
        let (end, ended) = watch::channel(None);
        let number = {
            let mut members = space.lock();
            if space.paused.load(Ordering::Acquire) || members.live() >= PEERS_MAX {
                return;
            }
            members.conversations += 1;
            let number = members.conversations;
            let member = members.known.entry(actor).or_insert_with(|| Member::new(actor));
            if let Some(talk) = &member.talk {
                if talk.initiated != initiated && !preferred {
                    return;
                }
                talk.end.send_replace(Some("replaced by another connection"));
            }
            member.talk = Some(Talk {
                number,
                initiated,
                end,
            });
            member.in_step = false;
            member.status.connected = true;
            member.status.problem = None;
            member.status.address = address.to_string();
            number
        };
        space.event(SyncEvent::PeerConnected {
            workspace: space.membership.workspace,
            peer_id: actor,
        });
        space.tell_state();
        let config = PeerConfig {
            actor: own,
            name: self.name.clone(),
            port: self.port,
            derivation: DERIVATION_VERSION,
        };
        let host = Arc::new(Seat {
            space: Arc::clone(space),
            actor,
            number,
            address,
        });
        let changed = space.changed.subscribe();
        let owner = space.owner.clone();
        tokio::spawn(async move {
            let seat: Arc<dyn Host> = Arc::<Seat>::clone(&host);
            let error = converse(connection, Peer::new(config, now()), owner, seat, changed, ended).await;
            host.leave(&error);
        });
    }
}

impl Space {
    fn lock(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    fn event(&self, event: SyncEvent) {
        // Without subscribers there is nobody to tell.
        let _ = self.events.send(event);
    }

    fn end_all(&self, reason: &'static str) {
        for member in self.lock().known.values() {
            if let Some(talk) = &member.talk {
                talk.end.send_replace(Some(reason));
            }
        }
    }

    fn state(&self) -> SyncState {
        let members = self.lock();
        if self.paused.load(Ordering::Acquire) {
            return SyncState::Paused;
        }
        let live = members.live();
        if live == 0 {
            let problem = members
                .known
                .values()
                .find_map(|member| member.status.problem.clone());
            return match problem {
                Some(reason) => SyncState::Problem { reason },
                None if self.since.elapsed() < LOOKING_TIME => SyncState::Looking,
                None if members.addresses.values().any(|address| address.failures == 0) => SyncState::Looking,
                None => SyncState::Alone,
            };
        }
        let connected = || members.known.values().filter(|member| member.talk.is_some());
        let remaining: u64 = connected().map(|member| member.status.ahead).max().unwrap_or(0);
        if remaining > 0 || connected().all(|member| !member.in_step) {
            return SyncState::CatchingUp { remaining };
        }
        SyncState::Live { peers: live }
    }

    /// Tells how the workspace stands, if that has changed.
    fn tell_state(&self) {
        let state = self.state();
        let mut members = self.lock();
        if members.told.as_ref() != Some(&state) {
            members.told = Some(state.clone());
            drop(members);
            self.event(SyncEvent::State {
                workspace: self.membership.workspace,
                state,
            });
        }
    }
}

impl Members {
    fn live(&self) -> usize {
        self.known.values().filter(|member| member.talk.is_some()).count()
    }

    /// Notes who is to be found at an address that was given by hand or proved good.
    fn learn(&mut self, address: SocketAddr, actor: ActorId) {
        if self.addresses.len() < ADDRESSES_MAX || self.addresses.contains_key(&address) {
            let entry = self.addresses.entry(address).or_default();
            entry.actor = Some(actor);
            entry.lasting = true;
            entry.failures = 0;
        }
    }
}

impl Member {
    fn new(peer_id: ActorId) -> Self {
        let status = PeerStatus {
            peer_id,
            name: String::new(),
            address: String::new(),
            connected: false,
            behind: 0,
            ahead: 0,
            skew_ms: 0,
            problem: None,
        };
        Self {
            status,
            in_step: false,
            talk: None,
        }
    }
}

/// A conversation's place in its workspace.
struct Seat {
    space: Arc<Space>,
    actor: ActorId,
    number: u64,
    address: SocketAddr,
}

impl Seat {
    /// The member, as long as this is its conversation.
    fn with<T>(&self, act: impl FnOnce(&mut Member) -> T) -> Option<T> {
        let mut members = self.space.lock();
        let member = members.known.get_mut(&self.actor)?;
        (member.talk.as_ref()?.number == self.number).then(|| act(member))
    }

    fn leave(&self, error: &ConversationError) {
        let reason = error.to_string();
        tracing::info!(peer = %self.actor, %reason, "conversation ended");
        let left = self.with(|member| {
            member.talk = None;
            member.in_step = false;
            member.status.connected = false;
            member.status.ahead = 0;
            let ordinary = matches!(
                error,
                ConversationError::Ended(_) | ConversationError::Connection(_)
            );
            member.status.problem = (!ordinary && error.is_fault()).then(|| reason.clone());
        });
        {
            let mut members = self.space.lock();
            if members.asking == Some(self.actor) && left.is_some() {
                members.asking = None;
            }
            if error.is_fault() {
                // Someone who sends what cannot be taken is not dialled again at once.
                let later = Instant::now() + REDIAL_PAUSE_MAX;
                let of_peer = |address: &&mut Address| address.actor == Some(self.actor);
                members
                    .addresses
                    .values_mut()
                    .filter(of_peer)
                    .for_each(|address| address.not_before = Some(later));
            }
        }
        let workspace = self.space.membership.workspace;
        if error.is_fault() {
            self.space.event(SyncEvent::Rejected {
                workspace,
                peer_id: self.actor,
                reason,
            });
        }
        if left.is_some() {
            self.space.event(SyncEvent::PeerDisconnected {
                workspace,
                peer_id: self.actor,
            });
        }
        self.space.tell_state();
        // Another conversation may ask now.
        self.space.changed.send_modify(|count| *count += 1);
    }
}

impl Host for Seat {
    fn may_ask(&self) -> bool {
        self.space.lock().asking.is_none_or(|asking| asking == self.actor)
    }

    fn after_step(&self, peer: &Peer) {
        let asking = peer.is_asking();
        let freed = {
            let mut members = self.space.lock();
            let ours = members.asking == Some(self.actor);
            if asking && members.asking.is_none() {
                members.asking = Some(self.actor);
            } else if !asking && ours {
                members.asking = None;
            }
            ours && !asking
        };
        self.with(|member| {
            member.in_step = peer.is_in_step();
            member.status.behind = peer.behind();
            member.status.ahead = peer.ahead();
            member.status.skew_ms = peer.skew_ms();
        });
        if freed {
            self.space.changed.send_modify(|count| *count += 1);
        }
        self.space.tell_state();
    }

    fn on_event(&self, event: PeerEvent) {
        let (workspace, peer_id) = (self.space.membership.workspace, self.actor);
        match event {
            PeerEvent::Greeted { name, port } => {
                self.with(|member| member.status.name = name);
                if port != 0 {
                    let address = SocketAddr::new(self.address.ip(), port);
                    self.space.lock().learn(address, peer_id);
                }
            }
            PeerEvent::Progress { remaining } => {
                self.space.event(SyncEvent::Progress { workspace, remaining });
            }
            PeerEvent::ClockSuspect { skew_ms } => {
                self.space.event(SyncEvent::ClockSuspect {
                    workspace,
                    peer_id,
                    skew_ms,
                });
            }
            PeerEvent::Diverged => self.space.event(SyncEvent::Diverged { workspace, peer_id }),
        }
    }
}

async fn accept(listener: TcpListener, inner: Weak<Inner>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: others must be closed first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(inner) = inner.upgrade() else { return };
        // A flood of strangers is let go of, not queued.
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            continue;
        };
        tokio::spawn(async move {
            if let Err(error) = answer(&inner, stream, address).await {
                tracing::debug!(%address, %error, "a connection was not answered");
            }
            drop(permit);
        });
    }
}

async fn answer(inner: &Inner, stream: TcpStream, address: SocketAddr) -> Result<(), ConnectionError> {
    let spaces: Vec<_> = lock(&inner.spaces).values().cloned().collect();
    let open: Vec<_> = spaces
        .iter()
        .filter(|space| !space.paused.load(Ordering::Acquire))
        .collect();
    let Some(first) = open.first() else {
        return Err(ConnectionError::Closed);
    };
    let memberships: Vec<_> = open.iter().map(|space| space.membership.clone()).collect();
    let connection =
        Connection::accept(stream, address, &memberships, &first.credentials, &inner.guard).await?;
    if let Some(space) = open
        .iter()
        .find(|space| space.membership.workspace == connection.workspace())
    {
        inner.talk(space, connection);
    }
    Ok(())
}

async fn discover(mut found: mpsc::Receiver<DiscoveryEvent>, inner: Weak<Inner>) {
    while let Some(event) = found.recv().await {
        let Some(inner) = inner.upgrade() else { return };
        let (DiscoveryEvent::Found { workspace, .. } | DiscoveryEvent::Lost { workspace, .. }) = &event;
        let Some(space) = lock(&inner.spaces).get(workspace).cloned() else {
            continue;
        };
        let mut members = space.lock();
        let (name, current) = match event {
            DiscoveryEvent::Found {
                instance, addresses, ..
            } => (instance, addresses),
            DiscoveryEvent::Lost { instance, .. } => (instance, Vec::new()),
        };
        for address in members.addresses.values_mut() {
            address.instances.remove(&name);
        }
        for address in current {
            if members.addresses.len() < ADDRESSES_MAX || members.addresses.contains_key(&address) {
                let entry = members.addresses.entry(address).or_default();
                entry.instances.insert(name.clone());
                entry.failures = entry.failures.min(2);
            }
        }
        members
            .addresses
            .retain(|_, address| address.lasting || !address.instances.is_empty());
        drop(members);
        space.tell_state();
    }
}

/// Tries, again and again, the addresses whose members are not connected.
async fn redial(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(REDIAL_INTERVAL / 4).await;
        let Some(inner) = inner.upgrade() else { return };
        let spaces: Vec<_> = lock(&inner.spaces).values().cloned().collect();
        for space in spaces {
            space.tell_state();
            if space.paused.load(Ordering::Acquire) {
                continue;
            }
            for address in due(&space) {
                let (inner, space) = (Arc::clone(&inner), Arc::clone(&space));
                tokio::spawn(async move { try_address(&inner, &space, address).await });
            }
        }
    }
}

/// The addresses to be tried now; they count as being tried from here on. Of a member that several addresses
/// lead to, one at a time.
fn due(space: &Space) -> Vec<SocketAddr> {
    let mut members = space.lock();
    let Members { known, addresses, .. } = &mut *members;
    let connected = |actor: &ActorId| known.get(actor).is_some_and(|member| member.talk.is_some());
    let mut busy: BTreeSet<String> = BTreeSet::new();
    for address in addresses.values() {
        if address.dialling || address.actor.as_ref().is_some_and(connected) {
            busy.extend(address.instances.iter().cloned());
        }
    }
    let mut due = Vec::new();
    for (place, address) in addresses.iter_mut() {
        let waits = address.not_before.is_some_and(|time| time > Instant::now());
        let reached = address.actor.as_ref().is_some_and(connected)
            || address.instances.iter().any(|name| busy.contains(name));
        if !waits && !reached && !address.dialling {
            address.dialling = true;
            busy.extend(address.instances.iter().cloned());
            due.push(*place);
        }
    }
    due
}

async fn try_address(inner: &Inner, space: &Arc<Space>, place: SocketAddr) {
    let dialled = Connection::dial(place, &space.membership, &space.credentials).await;
    {
        let mut members = space.lock();
        if let Some(address) = members.addresses.get_mut(&place) {
            address.dialling = false;
            match &dialled {
                Ok(connection) => {
                    address.failures = 0;
                    address.actor = Some(connection.peer());
                    address.not_before = Some(Instant::now() + REDIAL_INTERVAL);
                }
                Err(error) => {
                    tracing::debug!(%place, %error, "a member could not be reached");
                    address.failures = address.failures.saturating_add(1);
                    let pause = REDIAL_INTERVAL * 2_u32.saturating_pow(address.failures.min(8) - 1);
                    address.not_before = Some(Instant::now() + pause.min(REDIAL_PAUSE_MAX));
                    // Whoever announced it may have gone without a farewell.
                    if let Some(discovery) = &*lock(&inner.discovery) {
                        address
                            .instances
                            .iter()
                            .for_each(|instance| discovery.doubt(instance));
                    }
                }
            }
        }
    }
    if let Ok(connection) = dialled {
        inner.talk(space, connection);
    }
}

async fn dial_by_name(
    address: &str,
    membership: &Membership,
    credentials: &Credentials,
) -> Result<Connection, SyncError> {
    let dialled = timeout(CONNECT_TIME_MAX, async {
        let places: Vec<_> = match lookup_host(address).await {
            Ok(places) => places.collect(),
            Err(_) => return Err(SyncError::BadAddress(address.to_owned())),
        };
        let mut last = SyncError::BadAddress(address.to_owned());
        for place in places {
            match Connection::dial(place, membership, credentials).await {
                Ok(connection) => return Ok(connection),
                Err(source @ (ConnectionError::Handshake(_) | ConnectionError::Closed)) => {
                    last = SyncError::NotAMember {
                        address: address.to_owned(),
                        source,
                    };
                }
                Err(source) => {
                    last = SyncError::Unreachable {
                        address: address.to_owned(),
                        source,
                    }
                }
            }
        }
        Err(last)
    });
    dialled.await.unwrap_or_else(|_| {
        Err(SyncError::TimedOut {
            address: address.to_owned(),
        })
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
