//! What is found quickly because it is kept beside the rows: members of tables, conflicts, edges by their ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openprod_core::encoding::encode;
use openprod_core::{EdgeId, EntityId, FacetId};
use openprod_storage::{Read, Space, StorageError, Write};

use super::{Changes, State};
use crate::conflicts::{self, ConflictKey};
use crate::edge::{Direction, EdgeRow, Ends, incident_key};
use crate::row::Row;
use crate::stored::stored;
use crate::synonyms::Synonyms;

/// How many rows are read at a time where all must be.
const BATCH: usize = 1_024;

/// What records contribute to the indexes.
#[derive(Default)]
struct Contribution {
    members: BTreeSet<(FacetId, EntityId)>,
    conflicts: BTreeSet<ConflictKey>,
}

impl Contribution {
    /// Adds a record: its root, and the rows of all its names.
    fn add(&mut self, root: EntityId, names: &[(EntityId, &Row)], synonyms: &Synonyms) {
        self.conflicts
            .extend(conflicts::of_record(root, names, &synonyms.mappings));
        let facets: BTreeSet<FacetId> = match names {
            [(_, row)] => row.facets().collect(),
            _ => Row::assemble(names.iter().map(|(_, row)| *row), &synonyms.mappings)
                .facets()
                .collect(),
        };
        self.members.extend(facets.into_iter().map(|facet| (facet, root)));
    }
}

impl State {
    /// Brings the indexes of members and conflicts from the rows as they are stored to the rows as they are now.
    pub(super) fn flush_indexes(
        &mut self,
        store: &mut dyn Write,
        changes: &mut Changes,
    ) -> Result<(), StorageError> {
        let old = Arc::clone(&self.synonyms);
        let mut affected: BTreeSet<EntityId> = self
            .rows
            .iter()
            .filter(|(_, entry)| entry.changed)
            .map(|(entity, _)| *entity)
            .collect();
        if std::mem::take(&mut self.renamed) {
            self.synonyms = Arc::new(Synonyms::load(&*store)?);
            affected.extend(old.aliases.difference(&self.synonyms.aliases));
            affected.extend(self.holders(&*store, &old.mappings.difference(&self.synonyms.mappings))?);
        }
        let new = Arc::clone(&self.synonyms);
        let (mut before, mut after) = (Contribution::default(), Contribution::default());
        if old.is_empty() && new.is_empty() {
            for entity in affected {
                let entry = &self.rows[&entity];
                if let Some(row) = entry.before() {
                    before.add(entity, &[(entity, row)], &old);
                }
                after.add(entity, &[(entity, &entry.row)], &new);
            }
        } else {
            let roots = |synonyms: &Synonyms| -> BTreeSet<EntityId> {
                affected
                    .iter()
                    .map(|entity| synonyms.aliases.root(*entity))
                    .collect()
            };
            for root in roots(&old) {
                self.contribute(&*store, root, &old, true, &mut before)?;
            }
            for root in roots(&new) {
                self.contribute(&*store, root, &new, false, &mut after)?;
            }
        }
        write_difference(store, &before, &after, changes)
    }

    /// Adds what a record contributes, by its rows as they are stored or as they are now.
    fn contribute(
        &mut self,
        store: &dyn Read,
        root: EntityId,
        synonyms: &Synonyms,
        stored: bool,
        contribution: &mut Contribution,
    ) -> Result<(), StorageError> {
        let names: Vec<EntityId> = synonyms.aliases.names(root).collect();
        for name in &names {
            self.entry(store, *name)?;
        }
        let nothing = Row::default();
        let rows: Vec<(EntityId, &Row)> = names
            .iter()
            .map(|name| {
                let entry = &self.rows[name];
                let row = if stored {
                    entry.before().unwrap_or(&nothing)
                } else {
                    &entry.row
                };
                (*name, row)
            })
            .collect();
        contribution.add(root, &rows, synonyms);
        Ok(())
    }

