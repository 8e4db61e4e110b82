//! One operation of a history, in small numbers.

use openprod_core::Payload;
use openprod_core::operation::{
    AttachFacet, ConfirmFieldMapping, CreateEdge, CreateEntity, CreateOrderedEdge, DeleteEdge, DeleteEntity,
    DetachFacet, MergeEntities, MoveOrderedEdge, RebalanceOrderedEdges, RecordFact, RestoreEdge,
    RestoreEntity, RevokeFieldMapping, SetEdgeProperty, SetField, SplitEntity,
};

use super::pool::{Ed, En, Fa, Fi, Pl, Pr, Ty, Va};

/// An operation, well made or not.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each is the payload of the same name")]
pub enum Deed {
    Create(En),
    Delete(En),
    Restore(En),
    Attach(En, Fa),
    Detach(En, Fa),
    Set(En, Fa, Fi, Va),
    Relate {
        edge: Ed,
        source: En,
        target: En,
        edge_type: Ty,
        place: Option<Pl>,
        properties: Vec<(Pr, Va)>,
    },
    DeleteEdge(Ed),
    RestoreEdge(Ed),
    SetProperty(Ed, Pr, Va),
    Move(Ed, Pl),
    Rebalance(En, Ty, Vec<(Ed, Pl)>),
    Map((Fa, Fi), (Fa, Fi)),
    Unmap((Fa, Fi), (Fa, Fi)),
    Merge {
        survivor: En,
        absorbed: En,
    },
    Split {
        source: En,
        new: En,
    },
    Fact,
    /// A fact of some kind.
    Note(u8),
    /// A fact of some kind, decided on what its author knows; whose author may be at fault.
    Decide {
        kind: u8,
        context: u8,
        faulty: bool,
    },
    /// Resolves a decision that its author knows, if there is any, considering all facts known or none.
    Resolve {
        decision: u8,
        all: bool,
    },
    /// A delta to a text.
    Type {
        entity: En,
        field: Fi,
        session: u8,
        /// Where: a number that wraps round over all places there are.
        at: u8,
        typing: Typing,
    },
    /// A frame of any kind and content.
    Frame(u16, Vec<u8>),
}

/// What a delta does to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// Puts this many letters in.
    Put(u8),
    /// Deletes up to this many places.
    Erase(u8),
    /// Both.
    Replace(u8),
    /// Puts letters between the place and any other, as no editor does.
    Between(u8),
    /// Puts letters in under another's client id.
    Forge,
    /// Leaves a clock out.
    Skip,
    /// Begins again with clock 0.
    Repeat,
    /// Builds on a place that nobody made.
    Dangle,
    /// Ends too early.
    Cut,
}

