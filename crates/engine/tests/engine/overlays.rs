//! Drafts: staged here, seen here, and nowhere else until they are committed.

use openprod_core::{EntityId, FieldType, Value};
use openprod_engine::overlay::{EditId, OverlayId};
use openprod_engine::query::{ListRequest, list};
use openprod_engine::{
    Between, Command, CommandError, DriftChoice, NewEdge, NewField, OverlayCommand, Snapshot, Subject,
};

use crate::device::{Device, sync, text};

fn show() -> (Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Cues",
        &[("label", FieldType::Text), ("level", FieldType::Integer)],
    );
    let cue = a.record("Cues", &[("label", text("Go"))]);
    (a, cue)
}

fn draft(device: &mut Device) -> OverlayId {
    overlay(
        device,
        OverlayCommand::Create {
            name: "Tech notes".to_owned(),
        },
    )
}

fn overlay(device: &mut Device, command: OverlayCommand) -> OverlayId {
    device.execute(Command::Overlay(command)).overlay_id.unwrap()
}

fn refused(device: &mut Device, command: OverlayCommand) -> CommandError {
    device.try_execute(Command::Overlay(command)).unwrap_err()
}

fn view(device: &Device) -> Snapshot {
    device.engine.snapshots().view().unwrap()
}

fn seen(device: &Device, entity: EntityId, field: &str) -> Value {
    let view = view(device);
    let field = view.schema().find("Cues").unwrap().field(field).unwrap().id;
    view.row(entity).unwrap().unwrap().field(field).clone()
}

#[test]
fn staged_edit_is_seen_in_the_draft_and_nowhere_else() {
    let (mut a, cue) = show();
    let before = a.hash();
    draft(&mut a);
    a.set(cue, "Cues", "label", "Wait");
    assert_eq!(seen(&a, cue, "label"), text("Wait"));
    assert_eq!(a.value(cue, "Cues", "label"), text("Go"));
    assert_eq!(a.hash(), before);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    assert_eq!(b.value(cue, "Cues", "label"), text("Go"));
    a.assert_sound();
}

#[test]
fn commit_writes_everything_as_one_bundle() {
    let (mut a, cue) = show();
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Wait");
    a.set(cue, "Cues", "label", "Stand by");
    let new = a.record("Cues", &[("label", text("New"))]);
    a.execute(Command::CreateEdge(NewEdge {
        source: cue,
        target: new,
        edge_type: "then".to_owned(),
        properties: Vec::new(),
        ordered: Some(Between::default()),
    }));
    let bundles = a.bundles().len();
    let outcome = a.execute(Command::Overlay(OverlayCommand::Commit { overlay: id }));
    assert!(outcome.bundle_id.is_some());
    assert_eq!(a.bundles().len(), bundles + 1);
    assert_eq!(a.value(cue, "Cues", "label"), text("Stand by"));
    assert_eq!(a.list("Cues").records.len(), 2);
    assert!(a.snapshot().overlays().unwrap().is_empty());
    assert_eq!(view(&a).draft(), None);
    a.assert_sound();
}

#[test]
fn discard_leaves_no_trace() {
    let (mut a, cue) = show();
    let (hash, bundles) = (a.hash(), a.bundles().len());
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Wait");
    overlay(&mut a, OverlayCommand::Discard { overlay: id });
    assert_eq!((a.hash(), a.bundles().len()), (hash, bundles));
    assert_eq!(seen(&a, cue, "label"), text("Go"));
    let gone = refused(&mut a, OverlayCommand::Activate { overlay: id });
    assert!(matches!(gone, CommandError::UnknownOverlay { .. }));
}

#[test]
fn lists_filters_and_sorts_see_the_draft() {
    let (mut a, cue) = show();
    let second = a.record("Cues", &[("label", text("B"))]);
    draft(&mut a);
    a.set(cue, "Cues", "label", "Z");
    let third = a.record("Cues", &[("label", text("A"))]);
    a.execute(Command::DeleteRecord { entity: second });
    let page = list(
        &view(&a),
        &ListRequest {
            table: "Cues".to_owned(),
            sort: vec![("label".to_owned(), false)],
            limit: 10,
            ..ListRequest::default()
        },
    )
    .unwrap();
    let ids: Vec<_> = page.records.iter().map(|(id, _)| *id).collect();
    assert_eq!((ids, page.total), (vec![third, cue], 2));
    assert_eq!(a.list("Cues").total, 2);
}

