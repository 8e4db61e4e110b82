//! Merges and splits that several peers make apart, while others edit.

use harness::{TestNetwork, TestPeer};
use openprod_core::EntityId;
use openprod_core::FieldType::{CrdtText, Text};
use openprod_engine::{Command, CommandError, Decision, Request};

/// Peers that share some contacts, named by their numbers.
struct Contacts<const N: usize> {
    network: TestNetwork,
    peers: [TestPeer; N],
    people: Vec<EntityId>,
}

impl<const N: usize> Contacts<N> {
    fn new(count: usize) -> Self {
        let network = TestNetwork::new();
        let peers: [TestPeer; N] = network.add_connected_peers();
        peers[0].create_table("Contacts", &[("name", Text), ("phone", Text), ("bio", CrdtText)]);
        peers[0].create_table("Cast", &[("role", Text)]);
        let people = (0..count)
            .map(|_| peers[0].create_record("Contacts", &[("name", "Jane"), ("bio", "x")]))
            .collect();
        network.wait_for_sync();
        Self {
            network,
            peers,
            people,
        }
    }

    /// Lets each peer do its part while it sees nobody, then lets them meet.
    fn apart(&self, each: impl Fn(usize, &TestPeer, &[EntityId])) {
        self.network.partition(&[]);
        for (index, peer) in self.peers.iter().enumerate() {
            each(index, peer, &self.people);
        }
        self.network.heal();
        self.network.settle();
    }

    /// The records that the people are, each once, which all peers must agree on.
    fn roots(&self) -> Vec<EntityId> {
        let roots = |peer: &TestPeer| {
            let mut roots: Vec<_> = self.people.iter().map(|person| peer.root(*person)).collect();
            roots.sort();
            roots.dedup();
            let mut listed: Vec<_> = peer
                .list_records("Contacts")
                .into_iter()
                .map(|record| record.entity)
                .collect();
            listed.sort();
            assert_eq!(
                roots, listed,
                "the records that are listed are the ones there are"
            );
            roots
        };
        let first = roots(&self.peers[0]);
        assert!(self.peers.iter().all(|peer| roots(peer) == first));
        first
    }
}

fn values(peer: &TestPeer) -> Vec<String> {
    let candidates = peer.conflict().candidates;
    let mut values: Vec<_> = candidates.iter().map(|it| it.value.to_text()).collect();
    values.sort();
    values
}

#[test]
fn merges_into_each_other_end_as_one_record_under_one_id() {
    let contacts = Contacts::<2>::new(2);
    contacts.apart(|index, peer, people| peer.merge(people[index], people[1 - index]));
    assert_eq!(contacts.roots().len(), 1);
    let root = contacts.roots()[0];
    contacts.peers[1].update(root, "Contacts", &[("phone", "1")]);
    contacts.network.settle();
    for person in &contacts.people {
        assert_eq!(contacts.peers[0].value(*person, "Contacts", "phone"), "1");
    }
}

#[test]
fn links_of_a_chain_made_by_three_peers_make_one_record() {
    let contacts = Contacts::<3>::new(4);
    contacts.apart(|index, peer, people| peer.merge(people[index], people[index + 1]));
    assert_eq!(contacts.roots(), [contacts.people[0]]);
}

#[test]
fn links_of_a_ring_made_by_three_peers_make_one_record() {
    let contacts = Contacts::<3>::new(3);
    contacts.apart(|index, peer, people| peer.merge(people[index], people[(index + 1) % 3]));
    assert_eq!(contacts.roots().len(), 1);
}

#[test]
fn record_absorbed_by_two_others_apart_joins_all_three() {
    let contacts = Contacts::<2>::new(3);
    contacts.apart(|index, peer, people| peer.merge(people[index], people[2]));
    assert_eq!(contacts.roots().len(), 1);
}

