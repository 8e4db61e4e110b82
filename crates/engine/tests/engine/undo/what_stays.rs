//! What is left as it is, and named: others have built on it.

use crate::device::{Device, sync, text};
use openprod_core::Value;
use openprod_engine::row::CellKey;
use openprod_engine::{Command, CommandError, Decision, Part, SkipReason, Skipped, Subject};

use super::*;

#[test]
fn what_others_edited_since_stays_and_is_named() {
    let (mut a, mut b, jane) = pair();
    let both = a.execute(update(jane, &[("name", "1"), ("email", "1@co")]));
    sync(&mut a, &mut b);
    b.execute(update(jane, &[("name", "Theirs")]));
    sync(&mut a, &mut b);
    let name = a
        .snapshot()
        .schema()
        .find("Contacts")
        .unwrap()
        .field("name")
        .unwrap()
        .id;
    let undone = a.execute(Command::Undo);
    assert_eq!(undone.taken_back.unwrap().bundle, both.bundle_id.unwrap());
    assert_eq!(
        undone.skipped,
        [Skipped {
            subject: Some(Subject::Entity(jane)),
            cell: Some(CellKey::Field(name)),
            reason: SkipReason::EditedSince,
            actor: Some(b.engine.actor()),
        }]
    );
    assert_eq!(a.value(jane, "Contacts", "name"), text("Theirs"));
    assert_eq!(a.value(jane, "Contacts", "email"), Value::Empty);
}

#[test]
fn what_is_in_conflict_stays_and_is_named() {
    let (mut a, mut b, jane) = pair();
    a.execute(update(jane, &[("name", "A"), ("email", "a@co")]));
    b.execute(update(jane, &[("name", "B")]));
    sync(&mut a, &mut b);
    let undone = a.execute(Command::Undo);
    let skipped: Vec<_> = undone.skipped.iter().map(|one| (one.reason, one.actor)).collect();
    assert_eq!(skipped, [(SkipReason::InConflict, Some(b.engine.actor()))]);
    assert_eq!(a.snapshot().conflicts().unwrap().len(), 1);
}

#[test]
fn decision_of_a_conflict_taken_back_opens_it_again() {
    let (mut a, mut b, jane) = pair();
    a.execute(update(jane, &[("name", "A")]));
    b.execute(update(jane, &[("name", "B")]));
    sync(&mut a, &mut b);
    let values = |device: &Device| -> Vec<Vec<Value>> {
        let conflicts = device.snapshot().conflicts().unwrap().into_iter();
        conflicts
            .map(|conflict| conflict.candidates.into_iter().map(|tip| tip.value).collect())
            .collect()
    };
    let (open, conflict) = (values(&a), a.snapshot().conflicts().unwrap().remove(0).id);
    let decision = Decision::Value(text("C"));
    a.execute(Command::ResolveConflict { conflict, decision });
    for _ in 0..2 {
        assert!(values(&a).is_empty());
        a.execute(Command::Undo);
        sync(&mut a, &mut b);
        assert_eq!((values(&a), values(&b)), (open.clone(), open.clone()));
        assert_eq!(a.snapshot().conflicts().unwrap()[0].id, conflict);
        assert!(a.execute(Command::Redo).skipped.is_empty());
        assert_eq!(a.value(jane, "Contacts", "name"), text("C"));
    }
    // What is open again is nobody's alone: undoing one side of it would decide it.
    a.execute(Command::Undo);
    let undone = a.execute(Command::Undo);
    let reasons: Vec<_> = undone.skipped.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [SkipReason::InConflict]);
    sync(&mut a, &mut b);
    assert_eq!((values(&a), values(&b)), (open.clone(), open));
    // It can be decided again, by anybody.
    let decision = Decision::Value(text("D"));
    b.execute(Command::ResolveConflict { conflict, decision });
    sync(&mut a, &mut b);
    assert!(values(&a).is_empty() && values(&b).is_empty());
    assert_eq!(a.value(jane, "Contacts", "name"), text("D"));
    a.assert_sound();
}

#[test]
fn record_that_others_wrote_to_is_not_unmade() {
    let (mut a, mut b, _) = pair();
    let made = a.record("Contacts", &[("name", text("New"))]);
    let other = a.record("Contacts", &[("name", text("Other"))]);
    sync(&mut a, &mut b);
    b.execute(update(made, &[("email", "n@co")]));
    sync(&mut a, &mut b);
    a.execute(Command::Undo);
    assert!(a.snapshot().row(other).unwrap().unwrap().is_deleted());
    let undone = a.execute(Command::Undo);
    assert_eq!((undone.taken_back, undone.bundle_id), (None, None));
    assert_eq!(undone.skipped[0].reason, SkipReason::EditedSince);
    assert_eq!(undone.skipped[0].actor, Some(b.engine.actor()));
    assert!(!a.snapshot().row(made).unwrap().unwrap().is_deleted());
}

