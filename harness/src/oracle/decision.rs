//! Facts, and what decisions on them come to: every decision compared with every fact.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::intent::context_digest;
use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, DecisionContext, OpId};
use openprod_engine::facts::{Fault, RESOLVED, Verdict};
use openprod_events::{EventQuery, EventType, Payload, StreamId};

use super::causality::{Causality, Moment};

/// A fact.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The operation that records it.
    pub moment: Moment,
    /// What kind of fact.
    pub event_type: EventType,
    /// What happened.
    pub payload: Payload,
}

/// What a decision comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clash {
    /// What its author got wrong.
    pub fault: Option<Fault>,
    /// The facts that it had not seen and should have, and whether each comes from a decision that should have seen
    /// it in turn.
    pub unseen: BTreeMap<OpId, bool>,
    /// The resolution that holds.
    pub settled_by: Option<OpId>,
}

/// Reads a fact; `None` if it is none. Whether a resolution is one depends on the past, and is not asked here.
pub(super) fn read(moment: Moment, op: &RecordFact) -> Option<Fact> {
    let canonical = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let payload = Payload::from_json(text).ok()?;
        (payload.canonical() == text).then_some(payload)
    };
    let mut streams = BTreeSet::new();
    for stream in &op.streams {
        StreamId::new(stream).ok()?;
        if !streams.insert(stream) {
            return None;
        }
    }
    if !op.metadata.is_empty() && !canonical(&op.metadata)?.value().is_object() {
        return None;
    }
    Some(Fact {
        moment,
        event_type: EventType::new(&op.fact_type).ok()?,
        payload: canonical(&op.payload)?,
    })
}

/// The query of a decision.
fn query(context: &DecisionContext) -> Result<EventQuery, Fault> {
    if context.semantics != 1 {
        return Err(Fault::Semantics);
    }
    let read = || -> Option<EventQuery> {
        let text = std::str::from_utf8(&context.query).ok()?;
        let query: EventQuery = Payload::from_json(text).ok()?.read().ok()?;
        let spelt = Payload::of(&query).ok()?;
        (spelt.canonical() == text && query.min_sequence_number.is_none()).then_some(query)
    };
    read().ok_or(Fault::Query)
}

/// The facts among operations, resolutions of nothing left out.
pub(super) fn facts(causality: &Causality, recorded: &[Fact]) -> Vec<Fact> {
    let decides = |bundle: BundleId| {
        let decision = causality.bundles().find(|(_, sealed)| sealed.id() == bundle);
        decision.filter(|(_, sealed)| sealed.header().intent.decision.is_some())
    };
    let is_fact = |fact: &&Fact| {
        if fact.event_type.as_str() != RESOLVED {
            return true;
        }
        let verdict = Verdict::read(&fact.payload);
        let about = verdict.and_then(|verdict| decides(verdict.decision));
        about.is_some_and(|(at, _)| causality.bundle_has_seen(fact.moment.bundle(), at))
    };
    recorded.iter().filter(is_fact).cloned().collect()
}

/// Every decision that is in a conflict, or whose author is at fault.
pub(super) fn clashes(causality: &Causality, facts: &[Fact]) -> BTreeMap<BundleId, Clash> {
    let mut found: BTreeMap<BundleId, (usize, Clash)> = BTreeMap::new();
    for (at, sealed) in causality.bundles() {
        let Some(context) = &sealed.header().intent.decision else {
            continue;
        };
        let mut clash = Clash::default();
        match query(context) {
            Err(fault) => clash.fault = Some(fault),
            Ok(query) => {
                let matching = || {
                    let matches = |fact: &&Fact| query.matches(&fact.event_type, &fact.payload);
                    facts.iter().filter(matches)
                };
                let seen = matching().filter(|fact| causality.bundle_has_seen(at, fact.moment.bundle()));
                let seen: BTreeSet<OpId> = seen.map(|fact| fact.moment.op_id).collect();
                if context.count != seen.len() as u64 || context.digest != context_digest(&seen) {
                    clash.fault = Some(Fault::Digest);
                } else {
                    let apart = matching().filter(|fact| {
                        let other = fact.moment.bundle();
                        other != at
                            && !causality.bundle_has_seen(at, other)
                            && !causality.bundle_has_seen(other, at)
                            && !fact.event_type.as_str().starts_with("openprod.")
                    });
                    clash.unseen.extend(apart.map(|fact| (fact.moment.op_id, false)));
                }
            }
        }
        found.insert(sealed.id(), (at, clash));
    }
    let passed: BTreeSet<(BundleId, BundleId)> = found
        .iter()
        .flat_map(|(id, (_, clash))| clash.unseen.keys().map(|fact| (*id, fact.bundle())))
        .collect();
    for (id, (_, clash)) in &mut found {
        for (fact, mutual) in &mut clash.unseen {
            *mutual = passed.contains(&(fact.bundle(), *id));
        }
        let verdicts = facts.iter().filter(|fact| fact.event_type.as_str() == RESOLVED);
        let mut verdicts: Vec<(Moment, Verdict)> = verdicts
            .filter_map(|fact| Some((fact.moment, Verdict::read(&fact.payload)?)))
            .filter(|(_, verdict)| verdict.decision == *id)
            .filter(|(_, verdict)| clash.unseen.keys().all(|fact| verdict.considered.contains(fact)))
            .collect();
        verdicts.sort_by_key(|(moment, _)| *moment);
        clash.settled_by = verdicts.last().map(|(moment, _)| moment.op_id);
    }
    let in_conflict =
        |(_, (_, clash)): &(BundleId, (usize, Clash))| clash.fault.is_some() || !clash.unseen.is_empty();
    let found = found.into_iter().filter(in_conflict);
    found.map(|(id, (_, clash))| (id, clash)).collect()
}
