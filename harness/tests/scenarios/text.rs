//! Texts and lists that several peers edit, and one who means them ill.

use harness::forge::Forger;
use harness::{TestNetwork, TestPeer};
use openprod_core::FieldType::{CrdtList, CrdtText, Text};
use openprod_core::operation::SetCrdtField;
use openprod_core::{EntityId, Timestamp, VerifiedBundle};
use openprod_engine::text::Content;
use openprod_sync::Message;
use openprod_sync::batch::pack;

use crate::hostile::introduced;

/// `N` connected peers that have one note, which says "Fly cues".
fn with_a_note<const N: usize>() -> (TestNetwork, [TestPeer; N], EntityId) {
    let network = TestNetwork::new();
    let peers: [TestPeer; N] = network.add_connected_peers();
    peers[0].create_table(
        "Notes",
        &[("title", Text), ("body", CrdtText), ("steps", CrdtList)],
    );
    let note = peers[0].create_record("Notes", &[("title", "Tech"), ("body", "Fly cues")]);
    network.wait_for_sync();
    (network, peers, note)
}

fn body(peer: &TestPeer, note: EntityId) -> String {
    let body = peer.value(note, "Notes", "body");
    let editors = peer.text_state(note, "Notes", "body", 1).content;
    assert_eq!(
        editors,
        Content::Text(body.clone()),
        "an editor begins with what is shown"
    );
    body
}

fn type_at(peer: &TestPeer, note: EntityId, at: u32, words: &str) {
    peer.type_at(note, "Notes", "body", at, words);
}

#[test]
fn three_peers_typing_at_once_keep_every_word_and_no_word_is_torn() {
    let (network, peers, note) = with_a_note::<3>();
    network.partition(&[]);
    for (index, peer) in peers.iter().enumerate() {
        for (at, letter) in (0..).zip(["one ", "two ", "three "][index].chars()) {
            type_at(peer, note, at, &letter.to_string());
        }
        peer.type_on(note, "Notes", "body", [" a", " b", " c"][index]);
    }
    network.heal();
    network.settle();
    let text = body(&peers[0], note);
    assert!(peers.iter().all(|peer| body(peer, note) == text));
    let (before, behind) = text.split_once("Fly cues").unwrap();
    let mut words: Vec<_> = before.split_whitespace().collect();
    words.sort_unstable();
    assert_eq!(words, ["one", "three", "two"], "{text}");
    let mut words: Vec<_> = behind.split_whitespace().collect();
    words.sort_unstable();
    assert_eq!(words, ["a", "b", "c"], "{text}");
    assert!(peers[0].conflicts().is_empty(), "texts merge and do not conflict");
}

#[test]
fn words_typed_into_what_another_deleted_stay() {
    let (network, [a, b], note) = with_a_note();
    network.partition(&[]);
    a.erase(note, "Notes", "body", 0, 8);
    type_at(&b, note, 3, " all");
    network.heal();
    network.settle();
    assert_eq!(body(&a, note), " all");
    assert_eq!(body(&b, note), " all");
}

#[test]
fn same_words_deleted_by_two_are_deleted_once() {
    let (network, [a, b], note) = with_a_note();
    network.partition(&[]);
    a.erase(note, "Notes", "body", 0, 4);
    b.erase(note, "Notes", "body", 0, 4);
    network.heal();
    network.settle();
    assert_eq!(body(&a, note), "cues");
}

#[test]
fn list_pushed_to_by_three_peers_has_each_value_once() {
    let (network, peers, note) = with_a_note::<3>();
    network.partition(&[]);
    for (index, peer) in peers.iter().enumerate() {
        peer.type_on(note, "Notes", "steps", ["a", "b", "c"][index]);
    }
    network.heal();
    network.settle();
    let Content::List(mut steps) = peers[1].text_state(note, "Notes", "steps", 1).content else {
        panic!("it is a list");
    };
    steps.sort_by_key(ToString::to_string);
    assert_eq!(steps, ["a", "b", "c"]);
    assert!(
        peers
            .iter()
            .all(|peer| { peer.value(note, "Notes", "steps") == peers[0].value(note, "Notes", "steps") })
    );
}

#[test]
fn text_in_a_late_bundle_goes_where_it_was_typed() {
    let (network, [a, b, late], note) = with_a_note();
    network.partition(&[&[&a, &b], &[&late]]);
    type_at(&late, note, 3, " all");
    for round in 0..30 {
        let peer = [&a, &b][round % 2];
        type_at(peer, note, 0, "x");
        peer.type_on(note, "Notes", "body", "y");
        network.wait_for_sync();
    }
    network.heal();
    network.settle();
    let expected = format!("{}Fly all cues{}", "x".repeat(30), "y".repeat(30));
    for peer in [&a, &b, &late] {
        assert_eq!(body(peer, note), expected);
    }
}

