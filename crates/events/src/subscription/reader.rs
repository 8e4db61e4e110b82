//! Reading on from a position, whatever the topic.
//!
//! The head is asked for first: everything up to it is visible to the reads that follow, so when these find no more, the
//! position moves on to it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use crate::error::StoreError;
use crate::event::{EventRecord, SequenceNumber};
use crate::name::StreamId;
use crate::query::EventQuery;
use crate::store::EventStore;
use crate::stream::StreamVersion;
use crate::subscription::{Batch, Topic};

/// A topic, and how far it has been read.
pub(crate) struct Reader {
    source: Source,
    position: Option<SequenceNumber>,
    batch_max: NonZeroUsize,
}

enum Source {
    Query(EventQuery),
    Streams {
        /// How many events of each stream lie behind the position; absent until the store was asked.
        behind: BTreeMap<StreamId, Option<StreamVersion>>,
    },
}

impl Reader {
    pub(crate) fn new(topic: Topic, position: Option<SequenceNumber>, batch_max: NonZeroUsize) -> Self {
        Self {
            source: match topic {
                Topic::All => Source::Query(EventQuery::all()),
                Topic::Query(query) => Source::Query(query),
                Topic::Streams(streams) => Source::Streams {
                    behind: streams.into_iter().map(|stream| (stream, None)).collect(),
                },
            },
            position,
            batch_max,
        }
    }

    pub(crate) const fn position(&self) -> Option<SequenceNumber> {
        self.position
    }

    pub(crate) fn seek(&mut self, position: Option<SequenceNumber>) {
        self.position = position;
        if let Source::Streams { behind } = &mut self.source {
            for version in behind.values_mut() {
                *version = None;
            }
        }
    }

    /// The next events, `most` of them at most. After an error the position is what it was.
    pub(crate) fn read(&mut self, store: &dyn EventStore, most: NonZeroUsize) -> Result<Batch, StoreError> {
        let most = most.min(self.batch_max);
        let head = store.head()?;
        if head <= self.position {
            // A position beyond the head belongs to another log, or to one that was cut; it is waited for.
            return Ok(Batch {
                records: Vec::new(),
                position: self.position,
                head,
                is_live: true,
            });
        }
        let position = self.position;
        let (records, complete) = match &mut self.source {
            Source::Query(query) => {
                let query = query.clone().after(position);
                let records = store.query_page(&query, Some(most))?.event_records;
                let complete = records.len() < most.get();
                (records, complete)
            }
            Source::Streams { behind } => read_streams(store, behind, position, head, most)?,
        };
        let last = records.last().map(|record| record.sequence_number);
        // Some may have come after the head was asked for.
        let reached = if complete { last.max(head) } else { last };
        self.position = reached.max(position);
        Ok(Batch {
            records,
            position: self.position,
            head: head.max(self.position),
            is_live: complete,
        })
    }
}

/// The next events of several streams, and whether these are all up to `head`.
fn read_streams(
    store: &dyn EventStore,
    behind: &mut BTreeMap<StreamId, Option<StreamVersion>>,
    position: Option<SequenceNumber>,
    head: Option<SequenceNumber>,
    most: NonZeroUsize,
) -> Result<(Vec<EventRecord>, bool), StoreError> {
    let number = |position: Option<SequenceNumber>| position.map_or(0, |position| position.0);
    let distance = number(head) - number(position);
    // Close to the end, one look at the log costs less than one at each stream.
    if behind.len() > 1 && distance <= most.get() as u64 {
        let mut records = store
            .query_page(&EventQuery::all().after(position), Some(most))?
            .event_records;
        let complete = records.len() < most.get() || records.last().map(|last| last.sequence_number) >= head;
        records.retain(|record| {
            let place = record.stream.as_ref();
            place.is_some_and(|place| behind.contains_key(&place.stream))
        });
        note(behind, &records);
        return Ok((records, complete));
    }
    let mut merged = Vec::new();
    // Of a stream that was not read to its end, nothing is known beyond its last event here.
    let mut known_to = head;
    for (stream, version) in behind.iter_mut() {
        let after = match *version {
            Some(version) => version,
            None => *version.insert(version_at(store, stream, position)?),
        };
        let slice = store.read_stream(stream, after, Some(most))?;
        if slice.records.len() == most.get() {
            let last = slice.records.last().map(|record| record.sequence_number);
            known_to = known_to.min(last);
        }
        merged.extend(slice.records);
    }
    merged.retain(|record| Some(record.sequence_number) <= known_to);
    merged.sort_by_key(|record| record.sequence_number);
    let complete = known_to == head && merged.len() <= most.get();
    merged.truncate(most.get());
    note(behind, &merged);
    Ok((merged, complete))
}

/// Moves the streams of these records on.
fn note(behind: &mut BTreeMap<StreamId, Option<StreamVersion>>, records: &[EventRecord]) {
    for place in records.iter().filter_map(|record| record.stream.as_ref()) {
        if let Some(version) = behind.get_mut(&place.stream) {
            *version = Some(place.version);
        }
    }
}

/// How many events a stream had when the store was at `position`: versions rise with sequence numbers, so halving finds
/// it.
fn version_at(
    store: &dyn EventStore,
    stream: &StreamId,
    position: Option<SequenceNumber>,
) -> Result<StreamVersion, StoreError> {
    if position.is_none() {
        return Ok(StreamVersion::EMPTY);
    }
    let (mut low, mut high) = (0, store.stream_version(stream)?.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let slice = store.read_stream(stream, StreamVersion(middle), Some(NonZeroUsize::MIN))?;
        let found = slice.records.first().map(|record| record.sequence_number);
        // The event after `middle` is the first that may lie beyond.
        if found.is_some() && found <= position {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(StreamVersion(low))
}
