//! Bundles that are stored, relayed, and not applied.

use std::time::Duration;

use harness::TestNetwork;
use harness::forge::Forger;
use openprod_core::FieldType::Text;
use openprod_core::operation::SetField;
use openprod_core::{Timestamp, Value};
use openprod_engine::HoldReason;
use openprod_sync::Message;
use openprod_sync::batch::pack;

use crate::hostile::introduced;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn future_bundle_is_held_visibly_and_blocks_nobody() {
    let network = TestNetwork::new();
    let [a, b, ahead] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    ahead.set_clock_ahead(HOUR);
    ahead.update(cue, "Cues", &[("label", "from the future")]);
    ahead.update(cue, "Cues", &[("label", "and on")]);
    b.create_record("Cues", &[("label", "present")]);
    network.run_for(Duration::from_secs(30));
    for peer in [&a, &b] {
        let held = peer.status().held;
        assert_eq!(held.len(), 2);
        assert!(matches!(held[0].reason, HoldReason::Future { .. }));
        assert_eq!(held[1].reason, HoldReason::BuildsOnHeld);
        assert!(held.iter().all(|held| held.actor == ahead.actor()));
        assert_eq!(peer.value(cue, "Cues", "label"), "Go");
        assert_eq!(peer.list_records("Cues").len(), 2);
    }
    assert_eq!(a.state_hash(), b.state_hash());
    assert_eq!(
        ahead.list_records("Cues").len(),
        2,
        "who is ahead still gets what the others write"
    );
}

#[test]
fn future_bundle_is_released_when_its_time_has_come() {
    let network = TestNetwork::new();
    let [a, ahead] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    ahead.set_clock_ahead(Duration::from_secs(330));
    ahead.update(cue, "Cues", &[("label", "from the future")]);
    network.run_for(Duration::from_secs(20));
    assert_eq!(a.value(cue, "Cues", "label"), "Go");
    network.run_for(Duration::from_secs(20));
    assert_eq!(a.value(cue, "Cues", "label"), "from the future");
    ahead.set_clock_ahead(Duration::ZERO);
    network.wait_for_sync();
    assert!(a.status().held.is_empty());
}

#[test]
fn person_can_accept_a_future_bundle() {
    let network = TestNetwork::new();
    let [a, ahead] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    ahead.set_clock_ahead(HOUR);
    ahead.update(cue, "Cues", &[("label", "from the future")]);
    network.run_for(Duration::from_secs(2));
    assert_eq!(a.accept(a.status().held[0].bundle), 1);
    network.wait_for_sync();
    assert_eq!(a.value(cue, "Cues", "label"), "from the future");
    a.update(cue, "Cues", &[("label", "seen it")]);
    network.wait_for_sync();
    assert!(ahead.conflicts().is_empty());
    assert_eq!(ahead.value(cue, "Cues", "label"), "seen it");
}

#[test]
fn table_made_in_a_held_bundle_is_shown_once_it_is_released() {
    let network = TestNetwork::new();
    let [a, ahead] = network.add_connected_peers();
    network.wait_for_sync();
    network.partition(&[]);
    ahead.create_table("Cues", &[("label", Text)]);
    ahead.set_clock_ahead(HOUR);
    ahead.create_table("Venues", &[("name", Text)]);
    network.heal();
    network.run_for(Duration::from_secs(2));
    assert_eq!(a.tables(), ["Cues"]);
    a.accept(a.status().held[0].bundle);
    assert_eq!(a.tables(), ["Cues", "Venues"]);
}

#[test]
fn edit_made_while_a_bundle_is_held_conflicts_with_it_later() {
    let network = TestNetwork::new();
    let [a, ahead] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    ahead.set_clock_ahead(HOUR);
    ahead.update(cue, "Cues", &[("label", "from the future")]);
    network.run_for(Duration::from_secs(2));
    ahead.pause();
    a.update(cue, "Cues", &[("label", "meanwhile")]);
    a.accept(a.status().held[0].bundle);
    assert_eq!(a.conflict().candidates.len(), 2);
}

#[test]
fn operation_of_unknown_kind_is_held_and_relayed_untouched_and_what_builds_on_it_waits() {
    let network = TestNetwork::new();
    let (a, b, c) = (network.add_peer(), network.add_peer(), network.add_peer());
    network.connect(&a, &b);
    network.connect(&b, &c);
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    let table = a.snapshot().schema().find("Cues").unwrap().clone();

    let newer = Forger::new(90);
    let mut first = newer.begin(Timestamp::from_micros(network.simulator().now_us()), &[]);
    first.frames.push((9_999, b"something new".to_vec()));
    let first = newer.seal(&first);
    let bundles = a.bundles();
    let set = SetField {
        entity: cue,
        facet: table.id,
        field: table.fields[0].id,
        value: Value::Text("by a newer version".into()),
    };
    let second = newer.seal(&newer.follow(&first, &[bundles.last().unwrap()], &[set.into()]));
    let puppet = introduced(&a);
    puppet.say(&Message::Bundles {
        round: 0,
        batch: pack(&[&first, &second]),
    });
    network.wait_for_sync();
    for peer in [&a, &b, &c] {
        let held = peer.status().held;
        assert_eq!(held.len(), 2);
        assert_eq!(held[0].reason, HoldReason::NeedsNewerVersion { kind: 9_999 });
        assert_eq!(held[1].reason, HoldReason::BuildsOnHeld);
        assert_eq!(peer.value(cue, "Cues", "label"), "Go");
        let relayed = peer.snapshot().bundle(held[0].bundle).unwrap().unwrap();
        assert_eq!(**relayed.bytes(), first);
    }
    c.update(cue, "Cues", &[("label", "Stop")]);
    network.wait_for_sync();
    assert_eq!(a.value(cue, "Cues", "label"), "Stop");
    for peer in [&a, &b, &c] {
        peer.crash(None);
        peer.restart();
        assert_eq!(peer.status().held.len(), 2);
    }
}

#[test]
fn payload_that_does_not_decode_is_applied_as_nothing() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    let hash = a.state_hash();
    let forger = Forger::new(91);
    let mut broken = forger.begin(Timestamp::from_micros(network.simulator().now_us()), &[]);
    broken.frames.push((6, b"not a SetField".to_vec()));
    introduced(&a).say(&Message::Bundles {
        round: 0,
        batch: pack(&[&forger.seal(&broken)]),
    });
    network.wait_for_sync();
    for peer in [&a, &b] {
        assert!(peer.status().held.is_empty());
        assert_eq!(peer.state_hash(), hash);
        assert!(peer.verify().is_sound());
    }
    assert_eq!(a.bundles().len(), b.bundles().len());
}
