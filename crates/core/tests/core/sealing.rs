//! What is sealed is taken by every reader; whatever they would refuse is not sealed.

use openprod_core::bundle::{BUNDLE_BYTES_MAX, OPERATIONS_MAX, SEEN_MAX};
use openprod_core::encoding::{DECODE_BYTES_MAX, decode_unchecked, encode, encoded_len};
use openprod_core::identity::Purpose;
use openprod_core::intent::{CONTEXT_HEADS_MAX, CONTEXT_QUERY_BYTES_MAX, LABEL_BYTES_MAX, REMARK_BYTES_MAX};
use openprod_core::operation::{CreateEntity, LIST_MAX, RecordFact, SetCrdtField, SetField};
use openprod_core::{
    ActorId, Bundle, BundleError, BundleHash, DecisionContext, Draft, EntityId, FacetId, FieldId, Header,
    HeaderError, Hlc, Identity, LogId, OpId, OperationProof, Payload, PayloadError, ProofError, SealError,
    Seen, Value, merkle, seal,
};
use proptest::prelude::*;

use crate::arbitrary::{draft, hlc, payload};
use crate::golden::golden_draft;

/// The last clock that there is: the greatest wall time with its low four bits clear, and the greatest counter.
const END: [u8; 12] = [255, 255, 255, 255, 255, 255, 255, 0xf0, 255, 255, 255, 255];

fn identity() -> Identity {
    Identity::from_seed(&[1; 32])
}

fn text(bytes: usize) -> Payload {
    SetField {
        entity: EntityId::from_u128(1),
        facet: FacetId::from_u128(2),
        field: FieldId::from_u128(3),
        value: Value::Text("a".repeat(bytes)),
    }
    .into()
}

fn fact(streams: usize) -> Payload {
    RecordFact {
        fact_type: "counted".into(),
        payload: b"{}".to_vec(),
        streams: vec![String::new(); streams],
        metadata: Vec::new(),
    }
    .into()
}

fn create(count: usize) -> Vec<Payload> {
    (0..count as u128)
        .map(|id| {
            CreateEntity {
                entity: EntityId::from_u128(id),
            }
            .into()
        })
        .collect()
}

fn seen(log: u64, seq: u64) -> Seen {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&log.to_be_bytes());
    Seen {
        actor: ActorId::from_bytes([2; 32]),
        log: LogId::from_bytes(bytes),
        seq,
        prefix: [0; 16],
    }
}

fn with(payloads: Vec<Payload>) -> Draft {
    Draft {
        payloads,
        ..golden_draft()
    }
}

/// Seals, and holds the result against what a reader says; every test of this file goes through here.
fn check(draft: Draft) -> Result<Bundle, SealError> {
    let workspace = draft.workspace;
    let payloads = draft.payloads.clone();
    let sealed = seal(&identity(), draft)?;
    let read = Bundle::decode(sealed.bytes().to_vec()).expect("what is sealed can be read");
    let read = read.verify(workspace).expect("and is its author's").into_bundle();
    for (index, payload) in payloads.iter().enumerate() {
        let back = read
            .payload(index as u32)
            .expect("it is there")
            .expect("it is readable");
        assert_eq!(encode_payload(&back), encode_payload(payload));
    }
    let times: Vec<_> = (0..read.len())
        .map(|index| read.header().hlc.plus(index))
        .collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(Hlc::next(read.last_hlc(), Hlc::ZERO, openprod_core::Timestamp::default()) > read.last_hlc());
    Ok(read)
}

fn encode_payload(payload: &Payload) -> (u16, Vec<u8>) {
    (payload.kind(), payload.encode())
}

/// A header that was signed by someone who checks nothing, as a bundle and as a proof of its one operation.
fn by_force(header: &Header) -> (Result<Bundle, BundleError>, ProofError) {
    let payload = &create(1)[0];
    let frame = [encode(&payload.kind()), encode(&payload.encode())].concat();
    let header = Header {
        root: *merkle::leaf(&frame).as_bytes(),
        ..header.clone()
    };
    let header = encode(&header);
    let signature = identity().sign(Purpose::Bundle, blake3::hash(&header).as_bytes());
    let mut bytes = encode(&header);
    bytes.extend(signature.as_bytes());
    bytes.push(1);
    bytes.extend(frame);
    let proof = OperationProof {
        header,
        signature,
        index: 0,
        kind: payload.kind(),
        payload: payload.encode(),
        path: Vec::new(),
    };
    (Bundle::decode(bytes), proof.check().unwrap_err())
}

