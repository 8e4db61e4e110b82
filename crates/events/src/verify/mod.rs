//! Reading all of a store, and telling what is not as it was written.
//!
//! Numbers have no gaps, ids rise with them, versions of streams follow one another, payloads are canonical, every posting
//! belongs to a payload and every leaf of a payload has its posting, commands point to events. The store may be written
//! meanwhile: what comes after the check began is left out.

mod finding;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use finding::Finding;

use crate::archive::{Archive, PORTION_MAX, Posting, StoredEvent, StoredIndex, StreamPlace};
use crate::digest::{Digester, StoreDigest};
use crate::error::StoreError;
use crate::posting::Leaf;

/// How many findings are told one by one; all are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// How many rows of an index are read at once.
const INDEX_PORTION: usize = 4_096;

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// How many events were read.
    pub events: u64,
    /// How many places in streams.
    pub places: u64,
    /// How many postings.
    pub postings: u64,
    /// How many commands.
    pub commands: u64,
    /// The digest of events and commands; absent when some cannot be read.
    pub digest: Option<StoreDigest>,
    /// How much is wrong.
    pub findings_total: u64,
    /// What is wrong, [`FINDINGS_MAX`] at most.
    pub findings: Vec<Finding>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.findings_total == 0
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The database looks at its own files.
    Files,
    /// Events have been read up to this number, of so many.
    Events(u64, u64),
    /// So many rows of the index have been read.
    Index(u64),
    /// So many commands have been read.
    Commands(u64),
}

/// Reads all of a store and tells what is wrong with it.
///
/// # Errors
/// [`StoreError`] when the store cannot be read at all; what can be read and is wrong is in the answer.
pub fn verify(store: &dyn Archive, progress: &mut dyn FnMut(Progress)) -> Result<Verified, StoreError> {
    let mut check = Check {
        head: store.head()?.map_or(0, |head| head.0.cast_signed()),
        digest: Digester::new(),
        is_readable: true,
        missing_postings: BTreeMap::new(),
        missing: 0,
        placed: 0,
        listed: 0,
        found: Verified {
            events: 0,
            places: 0,
            postings: 0,
            commands: 0,
            digest: None,
            findings_total: 0,
            findings: Vec::new(),
        },
    };
    if let Some(index) = store.index() {
        progress(Progress::Files);
        for words in index.faults()? {
            check.find(Finding::DatabaseFault { words });
        }
    }
    match check.contents(store, progress) {
        // Where the database has told of damage, this is more of it.
        Err(StoreError::Database(error)) if check.found.findings_total > 0 => {
            check.is_readable = false;
            check.find(Finding::DatabaseFault {
                words: error.to_string(),
            });
        }
        read => read?,
    }
    check.found.digest = check.is_readable.then(|| check.digest.end());
    Ok(check.found)
}

/// A check under way.
struct Check {
    /// The last event when it began.
    head: i64,
    digest: Digester,
    /// Whether all could be read that the digest is of.
    is_readable: bool,
    /// Leaves of payloads that have no posting, by event; of [`FINDINGS_MAX`] events at most.
    missing_postings: BTreeMap<i64, Vec<Leaf>>,
    /// How many rows of the index are missing.
    missing: u64,
    /// How many places the events have.
    placed: u64,
    /// How many postings the events have.
    listed: u64,
    found: Verified,
}

impl Check {
    fn find(&mut self, finding: Finding) {
        self.found.findings_total += 1;
        if self.found.findings.len() < FINDINGS_MAX {
            self.found.findings.push(finding);
        }
    }

    fn contents(
        &mut self,
        store: &dyn Archive,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        self.events(store, progress)?;
        if let Some(index) = store.index() {
            self.postings(index, progress)?;
            self.places(index, progress)?;
        }
        self.commands(store, progress)
    }

