//! Records and edges as people see them: read from the rows of all names that an entity goes by.

use openprod_core::{EdgeId, EntityId, FacetId};
use openprod_storage::{Read, Space, StorageError};

use crate::edge::{Direction, Edge, EdgeRow, Ends, incident_key};
use crate::row::Row;
use crate::synonyms::Synonyms;

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

/// The row of a record; `None` when nobody ever wrote to any of its names.
pub(crate) fn read(
    store: &dyn Read,
    synonyms: &Synonyms,
    root: EntityId,
) -> Result<Option<Row>, StorageError> {
    let mut rows = names(store, synonyms, root)?;
    Ok(match rows.len() {
        0 => None,
        1 if synonyms.mappings.is_empty() => rows.pop().map(|(_, row)| row),
        _ => Some(Row::assemble(rows.iter().map(|(_, row)| row), &synonyms.mappings)),
    })
}

/// The records of a table beyond `after`, in ascending order of id, at most `limit`.
pub(crate) fn members(
    store: &dyn Read,
    synonyms: &Synonyms,
    table: FacetId,
    after: Option<EntityId>,
    limit: usize,
) -> Result<Vec<(EntityId, Row)>, StorageError> {
    if synonyms.is_empty() {
        let rows = store.members(table, after, limit)?;
        return rows
            .into_iter()
            .map(|(root, bytes)| Ok((root, Row::decode(&bytes)?)))
            .collect();
    }
    // A root need have no row of its own, so the index alone says who is a member.
    let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
    // The number of members stands before them, under the table alone.
    let after = [table.as_bytes().as_slice(), after].concat();
    let mut members = Vec::new();
    for (key, _) in store.scan(Space::Member, table.as_bytes(), Some(&after), limit)? {
        let damaged = |_| StorageError::DamagedRow {
            space: Space::Member.name(),
        };
        let root = EntityId::from_bytes(key[16..].try_into().map_err(damaged)?);
        members.extend(read(store, synonyms, root)?.map(|row| (root, row)));
    }
    Ok(members)
}

/// The edge; `None` while no creation of it is known.
pub(crate) fn edge(store: &dyn Read, synonyms: &Synonyms, id: EdgeId) -> Result<Option<Edge>, StorageError> {
    let Some(bytes) = store.get(Space::Edge, id.as_bytes())? else {
        return Ok(None);
    };
    Ok(present(synonyms, id, &EdgeRow::decode(&bytes)?))
}

/// An edge's row as people see it.
pub(crate) fn present(synonyms: &Synonyms, id: EdgeId, row: &EdgeRow) -> Option<Edge> {
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

/// Puts edges in order: ordered ones by type and place, then the others by id.
pub(crate) fn sort(edges: &mut [Edge]) {
    edges.sort_by(|a, b| {
        let key = |edge: &Edge| {
            (
                !edge.ends.ordered,
                edge.ends.ordered.then(|| edge.ends.edge_type.clone()),
            )
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| a.place().cmp(&b.place()))
            .then_with(|| a.id.cmp(&b.id))
    });
}
