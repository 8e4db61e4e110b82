//! Records and edges as people see them: read from the rows of all names that an entity goes by, with the texts and the
//! followed fields that are kept elsewhere.

use std::collections::BTreeMap;

use openprod_core::{EdgeId, EntityId, FacetId, FieldId, FieldType, Value};
use openprod_storage::{Read, Space, StorageError};

use crate::documents;
use crate::edge::{Direction, Edge, EdgeRow, Ends, incident_key};
use crate::reference::{Broken, Followed, follow};
use crate::row::Row;
use crate::schema::{Field, Schema};
use crate::synonyms::Synonyms;
use crate::text::Kind;

/// Reads records from one consistent state.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) store: &'a dyn Read,
    pub(crate) schema: &'a Schema,
    pub(crate) synonyms: &'a Synonyms,
}

impl Reader<'_> {
    /// The row of a record, with all that it shows; `None` when nobody ever wrote to any of its names.
    pub(crate) fn record(&self, root: EntityId) -> Result<Option<Row>, StorageError> {
        let mut row = self.plain(root)?;
        if let Some(row) = &mut row {
            self.present(root, row)?;
        }
        Ok(row)
    }

    /// The row of a record, with what is written in the rows of its names alone.
    pub(crate) fn plain(&self, root: EntityId) -> Result<Option<Row>, StorageError> {
        let mut rows = names(self.store, self.synonyms, root)?;
        Ok(match rows.len() {
            0 => None,
            1 if self.synonyms.mappings.is_empty() => rows.pop().map(|(_, row)| row),
            _ => Some(Row::assemble(
                rows.iter().map(|(_, row)| row),
                &self.synonyms.mappings,
            )),
        })
    }

    /// The records of a table beyond `after`, in ascending order of id, at most `limit`.
    pub(crate) fn members(
        &self,
        table: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Row)>, StorageError> {
        let mut members = Vec::new();
        if self.synonyms.is_empty() {
            for (root, bytes) in self.store.members(table, after, limit)? {
                let mut row = Row::decode(&bytes)?;
                self.present(root, &mut row)?;
                members.push((root, row));
            }
            return Ok(members);
        }
        // A root need have no row of its own, so the index alone says who is a member.
        let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
        // The number of members stands before them, under the table alone.
        let after = [table.as_bytes().as_slice(), after].concat();
        for (key, _) in self
            .store
            .scan(Space::Member, table.as_bytes(), Some(&after), limit)?
        {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Member.name(),
            };
            let root = EntityId::from_bytes(key[16..].try_into().map_err(damaged)?);
            members.extend(self.record(root)?.map(|row| (root, row)));
        }
        Ok(members)
    }

    /// The reference fields of a record that lead nowhere, and why.
    pub(crate) fn broken(&self, root: EntityId, row: &Row) -> Result<Vec<(FieldId, Broken)>, StorageError> {
        self.present(root, &mut row.clone())
    }

    /// All edges of a record, deleted ones too: ordered ones by type and place, then the others by id.
    pub(crate) fn edges(&self, root: EntityId, direction: Direction) -> Result<Vec<Edge>, StorageError> {
        edges(self.store, self.synonyms, root, direction)
    }

    /// Puts the values of texts and followed fields into a row; says which lead nowhere.
    fn present(&self, root: EntityId, row: &mut Row) -> Result<Vec<(FieldId, Broken)>, StorageError> {
        let mut broken = Vec::new();
        if !self.schema.has_kept_elsewhere() {
            return Ok(broken);
        }
        let facets: Vec<FacetId> = row.attached().collect();
        for table in facets.iter().filter_map(|facet| self.schema.table(*facet)) {
            for field in table.fields.iter().filter(|field| field.is_kept_elsewhere()) {
                let reason = self.show(root, row, field, &mut Vec::new())?;
                broken.extend(reason.map(|reason| (field.id, reason)));
            }
        }
        Ok(broken)
    }

    /// Puts the value of one field into a row, if it is kept elsewhere.
    pub(crate) fn show(
        &self,
        root: EntityId,
        row: &mut Row,
        field: &Field,
        trail: &mut Vec<(EntityId, FieldId)>,
    ) -> Result<Option<Broken>, StorageError> {
        if field.is_followed() {
            return Ok(match follow(self, root, row, field, trail)? {
                Followed::Nowhere => None,
                Followed::Broken(broken) => Some(broken),
                Followed::Field(there, target) => {
                    row.adopt_field(field.id, &there, target);
                    None
                }
            });
        }
        let kind = match field.field_type {
            FieldType::CrdtText => Kind::Text,
            FieldType::CrdtList => Kind::List,
            _ => return Ok(None),
        };
        for name in self.synonyms.aliases.names(root) {
            let key = (name, field.id);
            if let Some(content) = documents::content(self.store, key, kind)?
                && let Some(last) = documents::last_delta(self.store, key)?
            {
                row.show(field.id, Value::Text(content), &last);
                break;
            }
        }
        Ok(None)
    }
}

