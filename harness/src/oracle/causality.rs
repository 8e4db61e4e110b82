//! Who had seen what: an explicit set of bundles for each bundle.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{BundleHash, Header, Hlc, OpId, Payload, VerifiedBundle};

/// Where an operation stands. Moments compare as operations are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Its time.
    pub hlc: Hlc,
    /// Its id.
    pub op_id: OpId,
    /// The bundle's place among all.
    bundle: usize,
    /// The operation's place in the bundle.
    index: u32,
}

impl Moment {
    /// Of an operation that is in no bundle yet.
    pub const PLANNED: Self = Self {
        hlc: Hlc::ZERO,
        op_id: OpId::from_u128(0),
        bundle: usize::MAX,
        index: 0,
    };

    /// The bundle's place among all.
    #[must_use]
    pub const fn bundle(&self) -> usize {
        self.bundle
    }
}

/// All bundles, and of each one its past.
pub(super) struct Causality {
    bundles: Vec<VerifiedBundle>,
    /// For each bundle, the bundles that its author says it had seen: those before it in its log, those that it or they
    /// point at, and those before these in their logs. Whoever is honest points at all that these had seen, too.
    pasts: Vec<BTreeSet<usize>>,
}

impl Causality {
    /// # Errors
    /// What a bundle has seen and is not there.
    pub(super) fn new(bundles: &[VerifiedBundle]) -> Result<Self, String> {
        let mut bundles = bundles.to_vec();
        // Time extends causality, so in its order every bundle comes after its past.
        bundles.sort_by_key(|bundle| (bundle.header().hlc, *bundle.hash()));
        bundles.dedup_by_key(|bundle| *bundle.hash());
        let place: BTreeMap<BundleHash, usize> = bundles
            .iter()
            .enumerate()
            .map(|(at, bundle)| (*bundle.hash(), at))
            .collect();
        let mut pasts: Vec<BTreeSet<usize>> = Vec::new();
        let mut lineages: Vec<BTreeSet<usize>> = Vec::new();
        for (at, bundle) in bundles.iter().enumerate() {
            let header = bundle.header();
            let (mut past, mut lineage) = (BTreeSet::new(), BTreeSet::new());
            if header.seq > 1 {
                let before = place.get(&header.prev);
                let before = *before.ok_or_else(|| format!("{:?} has no predecessor", bundle.id()))?;
                past.extend(pasts.get(before).into_iter().flatten());
                lineage.extend(lineages.get(before).into_iter().flatten());
                past.extend(&lineage);
            }
            for seen in &header.seen {
                let pointed_at = bundles.iter().position(|other| {
                    let theirs = other.header();
                    (theirs.actor, theirs.log, theirs.seq) == (seen.actor, seen.log, seen.seq)
                        && other.hash().prefix() == seen.prefix
                });
                let pointed_at =
                    pointed_at.ok_or_else(|| format!("{:?} has seen what is not there", bundle.id()))?;
                past.extend(lineages.get(pointed_at).into_iter().flatten());
                past.insert(pointed_at);
            }
            if past.iter().any(|earlier| *earlier >= at) {
                return Err(format!("{:?} is not later than what it has seen", bundle.id()));
            }
            lineage.insert(at);
            pasts.push(past);
            lineages.push(lineage);
        }
        Ok(Self { bundles, pasts })
    }

    /// The header of an operation's bundle.
    pub(super) fn header(&self, moment: Moment) -> &Header {
        self.bundles[moment.bundle].header()
    }

    /// All bundles, with their places among all.
    pub(super) fn bundles(&self) -> impl Iterator<Item = (usize, &VerifiedBundle)> {
        self.bundles.iter().enumerate()
    }

    /// Whether the author of one bundle had seen another one.
    pub(super) fn bundle_has_seen(&self, later: usize, earlier: usize) -> bool {
        self.pasts[later].contains(&earlier)
    }

    /// Every operation whose payload decodes, in order.
    pub(super) fn operations(&self) -> Vec<(Moment, Payload)> {
        let mut operations = Vec::new();
        for (bundle, sealed) in self.bundles.iter().enumerate() {
            for (index, payload) in sealed.payloads() {
                let moment = Moment {
                    hlc: sealed.header().hlc.plus(index),
                    op_id: sealed.id().operation(index),
                    bundle,
                    index,
                };
                operations.extend(payload.map(|payload| (moment, payload)));
            }
        }
        operations.sort_by_key(|(moment, _)| *moment);
        operations
    }

    /// Whether the author of `later` had seen `earlier`: it is in the past of, or earlier in the same bundle.
    pub(super) fn has_seen(&self, later: Moment, earlier: Moment) -> bool {
        if later.bundle == earlier.bundle {
            later.index > earlier.index
        } else {
            self.pasts[later.bundle].contains(&earlier.bundle)
        }
    }
}
