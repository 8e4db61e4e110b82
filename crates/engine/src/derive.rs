//! What a bundle's operations do to the derived rows.
//!
//! Depends on the bundle and its author's clock alone: not on arrival order, the time, local settings or the
//! schema. What does not fit the schema is kept, and presented as not fitting. `docs/derivation.md` has the rules.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EdgeId, EntityId, FieldId, Payload, Value, VerifiedBundle};
use openprod_storage::{Position, Space, StorageError, Write};

use crate::chains::Chains;
use crate::documents::Edit;
use crate::edge::Ends;
use crate::row::{CellKey, Writer};
use crate::state::State;
use crate::subject::Subject;
use crate::synonyms::{AliasChange, MappingChange, NameChange, Pair};
use crate::text::DeltaError;

/// Numbers the rules by which operations become rows. A store that was derived by other rules is derived anew.
pub const DERIVATION_VERSION: u32 = 5;

/// Applies the operations of a bundle, in order: changes rows in `state`, and notes in the store which entities and
/// edges the bundle touched and which of its operations have no effect, and why. Says what it touched.
pub(crate) fn derive(
    state: &mut State,
    store: &mut dyn Write,
    bundle: &VerifiedBundle,
    place: Position,
    chains: &Chains,
    writer: &Writer<'_>,
) -> Result<BTreeSet<Subject>, StorageError> {
    let position = place.0.to_be_bytes();
    let mut touched = BTreeSet::new();
    for (index, payload) in bundle.payloads() {
        match payload {
            Ok(Payload::RecordFact(op)) => {
                if let Some(reason) = state.record_fact(store, writer, index, op)? {
                    let reason = reason.to_string();
                    store.put(Space::Void, &void_key(place, index), reason.as_bytes())?;
                }
            }
            Ok(payload) => {
                for effect in effects(payload) {
                    touched.extend(effect.touches());
                    if let Some(reason) = apply(state, store, writer, Some(place), index, effect)? {
                        store.put(
                            Space::Void,
                            &void_key(place, index),
                            reason.to_string().as_bytes(),
                        )?;
                    }
                }
            }
            Err(error) => {
                store.put(Space::Void, &void_key(place, index), error.to_string().as_bytes())?;
            }
        }
    }
    state.conclude(store, chains, writer, place, bundle)?;
    for subject in &touched {
        store.put(
            Space::Touch,
            &[subject.as_bytes().as_slice(), &position].concat(),
            &[],
        )?;
    }
    Ok(touched)
}

/// One thing that an operation does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Writes a cell.
    Write(Subject, CellKey, Value),
    /// Says what an edge connects.
    Make(EdgeId, Ends),
    /// Gives an entity or a field another name, or takes one back.
    Rename(NameChange),
    /// Edits a text or a list.
    Edit {
        entity: EntityId,
        field: FieldId,
        session: u64,
        delta: Vec<u8>,
    },
}

impl Effect {
    /// What it is about: what to look through for the history of which.
    pub(crate) fn touches(&self) -> Vec<Subject> {
        match self {
            Self::Write(subject, ..) => vec![*subject],
            Self::Make(edge, ends) => vec![
                Subject::Edge(*edge),
                Subject::Entity(ends.source),
                Subject::Entity(ends.target),
            ],
            Self::Rename(NameChange::Alias(
                AliasChange::Merge {
                    survivor: one,
                    absorbed: other,
                }
                | AliasChange::Split {
                    source: one,
                    new: other,
                },
            )) => vec![Subject::Entity(*one), Subject::Entity(*other)],
            Self::Rename(NameChange::Mapping(change)) => {
                let (a, b) = change.pair.fields;
                vec![Subject::Entity(a.entity()), Subject::Entity(b.entity())]
            }
            Self::Edit { entity, .. } => vec![Subject::Entity(*entity)],
        }
    }
}

/// Under which key it is told why an operation has no effect.
pub(crate) fn void_key(position: Position, index: u32) -> Vec<u8> {
    [position.0.to_be_bytes().as_slice(), &index.to_be_bytes()].concat()
}

/// Does one thing; `position` is the bundle's, of what is in the log. The reason, if it has no effect.
pub(crate) fn apply(
    state: &mut State,
    store: &mut dyn Write,
    writer: &Writer<'_>,
    position: Option<Position>,
    index: u32,
    effect: Effect,
) -> Result<Option<DeltaError>, StorageError> {
    match effect {
        Effect::Write(Subject::Entity(entity), key, value) => {
            state.row_mut(&*store, entity)?.write(writer, key, index, value);
        }
        Effect::Write(Subject::Edge(edge), key, value) => {
            let row = state.edge_mut(&*store, edge)?;
            row.cells.write(writer, key, index, value);
        }
        Effect::Make(edge, ends) => state.edge_mut(&*store, edge)?.make(writer.order(index), ends),
        Effect::Rename(change) => state.rename(store, writer.order(index), &change)?,
        Effect::Edit {
            entity,
            field,
            session,
            delta,
        } => {
            let edit = Edit {
                key: (entity, field),
                session,
                delta: &delta,
            };
            return state.documents().edit(store, writer, position, index, &edit);
        }
    }
    Ok(None)
}

