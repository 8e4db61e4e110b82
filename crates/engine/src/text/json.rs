//! JSON values as Yjs writes them, and the way between them, yrs' values and serde's.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use yrs::{Any, Number};

use super::reader::Reader;
use super::update::UpdateError;

/// How deep arrays and objects may be nested in one value of a list: half of what the JSON parser takes, so that
/// what is stored can always be shown.
pub(crate) const DEPTH_MAX: u32 = 64;

/// Reads past one value, and refuses what is not JSON.
pub(super) fn check_value(reader: &mut Reader<'_>) -> Result<(), UpdateError> {
    // Counts of values that are still to come, one for each array or object around the place: no recursion.
    let mut open: Vec<(u32, bool)> = vec![(1, false)];
    while let Some((left, keyed)) = open.last_mut() {
        if *left == 0 {
            open.pop();
            continue;
        }
        *left -= 1;
        if *keyed {
            reader.string()?;
        }
        match reader.byte()? {
            126 | 121 | 120 => {}
            125 => safe(reader.signed()?)?,
            124 => finite(f64::from(f32::from_be_bytes(reader.array()?)))?,
            123 => finite(f64::from_be_bytes(reader.array()?))?,
            122 => safe(i64::from_be_bytes(reader.array()?))?,
            119 => {
                reader.string()?;
            }
            kind @ (117 | 118) => {
                let count = reader.unsigned_32()?;
                if open.len() > DEPTH_MAX as usize {
                    return Err(UpdateError::TooDeep);
                }
                open.push((count, kind == 118));
            }
            _ => return Err(UpdateError::NotJsonValue),
        }
    }
    Ok(())
}

/// Refuses a format whose value yrs could not read.
pub(super) fn check_format(json: &str) -> Result<(), UpdateError> {
    // The parser's own limit of depth holds here.
    match serde_json::from_str::<Value>(json) {
        Ok(_) => Ok(()),
        Err(_) => Err(UpdateError::NotJson),
    }
}

/// The value that a reader of the field sees. A whole number within ±(2⁵³−1) is an integer, however it was
/// written: yrs does not keep the difference.
pub(super) fn value_of(any: &Any) -> Value {
    match any {
        Any::Null | Any::Undefined | Any::Buffer(_) => Value::Null,
        Any::Bool(value) => Value::Bool(*value),
        Any::Number(number) => number_of(*number),
        Any::String(string) => Value::String(string.to_string()),
        Any::Array(values) => Value::Array(values.iter().map(value_of).collect()),
        Any::Map(entries) => {
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            Value::Object(
                sorted
                    .into_iter()
                    .map(|(key, any)| (key.clone(), value_of(any)))
                    .collect(),
            )
        }
    }
}

/// The value as yrs holds it.
pub(super) fn any_of(value: &Value) -> Any {
    match value {
        Value::Null => Any::Null,
        Value::Bool(value) => Any::Bool(*value),
        Value::Number(number) => match number.as_i64().filter(|integer| is_safe(*integer)) {
            Some(integer) => Any::Number(Number::Int(integer)),
            None => Any::Number(Number::Float(number.as_f64().unwrap_or_default())),
        },
        Value::String(string) => Any::String(Arc::from(string.as_str())),
        Value::Array(values) => Any::Array(values.iter().map(any_of).collect()),
        Value::Object(entries) => Any::Map(Arc::new(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), any_of(value)))
                .collect(),
        )),
    }
}

/// As [`write_canonical`], of an array of these values.
pub(super) fn write_canonical_list(values: &[Value], out: &mut Vec<u8>) {
    out.push(6);
    count(values.len(), out);
    for value in values {
        write_canonical(value, out);
    }
}

/// Appends the value in a form that has one spelling: objects in order of their keys.
pub(super) fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    let string = |string: &str, out: &mut Vec<u8>| {
        count(string.len(), out);
        out.extend(string.as_bytes());
    };
    match value {
        Value::Null => out.push(0),
        Value::Bool(value) => out.push(1 + u8::from(*value)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => {
                out.push(3);
                out.extend(integer.to_le_bytes());
            }
            None => {
                out.push(4);
                out.extend(number.as_f64().unwrap_or_default().to_bits().to_le_bytes());
            }
        },
        Value::String(text) => {
            out.push(5);
            string(text, out);
        }
        Value::Array(values) => write_canonical_list(values, out),
        Value::Object(entries) => {
            out.push(7);
            count(entries.len(), out);
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            for (key, value) in sorted {
                string(key, out);
                write_canonical(value, out);
            }
        }
    }
}

fn count(count: usize, out: &mut Vec<u8>) {
    out.extend((count as u64).to_le_bytes());
}

fn number_of(number: Number) -> Value {
    match number {
        Number::Int(integer) => integer.into(),
        Number::Float(float) if float.fract() == 0.0 && is_safe(float as i64) => (float as i64).into(),
        Number::Float(float) => float.into(),
    }
}

const fn is_safe(integer: i64) -> bool {
    integer.unsigned_abs() < 1 << 53
}

const fn safe(integer: i64) -> Result<(), UpdateError> {
    if is_safe(integer) {
        Ok(())
    } else {
        Err(UpdateError::NotJsonValue)
    }
}

const fn finite(float: f64) -> Result<(), UpdateError> {
    if float.is_finite() {
        Ok(())
    } else {
        Err(UpdateError::NotJsonValue)
    }
}
