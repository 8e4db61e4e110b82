//! Taking back what was done, where it still stands.

mod every_command;
mod order;
mod random;
mod stack;
mod what_stays;

use std::collections::BTreeMap;

use crate::device::{Device, sync, text};
use openprod_core::{EntityId, FieldType, Value};
use openprod_engine::edge::Direction;
use openprod_engine::query::{ListRequest, list};
use openprod_engine::{Between, Command, FieldName, NewEdge, NewField, Outcome, Snapshot, UndoStack};

pub(crate) use random::{play, whim};

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

pub(crate) trait EntityText {
    fn entity_text(self) -> String;
}

impl EntityText for openprod_core::FacetId {
    fn entity_text(self) -> String {
        EntityId::from_bytes(*self.as_bytes()).to_string()
    }
}

pub(crate) fn look(device: &Device) -> Vec<String> {
    shown(&device.snapshot())
}

pub(crate) fn stack(device: &Device) -> UndoStack {
    device.snapshot().undo_stack().unwrap()
}

pub(crate) fn pair() -> (Device, Device, EntityId) {
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

pub(crate) fn update(entity: EntityId, fields: &[(&str, &str)]) -> Command {
    Command::UpdateRecord {
        entity,
        table: "Contacts".into(),
        fields: fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), text(value)))
            .collect(),
    }
}

pub(crate) fn relate(source: EntityId, target: EntityId, ordered: Option<Between>) -> Command {
    Command::CreateEdge(NewEdge {
        source,
        target,
        edge_type: "knows".into(),
        properties: vec![("since".into(), text("1999"))],
        ordered,
    })
}

pub(crate) fn field(table: &str, field: &str) -> FieldName {
    FieldName {
        table: table.into(),
        field: field.into(),
    }
}

pub(crate) fn alter(add: &[&str], rename: &[(&str, &str)], remove: &[&str]) -> Command {
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
pub(crate) fn back_and_forth(device: &mut Device, command: Command) -> Outcome {
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
