//! The store in PostgreSQL seen from beneath, portion by portion: no statement and no transaction lasts long, however
//! many events there are; but counting all of them takes its time.

use std::collections::BTreeMap;

use postgres::Row;
use postgres::types::ToSql;

use super::view::{self, stored_number};
use super::writer::{Rows, type_numbers};
use super::{PostgresStore, READ, WRITE, is_unavailable, partition, schema};
use crate::archive::{
    Archive, Overview, Posting, RestoreError, StoredCommand, StoredEvent, StoredIndex, StreamPlace,
    TypeCount, check_following, is_new,
};
use crate::commit::{AppendResult, RecordedCommand};
use crate::error::StoreError;
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::StreamId;
use crate::payload::Payload;
use crate::postgresql::session::Session;
use crate::posting::{Leaf, LeafKey};
use crate::record::write_metadata;
use crate::stream::StreamVersion;

/// A statement that gives the columns which [`event`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.event_id, e.occurred_at, e.type_id, t.name, e.stream_id, s.name, e.stream_version,
                e.metadata, e.payload
             FROM event e LEFT JOIN event_type t ON t.id = e.type_id LEFT JOIN stream s ON s.id = e.stream_id ",
            $rest
        )
    };
}

impl Archive for PostgresStore {
    fn overview(&self) -> Result<Overview, StoreError> {
        self.read(|session| {
            // Counting a large log takes longer than any other statement may.
            session.batch("SET LOCAL statement_timeout = 0")?;
            let events = view::head(session)?;
            let types = session.rows(
                "SELECT t.name, (SELECT count(*) FROM posting p WHERE p.type_id = t.id AND p.leaf = 0)
                 FROM event_type t ORDER BY t.name",
                &[],
            )?;
            let row = session.one(
                "SELECT (SELECT count(*) FROM stream), (SELECT count(*) FROM command),
                    (SELECT occurred_at FROM event WHERE seq = $1),
                    (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
                        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'),
                    (SELECT count(*) FROM partition)",
                &[&events],
            )?;
            let count = |column: usize| row.get::<_, i64>(column).unsigned_abs();
            Ok(Overview {
                format: schema::found(session)?.and_then(|found| u32::try_from(found).ok()),
                events: events.unsigned_abs(),
                streams: count(0),
                commands: count(1),
                types: types
                    .iter()
                    .map(|row| TypeCount {
                        event_type: row.get(0),
                        events: row.get::<_, i64>(1).unsigned_abs(),
                    })
                    .collect(),
                last_at: row
                    .get::<_, Option<i64>>(2)
                    .map(|at| Timestamp::from_millis(at.unsigned_abs())),
                bytes: row.get::<_, Option<i64>>(3).map(i64::unsigned_abs),
                partitions: Some(count(4)),
            })
        })
    }

    fn stored_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = select!("WHERE e.seq > $1 ORDER BY e.seq LIMIT $2");
        self.rows(sql, &[&stored_number(after), &count(limit)], event)
    }

    fn stored_commands(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<StoredCommand>, StoreError> {
        let sql = "SELECT id, request, first_seq, last_seq, result FROM command
            WHERE id > $1 ORDER BY id LIMIT $2";
        // No id is empty, and every other one is above that.
        self.rows(sql, &[&after.unwrap_or_default(), &count(limit)], |row| {
            StoredCommand {
                id: row.get(0),
                request: row.get(1),
                first: row.get(2),
                last: row.get(3),
                result: row.get::<_, String>(4).into_bytes(),
            }
        })
    }

    fn index(&self) -> Option<&dyn StoredIndex> {
        Some(self)
    }

    fn restore(&self, events: &[EventRecord]) -> Result<(), RestoreError> {
        let leaves: Vec<_> = events
            .iter()
            .map(|record| self.key.listed(&record.payload))
            .collect();
        let (last, room_to) = self.pool.with(
            |session| {
                session.transact(WRITE, |session| {
                    add_events(session, events, &leaves, self.partition_events)
                })
            },
            |error| matches!(error, RestoreError::Store(error) if is_unavailable(error)),
        )?;
        self.news.grown_to(last);
        self.keep_ahead(last, room_to);
        Ok(())
    }

    fn restore_commands(&self, commands: &[(CommandId, RecordedCommand)]) -> Result<(), RestoreError> {
        self.pool.with(
            |session| session.transact(WRITE, |session| add_commands(session, commands)),
            |error| matches!(error, RestoreError::Store(error) if is_unavailable(error)),
        )
    }
}

impl StoredIndex for PostgresStore {
    fn listed(&self, payload: &Payload) -> Vec<Leaf> {
        LeafKey::listed(&self.key, payload)
    }

