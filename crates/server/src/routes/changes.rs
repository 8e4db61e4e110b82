//! Changes: one thing that an operation did, as the history tells it.

use openprod_engine::Subject;
use openprod_engine::history::{Change, Deed};
use openprod_engine::row::CellKey;
use openprod_engine::schema::Schema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json_value::FieldValue;
use crate::routes::cells::CellView;
use crate::routes::field_mappings::MappingView;

/// One thing that an operation did.
#[derive(Serialize, ToSchema)]
#[schema(as = PastChangeView)]
pub(crate) struct ChangeView {
    /// The operation; one can do several things.
    op_id: String,
    /// Whether what it wrote is what is shown now.
    shown: bool,
    /// What it did.
    #[serde(flatten)]
    deed: DeedView,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub(crate) enum DeedView {
    /// A cell was written.
    Wrote(Write),
    /// An edge was made; its properties are told of separately.
    Related {
        /// The edge.
        edge_id: String,
        /// The record where it starts.
        source: String,
        /// The record where it ends.
        target: String,
        /// What it means.
        edge_type: String,
    },
    /// Two records were declared one.
    Merged {
        /// The one that stays.
        survivor: String,
        /// The one that becomes another name for it.
        absorbed: String,
    },
    /// One record was declared two.
    Split {
        /// The record.
        source: String,
        /// What became one of its own.
        new: String,
    },
    /// Two fields were declared one.
    MappingConfirmed(MappingView),
    /// It was said that two fields are not one.
    MappingRejected(MappingView),
    /// A text or a list was edited.
    Edited(Edit),
    /// Something that happened was recorded.
    Recorded {
        /// What kind of fact.
        fact_type: String,
    },
    /// Nothing, for the operation cannot be read here.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// A write to a cell.
#[derive(Serialize, ToSchema)]
pub(crate) struct Write {
    #[serde(flatten)]
    cell: CellView,
    /// What was written; of existence and membership, `true` or `false`.
    value: FieldValue,
    /// What its author saw there before; absent in a history that is not of one record.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<FieldValue>,
}

/// An edit of a text or a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Edit {
    #[serde(flatten)]
    cell: CellView,
    /// The length of the delta in bytes.
    bytes: usize,
}

impl ChangeView {
    pub(crate) fn of(schema: &Schema, change: &Change) -> Self {
        Self {
            op_id: change.op_id.to_string(),
            shown: change.shown,
            deed: DeedView::of(schema, change),
        }
    }
}

impl DeedView {
    fn of(schema: &Schema, change: &Change) -> Self {
        match &change.deed {
            Deed::Wrote { subject, cell, value } => Self::Wrote(Write {
                cell: CellView::of(schema, *subject, cell),
                value: FieldValue::of(value),
                before: change.before.as_ref().map(FieldValue::of),
            }),
            Deed::Related { edge, ends } => Self::Related {
                edge_id: edge.to_string(),
                source: ends.source.to_string(),
                target: ends.target.to_string(),
                edge_type: ends.edge_type.clone(),
            },
            Deed::Merged { survivor, absorbed } => Self::Merged {
                survivor: survivor.to_string(),
                absorbed: absorbed.to_string(),
            },
            Deed::Split { source, new } => Self::Split {
                source: source.to_string(),
                new: new.to_string(),
            },
            Deed::Mapped {
                pair,
                confirmed: true,
            } => Self::MappingConfirmed(MappingView::of(schema, pair)),
            Deed::Mapped { pair, .. } => Self::MappingRejected(MappingView::of(schema, pair)),
            Deed::Edited { entity, field, bytes } => Self::Edited(Edit {
                cell: CellView::of(schema, Subject::Entity(*entity), &CellKey::Field(*field)),
                bytes: *bytes,
            }),
            Deed::Recorded { fact_type } => Self::Recorded {
                fact_type: fact_type.clone(),
            },
            Deed::Unreadable { reason } => Self::Unreadable {
                reason: reason.clone(),
            },
        }
    }
}
