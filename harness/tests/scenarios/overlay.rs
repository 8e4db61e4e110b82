//! Drafts among several peers: nobody else sees them, and a commit meets what others did meanwhile.

use std::time::Duration;

use harness::{StoreKind, TestNetwork, TestPeer};
use openprod_core::FieldType::{CrdtText, Text};
use openprod_core::{EntityId, Value};
use openprod_engine::overlay::EditId;
use openprod_engine::{
    Between, Command, CommandError, DriftChoice, NewEdge, NewField, OverlayCommand, Request, Subject,
};

/// `N` connected peers that have one cue, "Go", by "Ann".
fn with_a_cue<const N: usize>() -> (TestNetwork, [TestPeer; N], EntityId) {
    let network = TestNetwork::new();
    let peers = network.add_connected_peers();
    let cue = add_a_cue(&network, &peers[0]);
    (network, peers, cue)
}

fn add_a_cue(network: &TestNetwork, peer: &TestPeer) -> EntityId {
    peer.create_table("Cues", &[("label", Text), ("caller", Text), ("note", CrdtText)]);
    let cue = peer.create_record("Cues", &[("label", "Go"), ("caller", "Ann"), ("note", "Fly")]);
    network.wait_for_sync();
    cue
}

fn label(peer: &TestPeer, cue: EntityId) -> String {
    peer.value(cue, "Cues", "label")
}

fn set(peer: &TestPeer, cue: EntityId, label: &str) {
    peer.update(cue, "Cues", &[("label", label)]);
}

