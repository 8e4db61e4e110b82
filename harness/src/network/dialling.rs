//! Who can reach whom, and the links that come of it.

use std::collections::VecDeque;

use openprod_engine::DERIVATION_VERSION;
use openprod_sync::{Peer, PeerConfig};

use super::{DeviceId, Network, REDIAL_US, device_name, pair};
use crate::link::{Conversation, End, Ending, Link, LinkError, LinkId};

impl Network {
    pub(super) fn in_one_part(&self, a: DeviceId, b: DeviceId) -> bool {
        // A device that came later than the partition is in no part.
        self.partition.as_ref().is_none_or(|(parts, _)| {
            a == b || parts.get(a.0).is_some_and(|part| parts.get(b.0) == Some(part))
        })
    }

    pub(super) fn can_reach(&self, a: DeviceId, b: DeviceId) -> bool {
        let on = |id: DeviceId| self.devices[id.0].is_up() && !self.devices[id.0].paused;
        on(a) && on(b) && self.in_one_part(a, b)
    }

    pub(super) fn can_dial(&self, a: DeviceId, b: DeviceId) -> bool {
        self.can_reach(a, b) && !self.are_linked(a, b)
    }

    fn are_linked(&self, a: DeviceId, b: DeviceId) -> bool {
        self.links.values().any(|link| {
            let ends = [link.ends[0].device(), link.ends[1].device()];
            ends == [Some(a), Some(b)]
        })
    }

    pub(super) fn redial(&mut self, which: impl Fn(DeviceId, DeviceId) -> bool) {
        for ((a, b), at) in &mut self.wanted {
            if which(*a, *b) {
                *at = self.now_us;
            }
        }
    }

    pub(super) fn dial(&mut self) {
        let due: Vec<_> = self
            .wanted
            .iter()
            .filter(|(_, at)| **at <= self.now_us)
            .map(|(pair, _)| *pair)
            .collect();
        for (a, b) in due {
            if self.can_dial(a, b) {
                self.note(|| format!("{} and {} are linked", device_name(a), device_name(b)));
                let ends = [a, b].map(|id| End::Device(Box::new(self.conversation(id))));
                self.add_link(ends);
            }
        }
    }

    pub(super) fn conversation(&self, id: DeviceId) -> Conversation {
        let device = &self.devices[id.0];
        let config = PeerConfig {
            actor: device.identity().actor(),
            name: device.name.clone(),
            port: 1_000 + id.0 as u16,
            derivation: DERIVATION_VERSION,
        };
        let peer = Peer::new(config, self.time_at(id));
        Conversation {
            device: id,
            peer,
            poll_us: self.now_us,
            deliveries: VecDeque::new(),
        }
    }

    pub(super) fn add_link(&mut self, ends: [End; 2]) -> LinkId {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        self.links.insert(id, Link::new(ends));
        id
    }

    pub(super) fn drop_links(&mut self, which: impl Fn([Option<DeviceId>; 2]) -> bool) {
        let gone: Vec<_> = self
            .links
            .iter()
            .filter(|(_, link)| which([link.ends[0].device(), link.ends[1].device()]))
            .map(|(id, _)| *id)
            .collect();
        gone.into_iter().for_each(|link| self.end_link(link));
    }

    pub(super) fn end_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        let devices = [link.ends[0].device(), link.ends[1].device()];
        if let [Some(a), Some(b)] = devices
            && let Some(at) = self.wanted.get_mut(&pair(a, b))
        {
            *at = self.now_us + REDIAL_US;
        }
        for device in devices.into_iter().flatten() {
            if self.devices[device.0].asking == Some(id) {
                self.devices[device.0].asking = None;
                self.wake(device);
            }
        }
    }

    pub(super) fn fail_link(&mut self, id: LinkId, device: DeviceId, error: LinkError) {
        self.note(|| format!("{} ends link {}: {error:?}", device_name(device), id.0));
        self.tally.endings += 1;
        self.endings.push(Ending {
            at_us: self.now_us,
            device,
            error,
        });
        self.end_link(id);
    }
}
