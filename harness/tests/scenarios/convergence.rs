//! Peers that have the same bundles have the same state.

use std::time::Duration;

use harness::{StoreKind, TestNetwork};
use openprod_core::FieldType::{Integer, Text};
use openprod_core::Value;
use openprod_engine::Command;

#[test]
fn two_peers_converge() {
    let network = TestNetwork::new();
    let peer_a = network.add_peer();
    let peer_b = network.add_peer();
    peer_a.create_table("Contacts", &[("name", Text), ("email", Text)]);
    peer_a.create_record("Contacts", &[("name", "Jane"), ("email", "jane@co")]);
    network.connect(&peer_a, &peer_b);
    network.wait_for_sync();
    assert_eq!(peer_b.list_records("Contacts").len(), 1);
    assert_eq!(peer_b.list_records("Contacts"), peer_a.list_records("Contacts"));
    assert_eq!(peer_a.state_hash(), peer_b.state_hash());
}

#[test]
fn five_peers_in_a_ring_relay() {
    let network = TestNetwork::new();
    let peers: [_; 5] = std::array::from_fn(|_| network.add_peer());
    for (index, peer) in peers.iter().enumerate() {
        network.connect(peer, &peers[(index + 1) % peers.len()]);
    }
    peers[0].create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    for (index, peer) in peers.iter().enumerate() {
        peer.create_record("Cues", &[("label", &format!("cue {index}"))]);
    }
    network.wait_for_sync();
    assert!(
        peers
            .iter()
            .all(|peer| peer.list_records("Cues").len() == peers.len())
    );
    assert!(
        peers
            .iter()
            .all(|peer| peer.state_hash() == peers[0].state_hash())
    );
}

#[test]
fn partitioned_peers_converge_after_they_meet_again() {
    let network = TestNetwork::new();
    let [a, b, c, d] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.partition(&[&[&a, &b], &[&c, &d]]);
    a.create_record("Cues", &[("label", "left")]);
    c.create_record("Cues", &[("label", "right")]);
    network.run_for(Duration::from_secs(30));
    assert_eq!(b.list_records("Cues").len(), 1);
    assert_ne!(b.state_hash(), d.state_hash());
    network.heal();
    network.wait_for_sync();
    assert!(
        [a, b, c, d]
            .iter()
            .all(|peer| peer.list_records("Cues").len() == 2)
    );
}

#[test]
fn newcomer_catches_up_with_a_long_history() {
    let network = TestNetwork::new();
    let a = network.add_peer();
    a.create_table("Cues", &[("label", Text), ("number", Integer)]);
    for batch in 0..30 {
        let record = |number: i64| {
            vec![
                ("label".to_owned(), Value::Text("x".repeat(40))),
                ("number".to_owned(), Value::Integer(number)),
            ]
        };
        let records = (0..20).map(|number| record(batch * 20 + number)).collect();
        a.execute(Command::CreateRecords {
            table: "Cues".to_owned(),
            records,
        });
    }
    let newcomer = network.add_peer();
    network.connect(&a, &newcomer);
    network.wait_for_sync();
    assert_eq!(newcomer.list_records("Cues").len(), 600);
    assert_eq!(newcomer.state_hash(), a.state_hash());
}

#[test]
fn order_of_meeting_does_not_matter() {
    let run = |order: &[(usize, usize)]| {
        let network = TestNetwork::new();
        let peers: [_; 3] = std::array::from_fn(|_| network.add_peer());
        peers[0].create_table("Cues", &[("label", Text)]);
        let cue = peers[0].create_record("Cues", &[("label", "Go")]);
        for peer in &peers[1..] {
            network.connect(&peers[0], peer);
            network.wait_for_sync();
            network.disconnect(&peers[0], peer);
        }
        for (index, peer) in peers.iter().enumerate() {
            peer.update(cue, "Cues", &[("label", &format!("from {index}"))]);
        }
        for (a, b) in order {
            network.connect(&peers[*a], &peers[*b]);
            network.wait_for_sync();
            network.disconnect(&peers[*a], &peers[*b]);
        }
        peers.map(|peer| (peer.state_hash(), peer.conflicts().len()))
    };
    let around = run(&[(0, 1), (1, 2), (2, 0), (0, 1)]);
    let back = run(&[(2, 1), (1, 0), (0, 2), (2, 1)]);
    assert!(
        around.iter().chain(&back).all(|state| *state == around[0]),
        "{around:?} {back:?}"
    );
    assert_eq!(around[0].1, 1);
}

#[test]
fn peer_on_sqlite_and_peer_in_memory_converge() {
    let network = TestNetwork::new();
    let a = network.add_peer_on(StoreKind::Sqlite);
    let b = network.add_peer();
    network.connect(&a, &b);
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    network.disconnect(&a, &b);
    a.update(cue, "Cues", &[("label", "Go A")]);
    b.update(cue, "Cues", &[("label", "Go B")]);
    network.connect(&a, &b);
    network.wait_for_sync();
    assert_eq!(a.state_hash(), b.state_hash());
    assert_eq!(a.conflict(), b.conflict());
}
