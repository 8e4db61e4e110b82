//! Writes that had not seen each other.

use harness::{TestNetwork, TestPeer};
use openprod_core::FieldType::Text;
use openprod_core::{EntityId, Value};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::{Command, CommandError, Decision, Request};

/// `N` connected peers that have one cue, "Go", by "Ann".
fn with_a_cue<const N: usize>() -> (TestNetwork, [TestPeer; N], EntityId) {
    let network = TestNetwork::new();
    let peers = network.add_connected_peers();
    peers[0].create_table("Cues", &[("label", Text), ("caller", Text)]);
    let cue = peers[0].create_record("Cues", &[("label", "Go"), ("caller", "Ann")]);
    network.wait_for_sync();
    (network, peers, cue)
}

/// Lets each peer do its part while it sees nobody, then lets them meet.
fn apart<const N: usize>(network: &TestNetwork, peers: &[TestPeer; N], each: impl Fn(usize, &TestPeer)) {
    network.partition(&[]);
    for (index, peer) in peers.iter().enumerate() {
        each(index, peer);
    }
    network.heal();
    network.wait_for_sync();
}

fn texts(values: &[&str]) -> Vec<Value> {
    values
        .iter()
        .map(|value| Value::Text((*value).to_owned()))
        .collect()
}

#[test]
fn concurrent_edits_of_a_cell_conflict_on_both_with_both_values_and_authors() {
    let (network, [a, b], cue) = with_a_cue();
    apart(&network, &[a.clone(), b.clone()], |index, peer| {
        peer.update(cue, "Cues", &[("label", ["Go A", "Go B"][index])]);
    });
    assert_eq!(a.conflict(), b.conflict());
    let conflict = a.conflict();
    assert!(matches!(conflict.key.kind, ConflictKind::Field(_)));
    assert_eq!(conflict.key.subject.entity(), Some(cue));
    let mut written: Vec<_> = conflict
        .candidates
        .iter()
        .map(|candidate| (candidate.value.to_text(), candidate.actor))
        .collect();
    written.sort();
    assert_eq!(
        written,
        [("Go A".to_owned(), a.actor()), ("Go B".to_owned(), b.actor())]
    );
    let shown = conflict.candidates[conflict.shown].value.to_text();
    assert_eq!(
        (a.value(cue, "Cues", "label"), b.value(cue, "Cues", "label")),
        (shown.clone(), shown)
    );
}

#[test]
fn three_concurrent_edits_are_one_conflict_of_three_values() {
    let (network, peers, cue) = with_a_cue::<3>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    for peer in &peers {
        let mut values: Vec<_> = peer
            .conflict()
            .candidates
            .into_iter()
            .map(|candidate| candidate.value)
            .collect();
        values.sort_by_key(Value::to_text);
        assert_eq!(values, texts(&["Go 0", "Go 1", "Go 2"]));
    }
}

#[test]
fn equal_concurrent_values_are_no_conflict() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |_, peer| {
        peer.update(cue, "Cues", &[("label", "Stop")])
    });
    assert!(peers.iter().all(|peer| peer.conflicts().is_empty()));
}

#[test]
fn edits_of_different_fields_do_not_conflict() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[(["label", "caller"][index], "changed")]);
    });
    for peer in &peers {
        assert!(peer.conflicts().is_empty());
        assert_eq!(peer.value(cue, "Cues", "label"), "changed");
        assert_eq!(peer.value(cue, "Cues", "caller"), "changed");
    }
}

#[test]
fn edit_that_had_seen_the_other_supersedes_it() {
    let (network, [a, b], cue) = with_a_cue();
    a.update(cue, "Cues", &[("label", "first")]);
    network.wait_for_sync();
    b.update(cue, "Cues", &[("label", "second")]);
    network.wait_for_sync();
    assert!(a.conflicts().is_empty());
    assert_eq!(a.value(cue, "Cues", "label"), "second");
}

#[test]
fn resolving_supersedes_all_values_everywhere() {
    let (network, peers, cue) = with_a_cue::<3>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    let conflict = peers[1].conflict();
    peers[1].resolve(conflict.id, Decision::Pick(conflict.candidates[0].op_id));
    network.wait_for_sync();
    for peer in &peers {
        assert!(peer.conflicts().is_empty());
        assert_eq!(
            peer.value(cue, "Cues", "label"),
            conflict.candidates[0].value.to_text()
        );
    }
}

