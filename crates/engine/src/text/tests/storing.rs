//! Documents as they are stored, and what yrs cannot take.

use std::collections::BTreeMap;

use yrs::Text as _;
use yrs::updates::decoder::Decode as _;

use super::super::document::Document;
use super::super::order::Order;
use super::super::update::{Place, Update};
use super::super::{Content, Kind};
use super::{all, bundle, client, inserted, numbers, text, typed};

fn edited() -> Document {
    let mut document = Document::new(Kind::Text);
    for seq in 1..40 {
        let author = client(7 + seq % 3);
        let delta = typed(&document.editor(author), |root, transaction| {
            root.insert(
                transaction,
                (seq as u32 * 7) % (root.len(transaction) + 1),
                "w😀rd ",
            );
            if seq % 4 == 0 {
                root.remove_range(transaction, 0, 1);
            }
        });
        document
            .apply(&delta, author, bundle(seq as u32 % 3, seq), &all)
            .unwrap();
    }
    document
}

#[test]
fn stored_document_is_the_same_document() {
    for mut document in [
        edited(),
        numbers(5),
        Document::new(Kind::Text),
        Document::new(Kind::List),
    ] {
        let stored = Document::decode(&document.encode()).unwrap();
        assert_eq!(stored.kind(), document.kind());
        assert_eq!(stored.content(), document.content());
        assert_eq!(stored.canonical(), document.canonical());
        assert_eq!(stored.state_vector(), document.state_vector());
        assert_eq!(stored.places().0, document.places().0);
    }
}

#[test]
fn damaged_document_is_an_error() {
    let bytes = edited().encode();
    for length in 0..bytes.len() {
        assert!(Document::decode(&bytes[..length]).is_err());
    }
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Document::decode(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn document_is_whole_again_after_the_library_failed() {
    let mut document = edited();
    let before = (document.canonical(), document.state_vector());
    document.fail_and_restore();
    assert_eq!((document.canonical(), document.state_vector()), before);
    // Also when deltas have become a new base.
    let author = client(99);
    for seq in 1..6 {
        let delta = inserted(&document.editor(author), 0, &"long ".repeat(10_000));
        document.apply(&delta, author, bundle(9, seq), &all).unwrap();
    }
    let before = (document.canonical(), document.state_vector());
    document.fail_and_restore();
    assert_eq!((document.canonical(), document.state_vector()), before);
}

#[test]
fn editor_that_loads_the_state_sees_the_text() {
    let document = edited();
    let vector = yrs::StateVector::decode_v1(&document.state_vector()).unwrap();
    let clocks: BTreeMap<u64, u32> = vector.iter().map(|(id, clock)| (id.get(), *clock)).collect();
    assert_eq!(clocks.len(), 3);
    for (id, clock) in clocks {
        assert_eq!(document.clock(client(id)), clock);
    }
    let editor = document.editor(client(1));
    let root = editor.get_or_insert_text("text");
    let shown = yrs::GetString::get_string(&root, &yrs::Transact::transact(&editor));
    assert_eq!(Content::Text(shown), document.content());
}

#[test]
fn content_written_in_one_go_is_one_run() {
    let mut document = Document::new(Kind::Text);
    let editor = document.editor(client(7));
    for seq in 0..100 {
        let delta = inserted(&editor, seq, "x");
        document
            .apply(&delta, client(7), bundle(0, u64::from(seq) + 1), &all)
            .unwrap();
    }
    assert_eq!(document.places().1, 1);
    assert_eq!(text(&document), "x".repeat(100));
}

/// Labels are halved at each of these, and have to be spread out again.
#[test]
fn order_holds_under_insertions_at_one_place() {
    let place = |clock| Place {
        client: client(7),
        clock,
    };
    let mut order = Order::default();
    order.integrate(place(0), 2, None, None).unwrap();
    let mut expected = vec![place(0), place(1)];
    for clock in 2..5_000 {
        // Each between the first place and the one before.
        let right = expected[1];
        assert!(order.admits(Some(place(0)), Some(right)));
        order
            .integrate(place(clock), 1, Some(place(0)), Some(right))
            .unwrap();
        expected.insert(1, place(clock));
    }
    assert_eq!(order.places(), expected);
    order.undo(place(100));
    expected.retain(|place| place.clock < 100);
    assert_eq!(order.places(), expected);
}

#[test]
fn order_of_blocks_that_wait_for_each_other_in_a_circle_is_none() {
    // Client 1 puts its text beside client 2's, and client 2 its beside client 1's.
    let bytes = [2, 1, 2, 0, 0x84, 1, 0, 1, b'x', 1, 1, 0, 0x84, 2, 0, 1, b'y', 0];
    let update = Update::read(&bytes).unwrap();
    assert_eq!(update.blocks.len(), 2);
    assert!(Order::of(&update.blocks).is_none());
}
