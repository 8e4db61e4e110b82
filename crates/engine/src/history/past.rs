//! Sets of bundles that are closed under causality: what one has seen, the set holds too.

use std::collections::BTreeMap;

use openprod_core::{BundleId, Hlc, Timestamp};
use openprod_storage::{ChainId, Place, Read, Space, StorageError};

use crate::admission::{CLOCK_INTERVAL, bundle_at, clock_at, observe_bundle};
use crate::chains::{ChainClock, Chains};

/// A closed set of bundles. Held bundles are in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// What an author had seen.
    Seen(ChainClock),
    /// What was written up to a time. Closed, because a bundle's time exceeds that of all that its author had seen.
    Until(Timestamp),
}

impl Past {
    /// What the author of a bundle had seen, without that bundle.
    pub(crate) fn before(chains: &Chains, store: &dyn Read, place: &Place) -> Result<Self, StorageError> {
        let mut clock = clock_at(chains, store, place.chain, place.seq)?;
        clock.lower(place.chain, place.seq - 1);
        Ok(Self::Seen(clock))
    }

    /// What the author of a bundle had seen, that bundle included.
    pub(crate) fn with(chains: &Chains, store: &dyn Read, place: &Place) -> Result<Self, StorageError> {
        Ok(Self::Seen(clock_at(chains, store, place.chain, place.seq)?))
    }

    /// Whether a bundle is in the set, by its chain, its number and the time of its first operation.
    pub(crate) fn contains(&self, chain: ChainId, seq: u64, hlc: Hlc) -> bool {
        match self {
            Self::Seen(clock) => clock.covers(chain, seq),
            Self::Until(time) => hlc.timestamp() <= *time,
        }
    }

    /// Whether the bundle of this id is stored and in the set.
    pub(crate) fn contains_id(&self, store: &dyn Read, id: BundleId) -> Result<bool, StorageError> {
        let Some(place) = store.place_of(id)? else {
            return Ok(false);
        };
        Ok(match self {
            Self::Seen(clock) => clock.covers(place.chain, place.seq),
            Self::Until(_) => {
                let damaged = StorageError::DamagedRow { space: "bundle" };
                let stored = store.bundle(place.position)?.ok_or(damaged)?;
                self.contains(place.chain, place.seq, stored.bundle.header().hlc)
            }
        })
    }
}

/// Whether the bundle at a place is stored only, and not applied.
pub(crate) fn is_held(store: &dyn Read, place: &Place) -> Result<bool, StorageError> {
    Ok(store.get(Space::Held, &place.position.0.to_be_bytes())?.is_some())
}

/// The clocks of bundles that are asked for in commit order: each chain is read on from where it was left.
pub(crate) struct Clocks<'a> {
    chains: &'a Chains,
    store: &'a dyn Read,
    latest: BTreeMap<ChainId, (u64, ChainClock)>,
}

impl<'a> Clocks<'a> {
    pub(crate) const fn new(chains: &'a Chains, store: &'a dyn Read) -> Self {
        Self {
            chains,
            store,
            latest: BTreeMap::new(),
        }
    }

    /// What the author of a bundle had seen, that bundle included.
    pub(crate) fn at(&mut self, chain: ChainId, seq: u64) -> Result<ChainClock, StorageError> {
        let (chains, store) = (self.chains, self.store);
        let clock = match self.latest.remove(&chain) {
            Some((at, mut clock)) if at <= seq && at >= seq - seq % CLOCK_INTERVAL => {
                for at in at + 1..=seq {
                    observe_bundle(chains, store, &mut clock, chain, &bundle_at(store, chain, at)?)?;
                }
                clock
            }
            _ => clock_at(chains, store, chain, seq)?,
        };
        self.latest.insert(chain, (seq, clock.clone()));
        Ok(clock)
    }
}