    fn missing_postings(&self, wanted: &[Posting]) -> Result<Vec<Posting>, StoreError> {
        let sql = "SELECT w.type_id, w.leaf, w.seq
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (type_id, leaf, seq)
            WHERE NOT EXISTS (SELECT 1 FROM posting p
                WHERE p.type_id = w.type_id AND p.leaf = w.leaf AND p.seq = w.seq)";
        let types: Vec<i64> = wanted.iter().map(|posting| posting.type_number).collect();
        let leaves: Vec<i64> = wanted.iter().map(|posting| posting.leaf.0).collect();
        let numbers: Vec<i64> = wanted.iter().map(|posting| posting.sequence_number).collect();
        self.rows(sql, &[&types, &leaves, &numbers], posting)
    }

    fn missing_places(&self, wanted: &[StreamPlace]) -> Result<Vec<StreamPlace>, StoreError> {
        let sql = "SELECT w.stream_id, w.version, w.seq
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (stream_id, version, seq)
            WHERE NOT EXISTS (SELECT 1 FROM stream_event v
                WHERE v.stream_id = w.stream_id AND v.version = w.version AND v.seq = w.seq)";
        let streams: Vec<i64> = wanted.iter().map(|place| place.stream_number).collect();
        let versions: Vec<i64> = wanted.iter().map(|place| place.version).collect();
        let numbers: Vec<i64> = wanted.iter().map(|place| place.sequence_number).collect();
        self.rows(sql, &[&streams, &versions, &numbers], place)
    }

    fn postings(&self, after: Option<Posting>, limit: usize) -> Result<Vec<Posting>, StoreError> {
        let after = after.map_or([i64::MIN; 3], |posting| {
            [posting.type_number, posting.leaf.0, posting.sequence_number]
        });
        let sql = "SELECT type_id, leaf, seq FROM posting WHERE (type_id, leaf, seq) > ($1, $2, $3)
            ORDER BY type_id, leaf, seq LIMIT $4";
        self.rows(sql, &[&after[0], &after[1], &after[2], &count(limit)], posting)
    }

    fn places(&self, after: Option<StreamPlace>, limit: usize) -> Result<Vec<StreamPlace>, StoreError> {
        let after = after.map_or([i64::MIN; 2], |place| [place.stream_number, place.version]);
        let sql = "SELECT stream_id, version, seq FROM stream_event WHERE (stream_id, version) > ($1, $2)
            ORDER BY stream_id, version LIMIT $3";
        self.rows(sql, &[&after[0], &after[1], &count(limit)], place)
    }

    fn stored_events_at(&self, numbers: &[i64]) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = select!("WHERE e.seq = ANY($1) ORDER BY e.seq");
        self.rows(sql, &[&numbers], event)
    }

    fn faults(&self) -> Result<Vec<String>, StoreError> {
        // Only an extension that the server need not have looks into its files. What it says of its indexes is known.
        self.rows(
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid",
            &[],
            |row| format!("index {} is not valid", row.get::<_, &str>(0)),
        )
    }
}

