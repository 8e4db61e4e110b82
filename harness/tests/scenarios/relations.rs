//! Edges, merges, drafts and undo among peers.

use harness::TestNetwork;
use openprod_core::FieldType::Text;
use openprod_core::Value;
use openprod_engine::Between;

#[test]
fn ordered_edges_that_are_made_and_moved_apart_stand_alike_on_both() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let list = a.create_record("Cues", &[("label", "List")]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    let (first, second) = (
        a.append_edge(list, cue, "holds"),
        a.append_edge(list, cue, "holds"),
    );
    network.wait_for_sync();
    network.disconnect(&a, &b);
    let third = b.append_edge(list, cue, "holds");
    a.move_edge(first, Between::default());
    a.set_property(second, "note", Value::Text("hold".into()));
    network.connect(&a, &b);
    network.wait_for_sync();
    let order =
        |edges: Vec<openprod_engine::edge::Edge>| -> Vec<_> { edges.iter().map(|edge| edge.id).collect() };
    let found = order(a.edges(list, "holds"));
    assert_eq!(found, order(b.edges(list, "holds")));
    assert_eq!(found[0], second);
    assert!(found.contains(&first) && found.contains(&third));
    b.delete_edge(first);
    network.wait_for_sync();
    assert_eq!(a.edges(list, "holds").len(), 2);
}

#[test]
fn merged_record_is_one_on_both_until_it_is_split() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Contacts", &[("name", Text)]);
    let (jane, again) = (
        a.create_record("Contacts", &[("name", "Jane")]),
        a.create_record("Contacts", &[("name", "Jane")]),
    );
    a.merge(jane, again);
    network.wait_for_sync();
    assert_eq!(b.list_records("Contacts").len(), 1);
    b.split_name(jane, again);
    network.wait_for_sync();
    assert_eq!(a.list_records("Contacts").len(), 2);
}

#[test]
fn draft_reaches_others_when_it_is_committed_and_is_undone_as_one() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    let draft = a.begin_draft("Tech notes");
    a.update(cue, "Cues", &[("label", "Wait")]);
    a.create_record("Cues", &[("label", "New")]);
    network.wait_for_sync();
    assert_eq!(b.value(cue, "Cues", "label"), "Go");
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
}
