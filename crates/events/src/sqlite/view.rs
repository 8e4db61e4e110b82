//! Reading: what one connection sees, inside one transaction.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::commit::{AppendResult, RecordedCommand, RequestHash};
use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::posting::{Alternative, Leaf, LeafKey, alternatives};
use crate::query::{EventQuery, QueryResult};
use crate::record::{Stored, read_payload};
use crate::sqlite::fault::read_fault;
use crate::sqlite::names::TypeNumbers;
use crate::stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};
use crate::walk::{Postings, Walk, Way};

/// Events with the columns that [`View::record`] reads; `e` is the event and `s` its stream.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.event_id, e.occurred_at, e.type_id, s.name, e.stream_version, e.metadata, e.payload
             FROM event e LEFT JOIN stream s ON s.id = e.stream_id ",
            $rest
        )
    };
}

/// Events of one stream, whose name is known: the same columns without it.
const OF_STREAM: &str =
    "SELECT e.seq, e.event_id, e.occurred_at, e.type_id, NULL, v.version, e.metadata, e.payload
     FROM stream_event v JOIN event e ON e.seq = v.seq
     WHERE v.stream_id = ?1 AND v.version > ?2 ORDER BY v.version LIMIT ?3";

/// The store as a connection sees it.
pub(crate) struct View<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) key: &'c LeafKey,
    pub(crate) types: &'c TypeNumbers,
    /// Whether all that it sees is committed, so that the numbers of types can be remembered.
    pub(crate) is_committed: bool,
}

