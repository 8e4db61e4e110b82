//! Looking through a stored text without making a value of it.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{PayloadError, deeper};

/// Reads a text in the way in which it is read as a value, and keeps nothing of it: what passes here can be read.
pub(super) fn sound(text: &str) -> Result<(), PayloadError> {
    let mut too_deep = false;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Sound {
        depth: 0,
        too_deep: &mut too_deep,
    };
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    read.map_err(|error| {
        if too_deep {
            PayloadError::TooDeep
        } else {
            PayloadError::Json(error)
        }
    })
}

/// Looks at a JSON value of bounded depth, and keeps nothing. Names of members are looked at as texts.
struct Sound<'a> {
    depth: usize,
    too_deep: &'a mut bool,
}

impl Sound<'_> {
    fn inner<E: serde::de::Error>(&mut self) -> Result<Sound<'_>, E> {
        match deeper(self.depth) {
            Ok(depth) => Ok(Sound {
                depth,
                too_deep: &mut *self.too_deep,
            }),
            Err(refusal) => {
                *self.too_deep = true;
                Err(E::custom(refusal))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Sound<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        self.inner::<A::Error>()?;
        while access.next_element_seed(self.inner::<A::Error>()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        self.inner::<A::Error>()?;
        while access.next_key_seed(self.inner::<A::Error>()?)?.is_some() {
            access.next_value_seed(self.inner::<A::Error>()?)?;
        }
        Ok(())
    }
}
