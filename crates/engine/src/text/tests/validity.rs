//! Each reason for refusing a delta, and what stays afterwards.

use proptest::prelude::*;
use serde_json::{Value, json};
use yrs::{Array as _, Map as _, Text as _, Transact as _};

use super::super::delta_error::{DELTA_BYTES_MAX, DELTA_CLOCKS_MAX};
use super::super::document::{Document, empty};
use super::super::update::{ContentKind, Place, UpdateError};
use super::super::{Content, DeltaError, Kind};
use super::craft::{self, Crafted, CraftedContent};
use super::{all, bundle, client, inserted, listed, numbers, text, typed};

/// "hello" by client 7 in bundle 1 of chain 0.
fn hello() -> Document {
    let mut document = Document::new(Kind::Text);
    let delta = inserted(&document.editor(client(7)), 0, "hello");
    document.apply(&delta, client(7), bundle(0, 1), &all).unwrap();
    document
}

fn place(number: u64, clock: u32) -> Place {
    Place {
        client: client(number),
        clock,
    }
}

fn one(origin: Option<Place>, right: Option<Place>, content: CraftedContent) -> [Crafted; 1] {
    [Crafted {
        origin,
        right,
        content,
    }]
}

#[track_caller]
fn refused(document: &mut Document, delta: &[u8], expected: &DeltaError) {
    let before = (document.canonical(), document.places().0);
    let found = document.apply(delta, client(8), bundle(1, 1), &all).unwrap_err();
    assert_eq!(&found, expected);
    assert_eq!((document.canonical(), document.places().0), before);
    let delta = inserted(&document.editor(client(8)), 0, "!");
    document.apply(&delta, client(8), bundle(1, 2), &all).unwrap();
    assert!(text(document).starts_with('!'));
}

#[test]
fn nothing_is_no_delta() {
    refused(&mut hello(), &[0, 0], &DeltaError::Empty);
}

#[test]
fn other_clients_blocks_are_refused() {
    let mut document = hello();
    let delta = inserted(&document.editor(client(9)), 0, "x");
    refused(&mut document, &delta, &DeltaError::ForeignClient(client(9)));
    let delta = inserted(&document.editor(client(7)), 0, "x");
    refused(&mut document, &delta, &DeltaError::ForeignClient(client(7)));
}

#[test]
fn clocks_neither_repeat_nor_leave_a_gap() {
    let block = one(None, Some(place(7, 0)), CraftedContent::Text("x"));
    let delta = craft::update(client(8), 3, "text", &block, &[]);
    refused(
        &mut hello(),
        &delta,
        &DeltaError::Gap {
            expected: 0,
            found: 3,
        },
    );

    let mut document = hello();
    let again = inserted(&empty(Kind::Text, client(7)), 0, "hello");
    assert_eq!(
        document.apply(&again, client(7), bundle(0, 2), &all),
        Err(DeltaError::Gap {
            expected: 5,
            found: 0
        })
    );
}

#[test]
fn another_branch_under_the_same_clocks_collides() {
    let mut document = hello();
    let other = inserted(&empty(Kind::Text, client(7)), 0, "other");
    let nothing_of_chain_0 = |chain: openprod_storage::ChainId, _| chain.0 != 0;
    let before = document.canonical();
    assert_eq!(
        document.apply(&other, client(7), bundle(4, 1), &nothing_of_chain_0),
        Err(DeltaError::Collides)
    );
    assert_eq!(document.canonical(), before);
    // Whoever has seen only that branch goes on from clocks that are another's here.
    let delta = craft::update(
        client(8),
        0,
        "text",
        &one(Some(place(7, 4)), None, CraftedContent::Text("x")),
        &[],
    );
    assert_eq!(
        document.apply(&delta, client(8), bundle(1, 1), &nothing_of_chain_0),
        Err(DeltaError::Unseen(place(7, 4)))
    );
}

