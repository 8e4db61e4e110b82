//! One table's records by column, all of one state.
//!
//! A record has a slot, under which every column keeps its value. A record that goes frees its slot for another.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{EntityId, FacetId, FieldId, FieldType};
use openprod_storage::StorageError;

use super::column::Column;
use super::haystack::Haystack;
use super::needs::{Needs, Part};
use super::order::{Order, put_in, take_out};
use super::slots::Slots;
use crate::query::{PAGE, Sort, ValueRef, searched};
use crate::row::Row;
use crate::schema::Table;
use crate::snapshot::Snapshot;

/// How many orders are kept; four bytes a record each.
const ORDERS_MAX: usize = 8;

/// How much that had no room is remembered: so that each listing does not find out anew.
const NO_ROOM_MAX: usize = 16;

/// What a value takes in a column, in bytes, as a guess before it has been read.
const VALUE_BYTES: u64 = 24;

/// One table's records by column.
#[derive(Debug, Default)]
pub(crate) struct TableColumns {
    /// The state that they show; `None` before they show any.
    version: Option<u64>,
    /// The record of each slot; meaningless for those that are free.
    pub(super) entities: Vec<EntityId>,
    /// The slots that have a record.
    pub(super) live: Slots,
    free: Vec<u32>,
    pub(super) fields: BTreeMap<FieldId, Column>,
    /// The texts of fields into which filters look.
    pub(super) texts: BTreeMap<FieldId, Haystack>,
    /// All texts.
    pub(super) search: Option<Haystack>,
    /// The slots in the order of their records' ids.
    by_entity: Vec<u32>,
    orders: Vec<Order>,
    /// What had no room together, and how many records the table had then; the oldest first.
    no_room: Vec<(BTreeSet<Part>, u64)>,
}

impl TableColumns {
    pub(crate) const fn version(&self) -> Option<u64> {
        self.version
    }

    /// How many records there are.
    pub(crate) const fn len(&self) -> usize {
        self.by_entity.len()
    }

    /// Whether everything is there that a listing needs, which this one counts as a use of.
    pub(crate) fn has(&self, needs: &Needs, now: u64) -> bool {
        let order = self.orders.iter().find(|order| order.sort == needs.sort);
        if let Some(order) = order {
            order.touch(now);
        }
        self.has_gathered(needs)
            && needs.texts.iter().all(|field| self.texts.contains_key(field))
            && (needs.sort.is_empty() || order.is_some())
    }

    /// Whether everything is there that must be read from rows.
    pub(crate) fn has_gathered(&self, needs: &Needs) -> bool {
        let has = |(field, field_type): (&FieldId, &FieldType)| {
            self.fields
                .get(field)
                .is_some_and(|column| column.field_type() == *field_type)
        };
        self.version.is_some() && needs.fields.iter().all(has) && (!needs.search || self.search.is_some())
    }

    /// Forgets everything but what has no room.
    pub(crate) fn clear(&mut self) {
        let no_room = std::mem::take(&mut self.no_room);
        *self = Self {
            no_room,
            ..Self::default()
        };
    }

    /// Reads what is missing from the rows: of every field at once, if there is room, since reading takes the time.
    /// `false` when there is no room.
    pub(crate) fn gather(
        &mut self,
        snapshot: &Snapshot,
        table: &Table,
        needs: &Needs,
        bytes_max: usize,
    ) -> Result<bool, StorageError> {
        let count = snapshot.count(table.id)?;
        if self.had_no_room(needs, count) {
            return Ok(false);
        }
        let begins = self.version.is_none();
        if begins {
            self.clear();
        }
        let guess = count.saturating_mul(table.fields.len() as u64 * VALUE_BYTES);
        let all = begins && guess <= bytes_max as u64 / 2;
        let mut fresh: Vec<_> = table
            .fields
            .iter()
            .filter(|field| all || needs.fields.contains_key(&field.id))
            .filter(|field| {
                let present = self.fields.get(&field.id);
                present.is_none_or(|column| column.field_type() != field.field_type)
            })
            .map(|field| {
                let room = (count as usize).min(bytes_max / VALUE_BYTES as usize);
                (field.id, Column::new(field.field_type, room))
            })
            .collect();
        let mut search = (needs.search && self.search.is_none()).then(Haystack::default);
        let (mut after, mut read) = (None, 0);
        loop {
            let rows = snapshot.members(table.id, after, PAGE)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(*last);
            for (entity, row) in rows {
                if begins {
                    self.by_entity.push(read as u32);
                    self.entities.push(entity);
                    self.live.insert(read as u32);
                }
                let slot = match self.by_entity.get(read) {
                    Some(slot) if self.entities[*slot as usize] == entity => *slot,
                    // Not the records that were here in the same state: better to begin again.
                    _ => {
                        self.clear();
                        return Ok(false);
                    }
                };
                read += 1;
                for (field, column) in &mut fresh {
                    column.set(slot, row.field(*field));
                }
                if let Some(search) = &mut search {
                    search.set(slot, searched(&row));
                }
            }
            let taken = fresh.iter().map(|(_, column)| column.bytes()).sum::<usize>()
                + search.as_ref().map_or(0, Haystack::bytes);
            if self.bytes() + taken > bytes_max {
                self.keep(needs);
                if self.bytes() + taken > bytes_max {
                    self.note_no_room(needs, count);
                    if begins {
                        self.clear();
                    }
                    return Ok(false);
                }
            }
        }
        if read != self.by_entity.len() {
            self.clear();
            return Ok(false);
        }
        fresh.iter_mut().for_each(|(_, column)| column.shrink());
        self.fields.extend(fresh);
        if let Some(mut search) = search {
            search.shrink();
            self.search = Some(search);
        }
        self.version = Some(snapshot.version());
        Ok(true)
    }

