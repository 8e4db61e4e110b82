//! Field values in the engine's JSON, both ways.

use openprod_core::value::Blob;
use openprod_core::{BlobHash, FieldType, Value};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// A value as the engine takes it.
pub(crate) struct FieldJson<'a>(pub(crate) &'a Value);

impl Serialize for FieldJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Empty => serializer.serialize_unit(),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Boolean(truth) => serializer.serialize_bool(*truth),
            Value::Entity(entity) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("entity", &entity.to_string())?;
                map.end()
            }
            Value::Blob(blob) => {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("blob", &blob.hash.to_string())?;
                map.serialize_entry("name", &blob.name)?;
                map.serialize_entry("mime", &blob.mime)?;
                map.serialize_entry("size", &blob.size)?;
                map.end()
            }
            text => serializer.serialize_str(&text.to_text()),
        }
    }
}

/// A value of a field of this type, as the engine gives it. What cannot be read as one is given as its text.
pub(crate) fn read_field(field_type: FieldType, json: &Json) -> Value {
    match json {
        Json::Null => Value::Empty,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => match (field_type, number.as_i64(), number.as_f64()) {
            (FieldType::Float, _, Some(float)) | (_, None, Some(float)) => Value::Float(float),
            (_, Some(whole), _) => Value::Integer(whole),
            (_, None, None) => Value::Text(number.to_string()),
        },
        Json::String(text) if text.is_empty() => Value::Text(String::new()),
        Json::String(text) => field_type
            .parse(text)
            .unwrap_or_else(|_| Value::Text(text.clone())),
        Json::Object(_) | Json::Array(_) => {
            read_reference(json).unwrap_or_else(|| Value::Text(json.to_string()))
        }
    }
}

/// What a field's value looks like to a person.
pub(crate) fn shown(json: &Json) -> String {
    match json {
        Json::Null => "(empty)".to_owned(),
        Json::String(text) => format!("“{text}”"),
        other => other.to_string(),
    }
}

fn read_reference(json: &Json) -> Option<Value> {
    if let Some(entity) = json["entity"].as_str() {
        return entity.parse().ok().map(Value::Entity);
    }
    let hash = BlobHash::from_hex(json["blob"].as_str()?)?;
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    Some(Value::Blob(Blob {
        hash,
        name: text("name"),
        mime: text("mime"),
        size: json["size"].as_u64()?,
    }))
}

#[cfg(test)]
mod tests {
    use openprod_core::EntityId;
    use openprod_core::field_type::INTEGER_MAX;
    use openprod_core::value::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = (FieldType, Value)> {
        prop_oneof![
            (0..12_usize).prop_map(|index| (FieldType::ALL[index], Value::Empty)),
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
            (-1_000_000_000_000..1_000_000_000_000_i64)
                .prop_map(|micros| (FieldType::Duration, Value::Duration(micros))),
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
            let text = serde_json::to_string(&FieldJson(&value)).unwrap();
            prop_assert_eq!(read_field(field_type, &serde_json::from_str(&text).unwrap()), value);
        }
    }

    #[test]
    fn what_is_of_another_type_is_shown_as_it_is() {
        assert_eq!(
            read_field(FieldType::Date, &serde_json::json!("soon")),
            Value::Text("soon".to_owned())
        );
        assert_eq!(
            read_field(FieldType::Text, &serde_json::json!([1])),
            Value::Text("[1]".to_owned())
        );
        assert_eq!(
            read_field(FieldType::Float, &serde_json::json!(3)),
            Value::Float(3.0)
        );
    }
}
