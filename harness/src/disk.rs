//! What a device's workspace lies on: survives a crash, can be copied, can be full.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use openprod_storage::{
    ChainId, MemoryStorage, Place, Position, Read, Readers, Row, Space, SqliteStorage, Storage, StorageError,
    StoredBundle, Write,
};
use tempfile::TempDir;

/// Which store a device uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StoreKind {
    /// [`MemoryStorage`].
    #[default]
    Memory,
    /// [`SqliteStorage`] in a temporary directory.
    Sqlite,
}

/// Where a full disk says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Room {
    /// There is room.
    Free,
    /// The first write of a transaction fails.
    NoneForRows,
    /// The commit fails.
    NoneForCommit,
}

enum Medium {
    Memory(MemoryStorage),
    Sqlite { directory: TempDir },
}

/// A device's disk.
pub struct Disk {
    medium: Medium,
    room: Arc<AtomicU8>,
}

impl Disk {
    /// An empty disk.
    ///
    /// # Errors
    /// The system's, when it gives no temporary directory.
    pub fn new(kind: StoreKind) -> Result<Self, std::io::Error> {
        let medium = match kind {
            StoreKind::Memory => Medium::Memory(MemoryStorage::new()),
            StoreKind::Sqlite => Medium::Sqlite {
                directory: tempfile::tempdir()?,
            },
        };
        Ok(Self {
            medium,
            room: Arc::default(),
        })
    }

    /// Opens the store as it lies there; whatever was open on it must have been dropped.
    ///
    /// # Errors
    /// [`StorageError`] when the database cannot be opened.
    pub fn open(&self) -> Result<Box<dyn Storage>, StorageError> {
        let inner: Box<dyn Storage> = match &self.medium {
            Medium::Memory(store) => Box::new(store.reopen()),
            Medium::Sqlite { .. } => {
                let path = self.database().expect("a SQLite disk has a path");
                if path.exists() {
                    Box::new(SqliteStorage::open(&path)?)
                } else {
                    Box::new(SqliteStorage::create(&path)?)
                }
            }
        };
        Ok(Box::new(Limited {
            inner,
            room: Arc::clone(&self.room),
        }))
    }

    /// A copy that goes its own way, as a backup or a cloned disk does; `None` where this kind cannot be copied.
    #[must_use]
    pub fn copy(&self) -> Option<Self> {
        match &self.medium {
            Medium::Memory(store) => Some(Self {
                medium: Medium::Memory(store.backup()),
                room: Arc::default(),
            }),
            Medium::Sqlite { .. } => None,
        }
    }

    /// Puts a copy in place of what is there. With `noticed`, the store finds out when it is next opened, as it
    /// does when its high-water mark stayed behind; without, nothing on the device tells.
    pub fn restore(&mut self, copy: &Self, noticed: bool) {
        if let (Medium::Memory(store), Medium::Memory(older)) = (&mut self.medium, &copy.medium) {
            if noticed {
                store.restore(older);
            } else {
                *store = older.backup();
            }
        }
    }

    /// Says whether there is room.
    pub fn set_room(&self, room: Room) {
        self.room.store(room as u8, Ordering::Relaxed);
    }

    fn database(&self) -> Option<PathBuf> {
        match &self.medium {
            Medium::Memory(_) => None,
            Medium::Sqlite { directory } => Some(directory.path().join("oplog.db")),
        }
    }
}

/// A store on a disk that can be full.
struct Limited {
    inner: Box<dyn Storage>,
    room: Arc<AtomicU8>,
}

impl Storage for Limited {
    fn begin(&mut self) -> Result<Box<dyn Write + '_>, StorageError> {
        Ok(Box::new(LimitedWrite {
            inner: self.inner.begin()?,
            room: &self.room,
        }))
    }

    fn readers(&self) -> Box<dyn Readers> {
        self.inner.readers()
    }

    fn tail_lost(&self) -> bool {
        self.inner.tail_lost()
    }
}

struct LimitedWrite<'a> {
    inner: Box<dyn Write + 'a>,
    room: &'a AtomicU8,
}

impl LimitedWrite<'_> {
    fn check(&self, room: Room) -> Result<(), StorageError> {
        if self.room.load(Ordering::Relaxed) == room as u8 {
            Err(StorageError::Full)
        } else {
            Ok(())
        }
    }
}

impl Read for LimitedWrite<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.get(space, key)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        self.inner.scan(space, prefix, after, limit)
    }

    fn scan_back(
        &self,
        space: Space,
        prefix: &[u8],
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        self.inner.scan_back(space, prefix, before, limit)
    }

    fn count(&self, space: Space, prefix: &[u8]) -> Result<u64, StorageError> {
        self.inner.count(space, prefix)
    }

    fn members(
        &self,
        facet: FacetId,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<(EntityId, Vec<u8>)>, StorageError> {
        self.inner.members(facet, after, limit)
    }

    fn place(&self, chain: ChainId, seq: u64) -> Result<Option<Place>, StorageError> {
        self.inner.place(chain, seq)
    }

    fn place_of(&self, id: BundleId) -> Result<Option<Place>, StorageError> {
        self.inner.place_of(id)
    }

    fn bundle(&self, position: Position) -> Result<Option<StoredBundle>, StorageError> {
        self.inner.bundle(position)
    }

    fn places(&self, after: Position, limit: usize) -> Result<Vec<Place>, StorageError> {
        self.inner.places(after, limit)
    }

    fn bundles(&self, after: Position, limit: usize) -> Result<Vec<StoredBundle>, StorageError> {
        self.inner.bundles(after, limit)
    }

    fn last(&self) -> Result<Position, StorageError> {
        self.inner.last()
    }
}

impl Write for LimitedWrite<'_> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        self.check(Room::NoneForRows)?;
        self.inner.append(chain, bundle)
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.check(Room::NoneForRows)?;
        self.inner.put(space, key, value)
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.check(Room::NoneForRows)?;
        self.inner.delete(space, key)
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        self.check(Room::NoneForRows)?;
        self.inner.clear(space)
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.check(Room::NoneForCommit)?;
        self.inner.commit()
    }
}
