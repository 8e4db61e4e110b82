//! A store in memory: for tests, and for simulations with thousands of crashes a second.
//!
//! Everything lies in persistent maps, so a snapshot is a handful of reference counts: a reader clones the roots, a
//! transaction works on its own clone, commit publishes it in one assignment and dropping it forgets it. Whatever
//! is committed counts as durable; a crash is [`MemoryStorage::reopen`].

use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use imbl::{OrdMap, Vector};
use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};

use crate::error::StorageError;
use crate::space::Space;
use crate::storage::{ChainId, Place, Position, Read, Readers, Row, Storage, StoredBundle, Write, successor};

const SPACES: usize = Space::ALL.len();

type Rows = OrdMap<Arc<[u8]>, Arc<[u8]>>;

/// One state of the store; cloning it is O(1).
#[derive(Clone, Default)]
struct State {
    /// How many commits led here: tells a transaction whether it still builds on the newest state.
    commits: u64,
    rows: [Rows; SPACES],
    log: Vector<Arc<StoredBundle>>,
    by_seq: OrdMap<(ChainId, u64), Position>,
    by_id: OrdMap<BundleId, Position>,
}

#[derive(Default)]
struct Committed {
    state: State,
    tail_lost: bool,
}

/// A store in memory. Clones share what they store.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    committed: Arc<RwLock<Committed>>,
    tail_lost: bool,
}

impl MemoryStorage {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same store, as it is found after a crash: all that was committed and nothing else.
    #[must_use]
    pub fn reopen(&self) -> Self {
        Self {
            committed: Arc::clone(&self.committed),
            tail_lost: self.read(|committed| committed.tail_lost),
        }
    }

    /// A copy of what is committed, which from here on goes its own way.
    #[must_use]
    pub fn backup(&self) -> Self {
        let state = self.state();
        Self {
            committed: Arc::new(RwLock::new(Committed {
                state,
                tail_lost: false,
            })),
            tail_lost: false,
        }
    }

    /// Puts a backup in place of what is committed. When that takes bundles away, the next
    /// [`MemoryStorage::reopen`] notices, and so does every later one until something is committed.
    pub fn restore(&self, backup: &Self) {
        let older = backup.state();
        self.write(|committed| {
            let lost = committed.state.log.last().is_some_and(|last| {
                let kept = older.log.get(committed.state.log.len() - 1);
                kept.is_none_or(|kept| kept.place.hash != last.place.hash)
            });
            committed.tail_lost |= lost;
            let commits = committed.state.commits + 1;
            committed.state = older.clone();
            committed.state.commits = commits;
        });
    }

    fn state(&self) -> State {
        self.read(|committed| committed.state.clone())
    }

    // A poisoned lock is no reason to stop: what it guards is only ever replaced as a whole.

    fn read<T>(&self, look: impl FnOnce(&Committed) -> T) -> T {
        look(&self.committed.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Committed) -> T) -> T {
        change(&mut self.committed.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Storage for MemoryStorage {
    fn begin(&mut self) -> Result<Box<dyn Write + '_>, StorageError> {
        let state = self.state();
        Ok(Box::new(Transaction { store: self, state }))
    }

    fn readers(&self) -> Box<dyn Readers> {
        Box::new(self.clone())
    }

    fn tail_lost(&self) -> bool {
        self.tail_lost
    }
}

impl Readers for MemoryStorage {
    fn reader(&self) -> Result<Box<dyn Read + Send>, StorageError> {
        Ok(Box::new(self.state()))
    }
}

impl Read for State {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.rows[space.index()].get(key).map(|value| value.to_vec()))
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        Ok(self
            .rows_after(space, prefix, after)
            .take(limit)
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect())
    }

