//! Texts and lists that several people edit, and fields that follow other records.

use openprod_core::{EntityId, FieldMode, FieldType, Value};
use openprod_engine::text::{Content, DeltaError};
use openprod_engine::{
    Command, CommandError, NewField, NewReference, NewVia, OverlayCommand, TextEdit, TextState,
};
use yrs::updates::decoder::Decode as _;
use yrs::{Array as _, Doc, OffsetKind, Options, Text as _, Transact as _, Update};

use crate::device::{Device, sync, text};

fn notes() -> (Device, EntityId) {
    let mut a = Device::founder();
    a.table(
        "Notes",
        &[
            ("title", FieldType::Text),
            ("body", FieldType::CrdtText),
            ("steps", FieldType::CrdtList),
        ],
    );
    let note = a.record("Notes", &[("title", text("Tech")), ("body", text("Fly cues"))]);
    (a, note)
}

pub(crate) fn state(device: &Device, entity: EntityId, field: &str, session: u64) -> TextState {
    let snapshot = device.snapshot();
    let table = snapshot.schema().find("Notes").unwrap();
    snapshot
        .text(entity, table.field(field).unwrap(), session)
        .unwrap()
        .unwrap()
}

/// What an editor does: loads the state, makes a change, and gives the update.
pub(crate) fn typed(state: &TextState, change: impl FnOnce(&Doc)) -> Vec<u8> {
    let doc = Doc::with_options(Options {
        client_id: yrs::block::ClientID::new(state.client.get()),
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    });
    doc.get_or_insert_text("text");
    doc.get_or_insert_array("list");
    doc.transact_mut()
        .apply_update(Update::decode_v1(&state.state).unwrap())
        .unwrap();
    let before = yrs::ReadTxn::state_vector(&doc.transact());
    change(&doc);
    yrs::ReadTxn::encode_state_as_update_v1(&doc.transact(), &before)
}

fn edit(entity: EntityId, field: &str, session: u64, delta: Vec<u8>) -> Command {
    Command::EditText(TextEdit {
        entity,
        table: "Notes".to_owned(),
        field: field.to_owned(),
        session,
        delta,
    })
}

fn insert(device: &mut Device, entity: EntityId, at: u32, words: &str) {
    let session = u64::from(at) + 1_000;
    let delta = typed(&state(device, entity, "body", session), |doc| {
        let body = doc.get_or_insert_text("text");
        body.insert(&mut doc.transact_mut(), at, words);
    });
    device.execute(edit(entity, "body", session, delta));
}

fn body(device: &Device, note: EntityId) -> String {
    device.value(note, "Notes", "body").to_text()
}

#[test]
fn first_content_is_given_when_the_record_is_made() {
    let (mut a, note) = notes();
    assert_eq!(body(&a, note), "Fly cues");
    let listed = a.list("Notes").records.remove(0);
    let field = a
        .snapshot()
        .schema()
        .find("Notes")
        .unwrap()
        .field("body")
        .unwrap()
        .id;
    assert_eq!(*listed.1.field(field), text("Fly cues"));
    a.assert_sound();
}

