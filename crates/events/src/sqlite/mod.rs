//! The store on disk: one SQLite file, with a write-ahead log, that is synchronised at every commit.
//!
//! One thread writes; commits that come while it waits for the disk share the next transaction. Readers have
//! connections of their own and see whole commits only. Several processes may use one file: SQLite's locks keep their
//! writers apart.

mod connection;
mod fault;
mod names;
mod schema;
mod view;
mod writer;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use openprod_wal::{Checkpointer, Failure, LogSizes, Pool, StartError};
use serde::{Deserialize, Serialize};

use crate::commit::{Commit, Committed, RecordedCommand};
use crate::error::{AppendError, StoreError};
use crate::event::SequenceNumber;
use crate::id::{CommandId, EventId, IdSource, SystemIdSource};
use crate::memory::{count, named_once};
use crate::name::StreamId;
use crate::news::News;
use crate::posting::LeafKey;
use crate::query::{EventQuery, QueryResult};
use crate::sqlite::fault::read_fault;
use crate::sqlite::names::TypeNumbers;
use crate::sqlite::view::{View, number, stored_number};
use crate::sqlite::writer::{Request, Writer};
use crate::store::EventStore;
use crate::stream::{StreamSlice, StreamVersion, StreamsRead};

/// How often somebody who waits looks for what another process wrote.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How large the write-ahead log becomes. Commands write pages all over the indexes, and each checkpoint moves a page once
/// however often it was written.
const LOG_SIZES: LogSizes = LogSizes {
    passive_bytes: 16 << 20,
    bytes_max: 64 << 20,
};

/// How a SQLite store is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteConfig {
    /// How many threads read at the same time; more wait. Each has a connection with a cache of 2 MiB.
    pub readers_max: NonZeroUsize,
    /// How many commits share a transaction, and how many may wait for the next one before callers are held up.
    pub group_max: NonZeroUsize,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        Self {
            readers_max: const { NonZeroUsize::new(8).expect("8 is not 0") },
            group_max: const { NonZeroUsize::new(256).expect("256 is not 0") },
        }
    }
}

/// A store in a SQLite file.
pub struct SqliteStore {
    readers: Pool,
    key: LeafKey,
    types: Arc<TypeNumbers>,
    news: Arc<News>,
    /// Present until the store is dropped.
    requests: Option<SyncSender<Request>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens a store, making the file when it is not there and bringing an older one to the present tables.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the file is something else, [`StoreError::NewerVersion`] when a newer version
    /// wrote it, [`StoreError::Full`] when there is no room for it, [`StoreError::Io`] when it cannot be made.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &SqliteConfig::default(), SystemIdSource)
    }

    /// Opens a store as [`Self::open`], to be used as `config` says, with time and chance from `ids`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        path: &Path,
        config: &SqliteConfig,
        ids: impl IdSource + 'static,
    ) -> Result<Self, StoreError> {
        let connection = connection::open_writer(path)?;
        let setting = "SELECT value FROM setting WHERE name = 'leaf_key'";
        let key: [u8; 32] = connection
            .query_row(setting, [], |row| row.get(0))
            .map_err(|error| StoreError::Unreadable {
                path: path.to_owned(),
                source: error.into(),
            })?;
        let key = LeafKey(key);
        let readers_max = config.readers_max.get();
        let readers = Pool::new(path.to_owned(), readers_max, readers_max, connection::open_reader);
        let news = Arc::new(News::default());
        let types = Arc::new(TypeNumbers::default());
        let failure = Failure::default();
        let checkpointer = Checkpointer::spawn(
            path,
            connection::open_checkpointer(path).map_err(read_fault)?,
            LOG_SIZES,
            connection::BUSY_TIME_MAX,
            failure.clone(),
        );
        let checkpointer = checkpointer.map_err(|error| match error {
            StartError::Database(error) => read_fault(error),
            StartError::Thread(source) => StoreError::Io {
                path: path.to_owned(),
                source,
            },
        })?;
        let writer = Writer {
            connection,
            ids: Box::new(ids),
            key: key.clone(),
            types: Arc::clone(&types),
            readers: readers.clone(),
            checkpointer,
            news: Arc::clone(&news),
            failure,
            group_max: config.group_max.get(),
        };
        let (requests, received) = sync_channel(config.group_max.get());
        let thread = std::thread::Builder::new()
            .name("event writer".to_owned())
            .spawn(move || writer.run(&received))
            .map_err(|source| StoreError::Io {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            readers,
            key,
            types,
            news,
            requests: Some(requests),
            writer: Some(thread),
        })
    }

    /// Reads at one moment. It is not inlined, so that callers who wait for others take little of their stacks.
    #[inline(never)]
    fn read<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let reader = self.readers.reader().map_err(read_fault)?;
        read(&View {
            connection: &reader,
            key: &self.key,
            types: &self.types,
            is_committed: true,
        })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            // A panic there has been reported by its hook.
            let _ = writer.join();
        }
    }
}

impl EventStore for SqliteStore {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        commit.check()?;
        let (answer, answered) = sync_channel(1);
        let closed = || AppendError::Store(StoreError::Closed);
        self.requests
            .as_ref()
            .ok_or_else(closed)?
            .send(Request { commit, answer })
            .map_err(|_| closed())?;
        answered.recv().map_err(|_| closed())?
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        query.check()?;
        self.read(|view| view.query(query, count(limit)))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let named = named_once(streams)?;
        self.read(|view| view.read_streams(&named, after))
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        self.read(|view| view.read_stream(stream, after, count(limit)))
    }

    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        self.read(|view| view.command(id))
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|view| view.position_of(event))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|view| view.head().map(number).map_err(read_fault))
    }

    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let start = Instant::now();
        loop {
            let head = self.head()?;
            let left = patience.saturating_sub(start.elapsed());
            if head > after || left.is_zero() {
                return Ok(head);
            }
            self.news.wait(
                stored_number(after.map_or(0, |after| after.0)),
                left.min(LOOK_EVERY),
            );
        }
    }
}
