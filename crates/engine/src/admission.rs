//! Whether a verified bundle may enter the log, and where.
//!
//! Judges the chain and the causal past, and nothing of the payloads. A bundle whose past is not here yet is
//! not refused but *missing* something: whoever brought it is asked for more.

use openprod_core::{BundleHash, Hlc, Seen, Timestamp, VerifiedBundle};
use openprod_storage::{ChainId, Read, Space, StorageError};
use std::time::Duration;
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::chains::{Chain, ChainClock, ChainHead, Chains};
use crate::stored::stored;

/// How far a bundle may be ahead of this device's time before it is held.
pub const FUTURE_MAX: Duration = Duration::from_secs(5 * 60);

/// The most chains a workspace may have: logs and branches. A team makes a few a device and year.
pub const CHAINS_MAX: usize = 16_384;

/// Where an admissible bundle goes.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) place: Entry,
    /// What its author had seen, itself included once it has a chain.
    pub(crate) clock: ChainClock,
    /// The greatest time in its causal past.
    pub(crate) past: Hlc,
    /// The bundles that it says it had seen.
    pub(crate) seen: Vec<(ChainId, u64)>,
}

/// How a bundle enters the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is there already.
    Duplicate,
    /// It follows the last bundle of a chain.
    Extends(ChainId),
    /// It begins a log.
    Begins,
    /// It contradicts a bundle of the same number, which the named chain has; it begins a branch.
    Forks(ChainId),
}

/// Why a bundle cannot enter the log now, or ever.
#[derive(Debug, Error)]
pub enum AdmissionError {
    /// Its predecessor, or something that its author had seen, is not here.
    #[error("admit bundle: something that it builds on is not here yet")]
    Missing,
    /// Its time does not exceed that of its causal past, as every honest author's does.
    #[error("admit bundle: its time does not exceed that of what its author had seen")]
    TimeBehindPast,
    /// The workspace has as many logs as it may have.
    #[error("admit bundle: the workspace has {CHAINS_MAX} logs already")]
    TooManyLogs,
    /// The store refused.
    #[error("admit bundle")]
    Storage(#[from] StorageError),
}

/// Why a bundle is stored but not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum HoldReason {
    /// Its time is ahead of this device's by more than [`FUTURE_MAX`].
    Future {
        /// When it will no longer be, in microseconds since the Unix epoch.
        until_micros: u64,
    },
    /// A newer version wrote an operation of this kind.
    NeedsNewerVersion {
        /// The unknown kind.
        kind: u16,
    },
    /// It builds on a bundle that is held.
    BuildsOnHeld,
}

/// Judges where a bundle goes.
pub(crate) fn admit(
    chains: &Chains,
    store: &dyn Read,
    bundle: &VerifiedBundle,
) -> Result<Admitted, AdmissionError> {
    let header = bundle.header();
    let entry = entry(chains, store, bundle)?;
    let (mut clock, mut past) = match entry {
        Entry::Duplicate | Entry::Begins => (ChainClock::default(), Hlc::ZERO),
        Entry::Extends(chain) => (chains.get(chain).clock.clone(), chains.get(chain).stored.hlc),
        Entry::Forks(_) if header.seq == 1 => (ChainClock::default(), Hlc::ZERO),
        Entry::Forks(chain) => {
            let before = header.seq - 1;
            (
                clock_at(chains, store, chain, before)?,
                hlc_at(chains, store, chain, before)?,
            )
        }
    };
    if entry == Entry::Duplicate {
        return Ok(Admitted {
            place: entry,
            clock,
            past,
            seen: Vec::new(),
        });
    }
    if matches!(entry, Entry::Begins | Entry::Forks(_)) && chains.iter().count() >= CHAINS_MAX {
        return Err(AdmissionError::TooManyLogs);
    }
    let mut seen = Vec::with_capacity(header.seen.len());
    for pointer in &header.seen {
        let chain = resolve(chains, store, pointer)?.ok_or(AdmissionError::Missing)?;
        chains.observe(&mut clock, chain, pointer.seq);
        seen.push((chain, pointer.seq));
        // Time only grows along a chain, so the head's will do unless it is too great.
        let head = chains.get(chain).stored;
        past = past.max(if head.hlc < header.hlc {
            head.hlc
        } else {
            hlc_at(chains, store, chain, pointer.seq)?
        });
    }
    if header.hlc <= past {
        return Err(AdmissionError::TimeBehindPast);
    }
    Ok(Admitted {
        place: entry,
        clock,
        past,
        seen,
    })
}

/// Why a bundle must be held, judged at `now`; `None` when it can be applied.
pub(crate) fn hold(
    chains: &Chains,
    chain: &Chain,
    bundle: &VerifiedBundle,
    admitted: &Admitted,
    now: Option<Timestamp>,
) -> Option<HoldReason> {
    let header = bundle.header();
    if let Some(kind) = bundle.unknown_kind() {
        return Some(HoldReason::NeedsNewerVersion { kind });
    }
    let applied = |id: ChainId, seq: u64| chains.get(id).applied.is_some_and(|head| head.seq >= seq);
    let predecessor = header.seq == 1
        || if header.seq == chain.first {
            chain
                .parent
                .is_some_and(|parent| applied(ChainId(parent), header.seq - 1))
        } else {
            chain.applied.is_some_and(|head| head.seq + 1 == header.seq)
        };
    if !predecessor || !admitted.seen.iter().all(|(chain, seq)| applied(*chain, *seq)) {
        return Some(HoldReason::BuildsOnHeld);
    }
    let ahead = header.hlc.timestamp();
    // A bundle that merely follows one that was admitted is not to blame for its time.
    let raises = header.hlc.wall() > admitted.past.wall();
    match now {
        Some(now) if raises && ahead > now.after(FUTURE_MAX) => {
            let until = ahead.as_micros().saturating_sub(FUTURE_MAX.as_micros() as u64);
            Some(HoldReason::Future { until_micros: until })
        }
        _ => None,
    }
}

