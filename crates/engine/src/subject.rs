//! What operations are about.

use openprod_core::{EdgeId, EntityId};
use wincode::{SchemaRead, SchemaWrite};

/// An entity or an edge: what has cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, SchemaRead, SchemaWrite)]
pub enum Subject {
    /// An entity.
    Entity(EntityId),
    /// An edge.
    Edge(EdgeId),
}

impl Subject {
    /// The entity; `None` for an edge.
    #[must_use]
    pub const fn entity(self) -> Option<EntityId> {
        match self {
            Self::Entity(entity) => Some(entity),
            Self::Edge(_) => None,
        }
    }

    /// The 16 bytes of its id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Entity(entity) => entity.as_bytes(),
            Self::Edge(edge) => edge.as_bytes(),
        }
    }
}
