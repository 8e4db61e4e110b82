//! The workspace as it is with an overlay on top.

use std::sync::Arc;

use openprod_core::{ActorId, BundleHash, Hlc, LogId, Timestamp};
use openprod_storage::{ChainId, Read, StorageError};

use super::{OverlayId, edits};
use crate::derive::{apply, effects};
use crate::layer::{LayerRows, Layered};
use crate::row::{Sight, Writer};
use crate::schema::Schema;
use crate::state::{Changes, State};
use crate::state_hash::StateHash;
use crate::synonyms::Synonyms;

/// What an overlay makes of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct OverlayView {
    pub(crate) overlay: OverlayId,
    pub(crate) rows: Arc<LayerRows>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) synonyms: Arc<Synonyms>,
    /// The records and edges that the overlay's edits change.
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
    let mut state = State::new(StateHash::ZERO, Arc::clone(synonyms));
    let mut layered = Layered::new(store);
    let mut latest = committer.latest;
    for (id, edit) in edits(store, overlay)? {
        if edit.undone {
            continue;
        }
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(overlay.as_bytes());
        hash[24..].copy_from_slice(&id.0.to_be_bytes());
        // Not the time of the edit: others may have written later, under another name of the same record.
        let hlc = Hlc::next(latest, latest, Timestamp::from_micros(edit.at_micros));
        let writer = Writer {
            chain: ChainId(u32::MAX),
            seq: id.0,
            hlc,
            hash: BundleHash::from_bytes(hash),
            actor: committer.actor,
            log: committer.log,
            sight: Sight::Everything,
        };
        for (index, payload) in (0..).zip(edit.payloads()?) {
            latest = hlc.plus(index);
            for effect in effects(payload) {
                apply(&mut state, &mut layered, &writer, None, index, effect)?;
            }
        }
    }
    let changes = state.flush(&mut layered)?;
    let schema = Arc::new(Schema::load(&layered)?);
    let synonyms = Arc::clone(state.synonyms());
    Ok(OverlayView {
        overlay,
        rows: Arc::new(layered.into_rows()),
        schema,
        synonyms,
        changes,
    })
}
