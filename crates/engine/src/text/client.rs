//! Under which id an author's editor may write.

use std::fmt;

use openprod_core::encoding::encode;
use openprod_core::{ActorId, FieldId, LogId};
use wincode::{SchemaRead, SchemaWrite};

/// A Yjs client id: 53 bits, as much as a JavaScript number holds exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub struct ClientId(u64);

impl ClientId {
    /// The greatest client id.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Wraps a number; `None` when it does not fit 53 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number itself, below 2⁵³.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The one client id under which `actor` may change `field` from `log` in an editing session; never 0.
///
/// The log is in it because a client's clock must go on without gap or repetition, and only one log does: a
/// database that is copied or restored starts a new one.
#[must_use]
pub fn client_id(actor: ActorId, log: LogId, field: FieldId, session: u64) -> ClientId {
    let hash = blake3::Hasher::new_derive_key("openprod 2026 text client id 1")
        .update(&encode(&actor))
        .update(&encode(&log))
        .update(&encode(&field))
        .update(&session.to_le_bytes())
        .finalize();
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash.as_bytes()[..8]);
    ClientId((u64::from_le_bytes(bytes) & ClientId::MAX.0).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_id_differs_by_each_part_and_fits_a_javascript_number() {
        let id = |actor: u8, log: u128, field: u128, session| {
            client_id(
                ActorId::from_bytes([actor; 32]),
                LogId::from_u128(log),
                FieldId::from_u128(field),
                session,
            )
        };
        let ids = [
            id(1, 1, 1, 1),
            id(2, 1, 1, 1),
            id(1, 2, 1, 1),
            id(1, 1, 2, 1),
            id(1, 1, 1, 2),
        ];
        for (place, one) in ids.iter().enumerate() {
            assert!((1..1 << 53).contains(&one.get()));
            assert!(ids[..place].iter().all(|other| other != one));
        }
        assert_eq!(id(1, 1, 1, 1), ids[0]);
        assert_eq!(ids[0].get(), 5_977_741_311_491_516);
    }
}
