//! A conversation's place in its workspace: how it begins, what it tells people, and how it is left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use openprod_core::ActorId;
use openprod_engine::DERIVATION_VERSION;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Inner;
use super::dialling::REDIAL_PAUSE_MAX;
use super::members::{Address, Member, Talk};
use super::space::Space;
use crate::connection::Connection;
use crate::conversation::{ConversationError, Host, converse, now};
use crate::message::PROTOCOL_VERSION;
use crate::peer::{Peer, PeerConfig, PeerError, PeerEvent};
use crate::status::SyncEvent;

/// How many members may be connected in one workspace.
const PEERS_MAX: usize = 64;

impl Inner {
    /// Begins a conversation, unless there is one with the same member that has precedence.
    pub(super) fn talk(&self, space: &Arc<Space>, connection: Connection) {
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
            member.status.last_met = Some(now());
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
            port: self.bound.port(),
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
            member.status.last_met = Some(now());
            if let ConversationError::Peer(PeerError::Protocol { theirs }) = error {
                member.status.protocol = Some(*theirs);
                member.status.problem = Some(reason.clone());
            } else {
                member.status.problem = error.is_fault().then(|| reason.clone());
            }
        });
        {
            let mut members = self.space.lock();
            if members.asking == Some(self.actor) && left.is_some() {
                members.asking = None;
            }
            // Whoever hung up before saying who it is only asked whether somebody answers.
            let never_met = members.known.get(&self.actor).is_some_and(|member| {
                let status = &member.status;
                member.talk.is_none()
                    && status.name.is_empty()
                    && status.protocol.is_none()
                    && status.problem.is_none()
            });
            if never_met && left.is_some() {
                members.known.remove(&self.actor);
            }
            if error.is_fault() || matches!(error, ConversationError::Peer(PeerError::Protocol { .. })) {
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
            if let Some(derivation) = peer.derivation() {
                member.status.protocol = Some(PROTOCOL_VERSION);
                member.status.derivation = Some(derivation);
            }
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
                    // Where it can be dialled says more than the port from which it happened to dial.
                    self.with(|member| member.status.address = address.to_string());
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
