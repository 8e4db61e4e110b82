//! Resolving: a signed fact that says what is done about a decision, and which facts were considered.

use std::collections::BTreeSet;

use openprod_core::{ActorId, BundleId, Hlc, OpId};
use openprod_events::Payload;
use openprod_storage::{Read, Space, StorageError};
use serde_json::{Value, json};
use wincode::{SchemaRead, SchemaWrite};

use super::row::damaged;
use crate::stored::stored;

/// The type of facts that resolve decisions.
pub const RESOLVED: &str = "openprod.decision_resolved";

/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 4_096;

/// What is done about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum ResolutionChoice {
    /// It stands as it is.
    Accept,
    /// It is made good by other facts.
    Compensate,
    /// It is taken anew.
    Rerun,
}

impl ResolutionChoice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Compensate, Self::Rerun];

    /// Its name, as it is recorded.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Compensate => "compensate",
            Self::Rerun => "rerun",
        }
    }

    /// The choice of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// What somebody resolved about a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The operation that records it.
    pub op_id: OpId,
    /// Who resolved.
    pub actor: ActorId,
    /// When.
    pub hlc: Hlc,
    /// What is done.
    pub choice: ResolutionChoice,
    /// The facts that were considered, in order of their ids.
    pub considered: BTreeSet<OpId>,
    /// Why.
    pub reason: Option<String>,
}

/// What a fact that resolves a decision says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The decision: the bundle in which it was taken.
    pub decision: BundleId,
    /// What is done.
    pub choice: ResolutionChoice,
    /// The facts that were considered.
    pub considered: BTreeSet<OpId>,
    /// Why.
    pub reason: Option<String>,
}

impl Verdict {
    /// The payload of the fact that says so.
    #[must_use]
    pub fn payload(&self) -> Value {
        let considered: Vec<String> = self.considered.iter().map(ToString::to_string).collect();
        json!({
            "decision": self.decision.to_string(),
            "choice": self.choice.name(),
            "considered": considered,
            "reason": self.reason,
        })
    }

    /// What a payload says; `None` when it has another form than [`Self::payload`] gives it.
    #[must_use]
    pub fn read(payload: &Payload) -> Option<Self> {
        let members = payload.value().as_object()?;
        let considered = members.get("considered")?.as_array()?;
        let reason = match members.get("reason")? {
            Value::Null => None,
            Value::String(reason) if reason.len() <= REASON_BYTES_MAX => Some(reason.clone()),
            _ => return None,
        };
        let verdict = Self {
            decision: members.get("decision")?.as_str()?.parse().ok()?,
            choice: ResolutionChoice::named(members.get("choice")?.as_str()?)?,
            considered: considered
                .iter()
                .map(|id| id.as_str()?.parse().ok())
                .collect::<Option<_>>()?,
            reason,
        };
        // So that ids have one spelling, and nothing is said that this version does not understand.
        (verdict.payload() == *payload.value()).then_some(verdict)
    }
}

/// A resolution as it is stored, under `decision ‖ operation`.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct ResolutionRow {
    pub(crate) actor: ActorId,
    pub(crate) hlc: Hlc,
    pub(crate) choice: ResolutionChoice,
    pub(crate) considered: Vec<OpId>,
    pub(crate) reason: Option<String>,
}

/// What was resolved about a decision, in canonical order.
pub(crate) fn resolutions(store: &dyn Read, decision: BundleId) -> Result<Vec<Resolution>, StorageError> {
    let mut found = Vec::new();
    for (key, value) in store.scan(Space::Resolution, decision.as_bytes(), None, usize::MAX)? {
        let row: ResolutionRow = stored(Space::Resolution, &value)?;
        let op = key.last_chunk().ok_or_else(|| damaged(Space::Resolution))?;
        found.push(Resolution {
            op_id: OpId::from_bytes(*op),
            actor: row.actor,
            hlc: row.hlc,
            choice: row.choice,
            considered: row.considered.into_iter().collect(),
            reason: row.reason,
        });
    }
    found.sort_by_key(|resolution| (resolution.hlc, resolution.op_id));
    Ok(found)
}
