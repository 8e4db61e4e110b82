//! Numbers of a payload: one form for each, and none that loses digits.

use serde_json::{Number, Value};

use super::{PayloadError, cut, deeper};
use crate::limits::WHOLE_NUMBER_MAX;

/// Makes whole doubles integers, so that `1.0` and `1` are one value, and refuses what loses digits.
pub(super) fn normalise(value: &mut Value, depth: usize) -> Result<(), PayloadError> {
    match value {
        Value::Number(number) => *number = normalise_number(number)?,
        Value::Array(elements) => {
            let depth = deeper(depth)?;
            for element in elements {
                normalise(element, depth)?;
            }
        }
        Value::Object(members) => {
            let depth = deeper(depth)?;
            for member in members.values_mut() {
                normalise(member, depth)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    Ok(())
}

fn normalise_number(number: &Number) -> Result<Number, PayloadError> {
    let too_big = |number: &Number| PayloadError::NumberTooBig {
        number: cut(&number.to_string()),
    };
    if let Some(whole) = number.as_i64() {
        if whole.unsigned_abs() > WHOLE_NUMBER_MAX {
            return Err(too_big(number));
        }
        return Ok(number.clone());
    }
    let double = match number.as_f64() {
        Some(double) if double.is_finite() && !number.is_u64() => double,
        _ => return Err(too_big(number)),
    };
    if double.fract() != 0.0 {
        return Ok(number.clone());
    }
    // A whole double below 10²¹ has a canonical form without exponent, which reads back as an integer.
    if double.abs() <= WHOLE_NUMBER_MAX as f64 {
        Ok(Number::from(double as i64))
    } else if double.abs() < 1e21 {
        Err(too_big(number))
    } else {
        Ok(number.clone())
    }
}

/// The first number in a JSON text that is an integer of more digits than fit into 64 bits: the parser would make it a
/// double and lose them.
pub(super) fn long_integer(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < bytes.len() && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                {
                    at += 1;
                }
                let number = &text[start..at];
                if number.len() > 16 && !number.contains(['.', 'e', 'E']) {
                    let digits = number.trim_start_matches('-');
                    if digits.parse::<u64>().is_err() {
                        return Some(number);
                    }
                }
            }
            _ => at += 1,
        }
    }
    None
}
