//! Tables and fields: entities like any other, under facets that the engine reserves.
//!
//! Because schema is data, its history, its conflicts and its sync need nothing of their own. The schema is read
//! from the rows and judged leniently: what another peer wrote is shown, with a reason where it does not fit.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EntityId, FacetId, FieldId, FieldMode, FieldType, Value};
use openprod_storage::{Read, StorageError};

use crate::reference::{Reference, Via};
use crate::row::Row;

/// The ids that every workspace shares.
pub mod reserved {
    use openprod_core::{EntityId, FacetId, FieldId};

    /// All reserved ids begin like this; it is no version of UUID that anything mints at random.
    const BASE: u128 = 0x6f70_656e_7072_8f64_8000_0000_0000_0000;

    /// The workspace itself is an entity of this id.
    pub const WORKSPACE: EntityId = EntityId::from_u128(BASE | 0x01);
    /// The facet of the workspace.
    pub const WORKSPACE_FACET: FacetId = FacetId::from_u128(BASE | 0x10);
    /// The workspace's name: text.
    pub const WORKSPACE_NAME: FieldId = FieldId::from_u128(BASE | 0x11);
    /// The facet of tables.
    pub const TABLE_FACET: FacetId = FacetId::from_u128(BASE | 0x20);
    /// A table's name: text.
    pub const TABLE_NAME: FieldId = FieldId::from_u128(BASE | 0x21);
    /// The facet of fields.
    pub const FIELD_FACET: FacetId = FacetId::from_u128(BASE | 0x30);
    /// A field's table: an entity.
    pub const FIELD_TABLE: FieldId = FieldId::from_u128(BASE | 0x31);
    /// A field's name: text.
    pub const FIELD_NAME: FieldId = FieldId::from_u128(BASE | 0x32);
    /// A field's type, by its name: text.
    pub const FIELD_TYPE: FieldId = FieldId::from_u128(BASE | 0x33);
    /// A field's mode, by its name: text.
    pub const FIELD_MODE: FieldId = FieldId::from_u128(BASE | 0x34);
    /// A field's options, one a line: text.
    pub const FIELD_OPTIONS: FieldId = FieldId::from_u128(BASE | 0x35);
    /// What a reference field goes through: text, `field ID` or `edge TYPE`.
    pub const FIELD_VIA: FieldId = FieldId::from_u128(BASE | 0x37);
    /// What a reference field shows: the entity of a field.
    pub const FIELD_FOLLOWS: FieldId = FieldId::from_u128(BASE | 0x38);
    /// A field's place among its table's fields: integer.
    pub const FIELD_PLACE: FieldId = FieldId::from_u128(BASE | 0x36);

    /// The facet of saved views.
    pub const VIEW_FACET: FacetId = FacetId::from_u128(BASE | 0x40);
    /// A view's name: text.
    pub const VIEW_NAME: FieldId = FieldId::from_u128(BASE | 0x41);
    /// The table that a view is of: an entity.
    pub const VIEW_TABLE: FieldId = FieldId::from_u128(BASE | 0x42);
    /// How a view shows its table: text, which only those who show it understand.
    pub const VIEW_SETTINGS: FieldId = FieldId::from_u128(BASE | 0x43);

    /// Whether entities of this facet are no records of people: schema, or views.
    #[must_use]
    pub fn is_reserved(facet: FacetId) -> bool {
        is_schema(facet) || facet == VIEW_FACET
    }

    /// Whether entities of this facet are schema.
    #[must_use]
    pub fn is_schema(facet: FacetId) -> bool {
        [WORKSPACE_FACET, TABLE_FACET, FIELD_FACET].contains(&facet)
    }

    /// The reserved fields, with the names under which people see them.
    #[must_use]
    pub fn field_name(field: FieldId) -> Option<&'static str> {
        Some(match field {
            WORKSPACE_NAME | TABLE_NAME | FIELD_NAME | VIEW_NAME => "name",
            FIELD_TABLE | VIEW_TABLE => "table",
            FIELD_TYPE => "type",
            FIELD_MODE => "mode",
            FIELD_OPTIONS => "options",
            FIELD_PLACE => "place",
            FIELD_VIA => "via",
            FIELD_FOLLOWS => "follows",
            VIEW_SETTINGS => "settings",
            _ => return None,
        })
    }
}

