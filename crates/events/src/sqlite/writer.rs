//! The writer: one thread, one connection, and as many commits in a transaction as are waiting for one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use openprod_wal::{Checkpointer, Failure, Pool, is_failing, is_full};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::commit::{AppendResult, Commit, Committed};
use crate::error::{AppendError, ContextConflict, StoreError, StreamMismatch};
use crate::event::{NewEvent, SequenceNumber};
use crate::id::{EventId, IdSource, Mint};
use crate::memory::stream_ends;
use crate::name::{EventType, StreamId};
use crate::news::News;
use crate::posting::{Leaf, LeafKey};
use crate::record::write_metadata;
use crate::sqlite::fault::read_fault;
use crate::sqlite::names::TypeNumbers;
use crate::sqlite::view::{View, stored_number};
use crate::stream::{StreamPosition, StreamVersion};

/// The most events that one transaction takes, unless a single commit has more.
const TRANSACTION_EVENTS_MAX: usize = 50_000;

/// A commit that waits for its answer.
pub(crate) struct Request {
    pub(crate) commit: Commit,
    pub(crate) answer: SyncSender<Result<Committed, AppendError>>,
}

/// What the writing thread owns.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) ids: Box<dyn IdSource>,
    pub(crate) key: LeafKey,
    pub(crate) types: Arc<TypeNumbers>,
    pub(crate) readers: Pool,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) news: Arc<News>,
    /// Why nothing is written any more; the checkpointer shares it.
    pub(crate) failure: Failure,
    pub(crate) group_max: usize,
}

impl Writer {
    /// Serves requests until nobody can send any more.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut events = first.commit.events.len();
            let mut group = vec![first];
            while group.len() < self.group_max
                && events < TRANSACTION_EVENTS_MAX
                && let Ok(next) = requests.try_recv()
            {
                events += next.commit.events.len();
                group.push(next);
            }
            self.serve(group);
        }
    }

    /// Commits a group in one transaction and answers all of it.
    fn serve(&mut self, group: Vec<Request>) {
        let (commits, answers): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|request| (request.commit, request.answer))
            .unzip();
        let mut results = match self.failure.reason() {
            Some(reason) => Err(StoreError::ReadOnly {
                reason: reason.to_owned(),
            }),
            None => self.write(commits).map_err(|error| self.judge(error)),
        };
        for (index, answer) in answers.into_iter().enumerate() {
            let result = match &mut results {
                Ok(results) => std::mem::replace(&mut results[index], Err(StoreError::Closed.into())),
                Err(error) => Err(again(error).into()),
            };
            // Nobody waits for it any more: that changes nothing about the commit.
            let _ = answer.send(result);
        }
        if results.is_ok()
            && let Err(error) = self.checkpointer.after_commit(&self.connection, &self.readers)
        {
            // The commits stand; whether others may follow is decided here.
            self.failure.judge_checkpoint(&error);
        }
    }

    /// Writes a group; on an error of the database none of it is written.
    fn write(
        &mut self,
        commits: Vec<Commit>,
    ) -> Result<Vec<Result<Committed, AppendError>>, rusqlite::Error> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::begin(&transaction, &*self.ids, &self.key, &self.types)?;
        let mut results = Vec::with_capacity(commits.len());
        for commit in commits {
            results.push(match batch.commit(commit) {
                Ok(committed) => Ok(committed),
                Err(Fault::Append(error)) => Err(error),
                Err(Fault::Database(error)) => return Err(error),
            });
        }
        batch.post()?;
        let (head, types) = batch.end();
        transaction.commit()?;
        for (name, number) in &types {
            self.types.learn(*number, name);
        }
        self.news.grown_to(head);
        Ok(results)
    }

    /// Judges a failed write: a full disk can be mended, a failing one cannot be trusted any more.
    fn judge(&self, error: rusqlite::Error) -> StoreError {
        if is_full(&error) {
            return StoreError::Full;
        }
        if is_failing(&error) {
            let reason = self.failure.record(|| error.to_string()).to_owned();
            return StoreError::ReadOnly { reason };
        }
        read_fault(error)
    }
}

/// The same error for each of a group; sources cannot be copied, their words can.
fn again(error: &StoreError) -> StoreError {
    let words = |source: &crate::error::DatabaseError| source.to_string().into();
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::ReadOnly { reason } => StoreError::ReadOnly {
            reason: reason.clone(),
        },
        StoreError::Unavailable(source) => StoreError::Unavailable(words(source)),
        StoreError::Database(source) => StoreError::Database(words(source)),
        other => StoreError::Database(other.to_string().into()),
    }
}

