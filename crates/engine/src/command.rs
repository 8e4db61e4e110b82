//! What a person can ask the engine to do, and how it answers.

use openprod_core::{BundleId, CommandId, EdgeId, EntityId, FacetId, FieldMode, FieldType, Value};
use openprod_storage::StorageError;
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::conflicts::ConflictId;
use crate::overlay::{Drift, EditId, OverlayId};
use crate::revert::{Skipped, TakenBack};
use crate::row::CellKey;
use crate::subject::Subject;
use crate::text::DeltaError;

/// A field to be made.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct NewField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub field_type: FieldType,
    /// Its mode.
    pub mode: FieldMode,
    /// What an enum field can hold, in order.
    pub options: Vec<String>,
    /// What a reference field follows, whose type it then has; `None` for others.
    pub reference: Option<NewReference>,
}

/// What a reference field is to follow.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct NewReference {
    /// How it gets to the other record.
    pub via: NewVia,
    /// The table of the field that it shows: an id or a name.
    pub table: String,
    /// The field that it shows: an id or a name.
    pub field: String,
}

/// How a reference field is to get to the other record.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum NewVia {
    /// Through a field of its own table that holds an entity: an id or a name.
    Field(String),
    /// Through the first edge of this type.
    Edge(String),
}

/// An edit of a text or a list.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct TextEdit {
    /// The record.
    pub entity: EntityId,
    /// The table: an id or a name.
    pub table: String,
    /// The field: an id or a name.
    pub field: String,
    /// The editor's session, as it was given when the editor began.
    pub session: u64,
    /// The change: a Yjs update, encoding 1.
    pub delta: Vec<u8>,
}

impl NewField {
    /// A field that holds its own value and has no options.
    #[must_use]
    pub fn new(name: &str, field_type: FieldType) -> Self {
        Self {
            name: name.to_owned(),
            field_type,
            mode: FieldMode::Discrete,
            options: Vec::new(),
            reference: None,
        }
    }
}

/// The fields of a record, by name. A text or a number is read as the field's type where it can be, so that
/// callers need not know the schema: `"2026-11-21"` in a date field is that day.
pub type Fields = Vec<(String, Value)>;

/// Something to be done to a workspace.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub enum Command {
    /// Gives the workspace a name.
    NameWorkspace {
        /// The name.
        name: String,
    },
    /// Makes a table.
    CreateTable {
        /// Its name.
        name: String,
        /// Its fields, in order.
        fields: Vec<NewField>,
    },
    /// Changes a table.
    UpdateTable {
        /// The table: an id or a name.
        table: String,
        /// A new name for it.
        name: Option<String>,
        /// Fields to add behind those it has.
        add_fields: Vec<NewField>,
        /// Fields to rename, from and to.
        rename_fields: Vec<(String, String)>,
        /// Fields to remove; their values stay in the log.
        remove_fields: Vec<String>,
    },
    /// Lets a reference field follow something else.
    FollowField {
        /// The table: an id or a name.
        table: String,
        /// The field: an id or a name.
        field: String,
        /// What it is to follow.
        reference: NewReference,
    },
    /// Edits a text or a list.
    EditText(TextEdit),
    /// Deletes a table; its records and their values stay.
    DeleteTable {
        /// The table: an id or a name.
        table: String,
    },
    /// Takes the deletion of a table back.
    RestoreTable {
        /// The table.
        table: EntityId,
    },
    /// Makes records, all or none.
    CreateRecords {
        /// The table: an id or a name.
        table: String,
        /// The records, in order.
        records: Vec<Fields>,
    },
    /// Sets fields of a record.
    UpdateRecord {
        /// The record.
        entity: EntityId,
        /// The table: an id or a name.
        table: String,
        /// The fields to set.
        fields: Fields,
    },
    /// Deletes a record.
    DeleteRecord {
        /// The record.
        entity: EntityId,
    },
    /// Takes the deletion of a record back.
    RestoreRecord {
        /// The record.
        entity: EntityId,
    },
    /// Makes a record one of another table too.
    AttachRecord {
        /// The record.
        entity: EntityId,
        /// The table: an id or a name.
        table: String,
        /// The fields to set.
        fields: Fields,
    },
    /// Takes a record out of a table; its values stay.
    DetachRecord {
        /// The record.
        entity: EntityId,
        /// The table: an id or a name.
        table: String,
    },
    /// Relates two records.
    CreateEdge(NewEdge),
    /// Sets properties of an edge.
    UpdateEdge {
        /// The edge.
        edge: EdgeId,
        /// The properties to set; an empty value takes one away.
        properties: Vec<(String, Value)>,
    },
    /// Deletes an edge.
    DeleteEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// Takes the deletion of an edge back.
    RestoreEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// Moves an ordered edge among its siblings.
    MoveEdge {
        /// The edge.
        edge: EdgeId,
        /// Where to.
        between: Between,
    },
    /// Spreads the indexes of ordered edges out again; their order stays.
    RebalanceEdges {
        /// The record that they start from.
        entity: EntityId,
        /// Their type.
        edge_type: String,
    },
    /// Declares two records one.
    MergeRecords {
        /// The record that stays.
        survivor: EntityId,
        /// The record that becomes another name for it.
        absorbed: EntityId,
    },
    /// Declares one record two, or takes a merge back.
    SplitRecord {
        /// The record.
        source: EntityId,
        /// What is to be a record of its own.
        part: Part,
    },
    /// Declares two fields one.
    ConfirmMapping {
        /// The one.
        a: FieldName,
        /// The other.
        b: FieldName,
    },
    /// Says that two fields are not one: takes a confirmation back, or a suggestion away.
    RejectMapping {
        /// The one.
        a: FieldName,
        /// The other.
        b: FieldName,
    },
    /// Decides a conflict.
    ResolveConflict {
        /// The conflict.
        conflict: ConflictId,
        /// How.
        decision: Decision,
    },
    /// Does something to a draft itself.
    Overlay(OverlayCommand),
    /// Takes a bundle back, where what it wrote still stands.
    Revert {
        /// The bundle, whoever wrote it.
        bundle: BundleId,
    },
    /// Takes back what was done last on this device and is not taken back yet: in the draft that the command goes to,
    /// else in the log. The bundle names the command that it takes back as its cause.
    Undo,
    /// Does again what was undone last, unless something else was done since.
    Redo,
}

