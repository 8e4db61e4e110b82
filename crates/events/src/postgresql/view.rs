//! Reading, inside one transaction.

use std::collections::BTreeSet;

use postgres::Row;

use crate::commit::{AppendResult, RecordedCommand, RequestHash};
use crate::error::{DatabaseError, StoreError};
use crate::event::{EventRecord, SequenceNumber};
use crate::id::{CommandId, EventId, Timestamp};
use crate::name::{EventType, StreamId};
use crate::payload::Payload;
use crate::postgresql::session::Session;
use crate::posting::{Alternative, Leaf, LeafKey, alternatives};
use crate::query::{EventQuery, QueryResult};
use crate::record::Stored;
use crate::stream::{StreamPosition, StreamSlice, StreamVersion, StreamsRead};

/// The most events that are fetched at once to be looked at.
const FETCH_MAX: i64 = 1_024;

/// The most leaves of an alternative that choose its list.
const COMPARED_MAX: usize = 64;

/// A statement that gives the columns which [`record`] reads; `e`, `t` and `s` are the event, its type and its stream.
macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT e.seq, e.event_id, e.occurred_at, t.name, s.name, e.stream_version, e.metadata, e.payload ",
            $from
        )
    };
}

/// A statement that follows lists of postings: those at most four leaves have in common.
macro_rules! follow {
    ($order:literal) => {
        concat!(
            select!("FROM ("),
            "SELECT DISTINCT found.seq
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                AS list (type_id, leaf, second, third, fourth)
             CROSS JOIN LATERAL (
                SELECT p.seq FROM posting p
                WHERE p.type_id = list.type_id AND p.leaf = list.leaf AND p.seq > $6 AND p.seq <= $7
                    AND (list.second IS NULL OR EXISTS (SELECT 1 FROM posting q
                        WHERE q.type_id = list.type_id AND q.leaf = list.second AND q.seq = p.seq))
                    AND (list.third IS NULL OR EXISTS (SELECT 1 FROM posting q
                        WHERE q.type_id = list.type_id AND q.leaf = list.third AND q.seq = p.seq))
                    AND (list.fourth IS NULL OR EXISTS (SELECT 1 FROM posting q
                        WHERE q.type_id = list.type_id AND q.leaf = list.fourth AND q.seq = p.seq))
                ORDER BY p.seq ",
            $order,
            " LIMIT $8
             ) found
             ORDER BY found.seq ",
            $order,
            " LIMIT $8
            ) c JOIN event e ON e.seq = c.seq JOIN event_type t ON t.id = e.type_id
                LEFT JOIN stream s ON s.id = e.stream_id
             ORDER BY e.seq ",
            $order
        )
    };
}

/// Events between two numbers, upwards.
const ALL_UP: &str = select!(
    "FROM event e JOIN event_type t ON t.id = e.type_id LEFT JOIN stream s ON s.id = e.stream_id
     WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3"
);

/// Events up to a number, downwards.
const ALL_DOWN: &str = select!(
    "FROM event e JOIN event_type t ON t.id = e.type_id LEFT JOIN stream s ON s.id = e.stream_id
     WHERE e.seq <= $1 ORDER BY e.seq DESC LIMIT $2"
);

/// Where to look for the events of a query.
enum Plan {
    /// Among all.
    All,
    /// Under these lists.
    Lists(Vec<List>),
}

/// The events of a type that have all of these leaves, the rarest first.
struct List {
    type_id: i64,
    leaves: Vec<i64>,
}

/// The number of the last event.
pub(crate) fn head(session: &mut Session) -> Result<i64, StoreError> {
    Ok(session.one("SELECT seq FROM head", &[])?.get(0))
}

