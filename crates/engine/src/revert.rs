//! What stays when a bundle is taken back, and why: taking back is conditional.

use std::fmt;

use openprod_core::{ActorId, BundleId, FieldId};
use wincode::{SchemaRead, SchemaWrite};

use crate::row::CellKey;
use crate::subject::Subject;

/// Why something that a bundle did stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum SkipReason {
    /// Something else stands there meanwhile.
    EditedSince,
    /// Another value stands beside it, by someone who had not seen it.
    InConflict,
    /// It has been deleted meanwhile, or taken out of its table.
    Gone,
    /// It is an edit of a text or a list, which others' edits have grown together with.
    Text,
    /// It is a fact: what happened has happened.
    Fact,
    /// It changed nothing that is shown.
    Unchanged,
    /// The record would be in no table.
    OnlyTable,
    /// It made the workspace itself.
    Founding,
}

impl SkipReason {
    /// The name that clients use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EditedSince => "edited_since",
            Self::InConflict => "in_conflict",
            Self::Gone => "gone",
            Self::Text => "text",
            Self::Fact => "fact",
            Self::Unchanged => "unchanged",
            Self::OnlyTable => "only_table",
            Self::Founding => "founding",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::EditedSince => "it has been edited since",
            Self::InConflict => "it is in conflict with what someone else wrote",
            Self::Gone => "it has been deleted since",
            Self::Text => "it edits a text, which is edited further instead",
            Self::Fact => "it records what happened",
            Self::Unchanged => "it changed nothing",
            Self::OnlyTable => "the record would be in no table",
            Self::Founding => "it made the workspace",
        })
    }
}

/// Something that a bundle did and that was not taken back.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Skipped {
    /// The entity or edge: of a record that goes by several names, the name. `None` for a fact.
    pub subject: Option<Subject>,
    /// The cell of it; `None` where all of it is meant: that it was made, merged, split or mapped.
    pub cell: Option<CellKey>,
    /// Why.
    pub reason: SkipReason,
    /// Whose edit stands there, where that is the reason.
    pub actor: Option<ActorId>,
}

impl Skipped {
    /// The field, if it is a field.
    #[must_use]
    pub const fn field(&self) -> Option<FieldId> {
        match self.cell {
            Some(CellKey::Field(field)) => Some(field),
            _ => None,
        }
    }
}

/// A bundle that was taken back, as far as it could be.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct TakenBack {
    /// The bundle.
    pub bundle: BundleId,
    /// What kind of command had led to it; of an undo or a redo, to what it stands for.
    pub command_type: String,
}
