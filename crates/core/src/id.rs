//! Ids: 16 bytes in UUID form, one type for each thing that is named, and the actor, who is a public key.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;
use wincode::{SchemaRead, SchemaWrite};

use crate::hlc::Timestamp;

/// A string that is not an id.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("read id: {text:?} is not {expected}")]
pub struct ParseIdError {
    text: String,
    expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
        #[repr(transparent)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Wraps the 16 bytes of an id.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// An id from a number: for the fixed ids that the engine reserves, and for tests.
            #[must_use]
            pub const fn from_u128(number: u128) -> Self {
                Self(number.to_be_bytes())
            }

            /// A new id, `UUIDv7`-shaped: it sorts by the millisecond of `now`, then by `entropy`.
            #[must_use]
            pub fn new(now: Timestamp, entropy: [u8; 10]) -> Self {
                Self(*uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &entropy).as_uuid().as_bytes())
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
                write!(out, concat!(stringify!($name), "({})"), Uuid::from_bytes(self.0).hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::try_parse(text)
                    .map(|uuid| Self(uuid.into_bytes()))
                    .map_err(|_| ParseIdError { text: text.chars().take(64).collect(), expected: "a UUID" })
            }
        }
    };
}

id! {
    /// A workspace: one log store, one secret, one team.
    WorkspaceId
}
id! {
    /// An entity: a pure identity, to which facets and edges are attached.
    EntityId
}
id! {
    /// A facet, which is the entity of the table that owns it.
    FacetId
}
id! {
    /// A field, which is the entity that describes it.
    FieldId
}
id! {
    /// A directed relation between two entities.
    EdgeId
}
id! {
    /// One log of an actor: minted at random when a database is created, and again when a tail may be lost.
    LogId
}
id! {
    /// A bundle, derived from its header's hash and never sent.
    BundleId
}
id! {
    /// An operation, derived from its bundle's header hash and its place in it, and never sent.
    OpId
}
id! {
    /// A command, chosen by whoever gives it, so that giving it twice has one effect.
    CommandId
}

impl FacetId {
    /// The table entity that this facet belongs to.
    #[must_use]
    pub const fn entity(self) -> EntityId {
        EntityId(self.0)
    }
}

impl FieldId {
    /// The entity that describes this field.
    #[must_use]
    pub const fn entity(self) -> EntityId {
        EntityId(self.0)
    }
}

impl EntityId {
    /// The facet of the table that this entity is.
    #[must_use]
    pub const fn facet(self) -> FacetId {
        FacetId(self.0)
    }

    /// The field that this entity describes.
    #[must_use]
    pub const fn field(self) -> FieldId {
        FieldId(self.0)
    }
}

/// The last bits of a derived id that number the operation: 17, so that 65,536 operations and the bundle fit.
const PLACE_MASK: u128 = (1 << 17) - 1;

impl BundleId {
    /// Derives the id of the bundle whose header hashes to `hash` and was written at `wall`.
    ///
    /// The low 17 bits are zero; the bundle's operations carry 1, 2, … there, so an operation's id names its
    /// bundle.
    #[must_use]
    pub fn derive(wall: Timestamp, hash: &crate::BundleHash) -> Self {
        let mut entropy = [0; 10];
        entropy.copy_from_slice(&hash.as_bytes()[..10]);
        Self::from_u128(u128::from_be_bytes(Self::new(wall, entropy).0) & !PLACE_MASK)
    }

    /// The id of operation `index` (from 0) of this bundle.
    #[must_use]
    pub fn operation(self, index: u32) -> OpId {
        OpId::from_u128(u128::from_be_bytes(self.0) | (u128::from(index) + 1) & PLACE_MASK)
    }
}

impl OpId {
    /// The bundle that this operation belongs to.
    #[must_use]
    pub fn bundle(self) -> BundleId {
        BundleId::from_u128(u128::from_be_bytes(self.0) & !PLACE_MASK)
    }

    /// The operation's place in its bundle, from 0; `None` when the id is that of a bundle.
    #[must_use]
    pub fn index(self) -> Option<u32> {
        u32::try_from(u128::from_be_bytes(self.0) & PLACE_MASK)
            .ok()?
            .checked_sub(1)
    }
}

/// Who acts: an Ed25519 public key. There is no registration; the key is the identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, SchemaRead, SchemaWrite)]
#[repr(transparent)]
pub struct ActorId([u8; 32]);

impl ActorId {
    /// Wraps the 32 bytes of a public key; whether they are a valid key is for verification to say.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ActorId({})", data_encoding::HEXLOWER.encode(&self.0[..6]))
    }
}

impl FromStr for ActorId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        data_encoding::HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| ParseIdError {
                text: text.chars().take(80).collect(),
                expected: "64 lower-case hex digits",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BundleHash;

    #[test]
    fn operation_id_names_its_bundle_and_place() {
        let bundle = BundleId::derive(
            Timestamp::from_micros(1_700_000_000_000_000),
            &BundleHash::from_bytes([0xff; 32]),
        );
        for index in [0, 1, 499, 65_535] {
            let op = bundle.operation(index);
            assert_eq!((op.bundle(), op.index()), (bundle, Some(index)));
            assert!(op.as_bytes() > bundle.as_bytes());
        }
        assert_eq!(OpId::from_bytes(*bundle.as_bytes()).index(), None);
    }

    #[test]
    fn derived_ids_are_version_seven() {
        let id = BundleId::derive(
            Timestamp::from_micros(1_700_000_000_000_000),
            &BundleHash::from_bytes([0xa5; 32]),
        );
        assert_eq!(Uuid::from_bytes(*id.as_bytes()).get_version_num(), 7);
        assert_eq!(Uuid::from_bytes(*id.operation(7).as_bytes()).get_version_num(), 7);
    }

    #[test]
    fn text_form_round_trips_and_junk_is_refused() {
        let id = EntityId::new(Timestamp::from_micros(5_000), [7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("not-an-id".parse::<EntityId>().is_err());
        assert!(
            "AB".repeat(32).parse::<ActorId>().is_err(),
            "upper case is another spelling"
        );
    }
}
