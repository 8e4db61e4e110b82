//! The workspace as it is with an overlay on top.

use std::sync::Arc;

use openprod_core::{ActorId, BundleHash, Hlc, LogId, Timestamp};
use openprod_storage::{ChainId, Read, StorageError};

use super::{EditId, EditRow, OverlayId, edits};
use crate::derive::{apply, effects};
use crate::layer::{LayerRows, Layered};
use crate::row::{Sight, Writer};
use crate::schema::{Schema, reserved};
use crate::state::{Changes, State};
use crate::state_hash::StateHash;
use crate::synonyms::Synonyms;

/// What an overlay makes of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct OverlayView {
    pub(crate) overlay: OverlayId,
    /// Who would commit it; the latest time is that of its last operation.
    committer: Committer,
    pub(crate) rows: Arc<LayerRows>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) synonyms: Arc<Synonyms>,
    /// The records and edges that the edits change which were laid last.
    pub(crate) changes: Changes,
}

/// Who would commit an overlay, and upon what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Committer {
    pub(crate) actor: ActorId,
    pub(crate) log: LogId,
    /// The time of the latest operation that is applied.
    pub(crate) latest: Hlc,
}

/// Lays the edits of an overlay over a store. Each of them lies on top of all that is known and comes after it, as it
/// will once it is committed.
pub(crate) fn build(
    store: &dyn Read,
    synonyms: &Arc<Synonyms>,
    committer: Committer,
    overlay: OverlayId,
) -> Result<OverlayView, StorageError> {
    let mut laying = Laying {
        state: State::new(StateHash::ZERO, Arc::clone(synonyms)),
        layered: Layered::new(store),
        committer,
        overlay,
    };
    for (id, edit) in edits(store, overlay)? {
        if !edit.undone {
            laying.lay(id, &edit)?;
        }
    }
    let changes = laying.state.flush(&mut laying.layered)?;
    let schema = Arc::new(Schema::load(&laying.layered)?);
    Ok(laying.finish(schema, changes))
}

impl OverlayView {
    /// The view with one more edit. What changed is that of this edit alone.
    pub(crate) fn extend(
        self,
        store: &dyn Read,
        (id, edit): (EditId, &EditRow),
    ) -> Result<Self, StorageError> {
        let mut laying = Laying {
            state: State::new(StateHash::ZERO, Arc::clone(&self.synonyms)),
            layered: Layered::with(store, Arc::unwrap_or_clone(self.rows)),
            committer: self.committer,
            overlay: self.overlay,
        };
        laying.lay(id, edit)?;
        let changes = laying.state.flush(&mut laying.layered)?;
        let renamed = !Arc::ptr_eq(&self.synonyms, laying.state.synonyms());
        let schema = if renamed || changes.records.keys().any(|facet| reserved::is_schema(*facet)) {
            Arc::new(Schema::load(&laying.layered)?)
        } else {
            self.schema
        };
        Ok(laying.finish(schema, changes))
    }
}

/// Edits being laid over a store.
struct Laying<'a> {
    state: State,
    layered: Layered<'a>,
    committer: Committer,
    overlay: OverlayId,
}

impl Laying<'_> {
    fn lay(&mut self, id: EditId, edit: &EditRow) -> Result<(), StorageError> {
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(self.overlay.as_bytes());
        hash[24..].copy_from_slice(&id.0.to_be_bytes());
        let latest = &mut self.committer.latest;
        // Not the time of the edit: others may have written later, under another name of the same record.
        let hlc = Hlc::next(*latest, *latest, Timestamp::from_micros(edit.at_micros));
        let writer = Writer {
            chain: ChainId(u32::MAX),
            seq: id.0,
            hlc,
            hash: BundleHash::from_bytes(hash),
            actor: self.committer.actor,
            log: self.committer.log,
            sight: Sight::Everything,
        };
        for (index, payload) in (0..).zip(edit.payloads()?) {
            *latest = hlc.plus(index);
            for effect in effects(payload) {
                apply(&mut self.state, &mut self.layered, &writer, None, index, effect)?;
            }
        }
        Ok(())
    }

    fn finish(self, schema: Arc<Schema>, changes: Changes) -> OverlayView {
        OverlayView {
            overlay: self.overlay,
            committer: self.committer,
            rows: Arc::new(self.layered.into_rows()),
            schema,
            synonyms: Arc::clone(self.state.synonyms()),
            changes,
        }
    }
}
