//! Listings that read the store, row after row: in order of creation, which costs no more than its page, and any
//! other where there are no columns to answer it from.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use openprod_storage::StorageError;

use super::key::Key;
use super::{Listing, Overrides, Page};
use crate::row::Row;
use crate::snapshot::Snapshot;

/// How many rows are read at a time.
pub(crate) const PAGE: usize = 1_024;

/// Reads every row of the table.
pub(crate) fn scan(
    snapshot: &Snapshot,
    listing: &Listing<'_>,
    overrides: &Overrides,
) -> Result<Page, StorageError> {
    let mut page: BinaryHeap<(Key, ByKey)> = BinaryHeap::new();
    let mut total = 0;
    let mut beyond = false;
    let mut consider = |entity, row: Row| {
        if !listing.passes(&row) {
            return;
        }
        total += 1;
        let key = listing.key(entity, &row);
        if listing.is_beyond_start(&key) {
            page.push((key, ByKey(row)));
            if page.len() > listing.limit {
                page.pop();
                beyond = true;
            }
        }
    };
    let mut after = None;
    loop {
        let rows = snapshot.members(listing.table.id, after, PAGE)?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(*last);
        for (entity, row) in rows {
            if !overrides.contains_key(&entity) {
                consider(entity, row);
            }
        }
    }
    for (entity, row) in overrides {
        if let Some(row) = row {
            consider(*entity, row.clone());
        }
    }
    let sorted = page.into_sorted_vec();
    let next_cursor = sorted.last().filter(|_| beyond).map(|(key, _)| key.to_text());
    let records = sorted
        .into_iter()
        .map(|(key, row)| (key.entity(), row.0))
        .collect();
    Ok(Page {
        records,
        total,
        next_cursor,
    })
}

/// Reads the rows of the page alone, for a listing without filter, search and sort.
pub(crate) fn in_order_of_creation(
    snapshot: &Snapshot,
    listing: &Listing<'_>,
    overrides: &Overrides,
) -> Result<Page, StorageError> {
    let (table, limit) = (listing.table.id, listing.limit);
    let start = listing.start.as_ref().map(Key::entity);
    let mut records = Vec::with_capacity(limit + 1);
    let mut after = start;
    while records.len() <= limit {
        let wanted = limit + 1 - records.len();
        let rows = snapshot.members(table, after, wanted)?;
        let Some((last, _)) = rows.last() else { break };
        let is_last = rows.len() < wanted;
        after = Some(*last);
        records.extend(
            rows.into_iter()
                .filter(|(entity, _)| !overrides.contains_key(entity)),
        );
        if is_last {
            break;
        }
    }
    let mut total = snapshot.count(table)?;
    for (entity, row) in overrides {
        let is_member = snapshot.row(*entity)?.is_some_and(|row| row.is_member(table));
        total = total - u64::from(is_member) + u64::from(row.is_some());
        if let Some(row) = row
            && start.is_none_or(|start| *entity > start)
        {
            records.push((*entity, row.clone()));
        }
    }
    if !overrides.is_empty() {
        records.sort_by_key(|(entity, _)| *entity);
    }
    let beyond = records.len() > limit;
    records.truncate(limit);
    let last = records.last().filter(|_| beyond);
    let next_cursor = last.map(|(entity, row)| listing.key(*entity, row).to_text());
    Ok(Page {
        records,
        total,
        next_cursor,
    })
}

/// A row that takes no part in the order of the keys beside it.
struct ByKey(Row);

impl PartialEq for ByKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ByKey {}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByKey {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
