//! Projections: rows that are made of events, and kept up with them.
//!
//! How far a projection has come is written in the same transaction as its rows, into the same target. So each event has
//! its effect once, whatever is interrupted: what was not committed is applied again, to rows that do not know of it.
//!
//! **Start reading** at [`Projection`] and [`ProjectionTarget`]; [`ProjectionRunner`] makes the steps, and
//! [`Projections`] runs many of them on threads of their own.

mod checkpoint;
mod config;
mod manager;
mod memory;
#[cfg(feature = "postgres")]
mod postgresql;
mod runner;
#[cfg(feature = "sqlite")]
mod sqlite;
mod status;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use checkpoint::{Aside, Checkpoint, SetAside};
pub use config::{OnPoison, ProjectionConfig};
pub use manager::{ProjectionControl, Projections, ProjectionsError};
pub use memory::MemoryTarget;
#[cfg(feature = "postgres")]
pub use postgresql::{PostgresRows, PostgresTarget};
pub use runner::{ProjectionRunner, Step};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteTarget;
pub use status::{ProjectionMetrics, ProjectionState, ProjectionStatus, SET_ASIDE_SHOWN};

use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::name::ProjectionName;
use crate::query::EventQuery;

/// Which form of a projection made its rows: those of another version are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectionVersion(pub u32);

impl fmt::Display for ProjectionVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Whether a projection depends on the order of its events. Events are applied in the order of sequence numbers; a store
/// that learns of older events later gives these higher numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOrder {
    /// Any order leads to the same rows: what is learnt late is applied late.
    Free,
    /// The order matters: when older events turn up, the rows are made anew.
    Ordered,
}

/// How events become rows of a target.
///
/// Everything it knows is in the rows: a projection has no state of its own that would survive a transaction that was
/// undone.
pub trait Projection<T: ProjectionTarget>: Send {
    /// Its name, which no other projection of its target has.
    fn name(&self) -> ProjectionName;

    /// Its version, to be raised whenever the same events would lead to other rows.
    fn version(&self) -> ProjectionVersion;

    /// Which events it wants.
    fn query(&self) -> EventQuery;

    /// Whether the order of events matters.
    fn order(&self) -> EventOrder {
        EventOrder::Ordered
    }

    /// Removes all rows, also those of other versions, and makes tables as the first event needs them. Called before
    /// anything is applied, and whenever the rows are made anew.
    ///
    /// # Errors
    /// [`ApplyError::Target`] when the target fails.
    fn reset(&self, rows: &mut T::Rows<'_>) -> Result<(), ApplyError>;

    /// Applies one event.
    ///
    /// # Errors
    /// [`ApplyError::Event`] when it cannot deal with this event, [`ApplyError::Target`] when the target fails. Either
    /// way nothing of the event is left in the rows.
    fn apply(&self, event: &EventRecord, rows: &mut T::Rows<'_>) -> Result<(), ApplyError>;
}

/// Where a projection keeps its rows, and with them how far it has come.
pub trait ProjectionTarget: Send + 'static {
    /// The rows, inside a transaction.
    type Rows<'t>;

    /// How far a projection has come; `None` when it has never begun here.
    ///
    /// # Errors
    /// [`TargetError`] when the target fails.
    fn checkpoint(&mut self, name: &ProjectionName) -> Result<Option<Checkpoint>, TargetError>;

    /// Writes rows by `write`, and then `checkpoint` and what happens to the list of events set aside, in one
    /// transaction, provided that the target still has the checkpoint `from`. When `write` fails, nothing is written.
    ///
    /// # Errors
    /// The error of `write`; [`TargetError::Moved`] when the target has another checkpoint; else
    /// [`ApplyError::Target`] when the target fails.
    fn transact(
        &mut self,
        name: &ProjectionName,
        from: Option<&Checkpoint>,
        checkpoint: &Checkpoint,
        aside: Aside<'_>,
        write: &mut dyn FnMut(&mut Self::Rows<'_>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError>;

    /// The events that were set aside, by sequence number, the first `limit` of them.
    ///
    /// # Errors
    /// [`TargetError`] when the target fails.
    fn set_aside(&mut self, name: &ProjectionName, limit: usize) -> Result<Vec<SetAside>, TargetError>;
}

/// A target could not be read or written. It is asked again after a while, unless that is of no use.
#[derive(Debug, Error)]
pub enum TargetError {
    /// It cannot be used now; it may work again later.
    #[error("write projection: its target cannot be used now")]
    Unavailable(#[source] DatabaseError),
    /// Somebody else has moved the projection on, or a transaction happened whose answer was lost. It is asked where it
    /// stands.
    #[error("write projection: it does not stand where it was left")]
    Moved,
    /// It will not work until somebody does something about it.
    #[error("write projection: its target failed")]
    Broken(#[source] DatabaseError),
    /// What it keeps of a projection is not what was written.
    #[error("read projection: its checkpoint is damaged")]
    Damaged(#[source] DatabaseError),
    /// A newer version of this library made it.
    #[error("open projection target: it was made by a newer version of this library")]
    NewerVersion,
}

/// Why an event was not applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The projection cannot deal with the event: trying again would lead to the same.
    #[error("apply event: {0}")]
    Event(#[source] DatabaseError),
    /// The target failed, which is not the event's fault.
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl ApplyError {
    /// The error of an event that the projection cannot deal with.
    #[must_use]
    pub fn event(error: impl Into<DatabaseError>) -> Self {
        Self::Event(error.into())
    }
}

impl From<crate::payload::PayloadError> for ApplyError {
    /// A payload that has not the form that was expected.
    fn from(error: crate::payload::PayloadError) -> Self {
        Self::event(error)
    }
}

/// Why a step of a projection failed.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The store failed.
    #[error("run projection: the store failed")]
    Store(#[from] StoreError),
    /// The target failed.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It could not deal with an event, and is to stop there.
    #[error("run projection: it stopped at event {sequence_number}: {reason}")]
    Poison {
        /// The event.
        sequence_number: SequenceNumber,
        /// What was wrong.
        reason: String,
    },
    /// Too many events were set aside.
    #[error(
        "run projection: it stopped at event {sequence_number}, since {set_aside} were set aside before: {reason}"
    )]
    TooManySetAside {
        /// The event.
        sequence_number: SequenceNumber,
        /// How many others.
        set_aside: u64,
        /// What was wrong.
        reason: String,
    },
    /// The store ends before the position of the projection: it is another one, or an older copy.
    #[error("run projection: it stands at event {position}, beyond the end of the store")]
    Ahead {
        /// Where the projection stands.
        position: SequenceNumber,
    },
    /// It could not remove its rows and make its tables.
    #[error("reset projection: {reason}")]
    Reset {
        /// What was wrong.
        reason: String,
    },
}

impl ProjectionError {
    /// Whether the same step may succeed later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Target(error) => matches!(error, TargetError::Unavailable(_) | TargetError::Moved),
            _ => false,
        }
    }
}