pub(crate) fn query(
    session: &mut Session,
    key: &LeafKey,
    query: &EventQuery,
    limit: usize,
) -> Result<QueryResult, StoreError> {
    let head = head(session)?;
    let plan = plan(session, key, query)?;
    let version = version_of(session, &plan, query, head)?;
    let Some(last) = version else {
        return Ok(QueryResult::new(Vec::new(), None));
    };
    let last = stored_number(last.0);
    let mut after = stored_number(query.min_sequence_number.map_or(0, |cursor| cursor.0));
    let mut records: Vec<EventRecord> = Vec::new();
    while records.len() < limit && after < last {
        let wanted = i64::try_from(limit - records.len()).unwrap_or(i64::MAX);
        // Some of what is fetched may not match, so a small limit still fetches a few more.
        let fetch = wanted.clamp(16, FETCH_MAX);
        let found = candidates_up(session, &plan, after, last, fetch)?;
        let more = found.len() as i64 == fetch;
        after = found
            .last()
            .map_or(last, |record| stored_number(record.sequence_number.0));
        let matching = found
            .into_iter()
            .filter(|record| query.matches(&record.event_type, &record.payload));
        records.extend(matching);
        if !more {
            break;
        }
    }
    records.truncate(limit);
    Ok(QueryResult::new(records, version))
}

/// The highest number among all events that match, whatever the cursor.
pub(crate) fn context_version(
    session: &mut Session,
    key: &LeafKey,
    query: &EventQuery,
) -> Result<Option<SequenceNumber>, StoreError> {
    let head = head(session)?;
    let plan = plan(session, key, query)?;
    version_of(session, &plan, query, head)
}

fn version_of(
    session: &mut Session,
    plan: &Plan,
    query: &EventQuery,
    head: i64,
) -> Result<Option<SequenceNumber>, StoreError> {
    if query.filters.is_empty() {
        return Ok(number(head));
    }
    let mut before = head;
    let mut fetch = 1;
    while before > 0 {
        let found = candidates_down(session, plan, before, fetch)?;
        let matching = found
            .iter()
            .find(|record| query.matches(&record.event_type, &record.payload));
        if let Some(record) = matching {
            return Ok(Some(record.sequence_number));
        }
        if (found.len() as i64) < fetch {
            return Ok(None);
        }
        before = found
            .last()
            .map_or(0, |record| stored_number(record.sequence_number.0) - 1);
        fetch = (fetch * 4).min(FETCH_MAX);
    }
    Ok(None)
}

fn plan(session: &mut Session, key: &LeafKey, query: &EventQuery) -> Result<Plan, StoreError> {
    let found = alternatives(query, key);
    if found
        .iter()
        .any(|alternative| alternative.types.is_none() && alternative.leaves.is_empty())
    {
        return Ok(Plan::All);
    }
    let mut lists = Vec::new();
    for alternative in &found {
        let leaves = if alternative.leaves.is_empty() {
            vec![Leaf::EVERY]
        } else {
            alternative.leaves.clone()
        };
        for type_id in type_ids(session, alternative)? {
            let leaves = rarest(session, type_id, &leaves)?;
            lists.push(List { type_id, leaves });
        }
    }
    Ok(Plan::Lists(lists))
}