impl Deed {
    /// The frame: its kind and its payload.
    ///
    /// # Panics
    /// When it is typing or a resolution.
    #[must_use]
    pub fn frame(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Frame(kind, payload) => (*kind, payload.clone()),
            other => {
                let payload = other
                    .payload()
                    .expect("only frames, typing and resolutions have none");
                (payload.kind(), payload.encode())
            }
        }
    }

    /// The payload; `None` of a mere frame, and of typing and resolutions, which depend on what is known.
    #[must_use]
    pub fn payload(&self) -> Option<Payload> {
        let entity = |entity: &En| entity.get();
        Some(match self {
            Self::Create(it) => CreateEntity { entity: it.get() }.into(),
            Self::Delete(it) => DeleteEntity { entity: it.get() }.into(),
            Self::Restore(it) => RestoreEntity { entity: it.get() }.into(),
            Self::Attach(it, facet) => AttachFacet {
                entity: it.get(),
                facet: facet.get(),
            }
            .into(),
            Self::Detach(it, facet) => DetachFacet {
                entity: it.get(),
                facet: facet.get(),
            }
            .into(),
            Self::Set(it, facet, field, value) => SetField {
                entity: it.get(),
                facet: facet.get(),
                field: field.get(),
                value: value.get(),
            }
            .into(),
            Self::Relate {
                edge,
                source,
                target,
                edge_type,
                place,
                properties,
            } => {
                let properties = properties
                    .iter()
                    .map(|(name, value)| (name.get().to_owned(), value.get()));
                let (edge, properties) = (edge.get(), properties.collect());
                let (source, target, edge_type) =
                    (entity(source), entity(target), edge_type.get().to_owned());
                match place {
                    None => CreateEdge {
                        edge,
                        source,
                        target,
                        edge_type,
                        properties,
                    }
                    .into(),
                    Some(place) => CreateOrderedEdge {
                        edge,
                        source,
                        target,
                        edge_type,
                        index: place.get().to_owned(),
                        properties,
                    }
                    .into(),
                }
            }
            Self::DeleteEdge(edge) => DeleteEdge { edge: edge.get() }.into(),
            Self::RestoreEdge(edge) => RestoreEdge { edge: edge.get() }.into(),
            Self::SetProperty(edge, name, value) => SetEdgeProperty {
                edge: edge.get(),
                property: name.get().to_owned(),
                value: value.get(),
            }
            .into(),
            Self::Move(edge, place) => MoveOrderedEdge {
                edge: edge.get(),
                index: place.get().to_owned(),
            }
            .into(),
            Self::Rebalance(parent, edge_type, ordering) => {
                let ordering = ordering
                    .iter()
                    .map(|(edge, place)| (edge.get(), place.get().to_owned()));
                RebalanceOrderedEdges {
                    parent: parent.get(),
                    edge_type: edge_type.get().to_owned(),
                    ordering: ordering.collect(),
                }
                .into()
            }
            Self::Map(a, b) => ConfirmFieldMapping {
                facet_a: a.0.get(),
                field_a: a.1.get(),
                facet_b: b.0.get(),
                field_b: b.1.get(),
            }
            .into(),
            Self::Unmap(a, b) => RevokeFieldMapping {
                facet_a: a.0.get(),
                field_a: a.1.get(),
                facet_b: b.0.get(),
                field_b: b.1.get(),
            }
            .into(),
            Self::Merge { survivor, absorbed } => MergeEntities {
                survivor: survivor.get(),
                absorbed: absorbed.get(),
            }
            .into(),
            Self::Split { source, new } => SplitEntity {
                source: source.get(),
                new_entity: new.get(),
                facets: vec![Fa(0).get()],
            }
            .into(),
            Self::Fact => RecordFact {
                fact_type: "performed".to_owned(),
                payload: b"{}".to_vec(),
                streams: Vec::new(),
                metadata: Vec::new(),
            }
            .into(),
            Self::Note(kind) | Self::Decide { kind, .. } => note(*kind).into(),
            Self::Resolve { .. } | Self::Type { .. } | Self::Frame(..) => return None,
        })
    }
}

/// The one stream there is.
const STREAM: &str = "room";

/// A fact: one of two types about one of two people, in the stream or in none.
fn note(kind: u8) -> RecordFact {
    RecordFact {
        fact_type: ["booked", "asked"][usize::from(kind % 2)].to_owned(),
        payload: format!(r#"{{"who":{}}}"#, kind / 2 % 2).into_bytes(),
        streams: if kind / 4 % 2 == 1 {
            vec![STREAM.to_owned()]
        } else {
            Vec::new()
        },
        metadata: Vec::new(),
    }
}

/// A context and its semantics: a query, the stream, or both.
pub(super) fn context(context: u8) -> (u32, Option<String>, String) {
    let query = context_query(context);
    match context / 8 % 3 {
        0 => (1, Some(query.clone()), query),
        1 => (2, None, format!(r#"{{"query":null,"streams":["{STREAM}"]}}"#)),
        _ => {
            let both = format!(r#"{{"query":{query},"streams":["{STREAM}"]}}"#);
            (2, Some(query), both)
        }
    }
}

/// A context query: about one person's bookings, one person, both types, or everything.
fn context_query(context: u8) -> String {
    let who = context / 4 % 2;
    match context % 4 {
        0 => {
            format!(r#"{{"filters":[{{"event_types":["booked"],"payload_predicates":[{{"who":{who}}}]}}]}}"#)
        }
        1 => format!(r#"{{"filters":[{{"payload_predicates":[{{"who":{who}}}]}}]}}"#),
        2 => r#"{"filters":[{"event_types":["asked","booked"]}]}"#.to_owned(),
        _ => r#"{"filters":[]}"#.to_owned(),
    }
}
