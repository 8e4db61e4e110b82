//! What a field can hold, and how its values read as text.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};
use wincode::{SchemaRead, SchemaWrite};

use crate::hash::BlobHash;
use crate::value::{Blob, DateTime, Value};

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
pub enum FieldType {
    /// Unicode text.
    Text,
    /// A whole number within ±(2⁵³−1), so that every client can hold it.
    Integer,
    /// A finite number.
    Float,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant, with the offset it was written in.
    DateTime,
    /// A length of time.
    Duration,
    /// One of the field's options.
    Enum,
    /// Another entity.
    Entity,
    /// A file, by the hash of its content.
    Blob,
    /// Collaborative text.
    CrdtText,
    /// A collaborative list.
    CrdtList,
}

/// Whether a field holds a value of its own or follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
pub enum FieldMode {
    /// Holds its own value.
    Discrete,
    /// Follows another entity's field.
    Reference,
}

/// The largest magnitude of an integer value: 2⁵³ − 1.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

const DATE: &[time::format_description::BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Text that is not a value of the wanted type.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("read value: expected {expected}, found {found:?}")]
pub struct ValueError {
    /// The type that was wanted.
    pub expected: FieldType,
    /// The beginning of the text.
    pub found: String,
}

/// A word that names no field type.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("read field type: {0:?} is none of {names}", names = FieldType::ALL.map(FieldType::name).join(", "))]
pub struct UnknownFieldType(String);

impl FieldType {
    /// Every type.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Integer,
        Self::Float,
        Self::Boolean,
        Self::Date,
        Self::DateTime,
        Self::Duration,
        Self::Enum,
        Self::Entity,
        Self::Blob,
        Self::CrdtText,
        Self::CrdtList,
    ];

    /// The name that clients and logs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Duration => "duration",
            Self::Enum => "enum",
            Self::Entity => "entity",
            Self::Blob => "blob",
            Self::CrdtText => "crdt_text",
            Self::CrdtList => "crdt_list",
        }
    }

    /// Whether writes to it merge as a document instead of superseding each other.
    #[must_use]
    pub const fn is_crdt(self) -> bool {
        matches!(self, Self::CrdtText | Self::CrdtList)
    }

    /// Whether `value` is one that a field of this type can hold; [`Value::Empty`] always is.
    #[must_use]
    pub fn admits(self, value: &Value) -> bool {
        match value {
            Value::Empty => true,
            Value::Integer(number) => {
                self == Self::Integer && number.unsigned_abs() <= INTEGER_MAX.unsigned_abs()
            }
            Value::Float(number) => self == Self::Float && number.is_finite(),
            _ => value.field_type() == Some(self),
        }
    }

    /// Reads a value of this type from text, as a CSV cell or a JSON string holds it; [`Value::to_text`] writes
    /// the same form. Surrounding white space is ignored except in text. Empty text is the empty value for all
    /// types but text.
    ///
    /// # Errors
    /// [`ValueError`] when the text is not of this type; collaborative types have no text form here.
    pub fn parse(self, text: &str) -> Result<Value, ValueError> {
        let trimmed = text.trim();
        if trimmed.is_empty() && self != Self::Text {
            return Ok(Value::Empty);
        }
        let value = match self {
            Self::Text => Some(Value::Text(text.to_owned())),
            Self::Enum => Some(Value::Enum(trimmed.to_owned())),
            Self::Integer => trimmed.parse().ok().map(Value::Integer),
            Self::Float => trimmed.parse().ok().and_then(Value::float),
            Self::Boolean => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(Value::Boolean(true)),
                "false" | "no" => Some(Value::Boolean(false)),
                _ => None,
            },
            Self::Date => Date::parse(trimmed, DATE)
                .ok()
                .map(|date| Value::Date(day_number(date))),
            Self::DateTime => OffsetDateTime::parse(trimmed, &Rfc3339).ok().map(|at| {
                Value::DateTime(DateTime {
                    micros: (at.unix_timestamp_nanos() / 1_000) as i64,
                    offset_minutes: at.offset().whole_minutes(),
                })
            }),
            Self::Duration => parse_duration(trimmed).map(Value::Duration),
            Self::Entity => trimmed.parse().ok().map(Value::Entity),
            Self::Blob => BlobHash::from_hex(trimmed).map(|hash| {
                Value::Blob(Blob {
                    hash,
                    name: String::new(),
                    mime: String::new(),
                    size: 0,
                })
            }),
            Self::CrdtText | Self::CrdtList => None,
        };
        value
            .filter(|value| self.admits(value))
            .ok_or_else(|| ValueError {
                expected: self,
                found: text.chars().take(80).collect(),
            })
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for FieldType {
    type Err = UnknownFieldType;

    fn from_str(text: &str) -> Result<Self, UnknownFieldType> {
        Self::ALL
            .into_iter()
            .find(|field_type| field_type.name() == text)
            .ok_or_else(|| UnknownFieldType(text.chars().take(40).collect()))
    }
}

impl FieldMode {
    /// The name that clients and logs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Reference => "reference",
        }
    }
}

/// Writes a day number as `2026-11-21`; days beyond the calendar's years are written as `day N`.
pub(crate) fn write_date(days: i32) -> String {
    i32::try_from(i64::from(days) + i64::from(UNIX_EPOCH_JULIAN))
        .ok()
        .and_then(|julian| Date::from_julian_day(julian).ok())
        .and_then(|date| date.format(DATE).ok())
        .unwrap_or_else(|| format!("day {days}"))
}

