//! Field values in JSON: `null`, text, numbers, booleans, `{"entity": id}` and `{"blob": hash, …}`.
//!
//! JSON does not tell a date from text. What is read here is therefore only as exact as JSON is; the engine
//! reads text as the field's type.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::field_type::INTEGER_MAX;
use openprod_core::value::Blob;
use openprod_core::{BlobHash, FieldType, Value};
use openprod_engine::Fields;
use openprod_engine::schema::Field;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// A field's value. By the field's type: text, enum options, dates `"2026-11-21"`, datetimes in RFC 3339 and
/// durations `"PT1H30M"` are strings; integers lie within ±(2⁵³−1). An empty field is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FieldValue {
    /// Nothing.
    Empty,
    /// Text, and what has a text form.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Another record.
    Entity {
        /// Its id.
        entity: String,
    },
    /// A file.
    Blob {
        /// The hash of its content: 64 hex digits.
        blob: String,
        /// Its file name.
        name: String,
        /// Its media type.
        mime: String,
        /// Its length in bytes.
        size: u64,
    },
    /// A list that several people edit.
    List(Vec<Json>),
}

impl FieldValue {
    /// A field's value for clients: of a list its elements.
    pub(crate) fn of_field(field: &Field, value: &Value) -> Self {
        match value {
            Value::Text(text) if field.field_type == FieldType::CrdtList => {
                serde_json::from_str(text).map_or_else(|_| Self::of(value), Self::List)
            }
            _ => Self::of(value),
        }
    }

    /// A value for clients.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Empty => Self::Empty,
            Value::Integer(number) => Self::Integer(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::Entity(entity) => Self::Entity {
                entity: entity.to_string(),
            },
            Value::Blob(Blob {
                hash,
                name,
                mime,
                size,
            }) => Self::Blob {
                blob: hash.to_string(),
                name: name.clone(),
                mime: mime.clone(),
                size: *size,
            },
            Value::Text(_) | Value::Enum(_) | Value::Date(_) | Value::DateTime(_) | Value::Duration(_) => {
                Self::Text(value.to_text())
            }
        }
    }
}

/// The fields of a request, in order of their names.
pub(crate) fn read_fields(fields: BTreeMap<String, Json>) -> Result<Fields, Problem> {
    fields
        .into_iter()
        .map(|(name, json)| {
            let value = read_value(&name, json)?;
            Ok((name, value))
        })
        .collect()
}

/// The fields of a record to be made: those named in `lists` may begin with a list.
pub(crate) fn read_first_fields(
    fields: BTreeMap<String, Json>,
    lists: &BTreeSet<String>,
) -> Result<Fields, Problem> {
    let read = |(name, json): (String, Json)| {
        let value = match json {
            Json::Array(_) if lists.contains(&name) => Value::Text(json.to_string()),
            json => read_value(&name, json)?,
        };
        Ok((name, value))
    };
    fields.into_iter().map(read).collect()
}

/// The value that stands in a request for `field`.
pub(crate) fn read_value(field: &str, json: Json) -> Result<Value, Problem> {
    let wrong = |expected: &str, found: String| {
        let detail = format!("read value: field {field:?} takes {expected}, not {found}");
        Problem::new(ProblemCode::WrongType, detail).with(|problem| {
            problem.field = Some(field.to_owned());
            problem.expected = Some(expected.to_owned());
            problem.found = Some(found.clone());
        })
    };
    match json {
        Json::Null => Ok(Value::Empty),
        Json::Bool(truth) => Ok(Value::Boolean(truth)),
        Json::String(text) => Ok(Value::Text(text)),
        Json::Number(number) => match (number.as_i64(), number.is_u64(), number.as_f64()) {
            (Some(whole), _, _) if whole.unsigned_abs() <= INTEGER_MAX.unsigned_abs() => {
                Ok(Value::Integer(whole))
            }
            (Some(_), _, _) | (None, true, _) => Err(out_of_range(field, &number.to_string())),
            (None, false, Some(float)) => {
                Value::float(float).ok_or_else(|| wrong("a finite number", number.to_string()))
            }
            (None, false, None) => Err(wrong("a finite number", number.to_string())),
        },
        Json::Array(_) => Err(wrong("a single value", "a list".to_owned())),
        Json::Object(members) => read_reference(&members).ok_or_else(|| {
            wrong(
                r#"a value, {"entity": id} or {"blob": hash, "name", "mime", "size"}"#,
                shown(&members),
            )
        }),
    }
}