/// A field of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// Its name, unique in its table.
    pub name: String,
    /// Its type.
    pub field_type: FieldType,
    /// Its mode.
    pub mode: FieldMode,
    /// What an enum field can hold, in order; empty for all other types.
    pub options: Vec<String>,
    /// What a reference field follows; `None` for others, and for one that says nothing that is understood here.
    pub reference: Option<Reference>,
}

impl Field {
    /// Whether the field has no value of its own, but shows that of another.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.mode == FieldMode::Reference
    }

    /// Whether its value is not in the record's row: texts, lists, and followed fields.
    #[must_use]
    pub fn is_kept_elsewhere(&self) -> bool {
        self.is_followed() || self.field_type.is_crdt()
    }

    /// Reads `value` as this field's type: text in its text form, a whole number as a float and the reverse.
    /// `None` when the field cannot hold it; options are not judged here.
    #[must_use]
    pub fn read(&self, value: &Value) -> Option<Value> {
        let read = match (self.field_type, value) {
            (_, Value::Empty) => Value::Empty,
            (FieldType::Text, Value::Text(_)) => value.clone(),
            (FieldType::Boolean | FieldType::Integer | FieldType::Float, Value::Text(_)) => return None,
            (wanted, Value::Text(text)) => wanted.parse(text).ok()?,
            (FieldType::Float, Value::Integer(number)) => Value::Float(*number as f64),
            (FieldType::Float, Value::Float(number)) => Value::float(*number)?,
            (FieldType::Integer, Value::Float(number)) if number.fract() == 0.0 && number.abs() < 9.1e15 => {
                Value::Integer(*number as i64)
            }
            _ => value.clone(),
        };
        self.field_type.admits(&read).then_some(read)
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its id.
    pub id: FacetId,
    /// Its name, unique in the workspace.
    pub name: String,
    /// Its fields, in the order in which they are shown.
    pub fields: Vec<Field>,
}

impl Table {
    /// The field that `name` stands for: a name, or an id.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        let by_name = self.fields.iter().find(|field| field.name == name);
        by_name.or_else(|| self.field_by_id(name.parse::<EntityId>().ok()?.field()))
    }

    /// The field of this id.
    #[must_use]
    pub fn field_by_id(&self, id: FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }
}

/// The tables of a workspace, in order of their making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The workspace's name; empty before its first bundle is here.
    pub workspace_name: String,
    /// The tables.
    pub tables: Vec<Table>,
}

impl Schema {
    pub(crate) fn load(store: &dyn Read) -> Result<Self, StorageError> {
        let mut fields: BTreeMap<EntityId, Vec<(i64, EntityId, Row)>> = BTreeMap::new();
        for (entity, row) in rows(store, reserved::FIELD_FACET)? {
            if let Value::Entity(table) = row.field(reserved::FIELD_TABLE) {
                let place = match row.field(reserved::FIELD_PLACE) {
                    Value::Integer(place) => *place,
                    _ => i64::MAX,
                };
                fields.entry(*table).or_default().push((place, entity, row));
            }
        }
        let tables = rows(store, reserved::TABLE_FACET)?;
        let names = tables
            .iter()
            .map(|(entity, row)| (*entity, text(row, reserved::TABLE_NAME)));
        let names = unique(names);
        let tables = tables
            .iter()
            .zip(names)
            .map(|((entity, _), name)| {
                let fields = table_fields(fields.remove(entity).unwrap_or_default());
                Table {
                    id: entity.facet(),
                    name,
                    fields,
                }
            })
            .collect();
        let workspace_name =
            match store.get(openprod_storage::Space::Entity, reserved::WORKSPACE.as_bytes())? {
                Some(bytes) => text(&Row::decode(&bytes)?, reserved::WORKSPACE_NAME),
                None => String::new(),
            };
        Ok(Self {
            workspace_name,
            tables,
        })
    }

    /// Whether any field's value is not in its record's row.
    #[must_use]
    pub fn has_kept_elsewhere(&self) -> bool {
        let fields = self.tables.iter().flat_map(|table| &table.fields);
        fields.into_iter().any(Field::is_kept_elsewhere)
    }

