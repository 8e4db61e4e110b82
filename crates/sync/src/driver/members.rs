//! The members of a workspace that were met, and the addresses at which members may be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use openprod_core::ActorId;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::conversation::now;
use crate::status::{Acquaintance, GivenAddress, Memory, PeerStatus, SyncState};

/// How many addresses are kept for redialling in one workspace.
pub(super) const ADDRESSES_MAX: usize = 256;

/// How many addresses given by hand are kept in one workspace.
pub(super) const GIVEN_MAX: usize = 64;

/// How many members are remembered over a restart.
const ACQUAINTANCES_MAX: usize = 256;

/// How many places of one name are dialled.
const PLACES_MAX: usize = 8;

/// How often a name that leads to nobody is looked up again.
const LOOK_UP_INTERVAL: Duration = Duration::from_secs(15);

#[derive(Default)]
pub(super) struct Members {
    pub(super) known: BTreeMap<ActorId, Member>,
    pub(super) addresses: BTreeMap<SocketAddr, Address>,
    /// The addresses that were given by hand, as they were given.
    pub(super) given: BTreeMap<String, Given>,
    /// Which conversation is asking.
    pub(super) asking: Option<ActorId>,
    pub(super) told: Option<SyncState>,
    pub(super) conversations: u64,
}

pub(super) struct Member {
    pub(super) status: PeerStatus,
    pub(super) in_step: bool,
    pub(super) talk: Option<Talk>,
}

/// A conversation under way.
pub(super) struct Talk {
    pub(super) number: u64,
    pub(super) initiated: bool,
    pub(super) end: watch::Sender<Option<&'static str>>,
}

/// An address that was given by hand.
#[derive(Default)]
pub(super) struct Given {
    pub(super) actor: Option<ActorId>,
    /// Where its name led when it was last looked up.
    pub(super) places: BTreeSet<SocketAddr>,
    pub(super) looked_up: Option<Instant>,
}

/// Where a member may be.
#[derive(Default)]
pub(super) struct Address {
    pub(super) actor: Option<ActorId>,
    /// Seen by discovery under these names; given by hand or learnt when there are none.
    pub(super) instances: BTreeSet<String>,
    pub(super) lasting: bool,
    pub(super) dialling: bool,
    pub(super) failures: u32,
    pub(super) not_before: Option<Instant>,
}

impl Members {
    pub(super) fn live(&self) -> usize {
        self.known.values().filter(|member| member.talk.is_some()).count()
    }

    pub(super) fn is_connected(&self, actor: &ActorId) -> bool {
        self.known.get(actor).is_some_and(|member| member.talk.is_some())
    }

    /// Whether a member's announcement is heard at present, at any of its addresses.
    pub(super) fn hears(&self, actor: ActorId) -> bool {
        let mut of_actor = self
            .addresses
            .values()
            .filter(|address| address.actor == Some(actor));
        of_actor.any(|address| !address.instances.is_empty())
    }

    /// The members that were met, in order of their keys.
    pub(super) fn statuses(&self) -> Vec<PeerStatus> {
        let status = |member: &Member| PeerStatus {
            heard: self.hears(member.status.peer_id),
            last_met: member.talk.as_ref().map(|_| now()).or(member.status.last_met),
            ..member.status.clone()
        };
        self.known.values().map(status).collect()
    }

    /// The addresses that were given by hand, in order.
    pub(super) fn given(&self) -> Vec<GivenAddress> {
        let view = |(address, given): (&String, &Given)| GivenAddress {
            address: address.clone(),
            peer: given.actor,
            connected: given.actor.is_some_and(|actor| self.is_connected(&actor)),
        };
        self.given.iter().map(view).collect()
    }

    /// Keeps an address that was given by hand. Beyond the limit it is not kept.
    pub(super) fn give(&mut self, address: &str) -> Option<&mut Given> {
        if !self.given.contains_key(address) && self.given.len() >= GIVEN_MAX {
            return None;
        }
        Some(self.given.entry(address.to_owned()).or_default())
    }

