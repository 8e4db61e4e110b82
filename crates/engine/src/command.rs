//! What a person can ask the engine to do, and how it answers.

mod command_error;

use openprod_core::encoding::encode;
use openprod_core::{BundleId, CommandId, EdgeId, EntityId, FacetId, FieldMode, FieldType, Value};
use wincode::{SchemaRead, SchemaWrite};

pub use command_error::CommandError;

use crate::conflicts::ConflictId;
use crate::facts::{FactSpan, RecordFacts, ResolveDecision};
use crate::overlay::{EditId, OverlayId};
use crate::revert::{Skipped, TakenBack};
use crate::row::CellKey;
use crate::subject::Subject;

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
    /// Records facts.
    RecordFacts(RecordFacts),
    /// Says what is done about a decision that had not seen what it should have.
    ResolveDecision(ResolveDecision),
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
    /// Saves a way to look at a table under a name, which several views may have.
    CreateView {
        /// The table: an id or a name.
        table: String,
        /// Its name.
        name: String,
        /// How it shows the table, for those who show it: 64 KiB of text at most.
        settings: String,
    },
    /// Changes a saved view. What is `None` stays.
    UpdateView {
        /// The view.
        view: EntityId,
        /// A new name for it.
        name: Option<String>,
        /// How it shows the table from now on.
        settings: Option<String>,
    },
    /// Deletes a saved view.
    DeleteView {
        /// The view.
        view: EntityId,
    },
    /// Takes the deletion of a saved view back.
    RestoreView {
        /// The view.
        view: EntityId,
    },
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
    /// What it asks for, as far as giving it twice goes.
    fn digest(&self) -> [u8; 32] {
        match self {
            Self::RecordFacts(RecordFacts {
                receipt: Some(receipt),
                ..
            }) => *blake3::keyed_hash(&receipt.request, b"facts").as_bytes(),
            command => *blake3::hash(&encode(command)).as_bytes(),
        }
    }

    /// Whether it records facts, which no draft can hold.
    pub(crate) const fn is_about_facts(&self) -> bool {
        matches!(self, Self::RecordFacts(_) | Self::ResolveDecision(_))
    }

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
            Self::RecordFacts(_) => "events.append",
            Self::ResolveDecision(_) => "decisions.resolve",
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
            Self::CreateView { .. } => "views.create",
            Self::UpdateView { .. } => "views.update",
            Self::DeleteView { .. } => "views.delete",
            Self::RestoreView { .. } => "views.restore",
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

    /// What it asks for, as far as giving it twice goes: the command, and where it goes if the caller says so.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let command = self.command.digest();
        let place = match self.destination {
            // Facts and drafts themselves have one place to go.
            _ if self.command.is_about_facts() || matches!(self.command, Command::Overlay(_)) => None,
            // Which draft is active may change between one time and the next.
            Destination::Active => None,
            Destination::Log => Some(None),
            Destination::Draft(overlay) => Some(Some(overlay)),
        };
        match place {
            None => command,
            Some(place) => *blake3::keyed_hash(&command, &encode(&place)).as_bytes(),
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
    /// The facts that it recorded, by this store's numbers.
    pub facts: Option<FactSpan>,
    /// Of a command about facts: whether it was carried out before, so that nothing was done now.
    pub repeated: bool,
}

impl Outcome {
    /// The outcome of a command that reached no log and made nothing, so far.
    pub(crate) const fn of(command_id: CommandId) -> Self {
        Self {
            command_id,
            bundle_id: None,
            overlay_id: None,
            created: Vec::new(),
            edges: Vec::new(),
            taken_back: None,
            skipped: Vec::new(),
            facts: None,
            repeated: false,
        }
    }

    /// The facet of the first entity that was made: the table, of a command that makes one.
    #[must_use]
    pub fn table(&self) -> Option<FacetId> {
        self.created.first().map(|entity| entity.facet())
    }
}
