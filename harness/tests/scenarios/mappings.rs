//! Fields that were declared one, and peers who did not know.

use harness::{TestNetwork, TestPeer};
use openprod_core::EntityId;
use openprod_core::FieldType::Text;
use openprod_core::Value;
use openprod_engine::{Command, Decision};

const NAME: (&str, &str) = ("Contacts", "name");
const FULL_NAME: (&str, &str) = ("Cast", "full name");
const CREDIT: (&str, &str) = ("Crew", "credit");

/// `N` connected peers that have Jane, who is a contact, cast and crew, and whose name is given once.
fn with_jane<const N: usize>() -> (TestNetwork, [TestPeer; N], EntityId) {
    let network = TestNetwork::new();
    let peers: [TestPeer; N] = network.add_connected_peers();
    for (table, field) in [NAME, FULL_NAME, CREDIT] {
        peers[0].create_table(table, &[(field, Text)]);
    }
    let jane = peers[0].create_record(NAME.0, &[(NAME.1, "Jane")]);
    peers[0].attach(jane, FULL_NAME.0, &[]);
    peers[0].attach(jane, CREDIT.0, &[]);
    network.wait_for_sync();
    (network, peers, jane)
}

fn set(peer: &TestPeer, jane: EntityId, (table, field): (&str, &str), value: &str) {
    peer.update(jane, table, &[(field, value)]);
}

fn shown(peer: &TestPeer, jane: EntityId) -> [String; 3] {
    [NAME, FULL_NAME, CREDIT].map(|(table, field)| peer.value(jane, table, field))
}

fn values(peer: &TestPeer) -> Vec<String> {
    let candidates = peer.conflict().candidates;
    let mut values: Vec<_> = candidates.iter().map(|it| it.value.to_text()).collect();
    values.sort();
    values
}

#[test]
fn edits_of_two_mapped_fields_made_apart_are_one_conflict_and_one_decision_settles_both() {
    let (network, [a, b, c], jane) = with_jane();
    a.confirm_mapping(NAME, FULL_NAME);
    network.wait_for_sync();
    network.partition(&[]);
    set(&a, jane, NAME, "Jane A");
    set(&b, jane, FULL_NAME, "Jane B");
    network.heal();
    network.settle();
    for peer in [&a, &b, &c] {
        assert_eq!(values(peer), ["Jane A", "Jane B"]);
    }
    c.resolve(c.conflict().id, Decision::Value(Value::Text("Jane C".into())));
    network.settle();
    for peer in [&a, &b, &c] {
        assert!(peer.conflicts().is_empty());
        assert_eq!(shown(peer, jane)[..2], ["Jane C", "Jane C"]);
    }
}

#[test]
fn edit_that_had_seen_the_other_field_supersedes_it() {
    let (network, [a, b], jane) = with_jane();
    a.confirm_mapping(NAME, FULL_NAME);
    set(&a, jane, NAME, "Jane A");
    network.wait_for_sync();
    set(&b, jane, FULL_NAME, "Jane B");
    network.settle();
    assert!(a.conflicts().is_empty());
    assert_eq!(shown(&a, jane)[..2], ["Jane B", "Jane B"]);
}

#[test]
fn late_edit_of_someone_who_had_not_seen_the_mapping_surfaces() {
    let (network, [a, b, late], jane) = with_jane();
    network.partition(&[&[&a, &b], &[&late]]);
    set(&late, jane, FULL_NAME, "Janet");
    a.confirm_mapping(NAME, FULL_NAME);
    network.wait_for_sync();
    set(&b, jane, NAME, "Jane Doe");
    network.wait_for_sync();
    assert!(a.conflicts().is_empty());
    network.heal();
    network.settle();
    for peer in [&a, &b, &late] {
        assert_eq!(values(peer), ["Jane Doe", "Janet"]);
    }
}