#[test]
fn edits_under_way_to_every_name_of_a_chain_meet_as_one_conflict() {
    let contacts = Contacts::<3>::new(3);
    contacts.apart(|index, peer, people| {
        peer.update(people[index], "Contacts", &[("phone", &index.to_string())]);
        if index < 2 {
            peer.merge(people[index], people[index + 1]);
        }
    });
    for peer in &contacts.peers {
        assert_eq!(values(peer), ["0", "1", "2"]);
    }
    let conflict = contacts.peers[2].conflict();
    contacts.peers[2].resolve(conflict.id, Decision::Pick(conflict.candidates[0].op_id));
    contacts.network.settle();
    for peer in &contacts.peers {
        assert!(peer.conflicts().is_empty());
        for person in &contacts.people {
            assert_eq!(
                peer.value(*person, "Contacts", "phone"),
                conflict.candidates[0].value.to_text()
            );
        }
    }
}

#[test]
fn late_edit_of_an_absorbed_name_reopens_what_was_resolved_since() {
    let contacts = Contacts::<3>::new(2);
    let [a, b, late] = &contacts.peers;
    let (one, two) = (contacts.people[0], contacts.people[1]);
    contacts.network.partition(&[&[a, b], &[late]]);
    late.update(two, "Contacts", &[("phone", "late")]);
    a.update(one, "Contacts", &[("phone", "1")]);
    b.update(two, "Contacts", &[("phone", "2")]);
    contacts.network.wait_for_sync();
    a.merge(one, two);
    let conflict = a.conflict();
    a.resolve(
        conflict.id,
        Decision::Value(openprod_core::Value::Text("3".into())),
    );
    contacts.network.wait_for_sync();
    assert!(b.conflicts().is_empty());
    contacts.network.heal();
    contacts.network.settle();
    assert_eq!(late.conflict().id, conflict.id);
    assert_eq!(values(late), ["3", "late"]);
}

#[test]
fn split_against_a_merge_of_another_record_leaves_both_done() {
    let contacts = Contacts::<2>::new(3);
    let people = &contacts.people;
    contacts.peers[0].merge(people[0], people[1]);
    contacts.network.wait_for_sync();
    contacts.apart(|index, peer, people| match index {
        0 => peer.split_name(people[0], people[1]),
        _ => peer.merge(people[0], people[2]),
    });
    assert_eq!(contacts.roots().len(), 2);
    let peer = &contacts.peers[0];
    assert_eq!(peer.root(people[1]), people[1]);
    assert_eq!(peer.root(people[2]), peer.root(people[0]));
}

#[test]
fn merge_taken_back_by_two_peers_at_once_is_taken_back_once() {
    let contacts = Contacts::<2>::new(2);
    contacts.peers[0].merge(contacts.people[0], contacts.people[1]);
    contacts.network.wait_for_sync();
    contacts.apart(|_, peer, people| peer.split_name(people[0], people[1]));
    let mut people = contacts.people.clone();
    people.sort();
    assert_eq!(contacts.roots(), people);
    contacts.peers[1].merge(people[0], people[1]);
    contacts.network.settle();
    assert_eq!(contacts.roots().len(), 1, "it can be merged again");
}

#[test]
fn split_against_the_same_merge_made_again_ends_alike_everywhere() {
    let contacts = Contacts::<3>::new(2);
    let people = &contacts.people;
    contacts.apart(|index, peer, people| {
        peer.merge(people[0], people[1]);
        if index == 0 {
            peer.split_name(people[0], people[1]);
        }
    });
    let root = contacts.peers[0].root(people[1]);
    assert!(contacts.peers.iter().all(|peer| peer.root(people[1]) == root));
    contacts.roots();
}

#[test]
fn record_split_by_two_peers_apart_is_split_into_tables_alike() {
    let contacts = Contacts::<2>::new(1);
    let jane = contacts.people[0];
    contacts.peers[0].attach(jane, "Cast", &[("role", "Isolde")]);
    contacts.network.wait_for_sync();
    contacts.apart(|_, peer, people| drop(peer.split_tables(people[0], &["Cast"])));
    let cast: Vec<_> = contacts
        .peers
        .iter()
        .map(|peer| peer.list_records("Cast"))
        .collect();
    assert_eq!(cast[0], cast[1]);
    assert!(cast[0].iter().all(|record| record.entity != jane));
    assert_eq!(contacts.roots(), [jane]);
}

