//! How bundles travel: live, late, relayed, and over a bad network.

use std::time::Duration;

use harness::{Faults, TestNetwork};
use openprod_core::CommandId;
use openprod_core::FieldType::Text;
use openprod_engine::{Command, CommandError, Envelope, Request};

#[test]
fn edit_reaches_a_connected_peer_at_once() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.run_for(Duration::from_secs(3));
    a.create_record("Cues", &[("label", "Go")]);
    assert!(
        network.time_to_sync() <= Duration::from_millis(40),
        "an edit is pushed, not fetched with the next beat"
    );
    assert_eq!(b.list_records("Cues").len(), 1);
}

#[test]
fn edit_is_relayed_to_a_third_peer() {
    let network = TestNetwork::new();
    let (a, relay, c) = (network.add_peer(), network.add_peer(), network.add_peer());
    network.connect(&a, &relay);
    network.connect(&relay, &c);
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    a.create_record("Cues", &[("label", "Go")]);
    assert!(network.time_to_sync() <= Duration::from_millis(200));
    assert_eq!(c.list_records("Cues").len(), 1);
}

#[test]
fn in_a_mesh_each_edit_crosses_few_links_twice() {
    let network = TestNetwork::new();
    let peers = network.add_connected_peers::<5>();
    peers[0].create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.run_for(Duration::from_secs(3));
    network.simulator_mut().keep_trace();
    peers[0].create_record("Cues", &[("label", "Go")]);
    network.run_for(Duration::from_secs(3));
    let simulator = network.simulator();
    let batches = simulator
        .trace()
        .iter()
        .filter(|line| line.contains(" says bundles "))
        .count();
    assert_eq!(
        batches,
        peers.len() - 1,
        "the author sends it to each peer, and nobody else does"
    );
}

#[test]
fn clocks_are_equal_once_in_step() {
    let network = TestNetwork::new();
    let [a, b, c] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    for peer in [&a, &b, &c] {
        peer.create_record("Cues", &[("label", "Go")]);
    }
    network.wait_for_sync();
    assert_eq!(a.status().stored, b.status().stored);
    assert_eq!(b.status().applied, c.status().applied);
    assert_eq!(a.status().stored.len(), 3);
}

#[test]
fn lost_messages_heal_within_a_few_beats() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.set_faults(Faults {
        drop_permille: 1_000,
        ..Faults::NONE
    });
    a.create_record("Cues", &[("label", "lost on the way")]);
    network.run_for(Duration::from_millis(500));
    network.set_faults(Faults::NONE);
    assert!(
        network.time_to_sync() <= Duration::from_secs(4),
        "no link fell silent for long enough to be given up"
    );
    assert_eq!(b.list_records("Cues").len(), 1);
}

#[test]
fn peers_come_into_step_though_a_fifth_of_all_messages_is_lost_doubled_or_overtaken() {
    let network = TestNetwork::with_seed(7);
    network.set_faults(Faults {
        drop_permille: 200,
        duplicate_permille: 200,
        reorder_permille: 200,
        delay_permille: 200,
        delay_ms_max: 300,
        ..Faults::NONE
    });
    let [a, b, c] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.run_for(Duration::from_secs(20));
    for round in 0..20 {
        for peer in [&a, &b, &c] {
            peer.create_record("Cues", &[("label", &format!("round {round}"))]);
        }
    }
    network.wait_for_sync();
    assert_eq!(a.list_records("Cues").len(), 60);
}

#[test]
fn paused_peer_gets_nothing_until_it_resumes() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    b.pause();
    a.create_record("Cues", &[("label", "Go")]);
    b.create_record("Cues", &[("label", "mine")]);
    network.run_for(Duration::from_secs(60));
    assert_eq!(
        (a.list_records("Cues").len(), b.list_records("Cues").len()),
        (1, 1)
    );
    b.resume();
    network.wait_for_sync();
    assert_eq!(
        (a.list_records("Cues").len(), b.list_records("Cues").len()),
        (2, 2)
    );
}

#[test]
fn slow_peer_does_not_hold_up_the_others() {
    let network = TestNetwork::new();
    let [a, fast, slow] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.run_for(Duration::from_secs(3));
    slow.set_disk_delay(Duration::from_secs(3));
    for number in 0..40 {
        a.create_record("Cues", &[("label", &format!("cue {number}"))]);
    }
    network.run_for(Duration::from_millis(200));
    assert_eq!(fast.list_records("Cues").len(), 40);
    assert!(slow.list_records("Cues").len() < 40);
    slow.set_disk_delay(Duration::ZERO);
    network.wait_for_sync();
    assert_eq!(slow.list_records("Cues").len(), 40);
}

