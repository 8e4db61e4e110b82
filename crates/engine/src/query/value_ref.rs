//! A value, borrowed from wherever it is kept, and the rules by which listings compare values.
//!
//! Rows keep values, columns keep them packed; both lend them in this shape, so that a filter and a sort mean the
//! same whichever of the two answers.

use std::cmp::Ordering;

use openprod_core::value::DateTime;
use openprod_core::{EntityId, FieldType, Value, value::Blob};

/// A borrowed [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ValueRef<'a> {
    Empty,
    Text(&'a str),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(i32),
    DateTime(DateTime),
    Duration(i64),
    Enum(&'a str),
    Entity(EntityId),
    Blob(&'a Blob),
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Empty => Self::Empty,
            Value::Text(text) => Self::Text(text),
            Value::Integer(number) => Self::Integer(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::Date(days) => Self::Date(*days),
            Value::DateTime(at) => Self::DateTime(*at),
            Value::Duration(micros) => Self::Duration(*micros),
            Value::Enum(option) => Self::Enum(option),
            Value::Entity(entity) => Self::Entity(*entity),
            Value::Blob(blob) => Self::Blob(blob),
        }
    }
}

impl ValueRef<'_> {
    /// The type that this is a value of; `None` for the empty value.
    pub(crate) const fn field_type(self) -> Option<FieldType> {
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

    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Empty => Value::Empty,
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Integer(number) => Value::Integer(number),
            Self::Float(number) => Value::Float(number),
            Self::Boolean(truth) => Value::Boolean(truth),
            Self::Date(days) => Value::Date(days),
            Self::DateTime(at) => Value::DateTime(at),
            Self::Duration(micros) => Value::Duration(micros),
            Self::Enum(option) => Value::Enum(option.to_owned()),
            Self::Entity(entity) => Value::Entity(entity),
            Self::Blob(blob) => Value::Blob(blob.clone()),
        }
    }

    /// The value's text in lower case: what a text comparison looks into.
    pub(crate) fn to_lower_text(self) -> String {
        match self {
            Self::Text(text) | Self::Enum(text) => text.to_lowercase(),
            other => other.to_value().to_text().to_lowercase(),
        }
    }

    /// Whether a search looks into it: ids and hashes mean nothing to people.
    pub(crate) const fn is_searched(self) -> bool {
        !matches!(self, Self::Entity(_) | Self::Blob(_))
    }

    /// A total order over values: within a type as people expect, text without regard to case first; between
    /// types, which only values that do not fit their field bring together, by type.
    #[inline]
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Enum(a), Self::Enum(b)) => {
                compare_folded(a, b).then_with(|| a.cmp(b))
            }
            (Self::Integer(a), Self::Integer(b)) | (Self::Duration(a), Self::Duration(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(&b),
            (Self::Date(a), Self::Date(b)) => a.cmp(&b),
            (Self::DateTime(a), Self::DateTime(b)) => {
                (a.micros, a.offset_minutes).cmp(&(b.micros, b.offset_minutes))
            }
            (Self::Entity(a), Self::Entity(b)) => a.cmp(&b),
            (Self::Blob(a), Self::Blob(b)) => (&a.name, a.hash).cmp(&(&b.name, b.hash)),
            (a, b) => a.field_type().cmp(&b.field_type()),
        }
    }

    /// Equality as people expect it: one instant in two offsets is equal, one file under two names too.
    #[inline]
    pub(crate) fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::DateTime(a), Self::DateTime(b)) => a.micros == b.micros,
            (Self::Blob(a), Self::Blob(b)) => a.hash == b.hash,
            // A NaN from a faulty peer equals itself.
            (Self::Float(a), Self::Float(b)) => a == b || a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        }
    }

    /// The order of two values of one type; `None` when their types differ.
    #[inline]
    pub(crate) fn compare_within_type(self, other: Self) -> Option<Ordering> {
        (self.field_type() == other.field_type()).then(|| match (self, other) {
            (Self::DateTime(a), Self::DateTime(b)) => a.micros.cmp(&b.micros),
            (a, b) => a.compare(b),
        })
    }
}

/// The order of two texts without regard to case.
fn compare_folded(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    a.chars()
        .flat_map(char::to_lowercase)
        .cmp(b.chars().flat_map(char::to_lowercase))
}
