//! Where the projections of a workspace read: its facts, and its commands, each as a store of events.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use openprod_core::VerifiedBundle;
use openprod_engine::facts::WorkspaceEventStore;
use openprod_engine::{OwnerHandle, Snapshot, Snapshots};
use openprod_events::{
    AppendError, CommandId, Commit, Committed, EventId, EventQuery, EventRecord, EventStore, EventType,
    Layer, Metadata, Payload, QueryResult, RecordedCommand, RefusedCommit, SequenceNumber, StoreError,
    StreamId, StreamPosition, StreamSlice, StreamVersion, StreamsRead, Timestamp,
};
use openprod_storage::{Position, StorageError};
use serde::{Deserialize, Serialize};

use super::bell::Bell;

/// The type of the events of [`CommandLog`].
pub(super) const COMMAND_GIVEN: &str = "openprod.command_given";

/// How many bundles are in memory at a time: each may have 8 MiB.
const BATCH: usize = 16;

/// The facts of a workspace.
pub(super) fn fact_store(owner: &OwnerHandle) -> WorkspaceEventStore {
    WorkspaceEventStore::new(owner.clone(), "projections")
}

/// A store whose news are told by a bell.
pub(super) struct Belled<S> {
    store: S,
    bell: Arc<Bell>,
}

impl<S> Belled<S> {
    pub(super) const fn new(store: S, bell: Arc<Bell>) -> Self {
        Self { store, bell }
    }
}

impl<S: EventStore> Layer for Belled<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    fn wait_inside(
        &self,
        after: Option<SequenceNumber>,
        patience: Duration,
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let rings = self.bell.rings();
        let head = self.store.head()?;
        if head > after {
            return Ok(head);
        }
        self.bell.wait(rings, patience);
        self.store.head()
    }
}

/// What is told of a command: the payload of its event.
#[derive(Serialize, Deserialize)]
pub(super) struct CommandGiven {
    pub(super) bundle_id: String,
    pub(super) command_id: String,
    pub(super) command_type: String,
    pub(super) actor_id: String,
    pub(super) device: String,
    /// Microseconds since 1970.
    pub(super) at: u64,
    pub(super) source: String,
    pub(super) correlation_id: Option<String>,
    pub(super) causation_id: Option<String>,
    pub(super) justification: Option<String>,
    pub(super) approval_id: Option<String>,
    pub(super) operations: u32,
}

/// The commands of a workspace as a store of events: each is one event, whose number is its bundle's place in commit
/// order, from 1 on. It takes no commit.
pub(super) struct CommandLog {
    snapshots: Snapshots,
}

impl CommandLog {
    pub(super) const fn new(snapshots: Snapshots) -> Self {
        Self { snapshots }
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.snapshots.take().map_err(fault)
    }
}

impl EventStore for CommandLog {
    fn commit(&self, _: Commit) -> Result<Committed, AppendError> {
        Err(AppendError::Refused(RefusedCommit::Store {
            reason: "the log of commands is only read".to_owned(),
        }))
    }

    fn query_page(&self, query: &EventQuery, limit: Option<NonZeroUsize>) -> Result<QueryResult, StoreError> {
        query.check()?;
        let snapshot = self.snapshot()?;
        let last = snapshot.last().map_err(fault)?.0;
        let most = limit.map_or(usize::MAX, NonZeroUsize::get);
        let mut records = Vec::new();
        let mut after = query.min_sequence_number.map_or(0, |cursor| cursor.0);
        while after < last && records.len() < most {
            for bundle in snapshot.bundles(Position(after), BATCH).map_err(fault)? {
                after += 1;
                let record = given(after, &bundle)?;
                if records.len() < most && query.matches(&record.event_type, &record.payload) {
                    records.push(record);
                }
            }
        }
        Ok(QueryResult::new(records, number(last)))
    }

    fn read_streams(
        &self,
        streams: &[StreamId],
        _: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        Ok(StreamsRead {
            records: Vec::new(),
            versions: streams
                .iter()
                .map(|stream| StreamPosition {
                    stream: stream.clone(),
                    version: StreamVersion::EMPTY,
                })
                .collect(),
            head: self.head()?,
        })
    }

    fn read_stream(
        &self,
        _: &StreamId,
        _: StreamVersion,
        _: Option<NonZeroUsize>,
    ) -> Result<StreamSlice, StoreError> {
        Ok(StreamSlice {
            records: Vec::new(),
            version: StreamVersion::EMPTY,
        })
    }

    fn command(&self, _: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        Ok(None)
    }

    fn position_of(&self, _: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        Ok(None)
    }

    fn head(&self) -> Result<Option<SequenceNumber>, StoreError> {
        Ok(number(self.snapshot()?.last().map_err(fault)?.0))
    }

    /// Does not wait: a bell is needed for that.
    fn wait(&self, _: Option<SequenceNumber>, _: Duration) -> Result<Option<SequenceNumber>, StoreError> {
        self.head()
    }
}

fn given(position: u64, bundle: &VerifiedBundle) -> Result<EventRecord, StoreError> {
    let (header, sequence_number) = (bundle.header(), SequenceNumber(position));
    let damaged = |source: openprod_events::error::DatabaseError| StoreError::Damaged {
        sequence_number,
        source,
    };
    let intent = &header.intent;
    let at = header.hlc.timestamp();
    let payload = Payload::of(&CommandGiven {
        bundle_id: bundle.id().to_string(),
        command_id: intent.command_id.to_string(),
        command_type: intent.command_type.clone(),
        actor_id: header.actor.to_string(),
        device: header.log.to_string(),
        at: at.as_micros(),
        source: intent.source.clone(),
        correlation_id: intent.correlation_id.map(|id| id.to_string()),
        causation_id: intent.causation_id.map(|id| id.to_string()),
        justification: intent.justification.clone(),
        approval_id: intent.approval_id.clone(),
        operations: bundle.len(),
    });
    Ok(EventRecord {
        sequence_number,
        event_id: EventId::from_bytes(*bundle.id().as_bytes()),
        occurred_at: Timestamp::from_millis(at.as_millis()),
        event_type: EventType::new(COMMAND_GIVEN).map_err(|error| damaged(error.into()))?,
        payload: payload.map_err(|error| damaged(error.into()))?,
        stream: None,
        metadata: Metadata::default(),
    })
}

fn number(last: u64) -> Option<SequenceNumber> {
    (last > 0).then_some(SequenceNumber(last))
}

fn fault(error: StorageError) -> StoreError {
    StoreError::Database(error.into())
}
