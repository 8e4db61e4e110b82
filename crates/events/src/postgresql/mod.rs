//! The store in a PostgreSQL database, for teams that outgrow one machine: version 13 or later, or any server that
//! speaks its protocol and dialect.
//!
//! A commit is one short transaction that locks the one row of the store's head by `SELECT … FOR UPDATE`, so commits
//! follow one another and nobody waits for a reader. Events and postings are cut into partitions by sequence number.
//! Payloads are kept as text and judged here, since the server's own notion of containment differs from predicate
//! semantics 1.
//!
//! Calls block and must not be made from inside an asynchronous runtime; there, a thread for blocking calls makes them.

mod archive;
pub(crate) mod fault;
mod index;
mod partition;
pub(crate) mod pool;
mod schema;
pub(crate) mod session;
mod view;
mod writer;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};
use serde::{Deserialize, Serialize};

use crate::archive::StoreFormat;
use crate::commit::{Commit, Committed, RecordedCommand};
use crate::error::{AppendError, StoreError};
use crate::event::SequenceNumber;
use crate::id::{CommandId, EventId, IdSource, SystemIdSource};
use crate::memory::{count, named_once};
use crate::name::StreamId;
use crate::news::News;
use crate::postgresql::fault::fault;
use crate::postgresql::pool::Pool;
use crate::postgresql::session::Session;
use crate::postgresql::view::{number, stored_number};
use crate::postgresql::writer::Writer;
use crate::posting::LeafKey;
use crate::query::{EventQuery, QueryResult};
use crate::store::EventStore;
use crate::stream::{StreamSlice, StreamVersion, StreamsRead};

/// How often somebody who waits looks for what another process wrote.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Every read sees one moment.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A write sees, statement by statement, what is committed: after it has the lock, that is everything.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// How a PostgreSQL store is reached and used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// Where the server is, as `postgres://user:password@host:port/database`, or in words as `host=… user=…`.
    pub url: String,
    /// The schema that holds the tables; it is made when it is not there. Lower-case letters, digits and `_`.
    #[serde(default = "PostgresConfig::default_schema")]
    pub schema: String,
    /// How many connections there are at most.
    #[serde(default = "PostgresConfig::default_connections_max")]
    pub connections_max: NonZeroUsize,
    /// How long a caller waits for a connection, and the store for the server to accept one.
    #[serde(default = "PostgresConfig::default_connect_ms_max")]
    pub connect_ms_max: NonZeroU64,
    /// How long a commit waits for those before it.
    #[serde(default = "PostgresConfig::default_lock_ms_max")]
    pub lock_ms_max: NonZeroU64,
    /// How long one statement may take.
    #[serde(default = "PostgresConfig::default_statement_ms_max")]
    pub statement_ms_max: NonZeroU64,
    /// How many events share a partition of the tables. Partitions that are there keep their size.
    #[serde(default = "PostgresConfig::default_partition_events")]
    pub partition_events: NonZeroU64,
}

impl PostgresConfig {
    /// The usual settings for a server at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: Self::default_schema(),
            connections_max: Self::default_connections_max(),
            connect_ms_max: Self::default_connect_ms_max(),
            lock_ms_max: Self::default_lock_ms_max(),
            statement_ms_max: Self::default_statement_ms_max(),
            partition_events: Self::default_partition_events(),
        }
    }

    fn default_schema() -> String {
        "openprod_events".to_owned()
    }

    const fn default_connections_max() -> NonZeroUsize {
        NonZeroUsize::new(10).expect("10 is not 0")
    }

    const fn default_connect_ms_max() -> NonZeroU64 {
        NonZeroU64::new(10_000).expect("10,000 is not 0")
    }

    const fn default_lock_ms_max() -> NonZeroU64 {
        NonZeroU64::new(10_000).expect("10,000 is not 0")
    }

    const fn default_statement_ms_max() -> NonZeroU64 {
        NonZeroU64::new(60_000).expect("60,000 is not 0")
    }

    const fn default_partition_events() -> NonZeroU64 {
        NonZeroU64::new(10_000_000).expect("10,000,000 is not 0")
    }

    /// What the driver needs to know.
    pub(crate) fn driver(&self) -> Result<Config, StoreError> {
        let plain = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
        let named = self
            .schema
            .starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        if !named || self.schema.len() > 63 || !self.schema.chars().all(plain) {
            let words = format!("{:?} is no name of a schema", self.schema);
            return Err(StoreError::Database(words.into()));
        }
        let mut config: Config = self.url.parse().map_err(fault)?;
        config.connect_timeout(Duration::from_millis(self.connect_ms_max.get()));
        config.options(&format!(
            "-c search_path={} -c lock_timeout={} -c statement_timeout={} -c client_min_messages=warning \
             -c synchronous_commit=on -c idle_in_transaction_session_timeout={}",
            self.schema, self.lock_ms_max, self.statement_ms_max, self.statement_ms_max
        ));
        if config.get_application_name().is_none() {
            config.application_name("openprod-events");
        }
        Ok(config)
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    ids: Box<dyn IdSource>,
    key: LeafKey,
    news: News,
    partition_events: i64,
    /// Held while a partition is made ahead: one thread is enough.
    ahead: Mutex<()>,
}

