//! What undo and redo would do next.

use crate::device::{Device, sync, text};
use openprod_core::{CommandId, Value};
use openprod_engine::{Command, CommandError, Envelope, Request, Undoable};

use super::*;

#[test]
fn new_edit_ends_what_could_be_redone() {
    let (mut a, _, jane) = pair();
    a.execute(update(jane, &[("name", "1")]));
    a.execute(update(jane, &[("name", "2")]));
    a.execute(Command::Undo);
    a.execute(update(jane, &[("email", "j@co")]));
    assert_eq!(stack(&a).redo, None);
    assert!(matches!(
        a.try_execute(Command::Redo),
        Err(CommandError::NothingToRedo)
    ));
    // Nor does undoing that edit bring it back.
    a.execute(Command::Undo);
    a.execute(Command::Redo);
    assert!(matches!(
        a.try_execute(Command::Redo),
        Err(CommandError::NothingToRedo)
    ));
    a.execute(Command::Undo);
    a.execute(Command::Undo);
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
}

#[test]
fn stack_outlives_a_restart() {
    let (mut a, _, jane) = pair();
    a.execute(update(jane, &[("name", "1")]));
    a.execute(update(jane, &[("name", "2")]));
    a.execute(Command::Undo);
    let before = stack(&a);
    assert!(before.undo.is_some() && before.redo.is_some());
    let store = a.store.reopen();
    a.reopen(store);
    assert_eq!(stack(&a), before);
    a.execute(Command::Redo);
    assert_eq!(a.value(jane, "Contacts", "name"), text("2"));
    a.execute(Command::Undo);
    a.execute(Command::Undo);
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
}

#[test]
fn undo_that_takes_nothing_back_says_so_and_is_passed_over() {
    let (mut a, mut b, jane) = pair();
    a.execute(update(jane, &[("email", "1@co")]));
    a.execute(update(jane, &[("name", "1")]));
    sync(&mut a, &mut b);
    b.execute(update(jane, &[("name", "Theirs")]));
    sync(&mut a, &mut b);
    let envelope = Envelope {
        command_id: Some(CommandId::from_u128(7)),
        source: "test".into(),
        ..Envelope::default()
    };
    let undo = Request {
        envelope,
        ..Request::new("test", Command::Undo)
    };
    let now = a.tick();
    let (nothing, news) = a.engine.execute(&undo, now).unwrap();
    assert_eq!((nothing.bundle_id, &nothing.taken_back), (None, &None));
    assert_eq!(nothing.skipped.len(), 1);
    assert!(news.bundles.is_empty());
    assert_eq!(news.undo_stack, Some(stack(&a)));
    let store = a.store.reopen();
    a.reopen(store);
    let now = a.tick();
    let (again, news) = a.engine.execute(&undo, now).unwrap();
    assert_eq!(again, nothing, "the same command again");
    assert!(news.is_empty());
    a.execute(Command::Undo);
    assert_eq!(a.value(jane, "Contacts", "email"), Value::Empty);
    assert_eq!(a.value(jane, "Contacts", "name"), text("Theirs"));
}

#[test]
fn same_undo_again_gives_the_same_outcome_and_does_nothing() {
    let (mut a, mut b, jane) = pair();
    a.execute(update(jane, &[("name", "1"), ("email", "1@co")]));
    sync(&mut a, &mut b);
    b.execute(update(jane, &[("name", "Theirs")]));
    sync(&mut a, &mut b);
    let mut undo = Request::new("test", Command::Undo);
    undo.envelope.command_id = Some(CommandId::from_u128(9));
    let now = a.tick();
    let (first, news) = a.engine.execute(&undo, now).unwrap();
    assert_eq!(news.bundles.len(), 1);
    let (second, news) = a.engine.execute(&undo, now).unwrap();
    assert_eq!(first, second);
    assert_eq!(first.skipped.len(), 1);
    assert!(news.is_empty());
}

#[test]
fn another_persons_bundle_can_be_reverted_but_not_undone() {
    let (mut a, mut b, jane) = pair();
    let theirs = b.execute(update(jane, &[("name", "Theirs")])).bundle_id.unwrap();
    sync(&mut a, &mut b);
    let top = stack(&a).undo.unwrap();
    assert_eq!(top.command_type, "records.create");
    let reverted = a.execute(Command::Revert { bundle: theirs });
    assert_eq!(reverted.taken_back.unwrap().command_type, "records.update");
    assert_eq!(a.value(jane, "Contacts", "name"), text("Jane"));
    assert_eq!(stack(&a).undo.unwrap().command_type, "history.revert");
    a.execute(Command::Undo);
    assert_eq!(a.value(jane, "Contacts", "name"), text("Theirs"));
    sync(&mut a, &mut b);
    assert_eq!(stack(&b).undo.unwrap().what, Undoable::Bundle(theirs));
}

#[test]
fn news_tell_what_can_be_undone() {
    let (mut a, mut b, jane) = pair();
    let now = a.tick();
    let (outcome, news) = a
        .engine
        .execute(&Request::new("test", update(jane, &[("name", "1")])), now)
        .unwrap();
    let told = news.undo_stack.unwrap();
    assert_eq!(told, stack(&a));
    assert_eq!(
        told.undo.unwrap().what,
        Undoable::Bundle(outcome.bundle_id.unwrap())
    );
    let now = a.tick();
    let (_, news) = a
        .engine
        .execute(&Request::new("test", Command::Undo), now)
        .unwrap();
    let told = news.undo_stack.unwrap();
    assert_eq!(told, stack(&a));
    assert_eq!(told.redo.unwrap().command_type, "records.update");
    let (_, news) = b.receive(&a.bundles());
    assert_eq!(news.undo_stack, None, "what others do is not undone here");
}

#[test]
fn edits_of_a_draft_are_undone_in_the_draft() {
    use openprod_engine::OverlayCommand;
    let (mut a, _, jane) = pair();
    a.execute(Command::Overlay(OverlayCommand::Create { name: "Plan".into() }));
    let draft = |a: &Device| shown(&a.engine.snapshots().view().unwrap());
    let before = draft(&a);
    assert_eq!(stack(&a).undo, None);
    a.execute(update(jane, &[("name", "Staged")]));
    let after = draft(&a);
    assert_ne!(before, after);
    assert!(matches!(stack(&a).undo.unwrap().what, Undoable::Edit(..)));
    let bundles = a.bundles().len();
    a.execute(Command::Undo);
    assert_eq!(draft(&a), before);
    assert!(matches!(
        a.try_execute(Command::Undo),
        Err(CommandError::NothingToUndo)
    ));
    a.execute(Command::Redo);
    assert_eq!(draft(&a), after);
    assert!(matches!(
        a.try_execute(Command::Redo),
        Err(CommandError::NothingToRedo)
    ));
    assert_eq!(a.bundles().len(), bundles);
}
