//! Drafts, as the person who makes them sees them.

use openprod_core::EntityId;
use openprod_engine::overlay::{Drift, EditId, OverlayDiff, OverlayId};
use openprod_engine::{
    Command, CommandError, DriftChoice, Outcome, OverlayCommand, Request, Snapshot, Subject,
};

use super::TestPeer;

impl TestPeer {
    /// Makes a draft and makes it the active one: from here on, what is done is staged in it.
    pub fn begin_draft(&self, name: &str) -> OverlayId {
        let name = name.to_owned();
        let outcome = self.execute(Command::Overlay(OverlayCommand::Create { name }));
        outcome.overlay_id.expect("it made a draft")
    }

    /// Makes a draft the active one.
    pub fn activate(&self, overlay: OverlayId) {
        self.execute(Command::Overlay(OverlayCommand::Activate { overlay }));
    }

    /// Leaves the active draft.
    pub fn stash(&self, overlay: OverlayId) {
        self.execute(Command::Overlay(OverlayCommand::Stash { overlay }));
    }

    /// Writes a draft to the log.
    pub fn commit(&self, overlay: OverlayId) -> Outcome {
        self.try_commit(overlay).expect("the draft can be committed")
    }

    /// Writes a draft to the log.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn try_commit(&self, overlay: OverlayId) -> Result<Outcome, CommandError> {
        let command = Command::Overlay(OverlayCommand::Commit { overlay });
        self.try_execute(&Request::new("test", command))
    }

    /// Throws a draft away.
    pub fn discard(&self, overlay: OverlayId) {
        self.execute(Command::Overlay(OverlayCommand::Discard { overlay }));
    }

    /// Takes one edit out of a draft.
    pub fn drop_edit(&self, overlay: OverlayId, edit: EditId) {
        self.execute(Command::Overlay(OverlayCommand::Drop { overlay, edit }));
    }

    /// Decides everything in which a draft's idea of a record or edge has drifted.
    pub fn resolve_drift(&self, overlay: OverlayId, subject: Subject, choice: DriftChoice) {
        self.execute(Command::Overlay(OverlayCommand::Resolve {
            overlay,
            subject,
            cell: None,
            choice,
        }));
    }

    /// What a draft would change.
    #[must_use]
    pub fn draft_diff(&self, overlay: OverlayId) -> OverlayDiff {
        self.snapshot()
            .overlay_diff(overlay)
            .expect("the store can be read")
            .expect("the draft is there")
    }

    /// Where a draft has drifted.
    #[must_use]
    pub fn drifts(&self, overlay: OverlayId) -> Vec<Drift> {
        self.draft_diff(overlay).drifts
    }

    /// The drafts, in order of their making.
    #[must_use]
    pub fn drafts(&self) -> Vec<OverlayId> {
        let overlays = self.snapshot().overlays().expect("the store can be read");
        overlays.into_iter().map(|overlay| overlay.id).collect()
    }

    /// Its state with the active draft on top: what the person sees.
    #[must_use]
    pub fn view(&self) -> Snapshot {
        self.network
            .borrow()
            .device(self.id)
            .view()
            .expect("the peer is up")
    }

    /// What a field of a record shows with the active draft on top, as text.
    #[must_use]
    pub fn seen(&self, entity: EntityId, table: &str, field: &str) -> String {
        super::value(&self.view(), entity, table, field)
    }
}
