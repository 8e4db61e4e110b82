//! Logs that continue in two ways: cloned disks, restored backups, and members who say two things at once.

use harness::{TestNetwork, TestPeer};
use openprod_core::FieldType::Text;

#[test]
fn cloned_disk_converges_and_is_surfaced_with_evidence_that_checks() {
    let network = TestNetwork::new();
    let [a, witness] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    let clone = network.clone_peer(&a);
    a.update(cue, "Cues", &[("label", "by the original")]);
    clone.update(cue, "Cues", &[("label", "by the clone")]);
    network.connect(&clone, &witness);
    network.wait_for_sync();
    for peer in [&a, &clone, &witness] {
        let forks = peer.status().forks;
        assert_eq!(forks.len(), 1);
        let (actor, _, seq) = forks[0].check().expect("the evidence holds by itself");
        assert_eq!(actor, a.actor());
        assert_eq!(
            seq, 4,
            "the workspace's name, the table, the record, then the fork"
        );
        assert_eq!(peer.conflict().candidates.len(), 2);
    }
    assert_eq!(a.state_hash(), clone.state_hash());
}

#[test]
fn both_engines_of_a_cloned_disk_begin_a_new_log() {
    let network = TestNetwork::new();
    let [a, witness] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    let clone = network.clone_peer(&a);
    a.create_record("Cues", &[("label", "by the original")]);
    clone.create_record("Cues", &[("label", "by the clone")]);
    network.connect(&clone, &witness);
    network.wait_for_sync();
    let before = a.status().forks.len();
    for round in 0..3 {
        a.create_record("Cues", &[("label", &format!("original {round}"))]);
        clone.create_record("Cues", &[("label", &format!("clone {round}"))]);
        network.wait_for_sync();
    }
    assert_eq!(a.status().forks.len(), before, "nothing forks again");
    let logs = |peer: &TestPeer| {
        let mut logs: Vec<_> = peer
            .bundles()
            .iter()
            .map(|bundle| bundle.header())
            .map(|header| (header.actor, header.log))
            .collect();
        logs.sort_unstable();
        logs.dedup();
        logs.len()
    };
    assert_eq!(
        logs(&witness),
        3,
        "the one they had in common, and a new one each"
    );
    assert_eq!(witness.list_records("Cues").len(), 8);
}

#[test]
fn restored_backup_heals_and_gets_back_what_others_have() {
    for noticed in [true, false] {
        let network = TestNetwork::new();
        let [a, b] = network.add_connected_peers();
        a.create_table("Cues", &[("label", Text)]);
        network.wait_for_sync();
        let backup = a.backup();
        a.create_record("Cues", &[("label", "after the backup")]);
        network.wait_for_sync();
        a.restore_backup(&backup, noticed);
        assert!(a.list_records("Cues").is_empty());
        network.wait_for_sync();
        assert_eq!(a.list_records("Cues").len(), 1, "noticed: {noticed}");
        a.create_record("Cues", &[("label", "after the restoration")]);
        network.wait_for_sync();
        assert_eq!(b.list_records("Cues").len(), 2);
        assert!(
            b.status().forks.is_empty(),
            "it wrote nothing before it met the others, so nothing forked"
        );
    }
}

#[test]
fn edit_between_restoring_and_meeting_others_is_kept() {
    for noticed in [true, false] {
        let network = TestNetwork::new();
        let [a, b] = network.add_connected_peers();
        a.create_table("Cues", &[("label", Text)]);
        network.wait_for_sync();
        let backup = a.backup();
        a.create_record("Cues", &[("label", "after the backup")]);
        network.wait_for_sync();
        network.disconnect(&a, &b);
        a.restore_backup(&backup, noticed);
        a.create_record("Cues", &[("label", "before meeting")]);
        network.connect(&a, &b);
        network.wait_for_sync();
        for peer in [&a, &b] {
            assert_eq!(peer.list_records("Cues").len(), 2);
            assert_eq!(
                peer.status().forks.len(),
                usize::from(!noticed),
                "a loss that is noticed makes no fork"
            );
        }
        a.create_record("Cues", &[("label", "and on")]);
        network.wait_for_sync();
        assert_eq!(b.status().forks.len(), usize::from(!noticed));
    }
}
