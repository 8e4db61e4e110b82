//! From a command to the operations that carry it out.
//!
//! Planning reads, judges and decides; it writes nothing. Types, names and references are judged here, against
//! the state as it stands, and nowhere else: what arrives from a peer later is never refused for them.

mod checks;
pub(crate) mod coalesce;
mod conflicts;
mod edges;
mod facts;
mod identity;
mod mappings;
mod records;
pub(crate) mod revert;
mod tables;
mod text;
mod views;

use openprod_core::operation::{AttachFacet, CreateEntity, SetField};
use openprod_core::{
    ActorId, DecisionContext, EdgeId, EntityId, FacetId, FieldId, LogId, Payload, Timestamp, Value,
};
use openprod_storage::{Read, StorageError};
use rand_core::Rng;

pub use checks::NAME_BYTES_MAX;
pub(crate) use facts::effect_of;

use crate::chains::Chains;
use crate::command::{Command, CommandError};
use crate::revert::{Skipped, TakenBack};
use crate::row::{CellKey, Row};
use crate::schema::Schema;
use crate::state::State;
use crate::synonyms::Synonyms;
use crate::text::Bundle;

/// What a plan is made from: the state and the schema as this transaction sees them, the time, and randomness.
pub(crate) struct View<'a> {
    pub(crate) store: &'a dyn Read,
    pub(crate) state: &'a mut State,
    pub(crate) schema: &'a Schema,
    pub(crate) synonyms: &'a Synonyms,
    pub(crate) chains: &'a Chains,
    /// Who plans.
    pub(crate) actor: ActorId,
    /// The log that the plan will be written to.
    pub(crate) log: LogId,
    /// The place of the bundle that it will be written in, by this store's numbers.
    pub(crate) next_bundle: Bundle,
    pub(crate) now: Timestamp,
    pub(crate) random: &'a mut dyn Rng,
}

/// What a command comes to.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) payloads: Vec<Payload>,
    pub(crate) created: Vec<EntityId>,
    pub(crate) edges: Vec<EdgeId>,
    /// What it was decided on.
    pub(crate) decision: Option<DecisionContext>,
    /// What it takes back, and what of that stays.
    pub(crate) taken_back: Option<TakenBack>,
    pub(crate) skipped: Vec<Skipped>,
}

/// Plans a command.
pub(crate) fn plan(view: &mut View<'_>, command: &Command) -> Result<Plan, CommandError> {
    let mut plan = planned(view, command)?;
    if !matches!(command, Command::Revert { .. }) {
        plan.payloads = coalesce::command(plan.payloads);
    }
    Ok(plan)
}

fn planned(view: &mut View<'_>, command: &Command) -> Result<Plan, CommandError> {
    match command {
        Command::NameWorkspace { name } => tables::name_workspace(view, name),
        Command::CreateTable { name, fields } => tables::create(view, name, fields),
        Command::UpdateTable {
            table,
            name,
            add_fields,
            rename_fields,
            remove_fields,
        } => tables::update(
            view,
            table,
            name.as_deref(),
            add_fields,
            rename_fields,
            remove_fields,
        ),
        Command::FollowField {
            table,
            field,
            reference,
        } => tables::follow(view, table, field, reference),
        Command::EditText(edit) => text::edit(view, edit),
        Command::DeleteTable { table } => tables::delete(view, table),
        Command::RestoreTable { table } => tables::restore(view, *table),
        Command::CreateRecords { table, records } => records::create(view, table, records),
        Command::UpdateRecord {
            entity,
            table,
            fields,
        } => records::update(view, *entity, table, fields),
        Command::DeleteRecord { entity } => records::delete(view, *entity),
        Command::RestoreRecord { entity } => records::restore(view, *entity),
        Command::AttachRecord {
            entity,
            table,
            fields,
        } => records::attach(view, *entity, table, fields),
        Command::DetachRecord { entity, table } => records::detach(view, *entity, table),
        Command::CreateEdge(edge) => edges::create(view, edge),
        Command::UpdateEdge { edge, properties } => edges::update(view, *edge, properties),
        Command::DeleteEdge { edge } => edges::delete(view, *edge),
        Command::RestoreEdge { edge } => edges::restore(view, *edge),
        Command::MoveEdge { edge, between } => edges::reorder(view, *edge, *between),
        Command::RebalanceEdges { entity, edge_type } => edges::rebalance(view, *entity, edge_type),
        Command::MergeRecords { survivor, absorbed } => identity::merge(view, *survivor, *absorbed),
        Command::SplitRecord { source, part } => identity::split(view, *source, part),
        Command::ConfirmMapping { a, b } => mappings::confirm(view, a, b),
        Command::RejectMapping { a, b } => mappings::reject(view, a, b),
        Command::ResolveConflict { conflict, decision } => conflicts::resolve(view, *conflict, decision),
        Command::RecordFacts(facts) => facts::record(view, facts),
        Command::ResolveDecision(resolve) => facts::resolve(view, resolve),
        Command::CreateView {
            table,
            name,
            settings,
        } => views::create(view, table, name, settings),
        Command::UpdateView {
            view: saved,
            name,
            settings,
        } => views::update(view, *saved, name.as_deref(), settings.as_deref()),
        Command::DeleteView { view: saved } => views::delete(view, *saved),
        Command::RestoreView { view: saved } => views::restore(view, *saved),
        Command::Revert { bundle } => revert::revert(view, command.name(), *bundle),
        // These are about the drafts and the log themselves, and the transaction carries them out.
        Command::Overlay(_) | Command::Undo | Command::Redo => {
            Err(CommandError::Nothing { act: command.name() })
        }
    }
}