fn type_ids(session: &mut Session, alternative: &Alternative) -> Result<Vec<i64>, StoreError> {
    let rows = match &alternative.types {
        Some(types) => {
            let names: Vec<&str> = types.iter().map(|name| name.as_str()).collect();
            // A type without an event has no number, and no list.
            session.rows("SELECT id FROM event_type WHERE name = ANY($1)", &[&names])?
        }
        None => session.rows("SELECT id FROM event_type", &[])?,
    };
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Of several leaves the four whose hundredth newest event is the oldest: these lists are likely to be short.
fn rarest(session: &mut Session, type_id: i64, leaves: &[Leaf]) -> Result<Vec<i64>, StoreError> {
    let leaves: Vec<i64> = leaves.iter().take(COMPARED_MAX).map(|leaf| leaf.0).collect();
    if leaves.len() == 1 {
        return Ok(leaves);
    }
    let sql = "SELECT l.leaf FROM unnest($2::bigint[]) AS l (leaf)
        LEFT JOIN LATERAL (SELECT p.seq FROM posting p WHERE p.type_id = $1 AND p.leaf = l.leaf
            ORDER BY p.seq DESC OFFSET 100 LIMIT 1) newest ON true
        ORDER BY newest.seq NULLS FIRST LIMIT 4";
    let rows = session.rows(sql, &[&type_id, &leaves])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn candidates_up(
    session: &mut Session,
    plan: &Plan,
    after: i64,
    last: i64,
    fetch: i64,
) -> Result<Vec<EventRecord>, StoreError> {
    let rows = match plan {
        Plan::All => session.rows(ALL_UP, &[&after, &last, &fetch])?,
        Plan::Lists(lists) => {
            let columns = Columns::of(lists);
            let [types, first, second, third, fourth] = columns.parts();
            session.rows(
                follow!("ASC"),
                &[types, first, second, third, fourth, &after, &last, &fetch],
            )?
        }
    };
    rows.iter().map(record).collect()
}

fn candidates_down(
    session: &mut Session,
    plan: &Plan,
    from: i64,
    fetch: i64,
) -> Result<Vec<EventRecord>, StoreError> {
    let rows = match plan {
        Plan::All => session.rows(ALL_DOWN, &[&from, &fetch])?,
        Plan::Lists(lists) => {
            let columns = Columns::of(lists);
            let [types, first, second, third, fourth] = columns.parts();
            session.rows(
                follow!("DESC"),
                &[types, first, second, third, fourth, &0_i64, &from, &fetch],
            )?
        }
    };
    rows.iter().map(record).collect()
}

/// Lists as the columns of a table: PostgreSQL takes arrays of plain values.
struct Columns {
    types: Vec<i64>,
    leaves: [Vec<Option<i64>>; 4],
}

impl Columns {
    fn of(lists: &[List]) -> Self {
        Self {
            types: lists.iter().map(|list| list.type_id).collect(),
            leaves: [0, 1, 2, 3]
                .map(|place| lists.iter().map(|list| list.leaves.get(place).copied()).collect()),
        }
    }

    fn parts(&self) -> [&(dyn postgres::types::ToSql + Sync); 5] {
        let [first, second, third, fourth] = &self.leaves;
        [&self.types, first, second, third, fourth]
    }
}

/// The number and the version of each of these streams that is there.
pub(crate) fn stream_ends(
    session: &mut Session,
    names: &[&str],
) -> Result<Vec<(String, i64, StreamVersion)>, StoreError> {
    let sql = "SELECT s.name, s.id, coalesce(
            (SELECT v.version FROM stream_event v WHERE v.stream_id = s.id ORDER BY v.version DESC LIMIT 1), 0)
        FROM stream s WHERE s.name = ANY($1)";
    let rows = session.rows(sql, &[&names])?;
    let end = |row: &Row| {
        (
            row.get(0),
            row.get(1),
            StreamVersion(row.get::<_, i64>(2).unsigned_abs()),
        )
    };
    Ok(rows.iter().map(end).collect())
}

pub(crate) fn read_streams(
    session: &mut Session,
    streams: &BTreeSet<StreamId>,
    after: Option<SequenceNumber>,
) -> Result<StreamsRead, StoreError> {
    let names: Vec<&str> = streams.iter().map(StreamId::as_str).collect();
    let after = stored_number(after.map_or(0, |after| after.0));
    let ends = stream_ends(session, &names)?;
    let rows = session.rows(
        select!(
            "FROM stream s JOIN stream_event v ON v.stream_id = s.id AND v.seq > $2
                JOIN event e ON e.seq = v.seq JOIN event_type t ON t.id = e.type_id
             WHERE s.name = ANY($1) ORDER BY e.seq"
        ),
        &[&names, &after],
    )?;
    let versions = streams.iter().map(|stream| StreamPosition {
        stream: stream.clone(),
        version: ends
            .iter()
            .find(|(name, ..)| name == stream.as_str())
            .map_or(StreamVersion::EMPTY, |&(_, _, version)| version),
    });
    Ok(StreamsRead {
        records: rows.iter().map(record).collect::<Result<_, _>>()?,
        versions: versions.collect(),
        head: number(head(session)?),
    })
}

pub(crate) fn read_stream(
    session: &mut Session,
    stream: &StreamId,
    after: StreamVersion,
    limit: usize,
) -> Result<StreamSlice, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = session.rows(
        select!(
            "FROM stream s JOIN stream_event v ON v.stream_id = s.id AND v.version > $2
                JOIN event e ON e.seq = v.seq JOIN event_type t ON t.id = e.type_id
             WHERE s.name = $1 ORDER BY v.version LIMIT $3"
        ),
        &[&stream.as_str(), &stored_number(after.0), &limit],
    )?;
    let ends = stream_ends(session, &[stream.as_str()])?;
    Ok(StreamSlice {
        records: rows.iter().map(record).collect::<Result<_, _>>()?,
        version: ends
            .first()
            .map_or(StreamVersion::EMPTY, |&(_, _, version)| version),
    })
}

