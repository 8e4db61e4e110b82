//! Saved views: signed, synced, undone and argued about like records.

use openprod_core::{EntityId, FieldType};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::schema::reserved;
use openprod_engine::{Command, CommandError, Decision, Destination, Envelope, OverlayCommand, Request};

use crate::device::{Device, sync, text};

const SORTED: &str = r#"{"version":1,"sort":["number"]}"#;
const FROM_LATER: &str = r#"{"version":9,"gantt":{"from":"start","to":"end"}}"#;

fn desk() -> Device {
    let mut desk = Device::founder();
    desk.table("Cue", &[("label", FieldType::Text)]);
    desk
}

fn save(device: &mut Device, name: &str, settings: &str) -> EntityId {
    let command = Command::CreateView {
        table: "Cue".to_owned(),
        name: name.to_owned(),
        settings: settings.to_owned(),
    };
    device.execute(command).created[0]
}

fn rename(view: EntityId, name: &str) -> Command {
    let name = Some(name.to_owned());
    let settings = None;
    Command::UpdateView { view, name, settings }
}

fn reset(view: EntityId, settings: &str) -> Command {
    let settings = Some(settings.to_owned());
    let name = None;
    Command::UpdateView { view, name, settings }
}

/// Names and settings, in order.
fn views(device: &Device) -> Vec<(String, String)> {
    let views = device.snapshot().views().unwrap();
    views.into_iter().map(|view| (view.name, view.settings)).collect()
}

fn named(name: &str, settings: &str) -> (String, String) {
    (name.to_owned(), settings.to_owned())
}

#[test]
fn view_is_there_on_every_device_and_keeps_settings_nobody_here_understands() {
    let (mut a, mut b) = (desk(), Device::joiner(2));
    save(&mut a, "To check", SORTED);
    let later = save(&mut a, "Timeline", FROM_LATER);
    sync(&mut a, &mut b);
    b.execute(rename(later, "Gantt"));
    sync(&mut a, &mut b);
    let expected = [named("To check", SORTED), named("Gantt", FROM_LATER)];
    assert_eq!(views(&a), expected);
    assert_eq!(views(&b), expected);
    let cue = a.snapshot().schema().find("Cue").unwrap().id;
    assert!(a.snapshot().views().unwrap().iter().all(|view| view.table == cue));
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn one_view_changed_apart_is_a_conflict_of_its_settings_alone() {
    let (mut a, mut b) = (desk(), Device::joiner(2));
    let view = save(&mut a, "To check", SORTED);
    sync(&mut a, &mut b);
    a.execute(reset(view, r#"{"version":1,"group":"kind"}"#));
    b.execute(reset(view, r#"{"version":1,"hidden":["label"]}"#));
    b.execute(rename(view, "Checked"));
    sync(&mut a, &mut b);
    for device in [&a, &b] {
        let conflicts = device.snapshot().conflicts().unwrap();
        assert_eq!(conflicts.len(), 1, "{conflicts:?}");
        assert_eq!(
            conflicts[0].key.kind,
            ConflictKind::Field(reserved::VIEW_SETTINGS)
        );
        assert_eq!(conflicts[0].candidates.len(), 2);
    }
    let conflict = a.snapshot().conflicts().unwrap().remove(0);
    let picked = &conflict.candidates[1 - conflict.shown];
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Pick(picked.op_id),
    });
    sync(&mut a, &mut b);
    for device in [&mut a, &mut b] {
        assert!(device.snapshot().conflicts().unwrap().is_empty());
        assert_eq!(views(device), [named("Checked", &picked.value.to_text())]);
        device.assert_sound();
    }
}

#[test]
fn view_is_deleted_restored_and_its_change_undone() {
    let mut a = desk();
    let view = save(&mut a, "To check", SORTED);
    a.execute(reset(view, FROM_LATER));
    a.execute(Command::Undo);
    assert_eq!(views(&a), [named("To check", SORTED)]);
    a.execute(Command::DeleteView { view });
    assert!(views(&a).is_empty());
    assert!(matches!(
        a.try_execute(rename(view, "Gone")),
        Err(CommandError::Deleted { .. })
    ));
    assert!(matches!(
        a.try_execute(Command::DeleteView { view }),
        Err(CommandError::Deleted { .. })
    ));
    a.execute(Command::RestoreView { view });
    assert_eq!(views(&a), [named("To check", SORTED)]);
    assert!(matches!(
        a.try_execute(Command::RestoreView { view }),
        Err(CommandError::NotDeleted { .. })
    ));
    a.assert_sound();
}

#[test]
fn view_outlives_the_draft_that_was_active_when_it_was_saved() {
    let mut a = desk();
    let create = OverlayCommand::Create {
        name: "Tech notes".to_owned(),
    };
    let overlay = a.execute(Command::Overlay(create)).overlay_id.unwrap();
    let command = Command::CreateView {
        table: "Cue".to_owned(),
        name: "To check".to_owned(),
        settings: SORTED.to_owned(),
    };
    let request = Request {
        envelope: Envelope::default(),
        command,
        destination: Destination::Log,
    };
    let now = a.tick();
    let (outcome, _) = a.engine.execute(&request, now).unwrap();
    assert!(outcome.bundle_id.is_some());
    a.execute(Command::Overlay(OverlayCommand::Discard { overlay }));
    assert_eq!(views(&a), [named("To check", SORTED)]);
}

#[test]
fn view_is_no_record_and_a_record_is_no_view() {
    let mut a = desk();
    let view = save(&mut a, "To check", SORTED);
    let cue = a.record("Cue", &[("label", text("Go"))]);
    assert!(matches!(
        a.try_execute(Command::DeleteRecord { entity: view }),
        Err(CommandError::UnknownRecord { .. })
    ));
    assert!(matches!(
        a.try_execute(Command::DeleteView { view: cue }),
        Err(CommandError::UnknownView { .. })
    ));
    assert!(matches!(
        a.try_execute(rename(cue, "Cue")),
        Err(CommandError::UnknownView { .. })
    ));
    assert_eq!(views(&a).len(), 1);
}

#[test]
fn names_and_settings_of_views_are_judged() {
    let mut a = desk();
    let view = save(&mut a, "To check", &" ".repeat(64 * 1024));
    save(&mut a, "To check", SORTED);
    for command in [reset(view, &" ".repeat(64 * 1024 + 1)), rename(view, " ")] {
        let refused = a.try_execute(command);
        assert!(
            matches!(
                refused,
                Err(CommandError::SettingsTooLong { .. } | CommandError::BadName { .. })
            ),
            "{refused:?}"
        );
    }
    assert!(matches!(
        a.try_execute(reset(view, &" ".repeat(64 * 1024))),
        Err(CommandError::Nothing { .. })
    ));
}