/// What a caller does on a collision: in one order, whichever branch came first, one document comes out.
#[test]
fn rebuilt_in_one_order_both_branches_make_one_document() {
    let begun = inserted(&empty(Kind::Text, client(7)), 0, "begun ");
    let mut start = Document::new(Kind::Text);
    start.apply(&begun, client(7), bundle(0, 1), &all).unwrap();
    let branches = ["one", "another"].map(|added| inserted(&start.editor(client(7)), 6, added));
    // Chain 1 left chain 0 after its first bundle.
    let deltas = [(0, 1, &begun), (0, 2, &branches[0]), (1, 2, &branches[1])];
    let build = |order: [usize; 3]| {
        let mut document = Document::new(Kind::Text);
        let outcomes = order.map(|index| {
            let (chain, seq, delta) = deltas[index];
            document.apply(delta, client(7), bundle(chain, seq), &|of, at| {
                (of.0, at) == (0, 1)
            })
        });
        (document.canonical(), outcomes[2].clone())
    };
    let (one, other) = (build([0, 1, 2]), build([0, 2, 1]));
    assert_eq!(
        (&one.1, &other.1),
        (&Err(DeltaError::Collides), &Err(DeltaError::Collides))
    );
    assert_ne!(one.0, other.0);
    assert_eq!(build([0, 1, 2]), one);
}

#[test]
fn neighbours_and_deletions_are_to_be_in_the_authors_past() {
    let unseen = DeltaError::Unseen(place(7, 5));
    for blocks in [
        one(Some(place(7, 5)), None, CraftedContent::Text("x")),
        one(None, Some(place(7, 5)), CraftedContent::Text("x")),
    ] {
        refused(
            &mut hello(),
            &craft::update(client(8), 0, "text", &blocks, &[]),
            &unseen,
        );
    }
    let delta = craft::update(client(8), 0, "text", &[], &[(client(7), 3, 3)]);
    refused(&mut hello(), &delta, &unseen);
    // Present, but not in the past.
    let mut document = hello();
    let delta = craft::update(client(8), 0, "text", &[], &[(client(7), 0, 5)]);
    assert_eq!(
        document.apply(&delta, client(8), bundle(1, 1), &|_, _| false),
        Err(DeltaError::Unseen(place(7, 4)))
    );
    document.apply(&delta, client(8), bundle(1, 2), &all).unwrap();
    assert_eq!(text(&document), "");
    // Its own later blocks, and itself.
    let blocks = one(Some(place(8, 0)), None, CraftedContent::Text("x"));
    let delta = craft::update(client(8), 0, "text", &blocks, &[]);
    refused(&mut hello(), &delta, &DeltaError::Unseen(place(8, 0)));
    let delta = craft::update(client(8), 0, "text", &[], &[(client(8), 0, 1)]);
    refused(&mut hello(), &delta, &DeltaError::Unseen(place(8, 0)));
}

#[test]
fn content_goes_between_what_stood_side_by_side() {
    for (origin, right) in [
        (Some(place(7, 3)), Some(place(7, 1))),
        (Some(place(7, 1)), Some(place(7, 1))),
        (Some(place(7, 1)), Some(place(7, 3))),
        (None, Some(place(7, 1))),
    ] {
        let delta = craft::update(
            client(8),
            0,
            "text",
            &one(origin, right, CraftedContent::Text("x")),
            &[],
        );
        refused(&mut hello(), &delta, &DeltaError::Misplaced(place(8, 0)));
    }
    // "hello" was written into an empty text, so its last letter stood at the end.
    let mut document = hello();
    let blocks = one(Some(place(7, 4)), None, CraftedContent::Text("!"));
    let delta = craft::update(client(8), 0, "text", &blocks, &[]);
    document.apply(&delta, client(8), bundle(1, 1), &all).unwrap();
    assert_eq!(text(&document), "hello!");
}

#[test]
fn refused_second_block_takes_the_first_back() {
    let blocks = [
        Crafted {
            origin: Some(place(7, 1)),
            right: Some(place(7, 2)),
            content: CraftedContent::Text("x"),
        },
        Crafted {
            origin: Some(place(8, 0)),
            right: Some(place(7, 1)),
            content: CraftedContent::Text("y"),
        },
    ];
    let delta = craft::update(client(8), 0, "text", &blocks, &[]);
    refused(&mut hello(), &delta, &DeltaError::Misplaced(place(8, 1)));
}