impl View<'_> {
    /// The row of the record that an entity is, or is another name for, as this transaction sees it.
    pub(crate) fn record(&mut self, entity: EntityId) -> Result<Row, StorageError> {
        let names = self.names(entity);
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            rows.push(self.state.row(self.store, name)?.clone());
        }
        Ok(match rows.len() {
            1 if self.synonyms.mappings.is_empty() => rows.remove(0),
            _ => Row::assemble(&rows, &self.synonyms.mappings),
        })
    }

    /// All names of the record that an entity is, or is another name for; its own first.
    pub(crate) fn names(&self, entity: EntityId) -> Vec<EntityId> {
        let aliases = &self.synonyms.aliases;
        aliases.names(aliases.root(entity)).collect()
    }

    /// The facet under which a field is written: its table's, or the one given for fields of no table.
    fn facet_of(&self, field: FieldId, otherwise: FacetId) -> FacetId {
        let table = self
            .schema
            .tables
            .iter()
            .find(|table| table.field_by_id(field).is_some());
        table.map_or(otherwise, |table| table.id)
    }

    fn entropy(&mut self) -> [u8; 10] {
        let mut entropy = [0; 10];
        self.random.fill_bytes(&mut entropy);
        entropy
    }

    fn mint(&mut self) -> EntityId {
        let entropy = self.entropy();
        EntityId::new(self.now, entropy)
    }
}

impl Plan {
    fn only(payload: impl Into<Payload>) -> Self {
        Self {
            payloads: vec![payload.into()],
            ..Self::default()
        }
    }

    fn create(&mut self, view: &mut View<'_>, facet: FacetId) -> EntityId {
        let entity = view.mint();
        self.create_as(entity, facet);
        entity
    }

    fn create_as(&mut self, entity: EntityId, facet: FacetId) {
        self.payloads.push(CreateEntity { entity }.into());
        self.payloads.push(AttachFacet { entity, facet }.into());
        self.created.push(entity);
    }

    fn set(&mut self, entity: EntityId, facet: FacetId, field: FieldId, value: Value) {
        self.payloads.push(
            SetField {
                entity,
                facet,
                field,
                value,
            }
            .into(),
        );
    }

    /// Sets a field of a record that was there before: under its own name, and again wherever the same field has a
    /// value under another name, so that one write supersedes them all.
    fn set_everywhere(
        &mut self,
        view: &mut View<'_>,
        entity: EntityId,
        facet: FacetId,
        field: FieldId,
        value: &Value,
    ) -> Result<(), StorageError> {
        let names = view.names(entity);
        self.set(names[0], facet, field, value.clone());
        let semantic = view.synonyms.mappings.semantic(field);
        let fields = view.synonyms.mappings.fields(&semantic).to_vec();
        for name in &names {
            for other in &fields {
                let written = (*name, *other) == (names[0], field);
                let row = view.state.row(view.store, *name)?;
                if !written && row.value(&CellKey::Field(*other)).is_some() {
                    let facet = view.facet_of(*other, facet);
                    self.set(*name, facet, *other, value.clone());
                }
            }
        }
        Ok(())
    }
}
