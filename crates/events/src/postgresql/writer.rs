//! One commit, inside one transaction that holds the lock on the head of the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::{AppendResult, Commit, Committed};
use crate::error::{AppendError, ContextConflict, StoreError, StreamMismatch};
use crate::event::NewEvent;
use crate::id::{EventId, IdSource, Mint};
use crate::memory;
use crate::name::{EventType, StreamId};
use crate::postgresql::schema::ensure_partition;
use crate::postgresql::session::Session;
use crate::postgresql::view;
use crate::posting::LeafKey;
use crate::record::write_metadata;
use crate::stream::{StreamPosition, StreamVersion};

/// What a transaction found and goes by.
pub(crate) struct Writer<'a> {
    session: &'a mut Session,
    ids: &'a dyn IdSource,
    key: &'a LeafKey,
    head: i64,
    mint: Mint,
}

impl<'a> Writer<'a> {
    /// Waits for its turn: from here to the end of the transaction nobody else commits.
    pub(crate) fn begin(
        session: &'a mut Session,
        ids: &'a dyn IdSource,
        key: &'a LeafKey,
    ) -> Result<Self, StoreError> {
        let row = session.one("SELECT seq, event_id FROM head FOR UPDATE", &[])?;
        let last: Option<&[u8]> = row.get(1);
        let last = last.and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            head: row.get(0),
            mint: Mint {
                last: last.map(EventId::from_bytes),
            },
            session,
            ids,
            key,
        })
    }

    /// Checks everything, then writes.
    pub(crate) fn commit(&mut self, commit: &Commit) -> Result<Committed, AppendError> {
        if let Some(committed) = self.repeated(commit)? {
            return Ok(committed);
        }
        let mut ends = self.stream_ends(commit)?;
        check_streams(commit, &ends)?;
        self.check_context(commit)?;
        Ok(self.write(commit, &mut ends)?)
    }

    /// What a command led to when it was carried out; `None` when it was not.
    fn repeated(&mut self, commit: &Commit) -> Result<Option<Committed>, AppendError> {
        let Some(receipt) = &commit.command else {
            return Ok(None);
        };
        let Some(recorded) = view::command(self.session, receipt.id)? else {
            return Ok(None);
        };
        if recorded.request != receipt.request {
            return Err(AppendError::CommandReused { command: receipt.id });
        }
        let positions = match recorded.append {
            Some(append) => view::positions_of(self.session, append)?,
            None => Vec::new(),
        };
        Ok(Some(Committed {
            append: recorded.append,
            streams: memory::stream_ends(positions.into_iter()),
            result: Some(recorded.result),
            repeated: true,
        }))
    }

    /// The number and the version of every stream that the commit reads or writes and that is there.
    fn stream_ends(&mut self, commit: &Commit) -> Result<BTreeMap<String, (i64, StreamVersion)>, StoreError> {
        let written = commit.events.iter().filter_map(|event| event.stream.as_ref());
        let read = commit.streams.iter().map(|position| &position.stream);
        let names: BTreeSet<&str> = written.chain(read).map(StreamId::as_str).collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&str> = names.into_iter().collect();
        let ends = view::stream_ends(self.session, &names)?;
        Ok(ends
            .into_iter()
            .map(|(name, id, version)| (name, (id, version)))
            .collect())
    }

    fn check_context(&mut self, commit: &Commit) -> Result<(), AppendError> {
        let Some(context) = &commit.context else {
            return Ok(());
        };
        let actual = view::context_version(self.session, self.key, &context.query)?;
        if actual == context.version {
            return Ok(());
        }
        Err(ContextConflict {
            expected_context_version: context.version,
            actual_context_version: actual,
        }
        .into())
    }

    fn write(
        &mut self,
        commit: &Commit,
        ends: &mut BTreeMap<String, (i64, StreamVersion)>,
    ) -> Result<Committed, StoreError> {
        let first = self.head + 1;
        let mut streams = Vec::new();
        if !commit.events.is_empty() {
            self.make_streams(&commit.events, ends)?;
            streams = self.insert(&commit.events, ends)?;
        }
        let append = view::number(first)
            .zip(view::number(self.head))
            .filter(|_| !commit.events.is_empty())
            .map(|(first, last)| AppendResult::spanning(first, last));
        if let Some(receipt) = &commit.command {
            let number =
                |number: fn(AppendResult) -> u64| append.map(|append| view::stored_number(number(append)));
            self.session.run(
                "INSERT INTO command VALUES ($1, $2, $3, $4, $5)",
                &[
                    &&receipt.id.as_bytes()[..],
                    &&receipt.request.as_bytes()[..],
                    &number(|append| append.first_sequence_number.0),
                    &number(|append| append.last_sequence_number.0),
                    &receipt.result.canonical(),
                ],
            )?;
        }
        Ok(Committed {
            append,
            streams,
            result: commit.command.as_ref().map(|receipt| receipt.result.clone()),
            repeated: false,
        })
    }

    /// Gives a number to each stream that has none.
    fn make_streams(
        &mut self,
        events: &[NewEvent],
        ends: &mut BTreeMap<String, (i64, StreamVersion)>,
    ) -> Result<(), StoreError> {
        let written = events.iter().filter_map(|event| event.stream.as_ref());
        let new: BTreeSet<&str> = written
            .map(StreamId::as_str)
            .filter(|name| !ends.contains_key(*name))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let new: Vec<&str> = new.into_iter().collect();
        let sql = "INSERT INTO stream (name) SELECT unnest($1::text[]) RETURNING name, id";
        for row in self.session.rows(sql, &[&new])? {
            ends.insert(row.get(0), (row.get(1), StreamVersion::EMPTY));
        }
        Ok(())
    }

    /// The number of each type, which gets one if it has none.
    fn type_ids(&mut self, events: &[NewEvent]) -> Result<BTreeMap<String, i64>, StoreError> {
        let names: BTreeSet<&EventType> = events.iter().map(|event| &event.event_type).collect();
        let names: Vec<&str> = names.into_iter().map(EventType::as_str).collect();
        let rows = self
            .session
            .rows("SELECT name, id FROM event_type WHERE name = ANY($1)", &[&names])?;
        let mut ids: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let new: Vec<&str> = names
            .into_iter()
            .filter(|name| !ids.contains_key(*name))
            .collect();
        if !new.is_empty() {
            let sql = "INSERT INTO event_type (name) SELECT unnest($1::text[]) RETURNING name, id";
            for row in self.session.rows(sql, &[&new])? {
                ids.insert(row.get(0), row.get(1));
            }
        }
        Ok(ids)
    }

    /// Writes events with their postings, and moves the head. Gives where each written stream ends.
    fn insert(
        &mut self,
        events: &[NewEvent],
        ends: &mut BTreeMap<String, (i64, StreamVersion)>,
    ) -> Result<Vec<StreamPosition>, StoreError> {
        let types = self.type_ids(events)?;
        let now = self.ids.now();
        let mut rows = Rows::default();
        let mut streams = BTreeMap::new();
        for event in events {
            self.head += 1;
            let type_id = types[event.event_type.as_str()];
            let place = event.stream.as_ref().and_then(|stream| {
                let end = ends.get_mut(stream.as_str())?;
                end.1 = end.1.next();
                streams.insert(stream.clone(), end.1);
                Some((end.0, view::stored_number(end.1.0)))
            });
            rows.seqs.push(self.head);
            rows.ids.push(self.mint.next(now, self.ids).as_bytes().to_vec());
            rows.types.push(type_id);
            rows.stream_ids.push(place.map(|(id, _)| id));
            rows.versions.push(place.map(|(_, version)| version));
            rows.metadata.push(write_metadata(&event.metadata));
            rows.payloads.push(event.payload.canonical().to_owned());
            for leaf in self.key.listed(&event.payload) {
                rows.posted_types.push(type_id);
                rows.leaves.push(leaf.0);
                rows.posted.push(self.head);
            }
        }
        for seq in [rows.seqs.first(), rows.seqs.last()].into_iter().flatten() {
            ensure_partition(self.session, *seq)?;
        }
        rows.insert(self.session, view::stored_number(now.as_millis()))?;
        let last = self.mint.last.map(|id| id.as_bytes().to_vec());
        self.session
            .run("UPDATE head SET seq = $1, event_id = $2", &[&self.head, &last])?;
        Ok(streams
            .into_iter()
            .map(|(stream, version)| StreamPosition { stream, version })
            .collect())
    }
}

