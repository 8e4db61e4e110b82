//! The format, held by bytes: a change that breaks these breaks every workspace there is.

use openprod_core::intent::{DecisionContext, DecisionPolicy};
use openprod_core::operation::*;
use openprod_core::value::{Blob, DateTime};
use openprod_core::{
    ActorId, BlobHash, Bundle, BundleHash, CommandId, Draft, EdgeId, EntityId, FacetId, FieldId, Hlc,
    Identity, Intent, LogId, OpId, Payload, Seen, Timestamp, Value, WorkspaceId, seal,
};

/// The bundle below in hex, one line a part of it.
const GOLDEN: &str = include_str!("golden.hex");

fn values() -> Vec<Value> {
    vec![
        Value::Empty,
        Value::Text("Jane Doe, Ü".into()),
        Value::Integer(-42),
        Value::Float(1.5),
        Value::Boolean(true),
        Value::Date(20_778),
        Value::DateTime(DateTime {
            micros: 1_795_258_800_000_000,
            offset_minutes: -300,
        }),
        Value::Duration(5_400_000_000),
        Value::Enum("confirmed".into()),
        Value::Entity(EntityId::from_u128(0x0101)),
        Value::Blob(Blob {
            hash: BlobHash::from_bytes([0xbb; 32]),
            name: "plot.pdf".into(),
            mime: "application/pdf".into(),
            size: 123_456,
        }),
    ]
}

/// One operation of every kind, and one value of every kind.
pub(crate) fn golden_draft() -> Draft {
    let entity = EntityId::from_u128(0x0101);
    let (facet, field) = (FacetId::from_u128(0x0202), FieldId::from_u128(0x0303));
    let edge = EdgeId::from_u128(0x0404);
    let (source, target, edge_type) = (entity, EntityId::from_u128(0x0505), "performs".to_owned());
    let (facet_a, field_a, facet_b, field_b) = (
        facet,
        field,
        FacetId::from_u128(0x0606),
        FieldId::from_u128(0x0707),
    );
    let mut payloads: Vec<Payload> = vec![
        CreateEntity { entity }.into(),
        DeleteEntity { entity }.into(),
        RestoreEntity { entity }.into(),
        AttachFacet { entity, facet }.into(),
        DetachFacet { entity, facet }.into(),
    ];
    payloads.extend(values().into_iter().map(|value| {
        SetField {
            entity,
            facet,
            field,
            value,
        }
        .into()
    }));
    payloads.extend([
        Payload::from(SetCrdtField {
            entity,
            facet,
            field,
            session: 7,
            delta: vec![0, 0],
        }),
        CreateEdge {
            edge,
            source,
            target,
            edge_type: edge_type.clone(),
            properties: vec![("role".into(), Value::Text("Hamlet".into()))],
        }
        .into(),
        DeleteEdge { edge }.into(),
        RestoreEdge { edge }.into(),
        SetEdgeProperty {
            edge,
            property: "role".into(),
            value: Value::Empty,
        }
        .into(),
        CreateOrderedEdge {
            edge,
            source,
            target,
            edge_type: edge_type.clone(),
            index: "a0".into(),
            properties: Vec::new(),
        }
        .into(),
        MoveOrderedEdge {
            edge,
            index: "a1".into(),
        }
        .into(),
        RebalanceOrderedEdges {
            parent: source,
            edge_type,
            ordering: vec![(edge, "a2".into())],
        }
        .into(),
        ConfirmFieldMapping {
            facet_a,
            field_a,
            facet_b,
            field_b,
        }
        .into(),
        RevokeFieldMapping {
            facet_a,
            field_a,
            facet_b,
            field_b,
        }
        .into(),
        MergeEntities {
            survivor: source,
            absorbed: target,
        }
        .into(),
        SplitEntity {
            source,
            new_entity: target,
            facets: vec![facet],
        }
        .into(),
        RecordFact {
            fact_type: "tool_returned".into(),
            payload: br#"{"tool_id":"tool-123"}"#.to_vec(),
            streams: vec!["tool-123".into()],
            metadata: br#"{"actor":"jane"}"#.to_vec(),
        }
        .into(),
    ]);
    Draft {
        workspace: WorkspaceId::from_u128(0x42),
        log: LogId::from_bytes([0x11; 16]),
        seq: 2,
        prev: BundleHash::from_bytes([0x22; 32]),
        hlc: Hlc::next(
            Hlc::ZERO,
            Hlc::ZERO,
            Timestamp::from_micros(1_795_258_800_000_000),
        ),
        seen: vec![Seen {
            actor: ActorId::from_bytes([0x33; 32]),
            log: LogId::from_bytes([0x44; 16]),
            seq: 300,
            prefix: [0x55; 16],
        }],
        intent: Intent {
            command_id: CommandId::from_u128(0x99),
            command_type: "records.create".into(),
            source: "http".into(),
            correlation_id: Some(CommandId::from_u128(0x98)),
            causation_id: None,
            justification: Some("moved to the matinee".into()),
            approval_id: None,
            decision: Some(DecisionContext {
                handler_version: 3,
                semantics: 1,
                query: br#"{"filters":[{"event_types":["tool_returned"]}]}"#.to_vec(),
                count: 2,
                digest: [0x66; 32],
                heads: vec![OpId::from_u128(0x77)],
                policy: DecisionPolicy::Compensate,
            }),
        },
        payloads,
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn golden_bundle_is_written_byte_for_byte() {
    let sealed = seal(&Identity::from_seed(&[1; 32]), golden_draft()).unwrap();
    let hex: String = sealed.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<_> = hex
        .as_bytes()
        .chunks(96)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    assert_eq!(lines.join("\n"), GOLDEN.trim(), "the signed bytes have changed");
}

#[test]
fn golden_bundle_is_read() {
    let bundle = Bundle::decode(unhex(GOLDEN))
        .unwrap()
        .verify(WorkspaceId::from_u128(0x42))
        .unwrap();
    let payloads: Vec<_> = bundle.payloads().map(|(_, payload)| payload.unwrap()).collect();
    assert_eq!(payloads, golden_draft().payloads);
    let kinds: std::collections::BTreeSet<_> = payloads.iter().map(Payload::kind).collect();
    assert_eq!(kinds.len(), Payload::KINDS.len(), "every kind is among them");
    assert_eq!(
        bundle.hash().to_string(),
        "2797e32438498e51db1ea6548cc2306a1dcb97b70884b255d53bc4464ecffe39"
    );
    assert_eq!(bundle.id().to_string(), "01a1fdc3-5780-7797-a324-38498e500000");
}
