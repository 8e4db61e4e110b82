//! Arbitrary values, payloads and drafts.

use openprod_core::intent::{DecisionContext, DecisionPolicy};
use openprod_core::operation::*;
use openprod_core::value::{Blob, DateTime};
use openprod_core::{
    ActorId, BlobHash, BundleHash, CommandId, Draft, EdgeId, EntityId, FacetId, FieldId, Hlc, Intent, LogId,
    OpId, Payload, Seen, Value, WorkspaceId,
};
use proptest::collection::vec;
use proptest::prelude::*;

pub(crate) fn id() -> impl Strategy<Value = u128> {
    any::<u128>()
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Empty),
        any::<String>().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>()
            .prop_filter("equals itself", |number| !number.is_nan())
            .prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
        any::<i32>().prop_map(Value::Date),
        (any::<i64>(), any::<i16>()).prop_map(|(micros, offset_minutes)| Value::DateTime(DateTime {
            micros,
            offset_minutes
        })),
        any::<i64>().prop_map(Value::Duration),
        any::<String>().prop_map(Value::Enum),
        id().prop_map(|id| Value::Entity(EntityId::from_u128(id))),
        (any::<[u8; 32]>(), any::<String>(), any::<String>(), any::<u64>()).prop_map(
            |(hash, name, mime, size)| {
                Value::Blob(Blob {
                    hash: BlobHash::from_bytes(hash),
                    name,
                    mime,
                    size,
                })
            }
        ),
    ]
}

pub(crate) fn payload() -> impl Strategy<Value = Payload> {
    let entity = || id().prop_map(EntityId::from_u128);
    let facet = || id().prop_map(FacetId::from_u128);
    let field = || id().prop_map(FieldId::from_u128);
    let edge = || id().prop_map(EdgeId::from_u128);
    let properties = || vec((any::<String>(), value()), 0..3);
    let records = prop_oneof![
        entity().prop_map(|entity| CreateEntity { entity }.into()),
        entity().prop_map(|entity| DeleteEntity { entity }.into()),
        entity().prop_map(|entity| RestoreEntity { entity }.into()),
        (entity(), facet()).prop_map(|(entity, facet)| AttachFacet { entity, facet }.into()),
        (entity(), facet()).prop_map(|(entity, facet)| DetachFacet { entity, facet }.into()),
        (entity(), facet(), field(), value()).prop_map(|(entity, facet, field, value)| SetField {
            entity,
            facet,
            field,
            value
        }
        .into()),
        (entity(), facet(), field(), any::<u64>(), any::<Vec<u8>>()).prop_map(
            |(entity, facet, field, session, delta)| SetCrdtField {
                entity,
                facet,
                field,
                session,
                delta
            }
            .into()
        ),
    ];
    let edges = prop_oneof![
        (edge(), entity(), entity(), any::<String>(), properties()).prop_map(
            |(edge, source, target, edge_type, properties)| {
                CreateEdge {
                    edge,
                    source,
                    target,
                    edge_type,
                    properties,
                }
                .into()
            }
        ),
        edge().prop_map(|edge| DeleteEdge { edge }.into()),
        edge().prop_map(|edge| RestoreEdge { edge }.into()),
        (edge(), any::<String>(), value()).prop_map(|(edge, property, value)| SetEdgeProperty {
            edge,
            property,
            value
        }
        .into()),
        (
            edge(),
            entity(),
            entity(),
            any::<String>(),
            any::<String>(),
            properties()
        )
            .prop_map(|(edge, source, target, edge_type, index, properties)| {
                CreateOrderedEdge {
                    edge,
                    source,
                    target,
                    edge_type,
                    index,
                    properties,
                }
                .into()
            }),
        (edge(), any::<String>()).prop_map(|(edge, index)| MoveOrderedEdge { edge, index }.into()),
        (entity(), any::<String>(), vec((edge(), any::<String>()), 0..3)).prop_map(
            |(parent, edge_type, ordering)| RebalanceOrderedEdges {
                parent,
                edge_type,
                ordering
            }
            .into()
        ),
    ];
    let others = prop_oneof![
        (facet(), field(), facet(), field()).prop_map(|(facet_a, field_a, facet_b, field_b)| {
            ConfirmFieldMapping {
                facet_a,
                field_a,
                facet_b,
                field_b,
            }
            .into()
        }),
        (facet(), field(), facet(), field()).prop_map(|(facet_a, field_a, facet_b, field_b)| {
            RevokeFieldMapping {
                facet_a,
                field_a,
                facet_b,
                field_b,
            }
            .into()
        }),
        (entity(), entity()).prop_map(|(survivor, absorbed)| MergeEntities { survivor, absorbed }.into()),
        (entity(), entity(), vec(facet(), 0..3)).prop_map(|(source, new_entity, facets)| SplitEntity {
            source,
            new_entity,
            facets
        }
        .into()),
        (
            any::<String>(),
            any::<Vec<u8>>(),
            vec(any::<String>(), 0..3),
            any::<Vec<u8>>()
        )
            .prop_map(|(fact_type, payload, streams, metadata)| RecordFact {
                fact_type,
                payload,
                streams,
                metadata
            }
            .into()),
    ];
    prop_oneof![records, edges, others]
}