#[test]
fn only_the_fields_own_root_and_content_are_taken() {
    let crafted = |root: &str, kind, bytes: &[u8]| {
        let blocks = one(None, None, CraftedContent::Raw(kind, bytes.to_vec()));
        craft::update(client(8), 0, root, &blocks, &[])
    };
    refused(&mut hello(), &crafted("other", 4, b"\x01x"), &DeltaError::Parent);
    for (kind, bytes, content) in [
        (0, &b"\x05"[..], ContentKind::Collected),
        (10, b"\x05", ContentKind::Skip),
        (2, b"\x01\x011", ContentKind::LegacyJson),
        (3, b"\x01x", ContentKind::Binary),
        (5, b"\x02{}", ContentKind::Embed),
        (7, b"\x00", ContentKind::Type),
        (8, b"\x01\x7e", ContentKind::Any),
        (9, b"\x01x\x76\x00", ContentKind::Document),
    ] {
        refused(
            &mut hello(),
            &crafted("text", kind, bytes),
            &DeltaError::Content(content),
        );
    }
    let unknown = DeltaError::Malformed(UpdateError::UnknownContent(11));
    refused(&mut hello(), &crafted("text", 11, b"\x01"), &unknown);

    let mut list = numbers(2);
    let delta = craft::update(
        client(8),
        0,
        "list",
        &one(None, None, CraftedContent::Text("x")),
        &[],
    );
    assert_eq!(
        list.apply(&delta, client(8), bundle(1, 1), &all),
        Err(DeltaError::Content(ContentKind::String))
    );
}

#[test]
fn values_are_json_of_bounded_depth() {
    let list = |bytes: &[u8]| {
        let blocks = one(None, None, CraftedContent::Raw(8, [&[1], bytes].concat()));
        let delta = craft::update(client(8), 0, "list", &blocks, &[]);
        let mut document = Document::new(Kind::List);
        document
            .apply(&delta, client(8), bundle(1, 1), &all)
            .map(|()| document.content())
    };
    let refused = |error| Err(DeltaError::Malformed(error));
    let nested = |depth: usize| [[117, 1].repeat(depth), vec![126]].concat();
    assert!(list(&nested(64)).is_ok());
    assert_eq!(list(&nested(65)), refused(UpdateError::TooDeep));
    assert_eq!(list(&nested(200_000)), refused(UpdateError::TooDeep));
    for bytes in [
        &[127][..],
        &[116, 1, 0],
        &[123, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        &[124, 0x7f, 0x80, 0, 0],
        &[122, 0, 0x20, 0, 0, 0, 0, 0, 0],
        &[5],
    ] {
        assert_eq!(list(bytes), refused(UpdateError::NotJsonValue), "{bytes:?}");
    }
    assert_eq!(
        list(&[117, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        refused(UpdateError::NotJsonValue)
    );
    assert_eq!(
        list(&[118, 1, 1, b'k', 117, 2, 125, 5, 123, 0x40, 0x14, 0, 0, 0, 0, 0, 0]),
        Ok(Content::List(vec![json!({"k": [5, 5]})]))
    );
}

#[test]
fn nested_shared_types_are_refused_from_a_real_editor() {
    let editor = empty(Kind::List, client(8));
    let delta = listed(&editor, |root, transaction| {
        root.insert(transaction, 0, yrs::MapPrelim::from([("key", 1)]));
    });
    let mut document = Document::new(Kind::List);
    assert_eq!(
        document.apply(&delta, client(8), bundle(1, 1), &all),
        Err(DeltaError::Content(ContentKind::Type))
    );
    let map = editor.get_or_insert_map("list");
    let mut transaction = editor.transact_mut();
    map.insert(&mut transaction, "key", 1);
    let delta = transaction.encode_update_v1();
    let mut document = Document::new(Kind::List);
    assert!(document.apply(&delta, client(8), bundle(1, 1), &all).is_err());
}

#[test]
fn delta_is_bounded_in_bytes_and_clocks() {
    let long = inserted(&empty(Kind::Text, client(8)), 0, &"x".repeat(DELTA_BYTES_MAX));
    refused(&mut hello(), &long, &DeltaError::TooLarge);
    let blocks = one(
        Some(place(7, 4)),
        None,
        CraftedContent::Deleted(DELTA_CLOCKS_MAX + 1),
    );
    let delta = craft::update(client(8), 0, "text", &blocks, &[]);
    refused(&mut hello(), &delta, &DeltaError::TooLarge);
}

#[test]
fn trailing_bytes_and_overlong_numbers_are_refused() {
    let mut document = hello();
    let delta = inserted(&document.editor(client(8)), 0, "x");
    let trailing = [&delta[..], &[0]].concat();
    let malformed = |error| DeltaError::Malformed(error);
    refused(&mut document, &trailing, &malformed(UpdateError::TrailingBytes));
    let mut document = hello();
    assert_eq!(delta[0], 1);
    let overlong = [&[0x81, 0], &delta[1..]].concat();
    refused(&mut document, &overlong, &malformed(UpdateError::Integer));
}

#[test]
fn formats_do_not_show_in_the_text() {
    let mut document = hello();
    let delta = typed(&document.editor(client(8)), |root, transaction| {
        let bold = yrs::types::Attrs::from([("bold".into(), true.into())]);
        root.format(transaction, 1, 3, bold);
    });
    document.apply(&delta, client(8), bundle(1, 1), &all).unwrap();
    assert_eq!(text(&document), "hello");
    assert_eq!(document.clock(client(8)), 2);
}

#[test]
fn reasons_have_codes_of_their_own() {
    let reasons = [
        DeltaError::TooLarge,
        DeltaError::Malformed(UpdateError::Truncated),
        DeltaError::Empty,
        DeltaError::Content(ContentKind::Skip),
        DeltaError::Parent,
        DeltaError::ForeignClient(client(1)),
        DeltaError::Gap {
            expected: 0,
            found: 1,
        },
        DeltaError::Unseen(place(1, 1)),
        DeltaError::Misplaced(place(1, 1)),
        DeltaError::Collides,
        DeltaError::Library,
    ];
    let codes: std::collections::BTreeSet<_> = reasons.iter().map(DeltaError::code).collect();
    assert_eq!(codes.len(), reasons.len());
}

fn some_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "😀", "😁", "é", "\n"]), 0..12)
        .prop_map(|parts| parts.concat())
}

