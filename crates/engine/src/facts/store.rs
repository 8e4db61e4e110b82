//! A workspace as an event store: what is committed here becomes signed facts that peers get too.
//!
//! Sequence numbers are this store's, in the order in which facts were applied here, those of peers among them. So a
//! condition holds against all that is known here; what peers knew meanwhile, decision conflicts tell. Event ids are
//! those of operations, alike on all peers, and do not rise with sequence numbers. `occurred_at` is the author's time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use openprod_core::encoding::encode;
use openprod_core::{CommandId as CoreCommandId, DecisionPolicy, OpId};
use openprod_events::limits::STREAMS_MAX;
use openprod_events::{
    AppendError, AppendResult, Commit, Committed, EventId, EventQuery, EventStore, Metadata, NewEvent,
    Payload, QueryError, QueryResult, RecordedCommand, RefusedCommit, RequestHash, SequenceNumber,
    StoreError, StreamId, StreamPosition, StreamSlice, StreamVersion, StreamsRead,
};
use openprod_storage::{Read, Space, StorageError, Write};

use super::log::Fact;
use super::row::damaged;
use super::{ExpectedFacts, ExpectedStream, FactReceipt, FactSpan, NewFact, RecordFacts};
use crate::command::{Command, CommandError, Destination, Envelope, Outcome, Request};
use crate::owner::{OwnerError, OwnerHandle};
use crate::snapshot::Snapshot;
use crate::stored::stored;

/// A workspace's facts, through its owner; cheap to clone.
///
/// A commit that names a context signs it, under version 0 of its handler and the policy to surface; commands that
/// want others go to the owner themselves. What a command is answered is kept here and goes to no peer.
#[derive(Clone)]
pub struct WorkspaceEventStore {
    owner: OwnerHandle,
    source: String,
}

impl WorkspaceEventStore {
    /// The store of a workspace; `source` is where its commands say they come from.
    #[must_use]
    pub fn new(owner: OwnerHandle, source: &str) -> Self {
        let source = source.to_owned();
        Self { owner, source }
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.owner.snapshots().take().map_err(read_fault)
    }

    fn execute(&self, request: Request) -> Result<Outcome, AppendError> {
        let (answer, answered) = sync_channel(1);
        let given = self.owner.execute(request, move |result| {
            // Nobody waits any more: that changes nothing about the command.
            let _ = answer.send(result);
        });
        given.map_err(|error| match error {
            OwnerError::Busy => StoreError::Unavailable(error.into()),
            OwnerError::Closed => StoreError::Closed,
        })?;
        let result = answered.recv().map_err(|_| StoreError::Closed)?;
        result.map_err(append_error)
    }
}

