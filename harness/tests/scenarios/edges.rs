//! Edges that several peers make, order, change and delete apart.

use std::collections::BTreeSet;

use harness::test_network::after;
use harness::{TestNetwork, TestPeer};
use openprod_core::FieldType::Text;
use openprod_core::{EdgeId, EntityId, Value};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::{Between, Command, CommandError, Decision, Request, Subject};

/// Peers that share an act with some cues in order.
struct Show<const N: usize> {
    network: TestNetwork,
    peers: [TestPeer; N],
    act: EntityId,
    edges: Vec<EdgeId>,
}

impl<const N: usize> Show<N> {
    fn new(cues: &[&str]) -> Self {
        let network = TestNetwork::new();
        let peers: [TestPeer; N] = network.add_connected_peers();
        peers[0].create_table("Acts", &[("name", Text)]);
        peers[0].create_table("Cues", &[("label", Text)]);
        let act = peers[0].create_record("Acts", &[("name", "One")]);
        let edges = cues
            .iter()
            .map(|label| {
                let cue = peers[0].create_record("Cues", &[("label", label)]);
                peers[0].append_edge(act, cue, "runs")
            })
            .collect();
        network.wait_for_sync();
        Self {
            network,
            peers,
            act,
            edges,
        }
    }

    /// Lets each peer do its part while it sees nobody, then lets them meet.
    fn apart(&self, each: impl Fn(usize, &TestPeer)) {
        self.network.partition(&[]);
        for (index, peer) in self.peers.iter().enumerate() {
            each(index, peer);
        }
        self.network.heal();
        self.network.settle();
    }

    fn insert(&self, peer: &TestPeer, label: &str, between: Between) -> EdgeId {
        let cue = peer.create_record("Cues", &[("label", label)]);
        peer.insert_edge(self.act, cue, "runs", between)
    }

    /// The labels of the cues in order, which all peers must agree on, each edge once and no two in one place.
    fn labels(&self) -> Vec<String> {
        let listed: Vec<_> = self
            .peers
            .iter()
            .map(|peer| {
                let edges = peer.edges(self.act, "runs");
                let ids: BTreeSet<_> = edges.iter().map(|edge| edge.id).collect();
                assert_eq!(ids.len(), edges.len(), "no edge is listed twice");
                let labels: Vec<_> = edges
                    .iter()
                    .map(|edge| peer.value(edge.ends.target, "Cues", "label"))
                    .collect();
                labels
            })
            .collect();
        assert!(listed.iter().all(|labels| *labels == listed[0]), "{listed:?}");
        listed[0].clone()
    }
}

fn at(labels: &[String], label: &str) -> usize {
    labels.iter().position(|it| it == label).unwrap()
}

#[test]
fn edge_moved_by_three_peers_apart_is_in_one_place_and_no_conflict() {
    let show = Show::<3>::new(&["1", "2", "3", "4"]);
    show.apart(|index, peer| peer.move_edge(show.edges[0], after(show.edges[index + 1])));
    let labels = show.labels();
    assert_eq!(labels.len(), 4);
    let others: Vec<_> = labels.iter().filter(|label| *label != "1").collect();
    assert_eq!(others, ["2", "3", "4"]);
    assert!(show.peers[0].conflicts().is_empty());
}

#[test]
fn different_edges_moved_apart_all_move() {
    let show = Show::<3>::new(&["1", "2", "3", "4"]);
    show.apart(|index, peer| {
        let first = peer.edges(show.act, "runs")[0].id;
        let before = Between {
            after: None,
            before: Some(first),
        };
        peer.move_edge(show.edges[index + 1], before);
    });
    let labels = show.labels();
    assert_eq!(labels.len(), 4);
    assert_eq!(labels[3], "1", "all the others were put before it: {labels:?}");
}

#[test]
fn runs_inserted_by_three_peers_at_one_place_do_not_interleave() {
    let show = Show::<3>::new(&["start", "end"]);
    show.apart(|index, peer| {
        let mut last = show.edges[0];
        for number in 0..6 {
            last = show.insert(peer, &format!("{index}-{number}"), after(last));
        }
    });
    let labels = show.labels();
    assert_eq!(labels.len(), 20);
    assert_eq!((labels[0].as_str(), labels[19].as_str()), ("start", "end"));
    for run in labels[1..19].chunks(6) {
        let author = &run[0][..1];
        let expected: Vec<_> = (0..6).map(|number| format!("{author}-{number}")).collect();
        assert_eq!(run, expected, "{labels:?}");
    }
}