fn check_streams(commit: &Commit, ends: &BTreeMap<String, (i64, StreamVersion)>) -> Result<(), AppendError> {
    let mismatch = |position: &StreamPosition| {
        let actual = ends
            .get(position.stream.as_str())
            .map_or(StreamVersion::EMPTY, |&(_, version)| version);
        (actual != position.version).then(|| StreamMismatch {
            stream: position.stream.clone(),
            expected: position.version,
            actual,
        })
    };
    let mismatches: Vec<_> = commit.streams.iter().filter_map(mismatch).collect();
    if mismatches.is_empty() {
        Ok(())
    } else {
        Err(AppendError::Streams(mismatches))
    }
}

/// Rows of a batch as the columns of tables: one statement a table, however many events there are.
#[derive(Default)]
struct Rows {
    seqs: Vec<i64>,
    ids: Vec<Vec<u8>>,
    types: Vec<i64>,
    stream_ids: Vec<Option<i64>>,
    versions: Vec<Option<i64>>,
    metadata: Vec<Option<String>>,
    payloads: Vec<String>,
    posted_types: Vec<i64>,
    leaves: Vec<i64>,
    posted: Vec<i64>,
}

impl Rows {
    fn insert(&self, session: &mut Session, occurred_at: i64) -> Result<(), StoreError> {
        session.run(
            "INSERT INTO event
             SELECT seq, event_id, $2, type_id, stream_id, version, metadata, payload
             FROM unnest($1::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
                AS new (seq, event_id, type_id, stream_id, version, metadata, payload)",
            &[
                &self.seqs,
                &occurred_at,
                &self.ids,
                &self.types,
                &self.stream_ids,
                &self.versions,
                &self.metadata,
                &self.payloads,
            ],
        )?;
        if self.stream_ids.iter().any(Option::is_some) {
            session.run(
                "INSERT INTO stream_event
                 SELECT stream_id, version, seq FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
                    AS new (stream_id, version, seq) WHERE stream_id IS NOT NULL",
                &[&self.stream_ids, &self.versions, &self.seqs],
            )?;
        }
        session.run(
            "INSERT INTO posting SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])",
            &[&self.posted_types, &self.leaves, &self.posted],
        )
    }
}
