//! What others did while a person was away.
//!
//! Told by person and table, and within those the deletions first, for they are what one may want back. It is read from
//! the bundles that were not yet there, and from the rows as they are now: what came and went meanwhile is not told.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{ActorId, EntityId, FacetId, FieldId, FieldType, Hlc, Value};
use openprod_storage::{ChainId, StorageError};

use crate::chains::Chains;
use crate::conflicts::Conflict;
use crate::derive::{Effect, effects};
use crate::row::{CellKey, Row};
use crate::schema::reserved;
use crate::snapshot::{LogHead, Snapshot};
use crate::subject::Subject;

/// How many bundles are looked at; of a longer absence, the first ones.
pub const AWAY_BUNDLES_MAX: u64 = 20_000;

/// What others did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Away {
    /// How many bundles of others came.
    pub bundles: u64,
    /// How many of those were not looked at, because there were more than [`AWAY_BUNDLES_MAX`].
    pub unread: u64,
    /// By person, then by table.
    pub parts: Vec<AwayPart>,
    /// The conflicts that are open and have a value that came meanwhile, in order of their ids.
    pub conflicts: Vec<Conflict>,
}

/// What one person did in one table.
#[derive(Clone, Debug, PartialEq)]
pub struct AwayPart {
    /// Who.
    pub actor: ActorId,
    /// The table: the first that the record is in; `None` of records in none. Tables and fields themselves are under the
    /// facets that the engine reserves.
    pub table: Option<FacetId>,
    /// Records that were deleted and still are; the newest first.
    pub deleted: Listed<AwayRecord>,
    /// Records that were made; the newest first.
    pub created: Listed<AwayRecord>,
    /// Records that were there before and changed; the newest change first.
    pub changed: Listed<AwayChange>,
    /// How many edges were made, changed or deleted.
    pub edges: u64,
}

/// The first few of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// As many as were asked for.
    pub first: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}

/// A record, as someone knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwayRecord {
    /// The record; restoring it takes no more.
    pub entity: EntityId,
    /// The value of its first text field that has one; of a table or field, its name. Empty if there is none.
    pub label: String,
    /// When it happened.
    pub hlc: Hlc,
}

/// A record that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwayChange {
    /// The record.
    pub record: AwayRecord,
    /// The fields that were written, in order; empty when it was put into a table, taken out, merged or split.
    pub fields: Vec<FieldId>,
}

/// What one person did to one record.
#[derive(Default)]
struct Doing {
    deleted: Option<Hlc>,
    created: Option<Hlc>,
    changed: Option<Hlc>,
    fields: BTreeSet<FieldId>,
}

/// What is gathered before it is sorted: by person, then by record.
#[derive(Default)]
struct Gathered {
    records: BTreeMap<ActorId, BTreeMap<EntityId, Doing>>,
    edges: BTreeMap<(ActorId, Option<FacetId>), BTreeSet<openprod_core::EdgeId>>,
}

impl Snapshot {
    /// What others did since a device had seen these heads, as [`Snapshot::heads`] gave them then; at most `limit`
    /// records in each list. With no heads, all that others ever did. What this person did is left out, on whichever
    /// device.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read.
    pub fn away(&self, since: &[LogHead], limit: usize) -> Result<Away, StorageError> {
        let seen = self.covered(since)?.clock;
        let chains = Chains::load(&*self.store)?;
        let mut away = Away::default();
        let mut gathered = Gathered::default();
        for (id, chain) in chains.iter() {
            let Some(applied) = chain.applied.filter(|_| chain.actor != self.actor) else {
                continue;
            };
            for seq in seen.get(id).max(chain.first - 1) + 1..=applied.seq {
                away.bundles += 1;
                if away.bundles > AWAY_BUNDLES_MAX {
                    away.unread += 1;
                } else {
                    self.gather(id, seq, &mut gathered)?;
                }
            }
        }
        let Gathered { records, mut edges } = gathered;
        for (actor, records) in records {
            let mut tables: BTreeMap<Option<FacetId>, AwayPart> = BTreeMap::new();
            for (entity, doing) in records {
                let Some(row) = self.row(entity)? else { continue };
                let table = row.attached().next();
                let part = tables.entry(table).or_insert_with(|| AwayPart::new(actor, table));
                self.tell(part, entity, &row, doing);
            }
            let about_edges: Vec<_> = edges.keys().filter(|(of, _)| *of == actor).copied().collect();
            for key in about_edges {
                let part = tables.entry(key.1).or_insert_with(|| AwayPart::new(actor, key.1));
                part.edges = edges.remove(&key).map_or(0, |edges| edges.len() as u64);
            }
            away.parts
                .extend(tables.into_values().filter(|part| !part.is_empty()));
        }
        // Who did nothing but relate records is in no list of records.
        let rest = edges.into_iter().map(|((actor, table), edges)| AwayPart {
            edges: edges.len() as u64,
            ..AwayPart::new(actor, table)
        });
        away.parts.extend(rest);
        away.parts.sort_by_key(|part| (part.actor, part.table));
        for part in &mut away.parts {
            part.cut(limit);
        }
        for conflict in self.conflicts()? {
            let mut came = false;
            for candidate in &conflict.candidates {
                if candidate.actor != self.actor
                    && let Some(place) = self.store.place_of(candidate.op_id.bundle())?
                {
                    came |= !seen.covers(place.chain, place.seq);
                }
            }
            if came {
                away.conflicts.push(conflict);
            }
        }
        Ok(away)
    }

