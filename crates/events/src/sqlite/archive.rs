//! The store in a file seen from beneath.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::fault::read_fault;
use super::view::stored_number;
use crate::archive::{
    Archive, Overview, Posting, RestoreError, StoredCommand, StoredEvent, StoredIndex, StreamPlace, TypeCount,
};
use crate::commit::RecordedCommand;
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::id::{CommandId, Timestamp};
use crate::payload::Payload;
use crate::posting::Leaf;

/// A statement that gives the columns which [`event`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.event_id, e.occurred_at, e.type_id, t.name, e.stream_id, s.name, e.stream_version,
                CAST(e.metadata AS BLOB), CAST(e.payload AS BLOB)
             FROM event e LEFT JOIN event_type t ON t.id = e.type_id LEFT JOIN stream s ON s.id = e.stream_id ",
            $rest
        )
    };
}

impl Archive for SqliteStore {
    fn overview(&self) -> Result<Overview, StoreError> {
        self.read(|view| overview(view.connection).map_err(read_fault))
    }

    fn stored_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = select!("WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
        self.rows(sql, params![stored_number(after), count(limit)], event)
    }

    fn stored_commands(&self, after: Option<&[u8]>, limit: usize) -> Result<Vec<StoredCommand>, StoreError> {
        let sql = "SELECT id, request, first_seq, last_seq, CAST(result AS BLOB) FROM command
            WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2";
        self.rows(sql, params![after, count(limit)], |row| {
            Ok(StoredCommand {
                id: row.get(0)?,
                request: row.get(1)?,
                first: row.get(2)?,
                last: row.get(3)?,
                result: row.get(4)?,
            })
        })
    }

    fn index(&self) -> Option<&dyn StoredIndex> {
        Some(self)
    }

    fn restore(&self, events: &[EventRecord]) -> Result<(), RestoreError> {
        let head = self.restorer.events(&self.path, &self.key, events)?;
        self.news.grown_to(head);
        Ok(())
    }

    fn restore_commands(&self, commands: &[(CommandId, RecordedCommand)]) -> Result<(), RestoreError> {
        self.restorer.commands(&self.path, &self.key, commands)
    }
}

impl StoredIndex for SqliteStore {
    fn listed(&self, payload: &Payload) -> Vec<Leaf> {
        self.key.listed(payload)
    }

    fn missing_postings(&self, wanted: &[Posting]) -> Result<Vec<Posting>, StoreError> {
        self.absent(
            "SELECT 1 FROM posting WHERE type_id = ?1 AND leaf = ?2 AND seq = ?3",
            wanted,
            |posting| [posting.type_number, posting.leaf.0, posting.sequence_number],
        )
    }

    fn missing_places(&self, wanted: &[StreamPlace]) -> Result<Vec<StreamPlace>, StoreError> {
        self.absent(
            "SELECT 1 FROM stream_event WHERE stream_id = ?1 AND version = ?2 AND seq = ?3",
            wanted,
            |place| [place.stream_number, place.version, place.sequence_number],
        )
    }

    fn postings(&self, after: Option<Posting>, limit: usize) -> Result<Vec<Posting>, StoreError> {
        let after = after.map_or([i64::MIN; 3], |posting| {
            [posting.type_number, posting.leaf.0, posting.sequence_number]
        });
        let sql = "SELECT type_id, leaf, seq FROM posting WHERE (type_id, leaf, seq) > (?1, ?2, ?3)
            ORDER BY type_id, leaf, seq LIMIT ?4";
        self.rows(sql, params![after[0], after[1], after[2], count(limit)], |row| {
            Ok(Posting {
                type_number: row.get(0)?,
                leaf: Leaf(row.get(1)?),
                sequence_number: row.get(2)?,
            })
        })
    }