/// The rows of all names of a record that were ever written to, its own first.
pub(crate) fn names(
    store: &dyn Read,
    synonyms: &Synonyms,
    root: EntityId,
) -> Result<Vec<(EntityId, Row)>, StorageError> {
    let mut rows = Vec::with_capacity(1);
    for name in synonyms.aliases.names(root) {
        if let Some(bytes) = store.get(Space::Entity, name.as_bytes())? {
            rows.push((name, Row::decode(&bytes)?));
        }
    }
    Ok(rows)
}

/// The edge; `None` while no creation of it is known.
pub(crate) fn edge(store: &dyn Read, synonyms: &Synonyms, id: EdgeId) -> Result<Option<Edge>, StorageError> {
    let Some(bytes) = store.get(Space::Edge, id.as_bytes())? else {
        return Ok(None);
    };
    Ok(present(synonyms, id, &EdgeRow::decode(&bytes)?))
}

/// An edge's row as people see it.
fn present(synonyms: &Synonyms, id: EdgeId, row: &EdgeRow) -> Option<Edge> {
    let ends = row.ends()?.clone();
    Some(Edge {
        id,
        ends: Ends {
            source: synonyms.aliases.root(ends.source),
            target: synonyms.aliases.root(ends.target),
            ..ends
        },
        row: row.cells.clone(),
    })
}

/// All edges of a record, deleted ones too: ordered ones by type and place, then the others by id.
pub(crate) fn edges(
    store: &dyn Read,
    synonyms: &Synonyms,
    entity: EntityId,
    direction: Direction,
) -> Result<Vec<Edge>, StorageError> {
    let mut edges = Vec::new();
    for name in synonyms.aliases.names(synonyms.aliases.root(entity)) {
        let key = incident_key(name, direction, EdgeId::from_bytes([0; 16]));
        for (key, _) in store.scan(Space::Incident, &key[..17], None, usize::MAX)? {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Incident.name(),
            };
            let id = EdgeId::from_bytes(key[17..].try_into().map_err(damaged)?);
            edges.extend(edge(store, synonyms, id)?);
        }
    }
    sort(&mut edges);
    Ok(edges)
}

/// How many edges read at a time to count them.
const COUNTED_AT_A_TIME: usize = 1_000;

/// The types of all edges that are not deleted, and how many there are of each.
pub(crate) fn edge_types(store: &dyn Read) -> Result<BTreeMap<String, u64>, StorageError> {
    let mut counts = BTreeMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = store.scan(Space::Edge, &[], after.as_deref(), COUNTED_AT_A_TIME)?;
        let Some((last, _)) = rows.last() else {
            return Ok(counts);
        };
        after = Some(last.clone());
        for (_, bytes) in &rows {
            let row = EdgeRow::decode(bytes)?;
            if let Some(ends) = row.ends().filter(|_| !row.cells.is_deleted()) {
                *counts.entry(ends.edge_type.clone()).or_default() += 1;
            }
        }
    }
}

/// Puts edges in order: ordered ones by type and place, then the others by id.
fn sort(edges: &mut [Edge]) {
    edges.sort_by(|a, b| {
        let group = |edge: &Edge| {
            (
                !edge.ends.ordered,
                edge.ends.ordered.then(|| edge.ends.edge_type.clone()),
            )
        };
        group(a)
            .cmp(&group(b))
            .then_with(|| a.place().cmp(&b.place()))
            .then_with(|| a.id.cmp(&b.id))
    });
}
