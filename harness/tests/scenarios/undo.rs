//! Undo and redo among peers.

use harness::TestNetwork;
use openprod_core::FieldType::Text;

#[test]
fn committed_draft_is_undone_and_redone_as_one_on_every_peer() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    let draft = a.begin_draft("Tech notes");
    a.update(cue, "Cues", &[("label", "Wait")]);
    a.create_record("Cues", &[("label", "New")]);
    a.commit(draft);
    network.wait_for_sync();
    assert_eq!(b.value(cue, "Cues", "label"), "Wait");
    assert_eq!(b.list_records("Cues").len(), 2);
    assert!(a.undo().skipped.is_empty());
    network.wait_for_sync();
    assert_eq!(b.value(cue, "Cues", "label"), "Go");
    assert_eq!(b.list_records("Cues").len(), 1);
    a.redo();
    network.wait_for_sync();
    assert_eq!(b.value(cue, "Cues", "label"), "Wait");
    assert_eq!(b.list_records("Cues").len(), 2);
}

#[test]
fn undo_leaves_what_a_peer_edited_since_and_names_them() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text), ("note", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go"), ("note", "")]);
    a.update(cue, "Cues", &[("label", "Wait"), ("note", "quiet")]);
    network.wait_for_sync();
    b.update(cue, "Cues", &[("label", "Stand by")]);
    network.wait_for_sync();
    let outcome = a.undo();
    network.wait_for_sync();
    assert_eq!(outcome.skipped.len(), 1);
    assert_eq!(outcome.skipped[0].reason.name(), "edited_since");
    assert_eq!(b.value(cue, "Cues", "label"), "Stand by");
    assert_eq!(b.value(cue, "Cues", "note"), "");
}