    /// The entities that have a value in any of the fields, as they are stored. There is no index for it: that
    /// fields begin or cease to be one is rare.
    fn holders(
        &self,
        store: &dyn Read,
        fields: &BTreeSet<openprod_core::FieldId>,
    ) -> Result<Vec<EntityId>, StorageError> {
        let mut holders = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        while !fields.is_empty() {
            let rows = store.scan(Space::Entity, &[], after.as_deref(), BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (key, value) in rows {
                let damaged = |_| StorageError::DamagedRow {
                    space: Space::Entity.name(),
                };
                let entity = EntityId::from_bytes(key.as_slice().try_into().map_err(damaged)?);
                if Row::decode(&value)?.fields().any(|field| fields.contains(&field)) {
                    holders.push(entity);
                }
            }
        }
        Ok(holders)
    }

    /// Writes the changed edges, and the indexes over them.
    pub(super) fn flush_edges(
        &mut self,
        store: &mut dyn Write,
        changes: &mut Changes,
    ) -> Result<(), StorageError> {
        let mut ends = Vec::new();
        for (edge, entry) in &mut self.edges {
            if !std::mem::take(&mut entry.changed) {
                continue;
            }
            let stored = entry.stored.take();
            if let Some(stored) = &stored {
                self.hash.subtract(&stored.canonical(*edge));
            }
            self.hash.add(&entry.row.canonical(*edge));
            index_ends(store, *edge, stored.as_ref(), &entry.row)?;
            let conflicts = |row: &EdgeRow| conflicts::of_edge(*edge, &row.cells);
            let before = Contribution {
                conflicts: stored.as_ref().map(conflicts).unwrap_or_default(),
                ..Contribution::default()
            };
            let after = Contribution {
                conflicts: conflicts(&entry.row),
                ..Contribution::default()
            };
            write_difference(store, &before, &after, changes)?;
            changes.edges.insert(*edge);
            ends.extend(entry.row.ends().cloned());
            store.put(Space::Edge, edge.as_bytes(), &entry.row.encode())?;
        }
        let ends = ends
            .into_iter()
            .flat_map(|Ends { source, target, .. }| [source, target]);
        self.tell(&*store, ends, changes)
    }

    /// Counts records among what changed, for what is kept beside their rows.
    pub(super) fn tell(
        &mut self,
        store: &dyn Read,
        entities: impl IntoIterator<Item = EntityId>,
        changes: &mut Changes,
    ) -> Result<(), StorageError> {
        for entity in entities {
            let root = self.synonyms.aliases.root(entity);
            let facets: Vec<FacetId> = self.row(store, root)?.facets().collect();
            for facet in facets {
                changes.records.entry(facet).or_default().insert(root);
            }
        }
        Ok(())
    }
}

fn index_ends(
    store: &mut dyn Write,
    edge: EdgeId,
    stored: Option<&EdgeRow>,
    row: &EdgeRow,
) -> Result<(), StorageError> {
    let keys = |row: &EdgeRow| {
        row.ends().map(|ends| {
            [
                incident_key(ends.source, Direction::Outgoing, edge),
                incident_key(ends.target, Direction::Incoming, edge),
            ]
        })
    };
    let (before, after) = (stored.and_then(keys), keys(row));
    if before != after {
        for key in before.into_iter().flatten() {
            store.delete(Space::Incident, &key)?;
        }
        for key in after.into_iter().flatten() {
            store.put(Space::Incident, &key, &[])?;
        }
    }
    Ok(())
}

fn write_difference(
    store: &mut dyn Write,
    before: &Contribution,
    after: &Contribution,
    changes: &mut Changes,
) -> Result<(), StorageError> {
    let member_key =
        |(facet, entity): &(FacetId, EntityId)| [facet.as_bytes().as_slice(), entity.as_bytes()].concat();
    let mut records: BTreeMap<FacetId, BTreeSet<EntityId>> = BTreeMap::new();
    for (facet, entity) in before.members.union(&after.members) {
        records.entry(*facet).or_default().insert(*entity);
    }
    let mut counts: BTreeMap<FacetId, i64> = BTreeMap::new();
    for member in after.members.difference(&before.members) {
        store.put(Space::Member, &member_key(member), &[])?;
        *counts.entry(member.0).or_default() += 1;
    }
    for member in before.members.difference(&after.members) {
        store.delete(Space::Member, &member_key(member))?;
        *counts.entry(member.0).or_default() -= 1;
    }
    for (facet, change) in counts {
        add_to_count(store, facet, change)?;
    }
    for key in after.conflicts.difference(&before.conflicts) {
        store.put(Space::Conflict, &conflicts::row_key(key.id()), &key.encode())?;
    }
    for key in before.conflicts.difference(&after.conflicts) {
        store.delete(Space::Conflict, &conflicts::row_key(key.id()))?;
    }
    changes.merge(Changes {
        records,
        edges: BTreeSet::new(),
        opened: after.conflicts.difference(&before.conflicts).cloned().collect(),
        resolved: before.conflicts.difference(&after.conflicts).cloned().collect(),
        ..Changes::default()
    });
    Ok(())
}

/// How many members a facet has: kept under the facet alone, before its members, and not at all when it has none.
pub(crate) fn count(store: &dyn Read, facet: FacetId) -> Result<u64, StorageError> {
    let count = store.get(Space::Member, facet.as_bytes())?;
    count.map_or(Ok(0), |bytes| stored(Space::Member, &bytes))
}

fn add_to_count(store: &mut dyn Write, facet: FacetId, change: i64) -> Result<(), StorageError> {
    if change == 0 {
        return Ok(());
    }
    match count(&*store, facet)?.saturating_add_signed(change) {
        0 => store.delete(Space::Member, facet.as_bytes()),
        count => store.put(Space::Member, facet.as_bytes(), &encode(&count)),
    }
}
