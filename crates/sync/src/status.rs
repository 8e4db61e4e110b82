//! What people are told of sync: how a workspace stands, who its members are, what happens, and what went wrong.

use std::net::SocketAddr;

use openprod_core::{ActorId, Timestamp, WorkspaceId};
use thiserror::Error;

use crate::connection::ConnectionError;

/// Why members cannot be met.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The address cannot be listened on.
    #[error("listen for members on {address}: is another engine using the port?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is not an address.
    #[error("connect: {0:?} is not an address; write HOST:PORT, as in 192.168.1.20:7420")]
    BadAddress(String),
    /// Nobody answers there.
    #[error("connect to {address}: nobody answers there; is the other engine running, and on this network?")]
    Unreachable {
        /// The address.
        address: String,
        /// What went wrong.
        #[source]
        source: ConnectionError,
    },
    /// Whoever answers there takes too long.
    #[error("connect to {address}: no answer within 10 seconds")]
    TimedOut {
        /// The address.
        address: String,
    },
    /// Whoever answers there is no member of the workspace.
    #[error("connect to {address}: whoever answers there is not a member of this workspace")]
    NotAMember {
        /// The address.
        address: String,
        /// What went wrong.
        #[source]
        source: ConnectionError,
    },
    /// The workspace is not open here.
    #[error("connect: workspace {0} is not open here")]
    UnknownWorkspace(WorkspaceId),
}

/// What people are shown of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Who it is.
    pub peer_id: ActorId,
    /// What its device is called.
    pub name: String,
    /// Where it is, or was.
    pub address: String,
    /// Whether it is connected.
    pub connected: bool,
    /// How many bundles it lacks, as far as it has told.
    pub behind: u64,
    /// How many bundles are still to come from it.
    pub ahead: u64,
    /// How far its clock is ahead of ours, in milliseconds.
    pub skew_ms: i64,
    /// What went wrong with it last, until it is connected again.
    pub problem: Option<String>,
    /// When it was last connected: now, while it is; `None` before the first time.
    pub last_met: Option<Timestamp>,
    /// Whether its announcement is heard on the network at present.
    pub heard: bool,
    /// The protocol that it speaks; `None` before it has said so.
    pub protocol: Option<u16>,
    /// The rules by which it derives its state; `None` before it has said so.
    pub derivation: Option<u32>,
}

/// An address that was given by hand. It is dialled until it is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenAddress {
    /// The address, as it was given.
    pub address: String,
    /// Who was found there; `None` while nobody was.
    pub peer: Option<ActorId>,
    /// Whether that member is connected, by this address or another.
    pub connected: bool,
}

/// What is worth remembering of a workspace's members over a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The addresses that were given by hand, in order.
    pub addresses: Vec<String>,
    /// The members that were met last, latest first.
    pub members: Vec<Acquaintance>,
}

/// A member that was met at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    /// Who it is.
    pub peer_id: ActorId,
    /// What its device was called.
    pub name: String,
    /// Where it was.
    pub address: String,
    /// When it was last connected.
    pub last_met: Timestamp,
}

/// How a workspace stands with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// Nobody is there; everything is saved here.
    Alone,
    /// Members are being looked for.
    Looking,
    /// In step with this many members.
    Live {
        /// How many.
        peers: usize,
    },
    /// This many bundles are still to come.
    CatchingUp {
        /// How many.
        remaining: u64,
    },
    /// Sync was paused here.
    Paused,
    /// Something needs attention.
    Problem {
        /// What.
        reason: String,
    },
}

impl SyncState {
    /// The name that clients use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Looking => "looking",
            Self::Live { .. } => "live",
            Self::CatchingUp { .. } => "catching_up",
            Self::Paused => "paused",
            Self::Problem { .. } => "problem",
        }
    }
}

/// News of sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// A member connected.
    PeerConnected {
        /// The workspace.
        workspace: WorkspaceId,
        /// The member.
        peer_id: ActorId,
    },
    /// A member is no longer connected.
    PeerDisconnected {
        /// The workspace.
        workspace: WorkspaceId,
        /// The member.
        peer_id: ActorId,
    },
    /// This many bundles are still to come.
    Progress {
        /// The workspace.
        workspace: WorkspaceId,
        /// How many.
        remaining: u64,
    },
    /// The workspace stands differently with its members.
    State {
        /// The workspace.
        workspace: WorkspaceId,
        /// How.
        state: SyncState,
    },
    /// A member's clock, or ours, is off.
    ClockSuspect {
        /// The workspace.
        workspace: WorkspaceId,
        /// The member.
        peer_id: ActorId,
        /// How far its clock is ahead of ours, in milliseconds.
        skew_ms: i64,
    },
    /// A member has applied the same bundles by the same rules, and has another state.
    Diverged {
        /// The workspace.
        workspace: WorkspaceId,
        /// The member.
        peer_id: ActorId,
    },
    /// What a member sent was refused.
    Rejected {
        /// The workspace.
        workspace: WorkspaceId,
        /// The member.
        peer_id: ActorId,
        /// Why.
        reason: String,
    },
}
