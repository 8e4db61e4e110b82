//! Why a delta changes nothing.

use thiserror::Error;

use super::client::ClientId;
use super::update::{ContentKind, Place, UpdateError};

/// The largest delta, in bytes: a long paste. More is several deltas.
pub const DELTA_BYTES_MAX: usize = 1 << 20;
/// The most blocks in one delta: each costs a search in the order of the document.
pub(super) const DELTA_BLOCKS_MAX: usize = 1 << 16;
/// The most clocks that one delta may use up: a bound on how soon a client runs out of them.
pub(super) const DELTA_CLOCKS_MAX: u32 = 1 << 24;

/// Why a delta changes nothing. Every peer finds the same reason, whatever else it holds; except for
/// [`DeltaError::Collides`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeltaError {
    /// It is longer than [`DELTA_BYTES_MAX`], or has more parts or clocks than a delta may have.
    #[error("apply delta: it is larger than a delta may be")]
    TooLarge,
    /// The bytes are not a Yjs update.
    #[error("apply delta: the bytes are not a Yjs update")]
    Malformed(#[from] UpdateError),
    /// It neither adds nor deletes.
    #[error("apply delta: there is nothing in it")]
    Empty,
    /// It holds content that a field of this kind does not hold.
    #[error("apply delta: content of kind {0:?} does not belong in this field")]
    Content(ContentKind),
    /// It writes somewhere else than in the field's root type.
    #[error("apply delta: it writes outside of the field")]
    Parent,
    /// It writes under a client id that is not its author's.
    #[error("apply delta: client {0} is not its author's")]
    ForeignClient(ClientId),
    /// It does not go on where its author's last delta ended.
    #[error("apply delta: it starts at clock {found}, and its author was at {expected}")]
    Gap {
        /// The next clock of the author, in the author's past.
        expected: u32,
        /// The clock that it starts at.
        found: u32,
    },
    /// It builds on or deletes something that its author had not seen.
    #[error("apply delta: it refers to clock {} of client {}, which its author had not seen", .0.clock, .0.client)]
    Unseen(Place),
    /// It puts content between neighbours that never were neighbours.
    #[error("apply delta: clock {} is put between what never stood side by side", .0.clock)]
    Misplaced(Place),
    /// Its author's log is forked, and what another branch wrote is here under the same clocks.
    ///
    /// Which of the two counts must not depend on which came first: the document is to be built anew, from all its
    /// deltas in canonical order, and so at every further delta.
    #[error("apply delta: its clocks were used in another branch of its author's log")]
    Collides,
    /// The library behind the document could not take it.
    #[error("apply delta: the text library failed on it")]
    Library,
}

impl DeltaError {
    /// The name that clients use.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "delta_too_large",
            Self::Malformed(_) => "delta_malformed",
            Self::Empty => "delta_empty",
            Self::Content(_) => "delta_content",
            Self::Parent => "delta_parent",
            Self::ForeignClient(_) => "delta_foreign_client",
            Self::Gap { .. } => "delta_gap",
            Self::Unseen(_) => "delta_unseen",
            Self::Misplaced(_) => "delta_misplaced",
            Self::Collides => "delta_collides",
            Self::Library => "delta_library",
        }
    }
}
