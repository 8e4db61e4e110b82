//! Planning changes of edges, and their order.

use openprod_core::operation::{
    CreateEdge, CreateOrderedEdge, DeleteEdge, LIST_MAX, MoveOrderedEdge, RebalanceOrderedEdges, RestoreEdge,
    SetEdgeProperty,
};
use openprod_core::{EdgeId, EntityId, Value};

use super::checks::check_name;
use super::records::live;
use super::{Plan, View};
use crate::command::{Between, CommandError, NewEdge};
use crate::edge::{Direction, Edge, Ends};
use crate::order::{between, spread, tag_of};
use crate::record;
use crate::row::{CellKey, Row};

pub(super) fn create(view: &mut View<'_>, new: &NewEdge) -> Result<Plan, CommandError> {
    let act = "create edge";
    check_name(act, &new.edge_type)?;
    for (name, _) in &new.properties {
        check_name(act, name)?;
    }
    live(view, act, new.source)?;
    live(view, act, new.target)?;
    let (source, target) = (view.names(new.source)[0], view.names(new.target)[0]);
    let edge = EdgeId::new(view.now, view.entropy());
    let mut plan = Plan {
        edges: vec![edge],
        ..Plan::default()
    };
    let (edge_type, properties) = (new.edge_type.clone(), new.properties.clone());
    match new.ordered {
        None => plan.payloads.push(
            CreateEdge {
                edge,
                source,
                target,
                edge_type,
                properties,
            }
            .into(),
        ),
        Some(wanted) => {
            let siblings = siblings(view, source, &edge_type)?;
            let index = place(view, &mut plan, act, &siblings, source, &edge_type, wanted)?;
            plan.payloads.push(
                CreateOrderedEdge {
                    edge,
                    source,
                    target,
                    edge_type,
                    index,
                    properties,
                }
                .into(),
            );
        }
    }
    Ok(plan)
}

pub(super) fn update(
    view: &mut View<'_>,
    edge: EdgeId,
    properties: &[(String, Value)],
) -> Result<Plan, CommandError> {
    let act = "update edge";
    live_edge(view, act, edge)?;
    if properties.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    let mut plan = Plan::default();
    for (property, value) in properties {
        check_name(act, property)?;
        let (property, value) = (property.clone(), value.clone());
        plan.payloads.push(
            SetEdgeProperty {
                edge,
                property,
                value,
            }
            .into(),
        );
    }
    Ok(plan)
}

pub(super) fn delete(view: &mut View<'_>, edge: EdgeId) -> Result<Plan, CommandError> {
    let act = "delete edge";
    let (_, row) = known_edge(view, act, edge)?;
    if row.is_deleted() && !row.is_deletion_contended() {
        return Err(CommandError::DeletedEdge { act, edge });
    }
    Ok(Plan::only(DeleteEdge { edge }))
}

pub(super) fn restore(view: &mut View<'_>, edge: EdgeId) -> Result<Plan, CommandError> {
    let act = "restore edge";
    let (_, row) = known_edge(view, act, edge)?;
    if !row.is_deleted() && !row.is_contended(&CellKey::Exists) {
        return Err(CommandError::NotDeletedEdge { edge });
    }
    Ok(Plan::only(RestoreEdge { edge }))
}

pub(super) fn reorder(view: &mut View<'_>, edge: EdgeId, wanted: Between) -> Result<Plan, CommandError> {
    let act = "move edge";
    let ends = live_edge(view, act, edge)?;
    if !ends.ordered {
        return Err(CommandError::NotOrdered { act, edge });
    }
    let source = view.names(ends.source)[0];
    let mut siblings = siblings(view, source, &ends.edge_type)?;
    siblings.retain(|sibling| sibling.id != edge);
    if [wanted.after, wanted.before].contains(&Some(edge)) {
        return Err(CommandError::ForeignEdge { act, edge });
    }
    let mut plan = Plan::default();
    let index = place(view, &mut plan, act, &siblings, source, &ends.edge_type, wanted)?;
    plan.payloads.push(MoveOrderedEdge { edge, index }.into());
    Ok(plan)
}

