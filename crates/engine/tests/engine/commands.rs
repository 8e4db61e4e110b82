//! What commands do and what they refuse.

use openprod_core::{CommandId, EntityId, FieldType, Value};
use openprod_engine::{Command, CommandError, Envelope, NewField, Request};

use crate::device::{Device, text};

fn contacts() -> Device {
    let mut device = Device::founder();
    device.table(
        "Contacts",
        &[
            ("name", FieldType::Text),
            ("age", FieldType::Integer),
            ("born", FieldType::Date),
            ("rate", FieldType::Float),
        ],
    );
    device
}

#[test]
fn records_hold_what_they_were_given() {
    let mut device = contacts();
    let jane = device.record(
        "Contacts",
        &[
            ("name", text("Jane")),
            ("age", Value::Integer(41)),
            ("born", text("1985-02-03")),
        ],
    );
    assert_eq!(device.value(jane, "Contacts", "name"), text("Jane"));
    assert_eq!(device.value(jane, "Contacts", "born").to_text(), "1985-02-03");
    assert_eq!(device.value(jane, "Contacts", "rate"), Value::Empty);
    device.set(jane, "Contacts", "name", "Jane Doe");
    assert_eq!(device.value(jane, "Contacts", "name"), text("Jane Doe"));
    device.assert_sound();
}

#[test]
fn wrong_type_names_field_expected_and_found() {
    let mut device = contacts();
    let before = device.hash();
    let fields = vec![("age".to_owned(), text("forty"))];
    let error = device.try_execute(Command::CreateRecords {
        table: "Contacts".into(),
        records: vec![fields],
    });
    let Err(CommandError::WrongType {
        field,
        expected,
        found,
        ..
    }) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (field.as_str(), expected.as_str(), found.as_str()),
        ("age", "integer", "text \"forty\"")
    );
    assert_eq!(device.hash(), before, "nothing was written");
}

#[test]
fn batch_is_all_or_nothing() {
    let mut device = contacts();
    let records = vec![
        vec![("name".to_owned(), text("A"))],
        vec![("name".to_owned(), Value::Integer(1))],
    ];
    assert!(
        device
            .try_execute(Command::CreateRecords {
                table: "Contacts".into(),
                records
            })
            .is_err()
    );
    assert_eq!(device.list("Contacts").total, 0);
}

#[test]
fn batch_makes_one_bundle() {
    let mut device = contacts();
    let before = device.bundles().len();
    let records = (0..500)
        .map(|i| vec![("age".to_owned(), Value::Integer(i))])
        .collect();
    let outcome = device.execute(Command::CreateRecords {
        table: "Contacts".into(),
        records,
    });
    assert_eq!(outcome.created.len(), 500);
    assert_eq!(device.bundles().len(), before + 1);
    assert_eq!(device.list("Contacts").total, 500);
}

#[test]
fn unknown_names_are_refused() {
    let mut device = contacts();
    let record = |table: &str, field: &str| Command::CreateRecords {
        table: table.into(),
        records: vec![vec![(field.to_owned(), Value::Empty)]],
    };
    assert!(matches!(
        device.try_execute(record("Cast", "name")),
        Err(CommandError::UnknownTable { .. })
    ));
    assert!(matches!(
        device.try_execute(record("Contacts", "nmae")),
        Err(CommandError::UnknownField { .. })
    ));
    let entity = EntityId::from_u128(7);
    assert!(matches!(
        device.try_execute(Command::DeleteRecord { entity }),
        Err(CommandError::UnknownRecord { .. })
    ));
}

#[test]
fn names_are_judged() {
    let mut device = contacts();
    let table = |name: &str| Command::CreateTable {
        name: name.into(),
        fields: Vec::new(),
    };
    for name in ["", "  ", "Contacts", "a\nb", &"x".repeat(201)] {
        assert!(
            matches!(device.try_execute(table(name)), Err(CommandError::BadName { .. })),
            "{name:?}"
        );
    }
    let twice = vec![
        NewField::new("a", FieldType::Text),
        NewField::new("a", FieldType::Text),
    ];
    let error = device.try_execute(Command::CreateTable {
        name: "T".into(),
        fields: twice,
    });
    assert!(matches!(error, Err(CommandError::BadName { .. })));
}

#[test]
fn enum_takes_its_options_only() {
    let mut device = Device::founder();
    let status = NewField {
        options: vec!["held".into(), "confirmed".into()],
        ..NewField::new("status", FieldType::Enum)
    };
    device.execute(Command::CreateTable {
        name: "Shows".into(),
        fields: vec![status],
    });
    let show = device.record("Shows", &[("status", text("held"))]);
    assert_eq!(device.value(show, "Shows", "status"), Value::Enum("held".into()));
    let fields = vec![("status".to_owned(), text("perhaps"))];
    let error = device.try_execute(Command::UpdateRecord {
        entity: show,
        table: "Shows".into(),
        fields,
    });
    assert!(matches!(error, Err(CommandError::WrongType { .. })));
}