    fn scan_back(
        &self,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let beyond = successor(prefix);
        let end = match (before, &beyond) {
            (Some(before), Some(beyond)) => Some(before.min(beyond)),
            (before, beyond) => before.or(beyond.as_deref()),
        };
        // A range that ends before it begins is a mistake to a map, and here it is empty.
        if before.is_some_and(|before| before <= prefix) {
            return Ok(Vec::new());
        }
        Ok(self.rows[space.index()]
            .range::<(Bound<&[u8]>, Bound<&[u8]>), [u8]>((
                Bound::Included(prefix),
                end.map_or(Bound::Unbounded, Bound::Excluded),
            ))
            .rev()
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect())
    }

    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        Ok(self.rows_after(space, prefix, None).count() as u64)
    }

    fn members(
        &self,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
        let entities = &self.rows[Space::Entity.index()];
        let after = after.map(|entity| [facet.as_bytes().as_slice(), entity.as_bytes()].concat());
        Ok(self
            .rows_after(Space::Member, facet.as_bytes(), after.as_deref())
            .filter_map(|(key, _)| key.get(16..)?.try_into().ok().map(EntityId::from_bytes))
            .filter_map(|entity| Some((entity, entities.get(entity.as_bytes().as_slice())?.to_vec())))
            .take(limit)
            .collect())
    }

    fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
        Ok(self
            .by_seq
            .get(&(chain, seq))
            .and_then(|position| self.stored(*position))
            .map(|stored| stored.place))
    }

    fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
        Ok(self
            .by_id
            .get(&id)
            .and_then(|position| self.stored(*position))
            .map(|stored| stored.place))
    }

    fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
        Ok(self.stored(position).map(|stored| StoredBundle::clone(stored)))
    }

    fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
        Ok(self
            .stored_after(after)
            .take(limit)
            .map(|stored| stored.place)
            .collect())
    }

    fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
        Ok(self
            .stored_after(after)
            .take(limit)
            .map(|stored| StoredBundle::clone(stored))
            .collect())
    }

    fn last(&self) -> Result<Position, StorageError> {
        Ok(Position(self.log.len() as u64))
    }
}

impl State {
    fn rows_after<'a>(
        &'a self,
        space: Space,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
    ) -> impl Iterator<Item = (&'a Arc<[u8]>, &'a Arc<[u8]>)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.rows[space.index()]
            .range::<(Bound<&[u8]>, Bound<&[u8]>), [u8]>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    fn stored(&self, position: Position) -> Option<&Arc<StoredBundle>> {
        self.log.get(usize::try_from(position.0.checked_sub(1)?).ok()?)
    }

    fn stored_after(&self, after: Position) -> impl Iterator<Item = &Arc<StoredBundle>> {
        let start = usize::try_from(after.0).map_or(self.log.len(), |after| after.min(self.log.len()));
        (start..self.log.len()).map(|index| &self.log[index])
    }
}

struct Transaction<'a> {
    store: &'a MemoryStorage,
    state: State,
}

impl Transaction<'_> {
    const fn view(&self) -> &State {
        &self.state
    }
}

crate::storage::read_through!(Transaction<'_>, view);

impl Write for Transaction<'_> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        let seq = bundle.header().seq;
        if self.state.by_seq.contains_key(&(chain, seq)) {
            return Err(StorageError::Occupied { chain: chain.0, seq });
        }
        let place = Place {
            position: Position(self.state.log.len() as u64 + 1),
            chain,
            seq,
            hash: *bundle.hash(),
        };
        self.state.by_seq.insert((chain, seq), place.position);
        self.state.by_id.entry(bundle.id()).or_insert(place.position);
        self.state.log.push_back(Arc::new(StoredBundle {
            place,
            bundle: bundle.clone(),
        }));
        Ok(place)
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.state.rows[space.index()].insert(key.into(), value.into());
        Ok(())
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.state.rows[space.index()].remove(key);
        Ok(())
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        self.state.rows[space.index()] = Rows::new();
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { store, state } = *self;
        store.write(|committed| {
            assert_eq!(
                committed.state.commits, state.commits,
                "a store has one writer, and this one has two"
            );
            committed.state = state.clone();
            committed.state.commits += 1;
            committed.tail_lost = false;
        });
        Ok(())
    }
}
