//! Decision conflicts, as people are shown them.

use std::collections::BTreeSet;

use openprod_core::{BundleId, DecisionPolicy, Hlc, Intent, OpId};
use openprod_storage::{Position, Read, Space, StorageError};

pub use super::decision::Fault;
use super::decision::{DecisionRow, clashes, settling};
use super::ledger::clash_key;
use super::log::{Fact, FactLog};
use super::resolution::{Resolution, resolutions};
use super::row::damaged;
use crate::admission::clock_at;
use crate::chains::Chains;

/// Whether a decision conflict waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecisionStatus {
    /// Nobody has resolved it.
    Open,
    /// It was resolved, and facts turned up that had not been considered.
    Reopened,
    /// Somebody has considered all that is known.
    Resolved,
}

/// A decision that had not seen facts which it should have, or whose author is at fault.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionConflict {
    /// The bundle in which it was taken, which also names the conflict.
    pub decision: BundleId,
    /// Who took it.
    pub actor: openprod_core::ActorId,
    /// When.
    pub hlc: Hlc,
    /// The command, with what it was decided on.
    pub intent: Intent,
    /// What it recorded, in order.
    pub facts: Vec<Fact>,
    /// What it had not seen, by this store's numbers.
    pub unseen: Vec<UnseenFact>,
    /// Whether it waits for somebody.
    pub status: DecisionStatus,
    /// What is wrong with the decision itself; it then clashes with nothing.
    pub fault: Option<Fault>,
    /// Whether every log that is known here has seen it, so that no more can turn up but from logs that are not.
    pub settled: bool,
    /// Of a decision under the policy to lose: whether it has lost. It has when another decision that it passed is
    /// earlier in canonical order, or when it alone had not seen.
    pub lost: bool,
    /// The resolution that holds; else the last one, that does not consider all.
    pub resolution: Option<Resolution>,
    /// Everything that was resolved about it, in canonical order.
    pub resolutions: Vec<Resolution>,
}

/// A fact that a decision should have seen.
#[derive(Clone, Debug, PartialEq)]
pub struct UnseenFact {
    /// The fact.
    pub fact: Fact,
    /// Whether it comes from a decision that should have seen this one in turn: neither came first. Else this one
    /// was taken on what had gone stale.
    pub mutual: bool,
    /// Whether the resolution that is shown has considered it.
    pub considered: bool,
}

impl DecisionConflict {
    /// Whether any of its facts comes from a decision that it passed.
    #[must_use]
    pub fn is_mutual(&self) -> bool {
        self.unseen.iter().any(|unseen| unseen.mutual)
    }

    /// What is to happen to it.
    #[must_use]
    pub fn policy(&self) -> DecisionPolicy {
        let context = self.intent.decision.as_ref();
        context.map_or(DecisionPolicy::Surface, |context| context.policy)
    }

    /// The decisions that it passed.
    #[must_use]
    pub fn passed(&self) -> BTreeSet<BundleId> {
        let mutual = self.unseen.iter().filter(|unseen| unseen.mutual);
        mutual.map(|unseen| unseen.fact.bundle).collect()
    }
}

/// All decision conflicts, in canonical order of the decisions.
pub(crate) fn list(store: &dyn Read) -> Result<Vec<DecisionConflict>, StorageError> {
    let chains = Chains::load(store)?;
    let mut found = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let next = store.scan(Space::Clash, &[], after.as_deref(), 1)?;
        let Some((key, _)) = next.first() else { break };
        let id: [u8; 16] = *key.first_chunk().ok_or_else(|| damaged(Space::Clash))?;
        found.extend(find(store, &chains, BundleId::from_bytes(id))?);
        // Beyond all keys of this decision.
        after = Some([id.as_slice(), &[u8::MAX; 33]].concat());
    }
    found.sort_by_key(|conflict| (conflict.hlc, conflict.decision));
    Ok(found)
}

