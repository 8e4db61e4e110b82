//! What has been seen on the network of peers that share a workspace with us, and what of it is news.
//!
//! The same peer is seen again and again, on several interfaces, each time with some of its addresses: they are
//! gathered, and only a change is told. Of announcements that we recognise nothing in only a few are kept, for
//! the doctor to tell of, so strangers take no room.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use openprod_core::WorkspaceId;

use crate::secret::Membership;
use crate::tag::{Tag, recognise};

/// The most peers kept in view.
const INSTANCES_MAX: usize = 1_024;
/// The most engines of other workspaces that are kept in view.
const STRANGERS_MAX: usize = 16;
/// The most addresses kept of one peer.
const ADDRESSES_MAX: usize = 16;
/// The sightings after which an address that was in none of them is dropped: about a minute's worth.
const SIGHTINGS_KEPT: u32 = 20;

/// News of a peer in one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryEvent {
    /// A peer announces a workspace of ours, or its addresses have changed.
    Found {
        /// The workspace.
        workspace: WorkspaceId,
        /// The peer's random name, for as long as its process lives.
        instance: String,
        /// Where to dial, most promising first; never empty.
        addresses: Vec<SocketAddr>,
    },
    /// A peer that was found announces the workspace no longer. It may still be connected.
    Lost {
        /// The workspace.
        workspace: WorkspaceId,
        /// The peer's random name.
        instance: String,
    },
}

/// All peers in view.
#[derive(Debug)]
pub(crate) struct Sightings {
    /// Our own name, which is not a peer's.
    own: String,
    memberships: Vec<Membership>,
    instances: BTreeMap<String, Sighting>,
    /// Engines that announce none of our workspaces, each with where it is: kept for the doctor alone.
    strangers: BTreeMap<String, SocketAddr>,
}

#[derive(Debug, Default)]
struct Sighting {
    tags: Vec<Tag>,
    workspaces: BTreeSet<WorkspaceId>,
    /// Each address with the number of sightings since it was last among them.
    addresses: BTreeMap<SocketAddr, u32>,
    /// What the receiver of the events knows.
    told: BTreeMap<WorkspaceId, Vec<SocketAddr>>,
}

impl Sightings {
    pub(crate) fn new(own: String) -> Self {
        Self {
            own,
            memberships: Vec::new(),
            instances: BTreeMap::new(),
            strangers: BTreeMap::new(),
        }
    }

    pub(crate) fn set_memberships(&mut self, memberships: Vec<Membership>) {
        self.memberships = memberships;
        for sighting in self.instances.values_mut() {
            sighting.recognise(&self.memberships);
        }
    }

    /// Notes that `instance` announces `tags`, and `addresses` with `port`.
    pub(crate) fn seen(
        &mut self,
        instance: &str,
        port: u16,
        addresses: impl Iterator<Item = IpAddr>,
        tags: &[Tag],
    ) {
        if instance.eq_ignore_ascii_case(&self.own) {
            return;
        }
        if !self.instances.contains_key(instance) {
            let ours = tags.iter().any(|tag| recognise(tag, &self.memberships).is_some());
            if !ours {
                self.note_stranger(instance, port, addresses);
                return;
            }
            if self.instances.len() >= INSTANCES_MAX {
                return;
            }
        }
        self.strangers.remove(instance);
        let sighting = self.instances.entry(instance.to_owned()).or_default();
        if sighting.tags != tags {
            sighting.tags = tags.to_vec();
            sighting.recognise(&self.memberships);
        }
        sighting.gather(port, addresses);
    }

    /// Notes that `instance` is announced no longer.
    pub(crate) fn gone(&mut self, instance: &str) {
        self.strangers.remove(instance);
        if let Some(sighting) = self.instances.get_mut(instance) {
            sighting.tags.clear();
            sighting.workspaces.clear();
            sighting.addresses.clear();
        }
    }

    /// Where the engines are that announce none of our workspaces, in ascending order.
    pub(crate) fn strangers(&self) -> Vec<SocketAddr> {
        let mut strangers: Vec<_> = self.strangers.values().copied().collect();
        strangers.sort_unstable();
        strangers.dedup();
        strangers
    }