/// Why one commit of a group failed: by itself, or with the whole transaction.
enum Fault {
    Append(AppendError),
    Database(rusqlite::Error),
}

impl<E: Into<AppendError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Append(error.into())
    }
}

/// Where a stream ends.
#[derive(Clone, Copy)]
struct StreamEnd {
    /// Absent when it is not there yet.
    id: Option<i64>,
    version: StreamVersion,
}

/// One transaction. Each commit in it sees those before it.
struct Batch<'c> {
    connection: &'c Connection,
    ids: &'c dyn IdSource,
    key: &'c LeafKey,
    head: i64,
    mint: Mint,
    known_types: &'c TypeNumbers,
    /// Types that are new, or were not known yet.
    types: BTreeMap<EventType, i64>,
    /// Streams that commits of this transaction have named, and where they end now.
    streams: BTreeMap<StreamId, StreamEnd>,
    insert_event: CachedStatement<'c>,
    insert_stream_event: CachedStatement<'c>,
    insert_posting: CachedStatement<'c>,
    /// Postings that are not written yet: sorted, they are written faster.
    postings: Vec<(i64, Leaf, i64)>,
}

impl<'c> Batch<'c> {
    fn begin(
        connection: &'c Connection,
        ids: &'c dyn IdSource,
        key: &'c LeafKey,
        known_types: &'c TypeNumbers,
    ) -> rusqlite::Result<Self> {
        let last: Option<(i64, [u8; 16])> = connection
            .prepare_cached("SELECT seq, event_id FROM event ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(Self {
            connection,
            ids,
            key,
            head: last.map_or(0, |(seq, _)| seq),
            mint: Mint {
                last: last.map(|(_, id)| EventId::from_bytes(id)),
            },
            known_types,
            types: BTreeMap::new(),
            streams: BTreeMap::new(),
            insert_event: connection
                .prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?,
            insert_stream_event: connection.prepare_cached("INSERT INTO stream_event VALUES (?1, ?2, ?3)")?,
            insert_posting: connection.prepare_cached("INSERT INTO posting VALUES (?1, ?2, ?3)")?,
            postings: Vec::new(),
        })
    }

    /// The last number, and the types that others may learn when the transaction is committed.
    fn end(self) -> (i64, BTreeMap<EventType, i64>) {
        (self.head, self.types)
    }

    const fn view(&self) -> View<'c> {
        View {
            connection: self.connection,
            key: self.key,
            types: self.known_types,
            is_committed: false,
        }
    }

    /// Checks everything first and writes then, so that what a check refuses has left nothing behind.
    fn commit(&mut self, commit: Commit) -> Result<Committed, Fault> {
        if let Some(committed) = self.repeated(&commit)? {
            return Ok(committed);
        }
        self.check_streams(&commit)?;
        self.check_context(&commit)?;
        self.write(commit).map_err(Fault::Database)
    }

    /// What a command led to when it was carried out; `None` when it was not.
    fn repeated(&self, commit: &Commit) -> Result<Option<Committed>, AppendError> {
        let Some(receipt) = &commit.command else {
            return Ok(None);
        };
        let Some(recorded) = self.view().command(receipt.id)? else {
            return Ok(None);
        };
        if recorded.request != receipt.request {
            return Err(AppendError::CommandReused { command: receipt.id });
        }
        let positions = match recorded.append {
            Some(append) => self.view().positions_of(append)?,
            None => Vec::new(),
        };
        Ok(Some(Committed {
            append: recorded.append,
            streams: stream_ends(positions.into_iter()),
            result: Some(recorded.result),
            repeated: true,
        }))
    }

    fn check_streams(&mut self, commit: &Commit) -> Result<(), Fault> {
        let mut mismatches = Vec::new();
        for position in &commit.streams {
            let end = self.stream_end(&position.stream);
            let actual = end.map_err(Fault::Database)?.version;
            if actual != position.version {
                mismatches.push(StreamMismatch {
                    stream: position.stream.clone(),
                    expected: position.version,
                    actual,
                });
            }
        }
        if mismatches.is_empty() {
            Ok(())
        } else {
            Err(AppendError::Streams(mismatches).into())
        }
    }

    fn check_context(&mut self, commit: &Commit) -> Result<(), Fault> {
        let Some(context) = &commit.context else {
            return Ok(());
        };
        // Earlier commits of this transaction are part of the context too.
        self.post().map_err(Fault::Database)?;
        let actual = self.view().context_version(&context.query)?;
        if actual == context.version {
            return Ok(());
        }
        Err(ContextConflict {
            expected_context_version: context.version,
            actual_context_version: actual,
        }
        .into())
    }

    fn write(&mut self, commit: Commit) -> rusqlite::Result<Committed> {
        let now = self.ids.now();
        let before = self.head;
        let mut streams: BTreeMap<StreamId, StreamVersion> = BTreeMap::new();
        for event in commit.events {
            let place = match &event.stream {
                Some(stream) => {
                    let (id, version) = self.next_in(stream)?;
                    streams.insert(stream.clone(), version);
                    Some((id, stored_number(version.0)))
                }
                None => None,
            };
            let id = self.mint.next(now, self.ids);
            self.insert(event, id, now.as_millis(), place)?;
        }
        let append = (self.head > before).then(|| {
            let number = |seq: i64| SequenceNumber(seq.unsigned_abs());
            AppendResult::spanning(number(before + 1), number(self.head))
        });
        let result = match commit.command {
            Some(receipt) => {
                let sql = "INSERT INTO command VALUES (?1, ?2, ?3, ?4, ?5)";
                self.connection.prepare_cached(sql)?.execute(params![
                    receipt.id.as_bytes(),
                    receipt.request.as_bytes(),
                    append.map(|append| stored_number(append.first_sequence_number.0)),
                    append.map(|append| stored_number(append.last_sequence_number.0)),
                    receipt.result.canonical(),
                ])?;
                Some(receipt.result)
            }
            None => None,
        };
        Ok(Committed {
            append,
            streams: streams
                .into_iter()
                .map(|(stream, version)| StreamPosition { stream, version })
                .collect(),
            result,
            repeated: false,
        })
    }

    fn insert(
        &mut self,
        event: NewEvent,
        id: EventId,
        occurred_at: u64,
        stream: Option<(i64, i64)>,
    ) -> rusqlite::Result<()> {
        let type_id = self.type_id(event.event_type)?;
        self.head += 1;
        self.insert_event.execute(params![
            self.head,
            id.as_bytes(),
            stored_number(occurred_at),
            type_id,
            stream.map(|(id, _)| id),
            stream.map(|(_, version)| version),
            write_metadata(&event.metadata),
            event.payload.canonical(),
        ])?;
        if let Some((stream, version)) = stream {
            self.insert_stream_event.execute([stream, version, self.head])?;
        }
        let listed = self.key.listed(&event.payload);
        self.postings
            .extend(listed.into_iter().map(|leaf| (type_id, leaf, self.head)));
        Ok(())
    }

    /// Writes the postings gathered so far, in the order of the index.
    fn post(&mut self) -> rusqlite::Result<()> {
        self.postings.sort_unstable();
        for (type_id, leaf, seq) in self.postings.drain(..) {
            self.insert_posting.execute([type_id, leaf.0, seq])?;
        }
        Ok(())
    }

    fn type_id(&mut self, event_type: EventType) -> rusqlite::Result<i64> {
        if let Some(&id) = self.types.get(&event_type) {
            return Ok(id);
        }
        if let Some(id) = self.known_types.number(&event_type) {
            return Ok(id);
        }
        let found = self
            .connection
            .prepare_cached("SELECT id FROM event_type WHERE name = ?1")?
            .query_row([event_type.as_str()], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached("INSERT INTO event_type (name) VALUES (?1)")?
                .insert([event_type.as_str()])?,
        };
        self.types.insert(event_type, id);
        Ok(id)
    }

    /// Where a stream ends at this point of the transaction.
    fn stream_end(&mut self, stream: &StreamId) -> rusqlite::Result<StreamEnd> {
        if let Some(&end) = self.streams.get(stream) {
            return Ok(end);
        }
        let id = self.view().stream_id(stream)?;
        let version = id.map(|id| self.view().last_version(id)).transpose()?;
        let end = StreamEnd {
            id,
            version: version.unwrap_or(StreamVersion::EMPTY),
        };
        self.streams.insert(stream.clone(), end);
        Ok(end)
    }

    /// The number of a stream, which gets one if it has none, and the version of its next event.
    fn next_in(&mut self, stream: &StreamId) -> rusqlite::Result<(i64, StreamVersion)> {
        let end = self.stream_end(stream)?;
        let id = match end.id {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached("INSERT INTO stream (name) VALUES (?1)")?
                .insert([stream.as_str()])?,
        };
        let version = end.version.next();
        let moved = StreamEnd {
            id: Some(id),
            version,
        };
        self.streams.insert(stream.clone(), moved);
        Ok((id, version))
    }
}