impl PostgresStore {
    fn rows<T>(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> T,
    ) -> Result<Vec<T>, StoreError> {
        self.pool.with(
            |session| {
                let rows = session.transact(READ, |session| session.rows(sql, values))?;
                Ok(rows.iter().map(&read).collect())
            },
            is_unavailable,
        )
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn posting(row: &Row) -> Posting {
    Posting {
        type_number: row.get(0),
        leaf: Leaf(row.get(1)),
        sequence_number: row.get(2),
    }
}

fn place(row: &Row) -> StreamPlace {
    StreamPlace {
        stream_number: row.get(0),
        version: row.get(1),
        sequence_number: row.get(2),
    }
}

fn event(row: &Row) -> StoredEvent {
    StoredEvent {
        sequence_number: row.get(0),
        event_id: row.get(1),
        occurred_at: row.get(2),
        type_number: row.get(3),
        event_type: row.get(4),
        stream_number: row.get(5),
        stream: row.get(6),
        stream_version: row.get(7),
        metadata: row.get::<_, Option<String>>(8).map(String::into_bytes),
        payload: row.get::<_, String>(9).into_bytes(),
    }
}

/// Adds events; gives the last number, and the first that has no partition.
fn add_events(
    session: &mut Session,
    events: &[EventRecord],
    leaves: &[Vec<Leaf>],
    partition_events: i64,
) -> Result<(i64, i64), RestoreError> {
    let row = session.one("SELECT seq, event_id FROM head FOR UPDATE", &[])?;
    let head: i64 = row.get(0);
    let last_id: Option<&[u8]> = row.get(1);
    let last_id = last_id.and_then(|bytes| bytes.try_into().ok());
    let names: Vec<&str> = events
        .iter()
        .filter_map(|record| record.stream.as_ref())
        .map(|position| position.stream.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    session.run(
        "INSERT INTO stream (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
        &[&names],
    )?;
    let ends: BTreeMap<String, (i64, StreamVersion)> = view::stream_ends(session, &names)?
        .into_iter()
        .map(|(name, id, version)| (name, (id, version)))
        .collect();
    let end = |stream: &StreamId| ends.get(stream.as_str()).copied();
    check_following(
        events,
        head.unsigned_abs(),
        last_id.map(EventId::from_bytes),
        |stream| Ok::<_, RestoreError>(end(stream).map_or(StreamVersion::EMPTY, |(_, version)| version)),
    )?;
    let types = type_numbers(session, events.iter().map(|record| &record.event_type))?;
    let mut rows = Rows::default();
    let mut last = (head, None);
    for (record, leaves) in events.iter().zip(leaves) {
        let seq = stored_number(record.sequence_number.0);
        let type_id = types[record.event_type.as_str()];
        let place = record.stream.as_ref().and_then(|position| {
            end(&position.stream).map(|(id, _)| (id, stored_number(position.version.0)))
        });
        rows.event(
            seq,
            record.event_id,
            record.occurred_at,
            type_id,
            place,
            write_metadata(&record.metadata),
            record.payload.canonical(),
            leaves,
        );
        last = (seq, Some(record.event_id.as_bytes().to_vec()));
    }
    let room_to = partition::ensure(session, last.0, partition_events)?;
    rows.insert(session)?;
    if last.1.is_some() {
        session.run("UPDATE head SET seq = $1, event_id = $2", &[&last.0, &last.1])?;
    }
    Ok((last.0, room_to))
}

fn add_commands(
    session: &mut Session,
    commands: &[(CommandId, RecordedCommand)],
) -> Result<(), RestoreError> {
    // Commits look for commands after they have the head.
    let head: i64 = session.one("SELECT seq FROM head FOR UPDATE", &[])?.get(0);
    for (id, command) in commands {
        let found = view::command(session, *id)?;
        if !is_new(*id, command, head.unsigned_abs(), found.as_ref())? {
            continue;
        }
        let at = |number: fn(AppendResult) -> SequenceNumber| {
            command.append.map(|append| stored_number(number(append).0))
        };
        session.run(
            "INSERT INTO command VALUES ($1, $2, $3, $4, $5)",
            &[
                &&id.as_bytes()[..],
                &&command.request.as_bytes()[..],
                &at(|append| append.first_sequence_number),
                &at(|append| append.last_sequence_number),
                &command.result.canonical(),
            ],
        )?;
    }
    Ok(())
}