pub(super) fn rebalance(
    view: &mut View<'_>,
    entity: EntityId,
    edge_type: &str,
) -> Result<Plan, CommandError> {
    let act = "rebalance edges";
    live(view, act, entity)?;
    let parent = view.names(entity)[0];
    let siblings = siblings(view, parent, edge_type)?;
    if siblings.is_empty() {
        return Err(CommandError::Nothing { act });
    }
    let indexes = spread(siblings.len(), tag_of(&view.log));
    let mut plan = Plan::default();
    plan.spread_out(parent, edge_type, &siblings, indexes);
    Ok(plan)
}

/// The index of a new place among siblings. Where neighbours leave no room, because their indexes are equal or
/// adjacent, all siblings are spread out first.
fn place(
    view: &View<'_>,
    plan: &mut Plan,
    act: &'static str,
    siblings: &[Edge],
    parent: EntityId,
    edge_type: &str,
    wanted: Between,
) -> Result<String, CommandError> {
    let position = |edge: EdgeId| {
        siblings
            .iter()
            .position(|sibling| sibling.id == edge)
            .ok_or(CommandError::ForeignEdge { act, edge })
    };
    // The new one stands before the sibling at this place.
    let at = match (wanted.after, wanted.before) {
        (None, None) => siblings.len(),
        (Some(after), None) => position(after)? + 1,
        (None, Some(before)) => position(before)?,
        (Some(after), Some(before)) => {
            let (left, right) = (position(after)?, position(before)?);
            if left >= right {
                return Err(CommandError::CrossedPlaces { after, before });
            }
            left + 1
        }
    };
    let tag = tag_of(&view.log);
    let left = at.checked_sub(1).and_then(|left| siblings[left].place());
    let right = siblings.get(at).and_then(Edge::place);
    if let Ok(index) = between(left, right, tag) {
        return Ok(index);
    }
    let mut indexes = spread(siblings.len() + 1, tag);
    let index = indexes.remove(at);
    plan.spread_out(parent, edge_type, siblings, indexes);
    Ok(index)
}

impl Plan {
    /// Gives siblings new indexes, in as few operations as will hold them.
    fn spread_out(&mut self, parent: EntityId, edge_type: &str, siblings: &[Edge], indexes: Vec<String>) {
        let ordering: Vec<_> = siblings.iter().map(|edge| edge.id).zip(indexes).collect();
        let operations = ordering.chunks(LIST_MAX).map(|ordering| {
            let (edge_type, ordering) = (edge_type.to_owned(), ordering.to_vec());
            RebalanceOrderedEdges {
                parent,
                edge_type,
                ordering,
            }
            .into()
        });
        self.payloads.extend(operations);
    }
}

/// The ordered edges of one type from one record, in order. As of the last flush, which was before this command.
fn siblings(view: &View<'_>, source: EntityId, edge_type: &str) -> Result<Vec<Edge>, CommandError> {
    let mut edges = record::edges(view.store, view.synonyms, source, Direction::Outgoing)?;
    edges.retain(|edge| edge.ends.ordered && edge.ends.edge_type == edge_type && !edge.row.is_deleted());
    Ok(edges)
}

fn live_edge(view: &mut View<'_>, act: &'static str, edge: EdgeId) -> Result<Ends, CommandError> {
    let (ends, row) = known_edge(view, act, edge)?;
    if row.is_deleted() {
        return Err(CommandError::DeletedEdge { act, edge });
    }
    Ok(ends)
}

fn known_edge(view: &mut View<'_>, act: &'static str, edge: EdgeId) -> Result<(Ends, Row), CommandError> {
    let row = view.state.edge(view.store, edge)?;
    let ends = row.ends().ok_or(CommandError::UnknownEdge { act, edge })?;
    Ok((ends.clone(), row.cells.clone()))
}