impl EventStore for WorkspaceEventStore {
    fn commit(&self, commit: Commit) -> Result<Committed, AppendError> {
        commit.check()?;
        let command_id = commit.command.as_ref().map(|receipt| receipt.id);
        let request = Request {
            envelope: Envelope {
                command_id: command_id.map(|id| CoreCommandId::from_bytes(*id.as_bytes())),
                source: self.source.clone(),
                ..Envelope::default()
            },
            command: Command::RecordFacts(record_facts(&commit)?),
            destination: Destination::Log,
        };
        let outcome = self.execute(request)?;
        let snapshot = self.snapshot()?;
        let result = match command_id {
            Some(id) => receipt(&*snapshot.store, CoreCommandId::from_bytes(*id.as_bytes()))
                .map_err(read_fault)?
                .map(|receipt| answer(id, &receipt))
                .transpose()?,
            None => None,
        };
        let span = outcome.facts;
        Ok(Committed {
            append: span.map(append_result),
            streams: match span {
                Some(span) => ends(&snapshot, span).map_err(read_fault)?,
                None => Vec::new(),
            },
            result,
            repeated: outcome.repeated,
        })
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        query.check()?;
        let snapshot = self.snapshot()?;
        let after = query.min_sequence_number.map_or(0, |cursor| cursor.0);
        let page = snapshot.facts().query(query, after, count(limit));
        let page = page.map_err(read_fault)?;
        let records = page.facts.into_iter().map(|fact| fact.record).collect();
        Ok(QueryResult::new(records, page.version.map(SequenceNumber)))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        if streams.len() > STREAMS_MAX {
            let streams = streams.len();
            return Err(QueryError::TooManyStreams { streams }.into());
        }
        let named = streams.iter().cloned().collect();
        let snapshot = self.snapshot()?;
        let log = snapshot.facts();
        let read = || -> Result<StreamsRead, StorageError> {
            let facts = log.streams(&named, after.map_or(0, |after| after.0))?;
            let mut versions = Vec::with_capacity(named.len());
            for stream in &named {
                versions.push(StreamPosition {
                    stream: stream.clone(),
                    version: StreamVersion(log.stream_version(stream)?),
                });
            }
            Ok(StreamsRead {
                records: facts.into_iter().map(|fact| fact.record).collect(),
                versions,
                head: number(log.head()?),
            })
        };
        read().map_err(read_fault)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        let snapshot = self.snapshot()?;
        let log = snapshot.facts();
        let facts = log.stream(stream, after.0, count(limit)).map_err(read_fault)?;
        Ok(StreamSlice {
            records: facts.into_iter().map(|fact| fact.record).collect(),
            version: StreamVersion(log.stream_version(stream).map_err(read_fault)?),
        })
    }

    fn command(&self, id: openprod_events::CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        let snapshot = self.snapshot()?;
        let core = CoreCommandId::from_bytes(*id.as_bytes());
        let Some(receipt) = receipt(&*snapshot.store, core).map_err(read_fault)? else {
            return Ok(None);
        };
        Ok(Some(RecordedCommand {
            request: RequestHash::from_bytes(receipt.request),
            result: answer(id, &receipt)?,
            append: receipt.span().map(append_result),
        }))
    }

    fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        let snapshot = self.snapshot()?;
        let op = OpId::from_bytes(*event.as_bytes());
        let found = snapshot.facts().number_of(op).map_err(read_fault)?;
        Ok(found.map(SequenceNumber))
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        self.snapshot()?.facts().head().map(number).map_err(read_fault)
    }

    fn wait(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let head = self.head()?;
        if head > after {
            return Ok(head);
        }
        self.owner.news().wait(after.map_or(0, |after| after.0), patience);
        self.head()
    }
}