/// Where each stream of a batch ended with it, in rising order.
pub(crate) fn positions_of(
    session: &mut Session,
    append: AppendResult,
) -> Result<Vec<StreamPosition>, StoreError> {
    let first = stored_number(append.first_sequence_number.0);
    let last = stored_number(append.last_sequence_number.0);
    let sql = "SELECT s.name, e.stream_version FROM event e JOIN stream s ON s.id = e.stream_id
        WHERE e.seq BETWEEN $1 AND $2 ORDER BY e.seq";
    let rows = session.rows(sql, &[&first, &last])?;
    let position = |row: &Row| {
        let name: &str = row.get(0);
        Ok(StreamPosition {
            stream: StreamId::new(name).map_err(|error| StoreError::Damaged {
                sequence_number: append.first_sequence_number,
                source: error.into(),
            })?,
            version: StreamVersion(row.get::<_, i64>(1).unsigned_abs()),
        })
    };
    rows.iter().map(position).collect()
}

pub(crate) fn command(session: &mut Session, id: CommandId) -> Result<Option<RecordedCommand>, StoreError> {
    let sql = "SELECT request, first_seq, last_seq, result FROM command WHERE id = $1";
    let rows = session.rows(sql, &[&&id.as_bytes()[..]])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let damaged = |source| StoreError::DamagedCommand { command: id, source };
    let request: &[u8] = row.get(0);
    let request: [u8; 32] = request
        .try_into()
        .map_err(|error: std::array::TryFromSliceError| damaged(error.into()))?;
    let append = row
        .get::<_, Option<i64>>(1)
        .and_then(number)
        .zip(row.get::<_, Option<i64>>(2).and_then(number));
    Ok(Some(RecordedCommand {
        request: RequestHash::from_bytes(request),
        result: Payload::from_canonical(row.get(3)).map_err(|error| damaged(error.into()))?,
        append: append.map(|(first, last)| AppendResult::spanning(first, last)),
    }))
}

pub(crate) fn position_of(
    session: &mut Session,
    event: EventId,
) -> Result<Option<SequenceNumber>, StoreError> {
    let rows = session.rows(
        "SELECT seq FROM event WHERE event_id = $1",
        &[&&event.as_bytes()[..]],
    )?;
    Ok(rows.first().and_then(|row| number(row.get(0))))
}

/// A number as PostgreSQL keeps it; one beyond its range is beyond every event.
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