#[test]
fn reference_to_nothing_is_refused() {
    let mut device = contacts();
    device.execute(Command::UpdateTable {
        table: "Contacts".into(),
        name: None,
        add_fields: vec![NewField::new("agent", FieldType::Entity)],
        rename_fields: Vec::new(),
        remove_fields: Vec::new(),
    });
    let jane = device.record("Contacts", &[("name", text("Jane"))]);
    let max = device.record("Contacts", &[("agent", Value::Entity(jane))]);
    assert_eq!(device.value(max, "Contacts", "agent"), Value::Entity(jane));
    let fields = vec![("agent".to_owned(), Value::Entity(EntityId::from_u128(1)))];
    let error = device.try_execute(Command::UpdateRecord {
        entity: max,
        table: "Contacts".into(),
        fields,
    });
    assert!(matches!(error, Err(CommandError::UnknownRecord { .. })));
}

#[test]
fn deleted_record_is_gone_and_comes_back_whole() {
    let mut device = contacts();
    let jane = device.record("Contacts", &[("name", text("Jane"))]);
    device.execute(Command::DeleteRecord { entity: jane });
    assert_eq!(device.list("Contacts").total, 0);
    assert!(matches!(
        device.try_execute(Command::DeleteRecord { entity: jane }),
        Err(CommandError::Deleted { .. })
    ));
    device.execute(Command::RestoreRecord { entity: jane });
    assert_eq!(device.value(jane, "Contacts", "name"), text("Jane"));
    assert_eq!(device.list("Contacts").total, 1);
    assert!(matches!(
        device.try_execute(Command::RestoreRecord { entity: jane }),
        Err(CommandError::NotDeleted { .. })
    ));
    device.assert_sound();
}

#[test]
fn table_changes_show_in_the_schema() {
    let mut device = contacts();
    device.execute(Command::UpdateTable {
        table: "Contacts".into(),
        name: Some("People".into()),
        add_fields: vec![NewField::new("email", FieldType::Text)],
        rename_fields: vec![("age".into(), "years".into())],
        remove_fields: vec!["rate".into()],
    });
    let snapshot = device.snapshot();
    let people = snapshot.schema().find("People").unwrap();
    let names: Vec<_> = people.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["name", "years", "born", "email"]);
    assert!(snapshot.schema().find("Contacts").is_none());
}

#[test]
fn same_command_again_gets_the_first_outcome() {
    let mut device = contacts();
    let envelope = Envelope {
        command_id: Some(CommandId::from_u128(5)),
        source: "test".into(),
        ..Envelope::default()
    };
    let create = |name: &str| Request {
        envelope: envelope.clone(),
        command: Command::CreateRecords {
            table: "Contacts".into(),
            records: vec![vec![("name".to_owned(), text(name))]],
        },
        destination: openprod_engine::Destination::Active,
    };
    let now = device.tick();
    let (first, _) = device.engine.execute(&create("Jane"), now).unwrap();
    let (second, committed) = device.engine.execute(&create("Jane"), now).unwrap();
    assert_eq!(first, second);
    assert!(committed.is_empty());
    assert_eq!(device.list("Contacts").total, 1);
    let other = device.engine.execute(&create("Joan"), now);
    assert!(matches!(other, Err(CommandError::CommandReused { .. })));
    let store = device.store.clone();
    device.reopen(store);
    assert_eq!(
        device.engine.execute(&create("Jane"), now).unwrap().0,
        first,
        "also after a restart"
    );
}

#[test]
fn commands_of_one_transaction_see_each_other() {
    let mut device = contacts();
    let now = device.tick();
    let mut transaction = device.engine.begin(now).unwrap();
    let table = Command::CreateTable {
        name: "Cast".into(),
        fields: vec![NewField::new("role", FieldType::Text)],
    };
    transaction.execute(&Request::new("test", table)).unwrap();
    let refused = Command::CreateRecords {
        table: "Nowhere".into(),
        records: vec![Vec::new()],
    };
    assert!(transaction.execute(&Request::new("test", refused)).is_err());
    let records = vec![vec![("role".to_owned(), text("Hamlet"))]];
    transaction
        .execute(&Request::new(
            "test",
            Command::CreateRecords {
                table: "Cast".into(),
                records,
            },
        ))
        .unwrap();
    transaction.commit().unwrap();
    assert_eq!(device.list("Cast").total, 1);
    device.assert_sound();
}

#[test]
fn dropped_transaction_leaves_nothing() {
    let mut device = contacts();
    let (hash, bundles) = (device.hash(), device.bundles().len());
    let now = device.tick();
    let mut transaction = device.engine.begin(now).unwrap();
    let records = vec![vec![("name".to_owned(), text("Jane"))]];
    transaction
        .execute(&Request::new(
            "test",
            Command::CreateRecords {
                table: "Contacts".into(),
                records,
            },
        ))
        .unwrap();
    drop(transaction);
    assert_eq!((device.hash(), device.bundles().len()), (hash, bundles));
    device.record("Contacts", &[("name", text("Max"))]);
    device.assert_sound();
}

#[test]
fn reopened_store_has_the_same_state() {
    let mut device = contacts();
    device.record("Contacts", &[("name", text("Jane"))]);
    let hash = device.hash();
    let store = device.store.clone();
    device.reopen(store);
    assert_eq!(device.hash(), hash);
    device.record("Contacts", &[("name", text("Max"))]);
    device.assert_sound();
}
