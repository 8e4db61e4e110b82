//! Edges: what they connect, their properties, and their order.

use openprod_core::{EdgeId, EntityId, FieldType, Value};
use openprod_engine::conflicts::ConflictKind;
use openprod_engine::edge::{Direction, Edge};
use openprod_engine::{Between, Command, CommandError, Decision, NewEdge, Subject};

use crate::device::{Device, sync, text};

fn show() -> (Device, EntityId) {
    let mut a = Device::founder();
    a.table("Acts", &[("name", FieldType::Text)]);
    a.table("Cues", &[("label", FieldType::Text)]);
    let act = a.record("Acts", &[("name", text("One"))]);
    (a, act)
}

fn cue(device: &mut Device, label: &str) -> EntityId {
    device.record("Cues", &[("label", text(label))])
}

fn ordered(source: EntityId, target: EntityId, between: Between) -> Command {
    Command::CreateEdge(NewEdge {
        source,
        target,
        edge_type: "runs".to_owned(),
        properties: Vec::new(),
        ordered: Some(between),
    })
}

fn after(edge: EdgeId) -> Between {
    Between {
        after: Some(edge),
        before: None,
    }
}

fn append(device: &mut Device, act: EntityId, label: &str) -> EdgeId {
    let target = cue(device, label);
    device.execute(ordered(act, target, Between::default())).edges[0]
}

fn insert_after(device: &mut Device, act: EntityId, label: &str, edge: EdgeId) -> EdgeId {
    let target = cue(device, label);
    device.execute(ordered(act, target, after(edge))).edges[0]
}

fn edges(device: &Device, act: EntityId) -> Vec<Edge> {
    device
        .snapshot()
        .edges(act, Direction::Outgoing, Some("runs"))
        .unwrap()
}

fn labels(device: &Device, act: EntityId) -> Vec<String> {
    let label = |edge: Edge| device.value(edge.ends.target, "Cues", "label").to_text();
    edges(device, act).into_iter().map(label).collect()
}

#[test]
fn edge_is_found_from_both_ends_with_its_properties() {
    let (mut a, act) = show();
    let target = cue(&mut a, "Go");
    let outcome = a.execute(Command::CreateEdge(NewEdge {
        source: act,
        target,
        edge_type: "uses".to_owned(),
        properties: vec![("volume".to_owned(), Value::Integer(7))],
        ordered: None,
    }));
    let snapshot = a.snapshot();
    let [edge] = &snapshot.edges(act, Direction::Outgoing, None).unwrap()[..] else {
        panic!("one edge was made");
    };
    assert_eq!((edge.id, edge.ends.target), (outcome.edges[0], target));
    assert_eq!(
        edge.properties().collect::<Vec<_>>(),
        [("volume", &Value::Integer(7))]
    );
    assert_eq!(
        snapshot.edges(target, Direction::Incoming, Some("uses")).unwrap(),
        std::slice::from_ref(edge)
    );
    assert!(snapshot.edges(act, Direction::Incoming, None).unwrap().is_empty());
    a.assert_sound();
}

#[test]
fn ordered_edges_keep_the_order_that_they_were_given() {
    let (mut a, act) = show();
    let first = append(&mut a, act, "1");
    let third = append(&mut a, act, "3");
    insert_after(&mut a, act, "2", first);
    let target = cue(&mut a, "0");
    a.execute(ordered(
        act,
        target,
        Between {
            after: None,
            before: Some(first),
        },
    ));
    assert_eq!(labels(&a, act), ["0", "1", "2", "3"]);
    a.execute(Command::MoveEdge {
        edge: third,
        between: after(first),
    });
    assert_eq!(labels(&a, act), ["0", "1", "3", "2"]);
    a.execute(Command::RebalanceEdges {
        entity: act,
        edge_type: "runs".to_owned(),
    });
    assert_eq!(labels(&a, act), ["0", "1", "3", "2"]);
    a.assert_sound();
}

#[test]
fn runs_that_two_people_insert_at_one_place_do_not_interleave() {
    let (mut a, act) = show();
    let first = append(&mut a, act, "start");
    append(&mut a, act, "end");
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    for (device, name) in [(&mut a, "a"), (&mut b, "b")] {
        let mut last = first;
        for number in 0..5 {
            last = insert_after(device, act, &format!("{name}{number}"), last);
        }
    }
    sync(&mut a, &mut b);
    let labels = labels(&a, act);
    assert_eq!(labels, self::labels(&b, act));
    let inner = labels[1..11].join(" ");
    assert!(
        ["a0 a1 a2 a3 a4 b0 b1 b2 b3 b4", "b0 b1 b2 b3 b4 a0 a1 a2 a3 a4"].contains(&inner.as_str()),
        "{inner}"
    );
}

