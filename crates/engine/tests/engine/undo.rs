//! Taking back what was done, where it still stands.

use std::collections::BTreeMap;

use openprod_core::{CommandId, EdgeId, EntityId, FieldType, Value};
use openprod_engine::edge::Direction;
use openprod_engine::query::{ListRequest, list};
use openprod_engine::row::CellKey;
use openprod_engine::{
    Between, Command, CommandError, Decision, Envelope, FieldName, NewEdge, NewField, Outcome, Part, Request,
    SkipReason, Skipped, Snapshot, Subject, UndoStack, Undoable,
};
use proptest::prelude::*;

use crate::device::{Device, sync, text};

/// All that a person sees: tables, fields, records and edges in their order.
pub(crate) fn shown(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = vec![format!("workspace {}", snapshot.schema().workspace_name)];
    let mut entities: BTreeMap<EntityId, ()> = BTreeMap::new();
    for table in &snapshot.schema().tables {
        lines.push(format!("{} {}", table.id, table.name));
        // Where a table or field stands among its likes depends on when it was restored.
        let fields = table.fields.iter();
        lines.extend(fields.map(|field| format!("{} {field:?}", table.id)));
        let request = ListRequest {
            table: table.id.entity_text(),
            limit: 1_000,
            ..ListRequest::default()
        };
        for (entity, row) in list(snapshot, &request).unwrap().records {
            let values: Vec<_> = table
                .fields
                .iter()
                .map(|field| (field.name.clone(), row.field(field.id).clone()))
                .filter(|(_, value)| *value != Value::Empty)
                .collect();
            lines.push(format!("{} {entity} {values:?}", table.name));
            entities.insert(entity, ());
        }
    }
    lines.sort();
    for entity in entities.keys() {
        for edge in snapshot.edges(*entity, Direction::Outgoing, None).unwrap() {
            let properties: Vec<_> = edge.properties().collect();
            lines.push(format!("{entity} {} {:?} {properties:?}", edge.id, edge.ends));
        }
    }
    for mapping in snapshot.synonyms().mappings.confirmed() {
        lines.push(format!("{mapping:?}"));
    }
    lines
}

trait EntityText {
    fn entity_text(self) -> String;
}

impl EntityText for openprod_core::FacetId {
    fn entity_text(self) -> String {
        EntityId::from_bytes(*self.as_bytes()).to_string()
    }
}

fn look(device: &Device) -> Vec<String> {
    shown(&device.snapshot())
}

fn stack(device: &Device) -> UndoStack {
    device.snapshot().undo_stack().unwrap()
}

fn pair() -> (Device, Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Contacts",
        &[("name", FieldType::Text), ("email", FieldType::Text)],
    );
    a.table("Cast", &[("alias", FieldType::Text)]);
    let jane = a.record("Contacts", &[("name", text("Jane"))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    (a, b, jane)
}

fn update(entity: EntityId, fields: &[(&str, &str)]) -> Command {
    Command::UpdateRecord {
        entity,
        table: "Contacts".into(),
        fields: fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), text(value)))
            .collect(),
    }
}

fn relate(source: EntityId, target: EntityId, ordered: Option<Between>) -> Command {
    Command::CreateEdge(NewEdge {
        source,
        target,
        edge_type: "knows".into(),
        properties: vec![("since".into(), text("1999"))],
        ordered,
    })
}

fn field(table: &str, field: &str) -> FieldName {
    FieldName {
        table: table.into(),
        field: field.into(),
    }
}

fn alter(add: &[&str], rename: &[(&str, &str)], remove: &[&str]) -> Command {
    Command::UpdateTable {
        table: "Contacts".into(),
        name: None,
        add_fields: add
            .iter()
            .map(|name| NewField::new(name, FieldType::Text))
            .collect(),
        rename_fields: rename
            .iter()
            .map(|(from, to)| ((*from).into(), (*to).into()))
            .collect(),
        remove_fields: remove.iter().map(|name| (*name).into()).collect(),
    }
}

