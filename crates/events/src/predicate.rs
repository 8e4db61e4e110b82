//! Payload predicates, and what it means to match one: **predicate semantics 1**.
//!
//! - A scalar matches an equal scalar. Numbers are compared as doubles: `1`, `1.0` and `1e0` are equal, `0` and `-0`
//!   too; texts character by character, without normalisation; `null` matches `null` and not a missing member.
//! - An object matches an object that has at least its members, each with a value that matches.
//! - An array matches an array in which each of its elements finds some matching element, in any order; two may find
//!   the same one.
//! - Nothing matches across kinds. `{}` matches every object, `[]` every array.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::payload::{Payload, PayloadError};

/// The version of the rules above. It is kept wherever a query is kept for long.
pub const PREDICATE_SEMANTICS: u32 = 1;

/// A condition against the payload of an event: a pattern that it must contain.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PayloadPredicate(Payload);

impl PayloadPredicate {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`PayloadError`] when it could not be a payload.
    pub fn new(pattern: Value) -> Result<Self, PayloadError> {
        Payload::new(pattern).map(Self)
    }

    /// Reads a pattern from JSON text.
    ///
    /// # Errors
    /// [`PayloadError`] when it could not be a payload.
    pub fn from_json(text: &str) -> Result<Self, PayloadError> {
        Payload::from_json(text).map(Self)
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &Payload {
        &self.0
    }

    /// Whether `payload` contains the pattern.
    #[must_use]
    pub fn matches(&self, payload: &Payload) -> bool {
        contains(payload.value(), self.0.value())
    }

    /// How many scalars the pattern has.
    pub(crate) fn scalars(&self) -> usize {
        scalars(self.0.value())
    }
}

impl fmt::Debug for PayloadPredicate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PayloadPredicate({})", self.0.value())
    }
}

/// Both are normalised, so that equal numbers are equal values. Depth is bounded, and a pair of nodes is compared once,
/// because each has one parent.
fn contains(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(members), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, pattern)| members.get(name).is_some_and(|member| contains(member, pattern))),
        (Value::Array(elements), Value::Array(wanted)) => wanted
            .iter()
            .all(|pattern| elements.iter().any(|element| contains(element, pattern))),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (scalar, wanted) => scalar == wanted,
    }
}

fn scalars(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(scalars).sum(),
        Value::Object(members) => members.values().map(scalars).sum(),
        _ => 1,
    }
}