#[test]
fn late_edit_reopens_resolved_conflict() {
    let (network, [a, b, late], cue) = with_a_cue();
    network.partition(&[&[&a, &b], &[&late]]);
    late.update(cue, "Cues", &[("label", "late")]);
    network.partition(&[]);
    a.update(cue, "Cues", &[("label", "Go A")]);
    b.update(cue, "Cues", &[("label", "Go B")]);
    network.partition(&[&[&a, &b], &[&late]]);
    network.wait_for_sync();
    let first = a.conflict();
    a.resolve(first.id, Decision::Value(Value::Text("decided".into())));
    network.wait_for_sync();
    assert!(b.conflicts().is_empty());
    network.heal();
    network.wait_for_sync();
    let again = b.conflict();
    assert_eq!(again.id, first.id);
    let mut values: Vec<_> = again
        .candidates
        .into_iter()
        .map(|candidate| candidate.value)
        .collect();
    values.sort_by_key(Value::to_text);
    assert_eq!(values, texts(&["decided", "late"]));
}

#[test]
fn two_different_resolutions_at_once_are_a_conflict_of_the_two() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    apart(&network, &peers, |index, peer| {
        peer.resolve(
            peer.conflict().id,
            Decision::Value(Value::Text(format!("decided {index}"))),
        );
    });
    let mut values: Vec<_> = peers[0]
        .conflict()
        .candidates
        .into_iter()
        .map(|candidate| candidate.value)
        .collect();
    values.sort_by_key(Value::to_text);
    assert_eq!(values, texts(&["decided 0", "decided 1"]));
}

#[test]
fn same_resolution_at_once_settles_it() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    apart(&network, &peers, |_, peer| {
        peer.resolve(peer.conflict().id, Decision::Value(Value::Text("agreed".into())));
    });
    assert!(peers.iter().all(|peer| peer.conflicts().is_empty()));
}

#[test]
fn deletion_against_an_edit_is_a_conflict_and_restoring_brings_the_record_back() {
    let (network, [a, b], cue) = with_a_cue();
    apart(&network, &[a.clone(), b.clone()], |index, peer| match index {
        0 => peer.delete(cue),
        _ => peer.update(cue, "Cues", &[("label", "edited")]),
    });
    for peer in [&a, &b] {
        assert_eq!(peer.conflict().key.kind, ConflictKind::Deletion);
        assert!(peer.list_records("Cues").is_empty());
    }
    a.restore(cue);
    network.wait_for_sync();
    for peer in [&a, &b] {
        assert!(peer.conflicts().is_empty());
        assert_eq!(peer.list_records("Cues").len(), 1);
        assert_eq!(peer.value(cue, "Cues", "label"), "edited");
    }
}

#[test]
fn deletion_that_had_seen_the_edit_is_no_conflict() {
    let (network, [a, b], cue) = with_a_cue();
    b.update(cue, "Cues", &[("label", "edited")]);
    network.wait_for_sync();
    a.delete(cue);
    network.wait_for_sync();
    assert!(b.conflicts().is_empty());
    assert!(b.list_records("Cues").is_empty());
}

#[test]
fn deletion_against_a_restoration_is_a_conflict() {
    let (network, peers, cue) = with_a_cue::<2>();
    peers[0].delete(cue);
    network.wait_for_sync();
    peers[0].restore(cue);
    apart(&network, &peers, |_, _| {});
    assert!(peers[1].conflicts().is_empty());
    apart(&network, &peers, |index, peer| {
        peer.delete(cue);
        if index == 1 {
            peer.restore(cue);
        }
    });
    assert!(
        peers
            .iter()
            .all(|peer| peer.conflict().key.kind == ConflictKind::Existence)
    );
}

#[test]
fn five_concurrent_edits_are_one_conflict_that_names_each_author() {
    let (network, peers, cue) = with_a_cue::<5>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    network.settle();
    for peer in &peers {
        let conflict = peer.conflict();
        let mut written: Vec<_> = conflict
            .candidates
            .iter()
            .map(|candidate| (candidate.value.to_text(), candidate.actor))
            .collect();
        written.sort();
        let expected: Vec<_> = peers
            .iter()
            .enumerate()
            .map(|(index, peer)| (format!("Go {index}"), peer.actor()))
            .collect();
        assert_eq!(written, expected);
    }
}

#[test]
fn five_peers_who_agree_on_two_values_disagree_on_two_only() {
    let (network, peers, cue) = with_a_cue::<5>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", ["Stop", "Wait"][index % 2])])
    });
    network.settle();
    let mut values: Vec<_> = peers[4]
        .conflict()
        .candidates
        .iter()
        .map(|candidate| candidate.value.to_text())
        .collect();
    values.dedup();
    values.sort();
    values.dedup();
    assert_eq!(values, ["Stop", "Wait"]);
}

#[test]
fn edit_by_someone_who_saw_three_of_five_tips_leaves_the_other_two() {
    let (network, peers, cue) = with_a_cue::<5>();
    network.partition(&[]);
    for (index, peer) in peers.iter().enumerate() {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))]);
    }
    let [a, b, c, d, e] = &peers;
    network.partition(&[&[a, b, c], &[d, e]]);
    network.wait_for_sync();
    assert_eq!(
        (a.conflict().candidates.len(), d.conflict().candidates.len()),
        (3, 2)
    );
    a.update(cue, "Cues", &[("label", "decided")]);
    network.heal();
    network.settle();
    let mut values: Vec<_> = e
        .conflict()
        .candidates
        .into_iter()
        .map(|candidate| candidate.value)
        .collect();
    values.sort_by_key(Value::to_text);
    assert_eq!(values, texts(&["Go 3", "Go 4", "decided"]));
}

