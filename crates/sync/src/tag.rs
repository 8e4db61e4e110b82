//! The tag by which members recognise a workspace in an announcement that everyone on the network can read.
//!
//! It is a random nonce and, under a key that only members can derive, a hash of it: 32 bytes in which others
//! see nothing, not even whether two engines are in one workspace.

use openprod_core::WorkspaceId;

use crate::secret::{Membership, WorkspaceSecret};

const NONCE_BYTES: usize = 16;

/// A tag: 16 bytes of nonce, 16 of its hash under the key of one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag([u8; 32]);

impl Tag {
    /// The tag of the workspace that `secret` belongs to; `nonce` must be random.
    #[must_use]
    pub fn new(secret: &WorkspaceSecret, nonce: [u8; NONCE_BYTES]) -> Self {
        let mut bytes = [0; 32];
        bytes[..NONCE_BYTES].copy_from_slice(&nonce);
        bytes[NONCE_BYTES..].copy_from_slice(&keyed_hash(secret, &nonce));
        Self(bytes)
    }

    /// A tag as it was announced; `None` unless there are 32 bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes to announce.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The first of `memberships` whose tag this is; `None` for a workspace that we are not a member of.
#[must_use]
pub fn recognise(tag: &Tag, memberships: &[Membership]) -> Option<WorkspaceId> {
    let (nonce, hash) = tag.0.split_at(NONCE_BYTES);
    memberships
        .iter()
        .find(|membership| keyed_hash(&membership.secret, nonce) == hash)
        .map(|membership| membership.workspace)
}

fn keyed_hash(secret: &WorkspaceSecret, nonce: &[u8]) -> [u8; 16] {
    let hash = blake3::keyed_hash(&secret.discovery_key(), nonce);
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn membership(number: u8) -> Membership {
        Membership {
            workspace: WorkspaceId::from_u128(number.into()),
            secret: WorkspaceSecret::from_bytes([number; 32]),
        }
    }

    #[test]
    fn member_recognises_the_workspace_and_others_see_nothing_alike() {
        let all: Vec<_> = (1..=9).map(membership).collect();
        let (one, two) = (
            Tag::new(&all[6].secret, [1; 16]),
            Tag::new(&all[6].secret, [2; 16]),
        );
        assert_eq!(recognise(&one, &all), Some(all[6].workspace));
        assert_eq!(recognise(&two, &all), Some(all[6].workspace));
        assert_eq!(recognise(&one, &all[..6]), None);
        let shared = one
            .as_bytes()
            .iter()
            .zip(two.as_bytes())
            .filter(|(a, b)| a == b)
            .count();
        assert!(shared <= 4, "{shared} of 32 bytes are equal");
    }

    proptest! {
        #[test]
        fn only_tags_made_with_the_secret_are_recognised(bytes in prop::collection::vec(any::<u8>(), 0..40), bit in 0_usize..256) {
            let ours = [membership(1)];
            if let Some(tag) = Tag::read(&bytes) {
                prop_assert_eq!(bytes.len(), 32);
                prop_assert_eq!(recognise(&tag, &ours), None);
            }
            let mut changed = *Tag::new(&ours[0].secret, [7; 16]).as_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(recognise(&Tag(changed), &ours), None);
        }
    }
}
