//! Reading facts, by number, by query and by stream.

use std::collections::BTreeSet;

use openprod_core::{ActorId, BundleId, CommandId, Hlc, OpId};
use openprod_events::posting::{Leaf, alternatives};
use openprod_events::walk::{Postings, Walk, Way};
use openprod_events::{
    EventFilter, EventId, EventQuery, EventRecord, EventType, Metadata, Payload, SequenceNumber, StreamId,
    StreamPosition, StreamVersion, Timestamp,
};
use openprod_storage::{Read, Space, StorageError};

use super::LEAF_KEY;
use super::effect::{self, ReusedCommand};
use super::row::{
    FactRow, Kind, Ordinal, damaged, list_key, number_at_end, posting_key, stream_id, stream_key,
};

/// How many versions of a stream are looked at together. Whoever follows a stream is never far behind.
const VERSIONS_BATCH: usize = 64;

/// The facts of one state of a workspace.
#[derive(Clone, Copy)]
pub struct FactLog<'a> {
    store: &'a dyn Read,
}

/// A fact with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// It as an event, in the first of its streams.
    pub record: EventRecord,
    /// All of its streams, and where it stands in them.
    pub streams: Vec<StreamPosition>,
    /// The operation that recorded it: what peers call it.
    pub op_id: OpId,
    /// Its bundle.
    pub bundle: BundleId,
    /// The bundle that its own repeats: the same command, given on a device that had not heard of the other. It
    /// matches no query then, and stands in no stream.
    pub repeats: Option<BundleId>,
    /// Who recorded it.
    pub actor: ActorId,
    /// When.
    pub hlc: Hlc,
}

/// Facts that match a query, and how far its context has come.
#[derive(Clone, Debug, PartialEq)]
pub struct FactPage {
    /// The facts, by sequence number.
    pub facts: Vec<Fact>,
    /// The number of the last of all facts that match; `None` when none does.
    pub version: Option<u64>,
}

/// Which facts are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that repeat no others.
    Counting,
    /// Repetitions, too.
    Every,
}

impl<'a> FactLog<'a> {
    pub(crate) const fn new(store: &'a dyn Read) -> Self {
        Self { store }
    }

