//! Reference fields: they have no value of their own, but show that of a field of another record, which they reach
//! through an entity reference or an edge.
//!
//! What a reference leads to is found when it is read. A reference that leads nowhere says why; one that leads
//! back to itself, which no one person can make but two together can, is cut there.

use openprod_core::{EntityId, FieldId};
use openprod_storage::StorageError;

use crate::edge::Direction;
use crate::record::Reader;
use crate::row::Row;
use crate::schema::Field;

/// What a reference field goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A field of the same table that holds an entity.
    Field(FieldId),
    /// The first edge of this type that starts at the record, or else the first that ends there.
    Edge(String),
}

/// What a reference field follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// How it gets to the other record.
    pub via: Via,
    /// Which field it shows there.
    pub target: FieldId,
}

/// Why a reference field shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The record that it leads to is deleted.
    Deleted,
    /// The record that it leads to is not here.
    Missing,
    /// The field that it shows does not exist any more.
    NoField,
    /// It leads back to itself.
    Cycle,
}

impl Broken {
    /// The name that clients use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Missing => "missing",
            Self::NoField => "no_field",
            Self::Cycle => "cycle",
        }
    }
}

/// What a reference field leads to.
pub(crate) enum Followed {
    /// Nothing yet: the reference is empty.
    Nowhere,
    /// A field of a record, with the record's row as it is shown.
    Field(Box<Row>, FieldId),
    /// Nothing, for this reason.
    Broken(Broken),
}

/// Follows a reference field of a record; `trail` has the fields that led here.
pub(crate) fn follow(
    reader: &Reader<'_>,
    root: EntityId,
    row: &Row,
    field: &Field,
    trail: &mut Vec<(EntityId, FieldId)>,
) -> Result<Followed, StorageError> {
    let Some(reference) = &field.reference else {
        return Ok(Followed::Broken(Broken::NoField));
    };
    if trail.contains(&(root, field.id)) {
        return Ok(Followed::Broken(Broken::Cycle));
    }
    let target = match &reference.via {
        Via::Field(via) => match row.field(*via) {
            openprod_core::Value::Entity(entity) => Some(*entity),
            _ => None,
        },
        Via::Edge(edge_type) => neighbour(reader, root, edge_type)?,
    };
    let Some(target) = target else {
        return Ok(Followed::Nowhere);
    };
    let target = reader.synonyms.aliases.root(target);
    let Some(mut there) = reader.plain(target)? else {
        return Ok(Followed::Broken(Broken::Missing));
    };
    if there.is_deleted() {
        return Ok(Followed::Broken(Broken::Deleted));
    }
    let Some(shown) = reader.schema.field(reference.target) else {
        return Ok(Followed::Broken(Broken::NoField));
    };
    trail.push((root, field.id));
    let broken = reader.show(target, &mut there, shown, trail)?;
    trail.pop();
    Ok(match broken {
        Some(broken) => Followed::Broken(broken),
        None => Followed::Field(Box::new(there), shown.id),
    })
}

fn neighbour(reader: &Reader<'_>, root: EntityId, edge_type: &str) -> Result<Option<EntityId>, StorageError> {
    for direction in [Direction::Outgoing, Direction::Incoming] {
        let mut edges = reader.edges(root, direction)?.into_iter();
        let found = edges.find(|edge| edge.ends.edge_type == edge_type && !edge.row.is_deleted());
        if let Some(edge) = found {
            return Ok(Some(match direction {
                Direction::Outgoing => edge.ends.target,
                Direction::Incoming => edge.ends.source,
            }));
        }
    }
    Ok(None)
}
