//! Subscriptions: events in their order, from a position on, replayed first and then as they come.
//!
//! A subscription is pulled: whoever takes batches slowly gets them slowly, and nothing piles up. It reads the log and
//! nothing else; [`EventStore::wait`] only wakes it. Sequence numbers become visible in order, so whatever lies behind its
//! position has been given, also while many write. It gives each event at least once: whoever keeps the position of the
//! last batch that was dealt with, and begins there the next time, misses none.
//!
//! **Start reading** at [`Subscription`]; [`SubscriptionThread`] is the form with a handler on a thread of its own.

mod backoff;
mod cancel;
mod reader;
mod status;
mod thread;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use backoff::Backoff;
pub use cancel::Cancel;
pub use status::{SubscriptionHealth, SubscriptionMetrics, SubscriptionStatus};
pub use thread::{HandlerError, SubscriptionThread};

use crate::error::StoreError;
use crate::event::{EventRecord, SequenceNumber};
use crate::id::EventId;
use crate::name::StreamId;
use crate::query::EventQuery;
use crate::store::EventStore;
use crate::stream::StreamVersion;
use crate::subscription::reader::Reader;
use crate::subscription::status::Shared;

/// Which events a subscription gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Topic {
    /// All of the store.
    All,
    /// Those of these streams, which may not be there yet.
    Streams(BTreeSet<StreamId>),
    /// Those that match. The query's own cursor plays no part.
    Query(EventQuery),
}

impl Topic {
    /// The events of one stream.
    #[must_use]
    pub fn stream(stream: StreamId) -> Self {
        Self::Streams(BTreeSet::from([stream]))
    }
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first event of the store.
    Beginning,
    /// With the first event after this one.
    After(SequenceNumber),
    /// With what comes after the present head.
    Now,
}

impl Start {
    /// After a position that may be absent: that is the beginning.
    #[must_use]
    pub fn from_position(position: Option<SequenceNumber>) -> Self {
        position.map_or(Self::Beginning, Self::After)
    }

    /// After an event that is known by its id; `None` when the store has no such event.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn after_event(store: &dyn EventStore, event: EventId) -> Result<Option<Self>, StoreError> {
        Ok(store.position_of(event)?.map(Self::After))
    }

    /// After a version of a stream. A stream that does not reach so far is read from its end on.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn after_version(
        store: &dyn EventStore,
        stream: &StreamId,
        version: StreamVersion,
    ) -> Result<Self, StoreError> {
        let end = store.stream_version(stream)?;
        let Some(before) = version.min(end).0.checked_sub(1) else {
            return Ok(Self::Beginning);
        };
        let slice = store.read_stream(stream, StreamVersion(before), Some(NonZeroUsize::MIN))?;
        Ok(Self::from_position(
            slice.records.first().map(|record| record.sequence_number),
        ))
    }
}

/// How a subscription reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubscriptionConfig {
    /// How many events a batch has at most.
    pub batch_max: NonZeroUsize,
    /// How long it sleeps at most before it looks whether it was cancelled, in milliseconds.
    pub wait_ms_max: u64,
    /// How it waits for a store that is away.
    pub backoff: Backoff,
}

impl Default for SubscriptionConfig {
    fn default() -> Self {
        Self {
            batch_max: const { NonZeroUsize::new(1_000).expect("1,000 is not 0") },
            wait_ms_max: 250,
            backoff: Backoff::default(),
        }
    }
}

/// Events that follow one another, and how far the subscription is with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The events, by sequence number.
    pub records: Vec<EventRecord>,
    /// Everything up to here that belongs to the topic has been given with this batch and those before it. It may be
    /// beyond the last record. Absent before the first event of the store.
    pub position: Option<SequenceNumber>,
    /// The last event of the store when the batch was read.
    pub head: Option<SequenceNumber>,
    /// Whether the batch reached what was the end of the log.
    pub is_live: bool,
}

/// A subscription that is pulled. As an iterator it blocks until there are events, and ends when it is cancelled.
pub struct Subscription {
    store: Arc<dyn EventStore>,
    reader: Reader,
    config: SubscriptionConfig,
    cancel: Cancel,
    shared: Arc<Shared>,
}

impl Subscription {
    /// Subscribes to `topic` of `store`.
    ///
    /// # Errors
    /// [`StoreError`] when the query is refused, or the present head is asked for and the store fails.
    pub fn open(
        store: Arc<dyn EventStore>,
        topic: Topic,
        start: Start,
        config: SubscriptionConfig,
    ) -> Result<Self, StoreError> {
        let position = match start {
            Start::Beginning => None,
            Start::After(position) => Some(position),
            Start::Now => store.head()?,
        };
        if let Topic::Query(query) = &topic {
            query.check()?;
        }
        Ok(Self {
            store,
            reader: Reader::new(topic, position, config.batch_max),
            config,
            cancel: Cancel::default(),
            shared: Arc::new(Shared::at(position)),
        })
    }

    /// What stops it, from any thread.
    #[must_use]
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// How far it is: what was given, not what was dealt with.
    #[must_use]
    pub const fn position(&self) -> Option<SequenceNumber> {
        self.reader.position()
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> SubscriptionStatus {
        self.shared.status()
    }

    /// Reads the next batch without waiting for anything: without records when there is nothing new. After an error it
    /// stands where it stood.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn poll(&mut self) -> Result<Batch, StoreError> {
        self.poll_up_to(self.config.batch_max)
    }

    /// Reads as [`Self::poll`], at most `most` events.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn poll_up_to(&mut self, most: NonZeroUsize) -> Result<Batch, StoreError> {
        match self.reader.read(&*self.store, most) {
            Ok(batch) => {
                self.shared.given(&batch);
                Ok(batch)
            }
            Err(error) => {
                self.shared.failed(&error);
                Err(error)
            }
        }
    }

    /// Goes on after `position`, or back to it: what lies behind is given again.
    pub fn seek(&mut self, position: Option<SequenceNumber>) {
        self.reader.seek(position);
        self.shared.moved(position);
    }

    /// Sleeps until there may be something after its position, or `patience` is over. It may return early.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub fn wait(&self, patience: Duration) -> Result<(), StoreError> {
        let waited = self.store.wait(self.reader.position(), patience);
        waited.map(drop).inspect_err(|error| self.shared.failed(error))
    }

    /// Waits for the next batch that has records; `None` after it was cancelled. A store that is away is waited for.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails in a way that waiting does not mend. It stands where it stood, and may be
    /// asked again.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, StoreError> {
        let mut failures = 0;
        while !self.cancel.is_cancelled() {
            let patience = Duration::from_millis(self.config.wait_ms_max);
            let outcome = match self.poll() {
                Ok(batch) if !batch.records.is_empty() => return Ok(Some(batch)),
                Ok(_) => self.wait(patience),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => failures = 0,
                Err(error) if error.is_passing() => {
                    let delay = self.config.backoff.delay(failures);
                    tracing::warn!(
                        error = %error,
                        failures,
                        retry_ms = delay.as_millis() as u64,
                        position = self.reader.position().map(|position| position.0),
                        "subscription waits for its store"
                    );
                    failures = failures.saturating_add(1);
                    self.cancel.sleep(delay);
                }
                Err(error) => return Err(error),
            }
        }
        self.shared.ended();
        Ok(None)
    }
}

impl Iterator for Subscription {
    type Item = Result<Batch, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