#[test]
fn late_edits_of_two_peers_reopen_a_resolved_conflict_with_three_values() {
    let (network, [a, b, c, d], cue) = with_a_cue();
    network.partition(&[&[&a, &b], &[&c], &[&d]]);
    c.update(cue, "Cues", &[("label", "late C")]);
    d.update(cue, "Cues", &[("label", "late D")]);
    network.partition(&[]);
    a.update(cue, "Cues", &[("label", "Go A")]);
    b.update(cue, "Cues", &[("label", "Go B")]);
    network.partition(&[&[&a, &b], &[&c], &[&d]]);
    network.wait_for_sync();
    let first = b.conflict();
    b.resolve(first.id, Decision::Pick(first.candidates[0].op_id));
    network.wait_for_sync();
    network.heal();
    network.settle();
    let again = c.conflict();
    assert_eq!((again.id, again.candidates.len()), (first.id, 3));
}

#[test]
fn decision_taken_twice_is_refused_the_second_time() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    let conflict = peers[0].conflict();
    let decision = || Decision::Pick(conflict.candidates[0].op_id);
    peers[0].resolve(conflict.id, decision());
    network.settle();
    let refused = peers[1].try_execute(&Request::new(
        "test",
        Command::ResolveConflict {
            conflict: conflict.id,
            decision: decision(),
        },
    ));
    assert!(
        matches!(refused, Err(CommandError::UnknownConflict { .. })),
        "{refused:?}"
    );
}

#[test]
fn decision_against_a_new_edit_made_apart_is_a_conflict_of_the_two() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    apart(&network, &peers, |index, peer| match index {
        0 => peer.resolve(peer.conflict().id, Decision::Value(Value::Text("decided".into()))),
        _ => peer.update(cue, "Cues", &[("label", "edited")]),
    });
    network.settle();
    let mut values: Vec<_> = peers[0]
        .conflict()
        .candidates
        .into_iter()
        .map(|candidate| candidate.value)
        .collect();
    values.sort_by_key(Value::to_text);
    assert_eq!(values, texts(&["decided", "edited"]));
}

#[test]
fn conflicts_of_many_cells_are_listed_alike_and_decided_one_by_one() {
    let (network, peers, cue) = with_a_cue::<3>();
    let other = peers[0].create_record("Cues", &[("label", "Two"), ("caller", "Bob")]);
    network.wait_for_sync();
    apart(&network, &peers, |index, peer| {
        for it in [cue, other] {
            let value = format!("by {index}");
            peer.update(it, "Cues", &[("label", &value), ("caller", &value)]);
        }
    });
    for left in (0..4).rev() {
        let peer = &peers[left % 3];
        let conflict = peer.conflicts().remove(0);
        peer.resolve(conflict.id, Decision::Pick(conflict.candidates[1].op_id));
        network.settle();
        assert!(peers.iter().all(|peer| peer.conflicts().len() == left));
    }
}

#[test]
fn deletion_against_edits_of_two_others_names_what_each_edited() {
    let (network, [a, b, c], cue) = with_a_cue();
    apart(
        &network,
        &[a.clone(), b.clone(), c.clone()],
        |index, peer| match index {
            0 => peer.delete(cue),
            1 => peer.update(cue, "Cues", &[("label", "by B")]),
            _ => peer.update(cue, "Cues", &[("caller", "by C")]),
        },
    );
    network.settle();
    let conflict = c.conflict();
    assert_eq!(conflict.key.kind, ConflictKind::Deletion);
    assert_eq!(conflict.cells.len(), conflict.candidates.len());
    let actors: std::collections::BTreeSet<_> = conflict
        .candidates
        .iter()
        .map(|candidate| candidate.actor)
        .collect();
    assert_eq!(actors, [a.actor(), b.actor(), c.actor()].into());
    b.delete(cue);
    network.settle();
    assert!(a.conflicts().is_empty(), "deleting it again settles it");
    assert!(c.list_records("Cues").is_empty());
}

#[test]
fn conflict_survives_a_crash_and_reaches_a_newcomer() {
    let (network, peers, cue) = with_a_cue::<2>();
    apart(&network, &peers, |index, peer| {
        peer.update(cue, "Cues", &[("label", &format!("Go {index}"))])
    });
    let conflict = peers[0].conflict();
    peers[0].crash(None);
    peers[0].restart();
    let newcomer = network.add_peer();
    network.connect(&peers[1], &newcomer);
    network.settle();
    assert_eq!(peers[0].conflict(), conflict);
    assert_eq!(newcomer.conflict(), conflict);
}
