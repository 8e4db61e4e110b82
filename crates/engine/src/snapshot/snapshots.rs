//! What makes snapshots, and keeps what many of them share.

use std::sync::{Arc, Mutex, PoisonError};

use openprod_core::ActorId;
use openprod_storage::{Readers, Space, StorageError};

use super::Snapshot;
use crate::chains::Chains;
use crate::columns::Columns;
use crate::layer::LayeredReader;
use crate::overlay::{self, Committer, OverlayId, OverlayView};
use crate::schema::Schema;
use crate::synonyms::Synonyms;
use crate::time_travel::Moments;
use crate::transaction::Summary;

/// Makes snapshots; cheap to clone, and independent of the writer.
#[derive(Clone)]
pub struct Snapshots {
    readers: Arc<dyn Readers>,
    model: Arc<Mutex<Option<CachedModel>>>,
    view: Arc<Mutex<Option<CachedView>>>,
    pub(crate) moments: Moments,
    pub(crate) columns: Arc<Columns>,
    actor: ActorId,
}

/// The schema and the other names that were read last.
#[derive(Clone)]
struct CachedModel {
    /// The count in the summary that they go with.
    count: u64,
    schema: Arc<Schema>,
    synonyms: Arc<Synonyms>,
}

/// The workspace with the active draft on top, as it was read last.
struct CachedView {
    /// The count of commits that it goes with.
    version: u64,
    view: Arc<OverlayView>,
}

impl Snapshots {
    pub(crate) fn new(readers: Arc<dyn Readers>, columns: Arc<Columns>, actor: ActorId) -> Self {
        Self {
            readers,
            model: Arc::default(),
            view: Arc::default(),
            moments: Moments::default(),
            columns,
            actor,
        }
    }

    /// What the columns that listings are answered from take in memory, in bytes; at most
    /// [`COLUMN_BYTES_MAX`](crate::COLUMN_BYTES_MAX).
    #[must_use]
    pub fn column_bytes(&self) -> usize {
        self.columns.bytes()
    }

    /// A snapshot of the newest committed state with the active draft on top, if there is one: what a person sees.
    /// Keep it for one request.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn view(&self) -> Result<Snapshot, StorageError> {
        let snapshot = self.take()?;
        match overlay::active(&*snapshot.store)? {
            Some(overlay) => self.lay(snapshot, overlay),
            None => Ok(snapshot),
        }
    }

    /// A snapshot of the newest committed state with a draft on top; `None` when there is no such draft.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn view_of(&self, overlay: OverlayId) -> Result<Option<Snapshot>, StorageError> {
        let snapshot = self.take()?;
        match overlay::find(&*snapshot.store, overlay)? {
            Some(_) => self.lay(snapshot, overlay).map(Some),
            None => Ok(None),
        }
    }

    fn lay(&self, snapshot: Snapshot, overlay: OverlayId) -> Result<Snapshot, StorageError> {
        let mut cached = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let version = snapshot.summary.version;
        let view = match &*cached {
            Some(cached) if (cached.version, cached.view.overlay) == (version, overlay) => {
                Arc::clone(&cached.view)
            }
            _ => Arc::new(overlay::build(
                &*snapshot.store,
                &snapshot.synonyms,
                Committer {
                    actor: self.actor,
                    log: snapshot.summary.log,
                    latest: Chains::load(&*snapshot.store)?.latest(),
                },
                overlay,
            )?),
        };
        let (rows, schema, synonyms) = (
            Arc::clone(&view.rows),
            Arc::clone(&view.schema),
            Arc::clone(&view.synonyms),
        );
        *cached = Some(CachedView { version, view });
        drop(cached);
        // Another reader of the same state, for what is looked up below the draft; a commit in between gives none.
        let below = self.take()?;
        let below = (below.summary.version == version).then(|| Box::new(below));
        Ok(Snapshot {
            below,
            store: Box::new(LayeredReader::new(snapshot.store, Arc::clone(&rows))),
            draft: Some((overlay, rows)),
            schema,
            synonyms,
            ..snapshot
        })
    }

    /// A snapshot of the newest committed state, without any draft. Keep it for one request.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn take(&self) -> Result<Snapshot, StorageError> {
        let store = self.readers.reader()?;
        let damaged = StorageError::DamagedRow {
            space: Space::Meta.name(),
        };
        let summary = Summary::load(&*store)?.ok_or(damaged)?;
        let mut cached = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let model = match &*cached {
            Some(cached) if cached.count == summary.schema => cached.clone(),
            _ => CachedModel {
                count: summary.schema,
                schema: Arc::new(Schema::load(&*store)?),
                synonyms: Arc::new(Synonyms::load(&*store)?),
            },
        };
        *cached = Some(model.clone());
        Ok(Snapshot {
            store,
            summary,
            schema: model.schema,
            synonyms: model.synonyms,
            draft: None,
            below: None,
            columns: Arc::clone(&self.columns),
            actor: self.actor,
        })
    }
}
