//! How far a projection has come, as its target keeps it.

use serde::{Deserialize, Serialize};

use crate::event::SequenceNumber;
use crate::id::EventId;
use crate::projection::ProjectionVersion;

/// How far a projection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which version made the rows.
    pub version: ProjectionVersion,
    /// Everything up to here is in the rows, or was set aside; absent before the first event.
    pub position: Option<SequenceNumber>,
    /// The rows are being made anew, and are whole once this is reached.
    pub rebuilding_to: Option<SequenceNumber>,
    /// How many events are in the rows.
    pub applied: u64,
    /// How many events were set aside.
    pub set_aside: u64,
}

impl Checkpoint {
    /// The beginning of a version.
    #[must_use]
    pub const fn begin(version: ProjectionVersion) -> Self {
        Self {
            version,
            position: None,
            rebuilding_to: None,
            applied: 0,
            set_aside: 0,
        }
    }
}

/// An event that a projection could not deal with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Its number.
    pub sequence_number: SequenceNumber,
    /// Its id; absent when it could not even be read.
    pub event_id: Option<EventId>,
    /// What was wrong.
    pub reason: String,
}

/// What a transaction does to the list of events that were set aside.
#[derive(Clone, Copy, Debug)]
pub enum Aside<'a> {
    /// Leaves it.
    Keep,
    /// Adds one.
    Add(&'a SetAside),
    /// Empties it.
    Forget,
}