/// What an operation does to cells and names, in order. Facts do nothing to them.
pub(crate) fn effects(payload: Payload) -> Vec<Effect> {
    let entity = |entity, key, value| vec![Effect::Write(Subject::Entity(entity), key, value)];
    let edge = |edge, key, value| vec![Effect::Write(Subject::Edge(edge), key, value)];
    let exists = Value::Boolean;
    match payload {
        Payload::CreateEntity(op) => entity(op.entity, CellKey::Exists, exists(true)),
        Payload::DeleteEntity(op) => entity(op.entity, CellKey::Exists, exists(false)),
        Payload::RestoreEntity(op) => entity(op.entity, CellKey::Exists, exists(true)),
        Payload::AttachFacet(op) => entity(op.entity, CellKey::Facet(op.facet), exists(true)),
        Payload::DetachFacet(op) => entity(op.entity, CellKey::Facet(op.facet), exists(false)),
        Payload::SetField(op) => entity(op.entity, CellKey::Field(op.field), op.value),
        Payload::SetCrdtField(op) => vec![Effect::Edit {
            entity: op.entity,
            field: op.field,
            session: op.session,
            delta: op.delta,
        }],
        Payload::CreateEdge(op) => {
            let ends = Ends {
                source: op.source,
                target: op.target,
                edge_type: op.edge_type,
                ordered: false,
            };
            create_edge(op.edge, ends, None, op.properties)
        }
        Payload::CreateOrderedEdge(op) => {
            let ends = Ends {
                source: op.source,
                target: op.target,
                edge_type: op.edge_type,
                ordered: true,
            };
            create_edge(op.edge, ends, Some(op.index), op.properties)
        }
        Payload::DeleteEdge(op) => edge(op.edge, CellKey::Exists, exists(false)),
        Payload::RestoreEdge(op) => edge(op.edge, CellKey::Exists, exists(true)),
        Payload::SetEdgeProperty(op) => edge(op.edge, CellKey::Property(op.property), op.value),
        Payload::MoveOrderedEdge(op) => edge(op.edge, CellKey::Place, Value::Text(op.index)),
        Payload::RebalanceOrderedEdges(op) => op
            .ordering
            .into_iter()
            .map(|(edge, place)| Effect::Write(Subject::Edge(edge), CellKey::Place, Value::Text(place)))
            .collect(),
        Payload::ConfirmFieldMapping(op) => map(
            Pair::new((op.facet_a, op.field_a), (op.facet_b, op.field_b)),
            true,
        ),
        Payload::RevokeFieldMapping(op) => map(
            Pair::new((op.facet_a, op.field_a), (op.facet_b, op.field_b)),
            false,
        ),
        Payload::MergeEntities(op) => alias(AliasChange::Merge {
            survivor: op.survivor,
            absorbed: op.absorbed,
        }),
        Payload::SplitEntity(op) => alias(AliasChange::Split {
            source: op.source,
            new: op.new_entity,
        }),
        Payload::RecordFact(_) => Vec::new(),
    }
}

fn create_edge(
    edge: EdgeId,
    ends: Ends,
    place: Option<String>,
    properties: Vec<(String, Value)>,
) -> Vec<Effect> {
    let mut effects = vec![Effect::Make(edge, ends)];
    let write = |key, value| Effect::Write(Subject::Edge(edge), key, value);
    effects.push(write(CellKey::Exists, Value::Boolean(true)));
    effects.extend(place.map(|place| write(CellKey::Place, Value::Text(place))));
    // What an operation says twice counts by what it says last.
    let properties: BTreeMap<_, _> = properties.into_iter().collect();
    effects.extend(
        properties
            .into_iter()
            .map(|(name, value)| write(CellKey::Property(name), value)),
    );
    effects
}

fn map(pair: Pair, confirmed: bool) -> Vec<Effect> {
    vec![Effect::Rename(NameChange::Mapping(MappingChange {
        pair,
        confirmed,
    }))]
}

fn alias(change: AliasChange) -> Vec<Effect> {
    vec![Effect::Rename(NameChange::Alias(change))]
}
