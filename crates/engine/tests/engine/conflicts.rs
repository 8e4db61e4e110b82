//! Writes that passed each other.

use openprod_core::{EntityId, FieldType, Value};
use openprod_engine::conflicts::{Conflict, ConflictKind};
use openprod_engine::{Command, CommandError, Decision};

use crate::device::{Device, sync, text};

/// Two devices that are in step, and a record that both have.
fn pair() -> (Device, Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Contacts",
        &[("name", FieldType::Text), ("email", FieldType::Text)],
    );
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    (a, b, jane)
}

fn only_conflict(device: &Device) -> Conflict {
    let mut conflicts = device.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    conflicts.remove(0)
}

fn values(conflict: &Conflict) -> Vec<String> {
    conflict
        .candidates
        .iter()
        .map(|candidate| candidate.value.to_text())
        .collect()
}

#[test]
fn concurrent_edits_of_one_field_are_a_conflict_on_both() {
    let (mut a, mut b, jane) = pair();
    a.set(jane, "Contacts", "name", "Jane A");
    b.set(jane, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    let (on_a, on_b) = (only_conflict(&a), only_conflict(&b));
    assert_eq!(on_a, on_b);
    let mut both = values(&on_a);
    assert_eq!(a.value(jane, "Contacts", "name").to_text(), both[on_a.shown]);
    both.sort();
    assert_eq!(both, ["Jane A", "Jane B"]);
    let actors: Vec<_> = on_a.candidates.iter().map(|candidate| candidate.actor).collect();
    assert!(actors.contains(&a.engine.actor()) && actors.contains(&b.engine.actor()));
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn later_edit_that_saw_the_earlier_one_is_no_conflict() {
    let (mut a, mut b, jane) = pair();
    a.set(jane, "Contacts", "name", "Jane A");
    sync(&mut a, &mut b);
    b.set(jane, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane B"));
}

#[test]
fn different_fields_do_not_conflict_and_neither_do_equal_values() {
    let (mut a, mut b, jane) = pair();
    a.set(jane, "Contacts", "name", "Jane Doe");
    b.set(jane, "Contacts", "name", "Jane Doe");
    b.set(jane, "Contacts", "email", "jane@co");
    sync(&mut a, &mut b);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.value(jane, "Contacts", "email"), text("jane@co"));
}

#[test]
fn picking_a_value_settles_it_everywhere() {
    let (mut a, mut b, jane) = pair();
    a.set(jane, "Contacts", "name", "Jane A");
    b.set(jane, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    let conflict = only_conflict(&a);
    let picked = conflict
        .candidates
        .iter()
        .find(|candidate| candidate.value == text("Jane A"))
        .unwrap();
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Pick(picked.op_id),
    });
    sync(&mut a, &mut b);
    assert!(b.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(b.value(jane, "Contacts", "name"), text("Jane A"));
    let again = Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Value(text("x")),
    };
    assert!(matches!(
        a.try_execute(again),
        Err(CommandError::UnknownConflict { .. })
    ));
    a.assert_sound();
}

#[test]
fn late_edit_reopens_resolved_conflict() {
    let (mut a, mut b, jane) = pair();
    let mut c = Device::joiner(3);
    c.pull(&a);
    a.set(jane, "Contacts", "name", "Jane A");
    b.set(jane, "Contacts", "name", "Jane B");
    c.set(jane, "Contacts", "name", "Jane C");
    sync(&mut a, &mut b);
    let conflict = only_conflict(&a);
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Value(text("Jane")),
    });
    sync(&mut a, &mut c);
    let reopened = only_conflict(&a);
    assert_eq!(reopened.id, conflict.id);
    let mut both = values(&reopened);
    both.sort();
    assert_eq!(both, ["Jane", "Jane C"]);
    sync(&mut a, &mut b);
    assert_eq!(only_conflict(&b), reopened);
    b.assert_sound();
}

#[test]
fn delete_against_edit_is_a_conflict_and_loses_nothing() {
    let (mut a, mut b, jane) = pair();
    a.execute(Command::DeleteRecord { entity: jane });
    b.set(jane, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    let conflict = only_conflict(&a);
    assert_eq!(conflict.key.kind, ConflictKind::Deletion);
    assert_eq!(conflict, only_conflict(&b));
    assert_eq!(a.list("Contacts").total, 0);
    a.execute(Command::RestoreRecord { entity: jane });
    sync(&mut a, &mut b);
    assert!(b.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(b.value(jane, "Contacts", "name"), text("Jane B"));
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn deleting_again_settles_delete_against_edit() {
    let (mut a, mut b, jane) = pair();
    a.execute(Command::DeleteRecord { entity: jane });
    b.set(jane, "Contacts", "name", "Jane B");
    sync(&mut a, &mut b);
    b.execute(Command::DeleteRecord { entity: jane });
    sync(&mut a, &mut b);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.list("Contacts").total, 0);
}

#[test]
fn table_renamed_by_two_is_a_conflict_like_any_other() {
    let (mut a, mut b, _) = pair();
    let rename = |name: &str| Command::UpdateTable {
        table: "Contacts".into(),
        name: Some(name.into()),
        add_fields: Vec::new(),
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    };
    a.execute(rename("People"));
    b.execute(rename("Company"));
    sync(&mut a, &mut b);
    let conflict = only_conflict(&a);
    assert_eq!(conflict, only_conflict(&b));
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Value(text("Company")),
    });
    sync(&mut a, &mut b);
    assert!(b.snapshot().schema().find("Company").is_some());
}

#[test]
fn tables_of_one_name_made_apart_are_told_apart() {
    let (mut a, mut b, _) = pair();
    a.table("Cast", &[("role", FieldType::Text)]);
    b.table("Cast", &[("part", FieldType::Text)]);
    sync(&mut a, &mut b);
    let names = |device: &Device| -> Vec<_> {
        device
            .snapshot()
            .schema()
            .tables
            .iter()
            .map(|table| table.name.clone())
            .collect()
    };
    assert_eq!(names(&a), names(&b));
    let cast: Vec<_> = names(&a)
        .into_iter()
        .filter(|name| name.starts_with("Cast"))
        .collect();
    assert_eq!(cast[0], "Cast");
    assert!(cast[1].starts_with("Cast ~"), "{cast:?}");
}

#[test]
fn three_ways_are_three_values() {
    let (mut a, mut b, jane) = pair();
    let mut c = Device::joiner(3);
    c.pull(&a);
    for (device, name) in [(&mut a, "A"), (&mut b, "B"), (&mut c, "C")] {
        device.set(jane, "Contacts", "name", name);
    }
    sync(&mut a, &mut b);
    sync(&mut a, &mut c);
    let mut all = values(&only_conflict(&a));
    all.sort();
    assert_eq!(all, ["A", "B", "C"]);
    assert_eq!(
        a.value(jane, "Contacts", "name"),
        Value::Text(values(&only_conflict(&c))[2].clone())
    );
}
