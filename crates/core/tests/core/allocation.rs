//! What tiny inputs make a reader allocate.

use allocation_counter::measure;
use openprod_core::encoding::{DECODE_BYTES_MAX, decode, encode};
use openprod_core::{Bundle, Header, Identity, OperationProof, Payload, seal};

use crate::golden::golden_draft;

/// Every way in which nine bytes can claim a length: beyond memory, beyond the limit, just within it,
/// for bytes, texts and properties.
const CLAIMS: [[u8; 9]; 6] = [
    [253, 255, 255, 255, 255, 255, 255, 255, 127],
    [253, 0, 0, 0, 1, 0, 0, 0, 0],
    [252, 0, 0, 127, 0, 0, 0, 0, 0],
    [252, 0, 0, 144, 0, 0, 0, 0, 0],
    [252, 0, 0, 6, 0, 0, 0, 0, 0],
    [252, 0, 64, 1, 0, 0, 0, 0, 0],
];

/// Runs `read` on inputs that hold a claim at every place of `shape` and returns the most bytes that were
/// allocated at one time.
fn peak(shape: &[u8], read: impl Fn(&[u8])) -> u64 {
    let mut most = 0;
    for claim in CLAIMS {
        for at in 0..=shape.len() {
            let input = [&shape[..at], &claim, &shape[at..]].concat();
            most = most.max(measure(|| read(&input)).bytes_max);
        }
    }
    most
}

#[test]
fn claimed_list_takes_its_room_up_to_the_limit_and_claimed_text_none() {
    let level = DECODE_BYTES_MAX as u64;
    let lists_of_texts = peak(&encode(&vec![vec!["ab".to_owned()]]), |bytes| {
        let _ = decode::<Vec<Vec<String>>>(bytes);
    });
    assert!(lists_of_texts <= level + 4_096, "{lists_of_texts}");
    let text = peak(&encode("ab"), |bytes| {
        let _ = decode::<String>(bytes);
    });
    assert!(text <= 4_096, "{text}");
}

#[test]
fn claims_in_tiny_bundles_payloads_and_proofs_take_the_room_of_one_list_at_most() {
    let level = DECODE_BYTES_MAX as u64;
    let bundle = seal(&Identity::from_seed(&[1; 32]), golden_draft()).unwrap();
    let bytes = peak(&bundle.bytes()[..600], |bytes| {
        assert!(Bundle::decode(bytes).is_err());
    });
    assert!(bytes <= level + 8_192, "a bundle: {bytes}");
    let header = peak(&bundle.header_bytes(), |bytes| {
        let _ = decode::<Header>(bytes);
    });
    assert!(header <= level + 8_192, "a header: {header}");
    for index in 0..bundle.len() {
        let (kind, payload) = bundle.raw_payload(index).unwrap();
        let bytes = peak(payload, |bytes| {
            let _ = Payload::decode(kind, bytes);
        });
        assert!(bytes <= level + 8_192, "kind {kind}: {bytes}");
    }
    let proof = encode(&OperationProof::of(&bundle, 0).unwrap());
    let bytes = peak(&proof, |bytes| {
        if let Ok(proof) = decode::<OperationProof>(bytes) {
            assert!(proof.check().is_err());
        }
    });
    assert!(bytes <= level + 8_192, "a proof: {bytes}");
}

#[test]
fn claims_beyond_the_limit_allocate_nothing() {
    for claim in &CLAIMS[..3] {
        let info = measure(|| assert!(decode::<Vec<Vec<u8>>>(claim).is_err()));
        assert!(info.bytes_max < 1_024, "{} bytes", info.bytes_max);
    }
}