/// The conflict of a decision; `None` when it has none.
pub(crate) fn find(
    store: &dyn Read,
    chains: &Chains,
    decision: BundleId,
) -> Result<Option<DecisionConflict>, StorageError> {
    let Some(row) = DecisionRow::find(store, decision)? else {
        return Ok(None);
    };
    let clashes = clashes(store, decision)?;
    if clashes.is_empty() && row.fault.is_none() {
        return Ok(None);
    }
    let bundle = store
        .bundle(Position(row.position))?
        .ok_or_else(|| damaged(Space::Decision))?
        .bundle;
    let log = FactLog::new(store);
    let mut facts = Vec::new();
    for index in 0..bundle.len() {
        if let Some(number) = log.number_of(decision.operation(index))? {
            facts.extend(log.fact(number)?);
        }
    }
    let all = resolutions(store, decision)?;
    let holding = settling(&clashes, &all);
    let status = match (holding, all.is_empty()) {
        (Some(_), _) => DecisionStatus::Resolved,
        (None, true) => DecisionStatus::Open,
        (None, false) => DecisionStatus::Reopened,
    };
    let resolution = holding.or(all.last()).cloned();
    let considered = |fact: &OpId| {
        let resolution = resolution.as_ref();
        resolution.is_some_and(|resolution| resolution.considered.contains(fact))
    };
    let mut unseen = Vec::with_capacity(clashes.len());
    let (mut stale, mut later) = (false, false);
    for (other, fact) in clashes {
        let mutual = passed(store, other, decision)?;
        let number = log.number_of(fact)?.ok_or_else(|| damaged(Space::Clash))?;
        let considered = considered(&fact);
        let fact = log.fact(number)?.ok_or_else(|| damaged(Space::Clash))?;
        stale |= !mutual;
        // Bundles are ordered as their first operations are; the ids of operations extend those of their bundles.
        later |= mutual && order(store, other)? < (bundle.header().hlc, decision);
        unseen.push(UnseenFact {
            fact,
            mutual,
            considered,
        });
    }
    unseen.sort_by_key(|unseen| unseen.fact.record.sequence_number);
    let intent = bundle.header().intent.clone();
    let policy = intent.decision.as_ref().map(|context| context.policy);
    Ok(Some(DecisionConflict {
        decision,
        actor: bundle.header().actor,
        hlc: bundle.header().hlc,
        facts,
        unseen,
        status,
        fault: row.fault,
        settled: is_settled(store, chains, &row)?,
        lost: policy == Some(DecisionPolicy::Lose) && (stale || later),
        resolution,
        resolutions: all,
        intent,
    }))
}

/// Whether decision `one` has not seen a fact of `other` and should have.
pub(crate) fn passed(store: &dyn Read, one: BundleId, other: BundleId) -> Result<bool, StorageError> {
    let prefix = clash_key(one, other, OpId::from_bytes([0; 16]));
    Ok(!store.scan(Space::Clash, &prefix[..32], None, 1)?.is_empty())
}

/// The canonical order of a decision among others.
fn order(store: &dyn Read, decision: BundleId) -> Result<(Hlc, BundleId), StorageError> {
    let row = DecisionRow::find(store, decision)?.ok_or_else(|| damaged(Space::Decision))?;
    let bundle = store.bundle(Position(row.position))?;
    let bundle = bundle.ok_or_else(|| damaged(Space::Decision))?.bundle;
    Ok((bundle.header().hlc, decision))
}

/// Whether every known log has seen a decision.
fn is_settled(store: &dyn Read, chains: &Chains, row: &DecisionRow) -> Result<bool, StorageError> {
    let place = openprod_storage::ChainId(row.chain);
    for (id, chain) in chains.iter() {
        let seen = match chain.applied {
            Some(applied) => clock_at(chains, store, id, applied.seq)?.covers(place, row.seq),
            None => false,
        };
        if !seen {
            return Ok(false);
        }
    }
    Ok(true)
}
