//! Who gives a command, from where, and why.

use serde::{Deserialize, Serialize};

use super::command_type::CommandType;
use super::justification::Justification;
use crate::event::{EventRecord, Metadata};
use crate::id::{CommandId, EventId, IdSource};
use crate::name::{Actor, ApprovalId, CorrelationId, Source};
use crate::payload::Payload;

/// What comes with a command besides the request. All of it is kept with each event that the command leads to; none of
/// it is part of what a command id stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Chosen by whoever gives the command: given again with the same id, it has no further effect.
    pub command_id: CommandId,
    /// Who gives it.
    pub actor: Actor,
    /// Where it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The request or process that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
    /// The event that it answers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<EventId>,
    /// Why it is given. Sensitive commands need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Justification>,
    /// The approval that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
    /// The event whose effect it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensates: Option<EventId>,
    /// Whatever else is to be kept with the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Payload>,
}

impl Envelope {
    /// An envelope with what every one has.
    #[must_use]
    pub const fn new(command_id: CommandId, actor: Actor) -> Self {
        Self {
            command_id,
            actor,
            source: None,
            correlation_id: None,
            causation_id: None,
            justification: None,
            approval_id: None,
            compensates: None,
            custom: None,
        }
    }

    /// An envelope with a new command id.
    #[must_use]
    pub fn minted(ids: &dyn IdSource, actor: Actor) -> Self {
        Self::new(CommandId::new(ids.now(), ids.chance()), actor)
    }

    /// The same, with where it is given.
    #[must_use]
    pub fn from_source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// The same, as part of a request or process.
    #[must_use]
    pub fn in_process(mut self, correlation_id: CorrelationId) -> Self {
        self.correlation_id = Some(correlation_id);
        self
    }

    /// The same, as an answer to an event: as part of the process that the event belongs to, if it belongs to one.
    #[must_use]
    pub fn caused_by(mut self, event: &EventRecord) -> Self {
        self.causation_id = Some(event.event_id);
        if let Some(correlation_id) = &event.metadata.correlation_id {
            self.correlation_id = Some(correlation_id.clone());
        }
        self
    }

    /// The same, with why it is given.
    #[must_use]
    pub fn because(mut self, justification: Justification) -> Self {
        self.justification = Some(justification);
        self
    }

    /// The same, with the approval that it rests on.
    #[must_use]
    pub fn approved(mut self, approval_id: ApprovalId) -> Self {
        self.approval_id = Some(approval_id);
        self
    }

    /// The same, as taking back the effect of an event.
    #[must_use]
    pub const fn compensating(mut self, event: EventId) -> Self {
        self.compensates = Some(event);
        self
    }

    /// What is kept with each event.
    #[must_use]
    pub fn metadata(&self, command_type: &CommandType) -> Metadata {
        Metadata {
            causation_id: self.causation_id,
            correlation_id: self.correlation_id.clone(),
            actor: Some(self.actor.clone()),
            command_id: Some(self.command_id),
            command_type: Some(command_type.clone()),
            source: self.source.clone(),
            justification: self.justification.clone(),
            approval_id: self.approval_id.clone(),
            compensates: self.compensates,
            schema_version: None,
            custom: self.custom.clone(),
        }
    }
}
