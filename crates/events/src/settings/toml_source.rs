//! Settings in TOML: each value with its key and its line.

use serde_json::{Map, Value as Json};
use toml_edit::{Document, Item, TableLike, Value};

use super::settings_error::{Origin, SettingsError};

/// One value of a text.
pub(super) struct Assignment {
    /// Its key, from the outermost table inwards.
    pub(super) path: Vec<String>,
    pub(super) value: Json,
    /// The line of the key, from 1 on.
    pub(super) line: usize,
}

/// All values of a text, in the order in which they stand there.
pub(super) fn assignments(name: &str, text: &str) -> Result<Vec<Assignment>, SettingsError> {
    let document = Document::parse(text).map_err(|error| SettingsError::Syntax {
        origin: Origin::File {
            name: name.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
        },
        reason: error.message().replace('\n', "; "),
    })?;
    let mut found = Vec::new();
    walk(text, document.as_table(), &mut Vec::new(), &mut found);
    found.sort_by_key(|assignment| assignment.line);
    Ok(found)
}

fn walk(text: &str, table: &dyn TableLike, path: &mut Vec<String>, found: &mut Vec<Assignment>) {
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        if let Some(inner) = item.as_table_like()
            && !inner.is_empty()
        {
            walk(text, inner, path, found);
        } else {
            let key = table.key(name).and_then(toml_edit::Key::span);
            let span = key.or_else(|| item.span());
            found.push(Assignment {
                path: path.clone(),
                value: item_json(item),
                line: line_of(text, span.map_or(0, |span| span.start)),
            });
        }
        path.pop();
    }
}

fn item_json(item: &Item) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(value) => json(value),
        Item::Table(_) => Json::Object(Map::new()),
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter().map(|table| {
                let members = table
                    .iter()
                    .map(|(name, item)| (name.to_owned(), item_json(item)));
                Json::Object(members.collect())
            });
            Json::Array(tables.collect())
        }
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(truth) => (*truth.value()).into(),
        Value::Datetime(moment) => moment.value().to_string().into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::InlineTable(table) => {
            let members = table.iter().map(|(name, value)| (name.to_owned(), json(value)));
            Json::Object(members.collect())
        }
    }
}

/// The line of a place in a text, from 1 on.
fn line_of(text: &str, place: usize) -> usize {
    let before = text.as_bytes().get(..place).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