    /// Makes from the columns what a listing needs and they do not hold yet.
    pub(crate) fn derive(&mut self, needs: &Needs, now: u64) {
        for field in &needs.texts {
            if let (None, Some(column)) = (self.texts.get(field), self.fields.get(field)) {
                let mut texts = Haystack::default();
                for slot in &self.by_entity {
                    texts.set(*slot, text(column, *slot));
                }
                texts.shrink();
                self.texts.insert(*field, texts);
            }
        }
        let present = self.orders.iter().find(|order| order.sort == needs.sort);
        if let Some(order) = present {
            order.touch(now);
        } else if !needs.sort.is_empty() {
            let mut slots = self.by_entity.clone();
            let compare = compare(&self.fields, &self.entities, &needs.sort);
            slots.sort_unstable_by(|a, b| compare(*a, *b));
            if self.orders.len() == ORDERS_MAX {
                let oldest = (0..ORDERS_MAX).min_by_key(|at| self.orders[*at].used());
                self.orders.swap_remove(oldest.unwrap_or_default());
            }
            self.orders.push(Order::new(needs.sort.clone(), slots, now));
        }
    }

    /// Whether everything fits; if not, keeps only what a listing needs, and if that does not fit, nothing.
    pub(crate) fn fit(&mut self, needs: &Needs, bytes_max: usize) -> bool {
        if self.bytes() > bytes_max {
            self.keep(needs);
        }
        let fits = self.bytes() <= bytes_max;
        if !fits {
            self.note_no_room(needs, self.len() as u64);
            self.clear();
        }
        fits
    }

    /// Brings the columns to the state of a snapshot, from which they differ in these records at most.
    pub(crate) fn update(
        &mut self,
        snapshot: &Snapshot,
        table: FacetId,
        changed: &BTreeSet<EntityId>,
    ) -> Result<(), StorageError> {
        // Should a row not be readable, they show no state any more.
        self.version = None;
        let changed: Vec<_> = changed.iter().copied().collect();
        for part in changed.chunks(PAGE) {
            let rows = part
                .iter()
                .map(|entity| Ok((*entity, snapshot.row(*entity)?.filter(|row| row.is_member(table)))))
                .collect::<Result<Vec<_>, StorageError>>()?;
            self.replace(&rows);
        }
        self.version = Some(snapshot.version());
        Ok(())
    }

    /// The slot of a record.
    pub(super) fn slot(&self, entity: EntityId) -> Option<u32> {
        let place = |slot: &u32| self.entities[*slot as usize].cmp(&entity);
        let at = self.by_entity.binary_search_by(place).ok()?;
        Some(self.by_entity[at])
    }

    /// The slots in the order of a sort; `None` when that is not there.
    pub(super) fn order(&self, sort: &Sort) -> Option<&[u32]> {
        if sort.is_empty() {
            return Some(&self.by_entity);
        }
        let order = self.orders.iter().find(|order| order.sort == sort)?;
        Some(&order.slots)
    }

