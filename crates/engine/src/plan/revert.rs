//! Planning that a bundle is taken back, where what it wrote still stands.
//!
//! What a cell is given is what its author was shown there before: the row is replayed from the bundles that they had
//! seen. Cells are taken back one by one, under the raw names under which they were written; what a bundle made is
//! deleted as a whole.

mod names;
mod places;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::operation::{
    AttachFacet, DeleteEdge, DeleteEntity, DetachFacet, RestoreEdge, RestoreEntity, SetEdgeProperty, SetField,
};
use openprod_core::{
    ActorId, BundleId, EdgeId, EntityId, FacetId, FieldId, Hlc, OpId, Payload, Value, VerifiedBundle,
};
use openprod_storage::StorageError;

use super::{Plan, View};
use crate::command::CommandError;
use crate::derive::{Effect, effects};
use crate::history::past::{Past, is_held};
use crate::history::trail::{Rows, Trail, place_at, touches};
use crate::revert::{SkipReason, Skipped, TakenBack};
use crate::row::{Candidate, CellKey, Row};
use crate::schema::reserved;
use crate::subject::Subject;
use crate::synonyms::NameChange;

use self::stand_in::StandIns;

/// What a bundle did.
#[derive(Default)]
struct Deeds {
    /// Each cell that it wrote.
    cells: BTreeSet<(Subject, CellKey)>,
    /// The table under which each field was written.
    facets: BTreeMap<(EntityId, FieldId), FacetId>,
    /// The siblings that it spread out, by parent and type.
    spread: Vec<(EntityId, String, Vec<EdgeId>)>,
    /// The edges to which it gave a place of their own.
    placed: BTreeSet<EdgeId>,
    names: Vec<NameChange>,
    texts: BTreeSet<(EntityId, FieldId)>,
    facts: bool,
}

impl Deeds {
    fn of(bundle: &VerifiedBundle) -> Self {
        let mut deeds = Self::default();
        for (_, payload) in bundle.payloads() {
            let Ok(payload) = payload else { continue };
            match &payload {
                Payload::SetField(op) => {
                    deeds.facets.insert((op.entity, op.field), op.facet);
                }
                Payload::RebalanceOrderedEdges(op) => {
                    let edges = op.ordering.iter().map(|(edge, _)| *edge).collect();
                    deeds.spread.push((op.parent, op.edge_type.clone(), edges));
                }
                Payload::MoveOrderedEdge(op) => {
                    deeds.placed.insert(op.edge);
                }
                Payload::CreateOrderedEdge(op) => {
                    deeds.placed.insert(op.edge);
                }
                Payload::RecordFact(_) => deeds.facts = true,
                _ => {}
            }
            for effect in effects(payload) {
                match effect {
                    Effect::Write(subject, key, _) => {
                        deeds.cells.insert((subject, key));
                    }
                    Effect::Make(..) => {}
                    Effect::Rename(change) => deeds.names.push(change),
                    Effect::Edit { entity, field, .. } => {
                        deeds.texts.insert((entity, field));
                    }
                }
            }
        }
        deeds
    }

    fn subjects(&self) -> BTreeSet<Subject> {
        self.cells.iter().map(|(subject, _)| *subject).collect()
    }
}

/// The canonical order of operations.
type Order = (Hlc, OpId);

/// A field that is given back what it was.
struct FieldBack {
    /// The order of the write that is shown again: of one field under several names, the last is shown.
    order: Option<Order>,
    set: SetField,
    /// What stood beside it, in order: the other sides of a conflict that the bundle decided.
    beside: Vec<Value>,
    /// Whether it differs from what is there.
    changes: bool,
}

impl FieldBack {
    /// The writes, the one that is shown last.
    fn into_payloads(self) -> impl Iterator<Item = Payload> {
        let Self { set, beside, .. } = self;
        let others: Vec<_> = beside
            .into_iter()
            .map(|value| SetField { value, ..set.clone() })
            .collect();
        others.into_iter().chain([set]).map(Payload::from)
    }
}

