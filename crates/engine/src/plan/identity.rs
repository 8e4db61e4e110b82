//! Planning that two records become one, or one two.

use openprod_core::operation::{DetachFacet, MergeEntities, SplitEntity};
use openprod_core::{EntityId, FacetId, Value};

use super::checks::find_table;
use super::records::live;
use super::{Plan, View, text};
use crate::command::{CommandError, Part};
use crate::row::{CellKey, Row};
use crate::schema::reserved;

pub(super) fn merge(
    view: &mut View<'_>,
    survivor: EntityId,
    absorbed: EntityId,
) -> Result<Plan, CommandError> {
    let act = "merge records";
    for entity in [survivor, absorbed] {
        let row = live(view, act, entity)?;
        if row.attached().any(reserved::is_reserved) {
            return Err(CommandError::UnknownRecord { act, entity });
        }
    }
    let aliases = &view.synonyms.aliases;
    let (survivor, absorbed) = (aliases.root(survivor), aliases.root(absorbed));
    if survivor == absorbed {
        return Err(CommandError::AlreadyOne { entity: survivor });
    }
    let mut plan = Plan::only(MergeEntities { survivor, absorbed });
    text::join(view, &mut plan, survivor, absorbed)?;
    Ok(plan)
}

pub(super) fn split(view: &mut View<'_>, source: EntityId, part: &Part) -> Result<Plan, CommandError> {
    let act = "split record";
    let row = live(view, act, source)?;
    match part {
        Part::Name(name) => part_from(view, source, *name),
        Part::Tables(tables) => {
            let schema = view.schema;
            let mut facets = Vec::new();
            for table in tables {
                let table = find_table(schema, act, table)?;
                if !row.is_member(table.id) {
                    let (entity, table) = (source, table.name.clone());
                    return Err(CommandError::NotInTable { act, entity, table });
                }
                facets.push(table.id);
            }
            facets.sort_unstable();
            facets.dedup();
            if facets.is_empty() {
                return Err(CommandError::Nothing { act });
            }
            if row.facets().all(|facet| facets.contains(&facet)) {
                return Err(CommandError::NothingLeft { entity: source });
            }
            match absorbed_with(view, source, &facets)? {
                Some(name) => part_from(view, source, name),
                None => divide(view, source, &row, facets),
            }
        }
    }
}

/// Takes a merge back: the name becomes a record of its own again.
fn part_from(view: &mut View<'_>, source: EntityId, name: EntityId) -> Result<Plan, CommandError> {
    let aliases = &view.synonyms.aliases;
    let root = aliases.root(source);
    if aliases.parent(name).is_none() || aliases.root(name) != root {
        return Err(CommandError::NotMerged { entity: root, name });
    }
    let facets = view.state.row(view.store, name)?.attached().collect();
    Ok(Plan::only(SplitEntity {
        source: root,
        new_entity: name,
        facets,
    }))
}

/// A name that was merged into the record with just these facets, which no other name has.
fn absorbed_with(
    view: &mut View<'_>,
    source: EntityId,
    facets: &[FacetId],
) -> Result<Option<EntityId>, CommandError> {
    let mut found = None;
    for (at, name) in view.names(source).into_iter().enumerate() {
        let own: Vec<FacetId> = view.state.row(view.store, name)?.facets().collect();
        if at > 0 && own == facets {
            found = Some(name);
        } else if own.iter().any(|facet| facets.contains(facet)) {
            return Ok(None);
        }
    }
    Ok(found)
}

/// Gives some tables of a record, with what it shows in them, to a new one.
fn divide(
    view: &mut View<'_>,
    source: EntityId,
    row: &Row,
    facets: Vec<FacetId>,
) -> Result<Plan, CommandError> {
    let names = view.names(source);
    let mut plan = Plan::default();
    let mut new = None;
    for facet in &facets {
        let entity = match new {
            None => *new.insert(plan.create(view, *facet)),
            Some(entity) => {
                let facet = *facet;
                let attach = openprod_core::operation::AttachFacet { entity, facet };
                plan.payloads.push(attach.into());
                entity
            }
        };
        let table = view.schema.table(*facet);
        for field in table.map_or(&[][..], |table| &table.fields) {
            let value = row.field(field.id);
            if *value != Value::Empty && !field.is_kept_elsewhere() {
                plan.set(entity, *facet, field.id, value.clone());
            }
        }
        for name in &names {
            let own = view.state.row(view.store, *name)?;
            if own.value(&CellKey::Facet(*facet)) == Some(&Value::Boolean(true)) {
                let (entity, facet) = (*name, *facet);
                plan.payloads.push(DetachFacet { entity, facet }.into());
            }
        }
    }
    plan.payloads.extend(new.map(|new_entity| {
        let source = names[0];
        SplitEntity {
            source,
            new_entity,
            facets,
        }
        .into()
    }));
    Ok(plan)
}