    /// The tables with fields that follow, directly or through others, records of the tables given.
    pub(crate) fn followers(&self, changed: impl Iterator<Item = FacetId>) -> BTreeSet<FacetId> {
        let mut reached: BTreeSet<FacetId> = changed.collect();
        let mut followers = BTreeSet::new();
        loop {
            let follows = |field: &Field| {
                let target = field.reference.as_ref().map(|reference| reference.target);
                let shown = |table: &&Table| target.is_some_and(|target| table.field_by_id(target).is_some());
                self.tables
                    .iter()
                    .find(shown)
                    .is_some_and(|table| reached.contains(&table.id))
            };
            let more: Vec<FacetId> = self
                .tables
                .iter()
                .filter(|table| !followers.contains(&table.id) && table.fields.iter().any(follows))
                .map(|table| table.id)
                .collect();
            if more.is_empty() {
                return followers;
            }
            followers.extend(&more);
            reached.extend(more);
        }
    }

    /// The field of this id, of whatever table.
    #[must_use]
    pub fn field(&self, id: FieldId) -> Option<&Field> {
        self.tables.iter().find_map(|table| table.field_by_id(id))
    }

    /// The table of this id.
    #[must_use]
    pub fn table(&self, id: FacetId) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// The table that `name` stands for: an id, or a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Table> {
        let by_id = name
            .parse::<EntityId>()
            .ok()
            .and_then(|id| self.table(id.facet()));
        by_id.or_else(|| self.tables.iter().find(|table| table.name == name))
    }

    /// The name of a field of any table, and of reserved fields.
    #[must_use]
    pub fn field_name(&self, id: FieldId) -> Option<&str> {
        let own = self
            .tables
            .iter()
            .find_map(|table| table.field_by_id(id))
            .map(|field| field.name.as_str());
        own.or_else(|| reserved::field_name(id))
    }
}

/// The fields of one table: in order of place, then of making; those without a known type are left out until a version
/// that knows it reads them.
fn table_fields(mut rows: Vec<(i64, EntityId, Row)>) -> Vec<Field> {
    rows.sort_by_key(|(_, entity, _)| *entity);
    let names = unique(
        rows.iter()
            .map(|(_, entity, row)| (*entity, text(row, reserved::FIELD_NAME))),
    );
    let names: BTreeMap<_, _> = rows.iter().map(|(_, entity, _)| *entity).zip(names).collect();
    rows.sort_by_key(|(place, entity, _)| (*place, *entity));
    rows.into_iter()
        .filter_map(|(_, entity, row)| {
            Some(Field {
                id: entity.field(),
                name: names.get(&entity)?.clone(),
                field_type: text(&row, reserved::FIELD_TYPE).parse().ok()?,
                mode: match text(&row, reserved::FIELD_MODE).as_str() {
                    "reference" => FieldMode::Reference,
                    _ => FieldMode::Discrete,
                },
                options: text(&row, reserved::FIELD_OPTIONS)
                    .lines()
                    .map(str::to_owned)
                    .collect(),
                reference: reference(&row),
            })
        })
        .collect()
}

fn reference(row: &Row) -> Option<Reference> {
    let Value::Entity(target) = row.field(reserved::FIELD_FOLLOWS) else {
        return None;
    };
    let via = text(row, reserved::FIELD_VIA);
    let via = match via.split_once(' ')? {
        ("field", id) => Via::Field(id.parse::<EntityId>().ok()?.field()),
        ("edge", edge_type) => Via::Edge(edge_type.to_owned()),
        _ => return None,
    };
    let target = target.field();
    Some(Reference { via, target })
}

/// Makes names unique: the first keeps it, those that follow carry the end of their id. Ids are in order of their making,
/// which a deletion and a restoration leave as it was.
fn unique(named: impl Iterator<Item = (EntityId, String)>) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    named
        .map(|(entity, name)| {
            let name = if taken.contains(&name) {
                let [.., a, b] = *entity.as_bytes();
                format!("{name} ~{a:02x}{b:02x}")
            } else {
                name
            };
            taken.insert(name.clone());
            name
        })
        .collect()
}

fn rows(store: &dyn Read, facet: FacetId) -> Result<Vec<(EntityId, Row)>, StorageError> {
    let members = store.members(facet, None, usize::MAX)?;
    members
        .into_iter()
        .map(|(entity, bytes)| Ok((entity, Row::decode(&bytes)?)))
        .collect()
}

fn text(row: &Row, field: FieldId) -> String {
    match row.field(field) {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