    /// The number of the last fact; 0 when there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn head(&self) -> Result<u64, StorageError> {
        let last = self.store.scan_back(Space::Fact, &[], None, 1)?;
        last.first()
            .map_or(Ok(0), |(key, _)| number_at_end(Space::Fact, key))
    }

    /// The fact of this number; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn fact(&self, number: u64) -> Result<Option<Fact>, StorageError> {
        let row = FactRow::find(self.store, number)?;
        row.map(|row| fact(number, row)).transpose()
    }

    /// The number of the fact that an operation recorded; `None` when it recorded none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn number_of(&self, op: OpId) -> Result<Option<u64>, StorageError> {
        Ok(Ordinal::find(self.store, op)?.map(|ordinal| ordinal.number))
    }

    /// The first `limit` facts beyond number `after` that match a query, whose own cursor plays no part, and the
    /// version of its context.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn query(&self, query: &EventQuery, after: u64, limit: usize) -> Result<FactPage, StorageError> {
        let rows = self.rows(query, after, limit, Which::Counting)?;
        Ok(FactPage {
            facts: rows
                .into_iter()
                .map(|(number, row)| fact(number, row))
                .collect::<Result<_, _>>()?,
            version: self.context_version(query)?,
        })
    }

    /// The number of the last of all facts that match a query; `None` when none does.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn context_version(&self, query: &EventQuery) -> Result<Option<u64>, StorageError> {
        let head = signed(self.head()?);
        let found = alternatives(query, &LEAF_KEY);
        let lists = Lists { store: self.store };
        let mut walk = Walk::new(&lists, &found, Way::Down, head, head)?;
        while let Some(candidate) = walk.advance()? {
            let number = candidate.seq.unsigned_abs();
            if let Some(row) = FactRow::find(self.store, number)?
                && row.repeats.is_none()
                && matches(query, &row)?
            {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// The version of a stream's last fact; 0 when it has none. Versions rise, with gaps where repetitions stood.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn stream_version(&self, stream: &StreamId) -> Result<u64, StorageError> {
        let key = stream_key(stream.as_str());
        let last = self.store.scan_back(Space::Stream, &key, None, 1)?;
        last.first()
            .map_or(Ok(0), |(key, _)| number_at_end(Space::Stream, key))
    }

    /// The last fact of a stream; `None` when it has none.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn stream_head(&self, stream: &StreamId) -> Result<Option<OpId>, StorageError> {
        let key = stream_key(stream.as_str());
        let Some((_, number)) = self.store.scan_back(Space::Stream, &key, None, 1)?.pop() else {
            return Ok(None);
        };
        let number = number_at_end(Space::Stream, &number)?;
        Ok(Some(FactRow::load(self.store, number)?.op))
    }

    /// The first `limit` facts of a stream after its version `after`, each as an event of this stream.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<Fact>, StorageError> {
        let prefix = stream_key(stream.as_str());
        let start = [prefix.as_slice(), &after.to_be_bytes()].concat();
        let rows = self.store.scan(Space::Stream, &prefix, Some(&start), limit)?;
        let mut facts = Vec::with_capacity(rows.len());
        for (_, number) in rows {
            let number = number_at_end(Space::Stream, &number)?;
            let mut fact = fact(number, FactRow::load(self.store, number)?)?;
            let position = fact
                .streams
                .iter()
                .find(|position| position.stream == *stream)
                .cloned();
            fact.record.stream = position;
            facts.push(fact);
        }
        Ok(facts)
    }

    /// The facts of several streams beyond number `after`, each once, by number.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn streams(&self, streams: &BTreeSet<StreamId>, after: u64) -> Result<Vec<Fact>, StorageError> {
        let mut facts: Vec<Fact> = Vec::new();
        for stream in streams {
            let version = self.version_at(stream, after)?;
            facts.extend(self.stream(stream, version, usize::MAX)?);
        }
        facts.sort_by_key(|fact| fact.record.sequence_number);
        facts.dedup_by_key(|fact| fact.record.sequence_number);
        Ok(facts)
    }

    /// The last version of a stream whose fact has at most this number.
    fn version_at(&self, stream: &StreamId, number: u64) -> Result<u64, StorageError> {
        let key = stream_key(stream.as_str());
        let mut before: Option<Vec<u8>> = None;
        if number == 0 {
            return Ok(0);
        }
        loop {
            let rows = self
                .store
                .scan_back(Space::Stream, &key, before.as_deref(), VERSIONS_BATCH)?;
            for (key, value) in &rows {
                if number_at_end(Space::Stream, value)? <= number {
                    return number_at_end(Space::Stream, key);
                }
            }
            match rows.into_iter().next_back() {
                Some((last, _)) => before = Some(last),
                None => return Ok(0),
            }
        }
    }

    /// The bundle that this one repeats; `None` if it repeats none. Of bundles that record the same facts under one
    /// command id, all but the first in canonical order are repetitions.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn repeated_by(&self, bundle: BundleId) -> Result<Option<BundleId>, StorageError> {
        effect::repeated_by(self.store, bundle)
    }

    /// The numbers of the facts that are one effect with this one: the same said under the same command, on devices that
    /// had not heard of each other. In the canonical order of their bundles, this one not among them.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn twins(&self, fact: &Fact) -> Result<Vec<u64>, StorageError> {
        effect::twins(self.store, fact.op_id)
    }

    /// Whether bundles record different facts under a command's id.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn is_reused(&self, command: CommandId) -> Result<bool, StorageError> {
        effect::is_reused(self.store, command)
    }

    /// The command ids under which bundles record different facts: all of these count, and whoever gave out the ids is at
    /// fault.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn reused(&self) -> Result<Vec<ReusedCommand>, StorageError> {
        effect::reused(self.store)
    }

    /// The rows of the first `limit` facts beyond number `after` that match a query.
    pub(crate) fn rows(
        &self,
        query: &EventQuery,
        after: u64,
        limit: usize,
        which: Which,
    ) -> Result<Vec<(u64, FactRow)>, StorageError> {
        let head = signed(self.head()?);
        let mut found = Vec::new();
        let Some(start) = signed(after).checked_add(1) else {
            return Ok(found);
        };
        let alternatives = alternatives(query, &LEAF_KEY);
        let lists = Lists { store: self.store };
        let mut walk = Walk::new(&lists, &alternatives, Way::Up, start, head)?;
        while found.len() < limit
            && let Some(candidate) = walk.advance()?
        {
            let number = candidate.seq.unsigned_abs();
            if let Some(row) = FactRow::find(self.store, number)?
                && (row.repeats.is_none() || which == Which::Every)
                && matches(query, &row)?
            {
                found.push((number, row));
            }
        }
        Ok(found)
    }
}