    /// Dials an address that was given by hand no longer; false when it was not.
    pub(super) fn forget(&mut self, address: &str) -> bool {
        let Some(given) = self.given.remove(address) else {
            return false;
        };
        for place in given.places {
            let still_given = self.given.values().any(|given| given.places.contains(&place));
            if let Some(entry) = self.addresses.get_mut(&place)
                && !still_given
            {
                entry.lasting = false;
                if entry.instances.is_empty() {
                    self.addresses.remove(&place);
                }
            }
        }
        true
    }

    /// Takes up again what was known before a restart.
    pub(super) fn recall(&mut self, memory: Memory) {
        for address in &memory.addresses {
            self.give(address);
        }
        for acquaintance in memory.members.into_iter().take(ACQUAINTANCES_MAX) {
            let member = self
                .known
                .entry(acquaintance.peer_id)
                .or_insert_with(|| Member::new(acquaintance.peer_id));
            if member.status.last_met.is_none() {
                member.status.name = acquaintance.name;
                member.status.address = acquaintance.address;
                member.status.last_met = Some(acquaintance.last_met);
            }
        }
    }

    /// What is worth remembering.
    pub(super) fn memory(&self) -> Memory {
        let mut met: Vec<_> = self
            .statuses()
            .into_iter()
            .filter_map(|status| {
                Some(Acquaintance {
                    peer_id: status.peer_id,
                    last_met: status.last_met?,
                    name: status.name,
                    address: status.address,
                })
            })
            .collect();
        met.sort_by_key(|acquaintance| std::cmp::Reverse(acquaintance.last_met));
        met.truncate(ACQUAINTANCES_MAX);
        Memory {
            addresses: self.given.keys().cloned().collect(),
            members: met,
        }
    }

    /// The given addresses that are to be looked up now: such as lead to nobody who is connected. They count as
    /// looked up from here on.
    pub(super) fn lookups_due(&mut self) -> Vec<String> {
        let Self { known, given, .. } = self;
        let connected = |actor: &ActorId| known.get(actor).is_some_and(|member| member.talk.is_some());
        let mut due = Vec::new();
        for (address, given) in given.iter_mut() {
            let waits = given
                .looked_up
                .is_some_and(|last| last.elapsed() < LOOK_UP_INTERVAL);
            if !waits && !given.actor.as_ref().is_some_and(connected) {
                given.looked_up = Some(Instant::now());
                due.push(address.clone());
            }
        }
        due
    }

    /// Notes where a given address leads, unless it was forgotten meanwhile.
    pub(super) fn looked_up(&mut self, address: &str, places: impl Iterator<Item = SocketAddr>) {
        let Some(given) = self.given.get_mut(address) else {
            return;
        };
        let places: BTreeSet<_> = places.take(PLACES_MAX).collect();
        let left: Vec<_> = given.places.difference(&places).copied().collect();
        given.places.clone_from(&places);
        for place in places {
            if self.addresses.len() < ADDRESSES_MAX || self.addresses.contains_key(&place) {
                self.addresses.entry(place).or_default().lasting = true;
            }
        }
        for place in left {
            // A name that leads elsewhere now; whoever was met at the old place may still be there.
            if self
                .addresses
                .get(&place)
                .is_some_and(|entry| entry.actor.is_none() && entry.instances.is_empty())
            {
                self.addresses.remove(&place);
            }
        }
    }

    /// Notes who is to be found at an address that was given by hand or proved good.
    pub(super) fn learn(&mut self, address: SocketAddr, actor: ActorId) {
        if self.addresses.len() < ADDRESSES_MAX || self.addresses.contains_key(&address) {
            let entry = self.addresses.entry(address).or_default();
            entry.actor = Some(actor);
            entry.lasting = true;
            entry.failures = 0;
        }
        let led = self
            .given
            .values_mut()
            .filter(|given| given.places.contains(&address));
        led.for_each(|given| given.actor = Some(actor));
    }
}

impl Member {
    pub(super) fn new(peer_id: ActorId) -> Self {
        let status = PeerStatus {
            peer_id,
            name: String::new(),
            address: String::new(),
            connected: false,
            behind: 0,
            ahead: 0,
            skew_ms: 0,
            problem: None,
            last_met: None,
            heard: false,
            protocol: None,
            derivation: None,
        };
        Self {
            status,
            in_step: false,
            talk: None,
        }
    }
}
