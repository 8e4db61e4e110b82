//! What makes a peer a member: the secret that a workspace is created with and an invitation carries.
//!
//! The secret itself is never used as a key. Each use has a key of its own, derived under a label, so that what
//! one protocol gives away can never serve another.

use std::fmt;

use openprod_core::WorkspaceId;
use zeroize::{Zeroize as _, Zeroizing};

const NOISE_CONTEXT: &str = "openprod 2026 noise psk 1";
const DISCOVERY_CONTEXT: &str = "openprod 2026 discovery tag 1";

/// The 32 bytes that all members of a workspace share, and nobody else.
///
/// They are wiped from memory on drop and hidden by `Debug`; comparing two takes the same time whether they
/// differ or not.
#[derive(Clone)]
pub struct WorkspaceSecret([u8; 32]);

impl WorkspaceSecret {
    /// Wraps the bytes of a secret, which must come from a source of good randomness.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for whoever stores them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that the Noise handshake is mixed with.
    pub(crate) fn noise_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(NOISE_CONTEXT, &self.0))
    }

    /// The key of the tags that members recognise in an announcement.
    pub(crate) fn discovery_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(DISCOVERY_CONTEXT, &self.0))
    }
}

impl Drop for WorkspaceSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for WorkspaceSecret {
    fn eq(&self, other: &Self) -> bool {
        // The comparison of hashes is the one that blake3 makes in constant time.
        blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
    }
}

impl Eq for WorkspaceSecret {}

impl fmt::Debug for WorkspaceSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WorkspaceSecret(hidden)")
    }
}

/// A workspace that this peer belongs to, with the secret that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its secret.
    pub secret: WorkspaceSecret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let secret = WorkspaceSecret::from_bytes([7; 32]);
        assert_ne!(*secret.noise_key(), *secret.discovery_key());
        assert_ne!(*secret.noise_key(), *secret.as_bytes());
        assert_ne!(
            *secret.noise_key(),
            *WorkspaceSecret::from_bytes([8; 32]).noise_key()
        );
    }

    #[test]
    fn keys_are_the_published_ones() {
        // These bytes are part of the protocol: a change of label would split a team in two.
        let secret = WorkspaceSecret::from_bytes(std::array::from_fn(|i| i as u8));
        let hex = |key: &[u8]| data_encoding::HEXLOWER.encode(key);
        assert_eq!(
            hex(&*secret.noise_key()),
            "d914fa85835fe43baa556ddfd3a629f38543417cfd3fff91fa1d1d213e4be96e"
        );
        assert_eq!(
            hex(&*secret.discovery_key()),
            "9de4155b4bc2757befd614bd7d2e9e51b973af5eccfd6c3a9a3ec6002b888ea7"
        );
    }

    #[test]
    fn debug_shows_no_byte_of_the_secret() {
        let membership = Membership {
            workspace: WorkspaceId::from_u128(1),
            secret: WorkspaceSecret::from_bytes([0xab; 32]),
        };
        let shown = format!("{membership:?}").to_lowercase();
        assert!(shown.contains("hidden"));
        assert!(!shown.contains("ab") && !shown.contains("171"), "{shown}");
    }
}
