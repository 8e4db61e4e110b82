//! Reading: what one connection sees, inside one transaction.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::commit::{AppendResult, RecordedCommand, RequestHash};
use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::posting::{Leaf, LeafKey, alternatives};
use crate::query::{EventQuery, QueryResult};
use crate::record::{Stored, read_payload};
use crate::sqlite::fault::read_fault;
use crate::stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};
use crate::walk::{Postings, Walk, Way};

/// The columns that [`record`] reads; `e`, `t` and `s` are the event, its type and its stream.
const COLUMNS: &str =
    "e.seq, e.event_id, e.occurred_at, t.name, s.name, e.stream_version, e.metadata, e.payload";

const TABLES: &str = "event e JOIN event_type t ON t.id = e.type_id LEFT JOIN stream s ON s.id = e.stream_id";

/// The store as a connection sees it.
pub(crate) struct View<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) key: &'c LeafKey,
}

impl View<'_> {
    pub(crate) fn head(&self) -> Result<i64, rusqlite::Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM event")?
            .query_row([], |row| row.get(0))
    }

    pub(crate) fn query(&self, query: &EventQuery, limit: usize) -> Result<QueryResult, StoreError> {
        let head = self.head().map_err(read_fault)?;
        let after = stored_number(query.min_sequence_number.map_or(0, |cursor| cursor.0));
        let mut records = Vec::new();
        if query.filters.is_empty() {
            let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            self.collect(&sql, params![after, limit], &mut records)?;
            return Ok(QueryResult::new(records, number(head)));
        }
        let version = self.context_version(query)?;
        if let (Some(start), Some(last)) = (after.checked_add(1), version) {
            let found = alternatives(query, self.key);
            let mut walk = Walk::new(self, &found, Way::Up, start, head).map_err(read_fault)?;
            // Nothing beyond the version matches, so there is no need to look.
            while records.len() < limit
                && let Some(candidate) = walk.advance().map_err(read_fault)?
                && candidate.seq <= stored_number(last.0)
            {
                let record = self.record_at(candidate.seq)?;
                if candidate.exact || query.matches(&record.event_type, &record.payload) {
                    records.push(record);
                }
            }
        }
        Ok(QueryResult::new(records, version))
    }

    /// The highest number among all events that match, whatever the cursor.
    pub(crate) fn context_version(&self, query: &EventQuery) -> Result<Option<SequenceNumber>, StoreError> {
        let head = self.head().map_err(read_fault)?;
        let found = alternatives(query, self.key);
        let mut walk = Walk::new(self, &found, Way::Down, head, head).map_err(read_fault)?;
        while let Some(candidate) = walk.advance().map_err(read_fault)? {
            if candidate.exact || self.matches(candidate.seq, query)? {
                return Ok(number(candidate.seq));
            }
        }
        Ok(None)
    }

    /// Looks at no more of an event than it takes to judge it.
    fn matches(&self, seq: i64, query: &EventQuery) -> Result<bool, StoreError> {
        let sql =
            "SELECT t.name, e.payload FROM event e JOIN event_type t ON t.id = e.type_id WHERE e.seq = ?1";
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let mut rows = statement.query([seq]).map_err(read_fault)?;
        let Some(row) = rows.next().map_err(read_fault)? else {
            return Err(damaged(seq, "a posting has no event".into()));
        };
        let text = |column| -> Result<&str, StoreError> {
            row.get_ref(column)
                .map_err(read_fault)?
                .as_str()
                .map_err(|error| damaged(seq, error.into()))
        };
        let event_type = EventType::new(text(0)?).map_err(|error| damaged(seq, error.into()))?;
        let payload = read_payload(text(1)?).map_err(|error| damaged(seq, error.into()))?;
        Ok(query.matches(&event_type, &payload))
    }

    pub(crate) fn record_at(&self, seq: i64) -> Result<EventRecord, StoreError> {
        let mut records = Vec::with_capacity(1);
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE e.seq = ?1");
        self.collect(&sql, [seq], &mut records)?;
        records
            .pop()
            .ok_or_else(|| damaged(seq, "a posting has no event".into()))
    }

    fn collect(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        records: &mut Vec<EventRecord>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let mut rows = statement.query(params).map_err(read_fault)?;
        while let Some(row) = rows.next().map_err(read_fault)? {
            records.push(record(row)?);
        }
        Ok(())
    }

    pub(crate) fn stream_version(&self, stream: &StreamId) -> Result<StreamVersion, StoreError> {
        let sql = "SELECT coalesce(max(version), 0) FROM stream_event
            WHERE stream_id = (SELECT id FROM stream WHERE name = ?1)";
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let version: i64 = statement
            .query_row([stream.as_str()], |row| row.get(0))
            .map_err(read_fault)?;
        Ok(StreamVersion(version as u64))
    }

    pub(crate) fn read_streams(
        &self,
        streams: &BTreeSet<StreamId>,
        after: Option<SequenceNumber>,
    ) -> Result<StreamsRead, StoreError> {
        let after = stored_number(after.map_or(0, |after| after.0));
        let sql = format!(
            "SELECT {COLUMNS} FROM stream_event v JOIN event e ON e.seq = v.seq
                JOIN event_type t ON t.id = e.type_id JOIN stream s ON s.id = v.stream_id
             WHERE v.stream_id = (SELECT id FROM stream WHERE name = ?1) AND v.version > ?2 ORDER BY v.version"
        );
        let mut read = StreamsRead {
            records: Vec::new(),
            versions: Vec::with_capacity(streams.len()),
            head: number(self.head().map_err(read_fault)?),
        };
        for stream in streams {
            let version = self.stream_version(stream)?;
            read.versions.push(StreamPosition {
                stream: stream.clone(),
                version,
            });
            let before = self.version_at(stream, after, version)?;
            self.collect(&sql, params![stream.as_str(), before], &mut read.records)?;
        }
        read.records.sort_by_key(|record| record.sequence_number);
        Ok(read)
    }

    /// How many events a stream, which ends at `version`, had when the store was at `seq`: versions rise with sequence
    /// numbers, so halving finds it.
    fn version_at(&self, stream: &StreamId, seq: i64, version: StreamVersion) -> Result<i64, StoreError> {
        let sql = "SELECT seq FROM stream_event
            WHERE stream_id = (SELECT id FROM stream WHERE name = ?1) AND version = ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(read_fault)?;
        let (mut low, mut high) = (0, version.0 as i64);
        if seq <= 0 {
            return Ok(0);
        }
        while low < high {
            let middle = low + (high - low + 1) / 2;
            let found: i64 = statement
                .query_row(params![stream.as_str(), middle], |row| row.get(0))
                .map_err(read_fault)?;
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
        let sql = format!(
            "SELECT {COLUMNS} FROM stream_event v JOIN event e ON e.seq = v.seq
                JOIN event_type t ON t.id = e.type_id JOIN stream s ON s.id = v.stream_id
             WHERE v.stream_id = (SELECT id FROM stream WHERE name = ?1) AND v.version > ?2
             ORDER BY v.version LIMIT ?3"
        );
        let mut records = Vec::new();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.collect(
            &sql,
            params![stream.as_str(), stored_number(after.0), limit],
            &mut records,
        )?;
        Ok(StreamSlice {
            records,
            version: self.stream_version(stream)?,
        })
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
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM event_type WHERE name = ?1")?;
        let mut ids = Vec::new();
        for name in named {
            // A type without an event has no number, and no list.
            ids.extend(
                statement
                    .query_row([name.as_str()], |row| row.get::<_, i64>(0))
                    .optional()?,
            );
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

/// Reads a row of [`COLUMNS`].
fn record(row: &Row<'_>) -> Result<EventRecord, StoreError> {
    let seq: i64 = row.get(0).map_err(read_fault)?;
    let text = |column: usize| -> Result<Option<&str>, StoreError> {
        row.get_ref(column)
            .map_err(read_fault)?
            .as_str_or_null()
            .map_err(|error| damaged(seq, error.into()))
    };
    Stored {
        sequence_number: seq.unsigned_abs(),
        event_id: row.get(1).map_err(|error| damaged(seq, error.into()))?,
        occurred_at: Timestamp::from_millis(row.get::<_, i64>(2).map_err(read_fault)?.unsigned_abs()),
        event_type: text(3)?.unwrap_or_default(),
        stream: text(4)?,
        stream_version: row
            .get::<_, Option<i64>>(5)
            .map_err(read_fault)?
            .map(i64::unsigned_abs),
        metadata: text(6)?,
        payload: text(7)?.unwrap_or_default(),
    }
    .read()
}