    fn events(&mut self, store: &dyn Archive, progress: &mut dyn FnMut(Progress)) -> Result<(), StoreError> {
        let (mut last, mut last_id) = (0_i64, Vec::new());
        loop {
            let rows = store.stored_events(last.cast_unsigned(), PORTION_MAX)?;
            let is_end =
                rows.len() < PORTION_MAX || rows.last().is_some_and(|row| row.sequence_number > self.head);
            let mut postings = Vec::new();
            let mut places = Vec::new();
            for row in rows {
                if row.sequence_number > self.head {
                    // What was committed since is right if the head has moved too.
                    let head = store.head()?.map_or(0, |head| head.0.cast_signed());
                    if row.sequence_number > head {
                        self.find(Finding::EventBeyondHead {
                            event: row.sequence_number.cast_unsigned(),
                        });
                    }
                    break;
                }
                if row.sequence_number > last + 1 {
                    self.find(Finding::Gap {
                        first: (last + 1).cast_unsigned(),
                        last: (row.sequence_number - 1).cast_unsigned(),
                    });
                }
                if row.event_id <= last_id {
                    self.find(Finding::IdOutOfOrder {
                        event: row.sequence_number,
                    });
                }
                self.event(&row, store.index(), &mut postings, &mut places);
                last = row.sequence_number;
                last_id = row.event_id;
            }
            if let Some(index) = store.index() {
                self.look_for(index, &postings, &places)?;
            }
            progress(Progress::Events(last.cast_unsigned(), self.head.cast_unsigned()));
            if is_end {
                break;
            }
        }
        if last < self.head {
            self.find(Finding::Gap {
                first: (last + 1).cast_unsigned(),
                last: self.head.cast_unsigned(),
            });
        }
        Ok(())
    }

    fn event(
        &mut self,
        row: &StoredEvent,
        index: Option<&dyn StoredIndex>,
        postings: &mut Vec<Posting>,
        places: &mut Vec<StreamPlace>,
    ) {
        self.found.events += 1;
        if let (Some(stream_number), Some(version)) = (row.stream_number, row.stream_version) {
            places.push(StreamPlace {
                stream_number,
                version,
                sequence_number: row.sequence_number,
            });
        }
        match row.read() {
            Ok(record) => {
                if record.payload.canonical().as_bytes() != row.payload || !is_canonical(&row.payload) {
                    self.find(Finding::PayloadNotCanonical {
                        event: row.sequence_number,
                    });
                }
                let leaves = index
                    .map(|index| index.listed(&record.payload))
                    .unwrap_or_default();
                postings.extend(leaves.into_iter().map(|leaf| Posting {
                    type_number: row.type_number,
                    leaf,
                    sequence_number: row.sequence_number,
                }));
                self.digest.event(&record);
            }
            Err(error) => {
                self.is_readable = false;
                self.find(Finding::EventUnreadable {
                    event: row.sequence_number,
                    reason: error.to_string(),
                });
            }
        }
    }

    /// Looks in the index for what events of a portion must have there.
    fn look_for(
        &mut self,
        index: &dyn StoredIndex,
        postings: &[Posting],
        places: &[StreamPlace],
    ) -> Result<(), StoreError> {
        self.listed += postings.len() as u64;
        self.placed += places.len() as u64;
        for posting in index.missing_postings(postings)? {
            self.missing += 1;
            let (event, leaf) = (posting.sequence_number, posting.leaf);
            if self.missing_postings.len() < FINDINGS_MAX || self.missing_postings.contains_key(&event) {
                self.missing_postings.entry(event).or_default().push(leaf);
            } else {
                self.find(Finding::PostingMissing { event, leaf: leaf.0 });
            }
        }
        for place in index.missing_places(places)? {
            self.missing += 1;
            self.find(Finding::PlaceMissing {
                event: place.sequence_number,
                version: place.version,
            });
        }
        Ok(())
    }

