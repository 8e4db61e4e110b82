//! Typed commands: what is asked for, on which facts it is decided, and which facts come of it.
//!
//! A [`Command`] is all there is to one decision: it names what it reads, folds that into a state of its own, and
//! decides on it. There is no aggregate that commands have to share. All of it is pure; the
//! [`Executor`](crate::executor::Executor) reads, commits and tries again.
//!
//! Begin at [`Command`], then [`DomainEvent`] and the macro [`domain_events`](crate::domain_events), [`Decision`]
//! and [`Rejection`]. Fields of commands are best made of the types in [`field`](crate::field).

mod command_type;
mod decision;
mod declared_name;
mod domain_event;
mod envelope;
mod justification;
mod permission;
mod rejection;
mod secret;
mod violation;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use command_type::CommandType;
pub use decision::{Decision, Emitted};
#[doc(hidden)]
pub use domain_event::is_event_type;
pub use domain_event::{DomainEvent, UnreadableEvent};
pub use envelope::Envelope;
pub use justification::{Justification, JustificationError};
pub use permission::Permission;
pub use rejection::{Conflict, Contention, Rejection};
pub use secret::Secret;
pub use violation::{FieldPath, Violation, Violations};

use crate::event::EventRecord;
use crate::name::StreamId;
use crate::query::EventQuery;

/// Something that is asked for, and everything that it takes to decide on it.
///
/// The value is the request. It is written as JSON for one purpose, to tell whether a command id comes with the same
/// request again, so [`Secret`] fields are left out with `#[serde(skip_serializing)]`: the compiler insists.
///
/// All methods are pure: they may be called again, in another process, or on other facts when somebody else was faster.
pub trait Command: Serialize {
    /// What kind of command it is, such as `transfer_money`. It is kept with the events, and part of what a command id
    /// stands for.
    const TYPE: CommandType;

    /// What the decision is taken on, before anything was read.
    type State: Default;

    /// The events that it reads and those that it leads to.
    type Event: DomainEvent;

    /// What whoever gave the command is told, now and whenever it is given again; `()` for nothing.
    type Answer: Serialize + DeserializeOwned;

    /// Checks what can be known without reading anything. Fields that are made by smart constructors need no check.
    ///
    /// # Errors
    /// Everything that is wrong, each with its field.
    fn validate(&self) -> Result<(), Violations> {
        Ok(())
    }

    /// What whoever gives the command must be permitted to do; anybody may without.
    fn permission(&self) -> Option<Permission> {
        None
    }

    /// Whether the command is refused without a justification.
    fn is_sensitive(&self) -> bool {
        false
    }

    /// Whether an audit alert is raised when the command was carried out, and when it was not permitted.
    fn is_critical(&self) -> bool {
        false
    }

    /// The streams to read. One that is not there is empty. None of them may have changed when the events are
    /// committed.
    fn streams(&self) -> Vec<StreamId> {
        Vec::new()
    }

    /// The context to read besides. Nothing that matches may have come in when the events are committed.
    fn context(&self) -> Option<EventQuery> {
        None
    }

    /// The streams to read in addition, as the state has it that was folded so far. It is asked again after they were
    /// read, up to [`DISCOVERY_ROUNDS_MAX`](crate::limits::DISCOVERY_ROUNDS_MAX) times, until it names none that was
    /// not read yet.
    fn more_streams(&self, state: &Self::State) -> Vec<StreamId> {
        let _ = state;
        Vec::new()
    }

    /// Folds an event into the state. Events come in the order of their sequence numbers, each once, whichever streams
    /// they are from; those that [`Command::Event`] does not know are left out.
    fn apply(&self, state: &mut Self::State, event: &Self::Event, record: &EventRecord);

    /// Decides what happens.
    ///
    /// # Errors
    /// [`Rejection`] when it may not happen.
    fn decide(&self, state: &Self::State) -> Result<Decision<Self::Event, Self::Answer>, Rejection>;
}
