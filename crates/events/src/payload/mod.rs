//! What a fact records: a JSON value that every store and every program reads alike.
//!
//! A [`Payload`] has passed the checks: no name twice in one object, no number that would lose digits, bounded size and
//! depth. Its numbers are normalised, so that two payloads that mean the same are equal.

mod number;
mod reader;
mod soundness;

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::{DeserializeOwned, DeserializeSeed as _, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

use self::number::{long_integer, normalise};
use self::reader::{Strict, Twice, read};
use self::soundness::sound;
use crate::canonical;
use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};

/// Why a value cannot be a payload or a pattern.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// The text is no JSON, or the value cannot be written as such.
    #[error("read payload: it is not JSON")]
    Json(#[source] serde_json::Error),
    /// An object has two members of one name, of which programs keep the first or the last.
    #[error("read payload: member {name:?} is there twice")]
    DuplicateMember {
        /// The name, cut short.
        name: String,
    },
    /// A number that most programs cannot hold.
    #[error("read payload: {number} has more digits than a JSON number can hold; write it as a string")]
    NumberTooBig {
        /// The number, cut short.
        number: String,
    },
    /// It nests too deep.
    #[error("read payload: it nests deeper than {PAYLOAD_DEPTH_MAX} levels")]
    TooDeep,
    /// It is too large.
    #[error("read payload: it has {bytes} bytes, and {PAYLOAD_BYTES_MAX} is the most")]
    TooLarge {
        /// Its size, or how much of it was seen.
        bytes: usize,
    },
}

/// The recorded data of a fact. Cloning is cheap.
#[derive(Clone)]
pub struct Payload(Arc<Checked>);

struct Checked {
    /// Kept, because a payload is written at least as often as it is made.
    canonical: Box<str>,
    /// What the text says. Of a stored payload it is made when somebody asks for it.
    value: OnceLock<Value>,
}

impl Payload {
    /// Checks a value and makes it a payload.
    ///
    /// # Errors
    /// [`PayloadError`] when it nests too deep, is too large, or holds a whole number beyond ±(2⁵³ − 1).
    pub fn new(value: Value) -> Result<Self, PayloadError> {
        let mut value = value;
        normalise(&mut value, 0)?;
        let mut canonical = String::new();
        canonical::write(&value, &mut canonical);
        if canonical.len() > PAYLOAD_BYTES_MAX {
            return Err(PayloadError::TooLarge {
                bytes: canonical.len(),
            });
        }
        Ok(Self(Arc::new(Checked {
            canonical: canonical.into(),
            value: value.into(),
        })))
    }

    /// Reads a payload from JSON text.
    ///
    /// # Errors
    /// [`PayloadError`] as [`Self::new`], and when the text is no JSON or has a member twice.
    pub fn from_json(text: &str) -> Result<Self, PayloadError> {
        // White space and escapes can make a text longer than its canonical form, but not without bound.
        if text.len() > 6 * PAYLOAD_BYTES_MAX {
            return Err(PayloadError::TooLarge { bytes: text.len() });
        }
        if let Some(number) = long_integer(text) {
            return Err(PayloadError::NumberTooBig { number: cut(number) });
        }
        Self::new(read(text, Twice::Refused)?)
    }

    /// The payload of anything that can be serialised, such as the struct of an event.
    ///
    /// # Errors
    /// [`PayloadError`] as [`Self::new`], and when it cannot be written as JSON.
    pub fn of(event: &impl Serialize) -> Result<Self, PayloadError> {
        Self::new(serde_json::to_value(event).map_err(PayloadError::Json)?)
    }

    /// Reads a payload that [`Self::canonical`] wrote: for stores, which do not measure it again. That it is the
    /// canonical text of what it says is taken for granted.
    ///
    /// # Errors
    /// [`PayloadError`] when the text is no JSON, or nests too deep.
    pub fn from_canonical(text: &str) -> Result<Self, PayloadError> {
        sound(text)?;
        Ok(Self(Arc::new(Checked {
            canonical: text.into(),
            value: OnceLock::new(),
        })))
    }

    /// The value, with normalised numbers.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            // Not by serde_json's own way, to which some names of members mean more than names.
            read(&self.0.canonical, Twice::LastCounts)
                .expect("whoever made it has looked through the text, or wrote it")
        })
    }

    /// The one text of this payload, as RFC 8785 has it.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.0.canonical
    }

    /// Reads the payload as a type, such as the struct of an event.
    ///
    /// # Errors
    /// [`PayloadError::Json`] when it has another form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        T::deserialize(self.value()).map_err(PayloadError::Json)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.0.canonical == other.0.canonical
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Payload({})", self.0.canonical)
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut refusal = None;
        let seed = Strict {
            depth: 0,
            twice: Twice::Refused,
            refusal: &mut refusal,
        };
        let value = seed
            .deserialize(deserializer)
            .map_err(|error| refusal.map_or(error, D::Error::custom))?;
        Self::new(value).map_err(D::Error::custom)
    }
}

/// One level further in, if that is allowed.
const fn deeper(depth: usize) -> Result<usize, PayloadError> {
    if depth == PAYLOAD_DEPTH_MAX {
        Err(PayloadError::TooDeep)
    } else {
        Ok(depth + 1)
    }
}