/// The operations that take things back, in the order in which they go into the bundle.
#[derive(Default)]
struct Inverse {
    restorations: Vec<Payload>,
    facets: Vec<Payload>,
    fields: Vec<FieldBack>,
    others: Vec<Payload>,
    names: Vec<Payload>,
    deletions: Vec<Payload>,
}

impl Inverse {
    fn into_payloads(mut self) -> Vec<Payload> {
        self.fields.sort_by_key(|back| back.order);
        let fields = self.fields.into_iter().flat_map(FieldBack::into_payloads);
        let mut payloads = self.restorations;
        payloads.extend(self.facets);
        payloads.extend(fields);
        payloads.extend(self.others);
        payloads.extend(self.names);
        payloads.extend(self.deletions);
        payloads
    }
}

/// A revert in the making.
struct Revert<'v, 'a> {
    view: &'v mut View<'a>,
    bundle: VerifiedBundle,
    deeds: Deeds,
    /// The rows as the bundle's author saw them before.
    before: Rows,
    /// What the bundle made.
    made: BTreeSet<Subject>,
    stand_ins: StandIns,
    inverse: Inverse,
    skipped: Vec<Skipped>,
    unchanged: Vec<Skipped>,
}

/// Takes a bundle back.
pub(crate) fn revert(view: &mut View<'_>, act: &'static str, id: BundleId) -> Result<Plan, CommandError> {
    let place = view.store.place_of(id)?;
    let place = place.ok_or(CommandError::UnknownBundle { act, bundle: id })?;
    if is_held(view.store, &place)? {
        return Err(CommandError::HeldBundle { act, bundle: id });
    }
    let damaged = StorageError::DamagedRow { space: "bundle" };
    let bundle = view.store.bundle(place.position)?.ok_or(damaged)?.bundle;
    let deeds = Deeds::of(&bundle);
    let past = Past::before(view.chains, view.store, &place)?;
    let before = Trail::load(view.store, view.chains, &deeds.subjects(), place.position)?.rows(&past);
    let made = deeds
        .cells
        .iter()
        .filter(|(subject, key)| *key == CellKey::Exists && !is_created(&before, *subject))
        .map(|(subject, _)| *subject)
        .collect();
    let command_type = bundle.header().intent.command_type.clone();
    let mut revert = Revert {
        view,
        bundle,
        deeds,
        before,
        made,
        stand_ins: StandIns::default(),
        inverse: Inverse::default(),
        skipped: Vec::new(),
        unchanged: Vec::new(),
    };
    revert.creations()?;
    revert.cells()?;
    revert.unset()?;
    revert.places()?;
    revert.names(&past)?;
    revert.rest();
    let Revert {
        inverse,
        mut skipped,
        unchanged,
        ..
    } = revert;
    let payloads = inverse.into_payloads();
    if payloads.is_empty() {
        skipped.extend(unchanged);
        return Err(CommandError::NothingTakenBack {
            act,
            bundle: id,
            skipped,
        });
    }
    Ok(Plan {
        payloads,
        taken_back: Some(TakenBack {
            bundle: id,
            command_type,
        }),
        skipped,
        ..Plan::default()
    })
}

fn is_created(rows: &Rows, subject: Subject) -> bool {
    rows.get(subject).is_some_and(Row::is_created)
}

impl Revert<'_, '_> {
    fn skip(&mut self, subject: Subject, cell: Option<CellKey>, reason: SkipReason, actor: Option<ActorId>) {
        let skipped = Skipped {
            subject: Some(subject),
            cell,
            reason,
            actor,
        };
        match reason {
            SkipReason::Unchanged => self.unchanged.push(skipped),
            _ => self.skipped.push(skipped),
        }
    }

    /// The row of a subject as it is now.
    fn row(&mut self, subject: Subject) -> Result<Row, StorageError> {
        let store = self.view.store;
        Ok(match subject {
            Subject::Entity(entity) => self.view.state.row(store, entity)?.clone(),
            Subject::Edge(edge) => self.view.state.edge(store, edge)?.cells.clone(),
        })
    }

