//! What can be done to a workspace: the payloads of operations.
//!
//! An operation stands in its bundle as a frame: `kind ‖ length ‖ payload`. The frame is all that admission
//! looks at. A kind from a newer version is carried untouched; a payload of a known kind that does not decode is
//! carried too, and derives to nothing, with a reason.

use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use crate::encoding::{DECODE_BYTES_MAX, DecodeError, decode, encode, encoded_len};
use crate::hash::BundleHash;
use crate::hlc::Hlc;
use crate::id::{ActorId, EdgeId, EntityId, FacetId, FieldId, OpId};
use crate::value::Value;

/// The most elements in a list of a payload. It is a number of elements, not of bytes in memory, so that every
/// machine reads the same payloads; and small enough that no reader has to set much room aside.
pub const LIST_MAX: usize = 65_536;

const _: () = assert!(
    LIST_MAX * size_of::<(String, Value)>() <= DECODE_BYTES_MAX,
    "a reader must have room for the longest list"
);

/// One operation of a bundle, with the ids it derives from its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id.
    pub op_id: OpId,
    /// Its place in the bundle, from 0.
    pub index: u32,
    /// Its time: the header's, `index` steps on.
    pub hlc: Hlc,
    /// Who did it.
    pub actor: ActorId,
    /// The bundle that makes it authentic.
    pub bundle: BundleHash,
    /// What it does.
    pub payload: Payload,
}

/// Why a frame gives no payload.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// The kind is not known here: a newer version wrote it.
    #[error("read operation: kind {kind} is from a newer version")]
    UnknownKind {
        /// The unknown kind.
        kind: u16,
    },
    /// The kind is known, but the bytes are not a payload of it.
    #[error("read operation: the payload of kind {kind} is malformed")]
    Malformed {
        /// The kind that was promised.
        kind: u16,
        /// What is wrong with the bytes.
        #[source]
        source: DecodeError,
    },
    /// The payload holds a list of more than [`LIST_MAX`].
    #[error("read operation: a list of {count} in kind {kind} is longer than the {LIST_MAX} allowed")]
    ListTooLong {
        /// The kind of the payload.
        kind: u16,
        /// How many elements the list has.
        count: usize,
    },
}

/// Makes the payload structs, the enum over them, and the table of kinds, which is part of the format.
macro_rules! payloads {
    ($($(#[$doc:meta])* $kind:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, SchemaRead, SchemaWrite)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type),*
            }

            impl From<$name> for Payload {
                fn from(payload: $name) -> Self {
                    Self::$name(payload)
                }
            }
        )*

        /// What an operation does.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Payload {
            $($(#[$doc])* $name($name)),*
        }

        impl Payload {
            /// Every kind, with its name, in order.
            pub const KINDS: &[(u16, &str)] = &[$(($kind, stringify!($name))),*];

            /// The number that stands for this kind of payload in signed bytes.
            #[must_use]
            pub const fn kind(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $kind),*
                }
            }

            /// The canonical bytes of the payload, without its kind.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(payload) => encode(payload)),*
                }
            }

            /// The length of the payload's canonical bytes.
            #[must_use]
            pub fn encoded_len(&self) -> usize {
                match self {
                    $(Self::$name(payload) => encoded_len(payload)),*
                }
            }

            /// Reads the payload of a frame.
            ///
            /// # Errors
            /// [`PayloadError`]; never panics, whatever the bytes.
            pub fn decode(kind: u16, bytes: &[u8]) -> Result<Self, PayloadError> {
                let payload = match kind {
                    $($kind => decode::<$name>(bytes)
                        .map(Self::$name)
                        .map_err(|source| PayloadError::Malformed { kind, source })?,)*
                    _ => return Err(PayloadError::UnknownKind { kind }),
                };
                let count = payload.list_len();
                if count > LIST_MAX {
                    return Err(PayloadError::ListTooLong { kind, count });
                }
                Ok(payload)
            }
        }
    };
}