/// What is remembered of a command that was given with a receipt.
#[derive(wincode::SchemaRead, wincode::SchemaWrite)]
pub(crate) struct ReceiptRow {
    pub(crate) request: [u8; 32],
    pub(crate) result: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl ReceiptRow {
    fn span(&self) -> Option<FactSpan> {
        let (first, last) = (self.first, self.last);
        (first > 0).then_some(FactSpan { first, last })
    }
}

/// The key of a receipt; those of commands are shorter.
fn receipt_key(command: CoreCommandId) -> Vec<u8> {
    [command.as_bytes().as_slice(), b"receipt"].concat()
}

/// Keeps what a command is answered.
pub(crate) fn keep_receipt(
    store: &mut dyn Write,
    command: CoreCommandId,
    receipt: &FactReceipt,
    span: Option<FactSpan>,
) -> Result<(), StorageError> {
    let row = ReceiptRow {
        request: receipt.request,
        result: receipt.result.clone(),
        first: span.map_or(0, |span| span.first),
        last: span.map_or(0, |span| span.last),
    };
    store.put(Space::Command, &receipt_key(command), &encode(&row))
}

fn receipt(store: &dyn Read, command: CoreCommandId) -> Result<Option<ReceiptRow>, StorageError> {
    let bytes = store.get(Space::Command, &receipt_key(command))?;
    bytes.map(|bytes| stored(Space::Command, &bytes)).transpose()
}

fn answer(command: openprod_events::CommandId, receipt: &ReceiptRow) -> Result<Payload, StoreError> {
    Payload::from_canonical(&receipt.result).map_err(|error| StoreError::DamagedCommand {
        command,
        source: error.into(),
    })
}

/// A commit as a command; refused when an event's metadata nest deeper or are larger than a payload may.
fn record_facts(commit: &Commit) -> Result<RecordFacts, AppendError> {
    let fact = |event: &NewEvent| {
        let metadata = if event.metadata == Metadata::default() {
            None
        } else {
            let metadata = Payload::of(&event.metadata).map_err(|error| RefusedCommit::Store {
                reason: format!("an event's metadata: {error}"),
            })?;
            Some(metadata.canonical().to_owned())
        };
        Ok::<_, RefusedCommit>(NewFact {
            fact_type: event.event_type.as_str().to_owned(),
            payload: event.payload.canonical().to_owned(),
            streams: event
                .stream
                .iter()
                .map(|stream| stream.as_str().to_owned())
                .collect(),
            metadata,
        })
    };
    let query = |query: &EventQuery| {
        serde_json::to_string(&query.clone().after(None)).expect("a query is lists and JSON, keyed by text")
    };
    let facts: Result<_, _> = commit.events.iter().map(fact).collect();
    Ok(RecordFacts {
        facts: facts.map_err(AppendError::Refused)?,
        context: commit.context.as_ref().map(|context| ExpectedFacts {
            query: query(&context.query),
            version: context.version.map(|version| version.0),
            handler_version: 0,
            policy: DecisionPolicy::Surface,
        }),
        streams: commit
            .streams
            .iter()
            .map(|position| ExpectedStream {
                stream: position.stream.as_str().to_owned(),
                version: position.version.0,
            })
            .collect(),
        receipt: commit.command.as_ref().map(|receipt| FactReceipt {
            request: *receipt.request.as_bytes(),
            result: receipt.result.canonical().to_owned(),
        }),
    })
}

/// Where each stream ended with a batch, by name.
fn ends(snapshot: &Snapshot, span: FactSpan) -> Result<Vec<StreamPosition>, StorageError> {
    let mut ends: BTreeMap<StreamId, StreamVersion> = BTreeMap::new();
    for number in span.first..=span.last {
        let fact: Fact = snapshot
            .facts()
            .fact(number)?
            .ok_or_else(|| damaged(Space::Fact))?;
        let positions = fact.streams.into_iter();
        ends.extend(positions.map(|StreamPosition { stream, version }| (stream, version)));
    }
    Ok(ends
        .into_iter()
        .map(|(stream, version)| StreamPosition { stream, version })
        .collect())
}

const fn append_result(span: FactSpan) -> AppendResult {
    AppendResult::spanning(SequenceNumber(span.first), SequenceNumber(span.last))
}

fn number(head: u64) -> Option<SequenceNumber> {
    (head > 0).then_some(SequenceNumber(head))
}

fn count(limit: Option<NonZeroUsize>) -> usize {
    limit.map_or(usize::MAX, NonZeroUsize::get)
}

fn append_error(error: CommandError) -> AppendError {
    match error {
        CommandError::Append(error) => error,
        CommandError::CommandReused { command_id } => AppendError::CommandReused {
            command: openprod_events::CommandId::from_bytes(*command_id.as_bytes()),
        },
        CommandError::Storage(error) => store_fault(error).into(),
        CommandError::Aborted(error) if matches!(*error, StorageError::Full) => StoreError::Full.into(),
        CommandError::Aborted(error) => StoreError::Database(error.into()).into(),
        other => RefusedCommit::Store {
            reason: other.to_string(),
        }
        .into(),
    }
}

fn read_fault(error: StorageError) -> StoreError {
    store_fault(error)
}

fn store_fault(error: StorageError) -> StoreError {
    match error {
        StorageError::Full => StoreError::Full,
        error => StoreError::Database(error.into()),
    }
}