fn open_drifts(refused: Result<openprod_engine::Outcome, CommandError>) -> usize {
    match refused {
        Err(CommandError::OpenDrift { drifts, .. }) => drifts.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn draft_edits_are_never_sent_to_peers() {
    let (network, [a, b], cue) = with_a_cue();
    network.run_for(Duration::from_secs(3));
    let (hash, bundles) = (a.state_hash(), a.bundles().len());
    network.simulator_mut().keep_trace();
    a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    a.create_record("Cues", &[("label", "New")]);
    a.type_on(cue, "Cues", "note", " out");
    a.delete(cue);
    network.run_for(Duration::from_secs(10));
    let said = network
        .simulator()
        .trace()
        .iter()
        .any(|line| line.contains(" says bundles "));
    assert!(!said, "nothing that a draft holds may leave the device");
    for peer in [&a, &b] {
        assert_eq!((peer.state_hash(), peer.bundles().len()), (hash, bundles));
    }
    network.settle();
}

#[test]
fn newcomer_learns_nothing_of_a_draft() {
    let (network, [a, b], cue) = with_a_cue();
    a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    let newcomer = network.add_peer();
    network.connect(&a, &newcomer);
    network.settle();
    assert_eq!(label(&newcomer, cue), "Go");
    assert_eq!(newcomer.bundles().len(), b.bundles().len());
    assert!(newcomer.drafts().is_empty());
}

#[test]
fn commit_reaches_others_as_one_bundle() {
    let (network, [a, b, c], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    set(&a, cue, "Stand by");
    let other = a.create_record("Cues", &[("label", "New")]);
    a.type_on(cue, "Cues", "note", " out");
    let before = b.bundles().len();
    let bundle = a.commit(draft).bundle_id.unwrap();
    network.settle();
    for peer in [&a, &b, &c] {
        assert_eq!(peer.bundles().len(), before + 1);
        assert!(peer.snapshot().bundle(bundle).unwrap().is_some());
        assert_eq!(label(peer, cue), "Stand by");
        assert_eq!(label(peer, other), "New");
        assert_eq!(peer.value(cue, "Cues", "note"), "Fly out");
    }
}

#[test]
fn committed_draft_shows_everywhere_what_its_author_saw_in_it() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    let new = a.create_record("Cues", &[("label", "New"), ("note", "Smoke")]);
    a.type_at(new, "Cues", "note", 0, "More ");
    let seen: Vec<_> = [cue, new]
        .into_iter()
        .flat_map(|it| ["label", "caller", "note"].map(|field| a.seen(it, "Cues", field)))
        .collect();
    a.commit(draft);
    network.settle();
    let shown: Vec<_> = [cue, new]
        .into_iter()
        .flat_map(|it| ["label", "caller", "note"].map(|field| b.value(it, "Cues", field)))
        .collect();
    assert_eq!(seen, shown);
    assert_eq!(shown[5], "More Smoke");
}

#[test]
fn draft_stands_behind_what_a_merge_brought() {
    let (network, [a, b], cue) = with_a_cue();
    let other = a.create_record("Cues", &[("label", "Also go")]);
    network.wait_for_sync();
    let draft = a.begin_draft("Tech notes");
    set(&a, other, "Wait");
    network.run_for(Duration::from_secs(5));
    set(&b, cue, "Stand by");
    b.merge(cue, other);
    network.wait_for_sync();
    assert_eq!(a.root(other), cue);
    // Both labels are the one record's now, and the draft's will be the later one.
    assert_eq!(a.seen(cue, "Cues", "label"), "Wait");
    a.commit(draft);
    network.settle();
    for peer in [&a, &b] {
        assert_eq!(label(peer, cue), "Wait");
        assert_eq!(peer.snapshot().conflicts().unwrap().len(), 1);
    }
}

#[test]
fn discard_leaves_no_trace_on_any_peer() {
    let (network, [a, b], cue) = with_a_cue();
    let (hash, bundles) = (a.state_hash(), a.bundles().len());
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    let new = a.create_record("Cues", &[("label", "New")]);
    a.discard(draft);
    network.run_for(Duration::from_secs(5));
    network.settle();
    for peer in [&a, &b] {
        assert_eq!((peer.state_hash(), peer.bundles().len()), (hash, bundles));
        assert!(peer.drafts().is_empty());
        assert!(peer.snapshot().row(new).unwrap().is_none());
    }
    assert_eq!(a.seen(cue, "Cues", "label"), "Go");
}

#[test]
fn draft_that_is_gone_is_refused_by_name() {
    let (network, [a, b], cue) = with_a_cue();
    let committed = a.begin_draft("One");
    set(&a, cue, "Wait");
    a.commit(committed);
    let discarded = a.begin_draft("Two");
    a.discard(discarded);
    network.settle();
    for (peer, draft) in [(&a, committed), (&a, discarded), (&b, committed)] {
        let refused = peer.try_commit(draft);
        assert!(
            matches!(refused, Err(CommandError::UnknownOverlay { overlay, .. }) if overlay == draft),
            "{refused:?}"
        );
    }
}

#[test]
fn kept_value_of_a_drifted_field_overwrites_the_peers_without_a_conflict() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    set(&b, cue, "Theirs");
    network.wait_for_sync();
    assert_eq!(
        (label(&a, cue).as_str(), a.seen(cue, "Cues", "label").as_str()),
        ("Theirs", "Mine")
    );
    assert_eq!(open_drifts(a.try_commit(draft)), 1);
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::KeepMine);
    assert!(a.drifts(draft).is_empty());
    a.commit(draft);
    network.settle();
    assert_eq!(label(&b, cue), "Mine");
    assert!(b.conflicts().is_empty());
}

#[test]
fn using_the_canonical_value_drops_the_drafts_edit_of_that_field_only() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    a.update(cue, "Cues", &[("label", "Mine"), ("caller", "Eve")]);
    set(&b, cue, "Theirs");
    network.wait_for_sync();
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::UseCanonical);
    assert_eq!(a.seen(cue, "Cues", "label"), "Theirs");
    a.commit(draft);
    network.settle();
    assert_eq!(
        (label(&b, cue).as_str(), b.value(cue, "Cues", "caller").as_str()),
        ("Theirs", "Eve")
    );
}

#[test]
fn edit_that_arrives_after_a_drift_was_decided_is_drift_again() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    set(&b, cue, "Theirs");
    network.wait_for_sync();
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::KeepMine);
    set(&b, cue, "Theirs again");
    network.wait_for_sync();
    assert_eq!(open_drifts(a.try_commit(draft)), 1);
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::UseCanonical);
    let refused = a.try_commit(draft);
    assert!(
        matches!(refused, Err(CommandError::Nothing { .. })),
        "{refused:?}"
    );
    network.settle();
    assert_eq!(label(&b, cue), "Theirs again");
}

