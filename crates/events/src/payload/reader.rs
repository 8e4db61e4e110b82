//! Reading JSON more strictly than its parser does.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{PayloadError, cut, deeper};

/// Reads a text as a value.
pub(super) fn read(text: &str, twice: Twice) -> Result<Value, PayloadError> {
    let mut refusal = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Strict {
        depth: 0,
        twice,
        refusal: &mut refusal,
    };
    let parsed = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| refusal.unwrap_or(PayloadError::Json(error)))
}

/// What becomes of an object with two members of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    Refused,
    /// In a text that was looked through already, where it can only be damage.
    LastCounts,
}

/// Reads a JSON value, and refuses what `serde_json` would pass over. Why is put beside, because an error of serde
/// cannot carry it.
pub(super) struct Strict<'a> {
    pub(super) depth: usize,
    pub(super) twice: Twice,
    pub(super) refusal: &'a mut Option<PayloadError>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&mut self, refusal: PayloadError) -> E {
        let error = E::custom(&refusal);
        *self.refusal = Some(refusal);
        error
    }

    fn descend<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        deeper(self.depth).map_err(|refusal| self.refuse(refusal))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(mut self, value: f64) -> Result<Value, E> {
        // From a format other than JSON it could be no number at all.
        Number::from_f64(value).map(Value::Number).ok_or_else(|| {
            self.refuse(PayloadError::NumberTooBig {
                number: value.to_string(),
            })
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.descend()?;
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(Strict {
            depth,
            twice: self.twice,
            refusal: &mut *self.refusal,
        })? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.descend()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if self.twice == Twice::Refused && members.contains_key(&name) {
                return Err(self.refuse(PayloadError::DuplicateMember { name: cut(&name) }));
            }
            let member = access.next_value_seed(Strict {
                depth,
                twice: self.twice,
                refusal: &mut *self.refusal,
            })?;
            members.insert(name, member);
        }
        Ok(Value::Object(members))
    }
}