    /// Deletes what the bundle made, unless someone else has written to it.
    fn creations(&mut self) -> Result<(), CommandError> {
        // Edges first: what they connect may go with them.
        let (edges, entities): (Vec<_>, Vec<_>) = self
            .made
            .iter()
            .copied()
            .partition(|subject| matches!(subject, Subject::Edge(_)));
        for subject in edges.into_iter().chain(entities) {
            let row = self.row(subject)?;
            if subject == Subject::Entity(reserved::WORKSPACE) {
                self.skip(subject, None, SkipReason::Founding, None);
            } else if let Some(actor) = self.touched_by_others(subject)? {
                self.skip(subject, None, SkipReason::EditedSince, Some(actor));
            } else if row.is_deleted() {
                let actor = row.candidates(&CellKey::Exists).last().map(|tip| tip.actor);
                self.skip(subject, None, SkipReason::Gone, actor);
            } else {
                self.inverse.deletions.push(match subject {
                    Subject::Entity(entity) => DeleteEntity { entity }.into(),
                    Subject::Edge(edge) => DeleteEdge { edge }.into(),
                });
            }
        }
        Ok(())
    }

    /// Who else has written to a subject, last.
    fn touched_by_others(&self, subject: Subject) -> Result<Option<ActorId>, StorageError> {
        let store = self.view.store;
        let author = self.bundle.header().actor;
        for position in touches(store, subject, store.last()?)?.into_iter().rev() {
            let actor = self.view.chains.get(place_at(store, position)?.chain).actor;
            if actor != author {
                return Ok(Some(actor));
            }
        }
        Ok(None)
    }

    /// Gives cells the value that they had before.
    fn cells(&mut self) -> Result<(), CommandError> {
        let cells: Vec<_> = self.deeds.cells.iter().cloned().collect();
        // Facets last, for a record must be left in some table.
        let (mut facets, others): (Vec<_>, Vec<_>) = cells
            .into_iter()
            .filter(|(subject, key)| !self.made.contains(subject) && *key != CellKey::Place)
            .partition(|(_, key)| matches!(key, CellKey::Facet(_)));
        let had = |(subject, key): &(Subject, CellKey)| {
            self.before.get(*subject).and_then(|row| row.value(key)) == Some(&Value::Boolean(true))
        };
        facets.sort_by_key(|cell| !had(cell));
        let mut left: BTreeMap<EntityId, usize> = BTreeMap::new();
        for (subject, key) in others.into_iter().chain(facets) {
            let row = self.row(subject)?;
            if !self.still_stands(subject, &key, &row)? {
                continue;
            }
            let before = self.before.get(subject);
            let shown = before.and_then(|row| row.value(&key)).cloned();
            let order = before
                .and_then(|row| row.candidates(&key).pop())
                .map(|tip| (tip.hlc, tip.op_id));
            let now = row.value(&key).cloned().unwrap_or(Value::Empty);
            let then = match key {
                CellKey::Exists | CellKey::Facet(_) => shown.unwrap_or(Value::Boolean(false)),
                _ => shown.unwrap_or(Value::Empty),
            };
            let beside = before.map_or_else(Vec::new, |row| row.beside(&key));
            let changes = !now.same(&then) || !beside.is_empty();
            if !changes && !matches!(key, CellKey::Field(_)) {
                self.skip(subject, Some(key), SkipReason::Unchanged, None);
                continue;
            }
            let yes = then == Value::Boolean(true);
            match (subject, key) {
                (Subject::Entity(entity), CellKey::Exists) => {
                    let (list, payload) = if yes {
                        (&mut self.inverse.restorations, RestoreEntity { entity }.into())
                    } else {
                        (&mut self.inverse.deletions, DeleteEntity { entity }.into())
                    };
                    list.push(payload);
                }
                (Subject::Edge(edge), CellKey::Exists) => {
                    let (list, payload) = if yes {
                        (&mut self.inverse.restorations, RestoreEdge { edge }.into())
                    } else {
                        (&mut self.inverse.deletions, DeleteEdge { edge }.into())
                    };
                    list.push(payload);
                }
                (Subject::Entity(entity), CellKey::Facet(facet)) if yes => {
                    let attached = self.view.record(entity)?.attached().count();
                    *left.entry(entity).or_insert(attached) += 1;
                    self.inverse.facets.push(AttachFacet { entity, facet }.into());
                }
                (Subject::Entity(entity), CellKey::Facet(facet)) => {
                    let attached = self.view.record(entity)?.attached().count();
                    let left = left.entry(entity).or_insert(attached);
                    if *left <= 1 {
                        let cell = Some(CellKey::Facet(facet));
                        self.skip(subject, cell, SkipReason::OnlyTable, None);
                    } else {
                        *left -= 1;
                        self.inverse.facets.push(DetachFacet { entity, facet }.into());
                    }
                }
                (Subject::Entity(entity), CellKey::Field(field)) => {
                    let facet = self.deeds.facets.get(&(entity, field)).copied();
                    let set = SetField {
                        entity,
                        facet: facet.expect("each field that a bundle writes is noted with its table"),
                        field,
                        value: then,
                    };
                    self.inverse.fields.push(FieldBack {
                        order,
                        set,
                        beside,
                        changes,
                    });
                }
                (Subject::Edge(edge), CellKey::Property(property)) => {
                    let values = beside.into_iter().chain([then]);
                    self.inverse.others.extend(values.map(|value| {
                        let property = property.clone();
                        let set = SetEdgeProperty {
                            edge,
                            property,
                            value,
                        };
                        set.into()
                    }));
                }
                // No operation writes such a cell.
                (Subject::Entity(_), CellKey::Property(_) | CellKey::Place)
                | (Subject::Edge(_), CellKey::Facet(_) | CellKey::Field(_) | CellKey::Place) => {}
            }
        }
        Ok(())
    }

