//! A workspace that is kept in step: who is met in it, and how it stands with them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use openprod_engine::OwnerHandle;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::lock;
use super::members::Members;
use crate::handshake::Credentials;
use crate::secret::Membership;
use crate::status::{SyncEvent, SyncState};

/// How long a workspace is said to be looking for members before it is said to be alone.
const LOOKING_TIME: Duration = Duration::from_secs(10);

/// A workspace that is kept in step.
pub(super) struct Space {
    pub(super) owner: OwnerHandle,
    pub(super) membership: Membership,
    pub(super) credentials: Credentials,
    pub(super) paused: AtomicBool,
    /// Whether members can be found without an address.
    pub(super) discovers: bool,
    pub(super) since: Instant,
    /// Counts commits, to wake conversations.
    pub(super) changed: watch::Sender<u64>,
    pub(super) members: Mutex<Members>,
    pub(super) events: broadcast::Sender<SyncEvent>,
}

impl Space {
    pub(super) fn lock(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    pub(super) fn event(&self, event: SyncEvent) {
        // Without subscribers there is nobody to tell.
        let _ = self.events.send(event);
    }

    pub(super) fn end_all(&self, reason: &'static str) {
        for member in self.lock().known.values() {
            if let Some(talk) = &member.talk {
                talk.end.send_replace(Some(reason));
            }
        }
    }

    pub(super) fn state(&self) -> SyncState {
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
            let untried = members.addresses.values().any(|address| address.failures == 0);
            let somewhere = self.discovers || !members.addresses.is_empty() || !members.given.is_empty();
            return match problem {
                Some(reason) => SyncState::Problem { reason },
                None if untried || (somewhere && self.since.elapsed() < LOOKING_TIME) => SyncState::Looking,
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
    pub(super) fn tell_state(&self) {
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
