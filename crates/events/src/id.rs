//! Ids of 16 bytes, and where their time and chance come from.
//!
//! An event's id is `UUIDv7`-shaped. A store mints them in strictly rising order, so that sorting by id and sorting by
//! sequence number are the same, also when the clock steps back.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// A moment, in milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last moment that fits into an id: 48 bits, in the year 10889.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// The moment that many milliseconds after 1970 began; what is beyond [`Self::MAX`] becomes that.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    /// As RFC 3339 has it; from the year 10000 on, which it cannot write, as milliseconds.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok();
        match date.and_then(|date| date.format(&Rfc3339).ok()) {
            Some(text) => out.write_str(&text),
            None => write!(out, "{} ms", self.0),
        }
    }
}

/// A text that is not an id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("read id: {text:?} is not a UUID")]
pub struct ParseIdError {
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// Wraps the 16 bytes of an id.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// An id from a number: for tests and fixed ids.
            #[must_use]
            pub const fn from_u128(number: u128) -> Self {
                Self(number.to_be_bytes())
            }

            /// A new id, `UUIDv7`-shaped: it sorts by the millisecond of `now`, then by `chance`.
            #[must_use]
            pub fn new(now: Timestamp, chance: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &chance).into_uuid().into_bytes())
            }

            /// The 16 bytes of the id.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).hyphenated().fmt(out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::try_parse(text)
                    .map(|uuid| Self(uuid.into_bytes()))
                    .map_err(|_| ParseIdError { text: text.chars().take(64).collect() })
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id! {
    /// An event, of all stores and for good.
    EventId
}
id! {
    /// A command, chosen by whoever gives it, so that giving it twice has one effect.
    CommandId
}

impl CommandId {
    /// The id of the one command that answers an event for a purpose, such as `charge the card`: whoever comes back to the
    /// event after a crash gives the same command again. It is `UUIDv8`-shaped.
    #[must_use]
    pub fn answering(event: EventId, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("openprod events 2026 answering command");
        hasher.update(event.as_bytes());
        hasher.update(purpose.as_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().into_bytes())
    }
}

impl EventId {
    /// The id that follows: one greater in the bits that `UUIDv7` leaves to chance, then in those of the time.
    #[must_use]
    pub fn successor(self) -> Self {
        // Of 128 bits, 48 are time, 4 the version, 12 chance, 2 the variant, 62 chance.
        let number = u128::from_be_bytes(self.0);
        let low = number & ((1 << 62) - 1);
        let middle = (number >> 64) & 0xfff;
        let time = number >> 80;
        let chance = ((time << 74) | (middle << 62) | low).wrapping_add(1);
        let millis = ((chance >> 74) as u64) & Timestamp::MAX.0;
        let middle = (chance >> 62) & 0xfff;
        let low = chance & ((1 << 62) - 1);
        Self((u128::from(millis) << 80 | 7 << 76 | middle << 64 | 0b10 << 62 | low).to_be_bytes())
    }
}

/// Where a store takes time and chance from. Tests give their own, and the same run gives the same ids.
pub trait IdSource: Send + Sync {
    /// The present moment. It may step back; ids rise all the same.
    fn now(&self) -> Timestamp;

    /// Ten bytes that nobody can guess.
    fn chance(&self) -> [u8; 10];
}

/// The clock and the random numbers of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIdSource;

impl IdSource for SystemIdSource {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn chance(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        // Chance only tells apart ids of the same millisecond in different stores. Where the system has none to give,
        // ids of one store still differ, because each is greater than the last.
        if getrandom::fill(&mut bytes).is_err() {
            let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            bytes[..8].copy_from_slice(&(nanos.as_nanos() as u64).to_be_bytes());
        }
        bytes
    }
}

/// Mints ids that rise without exception.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mint {
    /// The last id that was given out.
    pub(crate) last: Option<EventId>,
}

impl Mint {
    /// The next id.
    pub(crate) fn next(&mut self, now: Timestamp, source: &dyn IdSource) -> EventId {
        let id = match self.last {
            // In the millisecond of the last one chance could sort before it.
            Some(last) if millis_of(last) >= now.as_millis() => last.successor(),
            _ => EventId::new(now, source.chance()),
        };
        self.last = Some(id);
        id
    }
}

fn millis_of(id: EventId) -> u64 {
    (u128::from_be_bytes(id.0) >> 80) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed(u64, [u8; 10]);

    impl IdSource for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0)
        }

        fn chance(&self) -> [u8; 10] {
            self.1
        }
    }

    proptest! {
        #[test]
        fn ids_rise_and_keep_their_shape(steps in proptest::collection::vec((0_u64..5, any::<[u8; 10]>()), 1..50)) {
            let mut mint = Mint::default();
            let mut last = None;
            for (now, chance) in steps {
                let source = Fixed(now, chance);
                let id = mint.next(source.now(), &source);
                prop_assert!(last < Some(id));
                let uuid = Uuid::from_bytes(*id.as_bytes());
                prop_assert_eq!(uuid.get_version_num(), 7);
                prop_assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
                last = Some(id);
            }
        }
    }

    #[test]
    fn successor_carries_over_version_and_variant_into_the_time() {
        let id = EventId::new(Timestamp::from_millis(7), [0xff; 10]);
        assert_eq!(id.successor(), EventId::new(Timestamp::from_millis(8), [0; 10]));
    }

    #[test]
    fn answer_to_an_event_has_one_id_a_purpose() {
        let [one, other] = [EventId::from_u128(1), EventId::from_u128(2)];
        let id = CommandId::answering(one, "pay");
        assert_eq!(id, CommandId::answering(one, "pay"));
        assert_ne!(id, CommandId::answering(one, "ship"));
        assert_ne!(id, CommandId::answering(other, "pay"));
        assert_eq!(Uuid::from_bytes(*id.as_bytes()).get_version_num(), 8);
    }

    #[test]
    fn timestamps_are_shown_as_dates() {
        assert_eq!(
            Timestamp::from_millis(1_700_000_000_123).to_string(),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(Timestamp::MAX.to_string(), "281474976710655 ms");
    }
}