fn read_reference(members: &serde_json::Map<String, Json>) -> Option<Value> {
    if let Some(entity) = members.get("entity") {
        let only = members.len() == 1;
        return only
            .then_some(entity.as_str()?.parse().ok())
            .flatten()
            .map(Value::Entity);
    }
    let hash = BlobHash::from_hex(members.get("blob")?.as_str()?)?;
    let text = |name: &str| {
        members
            .get(name)
            .map_or(Some(""), Json::as_str)
            .map(str::to_owned)
    };
    let size = members.get("size").map_or(Some(0), Json::as_u64)?;
    let known = members
        .keys()
        .all(|name| ["blob", "name", "mime", "size"].contains(&name.as_str()));
    known.then_some(Value::Blob(Blob {
        hash,
        name: text("name")?,
        mime: text("mime")?,
        size,
    }))
}

fn out_of_range(field: &str, found: &str) -> Problem {
    let expected = "a whole number within ±(2⁵³−1)";
    let detail = format!("read value: field {field:?} takes {expected}, not {found}");
    Problem::new(ProblemCode::IntegerOutOfRange, detail).with(|problem| {
        problem.field = Some(field.to_owned());
        problem.expected = Some(expected.to_owned());
        problem.found = Some(found.to_owned());
    })
}

fn shown(members: &serde_json::Map<String, Json>) -> String {
    let names: Vec<_> = members
        .keys()
        .take(8)
        .map(|name| name.chars().take(40).collect::<String>())
        .collect();
    format!("an object of {names:?}")
}

#[cfg(test)]
mod tests {
    use openprod_core::value::DateTime;
    use openprod_core::{EntityId, FieldType};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refused(json: Json) -> ProblemCode {
        read_value("cue", json).unwrap_err().code()
    }

    #[test]
    fn whole_numbers_end_where_every_client_can_hold_them() {
        assert_eq!(
            read_value("cue", json!(INTEGER_MAX)).unwrap(),
            Value::Integer(INTEGER_MAX)
        );
        assert_eq!(
            read_value("cue", json!(-INTEGER_MAX)).unwrap(),
            Value::Integer(-INTEGER_MAX)
        );
        for number in [
            json!(INTEGER_MAX + 1),
            json!(-INTEGER_MAX - 1),
            json!(i64::MIN),
            json!(u64::MAX),
        ] {
            assert_eq!(refused(number), ProblemCode::IntegerOutOfRange);
        }
    }

    #[test]
    fn floats_are_read_to_the_last_bit() {
        let number = 3.920_113_606_810_948e-305;
        assert_eq!(
            read_value("f", serde_json::from_str("3.920113606810948e-305").unwrap()).unwrap(),
            Value::Float(number)
        );
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for json in [
            json!([1]),
            json!({}),
            json!({"entity": 7}),
            json!({"entity": "x"}),
            json!({"entity": EntityId::from_u128(1).to_string(), "more": 1}),
            json!({"blob": "00"}),
            json!({"blob": BlobHash::of(b"").to_string(), "size": -1}),
            json!({"blob": BlobHash::of(b"").to_string(), "other": 1}),
        ] {
            assert_eq!(refused(json), ProblemCode::WrongType);
        }
    }

    fn value() -> impl Strategy<Value = (FieldType, Value)> {
        prop_oneof![
            any::<String>().prop_map(|text| (FieldType::Text, Value::Text(text))),
            (-INTEGER_MAX..=INTEGER_MAX).prop_map(|number| (FieldType::Integer, Value::Integer(number))),
            prop::num::f64::NORMAL.prop_map(|number| (FieldType::Float, Value::Float(number))),
            any::<bool>().prop_map(|truth| (FieldType::Boolean, Value::Boolean(truth))),
            (-100_000..100_000).prop_map(|days| (FieldType::Date, Value::Date(days))),
            (0..4_000_000_000_000_000_i64, -700..700_i16).prop_map(|(micros, offset_minutes)| {
                (
                    FieldType::DateTime,
                    Value::DateTime(DateTime {
                        micros,
                        offset_minutes,
                    }),
                )
            }),
            any::<u128>().prop_map(|id| (FieldType::Entity, Value::Entity(EntityId::from_u128(id)))),
            (any::<[u8; 32]>(), any::<String>(), 0..(1_u64 << 53)).prop_map(|(hash, name, size)| {
                let blob = Blob {
                    hash: BlobHash::from_bytes(hash),
                    name,
                    mime: "image/png".into(),
                    size,
                };
                (FieldType::Blob, Value::Blob(blob))
            }),
        ]
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_went((field_type, value) in value()) {
            let text = serde_json::to_string(&FieldValue::of(&value)).unwrap();
            let back = read_value("f", serde_json::from_str(&text).unwrap()).unwrap();
            let back = match (&back, field_type) {
                (Value::Text(_), FieldType::Text) => back,
                (Value::Text(text), _) => field_type.parse(text).unwrap(),
                (Value::Integer(number), FieldType::Float) => Value::Float(*number as f64),
                _ => back,
            };
            prop_assert_eq!(back, value);
        }
    }
}