impl PostgresStore {
    /// Connects without encryption, and makes the tables or brings them to the present format. Indexes that an older format
    /// lacks are built while other processes go on reading and writing; with very many events that takes its time, and
    /// whoever opens the store meanwhile waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached, [`StoreError::NewerVersion`] when a newer version
    /// made the tables, [`StoreError::Database`] when the settings are wrong or the server refuses.
    pub fn open(config: &PostgresConfig) -> Result<Self, StoreError> {
        Self::open_with(config, SystemIdSource, |driver| driver.connect(NoTls))
    }

    /// The format of a database, which is left as it is. Connects without encryption.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached, [`StoreError::Database`] when the settings are wrong or
    /// the server refuses.
    pub fn format(config: &PostgresConfig) -> Result<StoreFormat, StoreError> {
        let client = config.driver()?.connect(NoTls).map_err(fault)?;
        let found = schema::found(&mut Session::new(client))?;
        Ok(StoreFormat {
            found: found.and_then(|found| u32::try_from(found).ok()),
            present: schema::VERSION.unsigned_abs(),
        })
    }

    /// Connects as [`Self::open`], with time and chance from `ids`, by way of `connect`: that is where a caller brings
    /// the encryption that its server asks for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        config: &PostgresConfig,
        ids: impl IdSource + 'static,
        connect: impl Fn(&Config) -> Result<Client, postgres::Error> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let driver = config.driver()?;
        let pool = Pool::new(
            Box::new(move || connect(&driver)),
            config.connections_max.get(),
            Duration::from_millis(config.connect_ms_max.get()),
        );
        let key = pool.with(
            |session| {
                schema::migrate(session, &config.schema)?;
                let row = session.one("SELECT leaf_key FROM head", &[])?;
                let key: &[u8] = row.get(0);
                <[u8; 32]>::try_from(key).map_err(|error| StoreError::Database(error.into()))
            },
            is_unavailable,
        )?;
        // A connection of its own: it waits longer than others may, and what it holds ends with it.
        index::build(&mut pool.open()?)?;
        Ok(Self {
            pool,
            ids: Box::new(ids),
            key: LeafKey(key),
            news: News::default(),
            partition_events: stored_number(config.partition_events.get()),
            ahead: Mutex::default(),
        })
    }

    /// Makes the next partition when the last one is half full. What comes of it does not matter to anybody: without it, a
    /// later commit tries again, or makes it itself.
    fn keep_ahead(&self, last: i64, room_to: i64) {
        if !partition::is_due(last, room_to, self.partition_events) {
            return;
        }
        let Ok(_turn) = self.ahead.try_lock() else {
            return;
        };
        let made = self.pool.with(
            |session| partition::make_ahead(session, last, self.partition_events),
            is_unavailable,
        );
        if let Err(error) = made {
            tracing::warn!(%error, "the next partition of the event store could not be made ahead of need");
        }
    }

    fn read<T>(&self, read: impl Fn(&mut Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.pool
            .with(|session| session.transact(READ, &read), is_unavailable)
    }
}

const fn is_unavailable(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_))
}

impl EventStore for PostgresStore {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        commit.check()?;
        // Nothing that takes time is left for the moment when others wait.
        let leaves: Vec<_> = commit
            .events
            .iter()
            .map(|event| self.key.listed(&event.payload))
            .collect();
        let (committed, room_to) = self.pool.with(
            |session| {
                session.transact(WRITE, |session| {
                    let mut writer =
                        Writer::begin(session, &*self.ids, &self.key, &leaves, self.partition_events)?;
                    let committed = writer.commit(&commit)?;
                    Ok::<_, AppendError>((committed, writer.room_to()))
                })
            },
            |error| matches!(error, AppendError::Store(StoreError::Unavailable(_))),
        )?;
        if let Some(append) = committed.append.filter(|_| !committed.repeated) {
            let last = stored_number(append.last_sequence_number.0);
            self.news.grown_to(last);
            self.keep_ahead(last, room_to);
        }
        Ok(committed)
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        query.check()?;
        self.read(|session| view::query(session, &self.key, query, count(limit)))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let named = named_once(streams)?;
        self.read(|session| view::read_streams(session, &named, after))
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        self.read(|session| view::read_stream(session, stream, after, count(limit)))
    }

    fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        self.read(|session| view::command(session, id))
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|session| view::position_of(session, event))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        self.read(|session| view::head(session).map(number))
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
