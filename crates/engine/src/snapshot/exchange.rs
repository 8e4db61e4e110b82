//! What peers exchange: how far each is, and what the other lacks.

use openprod_core::{ActorId, BundleHash, LogId, VerifiedBundle};
use openprod_storage::{ChainId, Position, StorageError};

use super::Snapshot;
use crate::admission::hash_at;
use crate::chains::{Chain, ChainClock, ChainHead, Chains};

/// The last bundle of a log or branch: what peers tell each other they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, wincode::SchemaRead, wincode::SchemaWrite)]
pub struct LogHead {
    /// Who writes the log.
    pub actor: ActorId,
    /// The log.
    pub log: LogId,
    /// The number of its last bundle.
    pub seq: u64,
    /// The hash of its last bundle.
    pub hash: BundleHash,
}

/// What a peer has of this store's bundles, as far as its heads tell.
#[derive(Clone, Debug)]
pub struct Covered {
    pub(crate) clock: ChainClock,
    chains: Chains,
}

/// What a peer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many bundles.
    pub bundles: u64,
}

impl Snapshot {
    /// The heads of everything that is stored, in ascending order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn heads(&self) -> Result<Vec<LogHead>, StorageError> {
        self.heads_by(|chain| Some(chain.stored))
    }

    /// The heads of everything that is applied, in ascending order.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn applied_heads(&self) -> Result<Vec<LogHead>, StorageError> {
        self.heads_by(|chain| chain.applied)
    }

    fn heads_by(&self, head: impl Fn(&Chain) -> Option<ChainHead>) -> Result<Vec<LogHead>, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut heads: Vec<_> = chains
            .iter()
            .filter_map(|(_, chain)| {
                let ChainHead { seq, hash, .. } = head(chain)?;
                Some(LogHead {
                    actor: chain.actor,
                    log: chain.log,
                    seq,
                    hash,
                })
            })
            .collect();
        heads.sort_unstable();
        Ok(heads)
    }

    /// Those of a peer's heads that are not stored here: what there is to ask for.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn unknown(&self, heads: &[LogHead]) -> Result<Vec<LogHead>, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut unknown = Vec::new();
        for head in heads {
            if self.find_head(&chains, head)?.is_none() {
                unknown.push(*head);
            }
        }
        Ok(unknown)
    }

    /// What a peer with these heads has of what is stored here.
    ///
    /// A head that is unknown here says little: beyond the end of a chain, the peer is taken to have that chain;
    /// within it, the log has forked, and the peer is taken to have nothing of it, for bundles that come twice
    /// do no harm.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn covered(&self, heads: &[LogHead]) -> Result<Covered, StorageError> {
        let chains = Chains::load(&*self.store)?;
        let mut clock = ChainClock::default();
        for head in heads {
            if let Some(chain) = self.find_head(&chains, head)? {
                chains.observe(&mut clock, chain, head.seq);
                continue;
            }
            for id in chains.of_log(head.actor, head.log) {
                let last = chains.get(*id).stored.seq;
                if head.seq > last {
                    chains.observe(&mut clock, *id, last);
                }
            }
        }
        Ok(Covered { clock, chains })
    }

    /// The bundles after `after` in commit order that a peer lacks: at least one if there is any, then as many as
    /// fit into `bytes`. They count as covered from then on. Also the position up to which the log has been looked
    /// through.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn lacking(
        &self,
        covered: &mut Covered,
        after: Position,
        bytes: usize,
    ) -> Result<(Vec<VerifiedBundle>, Position), StorageError> {
        const PAGE: usize = 1_024;
        let (mut after, mut found, mut size) = (after, Vec::new(), 0);
        loop {
            let places = self.store.places(after, PAGE)?;
            if places.is_empty() {
                return Ok((found, after));
            }
            for place in places {
                if !covered.clock.covers(place.chain, place.seq) {
                    let damaged = StorageError::DamagedRow { space: "bundle" };
                    let bundle = self.store.bundle(place.position)?.ok_or(damaged)?.bundle;
                    if !found.is_empty() && size + bundle.bytes().len() > bytes {
                        return Ok((found, after));
                    }
                    size += bundle.bytes().len();
                    covered.clock.raise(place.chain, place.seq);
                    found.push(bundle);
                }
                after = place.position;
            }
        }
    }

    fn find_head(&self, chains: &Chains, head: &LogHead) -> Result<Option<ChainId>, StorageError> {
        for id in chains.of_log(head.actor, head.log) {
            if hash_at(chains, &*self.store, *id, head.seq)? == Some(head.hash) {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }
}

impl Covered {
    /// How much is lacking, and the position just before the first bundle that is.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn totals(&self, snapshot: &Snapshot) -> Result<(Totals, Position), StorageError> {
        let mut totals = Totals::default();
        let mut first = snapshot.store.last()?;
        for (id, chain) in self.chains.iter() {
            let have = self.clock.get(id).max(chain.first - 1);
            if have < chain.stored.seq {
                totals.bundles += chain.stored.seq - have;
                if let Some(place) = snapshot.store.place(id, have + 1)? {
                    first = first.min(Position(place.position.0 - 1));
                }
            }
        }
        Ok((totals, first))
    }
}
