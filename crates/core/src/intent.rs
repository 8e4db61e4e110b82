//! Why a bundle was written: the envelope of the command that led to it, signed with it.

use wincode::{SchemaRead, SchemaWrite};

use crate::id::CommandId;

/// The longest command type or source, in bytes.
pub const LABEL_BYTES_MAX: usize = 256;

/// The longest justification or approval, in bytes.
pub const REMARK_BYTES_MAX: usize = 4_096;

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
}

impl Intent {
    /// Whether every text in it is within its limit.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let remark = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= REMARK_BYTES_MAX);
        self.command_type.len() <= LABEL_BYTES_MAX
            && self.source.len() <= LABEL_BYTES_MAX
            && remark(&self.justification)
            && remark(&self.approval_id)
    }
}