#[test]
fn texts_edited_by_two_people_apart_merge_without_a_conflict() {
    let (mut a, note) = notes();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    insert(&mut a, note, 0, "All ");
    insert(&mut b, note, 8, " at half");
    sync(&mut a, &mut b);
    assert_eq!(body(&a, note), "All Fly cues at half");
    assert_eq!(body(&b, note), "All Fly cues at half");
    assert!(a.snapshot().conflicts().unwrap().is_empty());
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn text_outlives_a_restart_and_many_edits() {
    let (mut a, note) = notes();
    for at in 0..80 {
        insert(&mut a, note, at, "x");
    }
    let store = a.store.clone();
    a.reopen(store);
    insert(&mut a, note, 0, "y");
    let wanted = format!("y{}Fly cues", "x".repeat(80));
    assert_eq!(body(&a, note), wanted);
    assert_eq!(state(&a, note, "body", 7).content, Content::Text(wanted));
    a.assert_sound();
}

#[test]
fn lists_are_edited_together() {
    let (mut a, note) = notes();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    for (device, value) in [(&mut a, "a"), (&mut b, "b")] {
        let delta = typed(&state(device, note, "steps", 5), |doc| {
            let list = doc.get_or_insert_array("list");
            list.push_back(&mut doc.transact_mut(), value);
        });
        device.execute(edit(note, "steps", 5, delta));
    }
    sync(&mut a, &mut b);
    let list = a.value(note, "Notes", "steps").to_text();
    assert!(
        [r#"["a","b"]"#, r#"["b","a"]"#].contains(&list.as_str()),
        "{list}"
    );
    assert_eq!(list, b.value(note, "Notes", "steps").to_text());
}

#[test]
fn setting_a_text_and_editing_a_scalar_are_type_errors() {
    let (mut a, note) = notes();
    let set = a.try_execute(Command::UpdateRecord {
        entity: note,
        table: "Notes".to_owned(),
        fields: vec![("body".to_owned(), text("x"))],
    });
    assert!(matches!(set, Err(CommandError::TextField { .. })), "{set:?}");
    let delta = typed(&state(&a, note, "body", 3), |doc| {
        let body = doc.get_or_insert_text("text");
        body.insert(&mut doc.transact_mut(), 0, "x");
    });
    let scalar = a.try_execute(edit(note, "title", 3, delta.clone()));
    assert!(matches!(scalar, Err(CommandError::NotText { .. })), "{scalar:?}");
    let other_kind = a.try_execute(edit(note, "steps", 3, delta));
    assert!(
        matches!(other_kind, Err(CommandError::BadDelta { .. })),
        "{other_kind:?}"
    );
    let junk = a.try_execute(edit(note, "body", 3, vec![1, 2, 3]));
    assert!(
        matches!(
            junk,
            Err(CommandError::BadDelta {
                reason: DeltaError::Malformed(_)
            })
        ),
        "{junk:?}"
    );
    let wrong_session = typed(&state(&a, note, "body", 3), |doc| {
        let body = doc.get_or_insert_text("text");
        body.insert(&mut doc.transact_mut(), 0, "x");
    });
    let foreign = a.try_execute(edit(note, "body", 4, wrong_session));
    assert!(
        matches!(
            foreign,
            Err(CommandError::BadDelta {
                reason: DeltaError::ForeignClient(_)
            })
        ),
        "{foreign:?}"
    );
    assert_eq!(body(&a, note), "Fly cues");
}

#[test]
fn poisoned_delta_of_a_peer_has_no_effect_and_a_reason() {
    let (mut a, note) = notes();
    let snapshot = a.snapshot();
    let table = snapshot.schema().find("Notes").unwrap();
    let poison = a.forged(vec![
        openprod_core::operation::SetCrdtField {
            entity: note,
            facet: table.id,
            field: table.field("body").unwrap().id,
            session: 1,
            delta: vec![0xff; 40],
        }
        .into(),
    ]);
    a.receive(std::slice::from_ref(&poison));
    assert_eq!(body(&a, note), "Fly cues");
    let reasons = a.snapshot().without_effect(poison.id()).unwrap();
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].1.contains("not a Yjs update"), "{reasons:?}");
    a.assert_sound();
}

#[test]
fn text_is_drafted_like_everything_else() {
    let (mut a, note) = notes();
    let overlay = a
        .execute(Command::Overlay(OverlayCommand::Create {
            name: "Draft".to_owned(),
        }))
        .overlay_id
        .unwrap();
    insert(&mut a, note, 0, "No ");
    assert_eq!(body(&a, note), "Fly cues");
    let view = a.engine.snapshots().view().unwrap();
    let field = view.schema().find("Notes").unwrap().field("body").unwrap().id;
    assert_eq!(
        *view.row(note).unwrap().unwrap().field(field),
        text("No Fly cues")
    );
    a.execute(Command::Overlay(OverlayCommand::Commit { overlay }));
    assert_eq!(body(&a, note), "No Fly cues");
    a.assert_sound();
}

#[test]
fn merged_records_keep_both_texts() {
    let (mut a, note) = notes();
    let other = a.record("Notes", &[("title", text("Tech")), ("body", text("Sound"))]);
    a.execute(Command::MergeRecords {
        survivor: note,
        absorbed: other,
    });
    assert_eq!(body(&a, note), "Fly cues\n\nSound");
    a.assert_sound();
}

fn follow(via: NewVia, table: &str, field: &str) -> NewReference {
    NewReference {
        via,
        table: table.to_owned(),
        field: field.to_owned(),
    }
}

fn following(name: &str, reference: NewReference) -> NewField {
    NewField {
        mode: FieldMode::Reference,
        reference: Some(reference),
        ..NewField::new(name, FieldType::Text)
    }
}

fn venues() -> (Device, EntityId, EntityId) {
    let mut a = Device::founder();
    a.table("Venues", &[("city", FieldType::Text)]);
    a.execute(Command::CreateTable {
        name: "Shows".to_owned(),
        fields: vec![
            NewField::new("venue", FieldType::Entity),
            following(
                "city",
                follow(NewVia::Field("venue".to_owned()), "Venues", "city"),
            ),
        ],
    });
    let venue = a.record("Venues", &[("city", text("Graz"))]);
    let show = a.record("Shows", &[("venue", Value::Entity(venue))]);
    (a, venue, show)
}

#[test]
fn reference_field_shows_what_it_follows() {
    let (mut a, venue, show) = venues();
    assert_eq!(a.value(show, "Shows", "city"), text("Graz"));
    a.set(venue, "Venues", "city", "Linz");
    assert_eq!(a.value(show, "Shows", "city"), text("Linz"));
    let set = a.try_execute(Command::UpdateRecord {
        entity: show,
        table: "Shows".to_owned(),
        fields: vec![("city".to_owned(), text("Wien"))],
    });
    assert!(matches!(set, Err(CommandError::FollowedField { .. })), "{set:?}");
    a.assert_sound();
}

