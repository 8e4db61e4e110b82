//! Field mappings: one semantic field under several names.

use openprod_core::{EntityId, FieldType};
use openprod_engine::{Command, CommandError, Decision, FieldName};

use crate::device::{Device, sync, text};

fn show() -> (Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Contacts",
        &[("name", FieldType::Text), ("age", FieldType::Integer)],
    );
    a.table("Cast", &[("full name", FieldType::Text)]);
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    a.execute(Command::AttachRecord {
        entity: jane,
        table: "Cast".to_owned(),
        fields: Vec::new(),
    });
    (a, jane)
}

fn named(table: &str, field: &str) -> FieldName {
    FieldName {
        table: table.to_owned(),
        field: field.to_owned(),
    }
}

fn confirm(device: &mut Device) {
    device.execute(Command::ConfirmMapping {
        a: named("Contacts", "name"),
        b: named("Cast", "full name"),
    });
}

#[test]
fn mapped_fields_read_and_write_as_one() {
    let (mut a, jane) = show();
    confirm(&mut a);
    assert_eq!(a.value(jane, "Cast", "full name"), text("Jane"));
    a.set(jane, "Cast", "full name", "Jane Doe");
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane Doe"));
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    a.assert_sound();
}

#[test]
fn values_that_differed_when_the_mapping_was_confirmed_are_a_conflict() {
    let (mut a, jane) = show();
    a.set(jane, "Cast", "full name", "J. Doe");
    confirm(&mut a);
    let conflict = a.snapshot().conflicts().unwrap().remove(0);
    assert_eq!(conflict.candidates.len(), 2);
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Pick(conflict.candidates[0].op_id),
    });
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.value(jane, "Cast", "full name"), text("Jane"));
    a.assert_sound();
}

#[test]
fn edits_of_two_mapped_fields_made_apart_are_one_conflict() {
    let (mut a, jane) = show();
    confirm(&mut a);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    a.set(jane, "Contacts", "name", "A");
    b.set(jane, "Cast", "full name", "B");
    sync(&mut a, &mut b);
    let conflicts = b.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].candidates.len(), 2);
    b.execute(Command::ResolveConflict {
        conflict: conflicts[0].id,
        decision: Decision::Value(text("C")),
    });
    sync(&mut a, &mut b);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    assert_eq!(a.value(jane, "Contacts", "name"), text("C"));
    assert_eq!(a.value(jane, "Cast", "full name"), text("C"));
}

#[test]
fn edit_by_someone_who_had_not_seen_the_mapping_conflicts_with_what_was_mapped() {
    let (mut a, jane) = show();
    a.set(jane, "Cast", "full name", "Jane");
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    confirm(&mut a);
    b.set(jane, "Cast", "full name", "Janet");
    sync(&mut a, &mut b);
    let conflicts = a.snapshot().conflicts().unwrap();
    assert_eq!(conflicts.len(), 1);
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn rejection_takes_a_confirmation_back() {
    let (mut a, jane) = show();
    confirm(&mut a);
    a.execute(Command::RejectMapping {
        a: named("Cast", "full name"),
        b: named("Contacts", "name"),
    });
    a.set(jane, "Cast", "full name", "J.");
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    a.assert_sound();
}

#[test]
fn fields_that_cannot_be_one_are_refused_with_the_reason() {
    let (mut a, _) = show();
    let refused =
        |a: &mut Device, one, other| match a.try_execute(Command::ConfirmMapping { a: one, b: other }) {
            Err(CommandError::Unmappable { problem, .. }) => problem,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        refused(&mut a, named("Contacts", "age"), named("Cast", "full name")),
        "have different types"
    );
    assert_eq!(
        refused(&mut a, named("Contacts", "age"), named("Contacts", "name")),
        "are in the same table"
    );
    confirm(&mut a);
    assert_eq!(
        refused(&mut a, named("Cast", "full name"), named("Contacts", "name")),
        "are one already"
    );
}
