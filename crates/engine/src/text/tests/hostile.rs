//! Bytes that are no delta, or not quite.

use proptest::prelude::*;
use yrs::Text as _;

use super::super::document::Document;
use super::super::{DeltaError, Kind};
use super::{all, bundle, client, numbers, text, typed};

/// A text by client 7, and a delta of client 8 with several blocks and deletions.
fn real() -> (Document, Vec<u8>) {
    let mut document = Document::new(Kind::Text);
    let delta = typed(&document.editor(client(7)), |root, transaction| {
        root.insert(transaction, 0, "some text 😀 to edit");
    });
    document.apply(&delta, client(7), bundle(0, 1), &all).unwrap();
    let delta = typed(&document.editor(client(8)), |root, transaction| {
        root.insert(transaction, 4, " new");
        root.remove_range(transaction, 10, 4);
        root.insert(transaction, 0, "first ");
        root.format(
            transaction,
            0,
            3,
            yrs::types::Attrs::from([("b".into(), true.into())]),
        );
        root.remove_range(transaction, 2, 2);
    });
    (document, delta)
}

/// The document is fit for use, whatever was tried on it.
#[track_caller]
fn works(document: &mut Document) {
    let stored = Document::decode(&document.encode()).unwrap();
    assert_eq!(stored.canonical(), document.canonical());
    assert_eq!(stored.places().0, document.places().0);
}

#[test]
fn truncated_delta_is_refused_at_every_length() {
    let (mut document, delta) = real();
    let before = document.canonical();
    for length in 0..delta.len() {
        let error = document
            .apply(&delta[..length], client(8), bundle(1, 1), &all)
            .unwrap_err();
        assert!(matches!(error, DeltaError::Malformed(_)), "{length}: {error:?}");
    }
    assert_eq!(document.canonical(), before);
    document.apply(&delta, client(8), bundle(1, 1), &all).unwrap();
    assert!(text(&document).starts_with("fit"));
    works(&mut document);
}

#[test]
fn every_flipped_bit_gives_a_reason_or_a_sound_document() {
    let (mut document, delta) = real();
    let stored = document.encode();
    let mut refused = 0;
    for bit in 0..delta.len() * 8 {
        let mut document = Document::decode(&stored).unwrap();
        let before = document.canonical();
        let mut flipped = delta.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match document.apply(&flipped, client(8), bundle(1, 1), &all) {
            Ok(()) => works(&mut document),
            Err(error) => {
                assert_ne!(error, DeltaError::Library, "bit {bit}");
                assert_eq!(document.canonical(), before);
                refused += 1;
            }
        }
    }
    assert!(refused > delta.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for kind in [Kind::Text, Kind::List] {
            let mut document = Document::new(kind);
            let taken = document.apply(&bytes, client(8), bundle(1, 1), &all);
            prop_assert!(taken.is_err(), "{:?}", taken);
            prop_assert!(Document::decode(&bytes).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn small_numbers_are_refused_or_give_a_sound_document(
        bytes in prop::collection::vec(prop_oneof![0..5_u8, Just(8), Just(0x44), Just(0x84), Just(0xc4)], 0..40),
    ) {
        let (mut document, _) = real();
        if document.apply(&bytes, client(8), bundle(1, 1), &all).is_ok() {
            works(&mut document);
        }
        let mut list = numbers(3);
        if list.apply(&bytes, client(8), bundle(1, 1), &all).is_ok() {
            works(&mut list);
        }
    }
}