#[test]
fn newcomer_reads_a_text_with_a_long_history_and_types_on() {
    let (network, [a, b], note) = with_a_note();
    for round in 0..40 {
        [&a, &b][round % 2].type_on(note, "Notes", "body", "!");
        if round % 10 == 0 {
            network.wait_for_sync();
        }
    }
    let newcomer = network.add_peer();
    network.connect(&b, &newcomer);
    network.wait_for_sync();
    newcomer.type_at(note, "Notes", "body", 0, "All: ");
    network.settle();
    assert_eq!(body(&a, note), format!("All: Fly cues{}", "!".repeat(40)));
}

#[test]
fn typing_goes_on_after_a_crash() {
    let (network, [a, b], note) = with_a_note();
    type_at(&a, note, 0, "All ");
    a.crash(None);
    b.type_on(note, "Notes", "body", " out");
    a.restart();
    type_at(&a, note, 0, "Now ");
    network.settle();
    assert_eq!(body(&b, note), "Now All Fly cues out");
}

#[test]
fn typing_goes_on_after_the_disk_was_put_back() {
    let (network, [a, b], note) = with_a_note();
    type_at(&a, note, 0, "All ");
    network.wait_for_sync();
    let backup = a.backup();
    type_at(&a, note, 0, "Now ");
    network.wait_for_sync();
    a.restore_backup(&backup, true);
    a.type_on(note, "Notes", "body", " out");
    network.settle();
    assert_eq!(body(&b, note), "Now All Fly cues out");
}

#[test]
fn text_of_a_deleted_record_is_there_again_with_what_was_typed_meanwhile() {
    let (network, [a, b], note) = with_a_note();
    network.partition(&[]);
    a.delete(note);
    type_at(&b, note, 0, "All ");
    network.heal();
    network.wait_for_sync();
    a.restore(note);
    network.settle();
    assert_eq!(body(&a, note), "All Fly cues");
}

/// A hostile member sends deltas to one of three peers; returns them as the peers store them.
fn send_deltas(
    network: &TestNetwork,
    victim: &TestPeer,
    note: EntityId,
    deltas: &[Vec<u8>],
) -> Vec<VerifiedBundle> {
    let table = victim.snapshot().schema().find("Notes").unwrap().clone();
    let forger = Forger::new(60);
    let payloads: Vec<_> = deltas
        .iter()
        .map(|delta| {
            SetCrdtField {
                entity: note,
                facet: table.id,
                field: table.field("body").unwrap().id,
                session: 1,
                delta: delta.clone(),
            }
            .into()
        })
        .collect();
    let now = Timestamp::from_micros(network.simulator().now_us());
    let forgery = forger.seal(&forger.begin(now, &payloads));
    introduced(victim).say(&Message::Bundles {
        round: 0,
        batch: pack(&[&forgery]),
    });
    network.settle();
    let mut bundles = victim.bundles();
    bundles.retain(|bundle| bundle.header().actor == forger.actor());
    bundles
}

#[test]
fn poisoned_deltas_of_a_member_are_without_effect_everywhere_for_the_same_reasons() {
    let (network, [a, b, c], note) = with_a_note();
    // What another person typed, said again as one's own.
    let editor = harness::Editor::open(&b.text_state(note, "Notes", "body", 9));
    editor.insert(0, "stolen ");
    let deltas = [vec![0xff; 40], editor.delta(), Vec::new(), vec![0; 3], vec![1, 1]];
    let sent = send_deltas(&network, &a, note, &deltas);
    assert_eq!(sent.len(), 1, "it is kept, and relayed as it is");
    let reasons = a.snapshot().without_effect(sent[0].id()).unwrap();
    assert!(reasons.len() >= 4, "{reasons:?}");
    assert!(reasons.iter().all(|(_, reason)| !reason.is_empty()));
    for peer in [&a, &b, &c] {
        assert_eq!(peer.snapshot().without_effect(sent[0].id()).unwrap(), reasons);
        assert_eq!(body(peer, note), "Fly cues");
    }
    type_at(&c, note, 0, "Still ");
    network.settle();
    assert_eq!(body(&a, note), "Still Fly cues");
}

#[test]
fn quarantined_delta_stays_so_through_a_restart_and_for_a_newcomer() {
    let (network, [a, b], note) = with_a_note();
    let sent = send_deltas(&network, &a, note, &[vec![0xff; 40]]);
    let reasons = a.snapshot().without_effect(sent[0].id()).unwrap();
    assert_eq!(reasons.len(), 1);
    a.crash(None);
    a.restart();
    let newcomer = network.add_peer();
    network.connect(&b, &newcomer);
    network.settle();
    for peer in [&a, &newcomer] {
        assert_eq!(peer.snapshot().without_effect(sent[0].id()).unwrap(), reasons);
        assert_eq!(body(peer, note), "Fly cues");
    }
}