/// The lists under which facts are found.
struct Lists<'a> {
    store: &'a dyn Read,
}

impl Postings for Lists<'_> {
    type Error = StorageError;
    type Type = Kind;

    fn types(&self, named: Option<&BTreeSet<EventType>>) -> Result<Vec<Kind>, StorageError> {
        let Some(named) = named else {
            let rows = self.store.scan(Space::Kind, &[], None, usize::MAX)?;
            let kind = |(key, _): (Vec<u8>, _)| {
                let kind = key.try_into().map_err(|_| damaged(Space::Kind))?;
                Ok(Kind(kind))
            };
            return rows.into_iter().map(kind).collect();
        };
        // A type without a fact has an empty list.
        Ok(named.iter().map(Kind::of).collect())
    }

    fn numbers(
        &self,
        (kind, leaf): (Kind, Leaf),
        way: Way,
        target: i64,
        limit: usize,
    ) -> Result<Vec<i64>, StorageError> {
        let list = list_key(kind, leaf);
        let target = u64::try_from(target).unwrap_or(0);
        let rows = match way {
            Way::Up => {
                let after = target
                    .checked_sub(1)
                    .map(|before| posting_key(kind, leaf, before));
                let after = after.as_ref().map(<[u8; 24]>::as_slice);
                self.store.scan(Space::Posting, &list, after, limit)?
            }
            Way::Down => {
                let before = target
                    .checked_add(1)
                    .map(|beyond| posting_key(kind, leaf, beyond));
                let before = before.as_ref().map(<[u8; 24]>::as_slice);
                self.store.scan_back(Space::Posting, &list, before, limit)?
            }
        };
        rows.iter()
            .map(|(key, _)| number_at_end(Space::Posting, key).map(signed))
            .collect()
    }
}

/// A number as walks count; one beyond their range is beyond every fact.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whether a fact matches. Its payload is read only if its type does not decide.
fn matches(query: &EventQuery, row: &FactRow) -> Result<bool, StorageError> {
    let event_type = EventType::new(&row.fact_type).map_err(|_| damaged(Space::Fact))?;
    let of_type = |filter: &&EventFilter| {
        let types = filter.event_types.as_ref();
        types.is_none_or(|types| types.contains(&event_type))
    };
    let mut undecided = query.filters.iter().filter(of_type).peekable();
    if query.filters.is_empty() {
        return Ok(true);
    }
    if undecided.peek().is_none() {
        return Ok(false);
    }
    if undecided.any(|filter| filter.payload_predicates.is_none()) {
        return Ok(true);
    }
    Ok(query.matches(&event_type, &payload(&row.payload)?))
}

fn payload(text: &str) -> Result<Payload, StorageError> {
    Payload::from_canonical(text).map_err(|_| damaged(Space::Fact))
}

/// A row as a fact.
pub(crate) fn fact(number: u64, row: FactRow) -> Result<Fact, StorageError> {
    let metadata = if row.metadata.is_empty() {
        Metadata::default()
    } else {
        let said = payload(&row.metadata)?;
        // What has a form that is not known here is shown as it was said.
        said.read().unwrap_or_else(|_| Metadata {
            custom: Some(said),
            ..Metadata::default()
        })
    };
    let mut streams = Vec::with_capacity(row.streams.len());
    for (stream, version) in row.streams.iter().zip(&row.versions) {
        streams.push(StreamPosition {
            stream: stream_id(stream)?,
            version: StreamVersion(*version),
        });
    }
    Ok(Fact {
        record: EventRecord {
            sequence_number: SequenceNumber(number),
            event_id: EventId::from_bytes(*row.op.as_bytes()),
            occurred_at: Timestamp::from_millis(row.hlc.timestamp().as_micros() / 1_000),
            event_type: EventType::new(&row.fact_type).map_err(|_| damaged(Space::Fact))?,
            payload: payload(&row.payload)?,
            stream: streams.first().cloned(),
            metadata,
        },
        streams,
        op_id: row.op,
        bundle: row.bundle,
        repeats: row.repeats,
        actor: row.actor,
        hlc: row.hlc,
    })
}
