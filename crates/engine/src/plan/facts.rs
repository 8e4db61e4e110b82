//! Recording facts, and resolving decisions.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::intent::{CONTEXT_HEADS_MAX, CONTEXT_QUERY_BYTES_MAX, context_digest};
use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, CommandId, DecisionContext, DecisionPolicy, OpId};
use openprod_events::limits::COMMIT_EVENTS_MAX;
use openprod_events::{
    AppendError, ContextConflict, EventQuery, EventType, Metadata, Payload as EventPayload, RefusedCommit,
    SequenceNumber, StreamId, StreamMismatch, StreamVersion,
};

use super::{Plan, View};
use crate::command::CommandError;
use crate::facts::conflict::{self, DecisionStatus};
use crate::facts::context::Context;
use crate::facts::decision;
use crate::facts::effect::{Content, Effect};
use crate::facts::log::{FactLog, Which};
use crate::facts::resolution::{REASON_BYTES_MAX, Verdict, resolutions};
use crate::facts::{
    ExpectedFacts, ExpectedStream, NewFact, RESERVED, RESOLVED, RecordFacts, ResolutionChoice,
    ResolveDecision,
};

/// Records facts, if what they were decided on has not changed.
pub(super) fn record(view: &View<'_>, command: &RecordFacts) -> Result<Plan, CommandError> {
    if command.facts.is_empty() && command.receipt.is_none() {
        return Err(AppendError::from(RefusedCommit::Empty).into());
    }
    if command.facts.len() > COMMIT_EVENTS_MAX {
        let events = command.facts.len();
        return Err(AppendError::from(RefusedCommit::TooManyEvents { events }).into());
    }
    let mut plan = Plan::default();
    for (index, fact) in command.facts.iter().enumerate() {
        if fact.fact_type.starts_with(RESERVED) {
            return Err(bad(index, "types that begin with \"openprod.\" are reserved"));
        }
        plan.payloads.push(planned(index, fact)?.into());
    }
    let log = FactLog::new(view.store);
    let heads = check_streams(&log, &command.streams)?;
    // Without facts nothing is signed.
    if (command.context.is_some() || !command.streams.is_empty()) && !command.facts.is_empty() {
        plan.decision = Some(decide(&log, command, heads)?);
    } else if let Some(context) = &command.context {
        check_context(&log, context)?;
    }
    Ok(plan)
}

/// Records what is done about a decision. Those that passed it stand then, as far as it was what they had not seen:
/// one clash of two decisions is one thing to decide.
pub(super) fn resolve(view: &View<'_>, command: &ResolveDecision) -> Result<Plan, CommandError> {
    let decision = command.decision;
    let unknown = CommandError::UnknownDecision { decision };
    let conflict = conflict::find(view.store, view.chains, decision)?.ok_or(unknown)?;
    if conflict.status == DecisionStatus::Resolved {
        return Err(CommandError::ResolvedDecision { decision });
    }
    if command
        .reason
        .as_ref()
        .is_some_and(|reason| reason.len() > REASON_BYTES_MAX)
    {
        return Err(bad(0, "the reason is too long"));
    }
    let known: BTreeSet<OpId> = conflict.unseen.iter().map(|unseen| unseen.fact.op_id).collect();
    let considered: BTreeSet<OpId> = match &command.considered {
        None => known,
        Some(considered) => {
            if let Some(&op_id) = considered.iter().find(|op| !known.contains(op)) {
                return Err(CommandError::NotUnseen { decision, op_id });
            }
            considered.iter().copied().collect()
        }
    };
    let mut plan = Plan::default();
    plan.verdict(&Verdict {
        decision,
        choice: command.choice,
        considered: considered.clone(),
        reason: command.reason.clone(),
    })?;
    let mut others: BTreeMap<BundleId, ()> = BTreeMap::new();
    for unseen in &conflict.unseen {
        if unseen.mutual && considered.contains(&unseen.fact.op_id) {
            others.insert(unseen.fact.bundle, ());
        }
    }
    for other in others.into_keys() {
        let mut seen: BTreeSet<OpId> = BTreeSet::new();
        for earlier in resolutions(view.store, other)? {
            seen.extend(earlier.considered);
        }
        let own = decision::clashes(view.store, other)?;
        seen.extend(
            own.into_iter()
                .filter(|(bundle, _)| *bundle == decision)
                .map(|(_, fact)| fact),
        );
        plan.verdict(&Verdict {
            decision: other,
            choice: ResolutionChoice::Accept,
            considered: seen,
            reason: command.reason.clone(),
        })?;
    }
    for (index, fact) in command.facts.iter().enumerate() {
        if fact.fact_type.starts_with(RESERVED) {
            return Err(bad(index, "types that begin with \"openprod.\" are reserved"));
        }
        plan.payloads.push(planned(index, fact)?.into());
    }
    Ok(plan)
}

impl Plan {
    fn verdict(&mut self, verdict: &Verdict) -> Result<(), CommandError> {
        let payload = EventPayload::new(verdict.payload()).map_err(|source| CommandError::BadFact {
            index: 0,
            problem: source.to_string(),
        })?;
        self.payloads.push(
            RecordFact {
                fact_type: RESOLVED.to_owned(),
                payload: payload.canonical().as_bytes().to_vec(),
                streams: Vec::new(),
                metadata: Vec::new(),
            }
            .into(),
        );
        Ok(())
    }
}