#[test]
fn schema_is_drafted_too() {
    let (mut a, _) = show();
    let id = draft(&mut a);
    a.execute(Command::CreateTable {
        name: "Props".to_owned(),
        fields: vec![NewField::new("what", FieldType::Text)],
    });
    a.record("Props", &[("what", text("Sword"))]);
    assert!(view(&a).schema().find("Props").is_some());
    assert!(a.snapshot().schema().find("Props").is_none());
    overlay(&mut a, OverlayCommand::Commit { overlay: id });
    assert_eq!(a.list("Props").records.len(), 1);
    a.assert_sound();
}

#[test]
fn drafts_are_swapped_stashed_and_recalled() {
    let (mut a, cue) = show();
    let first = draft(&mut a);
    a.set(cue, "Cues", "label", "First");
    let second = draft(&mut a);
    assert_eq!(seen(&a, cue, "label"), text("Go"), "the first draft is stashed");
    a.set(cue, "Cues", "label", "Second");
    overlay(&mut a, OverlayCommand::Activate { overlay: first });
    assert_eq!(seen(&a, cue, "label"), text("First"));
    overlay(&mut a, OverlayCommand::Stash { overlay: first });
    assert_eq!(seen(&a, cue, "label"), text("Go"));
    let not_active = refused(&mut a, OverlayCommand::Stash { overlay: first });
    assert!(matches!(not_active, CommandError::NotActive { .. }));
    overlay(&mut a, OverlayCommand::Activate { overlay: second });
    assert_eq!(seen(&a, cue, "label"), text("Second"));
    assert_eq!(a.snapshot().overlays().unwrap().len(), 2);
}

#[test]
fn draft_survives_a_restart() {
    let (mut a, cue) = show();
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Wait");
    let store = a.store.clone();
    a.reopen(store);
    assert_eq!(view(&a).draft(), Some(id));
    assert_eq!(seen(&a, cue, "label"), text("Wait"));
}

#[test]
fn change_of_a_field_that_the_draft_touches_is_drift_until_decided() {
    let (mut a, cue) = show();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Mine");
    b.set(cue, "Cues", "label", "Theirs");
    let (_, committed) = a.receive(&b.bundles());
    assert_eq!(committed.drifts.len(), 1, "those who watch are told");
    let open = refused(&mut a, OverlayCommand::Commit { overlay: id });
    let CommandError::OpenDrift { drifts, .. } = open else {
        panic!("{open:?}");
    };
    assert_eq!(drifts[0].mine, Some(text("Mine")));
    assert_eq!(drifts[0].canonical[0].value, text("Theirs"));
    assert_eq!(seen(&a, cue, "label"), text("Mine"));
    overlay(
        &mut a,
        OverlayCommand::Resolve {
            overlay: id,
            subject: Subject::Entity(cue),
            cell: None,
            choice: DriftChoice::KeepMine,
        },
    );
    overlay(&mut a, OverlayCommand::Commit { overlay: id });
    sync(&mut a, &mut b);
    assert_eq!(b.value(cue, "Cues", "label"), text("Mine"));
    assert!(b.snapshot().conflicts().unwrap().is_empty());
}

#[test]
fn using_the_canonical_value_drops_the_drafts_edit_of_that_field_only() {
    let (mut a, cue) = show();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    let id = draft(&mut a);
    a.execute(Command::UpdateRecord {
        entity: cue,
        table: "Cues".to_owned(),
        fields: vec![
            ("label".to_owned(), text("Mine")),
            ("level".to_owned(), Value::Integer(5)),
        ],
    });
    b.set(cue, "Cues", "label", "Theirs");
    a.pull(&b);
    overlay(
        &mut a,
        OverlayCommand::Resolve {
            overlay: id,
            subject: Subject::Entity(cue),
            cell: None,
            choice: DriftChoice::UseCanonical,
        },
    );
    assert_eq!(seen(&a, cue, "label"), text("Theirs"));
    assert_eq!(seen(&a, cue, "level"), Value::Integer(5));
    let decided = refused(
        &mut a,
        OverlayCommand::Resolve {
            overlay: id,
            subject: Subject::Entity(cue),
            cell: None,
            choice: DriftChoice::UseCanonical,
        },
    );
    assert!(matches!(decided, CommandError::NotDrifted { .. }));
    overlay(&mut a, OverlayCommand::Commit { overlay: id });
    assert_eq!(a.value(cue, "Cues", "label"), text("Theirs"));
}