/// Something to be done to a draft. Only a commit reaches the log.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub enum OverlayCommand {
    /// Makes a draft and makes it the active one; what was active is stashed.
    Create {
        /// Its name.
        name: String,
    },
    /// Makes a draft the active one; what was active is stashed.
    Activate {
        /// The draft.
        overlay: OverlayId,
    },
    /// Leaves the active draft; it is kept.
    Stash {
        /// The draft.
        overlay: OverlayId,
    },
    /// Writes what is staged to the log, as one bundle, and ends the draft.
    Commit {
        /// The draft.
        overlay: OverlayId,
    },
    /// Throws a draft away.
    Discard {
        /// The draft.
        overlay: OverlayId,
    },
    /// Takes one edit out of a draft.
    Drop {
        /// The draft.
        overlay: OverlayId,
        /// The edit.
        edit: EditId,
    },
    /// Decides a drift of one field of a record.
    Resolve {
        /// The draft.
        overlay: OverlayId,
        /// The entity or edge.
        subject: Subject,
        /// The cell of it; all that have drifted when absent.
        cell: Option<CellKey>,
        /// How.
        choice: DriftChoice,
    },
}

/// How a drift is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum DriftChoice {
    /// The draft's value overwrites what others wrote, once it is committed.
    KeepMine,
    /// The draft's edit of it is dropped.
    UseCanonical,
}

/// Where the changes of a command go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// Into the active draft, or into the log if there is none.
    #[default]
    Active,
    /// Into the log, whatever draft is active.
    Log,
    /// Into this draft.
    Draft(OverlayId),
}

/// An edge to be made.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub struct NewEdge {
    /// The record where it starts.
    pub source: EntityId,
    /// The record where it ends.
    pub target: EntityId,
    /// What it means.
    pub edge_type: String,
    /// Its properties.
    pub properties: Vec<(String, Value)>,
    /// Its place among its siblings; `None` for an edge that has none.
    pub ordered: Option<Between>,
}

/// A place among siblings: at their end, when neither neighbour is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Between {
    /// The sibling that stands just before it.
    pub after: Option<EdgeId>,
    /// The sibling that stands just behind it.
    pub before: Option<EdgeId>,
}

/// What is to be split from a record.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum Part {
    /// A record that was merged into it.
    Name(EntityId),
    /// What it is in these tables: ids or names. Takes a merge back where that is what a merge brought.
    Tables(Vec<String>),
}

/// Names a field.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct FieldName {
    /// Its table: an id or a name.
    pub table: String,
    /// The field: an id or a name.
    pub field: String,
}

/// How a conflict is decided.
#[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub enum Decision {
    /// By one of the values that were written: the one of this operation.
    Pick(openprod_core::OpId),
    /// By a new value.
    Value(Value),
}

