//! Why a command was not carried out, as a type for each kind of reason.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use thiserror::Error;

use super::permission::Permission;
use super::violation::Violations;
use crate::error::{AppendError, ContextConflict, StreamMismatch};
use crate::name::Actor;

/// Why a command was not carried out. Nothing was written, and its id is still free.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rejection {
    /// The request itself is wrong.
    #[error("validate command: {violations}")]
    Validation {
        /// What is wrong with it; never empty.
        violations: Violations,
    },
    /// A rule forbids it, as things are.
    #[error("decide command: {message}")]
    BusinessRule {
        /// The rule, as programs know it, such as `insufficient_funds`.
        rule: Cow<'static, str>,
        /// What people are told.
        message: String,
    },
    /// Whoever gave it may not.
    #[error("authorise command: {actor} is not permitted {permission}")]
    Unauthorised {
        /// Who gave it.
        actor: Actor,
        /// What is missing.
        permission: Permission,
    },
    /// Others were faster, each time.
    #[error("commit command: others were faster {} times, {}", .0.attempts, .0.conflict)]
    Concurrency(Contention),
    /// Something that it is about is not there.
    #[error("decide command: {subject} is not there")]
    NotFound {
        /// What was looked for, such as `account ann`.
        subject: String,
    },
    /// What it is about is there, in a state in which this cannot be done.
    #[error("decide command: {subject} {reason}")]
    InvalidState {
        /// What it is about, such as `order 17`.
        subject: String,
        /// What stands against it, such as `was shipped`.
        reason: String,
    },
}

impl Rejection {
    /// A wrong request, with one wrong field.
    #[must_use]
    pub fn field(field: impl Into<super::FieldPath>, message: impl Into<String>) -> Self {
        Violations::of(field, message).into()
    }

    /// A rule that forbids it.
    #[must_use]
    pub fn rule(rule: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::BusinessRule {
            rule: rule.into(),
            message: message.into(),
        }
    }

    /// Something that is not there.
    #[must_use]
    pub fn not_found(subject: impl fmt::Display) -> Self {
        Self::NotFound {
            subject: subject.to_string(),
        }
    }

    /// Something that is in another state.
    #[must_use]
    pub fn invalid_state(subject: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self::InvalidState {
            subject: subject.to_string(),
            reason: reason.into(),
        }
    }
}

impl From<Violations> for Rejection {
    fn from(violations: Violations) -> Self {
        Self::Validation { violations }
    }
}

/// A command that was decided again and again, and never in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contention {
    /// How often it was decided.
    pub attempts: u32,
    /// What had changed the last time.
    pub conflict: Conflict,
}

/// What changed between the reading and the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Conflict {
    /// These streams, each with both versions.
    Streams {
        /// All that changed.
        streams: Vec<StreamMismatch>,
    },
    /// The context.
    Context(ContextConflict),
}

impl Conflict {
    /// The conflict that a commit failed with; `None` when it failed with something else.
    #[must_use]
    pub fn of(error: &AppendError) -> Option<Self> {
        match error {
            AppendError::Streams(streams) => Some(Self::Streams {
                streams: streams.clone(),
            }),
            AppendError::Context(context) => Some(Self::Context(*context)),
            _ => None,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Streams { streams } => crate::error::describe_streams(streams, out),
            Self::Context(context) => crate::error::describe_context(context, out),
        }
    }
}
