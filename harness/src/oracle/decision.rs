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
    /// The streams that it belongs to.
    pub streams: Vec<String>,
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
        streams: op.streams.clone(),
    })
}

/// What a decision was taken on.
struct Context {
    query: Option<EventQuery>,
    streams: Vec<String>,
}

impl Context {
    fn read(context: &DecisionContext) -> Result<Self, Fault> {
        let read = || -> Option<Self> {
            let text = std::str::from_utf8(&context.query).ok()?;
            let payload = Payload::from_json(text).ok()?;
            if payload.canonical() != text {
                return None;
            }
            if context.semantics == 1 {
                let query = Some(query(payload.value())?);
                let streams = Vec::new();
                return Some(Self { query, streams });
            }
            let members = payload.value().as_object()?;
            let streams = members.get("streams")?.as_array()?.iter();
            let streams: Vec<String> = streams
                .map(|stream| stream.as_str().map(str::to_owned))
                .collect::<Option<_>>()?;
            let named = streams.iter().all(|stream| StreamId::new(stream).is_ok());
            if members.len() != 2 || !named || streams.is_empty() || !streams.is_sorted_by(|a, b| a < b) {
                return None;
            }
            let query = match members.get("query")? {
                serde_json::Value::Null => None,
                written => Some(query(written)?),
            };
            Some(Self { query, streams })
        };
        match context.semantics {
            1 | 2 => read().ok_or(Fault::Query),
            _ => Err(Fault::Semantics),
        }
    }

    /// Whether a fact is relevant for what it says.
    fn asks_for(&self, fact: &Fact) -> bool {
        let query = self.query.as_ref();
        query.is_some_and(|query| query.matches(&fact.event_type, &fact.payload))
    }

    /// Whether a fact is relevant.
    fn matches(&self, fact: &Fact) -> bool {
        self.asks_for(fact) || fact.streams.iter().any(|stream| self.streams.contains(stream))
    }
}

/// A query, if it is written as it must be.
fn query(written: &serde_json::Value) -> Option<EventQuery> {
    let written = Payload::new(written.clone()).ok()?;
    let query: EventQuery = written.read().ok()?;
    let spelt = Payload::of(&query).ok()?;
    (spelt == written && query.min_sequence_number.is_none()).then_some(query)
}

/// Bundles of facts, and for each of them those that say the same under the same command id, itself among them, in
/// order.
pub(super) struct Repetitions(BTreeMap<usize, Vec<usize>>);

impl Repetitions {
    pub(super) fn find(causality: &Causality, facts: &[Fact]) -> Self {
        let said = |at: usize| -> Vec<(&EventType, &Payload, &[String])> {
            let own = facts.iter().filter(|fact| fact.moment.bundle() == at);
            own.map(|fact| (&fact.event_type, &fact.payload, fact.streams.as_slice()))
                .collect()
        };
        let bundles = causality.bundles().map(|(at, sealed)| (at, sealed, said(at)));
        let mut only_facts: Vec<_> = bundles
            .filter(|(_, sealed, said)| !said.is_empty() && said.len() == sealed.len() as usize)
            .collect();
        only_facts.sort_by_key(|(_, sealed, _)| (sealed.header().hlc, sealed.id()));
        let same = |of: usize| {
            let (_, sealed, said) = &only_facts[of];
            let command = sealed.header().intent.command_id;
            let same = only_facts
                .iter()
                .filter(|(_, other, theirs)| other.header().intent.command_id == command && theirs == said);
            same.map(|(at, ..)| *at).collect()
        };
        Self((0..only_facts.len()).map(|of| (only_facts[of].0, same(of))).collect())
    }

    /// The bundles that say the same, in order, the bundle among them.
    fn of(&self, bundle: usize) -> Vec<usize> {
        self.0.get(&bundle).cloned().unwrap_or_else(|| vec![bundle])
    }

    /// Whether a bundle repeats another.
    pub(super) fn is_repetition(&self, bundle: usize) -> bool {
        self.of(bundle)[0] != bundle
    }

    /// Whether a bundle repeats another, as far as is known to whoever has seen `seen`.
    fn is_repetition_to(&self, bundle: usize, seen: impl Fn(usize) -> bool) -> bool {
        self.of(bundle).into_iter().find(|other| seen(*other)) != Some(bundle)
    }

    /// Bundles that repeat others.
    pub(super) fn bundles(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied().filter(|bundle| self.is_repetition(*bundle))
    }
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

/// Every decision that is in a conflict, or whose author is at fault. The facts are all there are, repetitions too.
pub(super) fn clashes(causality: &Causality, facts: &[Fact]) -> BTreeMap<BundleId, Clash> {
    let repetitions = Repetitions::find(causality, facts);
    let mut found: BTreeMap<BundleId, (usize, Clash)> = BTreeMap::new();
    for (at, sealed) in causality.bundles() {
        let Some(context) = &sealed.header().intent.decision else {
            continue;
        };
        let mut clash = Clash::default();
        match Context::read(context) {
            Err(fault) => clash.fault = Some(fault),
            Ok(context_read) => {
                let has_seen = |bundle| causality.bundle_has_seen(at, bundle);
                let seen = facts.iter().filter(|fact| {
                    let bundle = fact.moment.bundle();
                    context_read.asks_for(fact)
                        && has_seen(bundle)
                        && !repetitions.is_repetition_to(bundle, has_seen)
                });
                let seen: BTreeSet<OpId> = seen.map(|fact| fact.moment.op_id).collect();
                if context.count != seen.len() as u64 || context.digest != context_digest(&seen) {
                    clash.fault = Some(Fault::Digest);
                } else {
                    let apart = facts.iter().filter(|fact| {
                        let other = fact.moment.bundle();
                        let said = repetitions.of(other);
                        context_read.matches(fact)
                            && !repetitions.is_repetition(at)
                            && !repetitions.is_repetition(other)
                            && !said.iter().any(|same| *same == at || has_seen(*same))
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