#[test]
fn edge_moved_by_two_people_is_in_one_place_and_no_conflict() {
    let (mut a, act) = show();
    let all: Vec<_> = ["1", "2", "3"].map(|label| append(&mut a, act, label)).to_vec();
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    a.execute(Command::MoveEdge {
        edge: all[0],
        between: after(all[1]),
    });
    b.execute(Command::MoveEdge {
        edge: all[0],
        between: after(all[2]),
    });
    sync(&mut a, &mut b);
    assert_eq!(labels(&a, act), labels(&b, act));
    assert_eq!(edges(&a, act).len(), 3);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
}

#[test]
fn neighbours_with_equal_places_are_spread_out_on_insert() {
    let (mut a, act) = show();
    let first = append(&mut a, act, "1");
    let second = append(&mut a, act, "2");
    // Another writer, who knows no better, puts both in one place.
    let place = edges(&a, act)[0].place().unwrap().to_owned();
    let forged = a.forged(vec![
        openprod_core::operation::MoveOrderedEdge {
            edge: second,
            index: place,
        }
        .into(),
    ]);
    a.receive(&[forged]);
    let before = labels(&a, act);
    let left = edges(&a, act)[0].id;
    assert!([first, second].contains(&left));
    insert_after(&mut a, act, "between", left);
    let after = labels(&a, act);
    assert_eq!(
        after,
        [before[0].clone(), "between".to_owned(), before[1].clone()]
    );
    let places: Vec<_> = edges(&a, act)
        .iter()
        .map(|edge| edge.place().unwrap().to_owned())
        .collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
}

#[test]
fn property_set_by_two_people_is_a_conflict_until_decided() {
    let (mut a, act) = show();
    let edge = append(&mut a, act, "1");
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    for (device, value) in [(&mut a, 1), (&mut b, 2)] {
        device.execute(Command::UpdateEdge {
            edge,
            properties: vec![("fade".to_owned(), Value::Integer(value))],
        });
    }
    sync(&mut a, &mut b);
    let conflict = a.snapshot().conflicts().unwrap().remove(0);
    assert_eq!(conflict.key.subject, Subject::Edge(edge));
    assert_eq!(conflict.key.kind, ConflictKind::Property("fade".to_owned()));
    assert_eq!(conflict.candidates.len(), 2);
    a.execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Pick(conflict.candidates[0].op_id),
    });
    sync(&mut a, &mut b);
    assert!(b.snapshot().conflicts().unwrap().is_empty());
    let again = a.try_execute(Command::ResolveConflict {
        conflict: conflict.id,
        decision: Decision::Pick(conflict.candidates[0].op_id),
    });
    assert!(matches!(again, Err(CommandError::UnknownConflict { .. })));
}

#[test]
fn edge_deleted_by_one_and_changed_by_another_is_a_conflict_and_comes_back() {
    let (mut a, act) = show();
    let edge = append(&mut a, act, "1");
    let mut b = Device::joiner(2);
    sync(&mut a, &mut b);
    a.execute(Command::DeleteEdge { edge });
    b.execute(Command::UpdateEdge {
        edge,
        properties: vec![("fade".to_owned(), Value::Integer(3))],
    });
    sync(&mut a, &mut b);
    assert!(edges(&a, act).is_empty());
    let conflict = a.snapshot().conflicts().unwrap().remove(0);
    assert_eq!(conflict.key.kind, ConflictKind::Deletion);
    b.execute(Command::RestoreEdge { edge });
    sync(&mut a, &mut b);
    assert_eq!(edges(&a, act).len(), 1);
    assert!(a.snapshot().conflicts().unwrap().is_empty());
}

#[test]
fn wrong_use_of_edges_is_refused_by_name() {
    let (mut a, act) = show();
    let edge = append(&mut a, act, "1");
    let other_act = a.record("Acts", &[("name", text("Two"))]);
    let foreign = append(&mut a, other_act, "x");
    let unknown = EdgeId::from_u128(99);
    let moved = a.try_execute(Command::MoveEdge {
        edge,
        between: after(foreign),
    });
    assert!(matches!(moved, Err(CommandError::ForeignEdge { edge, .. }) if edge == foreign));
    let moved = a.try_execute(Command::MoveEdge {
        edge,
        between: after(edge),
    });
    assert!(matches!(moved, Err(CommandError::ForeignEdge { .. })));
    let gone = a.try_execute(Command::DeleteEdge { edge: unknown });
    assert!(matches!(gone, Err(CommandError::UnknownEdge { .. })));
    a.execute(Command::DeleteEdge { edge });
    for command in [
        Command::DeleteEdge { edge },
        Command::UpdateEdge {
            edge,
            properties: vec![("x".to_owned(), Value::Integer(1))],
        },
        Command::MoveEdge {
            edge,
            between: Between::default(),
        },
    ] {
        let refused = a.try_execute(command);
        assert!(
            matches!(refused, Err(CommandError::DeletedEdge { .. })),
            "{refused:?}"
        );
    }
    a.execute(Command::RestoreEdge { edge });
    let target = cue(&mut a, "y");
    a.execute(Command::DeleteRecord { entity: target });
    let dangling = a.try_execute(ordered(act, target, Between::default()));
    assert!(matches!(dangling, Err(CommandError::Deleted { .. })));
}
