//! Every store for a test that holds for all of them, and one that goes away when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openprod_events::{
    AppendError, Commit, Committed, EventQuery, EventRecord, EventStore, EventType, Layer, MemoryStore,
    NewEvent, Payload, PostgresStore, SqliteStore, StoreError, StreamId,
};
use serde_json::Value;

use crate::server;

/// Longer than anything takes that a test waits for; where it is used up, the test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test on an empty store of each kind.
pub(crate) fn on_each(test: &str, run: impl Fn(&str, Arc<dyn EventStore>)) {
    run("memory", Arc::new(MemoryStore::default()));
    let directory = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(&directory.path().join("events.db")).unwrap();
    run("SQLite", Arc::new(sqlite));
    if let Some(url) = server::url(test) {
        let postgres = PostgresStore::open(&server::fresh(&url)).unwrap();
        run("PostgreSQL", Arc::new(postgres));
    }
}

pub(crate) fn event_type(name: &str) -> EventType {
    EventType::new(name).unwrap()
}

pub(crate) fn stream(name: &str) -> StreamId {
    StreamId::new(name).unwrap()
}

pub(crate) fn event(name: &str, value: Value) -> NewEvent {
    NewEvent::new(event_type(name), Payload::new(value).unwrap())
}

pub(crate) fn numbers<'a>(records: impl IntoIterator<Item = &'a EventRecord>) -> Vec<u64> {
    records
        .into_iter()
        .map(|record| record.sequence_number.0)
        .collect()
}

pub(crate) fn all(store: &dyn EventStore) -> Vec<EventRecord> {
    store.query(&EventQuery::all()).unwrap().event_records
}

/// A store that cannot be reached while it is away.
#[derive(Clone)]
pub(crate) struct Absent {
    store: Arc<dyn EventStore>,
    away: Arc<AtomicBool>,
}

impl Absent {
    pub(crate) fn over(store: impl EventStore + 'static) -> Self {
        Self {
            store: Arc::new(store),
            away: Arc::default(),
        }
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// The store itself, which is there all the time.
    pub(crate) fn inner(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.store)
    }

    fn reached(&self) -> Result<&(dyn EventStore + 'static), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away".into()));
        }
        Ok(&*self.store)
    }
}

impl Layer for Absent {
    type Inner = dyn EventStore;

    fn inner(&self) -> &Self::Inner {
        &*self.store
    }

    fn read<T>(&self, call: impl FnOnce(&Self::Inner) -> Result<T, StoreError>) -> Result<T, StoreError> {
        call(self.reached()?)
    }

    fn commit_inwards(&self, commit: Commit) -> Result<Committed, AppendError> {
        self.reached()?.commit(commit)
    }
}

/// A store that others hold too, for wrappers that want one of their own.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<dyn EventStore>);

impl Layer for Shared {
    type Inner = dyn EventStore;

    fn inner(&self) -> &Self::Inner {
        &*self.0
    }
}
