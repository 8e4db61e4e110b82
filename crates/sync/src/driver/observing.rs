//! What the doctor is told of the service: who was met, where members may be, and what is heard.

use std::sync::atomic::Ordering;

use openprod_core::WorkspaceId;

use super::space::Space;
use super::{SyncService, lock};
use crate::conversation::now;
use crate::doctor::reach::Dial;
use crate::doctor::{AddressSeen, Answer, MemberSeen, Observations};

impl SyncService {
    /// What is known without asking the network, and how members of the workspace are dialled; `None` where they
    /// must not be.
    pub(crate) fn observe(&self, workspace: Option<WorkspaceId>) -> (Observations, Option<Dial>) {
        let mut seen = Observations {
            at: now(),
            name: self.inner.name.clone(),
            ..Observations::default()
        };
        if let Some(discovery) = &*lock(&self.inner.discovery) {
            seen.discovers = true;
            seen.strangers = discovery.strangers();
        }
        let Some(space) = workspace.and_then(|workspace| self.space(workspace)) else {
            return (seen, None);
        };
        seen.own = Some(space.credentials.actor());
        seen.paused = space.paused.load(Ordering::Acquire);
        observe_members(&space, &mut seen);
        let dial = (!seen.paused).then(|| Dial {
            membership: space.membership.clone(),
            credentials: space.credentials.clone(),
        });
        (seen, dial)
    }
}

fn observe_members(space: &Space, seen: &mut Observations) {
    let members = space.lock();
    let statuses = members.statuses();
    seen.members = statuses
        .into_iter()
        .map(|status| MemberSeen {
            in_step: members
                .known
                .get(&status.peer_id)
                .is_some_and(|member| member.in_step),
            status,
        })
        .collect();
    let instances = members.addresses.values().flat_map(|address| &address.instances);
    seen.heard = instances.collect::<std::collections::BTreeSet<_>>().len();
    for (place, address) in &members.addresses {
        let given = members
            .given
            .iter()
            .find(|(_, given)| given.places.contains(place));
        // Another address of the same announcement leads to whoever is connected by this one.
        let reached = address.actor.is_some_and(|actor| members.is_connected(&actor))
            || members.addresses.values().any(|other| {
                other.actor.is_some_and(|actor| members.is_connected(&actor))
                    && other.instances.intersection(&address.instances).next().is_some()
            });
        let answer = match address.actor {
            Some(actor) if reached => {
                members
                    .known
                    .get(&actor)
                    .map_or(Answer::Unasked, |member| Answer::Member {
                        actor,
                        name: member.status.name.clone(),
                        protocol: member.status.protocol,
                        skew_ms: member.status.skew_ms,
                    })
            }
            None if reached => continue,
            _ => Answer::Unasked,
        };
        seen.addresses.push(AddressSeen {
            address: *place,
            actor: address.actor,
            given: given.map(|(written, _)| written.clone()),
            heard: !address.instances.is_empty(),
            answer,
        });
    }
    // Where a remembered member was is worth asking, though nothing has led there since the start.
    for member in &seen.members {
        if let Ok(place) = member.status.address.parse()
            && !member.status.connected
            && member.status.problem.is_none()
            && !members.addresses.contains_key(&place)
        {
            seen.addresses.push(AddressSeen {
                actor: Some(member.status.peer_id),
                ..AddressSeen::at(place)
            });
        }
    }
}
