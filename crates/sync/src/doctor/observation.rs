//! What the doctor saw, before anything is made of it.

use std::net::{IpAddr, SocketAddr};

use openprod_core::{ActorId, Timestamp};

use super::interface::Interface;
use crate::status::PeerStatus;

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// When it was seen, by this device's clock.
    pub at: Timestamp,
    /// Who writes here; `None` when no workspace was looked at.
    pub own: Option<ActorId>,
    /// What this device is called.
    pub name: String,
    /// The interfaces of this device.
    pub interfaces: Vec<Interface>,
    /// What became of a message to everybody, by the name of each interface that is used.
    pub multicast: Vec<(String, Echo)>,
    /// Whether members are looked for by multicast DNS.
    pub discovers: bool,
    /// How many devices are heard that announce this workspace.
    pub heard: usize,
    /// Where devices are heard that announce none of the workspaces open here.
    pub strangers: Vec<SocketAddr>,
    /// Whether this device can be reached at its own addresses.
    pub ports: Vec<PortSeen>,
    /// Whether sync is paused here.
    pub paused: bool,
    /// The addresses at which members may be.
    pub addresses: Vec<AddressSeen>,
    /// The members that were met at some time.
    pub members: Vec<MemberSeen>,
    /// The rules by which this device derives its state.
    pub derivation: u32,
}

/// What became of a message to everybody on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Echo {
    /// It came back.
    Returned,
    /// It did not.
    Silent,
    /// It could not be sent.
    Failed(String),
}

/// Whether this device's own port answers at one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSeen {
    /// The address.
    pub address: SocketAddr,
    /// What went wrong, if it does not answer.
    pub problem: Option<String>,
}

/// An address at which a member may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSeen {
    /// The address.
    pub address: SocketAddr,
    /// The member that was met there last.
    pub actor: Option<ActorId>,
    /// How it was written by whoever gave it by hand.
    pub given: Option<String>,
    /// Whether a member's announcement leads there at present.
    pub heard: bool,
    /// What answered.
    pub answer: Answer,
}

impl AddressSeen {
    /// An address of which nothing is known yet.
    #[must_use]
    pub const fn at(address: SocketAddr) -> Self {
        Self {
            address,
            actor: None,
            given: None,
            heard: false,
            answer: Answer::Unasked,
        }
    }

    /// The address as a person knows it.
    #[must_use]
    pub fn written(&self) -> String {
        self.given.clone().unwrap_or_else(|| self.address.to_string())
    }
}

/// What answered at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was not asked: its member is connected, or sync is paused here.
    Unasked,
    /// A member of this workspace.
    Member {
        /// Who it is.
        actor: ActorId,
        /// What its device is called; empty when it did not say.
        name: String,
        /// The protocol that it speaks; `None` when it did not say.
        protocol: Option<u16>,
        /// How far its clock is ahead of ours, in milliseconds.
        skew_ms: i64,
    },
    /// This device itself.
    Itself,
    /// Something accepted the connection and hung up without a word: a device of another workspace, one whose
    /// sync is paused, or another program.
    HungUp,
    /// The device is there, and nothing listens on the port.
    Closed,
    /// Nothing answered in time, or the network knows no way there.
    Nothing(String),
}

/// A member that was met at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSeen {
    /// How it stands.
    pub status: PeerStatus,
    /// Whether it has told what it has, and all of it is here.
    pub in_step: bool,
}

impl MemberSeen {
    /// What to call it: its device's name, or the beginning of its key.
    #[must_use]
    pub fn called(&self) -> String {
        if self.status.name.trim().is_empty() {
            let key = self.status.peer_id.to_string();
            return format!("member {}", &key[..8]);
        }
        self.status.name.clone()
    }

    /// The address at which it was, without the port.
    #[must_use]
    pub fn host(&self) -> Option<IpAddr> {
        self.status
            .address
            .parse::<SocketAddr>()
            .ok()
            .map(|address| address.ip())
    }
}