#[test]
fn those_who_show_a_table_that_follows_are_told() {
    let (mut a, venue, _) = venues();
    let now = a.tick();
    let update = Command::UpdateRecord {
        entity: venue,
        table: "Venues".to_owned(),
        fields: vec![("city".to_owned(), text("Linz"))],
    };
    let request = openprod_engine::Request::new("test", update);
    let (_, committed) = a.engine.execute(&request, now).unwrap();
    let shows = a.snapshot().schema().find("Shows").unwrap().id;
    assert!(committed.followers.contains(&shows));
}

#[test]
fn reference_to_something_deleted_says_so() {
    let (mut a, venue, show) = venues();
    a.execute(Command::DeleteRecord { entity: venue });
    let snapshot = a.snapshot();
    let row = snapshot.row(show).unwrap().unwrap();
    let broken = snapshot.broken(show, &row).unwrap();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].1.name(), "deleted");
    assert_eq!(a.value(show, "Shows", "city"), Value::Empty);
}

#[test]
fn reference_goes_through_edges_too() {
    let (mut a, venue, show) = venues();
    a.execute(Command::UpdateTable {
        table: "Shows".to_owned(),
        name: None,
        add_fields: vec![following(
            "next city",
            follow(NewVia::Edge("next".to_owned()), "Venues", "city"),
        )],
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    });
    assert_eq!(a.value(show, "Shows", "next city"), Value::Empty);
    a.execute(Command::CreateEdge(openprod_engine::NewEdge {
        source: show,
        target: venue,
        edge_type: "next".to_owned(),
        properties: Vec::new(),
        ordered: None,
    }));
    assert_eq!(a.value(show, "Shows", "next city"), text("Graz"));
}

#[test]
fn reference_that_would_lead_back_to_itself_is_refused_with_the_way() {
    let (mut a, ..) = venues();
    a.execute(Command::CreateTable {
        name: "Days".to_owned(),
        fields: vec![
            NewField::new("show", FieldType::Entity),
            following("city", follow(NewVia::Field("show".to_owned()), "Shows", "city")),
        ],
    });
    let cycle = a.try_execute(Command::FollowField {
        table: "Shows".to_owned(),
        field: "city".to_owned(),
        reference: follow(NewVia::Field("venue".to_owned()), "Days", "city"),
    });
    let Err(CommandError::ReferenceCycle { path }) = cycle else {
        panic!("{cycle:?}");
    };
    assert_eq!(path, ["city", "city", "city"]);
}

#[test]
fn halves_of_a_cycle_made_apart_are_cut_where_they_meet() {
    let (mut a, _, show) = venues();
    a.execute(Command::CreateTable {
        name: "Days".to_owned(),
        fields: vec![
            NewField::new("show", FieldType::Entity),
            NewField::new("plain", FieldType::Text),
            following("city", follow(NewVia::Field("show".to_owned()), "Shows", "city")),
        ],
    });
    let day = a.record("Days", &[("show", Value::Entity(show))]);
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    a.execute(Command::FollowField {
        table: "Days".to_owned(),
        field: "city".to_owned(),
        reference: follow(NewVia::Field("show".to_owned()), "Shows", "city"),
    });
    b.execute(Command::FollowField {
        table: "Days".to_owned(),
        field: "city".to_owned(),
        reference: follow(NewVia::Field("show".to_owned()), "Venues", "city"),
    });
    b.execute(Command::FollowField {
        table: "Shows".to_owned(),
        field: "city".to_owned(),
        reference: follow(NewVia::Field("venue".to_owned()), "Days", "city"),
    });
    b.execute(Command::UpdateRecord {
        entity: show,
        table: "Shows".to_owned(),
        fields: vec![("venue".to_owned(), Value::Entity(day))],
    });
    sync(&mut a, &mut b);
    for device in [&a, &b] {
        let snapshot = device.snapshot();
        let row = snapshot.row(day).unwrap().unwrap();
        let broken = snapshot.broken(day, &row).unwrap();
        let reasons: Vec<_> = broken.iter().map(|(_, reason)| reason.name()).collect();
        let value = device.value(day, "Days", "city");
        assert!(
            reasons.contains(&"cycle") || value == Value::Empty,
            "{reasons:?} {value:?}"
        );
    }
    a.assert_sound();
}

#[test]
fn past_of_a_text_is_what_was_typed_by_then() {
    let (mut a, note) = notes();
    let then = a.bundles().last().unwrap().id();
    insert(&mut a, note, 8, ": go");
    assert_eq!(body(&a, note), "Fly cues: go");
    let past = a
        .engine
        .snapshots()
        .at(openprod_engine::Moment::Bundle(then))
        .unwrap();
    let field = past.schema().find("Notes").unwrap().field("body").unwrap().id;
    assert_eq!(*past.row(note).unwrap().unwrap().field(field), text("Fly cues"));
}

#[test]
fn typing_is_not_undone_by_the_workspace() {
    let (mut a, note) = notes();
    let before = a.snapshot().undo_stack().unwrap();
    insert(&mut a, note, 8, ": go");
    assert_eq!(a.snapshot().undo_stack().unwrap(), before);
}