    /// A field cannot be unset, only emptied. Under one of several names that would be a value of its own, which differs
    /// from what the others hold; so such a name gets what they show.
    fn unset(&mut self) -> Result<(), StorageError> {
        let mut fields = std::mem::take(&mut self.inverse.fields);
        let (aliases, mappings) = (&self.view.synonyms.aliases, &self.view.synonyms.mappings);
        let meaning = |set: &SetField| (aliases.root(set.entity), mappings.semantic(set.field));
        let mut shown: BTreeMap<_, (Order, Value)> = BTreeMap::new();
        for FieldBack { order, set, .. } in &fields {
            if let Some(order) = *order
                && shown.get(&meaning(set)).is_none_or(|(other, _)| order > *other)
            {
                shown.insert(meaning(set), (order, set.value.clone()));
            }
        }
        for at in 0..fields.len() {
            let FieldBack { order: None, set, .. } = &fields[at] else {
                continue;
            };
            let of = meaning(set);
            let value = match shown.get(&of) {
                Some((_, value)) => Some(value.clone()),
                None => self.held_elsewhere(of, &fields)?,
            };
            if let Some(value) = value {
                fields[at].set.value = value;
            }
        }
        // Where one name gets another value, the others are written again, so that their order stays what it was.
        let changed: BTreeSet<_> = fields
            .iter()
            .filter(|back| back.changes)
            .map(|back| meaning(&back.set))
            .collect();
        let (fields, unchanged): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .partition(|back| changed.contains(&meaning(&back.set)));
        for FieldBack { set, .. } in unchanged {
            let cell = Some(CellKey::Field(set.field));
            self.skip(Subject::Entity(set.entity), cell, SkipReason::Unchanged, None);
        }
        self.inverse.fields = fields;
        Ok(())
    }

