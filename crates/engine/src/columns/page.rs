//! A page of a listing from a table's columns.

use std::cmp::Ordering;

use openprod_core::EntityId;
use openprod_storage::{Space, StorageError};

use super::column::Column;
use super::slots::Slots;
use super::table::TableColumns;
use crate::query::{Comparison, Compiled, Key, Listing, Overrides, Page, Sort, Test, ValueRef};
use crate::row::Row;
use crate::snapshot::Snapshot;

/// Why a column, an order or a run of texts is there.
const PREPARED: &str = "everything that a listing needs is made before its page";

impl TableColumns {
    /// The page of a listing, with records laid over those of the columns. Every record that is not laid over must
    /// be in the snapshot as it is in the columns.
    pub(super) fn page(
        &self,
        snapshot: &Snapshot,
        listing: &Listing<'_>,
        overrides: &Overrides,
    ) -> Result<Page, StorageError> {
        let mut passing = self.live.clone();
        for slot in overrides.keys().filter_map(|entity| self.slot(*entity)) {
            passing.remove(slot);
        }
        if let Some(filter) = &listing.filter {
            passing = self.narrow(passing, filter);
        }
        if let Some(text) = &listing.search {
            let found = self.search.as_ref().expect(PREPARED).find(text);
            passing = passing.filter(|slot| found.contains(slot));
        }
        let mut laid_over: Vec<(Key, &Row)> = overrides
            .iter()
            .filter_map(|(entity, row)| Some((*entity, row.as_ref()?)))
            .filter(|(_, row)| listing.passes(row))
            .map(|(entity, row)| (listing.key(entity, row), row))
            .collect();
        let total = (passing.len() + laid_over.len()) as u64;
        laid_over.retain(|(key, _)| listing.is_beyond_start(key));
        laid_over.sort_by(|(a, _), (b, _)| a.cmp(b));

        let order = self.order(&listing.sort).expect(PREPARED);
        let is_before = |slot: &u32| !listing.is_beyond_start(&self.key(*slot, &listing.sort));
        let first = if listing.start.is_some() {
            order.partition_point(is_before)
        } else {
            0
        };
        let mut stored = order[first..]
            .iter()
            .copied()
            .filter(|slot| passing.contains(*slot))
            .peekable();
        let mut laid_over = laid_over.into_iter().peekable();
        let mut records: Vec<(EntityId, Row)> = Vec::with_capacity(listing.limit);
        let comes_first = |slot: u32, key: &Key| self.key(slot, &listing.sort) < *key;
        while records.len() < listing.limit {
            let from_columns = match (stored.peek(), laid_over.peek()) {
                (Some(slot), Some((key, _))) => comes_first(*slot, key),
                (next, _) => next.is_some(),
            };
            if from_columns {
                let Some(slot) = stored.next() else { break };
                let entity = self.entities[slot as usize];
                let row = snapshot.row(entity)?.ok_or(StorageError::DamagedRow {
                    space: Space::Entity.name(),
                })?;
                records.push((entity, row));
            } else {
                let Some((key, row)) = laid_over.next() else { break };
                records.push((key.entity(), row.clone()));
            }
        }
        let beyond = stored.peek().is_some() || laid_over.peek().is_some();
        let last = records.last().filter(|_| beyond);
        let next_cursor = last.map(|(entity, row)| listing.key(*entity, row).to_text());
        Ok(Page {
            records,
            total,
            next_cursor,
        })
    }

    /// Those of the slots that pass a filter.
    fn narrow(&self, within: Slots, filter: &Compiled) -> Slots {
        match filter {
            Compiled::And(filters) => filters
                .iter()
                .fold(within, |within, filter| self.narrow(within, filter)),
            Compiled::Or(filters) => {
                let mut any = Slots::default();
                for filter in filters {
                    any.unite(&self.narrow(within.clone(), filter));
                }
                any
            }
            Compiled::Test(test) => self.test(&within, test),
        }
    }

    fn test(&self, within: &Slots, test: &Test) -> Slots {
        let column = self.fields.get(&test.field).expect(PREPARED);
        if !test.is_textual() {
            return passing(column, within, test);
        }
        if test.text.is_empty() {
            // Every text contains nothing, and starts with it.
            return within.filter(|slot| column.get(slot) != ValueRef::Empty);
        }
        let texts = self.texts.get(&test.field).expect(PREPARED);
        if test.comparison == Comparison::StartsWith {
            return within.filter(|slot| texts.starts_with(slot, &test.text));
        }
        let found = texts.find(&test.text);
        within.filter(|slot| found.contains(slot))
    }

    /// The place of a slot's record.
    fn key(&self, slot: u32, sort: &Sort) -> Key {
        let value = |field| self.fields.get(field).expect(PREPARED).get(slot).to_value();
        let values = sort.iter().map(|(field, _)| value(field));
        Key::new(self.entities[slot as usize], sort, values)
    }
}

/// The slots that pass a comparison that is not one of text. Those with one value are told apart before the loop:
/// together with [`Column::filter`] that leaves little to do for each slot.
fn passing(column: &Column, within: &Slots, test: &Test) -> Slots {
    let Some(other) = test.single() else {
        return column.filter(within, |value| test.passes(value));
    };
    match test.comparison {
        Comparison::Equal => column.filter(within, |value| value.equals(other)),
        Comparison::NotEqual => column.filter(within, |value| !value.equals(other)),
        // No value is less or greater than nothing.
        _ if other == ValueRef::Empty => column.filter(within, |value| test.passes(value)),
        Comparison::Less => column.filter(within, |value| {
            value.compare_within_type(other) == Some(Ordering::Less)
        }),
        Comparison::AtMost => column.filter(within, |value| {
            value.compare_within_type(other).is_some_and(Ordering::is_le)
        }),
        Comparison::Greater => column.filter(within, |value| {
            value.compare_within_type(other) == Some(Ordering::Greater)
        }),
        Comparison::AtLeast => column.filter(within, |value| {
            value.compare_within_type(other).is_some_and(Ordering::is_ge)
        }),
        _ => column.filter(within, |value| test.passes(value)),
    }
}
