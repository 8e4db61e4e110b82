//! The server's side of sync: all contact with the sync service is here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use openprod_core::{Identity, WorkspaceId};
use openprod_engine::{Committed, OwnerHandle};
use openprod_sync::{Invitation, SyncConfig, SyncError, SyncEvent, SyncService, SyncState};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::event::{Event, EventBus};
use crate::problem::Problem;
use crate::problem_code::ProblemCode;
use crate::refusal::told;
use crate::routes::peers::PeerView;
use crate::routes::workspace::SyncView;

/// How long a peer may take to answer when a person waits for it.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// The sync service of this process, telling its news to clients; cheap to clone.
#[derive(Clone)]
pub(crate) struct SyncLink {
    service: SyncService,
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
        let news = Arc::new(tokio::spawn(tell_news(service.clone(), events)));
        Ok(Self { service, news })
    }

    pub(crate) fn port(&self) -> u16 {
        self.service.port()
    }

    /// Begins to keep a workspace in step.
    pub(crate) fn open(&self, owner: OwnerHandle) {
        self.service.open(owner);
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

    /// Connects to a peer and keeps its address; the peer's id.
    pub(crate) async fn connect(&self, workspace: WorkspaceId, address: &str) -> Result<String, Problem> {
        let peer = in_time(address, self.service.connect(workspace, address)).await?;
        Ok(peer.to_string())
    }

    pub(crate) fn pause(&self, workspace: WorkspaceId) {
        self.service.pause(workspace);
    }

    pub(crate) fn resume(&self, workspace: WorkspaceId) {
        self.service.resume(workspace);
    }

    pub(crate) fn peers(&self, workspace: WorkspaceId) -> Vec<PeerView> {
        let peers = self.service.peers(workspace).into_iter();
        peers
            .map(|peer| PeerView {
                peer_id: peer.peer_id.to_string(),
                name: peer.name,
                address: peer.address,
                connected: peer.connected,
                behind: peer.behind,
                ahead: peer.ahead,
                skew_ms: peer.skew_ms,
                problem: peer.problem,
            })
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

/// Passes the service's news on to the clients.
async fn tell_news(service: SyncService, events: EventBus) {
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