#[test]
fn drift_from_two_peers_shows_both_values_and_keeping_mine_settles_their_conflict() {
    let (network, [a, b, c], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    network.partition(&[]);
    set(&b, cue, "By B");
    set(&c, cue, "By C");
    network.heal();
    network.wait_for_sync();
    let drifts = a.drifts(draft);
    assert_eq!((drifts.len(), drifts[0].canonical.len()), (1, 2));
    assert_eq!(drifts[0].mine, Some(Value::Text("Mine".into())));
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::KeepMine);
    a.commit(draft);
    network.settle();
    assert_eq!(label(&c, cue), "Mine");
    assert!(c.conflicts().is_empty());
}

#[test]
fn commit_of_another_draft_is_drift_and_can_be_kept_or_dropped() {
    let (network, [a, b], cue) = with_a_cue();
    let first = a.begin_draft("First");
    set(&a, cue, "First");
    let second = a.begin_draft("Second");
    set(&a, cue, "Second");
    a.commit(second);
    assert_eq!(open_drifts(a.try_commit(first)), 1);
    network.settle();
    assert_eq!(label(&b, cue), "Second");
    a.resolve_drift(first, Subject::Entity(cue), DriftChoice::KeepMine);
    a.commit(first);
    network.settle();
    assert_eq!(label(&b, cue), "First");
    assert!(b.conflicts().is_empty());
}

#[test]
fn equal_values_and_changes_elsewhere_are_no_drift() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Same");
    b.update(cue, "Cues", &[("label", "Same"), ("caller", "Eve")]);
    network.wait_for_sync();
    assert!(a.drifts(draft).is_empty());
    a.commit(draft);
    network.settle();
    assert_eq!(
        (label(&b, cue).as_str(), b.value(cue, "Cues", "caller").as_str()),
        ("Same", "Eve")
    );
    assert!(b.conflicts().is_empty());
}

#[test]
fn record_deleted_by_a_peer_comes_back_when_the_drafts_edits_are_kept() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    b.delete(cue);
    network.wait_for_sync();
    assert_eq!(open_drifts(a.try_commit(draft)), 1);
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::KeepMine);
    a.commit(draft);
    network.settle();
    assert_eq!(b.list_records("Cues").len(), 1);
    assert_eq!(label(&b, cue), "Mine");
    assert!(b.conflicts().is_empty());
}

#[test]
fn record_deleted_by_a_peer_stays_deleted_when_the_drafts_edits_are_dropped() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    let other = a.create_record("Cues", &[("label", "Other")]);
    b.delete(cue);
    network.wait_for_sync();
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::UseCanonical);
    a.commit(draft);
    network.settle();
    let left: Vec<_> = b.list_records("Cues").into_iter().map(|it| it.entity).collect();
    assert_eq!(left, [other]);
}

#[test]
fn drafts_are_swapped_stashed_and_recalled_while_peers_work() {
    let (network, [a, b], cue) = with_a_cue();
    let first = a.begin_draft("First");
    set(&a, cue, "First");
    let second = a.begin_draft("Second");
    assert_eq!(a.seen(cue, "Cues", "label"), "Go", "the first draft is stashed");
    a.update(cue, "Cues", &[("caller", "Second")]);
    b.create_record("Cues", &[("label", "By B")]);
    network.wait_for_sync();
    a.activate(first);
    assert_eq!(a.seen(cue, "Cues", "label"), "First");
    assert_eq!(a.seen(cue, "Cues", "caller"), "Ann");
    a.stash(first);
    set(&a, cue, "Straight");
    network.wait_for_sync();
    assert_eq!(
        label(&b, cue),
        "Straight",
        "without an active draft, edits go to all"
    );
    a.activate(second);
    assert_eq!(a.seen(cue, "Cues", "caller"), "Second");
    assert_eq!(a.seen(cue, "Cues", "label"), "Straight");
    assert_eq!(a.drafts(), [first, second]);
    a.commit(second);
    assert_eq!(
        open_drifts(a.try_commit(first)),
        1,
        "the edit made outside is drift"
    );
    network.settle();
    assert_eq!(b.value(cue, "Cues", "caller"), "Second");
}