    /// Notes what a bundle did.
    fn gather(&self, chain: ChainId, seq: u64, gathered: &mut Gathered) -> Result<(), StorageError> {
        let damaged = || StorageError::DamagedRow { space: "chain" };
        let place = self.store.place(chain, seq)?.ok_or_else(damaged)?;
        let bundle = self.store.bundle(place.position)?.ok_or_else(damaged)?.bundle;
        let actor = bundle.header().actor;
        let records = gathered.records.entry(actor).or_default();
        for (index, payload) in bundle.payloads() {
            let hlc = Some(bundle.header().hlc.plus(index));
            let Ok(payload) = payload else { continue };
            let creates = matches!(payload, openprod_core::Payload::CreateEntity(_));
            for effect in effects(payload) {
                match effect {
                    Effect::Write(Subject::Entity(entity), key, value) => {
                        let doing = records.entry(self.root(entity)).or_default();
                        match key {
                            CellKey::Exists if value == Value::Boolean(false) => doing.deleted = hlc,
                            CellKey::Exists if creates => doing.created = hlc,
                            CellKey::Field(field) => {
                                doing.changed = hlc;
                                doing.fields.insert(field);
                            }
                            _ => doing.changed = hlc,
                        }
                    }
                    Effect::Edit { entity, field, .. } => {
                        let doing = records.entry(self.root(entity)).or_default();
                        doing.changed = hlc;
                        doing.fields.insert(field);
                    }
                    Effect::Write(Subject::Edge(id), ..) => {
                        if let Some(edge) = self.edge(id)? {
                            let row = self.row(edge.ends.source)?;
                            let table = row.and_then(|row| row.attached().next());
                            gathered.edges.entry((actor, table)).or_default().insert(id);
                        }
                    }
                    Effect::Rename(_) => {
                        for subject in effect.touches() {
                            let entity = subject.entity();
                            let root = entity.map(|entity| self.root(entity));
                            if let Some(root) = root {
                                records.entry(root).or_default().changed = hlc;
                            }
                        }
                    }
                    Effect::Make(..) => {}
                }
            }
        }
        Ok(())
    }

    /// Puts a record into the list that it belongs to.
    fn tell(&self, part: &mut AwayPart, entity: EntityId, row: &Row, doing: Doing) {
        let record = |hlc| AwayRecord {
            entity,
            label: self.label(row),
            hlc,
        };
        if row.is_deleted() {
            if let Some(hlc) = doing.deleted {
                part.deleted.first.push(record(hlc));
            }
        } else if let Some(hlc) = doing.created {
            part.created.first.push(record(hlc));
        } else if let Some(hlc) = doing.changed.max(doing.deleted) {
            part.changed.first.push(AwayChange {
                record: record(hlc),
                fields: doing.fields.into_iter().collect(),
            });
        }
    }

    /// What a record is called: its first text field that has a value.
    fn label(&self, row: &Row) -> String {
        let text = |field| match row.field(field) {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let own = row.attached().find_map(|facet| {
            let table = self.schema.table(facet)?;
            let fields = table.fields.iter();
            fields
                .filter(|field| field.field_type == FieldType::Text)
                .find_map(|field| text(field.id))
        });
        let names = [
            reserved::TABLE_NAME,
            reserved::FIELD_NAME,
            reserved::WORKSPACE_NAME,
            reserved::VIEW_NAME,
        ];
        own.or_else(|| names.into_iter().find_map(text))
            .unwrap_or_default()
    }
}

impl AwayPart {
    const fn new(actor: ActorId, table: Option<FacetId>) -> Self {
        Self {
            actor,
            table,
            deleted: Listed::new(),
            created: Listed::new(),
            changed: Listed::new(),
            edges: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.deleted.first.is_empty()
            && self.created.first.is_empty()
            && self.changed.first.is_empty()
            && self.edges == 0
    }

    fn cut(&mut self, limit: usize) {
        self.deleted.cut(limit, |record| record.hlc);
        self.created.cut(limit, |record| record.hlc);
        self.changed.cut(limit, |change| change.record.hlc);
    }
}

impl<T> Listed<T> {
    const fn new() -> Self {
        Self {
            first: Vec::new(),
            total: 0,
        }
    }

    fn cut(&mut self, limit: usize, hlc: impl Fn(&T) -> Hlc) {
        self.total = self.first.len() as u64;
        self.first.sort_by_key(|one| std::cmp::Reverse(hlc(one)));
        self.first.truncate(limit);
    }
}
