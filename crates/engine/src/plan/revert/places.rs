//! Taking back where edges stand among their siblings.

use std::collections::BTreeMap;

use openprod_core::operation::{DeleteEdge, MoveOrderedEdge, RebalanceOrderedEdges};
use openprod_core::{ActorId, EdgeId, Value};

use super::Revert;
use crate::command::CommandError;
use crate::edge::Direction;
use crate::record;
use crate::revert::SkipReason;
use crate::row::CellKey;
use crate::subject::Subject;

impl Revert<'_, '_> {
    /// Moves edges back to their former places. Where the bundle spread their siblings out to make room, those go back
    /// too, or the former places would mean nothing.
    pub(super) fn places(&mut self) -> Result<(), CommandError> {
        let spreads = std::mem::take(&mut self.deeds.spread);
        let mut stuck: BTreeMap<EdgeId, Option<ActorId>> = BTreeMap::new();
        for (parent, edge_type, edges) in spreads {
            let siblings = record::edges(self.view.store, self.view.synonyms, parent, Direction::Outgoing)?;
            let siblings: Vec<_> = siblings
                .into_iter()
                .filter(|edge| edge.ends.ordered && edge.ends.edge_type == edge_type)
                .filter(|edge| !edge.row.is_deleted())
                .collect();
            let placed: Vec<_> = siblings
                .iter()
                .filter(|edge| self.deeds.placed.contains(&edge.id))
                .map(|edge| edge.id)
                .collect();
            if placed.is_empty() {
                continue;
            }
            let mut other = None;
            for edge in &siblings {
                for tip in edge.row.candidates(&CellKey::Place) {
                    if !self.is_own(Subject::Edge(edge.id), &CellKey::Place, tip.op_id)? {
                        other = Some(tip.actor);
                    }
                }
            }
            // An edge that the bundle made and that stays has its place among the others as they are.
            let stays = placed.iter().any(|edge| {
                let deletion = DeleteEdge { edge: *edge }.into();
                self.made.contains(&Subject::Edge(*edge)) && !self.inverse.deletions.contains(&deletion)
            });
            if other.is_some() || stays {
                stuck.extend(placed.into_iter().map(|edge| (edge, other)));
                continue;
            }
            let before = |edge: &EdgeId| {
                let row = self.before.get(Subject::Edge(*edge))?;
                match row.value(&CellKey::Place) {
                    Some(Value::Text(place)) => Some((*edge, place.clone())),
                    _ => None,
                }
            };
            let ordering: Vec<_> = edges.iter().filter_map(before).collect();
            if !ordering.is_empty() {
                let rebalance = RebalanceOrderedEdges {
                    parent,
                    edge_type,
                    ordering,
                };
                self.inverse.others.push(rebalance.into());
            }
        }
        for edge in std::mem::take(&mut self.deeds.placed) {
            let subject = Subject::Edge(edge);
            if self.made.contains(&subject) {
                continue;
            }
            let row = self.row(subject)?;
            if !self.still_stands(subject, &CellKey::Place, &row)? {
                continue;
            }
            let former = self
                .before
                .get(subject)
                .and_then(|row| row.value(&CellKey::Place));
            let Some(Value::Text(former)) = former.cloned() else {
                continue;
            };
            if let Some(actor) = stuck.get(&edge) {
                self.skip(subject, Some(CellKey::Place), SkipReason::EditedSince, *actor);
            } else if row.value(&CellKey::Place) == Some(&Value::Text(former.clone())) {
                self.skip(subject, Some(CellKey::Place), SkipReason::Unchanged, None);
            } else {
                let index = former;
                self.inverse.others.push(MoveOrderedEdge { edge, index }.into());
            }
        }
        Ok(())
    }
}