#[test]
fn dropped_edit_is_not_in_the_committed_bundle() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    a.update(cue, "Cues", &[("caller", "Eve")]);
    a.drop_edit(draft, EditId(1));
    a.commit(draft);
    network.settle();
    assert_eq!(
        (label(&b, cue).as_str(), b.value(cue, "Cues", "caller").as_str()),
        ("Go", "Eve")
    );
}

fn draft_survives_a_crash_on(kind: StoreKind) {
    let network = TestNetwork::new();
    let (a, b) = (network.add_peer_on(kind), network.add_peer());
    network.connect(&a, &b);
    let cue = add_a_cue(&network, &a);
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    a.type_on(cue, "Cues", "note", " out");
    a.crash(None);
    b.create_record("Cues", &[("label", "Meanwhile")]);
    a.restart();
    network.wait_for_sync();
    assert_eq!(a.drafts(), [draft]);
    assert_eq!(a.seen(cue, "Cues", "label"), "Wait");
    assert_eq!(a.seen(cue, "Cues", "note"), "Fly out");
    set(&a, cue, "Wait more");
    a.type_on(cue, "Cues", "note", "!");
    a.commit(draft);
    network.settle();
    assert_eq!(label(&b, cue), "Wait more");
    assert_eq!(b.value(cue, "Cues", "note"), "Fly out!");
    assert_eq!(b.list_records("Cues").len(), 2);
}

#[test]
fn draft_survives_a_crash_and_a_restart() {
    draft_survives_a_crash_on(StoreKind::Memory);
}

#[test]
fn draft_survives_a_crash_and_a_restart_on_sqlite() {
    draft_survives_a_crash_on(StoreKind::Sqlite);
}

#[test]
fn crash_while_staging_loses_that_edit_and_no_other() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    a.crash(Some(Command::DeleteRecord { entity: cue }));
    a.restart();
    assert_eq!(a.draft_diff(draft).edits.len(), 1);
    a.commit(draft);
    network.settle();
    assert_eq!(label(&b, cue), "Wait");
}

#[test]
fn crash_while_committing_leaves_the_whole_draft_and_nothing_in_the_log() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Wait");
    a.create_record("Cues", &[("label", "New")]);
    let bundles = a.bundles().len();
    a.crash(Some(Command::Overlay(OverlayCommand::Commit { overlay: draft })));
    a.restart();
    assert_eq!(a.bundles().len(), bundles);
    assert_eq!(a.draft_diff(draft).edits.len(), 2);
    a.commit(draft);
    network.settle();
    assert_eq!(
        (label(&b, cue).as_str(), b.list_records("Cues").len()),
        ("Wait", 2)
    );
}

#[test]
fn records_edges_text_and_schema_are_drafted_together_and_arrive_together() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Props");
    a.execute(Command::CreateTable {
        name: "Props".to_owned(),
        fields: vec![NewField::new("what", Text), NewField::new("story", CrdtText)],
    });
    let sword = a.create_record("Props", &[("what", "Sword"), ("story", "Old")]);
    a.type_on(sword, "Props", "story", " and blunt");
    let edge = a
        .execute(Command::CreateEdge(NewEdge {
            source: cue,
            target: sword,
            edge_type: "uses".to_owned(),
            properties: vec![("hand".to_owned(), Value::Text("left".into()))],
            ordered: Some(Between::default()),
        }))
        .edges[0];
    a.set_property(edge, "hand", Value::Text("right".into()));
    network.run_for(Duration::from_secs(3));
    assert_eq!(b.tables(), ["Cues"]);
    assert_eq!(
        a.tables(),
        ["Cues"],
        "even here it is not there without the draft"
    );
    assert!(a.view().schema().find("Props").is_some());
    a.commit(draft);
    network.settle();
    assert_eq!(b.value(sword, "Props", "story"), "Old and blunt");
    let edges = b.edges(cue, "uses");
    assert_eq!((edges.len(), edges[0].ends.target), (1, sword));
    assert_eq!(
        edges[0].properties().collect::<Vec<_>>(),
        [("hand", &Value::Text("right".into()))]
    );
}