pub(crate) fn hlc() -> impl Strategy<Value = Hlc> {
    any::<[u8; 12]>().prop_map(|mut bytes| {
        bytes[7] &= 0xf0;
        Hlc::from_bytes(bytes).unwrap()
    })
}

fn decision() -> impl Strategy<Value = DecisionContext> {
    let policy = prop_oneof![
        Just(DecisionPolicy::Surface),
        Just(DecisionPolicy::Compensate),
        Just(DecisionPolicy::Lose)
    ];
    let heads = prop::collection::btree_set(id(), 0..3);
    (any::<(u32, u32, Vec<u8>, u64, [u8; 32])>(), heads, policy).prop_map(
        |((handler_version, semantics, query, count, digest), heads, policy)| DecisionContext {
            handler_version,
            semantics,
            query,
            count,
            digest,
            heads: heads.into_iter().map(OpId::from_u128).collect(),
            policy,
        },
    )
}

fn intent() -> impl Strategy<Value = Intent> {
    let text = || "\\PC{0,20}";
    (
        id(),
        text(),
        text(),
        any::<Option<u128>>(),
        any::<Option<u128>>(),
        prop::option::of(text()),
        prop::option::of(decision()),
    )
        .prop_map(
            |(command_id, command_type, source, correlation, causation, remark, decision)| Intent {
                command_id: CommandId::from_u128(command_id),
                command_type,
                source,
                correlation_id: correlation.map(CommandId::from_u128),
                causation_id: causation.map(CommandId::from_u128),
                justification: remark.clone(),
                approval_id: remark,
                decision,
            },
        )
}

pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let seen = (
        any::<[u8; 32]>(),
        any::<[u8; 16]>(),
        1..u64::MAX,
        any::<[u8; 16]>(),
    )
        .prop_map(|(actor, log, seq, prefix)| Seen {
            actor: ActorId::from_bytes(actor),
            log: LogId::from_bytes(log),
            seq,
            prefix,
        });
    (
        id(),
        any::<[u8; 16]>(),
        1u64..5,
        any::<[u8; 32]>(),
        hlc(),
        vec(seen, 0..4),
        intent(),
        vec(payload(), 1..6),
    )
        .prop_map(|(workspace, log, seq, prev, hlc, seen, intent, payloads)| Draft {
            workspace: WorkspaceId::from_u128(workspace),
            log: LogId::from_bytes(log),
            seq,
            prev: if seq == 1 {
                BundleHash::NONE
            } else {
                BundleHash::from_bytes(prev)
            },
            hlc,
            seen,
            intent,
            payloads,
        })
}