fn entry(chains: &Chains, store: &dyn Read, bundle: &VerifiedBundle) -> Result<Entry, AdmissionError> {
    let header = bundle.header();
    let log = chains.of_log(header.actor, header.log);
    for id in log {
        if hash_at(chains, store, *id, header.seq)? == Some(*bundle.hash()) {
            return Ok(Entry::Duplicate);
        }
    }
    if header.seq == 1 {
        return Ok(log.first().map_or(Entry::Begins, |id| Entry::Forks(*id)));
    }
    for id in log {
        if hash_at(chains, store, *id, header.seq - 1)? == Some(header.prev) {
            let extends = chains.get(*id).stored.seq == header.seq - 1;
            return Ok(if extends {
                Entry::Extends(*id)
            } else {
                Entry::Forks(*id)
            });
        }
    }
    Err(AdmissionError::Missing)
}

/// The chain that holds the bundle which `seen` points at.
pub(crate) fn resolve(
    chains: &Chains,
    store: &dyn Read,
    seen: &Seen,
) -> Result<Option<ChainId>, StorageError> {
    for id in chains.of_log(seen.actor, seen.log) {
        if hash_at(chains, store, *id, seen.seq)?.is_some_and(|hash| hash.prefix() == seen.prefix) {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

/// The hash of bundle `seq` of a chain itself, not of those it left.
pub(crate) fn hash_at(
    chains: &Chains,
    store: &dyn Read,
    id: ChainId,
    seq: u64,
) -> Result<Option<BundleHash>, StorageError> {
    let Chain {
        first,
        first_hash,
        stored: ChainHead { seq: last, hash, .. },
        ..
    } = chains.get(id);
    Ok(if seq < *first || seq > *last {
        None
    } else if seq == *last {
        Some(*hash)
    } else if seq == *first {
        Some(*first_hash)
    } else {
        store.place(id, seq)?.map(|place| place.hash)
    })
}

/// The time of the last operation of bundle `seq` of a chain.
fn hlc_at(chains: &Chains, store: &dyn Read, id: ChainId, seq: u64) -> Result<Hlc, StorageError> {
    let head = chains.get(id).stored;
    if head.seq == seq {
        return Ok(head.hlc);
    }
    Ok(bundle_at(store, id, seq)?.last_hlc())
}

/// After how many bundles of a chain what its author had seen is stored, so that it is found again by reading few.
pub(crate) const CLOCK_INTERVAL: u64 = 64;

/// The key under which what the author of a bundle had seen is stored.
pub(crate) fn clock_key(chain: ChainId, seq: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&chain.0.to_be_bytes());
    key[4..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// What the author of bundle `seq` of a chain had seen, that bundle included. Reads the chain from where it was last
/// stored.
pub(crate) fn clock_at(
    chains: &Chains,
    store: &dyn Read,
    id: ChainId,
    seq: u64,
) -> Result<ChainClock, StorageError> {
    let chain = chains.get(id);
    if chain.stored.seq == seq {
        return Ok(chain.clock.clone());
    }
    let (mut at, mut clock) = (chain.first - 1, None);
    let nearest = seq - seq % CLOCK_INTERVAL;
    if nearest >= chain.first
        && let Some(bytes) = store.get(Space::Clock, &clock_key(id, nearest))?
    {
        (at, clock) = (nearest, Some(stored(Space::Clock, &bytes)?));
    }
    let mut clock = match clock {
        Some(clock) => clock,
        None => inherited_clock(chains, store, id)?,
    };
    for at in at + 1..=seq {
        observe_bundle(chains, store, &mut clock, id, &bundle_at(store, id, at)?)?;
    }
    Ok(clock)
}

/// What the chain's first author had seen by what the chain left: empty for a log's first chain.
pub(crate) fn inherited_clock(
    chains: &Chains,
    store: &dyn Read,
    id: ChainId,
) -> Result<ChainClock, StorageError> {
    match chains.get(id).parent {
        Some(parent) => clock_at(chains, store, ChainId(parent), chains.get(id).first - 1),
        None => Ok(ChainClock::default()),
    }
}

/// Moves a clock from a bundle of a chain on to the next one, which the store has admitted before.
pub(crate) fn observe_bundle(
    chains: &Chains,
    store: &dyn Read,
    clock: &mut ChainClock,
    id: ChainId,
    bundle: &VerifiedBundle,
) -> Result<(), StorageError> {
    for seen in &bundle.header().seen {
        let chain = match chains.of_log(seen.actor, seen.log) {
            [only] => Some(*only),
            _ => resolve(chains, store, seen)?,
        };
        if let Some(chain) = chain {
            chains.observe(clock, chain, seen.seq);
        }
    }
    chains.observe(clock, id, bundle.header().seq);
    Ok(())
}

/// Bundle `seq` of a chain.
pub(crate) fn bundle_at(store: &dyn Read, id: ChainId, seq: u64) -> Result<VerifiedBundle, StorageError> {
    let damaged = || StorageError::DamagedRow { space: "chain" };
    let place = store.place(id, seq)?.ok_or_else(damaged)?;
    Ok(store.bundle(place.position)?.ok_or_else(damaged)?.bundle)
}