#[test]
fn changes_elsewhere_and_equal_values_are_no_drift() {
    let (mut a, cue) = show();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Same");
    b.set(cue, "Cues", "label", "Same");
    b.execute(Command::UpdateRecord {
        entity: cue,
        table: "Cues".to_owned(),
        fields: vec![("level".to_owned(), Value::Integer(9))],
    });
    a.pull(&b);
    overlay(&mut a, OverlayCommand::Commit { overlay: id });
    sync(&mut a, &mut b);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
}

#[test]
fn commit_of_another_draft_is_drift() {
    let (mut a, cue) = show();
    let first = draft(&mut a);
    a.set(cue, "Cues", "label", "First");
    let second = draft(&mut a);
    a.set(cue, "Cues", "label", "Second");
    overlay(&mut a, OverlayCommand::Commit { overlay: second });
    let open = refused(&mut a, OverlayCommand::Commit { overlay: first });
    assert!(matches!(open, CommandError::OpenDrift { .. }), "{open:?}");
}

#[test]
fn record_deleted_under_a_draft_comes_back_when_its_edits_are_kept() {
    let (mut a, cue) = show();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Mine");
    b.execute(Command::DeleteRecord { entity: cue });
    a.pull(&b);
    let open = refused(&mut a, OverlayCommand::Commit { overlay: id });
    assert!(matches!(open, CommandError::OpenDrift { .. }));
    overlay(
        &mut a,
        OverlayCommand::Resolve {
            overlay: id,
            subject: Subject::Entity(cue),
            cell: None,
            choice: DriftChoice::KeepMine,
        },
    );
    overlay(&mut a, OverlayCommand::Commit { overlay: id });
    assert_eq!(a.value(cue, "Cues", "label"), text("Mine"));
    assert_eq!(a.list("Cues").records.len(), 1);
}

#[test]
fn single_edits_are_dropped_unless_others_stand_on_them() {
    let (mut a, cue) = show();
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "One");
    let new = a.record("Cues", &[("label", text("New"))]);
    a.set(new, "Cues", "label", "Newer");
    let needed = refused(
        &mut a,
        OverlayCommand::Drop {
            overlay: id,
            edit: EditId(2),
        },
    );
    assert!(matches!(
        needed,
        CommandError::EditNeeded { later: EditId(3), .. }
    ));
    overlay(
        &mut a,
        OverlayCommand::Drop {
            overlay: id,
            edit: EditId(1),
        },
    );
    assert_eq!(seen(&a, cue, "label"), text("Go"));
    let diff = a.snapshot().overlay_diff(id).unwrap().unwrap();
    assert_eq!(diff.edits.len(), 2);
    let unknown = refused(
        &mut a,
        OverlayCommand::Drop {
            overlay: id,
            edit: EditId(1),
        },
    );
    assert!(matches!(unknown, CommandError::UnknownEdit { .. }));
}

#[test]
fn diff_says_what_was_and_what_would_be() {
    let (mut a, cue) = show();
    let id = draft(&mut a);
    a.set(cue, "Cues", "label", "Wait");
    let diff = a.snapshot().overlay_diff(id).unwrap().unwrap();
    assert_eq!(diff.overlay.name, "Tech notes");
    assert_eq!(diff.edits[0].command_type, "records.update");
    let change = &diff.edits[0].changes[0];
    assert_eq!(
        (change.before.clone(), change.after.clone()),
        (Some(text("Go")), text("Wait"))
    );
}

#[test]
fn empty_draft_has_nothing_to_commit() {
    let (mut a, _) = show();
    let id = draft(&mut a);
    let nothing = refused(&mut a, OverlayCommand::Commit { overlay: id });
    assert!(matches!(nothing, CommandError::Nothing { .. }));
}
