//! The rules of a workspace: from commands to operations, from operations to state.
//!
//! **Owns** the one road into the log ([`Transaction`]), what bundles derive to, conflicts, schema, and what
//! readers see ([`Snapshot`]).
//!
//! **Refuses to know** about sockets, HTTP, the wall clock and ambient randomness: time is handed in, randomness
//! comes from a seed, and the same inputs give the same bytes.
//!
//! **Start reading** at [`Engine`], then [`Transaction`]; how writes become values is told in [`row`].

mod admission;
mod chains;
mod columns;
pub mod command;
pub mod conflicts;
mod derive;
mod documents;
pub mod edge;
mod engine;
pub mod facts;
mod forks;
pub mod history;
mod layer;
mod order;
pub mod overlay;
mod owner;
mod plan;
pub mod query;
mod record;
pub mod reference;
mod replay;
pub mod revert;
pub mod row;
pub mod saved_view;
pub mod schema;
mod snapshot;
mod state;
mod state_hash;
mod stored;
mod subject;
mod suggestions;
pub mod synonyms;
pub mod text;
mod time_travel;
mod transaction;
pub mod undo;
mod workspace;

pub use admission::{AdmissionError, CHAINS_MAX, FUTURE_MAX, HoldReason};
pub use columns::COLUMN_BYTES_MAX;
pub use command::{
    Between, Command, CommandError, Decision, Destination, DriftChoice, Envelope, FieldName, Fields, NewEdge,
    NewField, NewReference, NewVia, Outcome, OverlayCommand, Part, Request, TextEdit,
};
pub use derive::DERIVATION_VERSION;
pub use engine::{Engine, OpenError};
pub use forks::ForkEvidence;
pub use owner::{Listener, Owner, OwnerError, OwnerHandle, TimeSource};
pub use plan::NAME_BYTES_MAX;
pub use replay::Verification;
pub use revert::{SkipReason, Skipped, TakenBack};
pub use snapshot::{Covered, Held, LogHead, Snapshot, Snapshots, Status, TextState, Totals};
pub use state::Changes;
pub use state_hash::StateHash;
pub use subject::Subject;
pub use time_travel::{Moment, MomentError};
pub use transaction::{Committed, CommittedBundle, Receipt, Transaction};
pub use undo::{UndoStack, UndoStep, Undoable};
pub use workspace::Workspace;