    /// Counts postings. As many as the payloads have, and none of these missing: then none is there that belongs to nothing.
    /// Only otherwise each is looked at.
    fn postings(
        &mut self,
        index: &dyn StoredIndex,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = index.postings(after, INDEX_PORTION)?;
            let known = rows.iter().filter(|row| row.sequence_number <= self.head);
            self.found.postings += known.count() as u64;
            progress(Progress::Index(self.found.postings));
            after = rows.last().copied();
            if rows.len() < INDEX_PORTION {
                break;
            }
        }
        let mut changed = BTreeSet::new();
        if self.found.postings != self.listed || !self.missing_postings.is_empty() || !self.is_readable {
            self.orphaned_postings(index, &mut changed)?;
        }
        for (event, leaves) in std::mem::take(&mut self.missing_postings) {
            if changed.contains(&event) {
                self.find(Finding::PayloadChanged { event });
                continue;
            }
            for leaf in leaves {
                self.find(Finding::PostingMissing { event, leaf: leaf.0 });
            }
        }
        Ok(())
    }

    fn orphaned_postings(
        &mut self,
        index: &dyn StoredIndex,
        changed: &mut BTreeSet<i64>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = index.postings(after, PORTION_MAX)?;
            let numbers: Vec<i64> = rows.iter().map(|row| row.sequence_number).collect();
            let events: BTreeMap<i64, StoredEvent> = index
                .stored_events_at(&numbers)?
                .into_iter()
                .map(|event| (event.sequence_number, event))
                .collect();
            let head = self.head;
            for row in rows.iter().filter(|row| row.sequence_number <= head) {
                let event = events.get(&row.sequence_number);
                // Of a payload that cannot be read nobody knows the leaves; it is told already.
                let is_owned = event.is_some_and(|event| {
                    event.type_number == row.type_number
                        && event
                            .read()
                            .map_or(true, |record| index.listed(&record.payload).contains(&row.leaf))
                });
                if is_owned {
                    continue;
                }
                if self.missing_postings.contains_key(&row.sequence_number) {
                    changed.insert(row.sequence_number);
                } else {
                    self.find(Finding::PostingOrphaned {
                        event: row.sequence_number,
                        leaf: row.leaf.0,
                    });
                }
            }
            after = rows.last().copied();
            if rows.len() < PORTION_MAX {
                return Ok(());
            }
        }
    }

    fn places(
        &mut self,
        index: &dyn StoredIndex,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        let mut last: Option<StreamPlace> = None;
        loop {
            let rows = index.places(last, INDEX_PORTION)?;
            for row in &rows {
                let before = last.filter(|last| last.stream_number == row.stream_number);
                let expected = before.map_or(1, |before| before.version.saturating_add(1));
                if row.version != expected {
                    self.find(Finding::StreamNotContiguous {
                        stream_number: row.stream_number,
                        expected,
                        found: row.version,
                    });
                }
                if before.is_some_and(|before| before.sequence_number >= row.sequence_number) {
                    self.find(Finding::StreamOutOfOrder {
                        stream_number: row.stream_number,
                        version: row.version,
                    });
                }
                self.found.places += u64::from(row.sequence_number <= self.head);
                last = Some(*row);
            }
            progress(Progress::Index(self.found.postings + self.found.places));
            if rows.len() < INDEX_PORTION {
                break;
            }
        }
        if self.found.places != self.placed || self.missing > 0 {
            self.orphaned_places(index)?;
        }
        Ok(())
    }

    fn orphaned_places(&mut self, index: &dyn StoredIndex) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = index.places(after, PORTION_MAX)?;
            let numbers: Vec<i64> = rows.iter().map(|row| row.sequence_number).collect();
            let events = index.stored_events_at(&numbers)?;
            let head = self.head;
            for row in rows.iter().filter(|row| row.sequence_number <= head) {
                let is_owned = events.iter().any(|event| {
                    event.sequence_number == row.sequence_number
                        && event.stream_number == Some(row.stream_number)
                        && event.stream_version == Some(row.version)
                });
                if !is_owned {
                    self.find(Finding::PlaceOrphaned {
                        stream_number: row.stream_number,
                        version: row.version,
                        event: row.sequence_number,
                    });
                }
            }
            after = rows.last().copied();
            if rows.len() < PORTION_MAX {
                return Ok(());
            }
        }
    }

    fn commands(
        &mut self,
        store: &dyn Archive,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = store.stored_commands(after.as_deref(), PORTION_MAX)?;
            // Asked after the rows were read: a command and its events come together.
            let head = store.head()?.map_or(0, |head| head.0);
            for row in &rows {
                self.found.commands += 1;
                let command = data_encoding::HEXLOWER.encode(&row.id);
                match row.read() {
                    Ok((id, recorded)) => {
                        if recorded.result.canonical().as_bytes() != row.result || !is_canonical(&row.result)
                        {
                            self.find(Finding::AnswerNotCanonical {
                                command: command.clone(),
                            });
                        }
                        if let Some(append) = recorded.append
                            && append.last_sequence_number.0 > head
                        {
                            self.find(Finding::CommandWithoutEvents {
                                command,
                                first: append.first_sequence_number.0,
                                last: append.last_sequence_number.0,
                            });
                        }
                        self.digest.command(id, &recorded);
                    }
                    Err(error) => {
                        self.is_readable = false;
                        self.find(Finding::CommandUnreadable {
                            command,
                            reason: error.to_string(),
                        });
                    }
                }
            }
            progress(Progress::Commands(self.found.commands));
            after = rows.last().map(|row| row.id.clone());
            if rows.len() < PORTION_MAX {
                return Ok(());
            }
        }
    }
}

/// Whether a stored text is what canonical JSON has for it: reading back from the database takes it on trust.
fn is_canonical(text: &[u8]) -> bool {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| {
            crate::payload::Payload::from_json(text)
                .ok()
                .map(|payload| payload.canonical() == text)
        })
        .unwrap_or(false)
}
