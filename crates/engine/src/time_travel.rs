//! The workspace as it was: as of a bundle, or as of a time.
//!
//! Derived rows as of a moment are replayed from the log into memory, and lie in place of the present ones; the log,
//! and what is known of chains, show through. So every reader works on the past as on the present. One record is read
//! from the bundles that touched it, without a replay of everything.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use openprod_core::{BundleId, EntityId, Timestamp};
use openprod_storage::{MemoryStorage, Position, Read, Readers, StorageError};
use thiserror::Error;

use crate::chains::Chains;
use crate::columns::Columns;
use crate::history::past::{Past, is_held};
use crate::history::trail::Trail;
use crate::replay::{Replayed, SplitStore, replay_into};
use crate::row::Row;
use crate::snapshot::{Snapshot, Snapshots};
use crate::subject::Subject;
use crate::synonyms::{Synonyms, changes};

/// How many moments are kept in memory once they have been replayed.
const MOMENTS_KEPT: usize = 2;

/// A moment in the past of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// What the author of a bundle saw once it was written: that bundle, and all that they had seen before.
    Bundle(BundleId),
    /// Everything that was written up to a time, as far as it is here.
    Time(Timestamp),
}

/// Why a moment cannot be shown.
#[derive(Debug, Error)]
pub enum MomentError {
    /// No such bundle is in the log here.
    #[error("show the past: there is no bundle {0}")]
    UnknownBundle(BundleId),
    /// The bundle is held, and so there is no state that it left.
    #[error("show the past: bundle {0} is held and has done nothing yet")]
    HeldBundle(BundleId),
    /// The store refused.
    #[error("show the past")]
    Storage(#[from] StorageError),
}

/// Moments that were replayed, the last one first.
pub(crate) type Moments = Arc<Mutex<Vec<Arc<Kept>>>>;

/// The derived rows as of a moment.
pub(crate) struct Kept {
    past: Past,
    /// The count of commits that it goes with: what was written up to a time may still arrive.
    version: u64,
    rows: Box<dyn Readers>,
    /// Its own, for those of the present hold the present.
    columns: Arc<Columns>,
    replayed: Replayed,
}

impl Snapshots {
    /// The workspace as of a moment, without any draft: every reader works on it; only the log that shows through has
    /// what came later, too. The first one of a moment costs a replay of the log up to it; the last few are kept.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn at(&self, moment: Moment) -> Result<Snapshot, MomentError> {
        let present = self.take()?;
        let chains = Chains::load(&*present.store)?;
        let (past, end) = resolve(&*present.store, &chains, moment)?;
        let version = present.summary.version;
        let mut kept = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        // What an author had seen never changes; what was written up to a time may still arrive.
        let found = kept
            .iter()
            .position(|kept| kept.past == past && (kept.version == version || matches!(past, Past::Seen(_))));
        let moment = match found {
            Some(at) => kept.remove(at),
            None => Arc::new(replay(&*present.store, past, end, version)?),
        };
        kept.insert(0, Arc::clone(&moment));
        kept.truncate(MOMENTS_KEPT);
        drop(kept);
        let mut summary = present.summary;
        let replayed = &moment.replayed;
        (summary.hash, summary.operations) = (replayed.hash, replayed.operations);
        summary.version = moment.version;
        let last = present.store.last()?;
        Ok(Snapshot {
            store: Box::new(SplitStore {
                rows: moment.rows.reader()?,
                log: present.store,
                last,
            }),
            summary,
            schema: Arc::clone(&replayed.schema),
            synonyms: Arc::clone(&replayed.synonyms),
            draft: None,
            below: None,
            columns: Arc::clone(&moment.columns),
            ..present
        })
    }
}

impl Snapshot {
    /// The row of the record that an entity was, or was another name for, as of a moment; `None` when nobody had
    /// written to it. Reads the bundles that touched it, and no others.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn row_at(&self, entity: EntityId, moment: Moment) -> Result<Option<Row>, MomentError> {
        let chains = Chains::load(&*self.store)?;
        let (past, end) = resolve(&*self.store, &chains, moment)?;
        let mut earlier = Vec::new();
        for (op_id, change) in changes(&*self.store)? {
            if past.contains_id(&*self.store, op_id.bundle())? {
                earlier.push(change);
            }
        }
        let synonyms = Synonyms::replay(&earlier);
        let names: Vec<EntityId> = synonyms.aliases.names(synonyms.aliases.root(entity)).collect();
        let subjects: BTreeSet<Subject> = names.iter().map(|name| Subject::Entity(*name)).collect();
        let trail = Trail::load(&*self.store, &chains, &subjects, end)?;
        let mut rows = trail.rows(&past).entities;
        let rows: Vec<Row> = names.iter().filter_map(|name| rows.remove(name)).collect();
        Ok(match rows.len() {
            0 => None,
            _ if synonyms.is_empty() => rows.into_iter().next(),
            _ => Some(Row::assemble(&rows, &synonyms.mappings)),
        })
    }
}

/// The bundles that a moment is made from, and the position up to which all of them stand.
fn resolve(store: &dyn Read, chains: &Chains, moment: Moment) -> Result<(Past, Position), MomentError> {
    match moment {
        Moment::Time(time) => Ok((Past::Until(time), store.last()?)),
        Moment::Bundle(id) => {
            let place = store.place_of(id)?.ok_or(MomentError::UnknownBundle(id))?;
            if is_held(store, &place)? {
                return Err(MomentError::HeldBundle(id));
            }
            Ok((Past::with(chains, store, &place)?, place.position))
        }
    }
}

fn replay(store: &dyn Read, past: Past, end: Position, version: u64) -> Result<Kept, StorageError> {
    use openprod_storage::Storage as _;
    let mut memory = MemoryStorage::new();
    let replayed = replay_into(memory.begin()?, store, &past, end)?;
    Ok(Kept {
        past,
        version,
        rows: memory.readers(),
        columns: Arc::default(),
        replayed,
    })
}
