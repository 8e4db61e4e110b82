//! One number for the whole derived state, kept up to date as rows change.
//!
//! Each row is hashed on its own; the state's hash is the sum of them. Addition neither depends on the order of
//! rows nor on the order of changes, and taking a row away is subtraction (AdHash: Bellare and Micciancio,
//! "A New Paradigm for Collision-free Hashing", 1997). It finds faults, not forgers: what peers believe is signed.

use std::fmt;

use wincode::{SchemaRead, SchemaWrite};

/// The hash of the derived state: equal on two peers that have applied the same bundles.
#[derive(Clone, Copy, PartialEq, Eq, Default, SchemaRead, SchemaWrite)]
pub struct StateHash([u64; 4]);

impl StateHash {
    /// The hash of a state without rows.
    pub const ZERO: Self = Self([0; 4]);

    pub(crate) fn add(&mut self, row: &[u8]) {
        self.combine(row, u64::wrapping_add);
    }

    pub(crate) fn subtract(&mut self, row: &[u8]) {
        self.combine(row, u64::wrapping_sub);
    }

    fn combine(&mut self, row: &[u8], operation: fn(u64, u64) -> u64) {
        let hash = blake3::hash(row);
        for (lane, bytes) in self.0.iter_mut().zip(hash.as_bytes().as_chunks::<8>().0) {
            *lane = operation(*lane, u64::from_le_bytes(*bytes));
        }
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, lane) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *chunk = lane.to_le_bytes();
        }
        bytes
    }
}

impl fmt::Display for StateHash {
    /// 64 lower-case hex digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes()
            .iter()
            .try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StateHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_removal_undoes() {
        let sum = |rows: &[&[u8]]| {
            let mut hash = StateHash::default();
            rows.iter().for_each(|row| hash.add(row));
            hash
        };
        assert_eq!(sum(&[b"a", b"b", b"c"]), sum(&[b"c", b"a", b"b"]));
        assert_ne!(sum(&[b"a", b"b"]), sum(&[b"a", b"c"]));
        let mut hash = sum(&[b"a", b"b"]);
        hash.subtract(b"b");
        assert_eq!(hash, sum(&[b"a"]));
    }
}
