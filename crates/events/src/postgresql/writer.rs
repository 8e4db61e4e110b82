//! One commit, inside one transaction that holds the lock on the head of the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::commit::{AppendResult, Commit, Committed};
use crate::error::{AppendError, ContextConflict, StoreError, StreamMismatch};
use crate::event::NewEvent;
use crate::id::{EventId, IdSource, Mint, Timestamp};
use crate::memory;
use crate::name::{EventType, StreamId};
use crate::postgresql::partition;
use crate::postgresql::session::Session;
use crate::postgresql::view;
use crate::posting::{Leaf, LeafKey};
use crate::record::write_metadata;
use crate::stream::{StreamPosition, StreamVersion};

/// What a transaction found and goes by.
pub(crate) struct Writer<'a> {
    session: &'a mut Session,
    ids: &'a dyn IdSource,
    key: &'a LeafKey,
    /// What each event of the commit is listed under: hashed before the lock was taken.
    leaves: &'a [Vec<Leaf>],
    head: i64,
    /// The first number that has no partition.
    room_to: i64,
    partition_events: i64,
    mint: Mint,
}

impl<'a> Writer<'a> {
    /// Waits for its turn: from here to the end of the transaction nobody else commits.
    pub(crate) fn begin(
        session: &'a mut Session,
        ids: &'a dyn IdSource,
        key: &'a LeafKey,
        leaves: &'a [Vec<Leaf>],
        partition_events: i64,
    ) -> Result<Self, StoreError> {
        let sql = "SELECT h.seq, h.event_id, (SELECT coalesce(max(p.next), 0) FROM partition p)
            FROM head h FOR UPDATE OF h";
        let row = session.one(sql, &[])?;
        let last: Option<&[u8]> = row.get(1);
        let last = last.and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            head: row.get(0),
            // As it was before the lock was waited for: there can only be more by now.
            room_to: row.get(2),
            leaves,
            partition_events,
            mint: Mint {
                last: last.map(EventId::from_bytes),
            },
            session,
            ids,
            key,
        })
    }

    /// The first number that has no partition.
    pub(crate) const fn room_to(&self) -> i64 {
        self.room_to
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

    /// Writes events with their postings, and moves the head. Gives where each written stream ends.
    fn insert(
        &mut self,
        events: &[NewEvent],
        ends: &mut BTreeMap<String, (i64, StreamVersion)>,
    ) -> Result<Vec<StreamPosition>, StoreError> {
        let types = type_numbers(self.session, events.iter().map(|event| &event.event_type))?;
        let now = self.ids.now();
        let mut rows = Rows::default();
        let mut streams = BTreeMap::new();
        for (event, leaves) in events.iter().zip(self.leaves) {
            self.head += 1;
            let type_id = types[event.event_type.as_str()];
            let place = event.stream.as_ref().and_then(|stream| {
                let end = ends.get_mut(stream.as_str())?;
                end.1 = end.1.next();
                streams.insert(stream.clone(), end.1);
                Some((end.0, view::stored_number(end.1.0)))
            });
            let id = self.mint.next(now, self.ids);
            let metadata = write_metadata(&event.metadata);
            let payload = event.payload.canonical();
            rows.event(self.head, id, now, type_id, place, metadata, payload, leaves);
        }
        if self.head >= self.room_to {
            self.room_to = partition::ensure(self.session, self.head, self.partition_events)?;
        }
        rows.insert(self.session)?;
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

/// The number of each of these types, which gets one if it has none.
pub(crate) fn type_numbers<'a>(
    session: &mut Session,
    types: impl Iterator<Item = &'a EventType>,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let names: BTreeSet<&str> = types.map(EventType::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let rows = session.rows("SELECT name, id FROM event_type WHERE name = ANY($1)", &[&names])?;
    let mut ids: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let new: Vec<&str> = names
        .into_iter()
        .filter(|name| !ids.contains_key(*name))
        .collect();
    if !new.is_empty() {
        let sql = "INSERT INTO event_type (name) SELECT unnest($1::text[]) RETURNING name, id";
        for row in session.rows(sql, &[&new])? {
            ids.insert(row.get(0), row.get(1));
        }
    }
    Ok(ids)
}

/// Rows of a batch as the columns of tables: one statement a table, however many events there are.
#[derive(Default)]
pub(crate) struct Rows {
    seqs: Vec<i64>,
    ids: Vec<Vec<u8>>,
    times: Vec<i64>,
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
    /// Adds an event, with the number of its stream and its version there, and the leaves that it is listed under.
    #[expect(clippy::too_many_arguments, reason = "they are the columns of a row")]
    pub(crate) fn event(
        &mut self,
        seq: i64,
        id: EventId,
        at: Timestamp,
        type_id: i64,
        place: Option<(i64, i64)>,
        metadata: Option<String>,
        payload: &str,
        leaves: &[Leaf],
    ) {
        self.seqs.push(seq);
        self.ids.push(id.as_bytes().to_vec());
        self.times.push(view::stored_number(at.as_millis()));
        self.types.push(type_id);
        self.stream_ids.push(place.map(|(stream, _)| stream));
        self.versions.push(place.map(|(_, version)| version));
        self.metadata.push(metadata);
        self.payloads.push(payload.to_owned());
        for leaf in leaves {
            self.posted_types.push(type_id);
            self.leaves.push(leaf.0);
            self.posted.push(seq);
        }
    }

    pub(crate) fn insert(&self, session: &mut Session) -> Result<(), StoreError> {
        session.run(
            "INSERT INTO event
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                $7::text[], $8::text[])",
            &[
                &self.seqs,
                &self.ids,
                &self.times,
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