/// Reads a row of `select!`.
fn record(row: &Row) -> Result<EventRecord, StoreError> {
    let seq = row.get::<_, i64>(0).unsigned_abs();
    let damaged = |source: DatabaseError| StoreError::Damaged {
        sequence_number: SequenceNumber(seq),
        source,
    };
    let event_id = row.get::<_, &[u8]>(1).try_into();
    let event_type = EventType::new(row.get::<_, &str>(3));
    let stream = row.get::<_, Option<&str>>(4).map(StreamId::new).transpose();
    Stored {
        sequence_number: seq,
        event_id: event_id.map_err(|error: std::array::TryFromSliceError| damaged(error.into()))?,
        occurred_at: Timestamp::from_millis(row.get::<_, i64>(2).unsigned_abs()),
        event_type: event_type.map_err(|error| damaged(error.into()))?,
        stream: stream.map_err(|error| damaged(error.into()))?,
        stream_version: row.get::<_, Option<i64>>(5).map(i64::unsigned_abs),
        metadata: row.get(6),
        payload: row.get(7),
    }
    .read()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroU64;

    use postgres::{Client, NoTls, SimpleQueryMessage};
    use serde_json::json;

    use super::*;
    use crate::event::NewEvent;
    use crate::postgresql::{PostgresConfig, PostgresStore};
    use crate::store::EventStore as _;

    /// A store of two hundred events in partitions of ten, and a connection to its tables; `None` without a server.
    fn cut_store(test: &str) -> Option<(Client, LeafKey)> {
        let Ok(url) = std::env::var("OPENPROD_POSTGRES_URL") else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "{test} needs a PostgreSQL server, and OPENPROD_POSTGRES_URL does not name one"
            );
            return None;
        };
        let mut config = PostgresConfig::new(url);
        config.schema = format!("plan_{}_{test}", std::process::id());
        config.partition_events = NonZeroU64::new(10).unwrap();
        let store = PostgresStore::open(&config).unwrap();
        let event = |n: i64| {
            let payload = Payload::new(json!({"n": n, "parity": n % 2, "third": n % 3})).unwrap();
            NewEvent::new(EventType::new("happened").unwrap(), payload)
        };
        store.append((0..200).map(event).collect()).unwrap();
        let mut client = Client::connect(&config.url, NoTls).unwrap();
        client
            .batch_execute(&format!(
                "SET search_path = {}; ANALYZE event; ANALYZE posting",
                config.schema
            ))
            .unwrap();
        Some((client, store.key.clone()))
    }

    /// The partitions of `table` that a statement touches, both when it is planned for its values and when it is planned once
    /// for all.
    fn touched(client: &mut Client, types: &str, sql: &str, values: &str, table: &str) -> Vec<BTreeSet<i64>> {
        let explained = |client: &mut Client, mode: &str| {
            client
                .batch_execute(&format!(
                    "SET plan_cache_mode = {mode}; DEALLOCATE ALL; PREPARE explained ({types}) AS {sql}"
                ))
                .unwrap();
            let explain =
                format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE explained ({values})");
            let mut touched = BTreeSet::new();
            for message in client.simple_query(&explain).unwrap() {
                let SimpleQueryMessage::Row(row) = message else {
                    continue;
                };
                let line = row.get(0).unwrap();
                let name = format!(" on {table}_part_");
                if let Some((_, rest)) = line.split_once(&name)
                    && !line.contains("never executed")
                {
                    let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
                    touched.insert(number.parse().unwrap());
                }
            }
            touched
        };
        vec![
            explained(client, "force_custom_plan"),
            explained(client, "force_generic_plan"),
        ]
    }

    #[test]
    fn cursor_touches_the_partitions_it_needs() {
        let Some((mut client, _)) = cut_store("cursor") else {
            return;
        };
        let types = "bigint, bigint, bigint";
        for (values, expected) in [
            ("152, 155, 16", vec![15]),
            ("152, 163, 16", vec![15, 16]),
            // The limit is reached before further partitions are.
            ("100, 200, 5", vec![10]),
        ] {
            for touched in touched(&mut client, types, ALL_UP, values, "event") {
                assert_eq!(touched, expected.iter().copied().collect(), "{values}");
            }
        }
        for touched in touched(&mut client, "bigint, bigint", ALL_DOWN, "158, 1", "event") {
            assert_eq!(touched, BTreeSet::from([15]), "the newest event alone");
        }
    }

    #[test]
    fn query_touches_the_partitions_it_needs() {
        let Some((mut client, key)) = cut_store("query") else {
            return;
        };
        let row = client.query_one("SELECT id FROM event_type", &[]).unwrap();
        let type_id: i64 = row.get(0);
        let leaves = key.listed(&Payload::new(json!({"parity": 0, "third": 1})).unwrap());
        let leaves: Vec<i64> = leaves
            .iter()
            .filter(|leaf| **leaf != Leaf::EVERY)
            .map(|leaf| leaf.0)
            .collect();
        let [one, other] = leaves[..] else {
            panic!("{leaves:?}")
        };
        let types = "bigint[], bigint[], bigint[], bigint[], bigint[], bigint, bigint, bigint";
        let values = |after: i64, last: i64, limit: i64| {
            format!(
                "'{{{type_id}}}', '{{{one}}}', '{{{other}}}', '{{NULL}}', '{{NULL}}', {after}, {last}, {limit}"
            )
        };
        for table in ["event", "posting"] {
            for touched in touched(&mut client, types, follow!("ASC"), &values(171, 178, 64), table) {
                assert_eq!(touched, BTreeSet::from([17]), "{table}");
            }
            // The context version is one step down from the head.
            for touched in touched(&mut client, types, follow!("DESC"), &values(0, 199, 1), table) {
                assert_eq!(touched, BTreeSet::from([19]), "{table}");
            }
        }
    }
}