/// Undoes and redoes a command: both show again what was shown.
fn back_and_forth(device: &mut Device, command: Command) -> Outcome {
    let name = command.name();
    let before = look(device);
    let outcome = device.execute(command);
    let after = look(device);
    assert_ne!(before, after, "{name} is seen");
    let undone = device.execute(Command::Undo);
    assert_eq!(look(device), before, "{name} undone");
    assert_eq!(undone.skipped, [], "{name}");
    let taken = undone.taken_back.unwrap();
    assert_eq!(taken.bundle, outcome.bundle_id.unwrap());
    assert_eq!(taken.command_type, name);
    let redone = device.execute(Command::Redo);
    assert_eq!(look(device), after, "{name} redone");
    assert_eq!(redone.taken_back.unwrap().command_type, name);
    device.execute(Command::Undo);
    assert_eq!(look(device), before, "{name} undone again");
    device.execute(Command::Redo);
    assert_eq!(look(device), after, "{name} redone again");
    outcome
}

#[test]
fn every_command_can_be_undone_and_redone() {
    let (mut a, mut b, jane) = pair();
    back_and_forth(
        &mut a,
        Command::NameWorkspace {
            name: "Autumn".into(),
        },
    );
    back_and_forth(
        &mut a,
        Command::CreateTable {
            name: "Venues".into(),
            fields: vec![NewField::new("hall", FieldType::Text)],
        },
    );
    back_and_forth(&mut a, alter(&["phone"], &[("email", "mail")], &[]));
    back_and_forth(&mut a, alter(&[], &[], &["phone"]));
    let made = back_and_forth(
        &mut a,
        Command::CreateRecords {
            table: "Contacts".into(),
            records: (0..3)
                .map(|n| vec![("name".into(), text(&n.to_string()))])
                .collect(),
        },
    );
    let [x, y, z] = made.created[..] else {
        panic!("three were made")
    };
    back_and_forth(&mut a, update(x, &[("name", "X"), ("mail", "x@co")]));
    back_and_forth(
        &mut a,
        Command::AttachRecord {
            entity: x,
            table: "Cast".into(),
            fields: vec![("alias".into(), text("Ex"))],
        },
    );
    back_and_forth(
        &mut a,
        Command::DetachRecord {
            entity: x,
            table: "Contacts".into(),
        },
    );
    a.execute(Command::Undo);
    back_and_forth(&mut a, relate(jane, x, None));
    let first = back_and_forth(&mut a, relate(jane, y, Some(Between::default()))).edges[0];
    let second = back_and_forth(&mut a, relate(jane, z, Some(Between::default()))).edges[0];
    back_and_forth(
        &mut a,
        Command::MoveEdge {
            edge: second,
            between: Between {
                after: None,
                before: Some(first),
            },
        },
    );
    back_and_forth(
        &mut a,
        Command::UpdateEdge {
            edge: first,
            properties: vec![("since".into(), text("2001")), ("where".into(), text("Oslo"))],
        },
    );
    back_and_forth(&mut a, Command::DeleteEdge { edge: first });
    back_and_forth(&mut a, Command::RestoreEdge { edge: first });
    back_and_forth(
        &mut a,
        Command::SplitRecord {
            source: x,
            part: Part::Tables(vec!["Cast".into()]),
        },
    );
    back_and_forth(
        &mut a,
        Command::MergeRecords {
            survivor: y,
            absorbed: z,
        },
    );
    back_and_forth(&mut a, update(z, &[("mail", "both@co")]));
    back_and_forth(
        &mut a,
        Command::SplitRecord {
            source: y,
            part: Part::Name(z),
        },
    );
    let map = |reject: bool| {
        let (a, b) = (field("Contacts", "name"), field("Cast", "alias"));
        if reject {
            Command::RejectMapping { a, b }
        } else {
            Command::ConfirmMapping { a, b }
        }
    };
    back_and_forth(&mut a, map(false));
    back_and_forth(&mut a, map(true));
    back_and_forth(&mut a, Command::DeleteRecord { entity: y });
    back_and_forth(&mut a, Command::RestoreRecord { entity: y });
    let table = a.snapshot().schema().find("Contacts").unwrap().id;
    back_and_forth(
        &mut a,
        Command::DeleteTable {
            table: "Contacts".into(),
        },
    );
    back_and_forth(
        &mut a,
        Command::RestoreTable {
            table: EntityId::from_bytes(*table.as_bytes()),
        },
    );
    sync(&mut a, &mut b);
    a.execute(update(jane, &[("name", "Jane A")]));
    b.execute(update(jane, &[("name", "Jane B")]));
    sync(&mut a, &mut b);
    let conflict = a.snapshot().conflicts().unwrap().remove(0).id;
    back_and_forth(
        &mut a,
        Command::ResolveConflict {
            conflict,
            decision: Decision::Value(text("Jane C")),
        },
    );
    sync(&mut a, &mut b);
    assert_eq!(look(&a), look(&b));
    a.assert_sound();
}

