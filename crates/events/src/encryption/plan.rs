//! Which events are sealed, whom they are about, and what can be asked about them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::name::EventType;
use crate::payload::Payload;

/// How the events of one type are protected. Their payloads are objects.
#[derive(Clone, Debug)]
pub struct Protection {
    pub(crate) subject_member: String,
    pub(crate) indexable: BTreeSet<String>,
    pub(crate) erased: Value,
}

impl Protection {
    /// Sealed under the key of the subject that the member `subject_member` names, which is a text at the top of the
    /// payload.
    #[must_use]
    pub fn by(subject_member: impl Into<String>) -> Self {
        Self {
            subject_member: subject_member.into(),
            indexable: BTreeSet::new(),
            erased: json!({}),
        }
    }

    /// The same, with members at the top of the payload that predicates can name, whatever is inside them.
    #[must_use]
    pub fn indexable(mut self, members: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.indexable.extend(members.into_iter().map(Into::into));
        self
    }

    /// The same, with what is read in place of a payload whose subject was erased. Its members are added to the mark
    /// that [`super::is_erased`] looks for; without this there is only the mark.
    #[must_use]
    pub fn read_as_when_erased(mut self, payload: &Payload) -> Self {
        self.erased = payload.value().clone();
        self
    }
}

/// How the events of each type are protected; types that it does not name are not.
#[derive(Clone, Debug, Default)]
pub struct EncryptionPlan {
    types: BTreeMap<EventType, Protection>,
}

impl EncryptionPlan {
    /// The same plan, in which events of `event_type` are protected like that.
    #[must_use]
    pub fn protect(mut self, event_type: EventType, protection: Protection) -> Self {
        self.types.insert(event_type, protection);
        self
    }

    /// How the events of a type are protected; `None` when they are not.
    #[must_use]
    pub fn of(&self, event_type: &EventType) -> Option<&Protection> {
        self.types.get(event_type)
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = (&EventType, &Protection)> {
        self.types.iter()
    }
}