fn some_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
        (-4_i64..4).prop_map(Value::from),
        (-1e300_f64..1e300).prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn replacement_turns_any_text_into_any_other(texts in prop::collection::vec(some_text(), 1..6)) {
        let mut document = Document::new(Kind::Text);
        for (seq, wanted) in (1..).zip(&texts) {
            let old = text(&document);
            match document.replacement(client(8), &Content::Text(wanted.clone())) {
                Some(delta) => {
                    document.apply(&delta, client(8), bundle(1, seq), &all).unwrap();
                    prop_assert_ne!(&old, wanted);
                }
                None => prop_assert_eq!(&old, wanted),
            }
            prop_assert_eq!(&text(&document), wanted);
        }
    }

    #[test]
    fn replacement_turns_any_list_into_any_other(
        lists in prop::collection::vec(prop::collection::vec(some_value(), 0..5), 1..5),
    ) {
        let mut document = Document::new(Kind::List);
        for (seq, wanted) in (1..).zip(&lists) {
            if let Some(delta) = document.replacement(client(8), &Content::List(wanted.clone())) {
                document.apply(&delta, client(8), bundle(1, seq), &all).unwrap();
            }
            let shown = Document::decode(&document.encode()).unwrap();
            prop_assert_eq!(shown.content(), document.content());
            prop_assert_eq!(shown.canonical(), document.canonical());
            let again = document.replacement(client(8), &Content::List(wanted.clone()));
            prop_assert_eq!(again, None);
        }
    }
}

#[test]
fn replacement_keeps_what_both_begin_and_end_with() {
    let mut document = hello();
    let delta = document
        .replacement(client(8), &Content::Text("help😀lo".to_owned()))
        .unwrap();
    document.apply(&delta, client(8), bundle(1, 1), &all).unwrap();
    assert_eq!(text(&document), "help😀lo");
    assert_eq!(document.clock(client(8)), 3);
    let first = Document::insertion(client(8), &Content::Text("new".to_owned())).unwrap();
    let mut document = Document::new(Kind::Text);
    document.apply(&first, client(8), bundle(1, 1), &all).unwrap();
    assert_eq!(text(&document), "new");
    assert_eq!(
        Document::insertion(client(8), &Content::Text(String::new())),
        None
    );
    assert_eq!(document.replacement(client(8), &Content::List(Vec::new())), None);
}