fn bad(index: usize, problem: &str) -> CommandError {
    CommandError::BadFact {
        index,
        problem: problem.to_owned(),
    }
}

/// The operation that records a fact.
fn planned(index: usize, fact: &NewFact) -> Result<RecordFact, CommandError> {
    let refuse = |error: &dyn std::error::Error| CommandError::BadFact {
        index,
        problem: error.to_string(),
    };
    let fact_type = EventType::new(&fact.fact_type).map_err(|error| refuse(&error))?;
    let payload = EventPayload::from_json(&fact.payload).map_err(|error| refuse(&error))?;
    let mut streams: Vec<String> = Vec::with_capacity(fact.streams.len());
    for stream in &fact.streams {
        let stream = StreamId::new(stream).map_err(|error| refuse(&error))?;
        streams.push(stream.as_str().to_owned());
    }
    if streams.iter().collect::<BTreeSet<_>>().len() < streams.len() {
        return Err(bad(index, "it names a stream twice"));
    }
    let metadata = match &fact.metadata {
        None => Vec::new(),
        Some(text) => {
            let metadata = EventPayload::from_json(text).map_err(|error| refuse(&error))?;
            if !metadata.value().is_object() {
                return Err(bad(index, "its metadata are no object"));
            }
            metadata.read::<Metadata>().map_err(|error| refuse(&error))?;
            metadata.canonical().as_bytes().to_vec()
        }
    };
    Ok(RecordFact {
        fact_type: fact_type.as_str().to_owned(),
        payload: payload.canonical().as_bytes().to_vec(),
        streams,
        metadata,
    })
}

/// Checks where streams end; gives the last facts of those that have any.
fn check_streams(log: &FactLog<'_>, expected: &[ExpectedStream]) -> Result<Vec<OpId>, CommandError> {
    let (mut heads, mut mismatches) = (BTreeSet::new(), Vec::new());
    for ExpectedStream { stream, version } in expected {
        let stream = StreamId::new(stream).map_err(|error| CommandError::BadFact {
            index: 0,
            problem: error.to_string(),
        })?;
        let actual = log.stream_version(&stream)?;
        if actual == *version {
            heads.extend(log.stream_head(&stream)?);
        } else {
            mismatches.push(StreamMismatch {
                stream,
                expected: StreamVersion(*version),
                actual: StreamVersion(actual),
            });
        }
    }
    if mismatches.is_empty() {
        Ok(heads.into_iter().collect())
    } else {
        Err(AppendError::Streams(mismatches).into())
    }
}

/// Checks that a context has not changed; its query.
fn check_context(log: &FactLog<'_>, expected: &ExpectedFacts) -> Result<EventQuery, CommandError> {
    let refuse = |problem: String| CommandError::BadContext { problem };
    let query = EventPayload::from_json(&expected.query).map_err(|error| refuse(error.to_string()))?;
    if !query.value().is_object() {
        return Err(refuse("it is no object".to_owned()));
    }
    let query: EventQuery = query.read().map_err(|error| refuse(error.to_string()))?;
    let query = query.after(None);
    query
        .check()
        .map_err(|error| AppendError::from(RefusedCommit::from(error)))?;
    let actual = log.context_version(&query)?;
    if actual != expected.version {
        let conflict = ContextConflict {
            expected_context_version: expected.version.map(SequenceNumber),
            actual_context_version: actual.map(SequenceNumber),
        };
        return Err(AppendError::from(conflict).into());
    }
    Ok(query)
}

/// Checks what a command was decided on, and says what it is, for the intent to be signed.
fn decide(
    log: &FactLog<'_>,
    command: &RecordFacts,
    heads: Vec<OpId>,
) -> Result<DecisionContext, CommandError> {
    let refuse = |problem: String| CommandError::BadContext { problem };
    let expected = command.context.as_ref();
    let query = expected
        .map(|expected| check_context(log, expected))
        .transpose()?;
    let streams: BTreeSet<StreamId> = command
        .streams
        .iter()
        .map(|expected| StreamId::new(&expected.stream))
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(error.to_string()))?;
    let mut known = Vec::new();
    if let Some(query) = &query {
        let rows = log.rows(query, 0, usize::MAX, Which::Counting)?;
        known.extend(rows.into_iter().map(|(_, row)| row.op));
        known.sort_unstable();
    }
    let (semantics, text) = Context { query, streams }
        .write()
        .map_err(|error| refuse(error.to_string()))?;
    let query = text.canonical().as_bytes().to_vec();
    if query.len() > CONTEXT_QUERY_BYTES_MAX {
        return Err(refuse(format!(
            "it is longer than {CONTEXT_QUERY_BYTES_MAX} bytes"
        )));
    }
    if heads.len() > CONTEXT_HEADS_MAX {
        return Err(refuse(format!("it reads more than {CONTEXT_HEADS_MAX} streams")));
    }
    Ok(DecisionContext {
        handler_version: expected.map_or(0, |expected| expected.handler_version),
        semantics,
        query,
        count: known.len() as u64,
        digest: context_digest(&known),
        heads,
        policy: expected.map_or(DecisionPolicy::Surface, |expected| expected.policy),
    })
}

/// What a command's facts come to under its id; refused as [`record`] refuses them.
pub(crate) fn effect_of(id: CommandId, facts: &[NewFact]) -> Result<Effect, CommandError> {
    let mut content = Content::default();
    for (index, fact) in facts.iter().enumerate() {
        content.add(&planned(index, fact)?);
    }
    Ok(content.effect(id))
}
