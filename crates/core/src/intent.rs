//! Why a bundle was written: the envelope of the command that led to it, signed with it.

use wincode::{SchemaRead, SchemaWrite};

use crate::id::{CommandId, OpId};

/// The longest command type or source, in bytes.
pub const LABEL_BYTES_MAX: usize = 256;

/// The longest justification or approval, in bytes.
pub const REMARK_BYTES_MAX: usize = 4_096;

/// The longest context query, in bytes.
pub const CONTEXT_QUERY_BYTES_MAX: usize = 1 << 20;

/// The most stream heads that a decision names.
pub const CONTEXT_HEADS_MAX: usize = 4_096;

/// The command's envelope.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Intent {
    /// Names the command: giving the same one twice has one effect.
    pub command_id: CommandId,
    /// What kind of command it was, as `records.create`.
    pub command_type: String,
    /// Where it came from, as `http`, `cli`, `script:…`.
    pub source: String,
    /// The conversation it belongs to.
    pub correlation_id: Option<CommandId>,
    /// The command or event that caused it.
    pub causation_id: Option<CommandId>,
    /// The reason a person gave.
    pub justification: Option<String>,
    /// The approval it refers to.
    pub approval_id: Option<String>,
    /// What the decision was taken on; `None` of a command that decides on no facts.
    pub decision: Option<DecisionContext>,
}

/// The facts that a decision was taken on, so that every peer can find those that its author had not seen.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct DecisionContext {
    /// The version of the code that decided.
    pub handler_version: u32,
    /// The version of the rules by which `query` matches.
    pub semantics: u32,
    /// Which facts are relevant: canonical JSON (RFC 8785).
    pub query: Vec<u8>,
    /// How many facts of the author's causal past it matched.
    pub count: u64,
    /// [`context_digest`] of their ids.
    pub digest: [u8; 32],
    /// The last facts of the streams that were read, in ascending order, without repeats.
    pub heads: Vec<OpId>,
    /// What is to happen should facts turn up that the author had not seen.
    pub policy: DecisionPolicy,
}

/// What is to happen to a decision that has not seen what it should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum DecisionPolicy {
    /// People are shown it, and decide.
    #[default]
    Surface,
    /// It is to be compensated.
    Compensate,
    /// Of decisions that passed each other, all but the first in canonical order have lost.
    Lose,
}

/// The hash of the ids of the facts that a context query matched, which must ascend.
#[must_use]
pub fn context_digest<'a>(facts: impl IntoIterator<Item = &'a OpId>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for fact in facts {
        hasher.update(fact.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl DecisionContext {
    /// Whether everything in it is within its limit, and the heads ascend.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.query.len() <= CONTEXT_QUERY_BYTES_MAX
            && self.heads.len() <= CONTEXT_HEADS_MAX
            && self.heads.windows(2).all(|pair| pair[0] < pair[1])
    }
}

impl Intent {
    /// Whether everything in it is within its limit.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let remark = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= REMARK_BYTES_MAX);
        self.command_type.len() <= LABEL_BYTES_MAX
            && self.source.len() <= LABEL_BYTES_MAX
            && remark(&self.justification)
            && remark(&self.approval_id)
            && self.decision.as_ref().is_none_or(DecisionContext::is_bounded)
    }
}
