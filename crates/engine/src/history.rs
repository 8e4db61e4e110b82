//! Who did what, when and why: the log as people read it.
//!
//! A page lists bundles, newest first in the order in which they arrived here, which extends causal order. Of a record
//! or an edge only the bundles that touched it are read, and each change is told with what its author saw there before.

pub mod away;
mod change;
pub(crate) mod past;
pub(crate) mod trail;

use std::collections::BTreeSet;

use openprod_core::{
    ActorId, BundleId, EdgeId, EntityId, FacetId, FieldId, Header, Hlc, Intent, LogId, Timestamp, Value,
};
use openprod_storage::{Position, Space, StorageError, StoredBundle};
use thiserror::Error;

pub use change::{Change, Deed};

use self::change::{Current, deeds};
use self::past::{Past, is_held};
use self::trail::{Trail, place_at, touches};
use crate::chains::Chains;
use crate::edge::{Direction, EdgeRow};
use crate::record;
use crate::row::{CellKey, Row};
use crate::snapshot::Snapshot;
use crate::subject::Subject;

/// The most bundles on a page.
pub const HISTORY_LIMIT_MAX: usize = 1_000;

/// The most changes that are told of one bundle; the others are counted.
pub const HISTORY_CHANGES_MAX: usize = 200;

/// How many bundles are looked at for one page. A page may end before its limit for that; its cursor goes on.
const SCANNED_MAX: usize = 8_192;

/// How many bundles are in memory at a time: each may have 8 MiB.
const BATCH: u64 = 16;

/// Which part of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryRequest {
    /// What this person did.
    pub actor: Option<ActorId>,
    /// Commands of this type, as `records.update`.
    pub command_type: Option<String>,
    /// What was done at this time or later.
    pub since: Option<Timestamp>,
    /// What was done before this time.
    pub until: Option<Timestamp>,
    /// What was done in this table, and to it.
    pub table: Option<FacetId>,
    /// What was done to this record under any of its names, and to edges from it and to it; or to this edge.
    pub subject: Option<Subject>,
    /// What was done to this field, or to one that is mapped onto it.
    pub field: Option<FieldId>,
    /// How many bundles, at most [`HISTORY_LIMIT_MAX`].
    pub limit: usize,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// A page of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The bundles, newest first.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page begins; `None` on the last. A page can be short of its limit, or empty, and not be the last.
    pub next_cursor: Option<String>,
}

/// What one command did.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// The bundle.
    pub bundle: BundleId,
    /// Who wrote it.
    pub actor: ActorId,
    /// The log that it is in.
    pub log: LogId,
    /// Its number in that log, from 1.
    pub seq: u64,
    /// When it was written.
    pub hlc: Hlc,
    /// How many operations it holds.
    pub operations: u32,
    /// Whether it is stored only and does nothing yet.
    pub held: bool,
    /// The bundle that it repeats: the same command, given on a device apart, so that its facts do not count.
    pub repeats: Option<BundleId>,
    /// Whether other bundles say other things under its command's id, which is a mistake of whoever gave it out.
    pub command_reused: bool,
    /// The command that led to it: its type, where it came from, its cause and the reason given.
    pub intent: Intent,
    /// What it did, of that which was asked for, in order; at most [`HISTORY_CHANGES_MAX`].
    pub changes: Vec<Change>,
    /// How many changes there are beyond those.
    pub omitted: u64,
}

/// Why the history cannot be told.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The cursor is none of this listing.
    #[error("list history: the cursor is none of this listing")]
    BadCursor,
    /// The limit is not one that a page can have.
    #[error("list history: the limit is {0}; it can be 1 to {HISTORY_LIMIT_MAX}")]
    BadLimit(usize),
    /// The store refused.
    #[error("list history")]
    Storage(#[from] StorageError),
}

/// What is asked for, with all names worked out.
struct Wanted {
    actor: Option<ActorId>,
    command_type: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    table: Option<FacetId>,
    /// The names of the record and its edges; `None` when all is asked for.
    subjects: Option<BTreeSet<Subject>>,
    fields: Option<BTreeSet<FieldId>>,
}

impl Wanted {
    /// Whether a command, whatever it did, is among what is asked for.
    fn admits_command(&self, header: &Header) -> bool {
        let command_type = self.command_type.as_ref();
        let at = header.hlc.timestamp();
        self.actor.is_none_or(|actor| header.actor == actor)
            && command_type.is_none_or(|wanted| *wanted == header.intent.command_type)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }

    fn is_every_change(&self) -> bool {
        self.table.is_none() && self.subjects.is_none() && self.fields.is_none()
    }