impl View<'_> {
    pub(crate) fn head(&self) -> Result<i64, rusqlite::Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM event")?
            .query_row([], |row| row.get(0))
    }

    pub(crate) fn query(&self, query: &EventQuery, limit: usize) -> Result<QueryResult, StoreError> {
        let after = stored_number(query.min_sequence_number.map_or(0, |cursor| cursor.0));
        let mut records = Vec::new();
        if query.filters.is_empty() {
            let head = self.head().map_err(read_fault)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let sql = select!("WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
            self.collect(sql, params![after, limit], None, &mut records)?;
            return Ok(QueryResult::new(records, number(head)));
        }
        let found = alternatives(query, self.key);
        let end = self.end(&found)?;
        // Where everything beyond the cursor is read, the last of it is the version.
        let mut read_to_the_end = false;
        if let Some(start) = after.checked_add(1) {
            let mut by_number = self
                .connection
                .prepare_cached(select!("WHERE e.seq = ?1"))
                .map_err(read_fault)?;
            let mut walk = Walk::new(self, &found, Way::Up, start, end).map_err(read_fault)?;
            while records.len() < limit {
                let candidate = walk.advance().map_err(read_fault)?;
                let Some(candidate) = candidate.filter(|candidate| candidate.seq <= end) else {
                    read_to_the_end = true;
                    break;
                };
                let mut rows = by_number.query([candidate.seq]).map_err(read_fault)?;
                let Some(row) = rows.next().map_err(read_fault)? else {
                    return Err(damaged(candidate.seq, "a posting has no event".into()));
                };
                let record = self.record(row, None)?;
                if candidate.exact || query.matches(&record.event_type, &record.payload) {
                    records.push(record);
                }
            }
        }
        let version = match records.last() {
            Some(last) if read_to_the_end => Some(last.sequence_number),
            _ => self.newest(query, &found)?,
        };
        Ok(QueryResult::new(records, version))
    }

    /// The highest number among all events that match, whatever the cursor.
    pub(crate) fn context_version(&self, query: &EventQuery) -> Result<Option<SequenceNumber>, StoreError> {
        self.newest(query, &alternatives(query, self.key))
    }

    /// A number that no event is beyond. Lists end by themselves; where there is none, the walk is along all events.
    fn end(&self, found: &[Alternative]) -> Result<i64, StoreError> {
        if found.iter().any(Alternative::is_everything) {
            self.head().map_err(read_fault)
        } else {
            Ok(i64::MAX)
        }
    }

    fn newest(
        &self,
        query: &EventQuery,
        found: &[Alternative],
    ) -> Result<Option<SequenceNumber>, StoreError> {
        let end = self.end(found)?;
        let mut walk = Walk::new(self, found, Way::Down, end, end).map_err(read_fault)?;
        while let Some(candidate) = walk.advance().map_err(read_fault)? {
            if candidate.exact || self.matches(candidate.seq, query)? {
                return Ok(number(candidate.seq));
            }
        }
        Ok(None)
    }

    /// Looks at no more of an event than it takes to judge it.
    fn matches(&self, seq: i64, query: &EventQuery) -> Result<bool, StoreError> {
        let sql = "SELECT type_id, payload FROM event WHERE seq = ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let mut rows = statement.query([seq]).map_err(read_fault)?;
        let Some(row) = rows.next().map_err(read_fault)? else {
            return Err(damaged(seq, "a posting has no event".into()));
        };
        let event_type = self.event_type(row.get(0).map_err(read_fault)?, seq)?;
        let text = row.get_ref(1).map_err(read_fault)?.as_str();
        let text = text.map_err(|error| damaged(seq, error.into()))?;
        let payload = read_payload(text).map_err(|error| damaged(seq, error.into()))?;
        Ok(query.matches(&event_type, &payload))
    }

    /// The type of this number, which event `seq` has.
    fn event_type(&self, id: i64, seq: i64) -> Result<EventType, StoreError> {
        if let Some(known) = self.types.name(id) {
            return Ok(known);
        }
        let name: Option<String> = self
            .connection
            .prepare_cached("SELECT name FROM event_type WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
            .map_err(read_fault)?;
        let name = name.ok_or_else(|| damaged(seq, "its type has no name".into()))?;
        let name = EventType::new(name).map_err(|error| damaged(seq, error.into()))?;
        if self.is_committed {
            self.types.learn(id, &name);
        }
        Ok(name)
    }

    /// Reads events; `stream` is the one that all of them are in, where the rows do not name it.
    fn collect(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        stream: Option<&StreamId>,
        records: &mut Vec<EventRecord>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let mut rows = statement.query(params).map_err(read_fault)?;
        while let Some(row) = rows.next().map_err(read_fault)? {
            records.push(self.record(row, stream)?);
        }
        Ok(())
    }

    /// Reads a row of events.
    fn record(&self, row: &Row<'_>, stream: Option<&StreamId>) -> Result<EventRecord, StoreError> {
        let seq: i64 = row.get(0).map_err(read_fault)?;
        let text = |column: usize| -> Result<Option<&str>, StoreError> {
            row.get_ref(column)
                .map_err(read_fault)?
                .as_str_or_null()
                .map_err(|error| damaged(seq, error.into()))
        };
        let named = text(4)?.map(StreamId::new).transpose();
        let named = named.map_err(|error| damaged(seq, error.into()))?;
        Stored {
            sequence_number: seq.unsigned_abs(),
            event_id: row.get(1).map_err(|error| damaged(seq, error.into()))?,
            occurred_at: Timestamp::from_millis(row.get::<_, i64>(2).map_err(read_fault)?.unsigned_abs()),
            event_type: self.event_type(row.get(3).map_err(read_fault)?, seq)?,
            stream: named.or_else(|| stream.cloned()),
            stream_version: row
                .get::<_, Option<i64>>(5)
                .map_err(read_fault)?
                .map(i64::unsigned_abs),
            metadata: text(6)?,
            payload: text(7)?.unwrap_or_default(),
        }
        .read()
    }

    /// The number of a stream; `None` when it is not there.
    pub(crate) fn stream_id(&self, stream: &StreamId) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT id FROM stream WHERE name = ?1")?
            .query_row([stream.as_str()], |row| row.get(0))
            .optional()
    }

    /// Where the stream of this number ends.
    pub(crate) fn last_version(&self, stream: i64) -> rusqlite::Result<StreamVersion> {
        self.connection
            .prepare_cached("SELECT coalesce(max(version), 0) FROM stream_event WHERE stream_id = ?1")?
            .query_row([stream], |row| row.get::<_, i64>(0))
            .map(|version| StreamVersion(version.unsigned_abs()))
    }

    pub(crate) fn read_streams(
        &self,
        streams: &BTreeSet<StreamId>,
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let head = self.head().map_err(read_fault)?;
        let after = stored_number(after.map_or(0, |after| after.0));
        let mut read = StreamsRead {
            records: Vec::new(),
            versions: Vec::with_capacity(streams.len()),
            head: number(head),
        };
        for stream in streams {
            let version = match self.stream_id(stream).map_err(read_fault)? {
                Some(id) => self.read_after((stream, id), after, head, &mut read.records)?,
                None => StreamVersion::EMPTY,
            };
            read.versions.push(StreamPosition {
                stream: stream.clone(),
                version,
            });
        }
        read.records.sort_by_key(|record| record.sequence_number);
        Ok(read)
    }

    /// Reads the events of a stream after number `after` of the store, and gives the version at which it ends.
    fn read_after(
        &self,
        (stream, id): (&StreamId, i64),
        after: i64,
        head: i64,
        records: &mut Vec<EventRecord>,
    ) -> Result<StreamVersion, StoreError> {
        if after <= 0 {
            let before = records.len();
            self.collect(OF_STREAM, [id, 0, i64::MAX], Some(stream), records)?;
            // All of it was read, and a stream that has a number may have no event.
            let last = records[before..].last().and_then(|last| last.stream.as_ref());
            return Ok(last.map_or(StreamVersion::EMPTY, |place| place.version));
        }
        let version = self.last_version(id).map_err(read_fault)?;
        if after < head {
            let before = self.version_at(id, after, version).map_err(read_fault)?;
            self.collect(OF_STREAM, [id, before, i64::MAX], Some(stream), records)?;
        }
        Ok(version)
    }

    /// How many events a stream, which ends at `version`, had when the store was at `seq`: versions rise with sequence
    /// numbers, so halving finds it.
    fn version_at(&self, stream: i64, seq: i64, version: StreamVersion) -> rusqlite::Result<i64> {
        let sql = "SELECT seq FROM stream_event WHERE stream_id = ?1 AND version = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (mut low, mut high) = (0, stored_number(version.0));
        while low < high {
            let middle = low + (high - low + 1) / 2;
            let found: i64 = statement.query_row([stream, middle], |row| row.get(0))?;
            if found <= seq {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }

    pub(crate) fn read_stream(
        &self,
        stream: &StreamId,
        after: StreamVersion,
        limit: usize,
    ) -> Result<StreamSlice, StoreError> {
        let mut slice = StreamSlice {
            records: Vec::new(),
            version: StreamVersion::EMPTY,
        };
        if let Some(id) = self.stream_id(stream).map_err(read_fault)? {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let range = [id, stored_number(after.0), limit];
            self.collect(OF_STREAM, range, Some(stream), &mut slice.records)?;
            slice.version = self.last_version(id).map_err(read_fault)?;
        }
        Ok(slice)
    }

    /// Where each stream of a batch ended with it, in rising order.
    pub(crate) fn positions_of(&self, append: AppendResult) -> Result<Vec<StreamPosition>, StoreError> {
        let sql = "SELECT s.name, e.stream_version FROM event e JOIN stream s ON s.id = e.stream_id
            WHERE e.seq BETWEEN ?1 AND ?2 ORDER BY e.seq";
        let first = stored_number(append.first_sequence_number.0);
        let last = stored_number(append.last_sequence_number.0);
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let rows = statement
            .query_map([first, last], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
            })
            .map_err(read_fault)?;
        let mut positions = Vec::new();
        for row in rows {
            let (name, version) = row.map_err(read_fault)?;
            positions.push(StreamPosition {
                stream: StreamId::new(name).map_err(|error| damaged(first, error.into()))?,
                version: StreamVersion(version as u64),
            });
        }
        Ok(positions)
    }

    pub(crate) fn command(&self, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
        let sql = "SELECT request, first_seq, last_seq, result FROM command WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let row = statement
            .query_row([id.as_bytes()], |row| {
                Ok((
                    row.get::<_, [u8; 32]>(0)?,
                    row.get::<_, Option<i64>>(1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .optional()
            .map_err(read_fault)?;
        let Some((request, first, last, result)) = row else {
            return Ok(None);
        };
        let result = Payload::from_canonical(&result).map_err(|error| StoreError::DamagedCommand {
            command: id,
            source: error.into(),
        })?;
        let append = first.and_then(number).zip(last.and_then(number));
        Ok(Some(RecordedCommand {
            request: RequestHash::from_bytes(request),
            result,
            append: append.map(|(first, last)| AppendResult::spanning(first, last)),
        }))
    }

    /// Ids rise with sequence numbers, which have no gaps: halving finds an id.
    pub(crate) fn position_of(&self, event: EventId) -> Result<Option<SequenceNumber>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT event_id FROM event WHERE seq = ?1")
            .map_err(read_fault)?;
        let (mut low, mut high) = (1, self.head().map_err(read_fault)?);
        while low <= high {
            let middle = low + (high - low) / 2;
            let found: [u8; 16] = statement
                .query_row([middle], |row| row.get(0))
                .map_err(read_fault)?;
            match EventId::from_bytes(found).cmp(&event) {
                std::cmp::Ordering::Equal => return Ok(number(middle)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle - 1,
            }
        }
        Ok(None)
    }
}

impl Postings for View<'_> {
    type Error = rusqlite::Error;
    type Type = i64;

    fn types(&self, named: Option<&BTreeSet<EventType>>) -> rusqlite::Result<Vec<i64>> {
        let Some(named) = named else {
            return self
                .connection
                .prepare_cached("SELECT id FROM event_type")?
                .query_map([], |row| row.get(0))?
                .collect();
        };
        let mut ids = Vec::with_capacity(named.len());
        for name in named {
            if let Some(known) = self.types.number(name) {
                ids.push(known);
                continue;
            }
            let found = self
                .connection
                .prepare_cached("SELECT id FROM event_type WHERE name = ?1")?
                .query_row([name.as_str()], |row| row.get::<_, i64>(0))
                .optional()?;
            // A type without an event has no number, and no list.
            if let Some(found) = found {
                if self.is_committed {
                    self.types.learn(found, name);
                }
                ids.push(found);
            }
        }
        Ok(ids)
    }

    fn numbers(
        &self,
        (type_id, leaf): (i64, Leaf),
        way: Way,
        target: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<i64>> {
        let sql = match way {
            Way::Up => {
                "SELECT seq FROM posting WHERE type_id = ?1 AND leaf = ?2 AND seq >= ?3 ORDER BY seq LIMIT ?4"
            }
            Way::Down => {
                "SELECT seq FROM posting WHERE type_id = ?1 AND leaf = ?2 AND seq <= ?3 ORDER BY seq DESC LIMIT ?4"
            }
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![type_id, leaf.0, target, limit as i64], |row| row.get(0))?;
        rows.collect()
    }
}

/// A number as SQLite keeps it; one beyond its range is beyond every event.
pub(crate) fn stored_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of an event, which is never below 1.
pub(crate) fn number(stored: i64) -> Option<SequenceNumber> {
    u64::try_from(stored)
        .ok()
        .filter(|&number| number > 0)
        .map(SequenceNumber)
}

fn damaged(seq: i64, source: DatabaseError) -> StoreError {
    StoreError::Damaged {
        sequence_number: SequenceNumber(seq.unsigned_abs()),
        source,
    }
}