#[test]
fn text_beyond_every_limit_is_too_large_and_does_not_panic() {
    for bytes in [
        BUNDLE_BYTES_MAX,
        DECODE_BYTES_MAX,
        DECODE_BYTES_MAX + 1,
        3 * DECODE_BYTES_MAX,
    ] {
        let payload = text(bytes);
        assert_eq!(payload.encoded_len(), payload.encode().len());
        assert!(matches!(check(with(vec![payload])), Err(SealError::TooLarge { len }) if len >= bytes));
    }
    let delta = SetCrdtField {
        entity: EntityId::from_u128(1),
        facet: FacetId::from_u128(2),
        field: FieldId::from_u128(3),
        session: 1,
        delta: vec![0; DECODE_BYTES_MAX + 1],
    };
    assert!(matches!(
        check(with(vec![delta.into()])),
        Err(SealError::TooLarge { .. })
    ));
    let halves = vec![text(BUNDLE_BYTES_MAX / 2), text(BUNDLE_BYTES_MAX / 2)];
    assert!(matches!(check(with(halves)), Err(SealError::TooLarge { .. })));
}

#[test]
fn bundle_is_measured_with_its_header() {
    let room = |bytes| check(with(vec![text(bytes)]));
    let overhead = room(BUNDLE_BYTES_MAX - 4_096).unwrap().bytes().len() + 4_096 - BUNDLE_BYTES_MAX;
    let longest = BUNDLE_BYTES_MAX - overhead;
    assert_eq!(room(longest).unwrap().bytes().len(), BUNDLE_BYTES_MAX);
    assert_eq!(
        room(longest + 1).unwrap_err(),
        SealError::TooLarge {
            len: BUNDLE_BYTES_MAX + 1
        }
    );
}

#[test]
fn long_list_is_refused_by_the_writer_and_by_the_reader() {
    assert!(check(with(vec![fact(LIST_MAX)])).is_ok());
    // The last is more than a reader sets room aside for, though it is short when written.
    for count in [LIST_MAX + 1, 500_000] {
        let payload = fact(count);
        assert_eq!(
            check(with(vec![fact(0), payload.clone()])).unwrap_err(),
            SealError::ListTooLong { index: 1, count }
        );
        assert!(matches!(
            Payload::decode(payload.kind(), &payload.encode()),
            Err(PayloadError::ListTooLong { .. } | PayloadError::Malformed { .. })
        ));
    }
}

#[test]
fn draft_that_contradicts_itself_is_not_sealed() {
    let refused = |draft: Draft, why: HeaderError| {
        assert_eq!(check(draft).unwrap_err(), SealError::Header(why));
    };
    let golden = golden_draft;
    let hash = BundleHash::from_bytes([1; 32]);
    for (seq, prev) in [(0, hash), (0, BundleHash::NONE), (1, hash), (2, BundleHash::NONE)] {
        refused(
            Draft {
                seq,
                prev,
                ..golden()
            },
            HeaderError::Predecessor { seq },
        );
    }
    refused(
        Draft {
            seen: vec![seen(1, 1), seen(2, 0)],
            ..golden()
        },
        HeaderError::SeenNothing { log: seen(2, 0).log },
    );
    let many = |count: usize| (0..count as u64).rev().map(|log| seen(log, 1)).collect();
    refused(
        Draft {
            seen: many(SEEN_MAX + 1),
            ..golden()
        },
        HeaderError::SeenTooLong { count: SEEN_MAX + 1 },
    );
    assert!(
        check(Draft {
            seen: many(SEEN_MAX),
            ..golden()
        })
        .is_ok()
    );
    let crooked: Hlc = decode_unchecked(&[1; 12]).unwrap();
    refused(
        Draft {
            hlc: crooked,
            ..golden()
        },
        HeaderError::TimeNotCanonical,
    );
    let mut wordy = golden();
    wordy.intent.source = "a".repeat(LABEL_BYTES_MAX + 1);
    assert_eq!(check(wordy).unwrap_err(), SealError::IntentTooLong);
    let mut wordy = golden();
    wordy.intent.justification = Some("a".repeat(REMARK_BYTES_MAX + 1));
    assert_eq!(check(wordy).unwrap_err(), SealError::IntentTooLong);
    let deciding = |change: fn(&mut DecisionContext)| {
        let mut draft = golden();
        change(draft.intent.decision.as_mut().unwrap());
        check(draft)
    };
    assert!(deciding(|decision| decision.query = vec![b' '; CONTEXT_QUERY_BYTES_MAX]).is_ok());
    for excess in [
        (|decision| decision.query = vec![b' '; CONTEXT_QUERY_BYTES_MAX + 1]) as fn(&mut DecisionContext),
        |decision| decision.heads = (0..=CONTEXT_HEADS_MAX as u128).map(OpId::from_u128).collect(),
        |decision| decision.heads = vec![OpId::from_u128(2), OpId::from_u128(1)],
    ] {
        assert_eq!(deciding(excess).unwrap_err(), SealError::IntentTooLong);
    }
}

