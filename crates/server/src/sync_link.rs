//! The server's side of sync: all contact with the sync service is here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use openprod_core::{Identity, WorkspaceId};
use openprod_engine::{Committed, OwnerHandle};
use openprod_storage::SmallFile;
use openprod_sync::{
    Diagnosis, Invitation, PeerStatus, SyncConfig, SyncError, SyncEvent, SyncService, SyncState,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::clock::rfc3339;
use crate::event::{Event, EventBus};
use crate::peer_book::PeerBooks;
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::refusal::told;
use crate::routes::peers::{AddressView, PeerView};
use crate::routes::workspace::SyncView;

/// How long a peer may take to answer when a person waits for it.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// The sync service of this process, telling its news to clients; cheap to clone.
#[derive(Clone)]
pub(crate) struct SyncLink {
    service: SyncService,
    books: PeerBooks,
    /// Held by whoever examines the network: one at a time is enough.
    examining: Arc<tokio::sync::Mutex<()>>,
    news: Arc<JoinHandle<()>>,
}

impl SyncLink {
    pub(crate) async fn start(
        bind: SocketAddr,
        mdns: bool,
        name: String,
        events: EventBus,
    ) -> Result<Self, SyncError> {
        let service = SyncService::start(SyncConfig { bind, mdns, name }).await?;
        let books = PeerBooks::new(service.clone());
        let news = Arc::new(tokio::spawn(tell_news(service.clone(), books.clone(), events)));
        Ok(Self {
            service,
            books,
            examining: Arc::default(),
            news,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.service.port()
    }

    /// Begins to keep a workspace in step, with the peers that its book remembers. Blocks.
    pub(crate) fn open(&self, owner: OwnerHandle, book: SmallFile) {
        let workspace = owner.workspace().id;
        self.service.open(owner);
        self.books.open(workspace, book);
    }

    /// Tells peers of a commit; never blocks.
    pub(crate) fn committed(&self, workspace: WorkspaceId, committed: &Arc<Committed>) {
        self.service.committed(workspace, committed);
    }

    /// Shows that the invitation leads to a member at this address.
    pub(crate) async fn probe(
        &self,
        invitation: &Invitation,
        identity: &Identity,
        address: &str,
    ) -> Result<(), Problem> {
        let probe = self
            .service
            .probe(invitation.workspace(), invitation.secret(), identity, address);
        in_time(address, probe).await.map(drop)
    }

    /// Connects to a peer and keeps its address, durably; the peer's id.
    pub(crate) async fn connect(&self, workspace: WorkspaceId, address: &str) -> Result<String, Problem> {
        let peer = in_time(address, self.service.connect(workspace, address)).await?;
        self.books.save(workspace).await?;
        Ok(peer.to_string())
    }

    /// Dials an address that was given by hand no longer, durably; false when it was not given.
    pub(crate) async fn forget(&self, workspace: WorkspaceId, address: &str) -> Result<bool, Problem> {
        let forgotten = self.service.forget(workspace, address);
        if forgotten {
            self.books.save(workspace).await?;
        }
        Ok(forgotten)
    }

    /// Examines the network, and how a workspace stands with its peers on it.
    pub(crate) async fn examine(&self, workspace: Option<WorkspaceId>, asked: Option<&str>) -> Diagnosis {
        let _turn = self.examining.lock().await;
        self.service.examine(workspace, asked).await
    }

    /// Where engines are heard that are in none of our workspaces; `None` when nobody is listened for.
    pub(crate) fn nearby(&self) -> Option<Vec<SocketAddr>> {
        self.service.nearby()
    }

    /// The addresses that were given by hand.
    pub(crate) fn addresses(&self, workspace: WorkspaceId) -> Vec<AddressView> {
        let addresses = self.service.addresses(workspace).into_iter();
        addresses
            .map(|given| AddressView {
                address: given.address,
                peer_id: given.peer.map(|peer| peer.to_string()),
                connected: given.connected,
            })
            .collect()
    }

    pub(crate) fn pause(&self, workspace: WorkspaceId) {
        self.service.pause(workspace);
    }

    pub(crate) fn resume(&self, workspace: WorkspaceId) {
        self.service.resume(workspace);
    }

    pub(crate) fn peers(&self, workspace: WorkspaceId) -> Vec<PeerView> {
        self.service
            .peers(workspace)
            .into_iter()
            .map(PeerView::from)
            .collect()
    }

    /// How a workspace stands with its peers, without what is held.
    pub(crate) fn view(&self, workspace: WorkspaceId) -> SyncView {
        let state = self.service.state(workspace);
        let peers = self.service.peers(workspace);
        let connected = || peers.iter().filter(|peer| peer.connected);
        let behind = match &state {
            SyncState::CatchingUp { remaining } => *remaining,
            _ => connected().map(|peer| peer.ahead).max().unwrap_or(0),
        };
        SyncView {
            state: state.name().to_owned(),
            peers: connected().count(),
            behind,
            reason: reason(&state),
            held: Vec::new(),
        }
    }

    /// The name of a workspace's state.
    pub(crate) fn state(&self, workspace: WorkspaceId) -> String {
        self.service.state(workspace).name().to_owned()
    }

    pub(crate) async fn stop(&self) {
        self.news.abort();
        self.books.save_all().await;
        self.service.clone().stop().await;
    }
}

async fn in_time<T>(address: &str, dial: impl Future<Output = Result<T, SyncError>>) -> Result<T, Problem> {
    match tokio::time::timeout(ANSWER_TIME_MAX, dial).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let code = match &error {
                SyncError::BadAddress(_) => ProblemCode::BadAddress,
                SyncError::UnknownWorkspace(_) => ProblemCode::UnknownWorkspace,
                _ => ProblemCode::PeerUnreachable,
            };
            let found = address.chars().take(200).collect();
            Err(Problem::new(code, told(&error)).with(|problem| problem.found = Some(found)))
        }
        Err(_) => {
            let detail = format!("connect to {address}: nothing answered within 10 seconds");
            Err(Problem::new(ProblemCode::PeerUnreachable, detail))
        }
    }
}

fn reason(state: &SyncState) -> Option<String> {
    match state {
        SyncState::Problem { reason } => Some(reason.clone()),
        _ => None,
    }
}

impl From<PeerStatus> for PeerView {
    fn from(peer: PeerStatus) -> Self {
        Self {
            peer_id: peer.peer_id.to_string(),
            name: peer.name,
            address: peer.address,
            connected: peer.connected,
            heard: peer.heard,
            behind: peer.behind,
            ahead: peer.ahead,
            skew_ms: peer.skew_ms,
            protocol: peer.protocol,
            derivation: peer.derivation,
            last_seen: peer.last_met.map(rfc3339),
            problem: peer.problem,
        }
    }
}

/// Passes the service's news on to the clients, and notes in the books who was met.
async fn tell_news(service: SyncService, books: PeerBooks, events: EventBus) {
    let mut news = service.subscribe();
    loop {
        match news.recv().await {
            Ok(event) => {
                if let SyncEvent::PeerConnected { workspace, .. }
                | SyncEvent::PeerDisconnected { workspace, .. } = &event
                {
                    let connected = service
                        .peers(*workspace)
                        .iter()
                        .filter(|peer| peer.connected)
                        .count();
                    gauge!("openprod_sync_peers", "workspace" => workspace.to_string()).set(connected as f64);
                }
                if let SyncEvent::PeerDisconnected { workspace, .. }
                | SyncEvent::State {
                    workspace,
                    state: SyncState::Live { .. },
                } = &event
                {
                    let (books, workspace) = (books.clone(), *workspace);
                    tokio::spawn(async move {
                        // What cannot be noted is forgotten at worst; it is told by the log.
                        if let Err(problem) = books.save(workspace).await {
                            tracing::warn!(%workspace, ?problem, "who was met is not remembered");
                        }
                    });
                }
                events.tell(&translate(event));
            }
            Err(RecvError::Lagged(_)) => events.tell(&Event::Resync),
            Err(RecvError::Closed) => return,
        }
    }
}

fn translate(event: SyncEvent) -> Event {
    match event {
        SyncEvent::PeerConnected { workspace, peer_id } => Event::SyncPeerConnected {
            workspace: workspace.to_string(),
            peer_id: peer_id.to_string(),
        },
        SyncEvent::PeerDisconnected { workspace, peer_id } => Event::SyncPeerDisconnected {
            workspace: workspace.to_string(),
            peer_id: peer_id.to_string(),
        },
        SyncEvent::Progress { workspace, remaining } => Event::SyncProgress {
            workspace: workspace.to_string(),
            remaining,
        },
        SyncEvent::State { workspace, state } => Event::SyncState {
            workspace: workspace.to_string(),
            state: state.name().to_owned(),
            reason: reason(&state),
        },
        SyncEvent::ClockSuspect {
            workspace,
            peer_id,
            skew_ms,
        } => Event::ClockSuspect {
            workspace: workspace.to_string(),
            peer_id: peer_id.to_string(),
            skew_ms,
        },
        SyncEvent::Diverged { workspace, peer_id } => Event::DivergenceDetected {
            workspace: workspace.to_string(),
            peer_id: peer_id.to_string(),
        },
        SyncEvent::Rejected {
            workspace,
            peer_id,
            reason,
        } => {
            tracing::warn!(%workspace, %peer_id, reason, "sync rejected what a peer sent");
            Event::SyncRejected {
                workspace: workspace.to_string(),
                peer_id: peer_id.to_string(),
                reason,
            }
        }
    }
}