payloads! {
    /// Brings an entity into being.
    1 CreateEntity {
        /// The entity.
        entity: EntityId,
    }
    /// Deletes an entity; its data stays, and can be restored.
    2 DeleteEntity {
        /// The entity.
        entity: EntityId,
    }
    /// Takes a deletion back.
    3 RestoreEntity {
        /// The entity.
        entity: EntityId,
    }
    /// Makes an entity a record of a table.
    4 AttachFacet {
        /// The entity.
        entity: EntityId,
        /// The table's facet.
        facet: FacetId,
    }
    /// Takes an entity out of a table; its values stay.
    5 DetachFacet {
        /// The entity.
        entity: EntityId,
        /// The table's facet.
        facet: FacetId,
    }
    /// Sets a scalar field.
    6 SetField {
        /// The entity.
        entity: EntityId,
        /// The table's facet.
        facet: FacetId,
        /// The field.
        field: FieldId,
        /// The new value.
        value: Value,
    }
    /// Changes a collaborative field by a Yrs update.
    7 SetCrdtField {
        /// The entity.
        entity: EntityId,
        /// The table's facet.
        facet: FacetId,
        /// The field.
        field: FieldId,
        /// Tells the author's editing sessions apart; goes into the client id that the update may carry.
        session: u64,
        /// The update, in Yjs encoding 1.
        delta: Vec<u8>,
    }
    /// Relates two entities.
    16 CreateEdge {
        /// The edge.
        edge: EdgeId,
        /// Where it starts.
        source: EntityId,
        /// Where it ends.
        target: EntityId,
        /// What it means.
        edge_type: String,
        /// Its first properties, by name.
        properties: Vec<(String, Value)>,
    }
    /// Deletes an edge; it can be restored.
    17 DeleteEdge {
        /// The edge.
        edge: EdgeId,
    }
    /// Takes the deletion of an edge back.
    18 RestoreEdge {
        /// The edge.
        edge: EdgeId,
    }
    /// Sets one property of an edge.
    19 SetEdgeProperty {
        /// The edge.
        edge: EdgeId,
        /// The property's name.
        property: String,
        /// Its new value.
        value: Value,
    }
    /// Relates two entities at a place in an order.
    20 CreateOrderedEdge {
        /// The edge.
        edge: EdgeId,
        /// Where it starts: the parent that orders its edges.
        source: EntityId,
        /// Where it ends.
        target: EntityId,
        /// What it means.
        edge_type: String,
        /// Its place among its siblings: a fractional index.
        index: String,
        /// Its first properties, by name.
        properties: Vec<(String, Value)>,
    }
    /// Moves an edge among its siblings.
    21 MoveOrderedEdge {
        /// The edge.
        edge: EdgeId,
        /// Its new fractional index.
        index: String,
    }
    /// Spreads the indexes of siblings out again.
    22 RebalanceOrderedEdges {
        /// The parent.
        parent: EntityId,
        /// Which of its edges.
        edge_type: String,
        /// Each edge and its new fractional index.
        ordering: Vec<(EdgeId, String)>,
    }
    /// Declares two fields one.
    32 ConfirmFieldMapping {
        /// The table of the first field.
        facet_a: FacetId,
        /// The first field.
        field_a: FieldId,
        /// The table of the second field.
        facet_b: FacetId,
        /// The second field.
        field_b: FieldId,
    }
    /// Takes a field mapping back.
    33 RevokeFieldMapping {
        /// The table of the first field.
        facet_a: FacetId,
        /// The first field.
        field_a: FieldId,
        /// The table of the second field.
        facet_b: FacetId,
        /// The second field.
        field_b: FieldId,
    }
    /// Declares two entities one.
    34 MergeEntities {
        /// The entity that stays.
        survivor: EntityId,
        /// The entity that becomes another name for it.
        absorbed: EntityId,
    }
    /// Declares one entity two, or takes a merge back.
    35 SplitEntity {
        /// The entity to split.
        source: EntityId,
        /// The entity that takes the facets.
        new_entity: EntityId,
        /// The facets that go.
        facets: Vec<FacetId>,
    }
    /// Records that something happened in a domain.
    48 RecordFact {
        /// What kind of fact.
        fact_type: String,
        /// What happened: canonical JSON (RFC 8785).
        payload: Vec<u8>,
        /// The streams it belongs to.
        streams: Vec<String>,
        /// Where it comes from, beyond the envelope of its bundle: canonical JSON; empty when there is nothing to say.
        metadata: Vec<u8>,
    }
}

impl Payload {
    /// The number of elements in the payload's list; 0 for a kind without one. No kind has two.
    #[must_use]
    pub const fn list_len(&self) -> usize {
        match self {
            Self::CreateEdge(edge) => edge.properties.len(),
            Self::CreateOrderedEdge(edge) => edge.properties.len(),
            Self::RebalanceOrderedEdges(siblings) => siblings.ordering.len(),
            Self::SplitEntity(split) => split.facets.len(),
            Self::RecordFact(fact) => fact.streams.len(),
            Self::CreateEntity(_)
            | Self::DeleteEntity(_)
            | Self::RestoreEntity(_)
            | Self::AttachFacet(_)
            | Self::DetachFacet(_)
            | Self::SetField(_)
            | Self::SetCrdtField(_)
            | Self::DeleteEdge(_)
            | Self::RestoreEdge(_)
            | Self::SetEdgeProperty(_)
            | Self::MoveOrderedEdge(_)
            | Self::ConfirmFieldMapping(_)
            | Self::RevokeFieldMapping(_)
            | Self::MergeEntities(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_order_and_unique() {
        assert!(Payload::KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn unknown_kind_and_broken_payload_are_told_apart() {
        assert!(matches!(
            Payload::decode(9_999, b""),
            Err(PayloadError::UnknownKind { kind: 9_999 })
        ));
        assert!(matches!(
            Payload::decode(1, b"short"),
            Err(PayloadError::Malformed { kind: 1, .. })
        ));
        assert!(matches!(
            Payload::decode(1, &[0; 17]),
            Err(PayloadError::Malformed { kind: 1, .. })
        ));
    }
}