#[test]
fn all_that_was_done_can_be_undone_one_by_one_and_done_again() {
    let (mut a, _, jane) = pair();
    let mut seen = vec![look(&a)];
    for name in ["1", "2", "3"] {
        a.execute(update(jane, &[("name", name)]));
        seen.push(look(&a));
    }
    a.execute(Command::DeleteRecord { entity: jane });
    seen.push(look(&a));
    for back in seen.iter().rev().skip(1) {
        a.execute(Command::Undo);
        assert_eq!(look(&a), *back);
    }
    for forth in &seen[1..] {
        a.execute(Command::Redo);
        assert_eq!(look(&a), *forth);
    }
    assert!(matches!(
        a.try_execute(Command::Redo),
        Err(CommandError::NothingToRedo)
    ));
    for _ in 0..4 + 3 {
        a.execute(Command::Undo);
    }
    assert!(matches!(
        a.try_execute(Command::Undo),
        Err(CommandError::NothingToUndo)
    ));
    assert_eq!(
        a.snapshot().schema().workspace_name,
        "Tour",
        "the engine's own stays"
    );
}

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

/// Three siblings, of which another writer has put the first two in one place.
fn crowded() -> (Device, EntityId, Vec<EdgeId>) {
    let (mut a, _, jane) = pair();
    let edges: Vec<EdgeId> = (0..3)
        .map(|n| {
            let target = a.record("Contacts", &[("name", text(&n.to_string()))]);
            a.execute(relate(jane, target, Some(Between::default()))).edges[0]
        })
        .collect();
    let siblings = a.snapshot().edges(jane, Direction::Outgoing, None).unwrap();
    let index = siblings[0].place().unwrap().to_owned();
    let edge = edges[1];
    let forged = a.forged(vec![
        openprod_core::operation::MoveOrderedEdge { edge, index }.into(),
    ]);
    a.receive(&[forged]);
    (a, jane, edges)
}

fn order(device: &Device, entity: EntityId) -> Vec<EdgeId> {
    let edges = device
        .snapshot()
        .edges(entity, Direction::Outgoing, None)
        .unwrap();
    edges.iter().map(|edge| edge.id).collect()
}

fn squeeze(edge: EdgeId, order: &[EdgeId]) -> Command {
    Command::MoveEdge {
        edge,
        between: Between {
            after: Some(order[0]),
            before: Some(order[1]),
        },
    }
}

#[test]
fn move_that_spread_its_siblings_out_goes_back_with_them() {
    let (mut a, jane, edges) = crowded();
    let before = order(&a, jane);
    let outcome = back_and_forth(&mut a, squeeze(edges[2], &before));
    let bundle = a.snapshot().bundle(outcome.bundle_id.unwrap()).unwrap().unwrap();
    assert_eq!(bundle.len(), 2, "the siblings were spread out to make room");
    a.execute(Command::Undo);
    assert_eq!(order(&a, jane), before);
    a.assert_sound();
}

#[test]
fn move_stays_where_its_spread_out_siblings_were_moved_since() {
    let (mut a, jane, edges) = crowded();
    let mut b = Device::joiner(2);
    b.pull(&a);
    let before = order(&a, jane);
    a.execute(squeeze(edges[2], &before));
    sync(&mut a, &mut b);
    b.execute(Command::MoveEdge {
        edge: before[0],
        between: Between::default(),
    });
    sync(&mut a, &mut b);
    let there = order(&a, jane);
    let undone = a.execute(Command::Undo);
    assert_eq!(undone.taken_back, None);
    let skipped: Vec<_> = undone.skipped.iter().map(|one| (one.reason, one.actor)).collect();
    assert_eq!(skipped, [(SkipReason::EditedSince, Some(b.engine.actor()))]);
    assert_eq!(order(&a, jane), there);
}