#[test]
fn merge_inside_a_draft_is_nobodys_but_the_drafts_until_it_is_committed() {
    let (network, [a, b], cue) = with_a_cue();
    let other = a.create_record("Cues", &[("label", "Go"), ("caller", "Ann")]);
    network.wait_for_sync();
    let draft = a.begin_draft("Clean up");
    a.merge(cue, other);
    assert_eq!(a.view().root(other), cue);
    assert_eq!((a.root(other), b.root(other)), (other, other));
    b.update(other, "Cues", &[("label", "Late")]);
    network.wait_for_sync();
    a.commit(draft);
    network.settle();
    assert_eq!((b.root(other), b.list_records("Cues").len()), (cue, 1));
}

#[test]
fn draft_begun_in_a_partition_drifts_when_the_parts_meet() {
    let (network, [a, b], cue) = with_a_cue();
    network.partition(&[]);
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    set(&b, cue, "Theirs");
    assert!(a.drifts(draft).is_empty());
    network.heal();
    network.wait_for_sync();
    assert_eq!(a.drifts(draft).len(), 1);
    a.resolve_drift(draft, Subject::Entity(cue), DriftChoice::KeepMine);
    a.commit(draft);
    network.settle();
    assert_eq!(label(&b, cue), "Mine");
}

#[test]
fn draft_committed_in_a_partition_conflicts_with_what_it_could_not_see() {
    let (network, [a, b], cue) = with_a_cue();
    network.partition(&[]);
    let draft = a.begin_draft("Tech notes");
    set(&a, cue, "Mine");
    set(&b, cue, "Theirs");
    a.commit(draft);
    network.heal();
    network.settle();
    assert_eq!(b.conflict().candidates.len(), 2);
}

#[test]
fn drafts_of_two_people_on_one_cell_meet_as_drift_of_the_later_commit() {
    let (network, [a, b], cue) = with_a_cue();
    let (mine, theirs) = (a.begin_draft("A"), b.begin_draft("B"));
    set(&a, cue, "By A");
    set(&b, cue, "By B");
    a.commit(mine);
    network.wait_for_sync();
    assert_eq!(open_drifts(b.try_commit(theirs)), 1);
    b.resolve_drift(theirs, Subject::Entity(cue), DriftChoice::KeepMine);
    b.commit(theirs);
    network.settle();
    assert_eq!(label(&a, cue), "By B");
    assert!(a.conflicts().is_empty());
}

#[test]
fn text_typed_in_a_draft_merges_with_what_peers_typed_and_never_drifts() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    a.type_at(cue, "Cues", "note", 0, "All ");
    b.type_on(cue, "Cues", "note", " out");
    network.wait_for_sync();
    assert_eq!(a.seen(cue, "Cues", "note"), "All Fly out");
    assert!(a.drifts(draft).is_empty());
    a.commit(draft);
    network.settle();
    assert_eq!(b.value(cue, "Cues", "note"), "All Fly out");
    assert!(b.conflicts().is_empty());
}

#[test]
fn command_given_again_is_staged_once_even_after_a_crash() {
    let (network, [a, b], cue) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    let mut request = Request::new(
        "test",
        Command::CreateRecords {
            table: "Cues".to_owned(),
            records: vec![vec![("label".to_owned(), Value::Text("New".into()))]],
        },
    );
    request.envelope.command_id = Some(openprod_core::CommandId::from_u128(77));
    let first = a.try_execute(&request).unwrap();
    a.crash(None);
    a.restart();
    assert_eq!(a.try_execute(&request).unwrap(), first);
    assert_eq!(a.draft_diff(draft).edits.len(), 1);
    a.commit(draft);
    network.settle();
    assert_eq!(b.list_records("Cues").len(), 2);
    assert_eq!(label(&b, cue), "Go");
}

#[test]
fn commit_given_again_leads_to_the_same_outcome_with_what_it_made() {
    let (network, [a, b], _) = with_a_cue();
    let draft = a.begin_draft("Tech notes");
    let new = a.create_record("Cues", &[("label", "New")]);
    let commit = Command::Overlay(OverlayCommand::Commit { overlay: draft });
    let mut request = Request::new("test", commit);
    request.envelope.command_id = Some(openprod_core::CommandId::from_u128(78));
    let first = a.try_execute(&request).unwrap();
    assert_eq!(first.created, [new]);
    a.crash(None);
    a.restart();
    assert_eq!(a.try_execute(&request).unwrap(), first);
    network.settle();
    assert_eq!(b.list_records("Cues").len(), 2);
}
