//! Whatever is not exactly a bundle of this workspace by its author is refused.

use openprod_core::encoding::encode;
use openprod_core::identity::Purpose;
use openprod_core::operation::CreateEntity;
use openprod_core::{
    ActorId, Bundle, BundleError, BundleHash, Draft, EntityId, Header, Identity, LogId, SealError, Seen,
    VerifiedBundle, WorkspaceId, seal,
};
use proptest::prelude::*;

use crate::arbitrary::draft;
use crate::golden::golden_draft;

fn identity() -> Identity {
    Identity::from_seed(&[1; 32])
}

fn sealed() -> VerifiedBundle {
    seal(&identity(), golden_draft()).unwrap()
}

/// Writes a number as the format does, or in the next longer spelling.
fn number(value: u8, long: bool) -> Vec<u8> {
    if long { vec![251, value, 0] } else { vec![value] }
}

/// Puts a bundle together by hand, signed by `identity`, with every freedom to get it wrong.
fn by_hand(identity: &Identity, header: &Header, frames: &[u8], count: Vec<u8>) -> Vec<u8> {
    let header = encode(header);
    let signature = identity.sign(Purpose::Bundle, blake3::hash(&header).as_bytes());
    let mut bytes = encode(&header);
    bytes.extend(signature.as_bytes());
    bytes.extend(count);
    bytes.extend(frames);
    bytes
}

fn one_operation() -> (Header, Vec<u8>) {
    let draft = Draft {
        payloads: vec![
            CreateEntity {
                entity: EntityId::from_u128(5),
            }
            .into(),
        ],
        ..golden_draft()
    };
    let bundle = seal(&identity(), draft).unwrap();
    let frame = bundle.frame(0).unwrap().to_vec();
    (bundle.header().clone(), frame)
}

fn refused(bytes: Vec<u8>) -> bool {
    let workspace = golden_draft().workspace;
    Bundle::decode(bytes)
        .and_then(|bundle| bundle.verify(workspace))
        .is_err()
}

#[test]
fn every_flipped_bit_and_every_truncation_is_refused() {
    let bytes = sealed().bytes().to_vec();
    assert!(!refused(bytes.clone()));
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(forged), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(refused(bytes[..len].to_vec()), "{len} bytes");
    }
    assert!(refused([bytes.as_slice(), &[0]].concat()));
    assert!(refused([bytes.as_slice(), bytes.as_slice()].concat()));
}

#[test]
fn other_spellings_of_the_same_numbers_are_refused() {
    let (header, frame) = one_operation();
    assert!(!refused(by_hand(&identity(), &header, &frame, number(1, false))));
    assert!(
        refused(by_hand(&identity(), &header, &frame, number(1, true))),
        "the count"
    );
    let (kind, length) = (frame[0], frame[1]);
    let long_kind = [number(kind, true), number(length, false), frame[2..].to_vec()].concat();
    assert!(
        refused(by_hand(&identity(), &header, &long_kind, number(1, false))),
        "the kind"
    );
    let long_length = [number(kind, false), number(length, true), frame[2..].to_vec()].concat();
    assert!(
        refused(by_hand(&identity(), &header, &long_length, number(1, false))),
        "the length"
    );
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let (header, frame) = one_operation();
    let seen = |seq| Seen {
        actor: ActorId::from_bytes([2; 32]),
        log: LogId::from_bytes([3; 16]),
        seq,
        prefix: [0; 16],
    };
    let wrong: [(&str, Header); 8] = [
        (
            "version",
            Header {
                version: 2,
                ..header.clone()
            },
        ),
        (
            "count",
            Header {
                count: 2,
                ..header.clone()
            },
        ),
        (
            "no operation",
            Header {
                count: 0,
                ..header.clone()
            },
        ),
        (
            "number 0",
            Header {
                seq: 0,
                ..header.clone()
            },
        ),
        (
            "first with a predecessor",
            Header {
                seq: 1,
                prev: BundleHash::from_bytes([1; 32]),
                ..header.clone()
            },
        ),
        (
            "second without one",
            Header {
                seq: 2,
                prev: BundleHash::NONE,
                ..header.clone()
            },
        ),
        (
            "seen twice",
            Header {
                seen: vec![seen(1), seen(1)],
                ..header.clone()
            },
        ),
        (
            "seen out of order",
            Header {
                seen: vec![seen(2), seen(1)],
                ..header.clone()
            },
        ),
    ];
    for (what, header) in wrong {
        assert!(
            refused(by_hand(&identity(), &header, &frame, number(1, false))),
            "{what}"
        );
    }
}

