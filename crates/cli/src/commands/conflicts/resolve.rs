//! `openprod conflicts resolve`: deciding a conflict by one of its values, or by a new one.

use openprod_core::FieldType;
use serde_json::{Value as Json, json};

use super::{Conflict, ConflictList};
use crate::engine_client::EngineClient;
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;
use crate::field_json::{FieldJson, shown};
use crate::table_view;

/// Decides a conflict, for everybody: by one of the values that were written, or by a new one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod conflicts resolve 0f3a --pick 2")]
pub(super) struct Resolve {
    /// The conflict: its id as `openprod conflicts` shows it, or the beginning of it
    #[arg(value_name = "ID")]
    conflict: String,
    #[command(flatten)]
    choice: Choice,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// The value that is to stand: its number in the list, or the id of the operation that wrote it
    #[arg(long, value_name = "N")]
    pick: Option<String>,
    /// A new value, written as a cell of a CSV file is; `true` or `false` where it is about being there
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<String>,
}

impl Resolve {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let list = ConflictList::read(&engine.client.get("/conflicts/list", &[])?)?;
            let conflict = find(&list.conflicts, &self.conflict)?;
            let (member, value, stands) = match (&self.choice.pick, &self.choice.value) {
                (Some(pick), _) => {
                    let (op_id, value) = pick_from(conflict, pick)?;
                    ("op_id", json!(op_id), value)
                }
                (None, text) => {
                    let text = text.as_deref().unwrap_or_default();
                    let value = read_value(&engine.client, conflict, text)?;
                    ("value", value.clone(), value)
                }
            };
            let body = json!({"conflict_id": conflict.conflict_id, member: value, "command": {"source": "cli conflicts"}});
            let done: Json = engine.client.post("/conflicts/resolve", body)?;
            context.console.answer(&done, |_| match &conflict.field {
                Some(field) => format!("Decided: {field} is {}.", shown(&stands)),
                None => "Decided.".to_owned(),
            })
        })
    }
}

/// The one conflict whose id begins like this.
fn find<'a>(conflicts: &'a [Conflict], id: &str) -> Result<&'a Conflict, Failure> {
    let wanted = id.to_lowercase();
    let found: Vec<_> = conflicts
        .iter()
        .filter(|conflict| !wanted.is_empty() && conflict.conflict_id.starts_with(&wanted))
        .collect();
    match found.as_slice() {
        [conflict] => Ok(conflict),
        several => Err(Failure::UnknownConflict {
            id: id.to_owned(),
            count: several.len(),
        }),
    }
}

/// The operation that is picked, and what it wrote.
fn pick_from(conflict: &Conflict, pick: &str) -> Result<(String, Json), Failure> {
    let by_number = pick
        .parse::<usize>()
        .ok()
        .and_then(|number| conflict.values.get(number.checked_sub(1)?));
    let by_id = || conflict.values.iter().find(|candidate| candidate.op_id == pick);
    let picked = by_number.or_else(by_id).ok_or_else(|| {
        Failure::BadChoice(format!(
            "{pick:?} is none of its values; they are 1 to {}",
            conflict.values.len()
        ))
    })?;
    Ok((picked.op_id.clone(), picked.value.clone()))
}

/// The value that a person wrote, as the engine takes it.
fn read_value(client: &EngineClient, conflict: &Conflict, text: &str) -> Result<Json, Failure> {
    let field_type = match (conflict.kind.as_str(), &conflict.field) {
        ("field", Some(name)) => {
            let tables = table_view::tables(client)?;
            let table = tables
                .iter()
                .find(|table| Some(&table.table_id) == conflict.table_id.as_ref());
            let field = table.and_then(|table| table.fields.iter().find(|field| field.name == *name));
            field.map_or_else(|| written_type(conflict), table_view::FieldView::field_type)
        }
        ("property", _) => written_type(conflict),
        _ => FieldType::Boolean,
    };
    if text.is_empty() && field_type != FieldType::Text {
        return Ok(Json::Null);
    }
    let value = field_type
        .parse(text)
        .map_err(|error| Failure::BadChoice(format!("{text:?} cannot be the value: {error}")))?;
    serde_json::to_value(FieldJson(&value)).map_err(|error| Failure::BadChoice(error.to_string()))
}

/// The type of what was written, as far as it shows: properties have none of their own.
fn written_type(conflict: &Conflict) -> FieldType {
    let values = || conflict.values.iter().map(|candidate| &candidate.value);
    if values().any(Json::is_f64) {
        FieldType::Float
    } else if values().any(Json::is_number) {
        FieldType::Integer
    } else if values().any(Json::is_boolean) {
        FieldType::Boolean
    } else {
        FieldType::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(id: &str) -> Conflict {
        let value = |number: u64, value: &str| json!({"value": value, "actor_id": "a", "at": "now", "op_id": format!("op-{number}")});
        let json = json!({
            "conflict_id": id, "kind": "field", "entity_id": "e", "edge_id": null, "table": "Cue", "table_id": "t",
            "field": "label", "values": [value(1, "one"), value(2, "two")], "shown": "op-2",
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn beginning_of_an_id_is_enough_when_only_one_has_it() {
        let all = [conflict("0f3a-1"), conflict("0f3b-1")];
        assert_eq!(find(&all, "0F3A").unwrap().conflict_id, "0f3a-1");
        for (id, expected) in [("0f3", 2), ("1", 0), ("", 0)] {
            let Err(Failure::UnknownConflict { count, .. }) = find(&all, id) else {
                panic!("{id}")
            };
            assert_eq!(count, expected, "{id}");
        }
    }

    #[test]
    fn values_are_picked_by_number_or_operation() {
        let conflict = conflict("0f3a");
        assert_eq!(pick_from(&conflict, "1").unwrap().0, "op-1");
        assert_eq!(
            pick_from(&conflict, "op-2").unwrap(),
            ("op-2".to_owned(), json!("two"))
        );
        for pick in ["0", "3", "-1", "op-3", ""] {
            assert!(
                matches!(pick_from(&conflict, pick), Err(Failure::BadChoice(_))),
                "{pick}"
            );
        }
    }

    #[test]
    fn type_of_a_property_is_that_of_what_was_written() {
        let mut conflict = conflict("0f3a");
        assert_eq!(written_type(&conflict), FieldType::Text);
        for (value, field_type) in [
            (json!(true), FieldType::Boolean),
            (json!(3), FieldType::Integer),
            (json!(2.5), FieldType::Float),
        ] {
            conflict.values[0].value = value;
            assert_eq!(written_type(&conflict), field_type);
        }
    }
}
