//! Why commands are refused.

use openprod_core::{BundleId, CommandId, EdgeId, EntityId, FieldType};
use openprod_storage::StorageError;
use thiserror::Error;

use crate::conflicts::ConflictId;
use crate::overlay::{Drift, EditId, OverlayId};
use crate::revert::Skipped;
use crate::text::DeltaError;

/// Why a command was refused. Nothing was written.
#[derive(Debug, Error)]
pub enum CommandError {
    /// No table has this id or name.
    #[error("{act}: there is no table {table:?}")]
    UnknownTable {
        /// What was to be done.
        act: &'static str,
        /// The id or name.
        table: String,
    },
    /// The table has no such field.
    #[error("{act}: table {table:?} has no field {field:?}; it has {known}")]
    UnknownField {
        /// What was to be done.
        act: &'static str,
        /// The table's name.
        table: String,
        /// The field that was named.
        field: String,
        /// The fields that there are.
        known: String,
    },
    /// The value is not one that the field can hold.
    #[error("{act}: field {field:?} takes {expected}, not {found}")]
    WrongType {
        /// What was to be done.
        act: &'static str,
        /// The field.
        field: String,
        /// What it takes.
        expected: String,
        /// What was given.
        found: String,
    },
    /// No such record.
    #[error("{act}: there is no record {entity}")]
    UnknownRecord {
        /// What was to be done.
        act: &'static str,
        /// The record.
        entity: EntityId,
    },
    /// The record is not one of the table.
    #[error("{act}: record {entity} is not in table {table:?}")]
    NotInTable {
        /// What was to be done.
        act: &'static str,
        /// The record.
        entity: EntityId,
        /// The table's name.
        table: String,
    },
    /// The record is deleted.
    #[error("{act}: record {entity} is deleted; restore it first")]
    Deleted {
        /// What was to be done.
        act: &'static str,
        /// The record.
        entity: EntityId,
    },
    /// No such view.
    #[error("{act}: there is no view {view}")]
    UnknownView {
        /// What was to be done.
        act: &'static str,
        /// The view.
        view: EntityId,
    },
    /// The settings of a view are too long.
    #[error("{act}: the settings have {len} bytes; {max} is the most", max = crate::saved_view::SETTINGS_BYTES_MAX)]
    SettingsTooLong {
        /// What was to be done.
        act: &'static str,
        /// How many bytes they have.
        len: usize,
    },
    /// The record, table or view is not deleted.
    #[error("{act}: {entity} is not deleted")]
    NotDeleted {
        /// What was to be done.
        act: &'static str,
        /// The record, table or view.
        entity: EntityId,
    },
    /// The record is in the table already.
    #[error("{act}: record {entity} is in table {table:?} already; update it there")]
    InTable {
        /// What was to be done.
        act: &'static str,
        /// The record.
        entity: EntityId,
        /// The table's name.
        table: String,
    },
    /// A record must be in one table at least.
    #[error("detach record: record {entity} is in no table but {table:?}; delete it instead")]
    OnlyTable {
        /// The record.
        entity: EntityId,
        /// The table's name.
        table: String,
    },
    /// No such edge.
    #[error("{act}: there is no edge {edge}")]
    UnknownEdge {
        /// What was to be done.
        act: &'static str,
        /// The edge.
        edge: EdgeId,
    },
    /// The edge is deleted.
    #[error("{act}: edge {edge} is deleted; restore it first")]
    DeletedEdge {
        /// What was to be done.
        act: &'static str,
        /// The edge.
        edge: EdgeId,
    },
    /// The edge is not deleted.
    #[error("restore edge: edge {edge} is not deleted")]
    NotDeletedEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// The edge was made without a place.
    #[error("{act}: edge {edge} has no place among others; it was made without one")]
    NotOrdered {
        /// What was to be done.
        act: &'static str,
        /// The edge.
        edge: EdgeId,
    },
    /// The neighbour that was named is no sibling.
    #[error("{act}: edge {edge} is none of the others that start from the same record with the same type")]
    ForeignEdge {
        /// What was to be done.
        act: &'static str,
        /// The edge that was named.
        edge: EdgeId,
    },
    /// The neighbours that were named stand the other way round.
    #[error("place edge: {after} does not stand before {before}; list the edges again")]
    CrossedPlaces {
        /// The one that was to stand before.
        after: EdgeId,
        /// The one that was to stand behind.
        before: EdgeId,
    },
    /// The two are one record already, or the same.
    #[error("merge records: both are record {entity} already")]
    AlreadyOne {
        /// The record.
        entity: EntityId,
    },
    /// The name was not merged into the record.
    #[error("split record: {name} was not merged into {entity}")]
    NotMerged {
        /// The record.
        entity: EntityId,
        /// The name.
        name: EntityId,
    },
    /// Nothing would be left of the record.
    #[error("split record: nothing would be left of {entity}; leave it in one table at least")]
    NothingLeft {
        /// The record.
        entity: EntityId,
    },
    /// The fields cannot be one.
    #[error("confirm field mapping: {a:?} and {b:?} {problem}")]
    Unmappable {
        /// The one.
        a: String,
        /// The other.
        b: String,
        /// Why not.
        problem: &'static str,
    },
    /// The name is taken, empty or too long.
    #[error("{act}: the name {name:?} {problem}")]
    BadName {
        /// What was to be done.
        act: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A reference field must say what it follows, and no other field may.
    #[error("{act}: field {field:?} must say what it follows if, and only if, its mode is reference")]
    ReferenceNeeded {
        /// What was to be done.
        act: &'static str,
        /// The field.
        field: String,
    },
    /// The reference would lead back to itself.
    #[error("follow field: it would lead back to itself: {}", path.join(" → "))]
    ReferenceCycle {
        /// The fields on the way, by name.
        path: Vec<String>,
    },
    /// The field shows another record's value.
    #[error("{act}: field {field:?} shows the value of another record; change it there")]
    FollowedField {
        /// What was to be done.
        act: &'static str,
        /// The field.
        field: String,
    },
    /// The field is a text or list, which is edited and not set.
    #[error(
        "{act}: field {field:?} is edited by several people at once and cannot be set; send a delta to /text/update"
    )]
    TextField {
        /// What was to be done.
        act: &'static str,
        /// The field.
        field: String,
    },
    /// The field is no text or list.
    #[error("edit text: field {field:?} is of type {field_type}; set it with an update of its record")]
    NotText {
        /// The field.
        field: String,
        /// Its type.
        field_type: FieldType,
    },
    /// The delta would have no effect.
    #[error("edit text: {reason}")]
    BadDelta {
        /// Why not.
        reason: DeltaError,
    },
    /// The command asks for nothing.
    #[error("{act}: there is nothing to do")]
    Nothing {
        /// What was to be done.
        act: &'static str,
    },
    /// The context or the streams that facts were decided on have changed, or the facts do not fit into a store.
    #[error(transparent)]
    Append(#[from] openprod_events::AppendError),
    /// A fact cannot be recorded.
    #[error("record facts: fact {index} cannot be recorded: {problem}")]
    BadFact {
        /// Its place among them, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The context query cannot be signed.
    #[error("record facts: the context query is refused: {problem}")]
    BadContext {
        /// What is wrong with it.
        problem: String,
    },
    /// Facts have happened or have not; there is no draft of them.
    #[error("{act}: facts are not drafted; stash the draft first, or send them to the log")]
    FactsNotDrafted {
        /// What was to be done.
        act: &'static str,
        /// The draft.
        overlay: OverlayId,
    },
    /// No decision of this bundle has a conflict.
    #[error("resolve decision: bundle {decision} has no decision conflict")]
    UnknownDecision {
        /// The bundle.
        decision: BundleId,
    },
    /// Somebody has considered all that is known.
    #[error("resolve decision: the conflict of {decision} is resolved already")]
    ResolvedDecision {
        /// The bundle.
        decision: BundleId,
    },
    /// What is said to have been considered is nothing that the decision had not seen.
    #[error("resolve decision: {op_id} is no fact that decision {decision} should have seen")]
    NotUnseen {
        /// The bundle.
        decision: BundleId,
        /// The operation that was named.
        op_id: openprod_core::OpId,
    },
    /// The conflict is not open.
    #[error("resolve conflict: no open conflict has the id {conflict}; it may have been decided meanwhile")]
    UnknownConflict {
        /// The conflict.
        conflict: ConflictId,
    },
    /// The operation is none of the conflict's candidates.
    #[error("resolve conflict: operation {op_id} is none of its values")]
    UnknownCandidate {
        /// The operation.
        op_id: openprod_core::OpId,
    },
    /// No such draft: it never was, or it was committed or discarded.
    #[error("{act}: there is no draft {overlay}; it may have been committed or discarded")]
    UnknownOverlay {
        /// What was to be done.
        act: &'static str,
        /// The draft.
        overlay: OverlayId,
    },
    /// The draft is not the active one.
    #[error("stash draft: draft {overlay} is not active")]
    NotActive {
        /// The draft.
        overlay: OverlayId,
    },
    /// No such edit in the draft.
    #[error("drop edit: draft {overlay} has no edit {}", edit.0)]
    UnknownEdit {
        /// The draft.
        overlay: OverlayId,
        /// The edit.
        edit: EditId,
    },
    /// Other edits of the draft stand on this one.
    #[error("drop edit: edit {} of draft {overlay} works on what edit {} makes; drop that one first", later.0, edit.0)]
    EditNeeded {
        /// The draft.
        overlay: OverlayId,
        /// The edit.
        edit: EditId,
        /// One that stands on it.
        later: EditId,
    },
    /// The draft has not drifted there.
    #[error("resolve drift: draft {overlay} has not drifted there; it may have been decided meanwhile")]
    NotDrifted {
        /// The draft.
        overlay: OverlayId,
    },
    /// Others wrote to cells that the draft writes too.
    #[error("commit draft: {} of its fields have been changed by others; keep yours or use theirs for each", drifts.len())]
    OpenDrift {
        /// The draft.
        overlay: OverlayId,
        /// Where, in order.
        drifts: Vec<Drift>,
    },
    /// No such bundle is in the log here.
    #[error("{act}: there is no bundle {bundle}")]
    UnknownBundle {
        /// What was to be done.
        act: &'static str,
        /// The bundle.
        bundle: BundleId,
    },
    /// The bundle is held: it is stored and does nothing yet.
    #[error("{act}: bundle {bundle} is held and has done nothing yet")]
    HeldBundle {
        /// What was to be done.
        act: &'static str,
        /// The bundle.
        bundle: BundleId,
    },
    /// Nothing of the bundle can be taken back.
    #[error("{act}: nothing of bundle {bundle} can be taken back: {}", skipped.first().map_or(crate::SkipReason::Unchanged, |first| first.reason))]
    NothingTakenBack {
        /// What was to be done.
        act: &'static str,
        /// The bundle.
        bundle: BundleId,
        /// All that it did, and why it stays.
        skipped: Vec<Skipped>,
    },
    /// Nothing is left to undo.
    #[error("undo: there is nothing to undo")]
    NothingToUndo,
    /// Nothing was undone, or something else was done since.
    #[error("redo: there is nothing to redo")]
    NothingToRedo,
    /// The id was used for another command.
    #[error("give command: {command_id} was another command; use a new id")]
    CommandReused {
        /// The id.
        command_id: CommandId,
    },
    /// The change does not fit into a bundle.
    #[error("write change")]
    TooLarge(#[from] openprod_core::SealError),
    /// The workspace can take no further bundle from this device: its logs are as many as they may be, or a time
    /// at the very end of the calendar was accepted into it.
    #[error("write change: the workspace can take no further change from this device")]
    Unwritable(#[source] crate::AdmissionError),
    /// The store refused.
    #[error("write change")]
    Storage(#[from] StorageError),
    /// Another command of the same transaction made the store refuse, or the store failed at its end.
    #[error("write change: {0}")]
    Aborted(std::sync::Arc<StorageError>),
}
