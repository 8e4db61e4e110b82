//! Devices and their clocks.

use std::time::Duration;

use harness::TestNetwork;
use openprod_core::FieldType::Text;

#[test]
fn wrong_clocks_do_not_decide_who_had_seen_what() {
    let network = TestNetwork::new();
    let [a, behind] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    a.set_clock_ahead(Duration::from_secs(200));
    a.update(cue, "Cues", &[("label", "first, by a clock that is ahead")]);
    network.wait_for_sync();
    behind.update(cue, "Cues", &[("label", "second, by a clock that is behind")]);
    network.wait_for_sync();
    assert!(a.conflicts().is_empty());
    assert_eq!(a.value(cue, "Cues", "label"), "second, by a clock that is behind");
}

#[test]
fn clock_that_jumps_stops_no_sync() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    b.set_clock_ahead(Duration::from_secs(250));
    network.run_for(Duration::from_secs(3));
    b.set_clock_ahead(Duration::ZERO);
    a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    assert_eq!(b.list_records("Cues").len(), 1);
}
