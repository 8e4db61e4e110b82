//! Places among ordered siblings, which spread out when there is no room between them.

use crate::device::{Device, sync, text};
use openprod_core::{EdgeId, EntityId};
use openprod_engine::edge::Direction;
use openprod_engine::{Between, Command, CommandError, SkipReason};

use super::*;

/// Three siblings, of which another writer has put the first two in one place.
fn crowded() -> (Device, EntityId, Vec<EdgeId>) {
    let (mut a, _, jane) = pair();
    let edges: Vec<EdgeId> = (0..3)
        .map(|n| {
            let target = a.record("Contacts", &[("name", text(&n.to_string()))]);
            a.execute(relate(jane, target, Some(Between::default()))).edges[0]
        })
        .collect();
    let siblings = a.snapshot().edges(jane, Direction::Outgoing, None).unwrap();
    let index = siblings[0].place().unwrap().to_owned();
    let edge = edges[1];
    let forged = a.forged(vec![
        openprod_core::operation::MoveOrderedEdge { edge, index }.into(),
    ]);
    a.receive(&[forged]);
    (a, jane, edges)
}

fn order(device: &Device, entity: EntityId) -> Vec<EdgeId> {
    let edges = device
        .snapshot()
        .edges(entity, Direction::Outgoing, None)
        .unwrap();
    edges.iter().map(|edge| edge.id).collect()
}

fn squeeze(edge: EdgeId, order: &[EdgeId]) -> Command {
    Command::MoveEdge {
        edge,
        between: Between {
            after: Some(order[0]),
            before: Some(order[1]),
        },
    }
}

#[test]
fn move_that_spread_its_siblings_out_goes_back_with_them() {
    let (mut a, jane, edges) = crowded();
    let before = order(&a, jane);
    let outcome = back_and_forth(&mut a, squeeze(edges[2], &before));
    let bundle = a.snapshot().bundle(outcome.bundle_id.unwrap()).unwrap().unwrap();
    assert_eq!(bundle.len(), 2, "the siblings were spread out to make room");
    a.execute(Command::Undo);
    assert_eq!(order(&a, jane), before);
    a.assert_sound();
}

#[test]
fn move_stays_where_its_spread_out_siblings_were_moved_since() {
    let (mut a, jane, edges) = crowded();
    let mut b = Device::joiner(2);
    b.pull(&a);
    let before = order(&a, jane);
    a.execute(squeeze(edges[2], &before));
    sync(&mut a, &mut b);
    b.execute(Command::MoveEdge {
        edge: before[0],
        between: Between::default(),
    });
    sync(&mut a, &mut b);
    let there = order(&a, jane);
    let undone = a.execute(Command::Undo);
    assert_eq!(undone.taken_back, None);
    let skipped: Vec<_> = undone.skipped.iter().map(|one| (one.reason, one.actor)).collect();
    assert_eq!(skipped, [(SkipReason::EditedSince, Some(b.engine.actor()))]);
    assert_eq!(order(&a, jane), there);
}

#[test]
fn spreading_out_alone_is_nothing_to_undo() {
    let (mut a, jane, _) = crowded();
    let top = stack(&a);
    let bundle = a
        .execute(Command::RebalanceEdges {
            entity: jane,
            edge_type: "knows".into(),
        })
        .bundle_id
        .unwrap();
    assert_eq!(stack(&a), top);
    assert!(matches!(
        a.try_execute(Command::Revert { bundle }),
        Err(CommandError::NothingTakenBack { skipped, .. }) if skipped[0].reason == SkipReason::Unchanged
    ));
}
