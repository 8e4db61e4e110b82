//! Merge and split: one record under several names.

use openprod_core::{EntityId, FieldType, Value};
use openprod_engine::edge::Direction;
use openprod_engine::{Command, CommandError, Decision, NewEdge, Part};

use crate::device::{Device, sync, text};

fn people() -> Device {
    let mut a = Device::founder();
    a.table(
        "Contacts",
        &[("name", FieldType::Text), ("phone", FieldType::Text)],
    );
    a.table("Cast", &[("role", FieldType::Text)]);
    a
}

fn merge(device: &mut Device, survivor: EntityId, absorbed: EntityId) {
    device.execute(Command::MergeRecords { survivor, absorbed });
}

#[test]
fn merged_records_are_one_under_both_ids() {
    let mut a = people();
    let jane = a.record("Contacts", &[("name", text("Jane")), ("phone", text("1"))]);
    let role = a.record("Cast", &[("role", text("Isolde"))]);
    merge(&mut a, jane, role);
    for id in [jane, role] {
        assert_eq!(a.snapshot().root(id), jane);
        assert_eq!(a.value(id, "Contacts", "name"), text("Jane"));
        assert_eq!(a.value(id, "Cast", "role"), text("Isolde"));
    }
    let listed = |table| {
        a.list(table)
            .records
            .iter()
            .map(|(id, _)| *id)
            .collect::<Vec<_>>()
    };
    assert_eq!((listed("Contacts"), listed("Cast")), (vec![jane], vec![jane]));
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    a.assert_sound();
}

#[test]
fn values_that_differ_surface_and_one_decision_settles_all_names() {
    let mut a = people();
    let one = a.record("Contacts", &[("name", text("Jane")), ("phone", text("1"))]);
    let two = a.record("Contacts", &[("name", text("Jane")), ("phone", text("2"))]);
    merge(&mut a, one, two);
    let conflicts = a.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1, "names are equal, phones are not");
    assert_eq!(conflicts[0].candidates.len(), 2);
    a.execute(Command::ResolveConflict {
        conflict: conflicts[0].id,
        decision: Decision::Value(text("3")),
    });
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.value(one, "Contacts", "phone"), text("3"));
    a.execute(Command::SplitRecord {
        source: one,
        part: Part::Name(two),
    });
    assert_eq!(a.value(two, "Contacts", "phone"), text("3"));
    assert_eq!(a.list("Contacts").records.len(), 2);
    a.assert_sound();
}

#[test]
fn edit_made_elsewhere_to_an_absorbed_name_meets_the_edit_made_here() {
    let mut a = people();
    let one = a.record("Contacts", &[("name", text("Jane"))]);
    let two = a.record("Contacts", &[("name", text("Jane"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    merge(&mut a, one, two);
    a.set(one, "Contacts", "name", "Jane A");
    b.set(two, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    let conflicts = b.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    let values = conflicts[0].candidates.iter();
    let mut values: Vec<_> = values.map(|one| one.value.to_text()).collect();
    values.sort();
    assert_eq!(values, ["Jane A", "Jane B"]);
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn merges_of_two_records_into_each_other_end_alike_everywhere() {
    let mut a = people();
    let one = a.record("Contacts", &[("name", text("One"))]);
    let two = a.record("Contacts", &[("name", text("Two"))]);
    let three = a.record("Contacts", &[("name", text("Three"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    merge(&mut a, one, two);
    merge(&mut b, two, one);
    merge(&mut b, three, two);
    sync(&mut a, &mut b);
    let root = a.snapshot().root(one);
    for id in [one, two, three] {
        assert_eq!((a.snapshot().root(id), b.snapshot().root(id)), (root, root));
    }
    assert_eq!(a.list("Contacts").records.len(), 1);
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn split_takes_a_merge_back_with_the_values_of_each() {
    let mut a = people();
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    let role = a.record("Cast", &[("role", text("Isolde"))]);
    merge(&mut a, jane, role);
    a.execute(Command::SplitRecord {
        source: jane,
        part: Part::Tables(vec!["Cast".to_owned()]),
    });
    assert_eq!(a.snapshot().root(role), role);
    assert_eq!(a.list("Cast").records[0].0, role);
    assert_eq!(a.list("Contacts").records.len(), 1);
    a.assert_sound();
}

#[test]
fn record_of_two_tables_is_split_into_two_records() {
    let mut a = people();
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    a.execute(Command::AttachRecord {
        entity: jane,
        table: "Cast".to_owned(),
        fields: vec![("role".to_owned(), text("Isolde"))],
    });
    let new = a
        .execute(Command::SplitRecord {
            source: jane,
            part: Part::Tables(vec!["Cast".to_owned()]),
        })
        .created[0];
    assert_eq!(a.value(new, "Cast", "role"), text("Isolde"));
    assert_eq!(a.list("Cast").records[0].0, new);
    assert_eq!(a.list("Contacts").records[0].0, jane);
    let nothing_left = a.try_execute(Command::SplitRecord {
        source: jane,
        part: Part::Tables(vec!["Contacts".to_owned()]),
    });
    assert!(matches!(nothing_left, Err(CommandError::NothingLeft { .. })));
}

#[test]
fn deletion_and_restoration_reach_all_names() {
    let mut a = people();
    let one = a.record("Contacts", &[("name", text("Jane"))]);
    let two = a.record("Contacts", &[("name", text("Jane"))]);
    merge(&mut a, one, two);
    a.execute(Command::DeleteRecord { entity: two });
    assert!(a.list("Contacts").records.is_empty());
    a.execute(Command::RestoreRecord { entity: one });
    assert_eq!(a.list("Contacts").records.len(), 1);
    a.assert_sound();
}

#[test]
fn edges_of_an_absorbed_record_are_the_survivors() {
    let mut a = people();
    let one = a.record("Contacts", &[("name", text("Jane"))]);
    let two = a.record("Contacts", &[("name", text("J."))]);
    let role = a.record("Cast", &[("role", text("Isolde"))]);
    a.execute(Command::CreateEdge(NewEdge {
        source: two,
        target: role,
        edge_type: "plays".to_owned(),
        properties: vec![("since".to_owned(), Value::Integer(2020))],
        ordered: None,
    }));
    merge(&mut a, one, two);
    let edges = a.snapshot().edges(one, Direction::Outgoing, None).unwrap();
    assert_eq!((edges.len(), edges[0].ends.source), (1, one));
}

#[test]
fn wrong_merges_and_splits_are_refused_by_name() {
    let mut a = people();
    let one = a.record("Contacts", &[]);
    let two = a.record("Contacts", &[]);
    let merged =
        |a: &mut Device, survivor, absorbed| a.try_execute(Command::MergeRecords { survivor, absorbed });
    assert!(matches!(
        merged(&mut a, one, one),
        Err(CommandError::AlreadyOne { .. })
    ));
    let not_merged = a.try_execute(Command::SplitRecord {
        source: one,
        part: Part::Name(two),
    });
    assert!(matches!(not_merged, Err(CommandError::NotMerged { .. })));
    merge(&mut a, one, two);
    assert!(matches!(
        merged(&mut a, two, one),
        Err(CommandError::AlreadyOne { .. })
    ));
    a.execute(Command::DeleteRecord { entity: one });
    let three = a.record("Contacts", &[]);
    assert!(matches!(
        merged(&mut a, three, one),
        Err(CommandError::Deleted { .. })
    ));
}