    pub(crate) fn bytes(&self) -> usize {
        let orders: usize = self.orders.iter().map(|order| order.slots.capacity() * 4).sum();
        let texts = self.texts.values().chain(&self.search);
        self.entities.capacity() * size_of::<EntityId>()
            + self.live.bytes()
            + (self.free.capacity() + self.by_entity.capacity()) * 4
            + self.fields.values().map(Column::bytes).sum::<usize>()
            + texts.map(Haystack::bytes).sum::<usize>()
            + orders
    }

    /// Puts these rows in place of those that records have; `None` takes a record away.
    fn replace(&mut self, rows: &[(EntityId, Option<Row>)]) {
        let slots: Vec<_> = rows.iter().map(|(entity, _)| self.slot(*entity)).collect();
        let mut gone = Slots::below(self.entities.len());
        slots.iter().flatten().for_each(|slot| gone.insert(*slot));
        take_out(&mut self.by_entity, &gone);
        for order in &mut self.orders {
            take_out(&mut order.slots, &gone);
        }
        let mut placed = Vec::with_capacity(rows.len());
        for ((entity, row), slot) in rows.iter().zip(slots) {
            match (row, slot) {
                (Some(row), slot) => {
                    let slot = slot.or_else(|| self.free.pop()).unwrap_or_else(|| {
                        self.entities.push(*entity);
                        (self.entities.len() - 1) as u32
                    });
                    self.entities[slot as usize] = *entity;
                    self.live.insert(slot);
                    self.write(slot, row);
                    placed.push(slot);
                }
                (None, Some(slot)) => {
                    self.live.remove(slot);
                    self.write(slot, &Row::default());
                    self.free.push(slot);
                }
                (None, None) => {}
            }
        }
        let (fields, entities) = (&self.fields, &self.entities);
        put_in(
            &mut self.by_entity,
            placed.clone(),
            compare(fields, entities, &[]),
        );
        for order in &mut self.orders {
            let compare = compare(fields, entities, &order.sort);
            put_in(&mut order.slots, placed.clone(), compare);
        }
    }

    fn write(&mut self, slot: u32, row: &Row) {
        for (field, column) in &mut self.fields {
            column.set(slot, row.field(*field));
        }
        for (field, texts) in &mut self.texts {
            if let Some(column) = self.fields.get(field) {
                texts.set(slot, text(column, slot));
            }
        }
        if let Some(search) = &mut self.search {
            search.set(slot, searched(row));
        }
    }

    /// Forgets what a listing does not need.
    fn keep(&mut self, needs: &Needs) {
        self.fields.retain(|field, _| needs.fields.contains_key(field));
        self.texts.retain(|field, _| needs.texts.contains(field));
        if !needs.search {
            self.search = None;
        }
        self.orders.retain(|order| order.sort == needs.sort);
    }

    fn note_no_room(&mut self, needs: &Needs, count: u64) {
        if self.no_room.len() == NO_ROOM_MAX {
            self.no_room.remove(0);
        }
        self.no_room.push((needs.parts(), count));
    }

    /// Whether there was no room when the table was not much larger.
    fn had_no_room(&self, needs: &Needs, count: u64) -> bool {
        let parts = needs.parts();
        self.no_room
            .iter()
            .any(|(refused, then)| count >= then / 4 * 3 && refused.is_subset(&parts))
    }
}

/// The text of a slot in a field: none when it is empty.
fn text(column: &Column, slot: u32) -> impl Iterator<Item = ValueRef<'_>> {
    let value = column.get(slot);
    (value != ValueRef::Empty).then_some(value).into_iter()
}

/// The order of two slots by a sort: that of [`Key`](crate::query::Key)s.
fn compare(
    fields: &BTreeMap<FieldId, Column>,
    entities: &[EntityId],
    sort: &Sort,
) -> impl Fn(u32, u32) -> Ordering {
    let columns: Vec<_> = sort
        .iter()
        .filter_map(|(field, descending)| Some((fields.get(field)?, *descending)))
        .collect();
    move |a, b| {
        for (column, descending) in &columns {
            let order = match (column.get(a), column.get(b)) {
                (ValueRef::Empty, ValueRef::Empty) => Ordering::Equal,
                (ValueRef::Empty, _) => Ordering::Greater,
                (_, ValueRef::Empty) => Ordering::Less,
                (a, b) if *descending => b.compare(a),
                (a, b) => a.compare(b),
            };
            if order.is_ne() {
                return order;
            }
        }
        entities[a as usize].cmp(&entities[b as usize])
    }
}