    fn note_stranger(&mut self, instance: &str, port: u16, addresses: impl Iterator<Item = IpAddr>) {
        if self.strangers.len() >= STRANGERS_MAX && !self.strangers.contains_key(instance) {
            return;
        }
        let best = addresses
            .take(ADDRESSES_MAX)
            .filter(is_dialable)
            .min_by_key(|address| (rank(*address), *address));
        if let Some(address) = best {
            self.strangers
                .insert(instance.to_owned(), SocketAddr::new(address, port));
        }
    }

    /// Whether `instance` is a peer in view.
    pub(crate) fn contains(&self, instance: &str) -> bool {
        self.instances.contains_key(instance)
    }

    /// Up to `limit` pieces of news; what does not fit is told by a later call, if it still holds.
    pub(crate) fn changes(&mut self, limit: usize) -> Vec<DiscoveryEvent> {
        let mut news = Vec::new();
        for (instance, sighting) in &mut self.instances {
            sighting.changes(instance, limit, &mut news);
        }
        self.instances
            .retain(|_, sighting| !sighting.workspaces.is_empty() || !sighting.told.is_empty());
        news
    }
}

impl Sighting {
    fn recognise(&mut self, memberships: &[Membership]) {
        self.workspaces = self
            .tags
            .iter()
            .filter_map(|tag| recognise(tag, memberships))
            .collect();
    }

    fn gather(&mut self, port: u16, addresses: impl Iterator<Item = IpAddr>) {
        for age in self.addresses.values_mut() {
            *age += 1;
        }
        for address in addresses.take(ADDRESSES_MAX).filter(is_dialable) {
            self.addresses.insert(SocketAddr::new(address, port), 0);
        }
        self.addresses.retain(|_, age| *age <= SIGHTINGS_KEPT);
        while self.addresses.len() > ADDRESSES_MAX {
            let stalest = self
                .addresses
                .iter()
                .max_by_key(|(_, age)| **age)
                .map(|(address, _)| *address);
            self.addresses.remove(&stalest.expect("more than none are kept"));
        }
    }

    fn changes(&mut self, instance: &str, limit: usize, news: &mut Vec<DiscoveryEvent>) {
        let addresses = self.ranked();
        let lost: Vec<_> = self
            .told
            .keys()
            .filter(|told| !self.workspaces.contains(told) || addresses.is_empty())
            .copied()
            .collect();
        for workspace in lost {
            if news.len() >= limit {
                return;
            }
            self.told.remove(&workspace);
            news.push(DiscoveryEvent::Lost {
                workspace,
                instance: instance.to_owned(),
            });
        }
        for &workspace in self.workspaces.iter().filter(|_| !addresses.is_empty()) {
            if news.len() >= limit {
                return;
            }
            if self.told.get(&workspace) != Some(&addresses) {
                self.told.insert(workspace, addresses.clone());
                let (instance, addresses) = (instance.to_owned(), addresses.clone());
                news.push(DiscoveryEvent::Found {
                    workspace,
                    instance,
                    addresses,
                });
            }
        }
    }

    /// The addresses, most promising first. Loopback ones only when there are no others: on another machine
    /// they would lead back to the one that dials.
    fn ranked(&self) -> Vec<SocketAddr> {
        let mut addresses: Vec<_> = self.addresses.keys().copied().collect();
        addresses.sort_by_key(|address| (rank(address.ip()), *address));
        if addresses.first().is_some_and(|first| !first.ip().is_loopback()) {
            addresses.retain(|address| !address.ip().is_loopback());
        }
        addresses
    }
}

/// Whether there can be a peer at `address`. Link-local IPv6 needs a scope that announcements do not carry.
fn is_dialable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !(v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()),
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local()),
    }
}