#[test]
fn merge_against_a_deletion_ends_alike_and_restoring_any_name_brings_it_back() {
    let contacts = Contacts::<2>::new(2);
    let (one, two) = (contacts.people[0], contacts.people[1]);
    contacts.apart(|index, peer, people| match index {
        0 => peer.merge(people[0], people[1]),
        _ => peer.delete(people[1]),
    });
    assert_eq!(contacts.peers[0].root(two), one);
    if contacts.peers[1].list_records("Contacts").is_empty() {
        contacts.peers[1].restore(two);
        contacts.network.settle();
    }
    assert_eq!(contacts.roots(), [one]);
}

#[test]
fn edge_made_under_way_to_an_absorbed_name_is_the_survivors() {
    let contacts = Contacts::<2>::new(3);
    let people = &contacts.people;
    contacts.apart(|index, peer, people| match index {
        0 => peer.merge(people[0], people[1]),
        _ => {
            peer.relate(people[1], people[2], "knows");
            peer.relate(people[2], people[1], "likes");
        }
    });
    for peer in &contacts.peers {
        let knows = peer.edges(people[0], "knows");
        assert_eq!((knows.len(), knows[0].ends.source), (1, people[0]));
        let likes = peer.edges(people[2], "likes");
        assert_eq!((likes.len(), likes[0].ends.target), (1, people[0]));
    }
}

#[test]
fn edit_made_through_either_id_after_a_merge_is_no_conflict() {
    let contacts = Contacts::<2>::new(2);
    let [a, b] = &contacts.peers;
    let (one, two) = (contacts.people[0], contacts.people[1]);
    a.merge(one, two);
    contacts.network.wait_for_sync();
    a.update(one, "Contacts", &[("phone", "1")]);
    contacts.network.wait_for_sync();
    b.update(two, "Contacts", &[("phone", "2")]);
    contacts.network.settle();
    assert!(a.conflicts().is_empty());
    assert_eq!(a.value(one, "Contacts", "phone"), "2");
}

#[test]
fn words_typed_under_way_to_the_survivor_stand_in_the_joined_text() {
    let contacts = Contacts::<2>::new(2);
    let (one, two) = (contacts.people[0], contacts.people[1]);
    contacts.apart(|index, peer, _| match index {
        0 => peer.merge(one, two),
        _ => peer.type_on(one, "Contacts", "bio", " singer"),
    });
    for peer in &contacts.peers {
        assert_eq!(peer.value(two, "Contacts", "bio"), "x singer\n\nx");
    }
}

#[test]
fn words_typed_under_way_to_an_absorbed_name_are_there_once_it_is_split() {
    let contacts = Contacts::<2>::new(2);
    let (one, two) = (contacts.people[0], contacts.people[1]);
    contacts.apart(|index, peer, _| match index {
        0 => peer.merge(one, two),
        _ => peer.type_on(two, "Contacts", "bio", " dancer"),
    });
    contacts.peers[1].split_name(one, two);
    contacts.network.settle();
    for peer in &contacts.peers {
        assert_eq!(peer.value(two, "Contacts", "bio"), "x dancer");
    }
}

#[test]
fn merge_of_what_a_peer_merged_meanwhile_is_refused_by_name() {
    let contacts = Contacts::<2>::new(2);
    let (one, two) = (contacts.people[0], contacts.people[1]);
    contacts.peers[0].merge(one, two);
    contacts.network.settle();
    let refused = contacts.peers[1].try_execute(&Request::new(
        "test",
        Command::MergeRecords {
            survivor: two,
            absorbed: one,
        },
    ));
    assert!(matches!(refused, Err(CommandError::AlreadyOne { entity }) if entity == one));
}
