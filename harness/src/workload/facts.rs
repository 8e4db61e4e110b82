//! What people record as having happened, what they decide on it, and what they do about decisions that had not seen each
//! other.

use openprod_core::{CommandId, DecisionPolicy};
use openprod_engine::Command;
use openprod_engine::facts::{
    DecisionStatus, ExpectedFacts, ExpectedStream, FactLog, NewFact, RecordFacts, ResolutionChoice,
    ResolveDecision,
};
use openprod_events::{EventQuery, StreamId};

use super::Workload;
use crate::network::{DeviceId, Network};

/// How many people can be booked: few, so that they are booked twice.
const PEOPLE: u64 = 2;

/// Facts that were recorded under a command id, to be recorded under it on another device, too.
pub(super) struct Shared {
    pub(super) id: CommandId,
    facts: Vec<NewFact>,
}

impl Shared {
    /// Of a command that was acknowledged; `None` if it records no facts.
    pub(super) fn of(id: CommandId, command: &Command) -> Option<Self> {
        match command {
            Command::RecordFacts(command) => Some(Self {
                id,
                facts: command.facts.clone(),
            }),
            _ => None,
        }
    }
}

impl Workload {
    /// Records facts, on a condition or on none, or resolves a decision; and the id under which somebody else recorded
    /// the same.
    pub(super) fn fact_command(
        &mut self,
        network: &Network,
        id: DeviceId,
    ) -> Option<(Command, Option<CommandId>)> {
        let snapshot = network.device(id).snapshot()?;
        let log = snapshot.facts();
        let choice = self.random.below(12);
        if choice < 2 {
            let conflicts = snapshot.decision_conflicts().ok()?;
            let open: Vec<_> = conflicts
                .iter()
                .filter(|conflict| conflict.status != DecisionStatus::Resolved)
                .collect();
            let decision = self.random.pick(&open)?.decision;
            let choice = *self.random.pick(&ResolutionChoice::ALL)?;
            let facts = if choice == ResolutionChoice::Compensate {
                vec![self.fact("cancelled")]
            } else {
                Vec::new()
            };
            let resolve = ResolveDecision {
                decision,
                choice,
                considered: None,
                reason: None,
                facts,
            };
            return Some((Command::ResolveDecision(resolve), None));
        }
        let (facts, given) = match &self.shared {
            Some(shared) if choice < 5 => (shared.facts.clone(), Some(shared.id)),
            _ => {
                let count = self.random.between(1, 2);
                ((0..count).map(|_| self.fact("booked")).collect(), None)
            }
        };
        let command = self.conditions(&log, facts)?;
        Some((Command::RecordFacts(command), given))
    }

    /// The facts, on what this device sees, or on nothing.
    fn conditions(&mut self, log: &FactLog<'_>, facts: Vec<NewFact>) -> Option<RecordFacts> {
        let who = self.random.below(PEOPLE);
        let mut command = RecordFacts {
            facts,
            ..RecordFacts::default()
        };
        let choice = self.random.below(4);
        if choice % 2 == 1 {
            let query = format!(
                r#"{{"filters":[{{"event_types":["booked"],"payload_predicates":[{{"who":{who}}}]}}]}}"#
            );
            let read: EventQuery = serde_json::from_str(&query).ok()?;
            let policies = [
                DecisionPolicy::Surface,
                DecisionPolicy::Compensate,
                DecisionPolicy::Lose,
            ];
            command.context = Some(ExpectedFacts {
                query,
                version: log.context_version(&read).ok()?,
                handler_version: 1,
                policy: *self.random.pick(&policies)?,
            });
        }
        if choice >= 2 {
            let stream = stream(who);
            let version = log.stream_version(&StreamId::new(&stream).ok()?).ok()?;
            command.streams = vec![ExpectedStream { stream, version }];
        }
        Some(command)
    }

    fn fact(&mut self, fact_type: &str) -> NewFact {
        let (who, hour) = (self.random.below(PEOPLE), self.random.below(3));
        let streams = if self.random.chance(600) {
            vec![stream(who)]
        } else {
            Vec::new()
        };
        NewFact {
            fact_type: fact_type.to_owned(),
            payload: format!(r#"{{"hour":{hour},"who":{who}}}"#),
            streams,
            metadata: None,
        }
    }
}

fn stream(who: u64) -> String {
    format!("person-{who}")
}
