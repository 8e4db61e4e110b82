//! The records of tables, held in memory by column, so that what is filtered, searched or sorted need not be read
//! row by row.
//!
//! Nothing is kept before it is asked for, and nothing is done when something is committed but to note which records
//! changed. The next listing reads those again. Columns that are older than its snapshot are brought up to it; where
//! they are newer, the records that differ are laid over them as the snapshot has them. A listing that cannot be
//! answered so reads the rows: an answer is never of another state than its snapshot's.

mod column;
mod haystack;
mod needs;
mod notes;
mod order;
mod page;
mod slots;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use openprod_core::FacetId;
use openprod_storage::StorageError;

use self::needs::Needs;
use self::notes::Notes;
use self::table::TableColumns;
use crate::query::{Listing, Overrides, Page};
use crate::snapshot::Snapshot;
use crate::state::Changes;

/// The most that the columns of a workspace take, in bytes: with them, an engine with a million operations open stays
/// below 100 MB. A listing whose columns alone take more reads the rows.
pub const COLUMN_BYTES_MAX: usize = 48 << 20;

/// How many changed records are read again rather than the whole table, whatever its size.
const CHANGED_MIN: usize = 1_024;

/// The share of a table, as its divisor, from which on reading it anew is quicker than reading what changed.
const CHANGED_SHARE: usize = 4;

/// How many records are laid over columns that are newer than the snapshot: more would take longer than a scan.
const OVERLAID_MAX: usize = 4_096;

/// The columns of a workspace's tables; shared by all who take snapshots of it.
pub(crate) struct Columns {
    shared: Mutex<Shared>,
    bytes_max: usize,
}

#[derive(Default)]
struct Shared {
    notes: Notes,
    tables: BTreeMap<FacetId, Entry>,
    /// Counts listings.
    listings: u64,
}

/// The columns of a table.
#[derive(Default)]
struct Entry {
    columns: Arc<RwLock<TableColumns>>,
    /// What they took when they were last changed.
    bytes: usize,
    /// The listing that used them last.
    used: u64,
}

impl Default for Columns {
    fn default() -> Self {
        Self::with_bytes_max(COLUMN_BYTES_MAX)
    }
}

impl Columns {
    fn with_bytes_max(bytes_max: usize) -> Self {
        Self {
            shared: Mutex::default(),
            bytes_max,
        }
    }

    /// Notes what the commit that leads to `version` changes; before it is durable, so that whoever sees the version
    /// finds the note.
    pub(crate) fn note(&self, version: u64, changes: &Changes) {
        self.shared().notes.push(version, changes);
    }

    /// What all columns take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.shared().tables.values().map(|entry| entry.bytes).sum()
    }

    /// Answers a listing; `None` when that takes reading the rows.
    pub(crate) fn list(
        &self,
        snapshot: &Snapshot,
        listing: &Listing<'_>,
        overrides: &Overrides,
    ) -> Result<Option<Page>, StorageError> {
        let needs = Needs::of(listing);
        let (table, now) = self.table(listing.table.id);
        if let Ok(columns) = table.read()
            && columns.version() >= Some(snapshot.version())
            && columns.has(&needs, now)
        {
            return self.page(&columns, snapshot, listing, overrides);
        }
        let mut columns = table.write().unwrap_or_else(|poisoned| {
            // Whoever panicked may have left them half changed.
            let mut columns = poisoned.into_inner();
            *columns = TableColumns::default();
            table.clear_poison();
            columns
        });
        let prepared = self.prepare(&mut columns, snapshot, listing, &needs, now);
        self.settle(listing.table.id, &table, columns.bytes());
        if !prepared? {
            return Ok(None);
        }
        self.page(
            &RwLockWriteGuard::downgrade(columns),
            snapshot,
            listing,
            overrides,
        )
    }

    /// Brings columns up to the snapshot, and adds what the listing needs. `false` when that cannot be.
    fn prepare(
        &self,
        columns: &mut TableColumns,
        snapshot: &Snapshot,
        listing: &Listing<'_>,
        needs: &Needs,
        now: u64,
    ) -> Result<bool, StorageError> {
        let (table, version) = (listing.table, snapshot.version());
        if let Some(at) = columns.version()
            && at < version
        {
            let changed = self.shared().notes.between(at, version, table.id);
            match changed {
                Some(changed) if changed.len() <= CHANGED_MIN.max(columns.len() / CHANGED_SHARE) => {
                    columns.update(snapshot, table.id, &changed)?;
                }
                _ => columns.clear(),
            }
        }
        if !columns.has_gathered(needs) {
            // What is missing must be of the same state as what is there.
            let may_gather = columns.version().is_none_or(|at| at == version);
            if !may_gather || !columns.gather(snapshot, table, needs, self.bytes_max)? {
                return Ok(false);
            }
        }
        columns.derive(needs, now);
        Ok(columns.fit(needs, self.bytes_max))
    }

    /// A page from columns that are no older than the snapshot.
    fn page(
        &self,
        columns: &TableColumns,
        snapshot: &Snapshot,
        listing: &Listing<'_>,
        overrides: &Overrides,
    ) -> Result<Option<Page>, StorageError> {
        let (table, version) = (listing.table.id, snapshot.version());
        let at = columns.version().unwrap_or(version);
        if at == version {
            return Ok(Some(columns.page(snapshot, listing, overrides)?));
        }
        let changed = self.shared().notes.between(version, at, table);
        let Some(changed) = changed.filter(|changed| changed.len() <= OVERLAID_MAX) else {
            return Ok(None);
        };
        let mut overlaid = overrides.clone();
        for entity in changed {
            if let MapEntry::Vacant(vacant) = overlaid.entry(entity) {
                vacant.insert(snapshot.row(entity)?.filter(|row| row.is_member(table)));
            }
        }
        Ok(Some(columns.page(snapshot, listing, &overlaid)?))
    }

    /// A table's columns, and the number of this listing.
    fn table(&self, table: FacetId) -> (Arc<RwLock<TableColumns>>, u64) {
        let mut shared = self.shared();
        shared.listings += 1;
        let now = shared.listings;
        let entry = shared.tables.entry(table).or_default();
        entry.used = now;
        (Arc::clone(&entry.columns), now)
    }

    /// Notes what a table's columns take now, and lets go of tables that were not used for the longest time while all
    /// of them together take too much.
    fn settle(&self, table: FacetId, columns: &Arc<RwLock<TableColumns>>, bytes: usize) {
        let mut shared = self.shared();
        match shared.tables.get_mut(&table) {
            Some(entry) if Arc::ptr_eq(&entry.columns, columns) => entry.bytes = bytes,
            // They have been let go of meanwhile.
            _ => return,
        }
        let mut total: usize = shared.tables.values().map(|entry| entry.bytes).sum();
        while total > self.bytes_max {
            let others = shared.tables.iter().filter(|(other, _)| **other != table);
            let Some(oldest) = others
                .min_by_key(|(_, entry)| entry.used)
                .map(|(other, _)| *other)
            else {
                return;
            };
            total -= shared.tables.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much room to make in a run of text for so many bytes more: some ahead, but not twice the room, as a vector
/// makes, since runs are most of what columns take.
fn text_room(length: usize, capacity: usize, more: usize) -> usize {
    if capacity - length >= more {
        return 0;
    }
    more.max(length / 8)
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Columns").field("bytes", &self.bytes()).finish()
    }
}