/// At most 40 characters, for messages.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::limits::WHOLE_NUMBER_MAX;

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(WHOLE_NUMBER_MAX as i64)..=WHOLE_NUMBER_MAX as i64).prop_map(Value::from),
            any::<f64>().prop_filter_map("is refused", |double| {
                let whole = double.fract() == 0.0 && double.abs() > WHOLE_NUMBER_MAX as f64;
                (double.is_finite() && !(whole && double.abs() < 1e21)).then(|| json!(double))
            }),
            any::<String>().prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn stored_text_is_read_whatever_its_members_are_called() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let value = json!({ name: "no JSON [" });
            let text = Payload::new(value.clone()).unwrap().canonical().to_owned();
            assert_eq!(Payload::from_canonical(&text).unwrap().value(), &value);
        }
        let twice = Payload::from_canonical(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(twice.value(), &json!({"a": 2}));
        for broken in ["", "{", "[1] 2", "1e999", &nested(PAYLOAD_DEPTH_MAX + 1)] {
            assert!(Payload::from_canonical(broken).is_err(), "{broken}");
        }
    }

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    proptest! {
        #[test]
        fn canonical_text_reads_back_as_the_payload(value in any_value()) {
            let payload = Payload::new(value).unwrap();
            let text = payload.canonical();
            prop_assert_eq!(&Payload::from_json(text).unwrap(), &payload);
            prop_assert_eq!(&Payload::from_canonical(text).unwrap(), &payload);
            prop_assert_eq!(&serde_json::from_str::<Payload>(text).unwrap(), &payload);
            let again = Payload::from_json(text).unwrap();
            prop_assert_eq!(again.canonical(), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9eE\\[\\]{}\",:\\\\ua ]{0,40}") {
            if let Ok(payload) = Payload::from_json(&text) {
                prop_assert_eq!(Payload::from_json(payload.canonical()).unwrap(), payload);
            }
        }
    }

    #[test]
    fn whole_doubles_are_integers() {
        for (text, canonical) in [
            ("1.0", "1"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            ("-0", "0"),
            ("1E-2", "0.01"),
            ("1e21", "1e+21"),
            ("6.02e23", "6.02e+23"),
            ("9007199254740991", "9007199254740991"),
            ("-9007199254740991.0", "-9007199254740991"),
        ] {
            assert_eq!(Payload::from_json(text).unwrap().canonical(), canonical, "{text}");
        }
    }

    #[test]
    fn numbers_that_lose_digits_are_refused() {
        for text in [
            "9007199254740992",
            "-9007199254740992",
            "[1, {\"a\": 9007199254740993}]",
            "18446744073709551615",
            "18446744073709551616",
            "-123456789012345678901234567890",
            "9007199254740992.0",
            "1e20",
        ] {
            let error = Payload::from_json(text).unwrap_err();
            assert!(
                matches!(error, PayloadError::NumberTooBig { .. }),
                "{text}: {error}"
            );
        }
        // What stands in a text is no number.
        assert!(Payload::from_json("[\"\\\"18446744073709551616\", 1]").is_ok());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["NaN", "Infinity", "-Infinity", "1e400", "01", "+1", ".5", "0x10"] {
            let error = Payload::from_json(text).unwrap_err();
            assert!(matches!(error, PayloadError::Json(_)), "{text}: {error}");
        }
        // Serde makes them null, as JavaScript does.
        assert_eq!(Payload::of(&f64::NAN).unwrap().value(), &Value::Null);
    }

    #[test]
    fn member_that_is_there_twice_is_refused() {
        for text in ["{\"a\": 1, \"a\": 1}", "[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]"] {
            let error = Payload::from_json(text).unwrap_err();
            assert!(
                matches!(&error, PayloadError::DuplicateMember { name } if name == "a"),
                "{text}: {error}"
            );
            assert!(serde_json::from_str::<Payload>(text).is_err());
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Payload::from_json(&nested(PAYLOAD_DEPTH_MAX)).is_ok());
        for depth in [PAYLOAD_DEPTH_MAX + 1, 1_000, 1_000_000] {
            let error = Payload::from_json(&nested(depth)).unwrap_err();
            assert!(matches!(error, PayloadError::TooDeep), "{depth}: {error}");
        }
        let deep = (0..=PAYLOAD_DEPTH_MAX).fold(json!(1), |value, _| json!({ "a": value }));
        assert!(matches!(Payload::new(deep), Err(PayloadError::TooDeep)));
    }

    #[test]
    fn size_is_bounded() {
        assert!(Payload::new(json!("x".repeat(PAYLOAD_BYTES_MAX - 2))).is_ok());
        for text in [
            "x".repeat(PAYLOAD_BYTES_MAX - 1),
            "\u{1}".repeat(PAYLOAD_BYTES_MAX / 4),
        ] {
            assert!(matches!(
                Payload::new(json!(text)),
                Err(PayloadError::TooLarge { .. })
            ));
        }
        let spaces = " ".repeat(7 * PAYLOAD_BYTES_MAX);
        assert!(matches!(
            Payload::from_json(&spaces),
            Err(PayloadError::TooLarge { .. })
        ));
    }

    #[test]
    fn payload_is_read_as_a_type() {
        let payload = Payload::from_json("{\"n\": 2.0, \"to\": \"ann\"}").unwrap();
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Sent {
            n: u32,
            to: String,
        }
        let sent: Sent = payload.read().unwrap();
        assert_eq!((sent.n, sent.to.as_str()), (2, "ann"));
        assert_eq!(Payload::of(&sent).unwrap(), payload);
        assert!(payload.read::<Vec<u8>>().is_err());
    }
}