#[test]
fn bundle_at_the_end_of_time_leaves_room_for_a_successor() {
    let end = |back: u32| {
        let mut bytes = END;
        bytes[8..].copy_from_slice(&(u32::MAX - back).to_be_bytes());
        Hlc::from_bytes(bytes).unwrap()
    };
    for (count, back) in [(1, 1), (3, 3), (OPERATIONS_MAX, OPERATIONS_MAX as u32)] {
        let draft = |back| Draft {
            hlc: end(back),
            ..with(create(count))
        };
        let sealed = check(draft(back)).unwrap();
        assert_eq!(sealed.last_hlc(), end(1));
        let count = count as u32;
        for closer in [back - 1, 0] {
            assert_eq!(
                check(draft(closer)).unwrap_err(),
                SealError::Header(HeaderError::TimeEnds { count })
            );
        }
    }
}

#[test]
fn header_that_no_bundle_can_have_proves_nothing() {
    let header = check(with(create(1))).unwrap().header().clone();
    let forced = |change: fn(&mut Header)| {
        let mut header = header.clone();
        change(&mut header);
        let (bundle, proof) = by_force(&header);
        let Err(BundleError::Header(why)) = bundle else {
            panic!("{bundle:?}")
        };
        assert!(
            matches!(&proof, ProofError::NoBundle(proof) if *proof == why),
            "{proof:?} is not {why:?}"
        );
        why
    };
    assert_eq!(
        forced(|header| header.version = 2),
        HeaderError::Version { version: 2 }
    );
    assert_eq!(
        forced(|header| header.seq = 0),
        HeaderError::Predecessor { seq: 0 }
    );
    assert_eq!(
        forced(|header| header.seen = vec![seen(1, 1), seen(1, 1)]),
        HeaderError::SeenOutOfOrder
    );
    assert_eq!(
        forced(|header| header.hlc = Hlc::from_bytes(END).unwrap()),
        HeaderError::TimeEnds { count: 1 }
    );
    assert_eq!(
        forced(|header| header.intent.source = "a".repeat(300)),
        HeaderError::IntentTooLong
    );
    assert_eq!(
        forced(|header| header.count = 65_537),
        HeaderError::Count { count: 65_537 }
    );
}

#[test]
fn proof_of_no_operation_and_proof_longer_than_a_bundle_are_refused() {
    let bundle = check(with(create(3))).unwrap();
    let proof = OperationProof::of(&bundle, 2).unwrap();
    for index in [3, u32::MAX] {
        let beyond = OperationProof {
            index,
            ..proof.clone()
        };
        assert!(matches!(
            beyond.check(),
            Err(ProofError::NoSuchOperation { count: 3, .. })
        ));
    }
    let long = OperationProof {
        payload: vec![0; BUNDLE_BYTES_MAX],
        ..proof
    };
    assert!(matches!(long.check(), Err(ProofError::TooLarge { len }) if len > BUNDLE_BYTES_MAX));
}

/// Drafts in which everything that a caller can set may be wrong.
fn wild_draft() -> impl Strategy<Value = Draft> {
    let hlc = prop_oneof![
        3 => hlc(),
        1 => any::<[u8; 12]>().prop_map(|bytes| decode_unchecked(&bytes).unwrap()),
        1 => (0u8..8).prop_map(|back| {
            let mut bytes = END;
            bytes[11] -= back;
            Hlc::from_bytes(bytes).unwrap()
        }),
    ];
    let seen = prop_oneof![
        4 => prop::collection::vec((any::<u64>(), 0u64..3).prop_map(|(log, seq)| seen(log, seq)), 0..4),
        1 => (4_090u64..4_100).prop_map(|count| (0..count).map(|log| seen(log, 1)).collect()),
    ];
    let payloads = prop_oneof![
        4 => prop::collection::vec(payload(), 0..5),
        1 => (65_530usize..65_540).prop_map(|count| vec![fact(count)]),
        1 => (0usize..3_000).prop_map(|short| vec![text(BUNDLE_BYTES_MAX - short)]),
    ];
    let prev = prop_oneof![
        Just(BundleHash::NONE),
        any::<[u8; 32]>().prop_map(BundleHash::from_bytes)
    ];
    let label = prop_oneof![4 => Just(10usize), 1 => 250usize..260];
    (draft(), hlc, seen, payloads, 0u64..4, prev, label).prop_map(
        |(mut draft, hlc, seen, payloads, seq, prev, label)| {
            draft.intent.command_type = "a".repeat(label);
            Draft {
                hlc,
                seen,
                payloads,
                seq,
                prev,
                ..draft
            }
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_drafted_is_refused_or_taken_by_every_reader(draft in wild_draft()) {
        let _ = check(draft);
    }

    #[test]
    fn length_is_known_without_writing(payload in payload()) {
        prop_assert_eq!(payload.encoded_len(), payload.encode().len());
        prop_assert_eq!(encoded_len(&payload.encode()), encode(&payload.encode()).len());
    }
}
