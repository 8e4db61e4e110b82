//! What a person can ask the engine to do, and how it answers.

use openprod_core::{BundleId, CommandId, EntityId, FacetId, FieldMode, FieldType, Value};
use openprod_storage::StorageError;
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::conflicts::ConflictId;

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
    /// Decides a conflict.
    ResolveConflict {
        /// The conflict.
        conflict: ConflictId,
        /// How.
        decision: Decision,
    },
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
    /// What the command is called in the signed intent.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NameWorkspace { .. } => "workspace.name",
            Self::CreateTable { .. } => "tables.create",
            Self::UpdateTable { .. } => "tables.update",
            Self::CreateRecords { .. } => "records.create",
            Self::UpdateRecord { .. } => "records.update",
            Self::DeleteRecord { .. } => "records.delete",
            Self::RestoreRecord { .. } => "records.restore",
            Self::ResolveConflict { .. } => "conflicts.resolve",
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
        }
    }
}

/// What a command led to. Giving the same command again gives the same outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The command.
    pub command_id: CommandId,
    /// The bundle that it became.
    pub bundle_id: BundleId,
    /// The entities that it made, in order: of a table, the table first, then its fields.
    pub created: Vec<EntityId>,
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
    /// The record is not deleted.
    #[error("restore record: record {entity} is not deleted")]
    NotDeleted {
        /// The record.
        entity: EntityId,
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
    /// Fields of this type or mode cannot be made yet.
    #[error("{act}: fields of type {field_type} and mode {mode} cannot be made by this version")]
    UnsupportedField {
        /// What was to be done.
        act: &'static str,
        /// The type.
        field_type: FieldType,
        /// The mode.
        mode: &'static str,
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