#[test]
fn runs_inserted_backwards_do_not_interleave_either() {
    let show = Show::<3>::new(&["start", "end"]);
    show.apart(|index, peer| {
        for number in (0..6).rev() {
            show.insert(peer, &format!("{index}-{number}"), after(show.edges[0]));
        }
    });
    let labels = show.labels();
    for run in labels[1..19].chunks(6) {
        let author = &run[0][..1];
        let expected: Vec<_> = (0..6).map(|number| format!("{author}-{number}")).collect();
        assert_eq!(run, expected, "{labels:?}");
    }
}

#[test]
fn runs_appended_by_three_peers_are_all_there_each_in_its_order() {
    let show = Show::<3>::new(&["start"]);
    show.apart(|index, peer| {
        for number in 0..4 {
            show.insert(peer, &format!("{index}-{number}"), Between::default());
        }
    });
    let labels = show.labels();
    assert_eq!(labels.len(), 13);
    for author in 0..3 {
        let places: Vec<_> = (0..4)
            .map(|number| at(&labels, &format!("{author}-{number}")))
            .collect();
        assert!(places.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{labels:?}");
    }
}

#[test]
fn moves_inserts_and_deletions_by_three_peers_converge_without_duplicates() {
    let show = Show::<3>::new(&["1", "2", "3", "4", "5"]);
    show.apart(|index, peer| match index {
        0 => {
            peer.move_edge(show.edges[4], after(show.edges[0]));
            show.insert(peer, "a", after(show.edges[4]));
        }
        1 => {
            show.insert(peer, "b", after(show.edges[2]));
            peer.move_edge(show.edges[0], after(show.edges[3]));
        }
        _ => {
            peer.delete_edge(show.edges[1]);
            peer.move_edge(show.edges[4], after(show.edges[2]));
        }
    });
    let mut labels = show.labels();
    labels.sort();
    assert_eq!(labels, ["1", "3", "4", "5", "a", "b"]);
}

#[test]
fn insert_between_neighbours_stays_between_them_through_a_rebalance_made_apart() {
    let show = Show::<2>::new(&["1", "2", "3"]);
    show.apart(|index, peer| match index {
        0 => peer.rebalance(show.act, "runs"),
        _ => {
            show.insert(peer, "between", after(show.edges[0]));
        }
    });
    let labels = show.labels();
    assert_eq!(labels.len(), 4);
    let others: Vec<_> = labels.iter().filter(|label| *label != "between").collect();
    assert_eq!(others, ["1", "2", "3"], "a rebalance changes no order");
}

#[test]
fn rebalance_by_two_peers_at_once_changes_no_order() {
    let show = Show::<2>::new(&["1", "2", "3", "4"]);
    for _ in 0..3 {
        show.apart(|_, peer| peer.rebalance(show.act, "runs"));
        assert_eq!(show.labels(), ["1", "2", "3", "4"]);
    }
}

#[test]
fn insert_after_peers_rebalanced_and_moved_goes_where_it_was_put() {
    let show = Show::<3>::new(&["1", "2", "3"]);
    show.apart(|index, peer| match index {
        0 => peer.rebalance(show.act, "runs"),
        1 => peer.move_edge(show.edges[2], after(show.edges[0])),
        _ => {
            show.insert(peer, "x", after(show.edges[1]));
        }
    });
    for peer in &show.peers {
        let (first, second) = (show.labels()[0].clone(), show.labels()[1].clone());
        let left = peer.edges(show.act, "runs")[0].id;
        show.insert(peer, "new", after(left));
        show.network.settle();
        let labels = show.labels();
        assert_eq!(labels[..3], [first, "new".to_owned(), second]);
        let added = peer.edges(show.act, "runs")[1].id;
        peer.delete_edge(added);
        show.network.settle();
    }
}

#[test]
fn edge_deleted_by_one_and_moved_by_another_is_gone_everywhere_alike() {
    let show = Show::<3>::new(&["1", "2", "3"]);
    show.apart(|index, peer| match index {
        0 => peer.delete_edge(show.edges[0]),
        1 => peer.move_edge(show.edges[0], after(show.edges[2])),
        _ => {}
    });
    assert_eq!(show.labels(), ["2", "3"]);
    show.peers[2].restore_edge(show.edges[0]);
    show.network.settle();
    assert_eq!(
        show.labels(),
        ["2", "3", "1"],
        "it comes back where it was moved to"
    );
    assert!(show.peers[0].conflicts().is_empty());
}

#[test]
fn edge_deleted_by_one_and_given_a_property_by_another_is_a_conflict_until_restored() {
    let show = Show::<3>::new(&["1", "2"]);
    show.apart(|index, peer| match index {
        0 => peer.delete_edge(show.edges[0]),
        1 => peer.set_property(show.edges[0], "fade", Value::Integer(3)),
        _ => {}
    });
    for peer in &show.peers {
        let conflict = peer.conflict();
        assert_eq!(conflict.key.kind, ConflictKind::Deletion);
        assert_eq!(conflict.key.subject, Subject::Edge(show.edges[0]));
    }
    show.peers[2].restore_edge(show.edges[0]);
    show.network.settle();
    assert_eq!(show.labels(), ["1", "2"]);
    assert!(show.peers.iter().all(|peer| peer.conflicts().is_empty()));
}

#[test]
fn edge_deleted_by_two_peers_at_once_is_gone_without_a_conflict() {
    let show = Show::<2>::new(&["1", "2"]);
    show.apart(|_, peer| peer.delete_edge(show.edges[0]));
    assert_eq!(show.labels(), ["2"]);
    assert!(show.peers[0].conflicts().is_empty());
}

#[test]
fn property_set_by_three_peers_apart_is_one_conflict_and_one_decision_settles_it() {
    let show = Show::<3>::new(&["1"]);
    show.apart(|index, peer| peer.set_property(show.edges[0], "fade", Value::Integer(index as i64)));
    for peer in &show.peers {
        let conflict = peer.conflict();
        assert_eq!(conflict.key.kind, ConflictKind::Property("fade".to_owned()));
        assert_eq!(conflict.candidates.len(), 3);
    }
    let conflict = show.peers[1].conflict();
    show.peers[1].resolve(conflict.id, Decision::Pick(conflict.candidates[0].op_id));
    show.network.settle();
    for peer in &show.peers {
        assert!(peer.conflicts().is_empty());
        let edge = peer.edges(show.act, "runs").remove(0);
        assert_eq!(
            edge.properties().collect::<Vec<_>>(),
            [("fade", &conflict.candidates[0].value)]
        );
    }
}

#[test]
fn different_properties_set_apart_do_not_conflict() {
    let show = Show::<3>::new(&["1"]);
    show.apart(|index, peer| {
        peer.set_property(show.edges[0], ["fade", "hold", "wait"][index], Value::Integer(1));
    });
    let edge = show.peers[2].edges(show.act, "runs").remove(0);
    assert_eq!(edge.properties().count(), 3);
    assert!(show.peers[2].conflicts().is_empty());
}

#[test]
fn same_two_records_related_by_two_peers_apart_have_two_edges() {
    let show = Show::<2>::new(&["1"]);
    let cue = show.peers[0].edges(show.act, "runs")[0].ends.target;
    show.apart(|_, peer| {
        peer.relate(show.act, cue, "uses");
    });
    for peer in &show.peers {
        assert_eq!(peer.edges(show.act, "uses").len(), 2);
    }
}

#[test]
fn late_peers_inserts_and_moves_fit_into_an_order_that_went_on_without_it() {
    let show = Show::<3>::new(&["1", "2", "3"]);
    let [a, b, late] = &show.peers;
    show.network.partition(&[&[a, b], &[late]]);
    let mut last = show.edges[0];
    for number in 0..3 {
        last = show.insert(late, &format!("late {number}"), after(last));
    }
    for round in 0..8 {
        let peer = [a, b][round % 2];
        show.insert(peer, &format!("new {round}"), after(show.edges[0]));
        peer.rebalance(show.act, "runs");
        show.network.wait_for_sync();
    }
    show.network.heal();
    show.network.settle();
    let labels = show.labels();
    assert_eq!(labels.len(), 14);
    for pair in ["late 0", "late 1", "late 2"].windows(2) {
        assert!(at(&labels, pair[0]) < at(&labels, pair[1]), "{labels:?}");
    }
    assert_eq!(labels[0], "1");
}

#[test]
fn move_beside_an_edge_of_another_record_is_refused_by_name() {
    let show = Show::<2>::new(&["1", "2"]);
    let [a, b] = &show.peers;
    let other = b.create_record("Acts", &[("name", "Two")]);
    let cue = b.create_record("Cues", &[("label", "x")]);
    let foreign = b.append_edge(other, cue, "runs");
    show.network.wait_for_sync();
    let refused = a.try_execute(&Request::new(
        "test",
        Command::MoveEdge {
            edge: show.edges[0],
            between: after(foreign),
        },
    ));
    assert!(matches!(refused, Err(CommandError::ForeignEdge { edge, .. }) if edge == foreign));
    show.network.settle();
}