#[test]
fn spreading_out_alone_is_nothing_to_undo() {
    let (mut a, jane, _) = crowded();
    let top = stack(&a);
    let bundle = a
        .execute(Command::RebalanceEdges {
            entity: jane,
            edge_type: "knows".into(),
        })
        .bundle_id
        .unwrap();
    assert_eq!(stack(&a), top);
    assert!(matches!(
        a.try_execute(Command::Revert { bundle }),
        Err(CommandError::NothingTakenBack { skipped, .. }) if skipped[0].reason == SkipReason::Unchanged
    ));
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

/// Something to be done, with choices that are made when it is known what there is.
#[derive(Clone, Debug)]
pub(crate) struct Whim {
    kind: u8,
    one: usize,
    two: usize,
    value: u8,
}

pub(crate) fn whim() -> impl Strategy<Value = Whim> {
    (0..22u8, any::<usize>(), any::<usize>(), 0..4u8).prop_map(|(kind, one, two, value)| Whim {
        kind,
        one,
        two,
        value,
    })
}

/// The command that a whim comes to on a device; `None` when there is nothing that it could be about.
pub(crate) fn command(
    device: &Device,
    records: &[EntityId],
    edges: &[EdgeId],
    whim: &Whim,
) -> Option<Command> {
    let snapshot = device.snapshot();
    let tables = &snapshot.schema().tables;
    let pick = |of: usize| (!records.is_empty()).then(|| records[of % records.len()]);
    let table = (!tables.is_empty()).then(|| &tables[whim.two % tables.len()]);
    let value = text(&whim.value.to_string());
    let fields = |table: &openprod_engine::schema::Table| -> Vec<(String, Value)> {
        let field = table
            .fields
            .get(usize::from(whim.value) % table.fields.len().max(1));
        field
            .into_iter()
            .map(|field| (field.name.clone(), value.clone()))
            .collect()
    };
    // Names that two make apart are told apart by age, which is no concern of this test.
    let own = device.engine.actor().as_bytes()[0];
    let edge = (!edges.is_empty()).then(|| edges[whim.one % edges.len()]);
    Some(match whim.kind {
        0..=2 => Command::CreateRecords {
            table: table?.name.clone(),
            records: vec![fields(table?); 1 + whim.one % 2],
        },
        3..=6 => Command::UpdateRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
            fields: fields(table?),
        },
        7 => Command::DeleteRecord {
            entity: pick(whim.one)?,
        },
        8 => Command::RestoreRecord {
            entity: pick(whim.one)?,
        },
        9 => Command::AttachRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
            fields: fields(table?),
        },
        10 => Command::DetachRecord {
            entity: pick(whim.one)?,
            table: table?.name.clone(),
        },
        11 | 12 => relate(
            pick(whim.one)?,
            pick(whim.two)?,
            (whim.value > 0).then(Between::default),
        ),
        13 => Command::MoveEdge {
            edge: edge?,
            between: Between {
                after: None,
                before: Some(edges[whim.two % edges.len()]),
            },
        },
        14 => Command::UpdateEdge {
            edge: edge?,
            properties: vec![("since".into(), value)],
        },
        15 if whim.value < 2 => Command::DeleteEdge { edge: edge? },
        15 => Command::RestoreEdge { edge: edge? },
        16 => Command::MergeRecords {
            survivor: pick(whim.one)?,
            absorbed: pick(whim.two)?,
        },
        17 if whim.value < 2 => Command::SplitRecord {
            source: snapshot.root(pick(whim.one)?),
            part: Part::Name(pick(whim.one)?),
        },
        17 => Command::SplitRecord {
            source: pick(whim.one)?,
            part: Part::Tables(vec![table?.name.clone()]),
        },
        18 => {
            let other = &tables[whim.one % tables.len()];
            let names = |table: &openprod_engine::schema::Table| {
                let first = table.fields.first();
                first.map(|first| field(&table.name, &first.name))
            };
            let (a, b) = (names(table?)?, names(other)?);
            if whim.value < 3 {
                Command::ConfirmMapping { a, b }
            } else {
                Command::RejectMapping { a, b }
            }
        }
        19 => Command::UpdateTable {
            table: table?.name.clone(),
            name: Some(format!("R{own}-{}", whim.one % 9)),
            add_fields: vec![NewField::new(
                &format!("f{own}-{}", whim.one % 7),
                FieldType::Text,
            )],
            rename_fields: Vec::new(),
            remove_fields: (whim.value == 0)
                .then(|| table.and_then(|table| Some(table.fields.last()?.name.clone())))
                .flatten()
                .into_iter()
                .collect(),
        },
        20 => Command::CreateTable {
            name: format!("T{own}-{}", whim.one % 5),
            fields: vec![NewField::new("a", FieldType::Text)],
        },
        _ => {
            let conflicts = snapshot.conflicts().unwrap();
            let conflict = conflicts.get(whim.one % conflicts.len().max(1))?;
            let pick = &conflict.candidates[whim.two % conflict.candidates.len()];
            Command::ResolveConflict {
                conflict: conflict.id,
                decision: Decision::Pick(pick.op_id),
            }
        }
    })
}

