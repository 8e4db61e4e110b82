//! What a transaction did: the news for clients and peers.

use std::collections::BTreeSet;

use openprod_core::{BundleId, FacetId, LogId};
use openprod_storage::Place;

use crate::admission::{AdmissionError, HoldReason};
use crate::forks::ForkEvidence;
use crate::overlay::{Drift, OverlayId};
use crate::state::Changes;
use crate::undo::UndoStack;

/// A bundle that entered the log.
#[derive(Clone, Debug)]
pub struct CommittedBundle {
    /// Where it stands.
    pub place: Place,
    /// Its id.
    pub id: BundleId,
    /// Whether it was written here.
    pub local: bool,
    /// Why it is not applied, if it is not.
    pub held: Option<HoldReason>,
}

/// What a transaction did: the news for clients and peers.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// The bundles that entered the log, in commit order.
    pub bundles: Vec<CommittedBundle>,
    /// Bundles that were held and are applied now.
    pub released: u64,
    /// What changed in the derived state.
    pub changes: Changes,
    /// The tables whose fields follow what changed: any of their records may look different.
    pub followers: BTreeSet<FacetId>,
    /// Whether tables or fields changed.
    pub schema_changed: bool,
    /// Drafts that came, went or changed.
    pub overlays: BTreeSet<OverlayId>,
    /// Where drafts have drifted.
    pub drifts: Vec<(OverlayId, Vec<Drift>)>,
    /// What undo and redo would do next, when that may have changed.
    pub undo_stack: Option<UndoStack>,
    /// Logs that turned out to contradict themselves.
    pub forks: Vec<ForkEvidence>,
    /// The new log of this engine, when it had to begin one.
    pub log_minted: Option<LogId>,
    /// How many commands' answers were kept for their callers.
    pub answered: u64,
}

impl Committed {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bundles.is_empty()
            && self.released == 0
            && self.overlays.is_empty()
            && self.undo_stack.is_none()
            && self.answered == 0
    }
}

/// What became of bundles from a peer.
#[derive(Debug, Default)]
pub struct Receipt {
    /// How many entered the log.
    pub accepted: usize,
    /// How many were there already.
    pub duplicates: usize,
    /// Why the first one that did not enter the log did not; those after it were not looked at.
    pub refused: Option<AdmissionError>,
}
