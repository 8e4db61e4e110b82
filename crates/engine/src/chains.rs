//! The chains of bundles that this store knows, and causality among them.
//!
//! A chain is a log, or what a log became after a fork: each further branch is a chain of its own, with the
//! chain it left as its parent. Chain numbers are local; what leaves this store names logs and branches by key
//! and hash ([`Chains::clock`]).
//!
//! "Had the author of B seen A?" is one comparison here: B's clock against A's place in its chain.

use std::collections::BTreeMap;

use openprod_core::encoding::encode;
use openprod_core::{ActorId, BundleHash, Head, Hlc, LogId, LogKey, VectorClock};
use openprod_storage::{ChainId, Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use crate::stored::stored;

/// For each chain, by number, how many of its bundles have been seen; missing entries are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct ChainClock {
    seqs: Vec<u64>,
}

impl ChainClock {
    pub(crate) fn covers(&self, chain: ChainId, seq: u64) -> bool {
        self.get(chain) >= seq
    }

    /// Whether it has seen all that another one has.
    pub(crate) fn covers_all(&self, other: &Self) -> bool {
        let chains = (0..).zip(&other.seqs);
        chains
            .into_iter()
            .all(|(chain, seq)| self.get(ChainId(chain)) >= *seq)
    }

    pub(crate) fn get(&self, chain: ChainId) -> u64 {
        self.seqs.get(chain.0 as usize).copied().unwrap_or(0)
    }

    /// Forgets the bundles of a chain behind `seq`.
    pub(crate) fn lower(&mut self, chain: ChainId, seq: u64) {
        if let Some(seen) = self.seqs.get_mut(chain.0 as usize) {
            *seen = (*seen).min(seq);
        }
    }

    pub(crate) fn raise(&mut self, chain: ChainId, seq: u64) {
        let index = chain.0 as usize;
        if self.seqs.len() <= index {
            self.seqs.resize(index + 1, 0);
        }
        self.seqs[index] = self.seqs[index].max(seq);
    }
}

/// The end of what is known of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct ChainHead {
    pub(crate) seq: u64,
    /// The time of its last operation.
    pub(crate) hlc: Hlc,
    pub(crate) hash: BundleHash,
}

/// One chain.
#[derive(Clone, Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Chain {
    pub(crate) actor: ActorId,
    pub(crate) log: LogId,
    /// The chain that this one left, unless it is a log's first.
    pub(crate) parent: Option<u32>,
    /// Its first bundle: 1, or the number at which it left its parent.
    pub(crate) first: u64,
    pub(crate) first_hash: BundleHash,
    /// Where branches left it, and the hash of its own bundle there, in ascending order.
    pub(crate) forks: Vec<(u64, BundleHash)>,
    /// The last bundle that is stored.
    pub(crate) stored: ChainHead,
    /// The last bundle that is applied; `None` while none of this chain is.
    pub(crate) applied: Option<ChainHead>,
    /// What the author of the last stored bundle had seen, that bundle included.
    pub(crate) clock: ChainClock,
}

/// All chains, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chains {
    chains: Vec<Chain>,
    by_log: BTreeMap<(ActorId, LogId), Vec<ChainId>>,
}

impl Chains {
    pub(crate) fn load(store: &dyn Read) -> Result<Self, StorageError> {
        let mut chains = Self::default();
        for (_, value) in store.scan(Space::Chain, &[], None, usize::MAX)? {
            chains.push(stored(Space::Chain, &value)?);
        }
        Ok(chains)
    }

    pub(crate) fn save(&self, id: ChainId, store: &mut dyn Write) -> Result<(), StorageError> {
        store.put(Space::Chain, &id.0.to_be_bytes(), &encode(self.get(id)))
    }

    pub(crate) fn get(&self, id: ChainId) -> &Chain {
        &self.chains[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: ChainId) -> &mut Chain {
        &mut self.chains[id.0 as usize]
    }

    pub(crate) fn push(&mut self, chain: Chain) -> ChainId {
        let id = ChainId(self.chains.len() as u32);
        self.by_log.entry((chain.actor, chain.log)).or_default().push(id);
        self.chains.push(chain);
        id
    }

    /// The chains of a log, in order of number; empty for an unknown log.
    pub(crate) fn of_log(&self, actor: ActorId, log: LogId) -> &[ChainId] {
        self.by_log.get(&(actor, log)).map_or(&[], Vec::as_slice)
    }

    /// The time of the latest operation that is applied; zero while there is none.
    pub(crate) fn latest(&self) -> Hlc {
        let applied = self.chains.iter().filter_map(|chain| chain.applied);
        applied.map(|head| head.hlc).max().unwrap_or(Hlc::ZERO)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ChainId, &Chain)> {
        self.chains
            .iter()
            .enumerate()
            .map(|(index, chain)| (ChainId(index as u32), chain))
    }

    /// Marks bundle `seq` of a chain, and with it the chain's past and that of the chains it left, as seen.
    pub(crate) fn observe(&self, clock: &mut ChainClock, chain: ChainId, seq: u64) {
        let (mut chain, mut seq) = (chain, seq);
        loop {
            clock.raise(chain, seq);
            let known = self.get(chain);
            match known.parent {
                Some(parent) if seq >= known.first => (chain, seq) = (ChainId(parent), known.first - 1),
                _ => break,
            }
        }
    }

    /// The clock of what is stored: what peers compare.
    pub(crate) fn stored_clock(&self) -> VectorClock {
        self.clock(|chain| Some(chain.stored))
    }

    /// The clock of what is applied: what a person sees, and what new bundles have seen.
    pub(crate) fn applied_clock(&self) -> VectorClock {
        self.clock(|chain| chain.applied)
    }

    fn clock(&self, head: impl Fn(&Chain) -> Option<ChainHead>) -> VectorClock {
        self.chains
            .iter()
            .filter_map(|chain| {
                let ChainHead { seq, hlc, hash } = head(chain)?;
                let branch = self.branch(chain, seq);
                Some((
                    LogKey {
                        actor: chain.actor,
                        log: chain.log,
                        branch,
                    },
                    Head { seq, hlc, hash },
                ))
            })
            .collect()
    }

    /// The name of the branch that bundle `seq` of a chain stands on: the hash where the innermost fork before it
    /// left it. Every peer that knows the same bundles gives it the same name.
    fn branch(&self, chain: &Chain, seq: u64) -> Option<BundleHash> {
        let inner = chain
            .forks
            .iter()
            .rev()
            .find(|(at, _)| *at <= seq)
            .map(|(_, hash)| *hash);
        inner.or_else(|| chain.parent.map(|_| chain.first_hash))
    }
}
