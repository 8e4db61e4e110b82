//! What a scalar field holds.

use wincode::{SchemaRead, SchemaWrite};

use crate::field_type::{FieldType, write_date, write_datetime, write_duration};
use crate::hash::BlobHash;
use crate::id::EntityId;

/// A value as it stands in signed bytes. The order of the variants is part of the format.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub enum Value {
    /// Nothing: what a field holds before it is set and after it is cleared.
    Empty,
    /// Unicode text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number; commands refuse those that are not finite, and write −0.0 as 0.0.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// An instant.
    DateTime(DateTime),
    /// A length of time, in microseconds.
    Duration(i64),
    /// One of a field's options, by its name.
    Enum(String),
    /// Another entity.
    Entity(EntityId),
    /// A file.
    Blob(Blob),
}

/// An instant, and the offset in which a person wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct DateTime {
    /// Microseconds since the Unix epoch.
    pub micros: i64,
    /// Minutes east of UTC.
    pub offset_minutes: i16,
}

/// A reference to a blob, with what a person needs to recognise it before its content is here.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Blob {
    /// The hash of its content.
    pub hash: BlobHash,
    /// Its file name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its length in bytes.
    pub size: u64,
}

impl Value {
    /// A float value: −0.0 becomes 0.0; `None` for what is not finite.
    #[must_use]
    pub fn float(number: f64) -> Option<Self> {
        number
            .is_finite()
            .then_some(Self::Float(if number == 0.0 { 0.0 } else { number }))
    }

    /// The type that this is a value of; `None` for the empty value, which every type has.
    #[must_use]
    pub const fn field_type(&self) -> Option<FieldType> {
        Some(match self {
            Self::Empty => return None,
            Self::Text(_) => FieldType::Text,
            Self::Integer(_) => FieldType::Integer,
            Self::Float(_) => FieldType::Float,
            Self::Boolean(_) => FieldType::Boolean,
            Self::Date(_) => FieldType::Date,
            Self::DateTime(_) => FieldType::DateTime,
            Self::Duration(_) => FieldType::Duration,
            Self::Enum(_) => FieldType::Enum,
            Self::Entity(_) => FieldType::Entity,
            Self::Blob(_) => FieldType::Blob,
        })
    }

    /// Whether two values are the same in signed bytes; unlike `==`, a NaN from a faulty peer equals itself, and −0.0
    /// does not equal 0.0.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(left), Self::Float(right)) => left.to_bits() == right.to_bits(),
            _ => self == other,
        }
    }

    /// Writes the value as text, in the form that [`FieldType::parse`] reads (a blob as its hash alone).
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Enum(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Date(days) => write_date(*days),
            Self::DateTime(at) => write_datetime(*at),
            Self::Duration(micros) => write_duration(*micros),
            Self::Entity(entity) => entity.to_string(),
            Self::Blob(blob) => blob.hash.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::encode;

    #[test]
    fn sameness_is_of_bytes() {
        assert!(Value::Float(f64::NAN).same(&Value::Float(f64::NAN)));
        assert!(!Value::Float(-0.0).same(&Value::Float(0.0)));
        assert!(!Value::Text("1".into()).same(&Value::Integer(1)));
    }

    #[test]
    fn floats_are_finite_and_have_one_zero() {
        assert_eq!(Value::float(f64::INFINITY), None);
        assert_eq!(
            Value::float(-0.0).map(|value| encode(&value)),
            Value::float(0.0).map(|value| encode(&value))
        );
    }
}