const fn rank(address: IpAddr) -> u8 {
    match address {
        _ if address.is_loopback() => 3,
        IpAddr::V4(v4) if v4.is_link_local() => 2,
        IpAddr::V4(_) => 0,
        IpAddr::V6(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::WorkspaceSecret;

    fn membership(number: u8) -> Membership {
        Membership {
            workspace: WorkspaceId::from_u128(number.into()),
            secret: WorkspaceSecret::from_bytes([number; 32]),
        }
    }

    fn tag(number: u8) -> Tag {
        Tag::new(&membership(number).secret, [number; 16])
    }

    fn sightings(numbers: &[u8]) -> Sightings {
        let mut sightings = Sightings::new("own._openprod._tcp.local.".to_owned());
        sightings.set_memberships(numbers.iter().copied().map(membership).collect());
        sightings
    }

    fn see(sightings: &mut Sightings, instance: &str, addresses: &[&str], tags: &[Tag]) {
        sightings.seen(
            instance,
            7,
            addresses.iter().map(|address| address.parse().unwrap()),
            tags,
        );
    }

    fn found(number: u8, instance: &str, addresses: &[&str]) -> DiscoveryEvent {
        let addresses = addresses
            .iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 7))
            .collect();
        DiscoveryEvent::Found {
            workspace: membership(number).workspace,
            instance: instance.to_owned(),
            addresses,
        }
    }

    fn lost(number: u8, instance: &str) -> DiscoveryEvent {
        DiscoveryEvent::Lost {
            workspace: membership(number).workspace,
            instance: instance.to_owned(),
        }
    }

    #[test]
    fn addresses_from_several_interfaces_are_gathered_and_repetition_is_no_news() {
        let mut seen = sightings(&[1]);
        see(&mut seen, "a", &["192.168.1.5"], &[tag(1)]);
        assert_eq!(seen.changes(9), [found(1, "a", &["192.168.1.5"])]);
        see(&mut seen, "a", &["10.0.0.5"], &[tag(1)]);
        assert_eq!(seen.changes(9), [found(1, "a", &["10.0.0.5", "192.168.1.5"])]);
        for address in ["192.168.1.5", "10.0.0.5", "192.168.1.5"] {
            see(&mut seen, "a", &[address], &[tag(1)]);
            assert_eq!(seen.changes(9), []);
        }
    }

    #[test]
    fn address_that_is_seen_no_more_is_dropped() {
        let mut seen = sightings(&[1]);
        see(&mut seen, "a", &["10.0.0.4", "10.0.0.5"], &[tag(1)]);
        seen.changes(9);
        for _ in 0..SIGHTINGS_KEPT {
            see(&mut seen, "a", &["10.0.0.5"], &[tag(1)]);
            assert_eq!(seen.changes(9), []);
        }
        see(&mut seen, "a", &["10.0.0.5"], &[tag(1)]);
        assert_eq!(seen.changes(9), [found(1, "a", &["10.0.0.5"])]);
    }

    #[test]
    fn addresses_come_in_order_of_promise_without_the_useless() {
        let mut seen = sightings(&[1]);
        let all = [
            "fe80::1",
            "127.0.0.1",
            "169.254.3.4",
            "fd00::2",
            "10.0.0.1",
            "224.0.0.1",
            "::",
            "0.0.0.0",
        ];
        see(&mut seen, "a", &all, &[tag(1)]);
        assert_eq!(
            seen.changes(9),
            [found(1, "a", &["10.0.0.1", "fd00::2", "169.254.3.4"])]
        );
        see(&mut seen, "b", &["127.0.0.1", "::1", "fe80::1"], &[tag(1)]);
        assert_eq!(seen.changes(9), [found(1, "b", &["127.0.0.1", "::1"])]);
        see(&mut seen, "c", &["fe80::1"], &[tag(1)]);
        assert_eq!(seen.changes(9), [], "there is nowhere to dial");
    }

    #[test]
    fn strangers_and_ourselves_are_not_kept() {
        let mut seen = sightings(&[1]);
        see(&mut seen, "OWN._openprod._tcp.local.", &["10.0.0.1"], &[tag(1)]);
        see(
            &mut seen,
            "stranger",
            &["10.0.0.2"],
            &[tag(2), Tag::new(&membership(3).secret, [0; 16])],
        );
        see(&mut seen, "silent", &["10.0.0.3"], &[]);
        assert_eq!(seen.changes(9), []);
        assert!(seen.instances.is_empty());
    }

    #[test]
    fn where_a_few_strangers_are_is_told_until_they_go_or_turn_out_to_be_members() {
        let mut seen = sightings(&[1]);
        see(&mut seen, "OWN._openprod._tcp.local.", &["10.0.0.1"], &[]);
        see(&mut seen, "a", &["fe80::1", "127.0.0.1", "10.0.0.2"], &[tag(2)]);
        see(&mut seen, "b", &["10.0.0.3"], &[]);
        see(&mut seen, "c", &["fe80::1"], &[]);
        let ips = |seen: &Sightings| -> Vec<_> {
            seen.strangers()
                .iter()
                .map(|address| address.ip().to_string())
                .collect()
        };
        assert_eq!(ips(&seen), ["10.0.0.2", "10.0.0.3"]);
        see(&mut seen, "a", &["10.0.0.2"], &[tag(1)]);
        assert_eq!(ips(&seen), ["10.0.0.3"]);
        seen.gone("b");
        assert_eq!(ips(&seen), [] as [String; 0]);
        for number in 0..100 {
            see(
                &mut seen,
                &format!("s{number}"),
                &[&format!("10.0.1.{number}")],
                &[],
            );
        }
        assert_eq!(ips(&seen).len(), STRANGERS_MAX);
    }

    #[test]
    fn each_shared_workspace_is_found_and_lost_by_itself() {
        let mut seen = sightings(&[1, 2]);
        see(&mut seen, "a", &["10.0.0.1"], &[tag(2), tag(1), tag(3)]);
        assert_eq!(
            seen.changes(9),
            [found(1, "a", &["10.0.0.1"]), found(2, "a", &["10.0.0.1"])]
        );
        see(&mut seen, "a", &["10.0.0.1"], &[tag(2), tag(3)]);
        assert_eq!(seen.changes(9), [lost(1, "a")], "the peer closed it");
        seen.set_memberships(vec![membership(3)]);
        assert_eq!(
            seen.changes(9),
            [lost(2, "a"), found(3, "a", &["10.0.0.1"])],
            "we closed one, joined another"
        );
        seen.gone("a");
        assert_eq!(seen.changes(9), [lost(3, "a")]);
        assert!(seen.instances.is_empty());
        seen.gone("a");
        assert_eq!(seen.changes(9), []);
    }

    #[test]
    fn news_without_room_is_told_later() {
        let mut seen = sightings(&[1]);
        for instance in ["a", "b", "c"] {
            see(&mut seen, instance, &["10.0.0.1"], &[tag(1)]);
        }
        assert_eq!(seen.changes(0), []);
        assert_eq!(
            seen.changes(2),
            [found(1, "a", &["10.0.0.1"]), found(1, "b", &["10.0.0.1"])]
        );
        seen.gone("c");
        seen.gone("a");
        assert_eq!(
            seen.changes(9),
            [lost(1, "a")],
            "of a peer that came and went between there is nothing to tell"
        );
    }

    #[test]
    fn memory_is_bounded_in_peers_and_addresses() {
        let mut seen = sightings(&[1]);
        for number in 0..2_000_u32 {
            see(&mut seen, &format!("{number}"), &["10.0.0.1"], &[tag(1)]);
            seen.seen(
                "0",
                7,
                std::iter::once(IpAddr::from((number + 1).to_be_bytes())),
                &[tag(1)],
            );
        }
        assert_eq!(seen.instances.len(), INSTANCES_MAX);
        assert!(
            seen.instances
                .values()
                .all(|sighting| sighting.addresses.len() <= ADDRESSES_MAX)
        );
        assert_eq!(seen.changes(usize::MAX).len(), INSTANCES_MAX);
    }

    proptest! {
        #[test]
        fn whoever_follows_the_news_knows_what_is_in_view(
            steps in prop::collection::vec((0_usize..4, 0_u8..3, any::<[bool; 3]>(), 0_usize..4), 0..60),
        ) {
            let mut seen = sightings(&[0, 1]);
            let mut known = BTreeSet::new();
            let mut expected = BTreeSet::new();
            let mut follow = |seen: &mut Sightings, room| {
                for event in seen.changes(room) {
                    match event {
                        DiscoveryEvent::Found { workspace, instance, .. } => { known.insert((instance, workspace)); }
                        DiscoveryEvent::Lost { workspace, instance } => assert!(known.remove(&(instance, workspace))),
                    }
                }
                known.clone()
            };
            for (instance, kind, announced, room) in steps {
                let name = instance.to_string();
                expected.retain(|(other, _)| *other != name);
                if kind == 0 {
                    seen.gone(&name);
                } else {
                    let open = (0..3).filter(|number| announced[usize::from(*number)]);
                    let tags: Vec<_> = open.clone().map(tag).collect();
                    see(&mut seen, &name, &["10.0.0.1"], &tags);
                    expected.extend(open.filter(|n| *n < 2).map(|n| (name.clone(), membership(n).workspace)));
                }
                follow(&mut seen, room);
            }
            prop_assert_eq!(follow(&mut seen, usize::MAX), expected);
        }
    }
}