    /// What a field of a record shows by the names and fields that are not taken back.
    fn held_elsewhere(
        &mut self,
        (root, semantic): (EntityId, FieldId),
        back: &[FieldBack],
    ) -> Result<Option<Value>, StorageError> {
        let (aliases, mappings) = (&self.view.synonyms.aliases, &self.view.synonyms.mappings);
        let mut held: Option<(Order, Value)> = None;
        for name in aliases.names(root) {
            for field in mappings.fields(&semantic) {
                let taken_back = back
                    .iter()
                    .any(|FieldBack { set, .. }| (set.entity, set.field) == (name, *field));
                let row = self.view.state.row(self.view.store, name)?;
                let tip = row.candidates(&CellKey::Field(*field)).pop();
                if let Some(tip) = tip.filter(|_| !taken_back) {
                    let order = (tip.hlc, tip.op_id);
                    if held.as_ref().is_none_or(|(other, _)| order > *other) {
                        held = Some((order, tip.value));
                    }
                }
            }
        }
        Ok(held.map(|(_, value)| value))
    }

    /// Whether the bundle's writes are the only tips of their cell; if not, it is skipped.
    fn still_stands(&mut self, subject: Subject, key: &CellKey, row: &Row) -> Result<bool, StorageError> {
        let tips = row.candidates(key);
        let mut own = Vec::with_capacity(tips.len());
        for tip in &tips {
            own.push(self.is_own(subject, key, tip.op_id)?);
        }
        // A conflict that was opened again stands for no one side of it.
        let itself = |tip: &Candidate| tip.op_id.bundle() == self.bundle.id();
        let reopened = row.is_contended(key) && !tips.iter().all(itself);
        if own.is_empty() || own.contains(&false) || reopened {
            let other = tips.iter().zip(&own).rev().find(|(_, own)| !**own);
            let reason = if own.contains(&true) {
                SkipReason::InConflict
            } else {
                SkipReason::EditedSince
            };
            let actor = other.map(|(tip, _)| tip).or(tips.last()).map(|tip| tip.actor);
            self.skip(subject, Some(key.clone()), reason, actor);
            return Ok(false);
        }
        // What is deleted is left alone, unless it was this bundle that deleted it, or wrote to it all the same, as the
        // decision of a conflict may.
        let was_gone = self.before.get(subject).is_some_and(Row::is_deleted);
        if *key != CellKey::Exists && !was_gone && self.is_gone(subject, row)? {
            let deletion = row.candidates(&CellKey::Exists).pop();
            let by_this = match &deletion {
                Some(tip) => self.is_own(subject, &CellKey::Exists, tip.op_id)?,
                None => false,
            };
            if !by_this {
                let actor = deletion.map(|tip| tip.actor);
                self.skip(subject, Some(key.clone()), SkipReason::Gone, actor);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what a cell is about is deleted: a record is only once all its names are.
    fn is_gone(&mut self, subject: Subject, row: &Row) -> Result<bool, StorageError> {
        Ok(match subject {
            Subject::Edge(_) => row.is_deleted(),
            Subject::Entity(entity) => row.is_deleted() && self.view.record(entity)?.is_deleted(),
        })
    }

    /// Names what is never taken back.
    fn rest(&mut self) {
        for (entity, field) in std::mem::take(&mut self.deeds.texts) {
            if !self.made.contains(&Subject::Entity(entity)) {
                let cell = Some(CellKey::Field(field));
                self.skip(Subject::Entity(entity), cell, SkipReason::Text, None);
            }
        }
        if self.deeds.facts {
            self.skipped.push(Skipped {
                subject: None,
                cell: None,
                reason: SkipReason::Fact,
                actor: None,
            });
        }
        if self.inverse.is_empty() && self.skipped.is_empty() && self.unchanged.is_empty() {
            self.unchanged.push(Skipped {
                subject: None,
                cell: None,
                reason: SkipReason::Unchanged,
                actor: None,
            });
        }
    }
}

impl Inverse {
    fn is_empty(&self) -> bool {
        let Self {
            restorations,
            facets,
            fields,
            others,
            names,
            deletions,
        } = self;
        let lists = [restorations, facets, others, names, deletions];
        fields.is_empty() && lists.iter().all(|list| list.is_empty())
    }
}