    /// Whether a change is among what is asked for.
    fn admits(&self, change: &Change, current: &mut Current<'_>) -> Result<bool, StorageError> {
        let about = change.deed.subjects();
        let subjects = self.subjects.as_ref();
        if subjects.is_some_and(|wanted| !about.iter().any(|subject| wanted.contains(subject))) {
            return Ok(false);
        }
        let fields = self.fields.as_ref();
        if fields.is_some_and(|wanted| !change.deed.field().is_some_and(|field| wanted.contains(&field))) {
            return Ok(false);
        }
        let Some(table) = self.table else {
            return Ok(true);
        };
        if let Some(facet) = change.facet {
            return Ok(facet == table);
        }
        for subject in about {
            if current.is_of_table(subject, table)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Snapshot {
    /// What was done, newest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn history(&self, request: &HistoryRequest) -> Result<HistoryPage, HistoryError> {
        if !(1..=HISTORY_LIMIT_MAX).contains(&request.limit) {
            return Err(HistoryError::BadLimit(request.limit));
        }
        let cursor = request.cursor.as_deref();
        let end = cursor
            .map(|text| text.parse::<u64>().map_err(|_| HistoryError::BadCursor))
            .transpose()?;
        let last = self.store.last()?;
        let end = Position(end.unwrap_or(last.0).min(last.0));
        let wanted = self.wanted(request)?;
        let chains = Chains::load(&*self.store)?;
        match &wanted.subjects {
            Some(subjects) => self.told_of(&wanted, subjects, &chains, end, request.limit),
            None => self.told(&wanted, &chains, end, request.limit),
        }
    }

    /// What the bundles at these places of commit order did, each as [`Self::history`] tells it: `None` where nothing of
    /// it is asked for, or there is no bundle. For callers that know by an index where to look; neither the limit nor the
    /// cursor of the request plays a part. Of a record, nothing is told of what was there before.
    ///
    /// # Errors
    /// [`HistoryError::Storage`] when the store cannot be read.
    pub fn history_at(
        &self,
        request: &HistoryRequest,
        positions: &[Position],
    ) -> Result<Vec<Option<HistoryEntry>>, HistoryError> {
        let wanted = self.wanted(request)?;
        let mut current = Current::new(self);
        let mut entries = Vec::with_capacity(positions.len());
        for position in positions {
            let stored = self.store.bundle(*position)?;
            let entry = stored.map(|stored| self.entry(&stored, &wanted, &mut current));
            entries.push(entry.transpose()?.flatten());
        }
        Ok(entries)
    }

    fn wanted(&self, request: &HistoryRequest) -> Result<Wanted, StorageError> {
        let mut subjects = None;
        if let Some(subject) = request.subject {
            let subjects = subjects.insert(BTreeSet::from([subject]));
            if let Subject::Entity(entity) = subject {
                let names = self.synonyms.aliases.names(self.root(entity));
                subjects.extend(names.map(Subject::Entity));
                for direction in [Direction::Outgoing, Direction::Incoming] {
                    let edges = record::edges(&*self.store, &self.synonyms, entity, direction)?;
                    subjects.extend(edges.iter().map(|edge| Subject::Edge(edge.id)));
                }
            }
        }
        let fields = request.field.map(|field| {
            let mappings = &self.synonyms.mappings;
            let semantic = mappings.semantic(field);
            let fields = mappings.fields(&semantic).iter();
            fields.copied().chain([field]).collect()
        });
        Ok(Wanted {
            actor: request.actor,
            command_type: request.command_type.clone(),
            since: request.since,
            until: request.until,
            table: request.table,
            subjects,
            fields,
        })
    }

    /// The history of a few subjects, from the bundles that touched them.
    fn told_of(
        &self,
        wanted: &Wanted,
        subjects: &BTreeSet<Subject>,
        chains: &Chains,
        end: Position,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError> {
        let store = &*self.store;
        let mut positions = BTreeSet::new();
        for subject in subjects {
            positions.extend(touches(store, *subject, end)?);
        }
        let mut entries = Vec::new();
        let mut current = Current::new(self);
        let mut trail = None;
        for (scanned, position) in positions.iter().rev().enumerate() {
            if entries.len() == limit || scanned == SCANNED_MAX {
                return Ok(page(entries, Some(*position)));
            }
            let place = place_at(store, *position)?;
            if wanted
                .actor
                .is_some_and(|actor| chains.get(place.chain).actor != actor)
            {
                continue;
            }
            let damaged = StorageError::DamagedRow { space: "bundle" };
            let stored = store.bundle(*position)?.ok_or(damaged)?;
            let Some(mut entry) = self.entry(&stored, wanted, &mut current)? else {
                continue;
            };
            let trail = match &trail {
                Some(trail) => trail,
                None => trail.insert(Trail::load(store, chains, subjects, *position)?),
            };
            let before = trail.rows(&Past::before(chains, store, &place)?);
            for change in &mut entry.changes {
                if let Deed::Wrote { subject, cell, .. } = &change.deed
                    && subjects.contains(subject)
                {
                    let value = before.get(*subject).and_then(|row| row.value(cell));
                    change.before = Some(value.cloned().unwrap_or(Value::Empty));
                }
            }
            entries.push(entry);
        }
        Ok(page(entries, None))
    }

    /// The history of everything, or of what a person or a table went through.
    fn told(
        &self,
        wanted: &Wanted,
        chains: &Chains,
        end: Position,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError> {
        let store = &*self.store;
        let mut entries = Vec::new();
        let mut current = Current::new(self);
        let mut upper = end.0;
        let mut scanned = 0;
        while upper > 0 {
            let lower = upper.saturating_sub(BATCH);
            let places = store.places(Position(lower), (upper - lower) as usize)?;
            for place in places.into_iter().rev() {
                if entries.len() == limit || scanned == SCANNED_MAX {
                    return Ok(page(entries, Some(place.position)));
                }
                scanned += 1;
                if wanted
                    .actor
                    .is_some_and(|actor| chains.get(place.chain).actor != actor)
                {
                    continue;
                }
                let damaged = StorageError::DamagedRow { space: "bundle" };
                let stored = store.bundle(place.position)?.ok_or(damaged)?;
                entries.extend(self.entry(&stored, wanted, &mut current)?);
            }
            upper = lower;
        }
        Ok(page(entries, None))
    }

    /// What a bundle did of what is asked for; `None` when that is nothing.
    fn entry(
        &self,
        stored: &StoredBundle,
        wanted: &Wanted,
        current: &mut Current<'_>,
    ) -> Result<Option<HistoryEntry>, StorageError> {
        let (bundle, header) = (&stored.bundle, stored.bundle.header());
        if !wanted.admits_command(header) {
            return Ok(None);
        }
        let (mut changes, mut omitted) = (Vec::new(), 0);
        for change in deeds(bundle) {
            if !wanted.is_every_change() && !wanted.admits(&change, current)? {
                continue;
            }
            if changes.len() < HISTORY_CHANGES_MAX {
                changes.push(change);
            } else {
                omitted += 1;
            }
        }
        if changes.is_empty() && !wanted.is_every_change() {
            return Ok(None);
        }
        for change in &mut changes {
            change.shown = current.is_shown(change, stored.place.hash)?;
        }
        Ok(Some(HistoryEntry {
            bundle: bundle.id(),
            actor: header.actor,
            log: header.log,
            seq: header.seq,
            hlc: header.hlc,
            operations: bundle.len(),
            held: is_held(&*self.store, &stored.place)?,
            repeats: self.facts().repeated_by(stored.bundle.id())?,
            command_reused: self.facts().is_reused(stored.bundle.header().intent.command_id)?,
            intent: header.intent.clone(),
            changes,
            omitted,
        }))
    }
}

fn page(entries: Vec<HistoryEntry>, next: Option<Position>) -> HistoryPage {
    HistoryPage {
        entries,
        next_cursor: next.map(|position| position.0.to_string()),
    }
}

impl Snapshot {
    /// The row of one name of an entity, or the cells of an edge.
    fn raw_row(&self, subject: Subject) -> Result<Option<Row>, StorageError> {
        let space = match subject {
            Subject::Entity(_) => Space::Entity,
            Subject::Edge(_) => Space::Edge,
        };
        let bytes = self.store.get(space, subject.as_bytes())?;
        bytes
            .map(|bytes| match subject {
                Subject::Entity(_) => Row::decode(&bytes),
                Subject::Edge(_) => EdgeRow::decode(&bytes).map(|row| row.cells),
            })
            .transpose()
    }
}

/// The entities and edges that something is about.
pub(crate) fn about(edge: EdgeId, source: EntityId, target: EntityId) -> Vec<Subject> {
    vec![
        Subject::Edge(edge),
        Subject::Entity(source),
        Subject::Entity(target),
    ]
}

impl Deed {
    /// The field, if one was written.
    #[must_use]
    pub const fn field(&self) -> Option<FieldId> {
        match self {
            Self::Wrote {
                cell: CellKey::Field(field),
                ..
            }
            | Self::Edited { field, .. } => Some(*field),
            _ => None,
        }
    }
}
