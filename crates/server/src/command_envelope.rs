//! The envelope that every mutating request may carry, and what every answer to one says.

use openprod_core::CommandId;
use openprod_engine::{Envelope, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::problem_code::ProblemCode;

/// Who asks, and why: kept with the change for good. The same `command_id` and body again gets the same answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandEnvelope {
    /// Names the command; a UUID. One is made when it is absent.
    command_id: Option<String>,
    /// Where it comes from: a program or a part of one. `http` when absent.
    source: Option<String>,
    /// The conversation it belongs to; a UUID.
    correlation_id: Option<String>,
    /// The command that caused it; a UUID.
    causation_id: Option<String>,
    /// The reason given.
    justification: Option<String>,
    /// The approval it refers to.
    approval_id: Option<String>,
}

impl CommandEnvelope {
    pub(crate) fn read(self) -> Result<Envelope, Problem> {
        let id = |name: &str, text: Option<String>| -> Result<Option<CommandId>, Problem> {
            text.map(|text| parse_id(name, &text)).transpose()
        };
        Ok(Envelope {
            command_id: id("command.command_id", self.command_id)?,
            source: self.source.unwrap_or_else(|| "http".to_owned()),
            correlation_id: id("command.correlation_id", self.correlation_id)?,
            causation_id: id("command.causation_id", self.causation_id)?,
            justification: self.justification,
            approval_id: self.approval_id,
        })
    }
}

/// What a command led to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// The command.
    pub(crate) command_id: String,
    /// The bundle that it became; `null` when it was staged in a draft.
    pub(crate) bundle_id: Option<String>,
    /// The draft that it was staged in, or that it was about; `null` when it was written at once.
    pub(crate) overlay_id: Option<String>,
}

impl From<&Outcome> for Done {
    fn from(outcome: &Outcome) -> Self {
        Self {
            command_id: outcome.command_id.to_string(),
            bundle_id: outcome.bundle_id.map(|id| id.to_string()),
            overlay_id: outcome.overlay_id.map(|id| id.to_string()),
        }
    }
}

/// Reads an id of the request; `name` is the member it stands in.
pub(crate) fn parse_id<T: std::str::FromStr<Err: std::error::Error>>(
    name: &str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error| {
        Problem::new(ProblemCode::BadId, format!("{name}: {error}")).with(|problem| {
            problem.field = Some(name.to_owned());
            problem.found = Some(text.chars().take(80).collect());
        })
    })
}