impl Command {
    /// Whether it is an undo or a redo.
    pub(crate) const fn is_step(&self) -> bool {
        matches!(self, Self::Undo | Self::Redo)
    }

    /// What the command is called in the signed intent.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NameWorkspace { .. } => "workspace.name",
            Self::CreateTable { .. } => "tables.create",
            Self::UpdateTable { .. } => "tables.update",
            Self::FollowField { .. } => "tables.follow",
            Self::EditText(_) => "text.update",
            Self::DeleteTable { .. } => "tables.delete",
            Self::RestoreTable { .. } => "tables.restore",
            Self::CreateRecords { .. } => "records.create",
            Self::UpdateRecord { .. } => "records.update",
            Self::DeleteRecord { .. } => "records.delete",
            Self::RestoreRecord { .. } => "records.restore",
            Self::AttachRecord { .. } => "records.attach",
            Self::DetachRecord { .. } => "records.detach",
            Self::CreateEdge(_) => "edges.create",
            Self::UpdateEdge { .. } => "edges.update",
            Self::DeleteEdge { .. } => "edges.delete",
            Self::RestoreEdge { .. } => "edges.restore",
            Self::MoveEdge { .. } => "edges.reorder",
            Self::RebalanceEdges { .. } => "edges.rebalance",
            Self::MergeRecords { .. } => "records.merge",
            Self::SplitRecord { .. } => "records.split",
            Self::ConfirmMapping { .. } => "field_mappings.confirm",
            Self::RejectMapping { .. } => "field_mappings.reject",
            Self::ResolveConflict { .. } => "conflicts.resolve",
            Self::Overlay(command) => match command {
                OverlayCommand::Create { .. } => "overlays.create",
                OverlayCommand::Activate { .. } => "overlays.activate",
                OverlayCommand::Stash { .. } => "overlays.stash",
                OverlayCommand::Commit { .. } => "overlays.commit",
                OverlayCommand::Discard { .. } => "overlays.discard",
                OverlayCommand::Drop { .. } => "overlays.drop",
                OverlayCommand::Resolve { .. } => "overlays.resolve",
            },
            Self::Revert { .. } => "history.revert",
            Self::Undo => crate::undo::UNDO,
            Self::Redo => crate::undo::REDO,
        }
    }
}

/// Who asks, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Names the command; one is made when it is absent.
    pub command_id: Option<CommandId>,
    /// Where it comes from.
    pub source: String,
    /// The conversation it belongs to.
    pub correlation_id: Option<CommandId>,
    /// What caused it.
    pub causation_id: Option<CommandId>,
    /// The reason given.
    pub justification: Option<String>,
    /// The approval it refers to.
    pub approval_id: Option<String>,
}

/// A command and its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The envelope.
    pub envelope: Envelope,
    /// The command.
    pub command: Command,
    /// Where its changes go.
    pub destination: Destination,
}

impl Request {
    /// A command without more of an envelope than where it comes from.
    #[must_use]
    pub fn new(source: &str, command: Command) -> Self {
        Self {
            envelope: Envelope {
                source: source.to_owned(),
                ..Envelope::default()
            },
            command,
            destination: Destination::Active,
        }
    }
}

/// What a command led to. Giving the same command again gives the same outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The command.
    pub command_id: CommandId,
    /// The bundle that it became; `None` when it reached no log.
    pub bundle_id: Option<BundleId>,
    /// The draft that it was staged in, or that it was about.
    pub overlay_id: Option<OverlayId>,
    /// The entities that it made, in order: of a table, the table first, then its fields.
    pub created: Vec<EntityId>,
    /// The edges that it made, in order.
    pub edges: Vec<EdgeId>,
    /// Of a revert, an undo or a redo in the log: what it took back. `None` of an undo or redo that could take nothing
    /// back: it wrote nothing, `skipped` says why, and the next one passes that bundle over.
    pub taken_back: Option<TakenBack>,
    /// Of a revert, an undo or a redo: what stays as it is, and why.
    pub skipped: Vec<Skipped>,
}

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
    /// The record or table is not deleted.
    #[error("{act}: {entity} is not deleted")]
    NotDeleted {
        /// What was to be done.
        act: &'static str,
        /// The record or table.
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

impl Outcome {
    /// The facet of the first entity that was made: the table, of a command that makes one.
    #[must_use]
    pub fn table(&self) -> Option<FacetId> {
        self.created.first().map(|entity| entity.facet())
    }
}