#[test]
fn other_operations_under_a_signed_header_are_refused() {
    let (header, _) = one_operation();
    let other = Draft {
        payloads: vec![
            CreateEntity {
                entity: EntityId::from_u128(6),
            }
            .into(),
        ],
        ..golden_draft()
    };
    let other = seal(&identity(), other).unwrap();
    let bytes = by_hand(&identity(), &header, other.frame(0).unwrap(), number(1, false));
    assert!(matches!(Bundle::decode(bytes), Err(BundleError::Inconsistent(_))));
}

#[test]
fn another_author_and_another_workspace_are_refused() {
    let (header, frame) = one_operation();
    let forged = by_hand(&Identity::from_seed(&[9; 32]), &header, &frame, number(1, false));
    let bundle = Bundle::decode(forged).unwrap();
    assert!(matches!(
        bundle.verify(header.workspace),
        Err(BundleError::Signature { .. })
    ));
    let elsewhere = WorkspaceId::from_u128(99);
    let bundle = sealed().into_bundle();
    assert!(matches!(
        bundle.verify(elsewhere),
        Err(BundleError::WrongWorkspace { .. })
    ));
}

#[test]
fn unknown_operation_is_carried_untouched() {
    let (mut header, _) = one_operation();
    let frame = [vec![251, 0x0f, 0x27], number(3, false), vec![1, 2, 3]].concat();
    header.root = *openprod_core::merkle::leaf(&frame).as_bytes();
    let bytes = by_hand(&identity(), &header, &frame, number(1, false));
    let bundle = Bundle::decode(bytes.clone())
        .unwrap()
        .verify(header.workspace)
        .unwrap();
    assert_eq!(bundle.unknown_kind(), Some(9_999));
    assert_eq!(&**bundle.bytes(), bytes.as_slice());
    assert!(bundle.payload(0).unwrap().is_err());
}

#[test]
fn claims_without_bytes_behind_them_are_refused_at_once() {
    for claim in [
        [253, 255, 255, 255, 255, 255, 255, 255, 127],
        [253, 0, 0, 0, 1, 0, 0, 0, 0],
        [252, 0, 0, 127, 0, 0, 0, 0, 0],
    ] {
        assert!(Bundle::decode(claim.to_vec()).is_err());
        assert!(openprod_core::encoding::decode::<Vec<Vec<u8>>>(&claim).is_err());
    }
}

#[test]
fn too_large_is_refused_on_both_sides() {
    assert!(matches!(
        Bundle::decode(vec![0; (8 << 20) + 1]),
        Err(BundleError::TooLarge { .. })
    ));
    let create = || {
        CreateEntity {
            entity: EntityId::from_u128(1),
        }
        .into()
    };
    let many = Draft {
        payloads: (0..65_537).map(|_| create()).collect(),
        ..golden_draft()
    };
    assert!(matches!(
        seal(&identity(), many),
        Err(SealError::TooMany { count: 65_537 })
    ));
    let none = Draft {
        payloads: Vec::new(),
        ..golden_draft()
    };
    assert!(matches!(seal(&identity(), none), Err(SealError::Empty)));
    let most = Draft {
        payloads: (0..65_536).map(|_| create()).collect(),
        ..golden_draft()
    };
    let bundle = seal(&identity(), most).unwrap();
    assert_eq!(Bundle::decode(bundle.bytes().to_vec()).unwrap().len(), 65_536);
}

proptest! {
    #[test]
    fn any_change_to_any_bundle_is_refused(draft in draft(), at in any::<prop::sample::Index>(), change in 1u8..) {
        let workspace = draft.workspace;
        let sealed = seal(&identity(), draft).unwrap();
        let mut bytes = sealed.bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = bytes[at].wrapping_add(change);
        prop_assert!(Bundle::decode(bytes).and_then(|bundle| bundle.verify(workspace)).is_err());
    }
}