/// Writes an instant in RFC 3339, in the offset it was written in.
pub(crate) fn write_datetime(at: DateTime) -> String {
    let offset = UtcOffset::from_whole_seconds(i32::from(at.offset_minutes) * 60).unwrap_or(UtcOffset::UTC);
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros) * 1_000)
        .ok()
        .and_then(|instant| instant.checked_to_offset(offset))
        .and_then(|instant| instant.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{} µs", at.micros))
}

/// Writes microseconds as an ISO 8601 duration of hours, minutes and seconds: `PT1H30M`.
pub(crate) fn write_duration(micros: i64) -> String {
    let (sign, rest) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{sign}PT");
    if hours > 0 {
        text.push_str(&format!("{hours}H"));
    }
    if minutes > 0 {
        text.push_str(&format!("{minutes}M"));
    }
    if fraction > 0 {
        text.push_str(format!("{seconds}.{fraction:06}").trim_end_matches('0'));
        text.push('S');
    } else if seconds > 0 || rest == 0 {
        text.push_str(&format!("{seconds}S"));
    }
    text
}

/// The Julian day of 1970-01-01.
const UNIX_EPOCH_JULIAN: i32 = 2_440_588;

fn day_number(date: Date) -> i32 {
    date.to_julian_day() - UNIX_EPOCH_JULIAN
}

/// Reads `[-]P[nW][nD][T[nH][nM][n[.n]S]]`. Months and years have no fixed length and are refused.
fn parse_duration(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let text = text.strip_prefix('P')?;
    let (days, clock) = text
        .split_once('T')
        .map_or((text, None), |(days, clock)| (days, Some(clock)));
    if days.is_empty() && clock.is_none_or(str::is_empty) || clock == Some("") {
        return None;
    }
    const SECOND: i64 = 1_000_000;
    let days = parse_units(days, &[('W', 7 * 86_400 * SECOND), ('D', 86_400 * SECOND)])?;
    let clock = parse_units(
        clock.unwrap_or(""),
        &[('H', 3_600 * SECOND), ('M', 60 * SECOND), ('S', SECOND)],
    )?;
    let micros = days.checked_add(clock)?;
    if negative {
        micros.checked_neg()
    } else {
        Some(micros)
    }
}

/// Reads numbers that are each followed by one of `units`, in that order, each at most once.
fn parse_units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    let mut units = units.iter();
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let (_, micros) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(parse_decimal(number, *micros, unit == 'S')?)?;
        text = &rest[unit.len_utf8()..];
    }
    Some(total)
}

/// Reads a decimal number of units; a fraction is allowed only of seconds, to six places.
fn parse_decimal(number: &str, micros: i64, fractional: bool) -> Option<i64> {
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(whole, part)| (whole, Some(part)));
    let total = whole.parse::<i64>().ok()?.checked_mul(micros)?;
    match fraction {
        None => Some(total),
        Some(part) if fractional && (1..=6).contains(&part.len()) => {
            total.checked_add(format!("{part:0<6}").parse().ok()?)
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(field_type: FieldType, text: &str, written: &str) {
        assert_eq!(
            field_type.parse(text).map(|value| value.to_text()),
            Ok(written.to_owned()),
            "{field_type} {text}"
        );
    }

    #[test]
    fn text_forms_read_and_write() {
        check(FieldType::Text, "  Jane ", "  Jane ");
        check(FieldType::Integer, " -42 ", "-42");
        check(FieldType::Float, "-0.0", "0");
        check(FieldType::Float, "1e3", "1000");
        check(FieldType::Boolean, "Yes", "true");
        check(FieldType::Date, "2026-11-21", "2026-11-21");
        check(FieldType::Date, "1969-12-31", "1969-12-31");
        check(
            FieldType::DateTime,
            "2026-11-21T20:00:00-05:00",
            "2026-11-21T20:00:00-05:00",
        );
        check(
            FieldType::DateTime,
            "2026-11-21T20:00:00.25Z",
            "2026-11-21T20:00:00.25Z",
        );
        check(FieldType::Duration, "PT1H30M", "PT1H30M");
        check(FieldType::Duration, "P1DT0.5S", "PT24H0.5S");
        check(FieldType::Duration, "PT0S", "PT0S");
        check(FieldType::Integer, "", "");
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (field_type, text) in [
            (FieldType::Integer, "9007199254740992"),
            (FieldType::Integer, "1.5"),
            (FieldType::Float, "NaN"),
            (FieldType::Float, "inf"),
            (FieldType::Boolean, "maybe"),
            (FieldType::Date, "21.11.2026"),
            (FieldType::Date, "2026-02-30"),
            (FieldType::DateTime, "2026-11-21"),
            (FieldType::Duration, "P1M"),
            (FieldType::Duration, "PT"),
            (FieldType::Duration, "PT1M1H"),
            (FieldType::Entity, "Jane"),
            (FieldType::CrdtText, "text"),
        ] {
            assert!(field_type.parse(text).is_err(), "{field_type} {text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(micros in any::<i64>().prop_filter("has a negation", |n| *n != i64::MIN)) {
            prop_assert_eq!(parse_duration(&write_duration(micros)), Some(micros));
        }

        #[test]
        fn dates_round_trip(days in -3_000_000i32..2_900_000) {
            let text = write_date(days);
            if let Ok(Value::Date(back)) = FieldType::Date.parse(&text) {
                prop_assert_eq!(back, days);
            } else {
                prop_assert!(!(-719_000..2_900_000).contains(&days), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*", index in 0..FieldType::ALL.len()) {
            let _ = FieldType::ALL[index].parse(&text);
        }
    }
}
