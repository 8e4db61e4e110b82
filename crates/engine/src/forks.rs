//! Forks: two bundles of one number in one log. Both are kept, each begins a branch, and the pair is evidence
//! that anyone can check without this workspace.

use openprod_core::encoding::decode;
use openprod_core::identity::{Purpose, Signature, verify};
use openprod_core::{ActorId, BundleHash, Header, LogId, VerifiedBundle};
use openprod_storage::{ChainId, Read, StorageError};
use wincode::{SchemaRead, SchemaWrite};

use crate::chains::Chains;

/// Two signed headers by one actor, for one log and number, that differ.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ForkEvidence {
    /// The canonical bytes of each header with its signature: first that which was here first.
    headers: [(Vec<u8>, Signature); 2],
}

impl ForkEvidence {
    pub(crate) fn gather(
        chains: &Chains,
        store: &dyn Read,
        chain: ChainId,
        bundle: &VerifiedBundle,
    ) -> Result<Self, StorageError> {
        let seq = bundle.header().seq;
        let damaged = || StorageError::DamagedRow { space: "chain" };
        debug_assert!(
            chains.get(chain).stored.seq >= seq,
            "a fork contradicts a bundle that is there"
        );
        let place = store.place(chain, seq)?.ok_or_else(damaged)?;
        let rival = store.bundle(place.position)?.ok_or_else(damaged)?.bundle;
        let signed = |bundle: &VerifiedBundle| (bundle.header_bytes(), *bundle.signature());
        Ok(Self {
            headers: [signed(&rival), signed(bundle)],
        })
    }

    /// Who contradicted themselves, in which log, at which number; `None` when this is no evidence.
    #[must_use]
    pub fn check(&self) -> Option<(ActorId, LogId, u64)> {
        let [(a, _), (b, _)] = &self.headers;
        let authentic = |(bytes, signature): &(Vec<u8>, Signature)| {
            let header: Header = decode(bytes).ok()?;
            verify(
                &header.actor,
                Purpose::Bundle,
                blake3::hash(bytes).as_bytes(),
                signature,
            )
            .then_some(header)
        };
        let (first, second) = (authentic(&self.headers[0])?, authentic(&self.headers[1])?);
        let place = |header: &Header| (header.workspace, header.actor, header.log, header.seq);
        (a != b && place(&first) == place(&second)).then_some((first.actor, first.log, first.seq))
    }

    /// The hashes of the two bundles, in ascending order: the names of the branches.
    #[must_use]
    pub fn branches(&self) -> [BundleHash; 2] {
        let mut hashes = [hash(&self.headers[0].0), hash(&self.headers[1].0)];
        hashes.sort_unstable();
        hashes
    }

    pub(crate) fn first_hash(&self) -> BundleHash {
        hash(&self.headers[0].0)
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        self.branches().iter().flat_map(|hash| *hash.as_bytes()).collect()
    }
}

fn hash(header: &[u8]) -> BundleHash {
    BundleHash::from_bytes(*blake3::hash(header).as_bytes())
}