#[test]
fn what_was_deleted_since_is_left_alone() {
    let (mut a, mut b, jane) = pair();
    let edit = a.execute(update(jane, &[("name", "1")])).bundle_id.unwrap();
    sync(&mut a, &mut b);
    b.execute(Command::DeleteRecord { entity: jane });
    sync(&mut a, &mut b);
    let refused = a.try_execute(Command::Revert { bundle: edit }).unwrap_err();
    let CommandError::NothingTakenBack { skipped, .. } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(skipped[0].reason, SkipReason::Gone);
    assert_eq!(skipped[0].actor, Some(b.engine.actor()));
    assert!(refused.to_string().contains("deleted since"), "{refused}");
}

#[test]
fn merge_that_was_split_since_is_not_taken_back_twice() {
    let (mut a, _, jane) = pair();
    let other = a.record("Contacts", &[("name", text("J"))]);
    let merge = a.execute(Command::MergeRecords {
        survivor: jane,
        absorbed: other,
    });
    a.execute(Command::SplitRecord {
        source: jane,
        part: Part::Name(other),
    });
    let bundle = merge.bundle_id.unwrap();
    assert!(matches!(
        a.try_execute(Command::Revert { bundle }),
        Err(CommandError::NothingTakenBack { skipped, .. }) if skipped[0].reason == SkipReason::EditedSince
    ));
}

#[test]
fn record_is_left_in_some_table() {
    let (mut a, mut b, jane) = pair();
    let attached = a.execute(Command::AttachRecord {
        entity: jane,
        table: "Cast".into(),
        fields: Vec::new(),
    });
    sync(&mut a, &mut b);
    b.execute(Command::DetachRecord {
        entity: jane,
        table: "Contacts".into(),
    });
    sync(&mut a, &mut b);
    let bundle = attached.bundle_id.unwrap();
    assert!(matches!(
        a.try_execute(Command::Revert { bundle }),
        Err(CommandError::NothingTakenBack { skipped, .. }) if skipped[0].reason == SkipReason::OnlyTable
    ));
}

#[test]
fn workspace_itself_and_unknown_bundles_are_not_taken_back() {
    let (mut a, _, _) = pair();
    let founding = a.bundles()[0].id();
    assert!(matches!(
        a.try_execute(Command::Revert { bundle: founding }),
        Err(CommandError::NothingTakenBack { skipped, .. }) if skipped[0].reason == SkipReason::Founding
    ));
    let unknown = openprod_core::BundleId::from_u128(1 << 20);
    assert!(matches!(
        a.try_execute(Command::Revert { bundle: unknown }),
        Err(CommandError::UnknownBundle { .. })
    ));
}

#[test]
fn emptied_name_of_a_merged_record_shows_what_the_others_hold() {
    let (mut a, _, jane) = pair();
    let other = a.record("Contacts", &[("email", text("old@co"))]);
    a.execute(Command::MergeRecords {
        survivor: jane,
        absorbed: other,
    });
    a.execute(update(jane, &[("email", "new@co")]));
    a.execute(Command::Undo);
    assert_eq!(a.value(jane, "Contacts", "email"), text("old@co"));
    assert!(a.snapshot().conflicts().unwrap().is_empty());
}

#[test]
fn facts_and_texts_are_named_and_stay() {
    let (mut a, _, jane) = pair();
    let field = a.snapshot().schema().find("Contacts").unwrap().fields[0].id;
    let facet = a.snapshot().schema().find("Contacts").unwrap().id;
    let forged = a.forged(vec![
        openprod_core::operation::RecordFact {
            fact_type: "cue.called".into(),
            payload: b"{}".to_vec(),
            streams: Vec::new(),
            metadata: Vec::new(),
        }
        .into(),
        openprod_core::operation::SetCrdtField {
            entity: jane,
            facet,
            field,
            session: 1,
            delta: vec![0, 0],
        }
        .into(),
    ]);
    let bundle = forged.id();
    a.receive(&[forged]);
    let refused = a.try_execute(Command::Revert { bundle }).unwrap_err();
    let CommandError::NothingTakenBack { skipped, .. } = refused else {
        panic!("{refused}")
    };
    let reasons: Vec<_> = skipped.iter().map(|one| one.reason).collect();
    assert_eq!(reasons, [SkipReason::Text, SkipReason::Fact]);
}

#[test]
fn two_who_undo_at_once_end_with_one_state() {
    let (mut a, mut b, jane) = pair();
    a.execute(update(jane, &[("name", "A")]));
    sync(&mut a, &mut b);
    b.execute(update(jane, &[("email", "b@co")]));
    sync(&mut a, &mut b);
    a.execute(Command::Undo);
    b.execute(Command::Undo);
    sync(&mut a, &mut b);
    assert_eq!(look(&a), look(&b));
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
    assert_eq!(a.value(jane, "Contacts", "email"), Value::Empty);
    // Both take the same bundle back: what they write is the same, and no conflict.
    let shared = a.execute(update(jane, &[("name", "Shared")])).bundle_id.unwrap();
    sync(&mut a, &mut b);
    a.execute(Command::Revert { bundle: shared });
    b.execute(Command::Revert { bundle: shared });
    sync(&mut a, &mut b);
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    a.assert_sound();
    b.assert_sound();
}