#[test]
fn silent_peer_is_given_up_and_dialled_again() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    network.wait_for_sync();
    network.partition(&[]);
    network.run_for(Duration::from_secs(10));
    assert!(!network.simulator().endings().is_empty());
    a.create_table("Cues", &[("label", Text)]);
    network.heal();
    assert!(network.time_to_sync() <= Duration::from_secs(2));
    assert_eq!(b.tables(), ["Cues"]);
}

#[test]
fn crash_in_a_transaction_loses_nothing_that_was_acknowledged() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let kept = a.create_record("Cues", &[("label", "acknowledged")]);
    a.crash(Some(Command::UpdateRecord {
        entity: kept,
        table: "Cues".to_owned(),
        fields: vec![(
            "label".to_owned(),
            openprod_core::Value::Text("never acknowledged".into()),
        )],
    }));
    network.run_for(Duration::from_secs(2));
    a.restart();
    network.wait_for_sync();
    assert_eq!(b.value(kept, "Cues", "label"), "acknowledged");
    a.create_record("Cues", &[("label", "after it")]);
    network.wait_for_sync();
    assert_eq!(b.list_records("Cues").len(), 2);
    assert!(
        b.status().forks.is_empty(),
        "a crash alone does not make an engine begin a new log"
    );
}

#[test]
fn same_command_twice_has_one_effect() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let create = |label: &str| Request {
        envelope: Envelope {
            command_id: Some(CommandId::from_u128(7)),
            source: "test".to_owned(),
            ..Envelope::default()
        },
        command: Command::CreateRecords {
            table: "Cues".to_owned(),
            records: vec![vec![(
                "label".to_owned(),
                openprod_core::Value::Text(label.to_owned()),
            )]],
        },
        destination: openprod_engine::Destination::Active,
    };
    let first = a.try_execute(&create("Go")).unwrap();
    assert_eq!(a.try_execute(&create("Go")).unwrap(), first);
    a.crash(None);
    a.restart();
    assert_eq!(a.try_execute(&create("Go")).unwrap(), first);
    assert!(matches!(
        a.try_execute(&create("Stop")),
        Err(CommandError::CommandReused { .. })
    ));
    network.wait_for_sync();
    assert_eq!(b.list_records("Cues").len(), 1);
}

#[test]
fn full_disk_refuses_a_command_and_keeps_what_was_there() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    for room in [
        harness::disk::Room::NoneForRows,
        harness::disk::Room::NoneForCommit,
    ] {
        let hash = a.state_hash();
        network.simulator().device(a.id()).disk.set_room(room);
        let refused = a.try_execute(&Request::new("test", Command::DeleteRecord { entity: cue }));
        assert!(
            matches!(
                refused,
                Err(CommandError::Storage(openprod_storage::StorageError::Full))
            ),
            "{refused:?}"
        );
        b.create_record("Cues", &[("label", "from the other side")]);
        network.run_for(Duration::from_secs(3));
        assert_eq!(a.state_hash(), hash);
        network
            .simulator()
            .device(a.id())
            .disk
            .set_room(harness::disk::Room::Free);
        network.wait_for_sync();
        assert_ne!(a.state_hash(), hash);
    }
    assert_eq!(a.list_records("Cues").len(), 3);
}

#[test]
fn full_disk_does_not_keep_a_workspace_from_being_opened() {
    let network = TestNetwork::new();
    let [a, ahead] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    ahead.set_clock_ahead(Duration::from_secs(400));
    ahead.create_record("Cues", &[("label", "held")]);
    network.run_for(Duration::from_secs(3));
    assert_eq!(a.status().held.len(), 1);
    a.crash(None);
    network
        .simulator()
        .device(a.id())
        .disk
        .set_room(harness::disk::Room::NoneForRows);
    network.run_for(Duration::from_secs(400));
    a.restart();
    assert_eq!(a.tables(), ["Cues"]);
    network
        .simulator()
        .device(a.id())
        .disk
        .set_room(harness::disk::Room::Free);
    network.run_for(Duration::from_secs(3));
    assert_eq!(a.list_records("Cues").len(), 1);
}