/// Two devices that did all that, now and then in step; with every record and edge that they made.
pub(crate) fn play(whims: &[(bool, Whim)]) -> ([Device; 2], Vec<EntityId>, Vec<EdgeId>) {
    let (a, b, jane) = pair();
    let (mut records, mut edges) = (vec![jane], Vec::new());
    let mut devices = [a, b];
    for (at, (second, whim)) in whims.iter().enumerate() {
        let device = usize::from(*second);
        if let Some(command) = command(&devices[device], &records, &edges, whim)
            && let Ok(outcome) = devices[device].try_execute(command)
        {
            let table = &outcome.created;
            records.extend(table);
            edges.extend(&outcome.edges);
        }
        if at % 6 == 5 {
            let [a, b] = &mut devices;
            sync(a, b);
        }
    }
    let [a, b] = &mut devices;
    sync(a, b);
    (devices, records, edges)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn undo_of_any_command_shows_again_what_was_shown(
        past in prop::collection::vec((any::<bool>(), whim()), 0..30),
        next in prop::collection::vec(whim(), 1..8),
    ) {
        let ([mut a, mut b], mut records, mut edges) = play(&past);
        for whim in &next {
            let Some(command) = command(&a, &records, &edges, whim) else { continue };
            let before = look(&a);
            let Ok(outcome) = a.try_execute(command.clone()) else { continue };
            records.extend(&outcome.created);
            edges.extend(&outcome.edges);
            let after = look(&a);
            let conflicts = a.snapshot().conflicts().unwrap().len();
            let undone = a.execute(Command::Undo);
            prop_assert_eq!(&undone.skipped.iter().filter(|one| one.reason != SkipReason::Unchanged).count(), &0, "{:?}", undone);
            prop_assert_eq!(&look(&a), &before, "{:?} undone", command);
            if undone.taken_back.is_none() {
                prop_assert_eq!(&after, &before, "{:?} changed something", command);
                continue;
            }
            let redone = a.execute(Command::Redo);
            if redone.taken_back.is_some() {
                prop_assert_eq!(&look(&a), &after, "{:?} redone", command);
                prop_assert!(a.snapshot().conflicts().unwrap().len() <= conflicts + usize::from(before != after));
            }
        }
        sync(&mut a, &mut b);
        prop_assert_eq!(look(&a), look(&b));
        a.assert_sound();
    }

    #[test]
    fn reverting_any_bundle_at_both_ends_in_one_state(
        past in prop::collection::vec((any::<bool>(), whim()), 1..30),
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let ([mut a, mut b], _, _) = play(&past);
        let bundles = a.bundles();
        let _ = a.try_execute(Command::Revert { bundle: bundles[which.index(bundles.len())].id() });
        let _ = b.try_execute(Command::Revert { bundle: bundles[other.index(bundles.len())].id() });
        sync(&mut a, &mut b);
        prop_assert_eq!(look(&a), look(&b));
        a.assert_sound();
        b.assert_sound();
    }
}
