//! Tables and fields, changed apart.

use harness::TestNetwork;
use openprod_core::FieldType::{Integer, Text};
use openprod_core::Value;
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::schema::reserved;
use openprod_engine::{Command, NewField};

fn rename(table: &str, to: &str) -> Command {
    Command::UpdateTable {
        table: table.to_owned(),
        name: Some(to.to_owned()),
        add_fields: Vec::new(),
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    }
}

#[test]
fn two_tables_of_one_name_made_apart_are_both_there_and_told_apart() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    network.wait_for_sync();
    network.partition(&[]);
    a.create_table("Cues", &[("label", Text)]);
    b.create_table("Cues", &[("number", Integer)]);
    network.heal();
    network.wait_for_sync();
    assert_eq!(a.tables(), b.tables());
    let [first, second]: [String; 2] = a.tables().try_into().unwrap();
    assert_eq!(first, "Cues");
    assert!(second.starts_with("Cues ~"), "{second}");
    a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    assert_eq!(
        (b.list_records("Cues").len(), b.list_records(&second).len()),
        (1, 0)
    );
}

#[test]
fn table_renamed_twice_apart_is_a_conflict_of_its_name() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    network.wait_for_sync();
    network.partition(&[]);
    a.execute(rename("Cues", "Lights"));
    b.execute(rename("Cues", "Sound"));
    network.heal();
    network.wait_for_sync();
    assert_eq!(a.conflict().key.kind, ConflictKind::Field(reserved::TABLE_NAME));
    assert_eq!(a.tables(), b.tables());
}

#[test]
fn field_added_apart_takes_values_everywhere() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    network.partition(&[]);
    b.execute(Command::UpdateTable {
        table: "Cues".to_owned(),
        name: None,
        add_fields: vec![NewField::new("caller", Text)],
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    });
    b.update(cue, "Cues", &[("caller", "Ann")]);
    a.update(cue, "Cues", &[("label", "Stop")]);
    network.heal();
    network.wait_for_sync();
    let fields = &a.list_records("Cues")[0].fields;
    assert_eq!(fields["caller"], Value::Text("Ann".into()));
    assert_eq!(fields["label"], Value::Text("Stop".into()));
}

#[test]
fn table_renamed_by_two_is_found_by_its_name_once_one_is_picked() {
    let network = TestNetwork::new();
    let [a, b, c] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    network.partition(&[]);
    a.execute(rename("Cues", "Lights"));
    b.execute(rename("Cues", "Sound"));
    network.heal();
    network.settle();
    let conflict = c.conflict();
    let sound = conflict
        .candidates
        .iter()
        .find(|candidate| candidate.value == Value::Text("Sound".into()))
        .unwrap();
    c.resolve(conflict.id, openprod_engine::Decision::Pick(sound.op_id));
    network.settle();
    for peer in [&a, &b, &c] {
        assert_eq!(peer.tables(), ["Sound"]);
        assert_eq!(peer.list_records("Sound").len(), 1);
        assert!(peer.conflicts().is_empty());
    }
}

#[test]
fn field_renamed_by_two_is_a_conflict_and_keeps_its_values() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    let cue = a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    network.partition(&[]);
    for (peer, to) in [(&a, "title"), (&b, "text")] {
        peer.execute(Command::UpdateTable {
            table: "Cues".to_owned(),
            name: None,
            add_fields: Vec::new(),
            rename_fields: vec![("label".to_owned(), to.to_owned())],
            remove_fields: Vec::new(),
        });
    }
    network.heal();
    network.settle();
    let conflict = b.conflict();
    assert_eq!(conflict.candidates.len(), 2);
    let shown = conflict.candidates[conflict.shown].value.to_text();
    assert_eq!(a.value(cue, "Cues", &shown), "Go");
    assert_eq!(b.value(cue, "Cues", &shown), "Go");
}

#[test]
fn table_deleted_by_one_and_renamed_by_another_is_a_conflict_and_can_be_had_back() {
    let network = TestNetwork::new();
    let [a, b] = network.add_connected_peers();
    a.create_table("Cues", &[("label", Text)]);
    a.create_record("Cues", &[("label", "Go")]);
    network.wait_for_sync();
    let table = a.snapshot().schema().find("Cues").unwrap().id.entity();
    network.partition(&[]);
    a.execute(Command::DeleteTable {
        table: "Cues".to_owned(),
    });
    b.execute(rename("Cues", "Sound"));
    network.heal();
    network.settle();
    assert_eq!(b.conflict().key.kind, ConflictKind::Deletion);
    assert!(b.tables().is_empty());
    b.execute(Command::RestoreTable { table });
    network.settle();
    assert!(a.conflicts().is_empty());
    assert_eq!(a.list_records("Sound").len(), 1);
}