#[test]
fn late_mapping_joins_values_that_were_given_apart_into_one_conflict() {
    let (network, [a, b, late], jane) = with_jane();
    network.partition(&[&[&a, &b], &[&late]]);
    late.confirm_mapping(NAME, FULL_NAME);
    set(&b, jane, FULL_NAME, "J. Doe");
    network.wait_for_sync();
    assert!(a.conflicts().is_empty());
    network.heal();
    network.settle();
    for peer in [&a, &b, &late] {
        assert_eq!(values(peer), ["J. Doe", "Jane"]);
    }
}

#[test]
fn same_mapping_confirmed_by_two_peers_apart_is_one() {
    let (network, [a, b], jane) = with_jane();
    network.partition(&[]);
    a.confirm_mapping(NAME, FULL_NAME);
    b.confirm_mapping(FULL_NAME, NAME);
    network.heal();
    network.settle();
    a.reject_mapping(NAME, FULL_NAME);
    network.settle();
    assert_eq!(shown(&b, jane), ["Jane", "", ""], "one rejection takes both back");
}

#[test]
fn mappings_of_a_chain_confirmed_by_two_peers_make_one_field() {
    let (network, [a, b, c], jane) = with_jane();
    network.partition(&[]);
    a.confirm_mapping(NAME, FULL_NAME);
    b.confirm_mapping(FULL_NAME, CREDIT);
    network.heal();
    network.settle();
    set(&c, jane, CREDIT, "J. Doe");
    network.settle();
    for peer in [&a, &b, &c] {
        assert_eq!(shown(peer, jane), ["J. Doe", "J. Doe", "J. Doe"]);
    }
    assert!(a.conflicts().is_empty());
}

#[test]
fn confirmation_against_rejection_ends_alike_everywhere() {
    let (network, [a, b, c], jane) = with_jane();
    a.confirm_mapping(NAME, FULL_NAME);
    network.wait_for_sync();
    network.partition(&[]);
    a.reject_mapping(NAME, FULL_NAME);
    set(&b, jane, FULL_NAME, "Jane B");
    b.reject_mapping(NAME, FULL_NAME);
    b.confirm_mapping(NAME, FULL_NAME);
    network.heal();
    network.settle();
    assert_eq!(shown(&a, jane), shown(&b, jane));
    assert_eq!(shown(&b, jane), shown(&c, jane));
}

#[test]
fn rejection_takes_a_confirmation_back_on_every_peer_with_the_values_of_each_field() {
    let (network, [a, b], jane) = with_jane();
    set(&a, jane, FULL_NAME, "J. Doe");
    a.confirm_mapping(NAME, FULL_NAME);
    network.wait_for_sync();
    assert_eq!(values(&b), ["J. Doe", "Jane"]);
    b.reject_mapping(FULL_NAME, NAME);
    network.settle();
    for peer in [&a, &b] {
        assert!(peer.conflicts().is_empty());
        assert_eq!(shown(peer, jane), ["Jane", "J. Doe", ""]);
    }
}

#[test]
fn field_renamed_apart_stays_mapped() {
    let (network, [a, b], jane) = with_jane();
    network.partition(&[]);
    a.confirm_mapping(NAME, FULL_NAME);
    b.execute(Command::UpdateTable {
        table: FULL_NAME.0.to_owned(),
        name: None,
        add_fields: Vec::new(),
        rename_fields: vec![(FULL_NAME.1.to_owned(), "billed as".to_owned())],
        remove_fields: Vec::new(),
    });
    network.heal();
    network.settle();
    set(&b, jane, (FULL_NAME.0, "billed as"), "Jane D.");
    network.settle();
    assert_eq!(a.value(jane, NAME.0, NAME.1), "Jane D.");
}

#[test]
fn mapping_survives_a_crash_and_reaches_a_newcomer() {
    let (network, [a, b], jane) = with_jane();
    a.confirm_mapping(NAME, FULL_NAME);
    a.crash(None);
    a.restart();
    set(&a, jane, FULL_NAME, "Jane Doe");
    let newcomer = network.add_peer();
    network.connect(&b, &newcomer);
    network.settle();
    assert_eq!(shown(&newcomer, jane)[..2], ["Jane Doe", "Jane Doe"]);
}