    fn places(&self, after: Option<StreamPlace>, limit: usize) -> Result<Vec<StreamPlace>, StoreError> {
        let after = after.map_or([i64::MIN; 2], |place| [place.stream_number, place.version]);
        let sql = "SELECT stream_id, version, seq FROM stream_event WHERE (stream_id, version) > (?1, ?2)
            ORDER BY stream_id, version LIMIT ?3";
        self.rows(sql, params![after[0], after[1], count(limit)], |row| {
            Ok(StreamPlace {
                stream_number: row.get(0)?,
                version: row.get(1)?,
                sequence_number: row.get(2)?,
            })
        })
    }

    fn stored_events_at(&self, numbers: &[i64]) -> Result<Vec<StoredEvent>, StoreError> {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        self.read(|view| {
            let look = || -> rusqlite::Result<Vec<StoredEvent>> {
                let mut statement = view.connection.prepare_cached(select!("WHERE e.seq = ?1"))?;
                let mut found = Vec::new();
                for number in &numbers {
                    found.extend(statement.query_row([number], event).optional()?);
                }
                Ok(found)
            };
            look().map_err(read_fault)
        })
    }

    fn faults(&self) -> Result<Vec<String>, StoreError> {
        let words = self.rows("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        match words {
            Ok(words) => Ok(words.into_iter().filter(|words| words != "ok").collect()),
            // Damaged so far that the look at it ends there.
            Err(StoreError::Database(error)) => Ok(vec![error.to_string()]),
            Err(error) => Err(error),
        }
    }
}

impl SqliteStore {
    fn rows<T>(
        &self,
        sql: &'static str,
        values: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(|view| {
            let rows = || -> rusqlite::Result<Vec<T>> {
                view.connection
                    .prepare_cached(sql)?
                    .query_map(values, read)?
                    .collect()
            };
            rows().map_err(read_fault)
        })
    }

    /// Those of the wanted rows for which `sql` finds nothing.
    fn absent<T: Copy>(
        &self,
        sql: &'static str,
        wanted: &[T],
        values: impl Fn(&T) -> [i64; 3],
    ) -> Result<Vec<T>, StoreError> {
        self.read(|view| {
            let look = || -> rusqlite::Result<Vec<T>> {
                let mut statement = view.connection.prepare_cached(sql)?;
                let mut absent = Vec::new();
                for row in wanted {
                    if !statement.exists(values(row))? {
                        absent.push(*row);
                    }
                }
                Ok(absent)
            };
            look().map_err(read_fault)
        })
    }
}

fn overview(connection: &Connection) -> rusqlite::Result<Overview> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let last = "SELECT occurred_at FROM event ORDER BY seq DESC LIMIT 1";
    let last: Option<i64> = connection.query_row(last, [], |row| row.get(0)).optional()?;
    // Every event has the leaf 0, by type.
    let mut types = connection.prepare(
        "SELECT t.name, (SELECT count(*) FROM posting p WHERE p.type_id = t.id AND p.leaf = 0)
         FROM event_type t ORDER BY t.name",
    )?;
    let types = types.query_map([], |row| {
        Ok(TypeCount {
            event_type: row.get(0)?,
            events: row.get::<_, i64>(1)?.unsigned_abs(),
        })
    })?;
    let pages = number("PRAGMA page_count")?;
    let page = number("PRAGMA page_size")?;
    let format = number("PRAGMA user_version")?;
    Ok(Overview {
        format: u32::try_from(format).ok(),
        events: number("SELECT coalesce(max(seq), 0) FROM event")?.unsigned_abs(),
        streams: number("SELECT count(*) FROM stream")?.unsigned_abs(),
        commands: number("SELECT count(*) FROM command")?.unsigned_abs(),
        types: types.collect::<Result<_, _>>()?,
        last_at: last.map(|at| Timestamp::from_millis(at.unsigned_abs())),
        bytes: Some(pages.saturating_mul(page).unsigned_abs()),
        partitions: None,
    })
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        sequence_number: row.get(0)?,
        event_id: row.get(1)?,
        occurred_at: row.get(2)?,
        type_number: row.get(3)?,
        event_type: row.get(4)?,
        stream_number: row.get(5)?,
        stream: row.get(6)?,
        stream_version: row.get(7)?,
        metadata: row.get(8)?,
        payload: row.get(9)?,
    })
}
