//! The writer's transaction.

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use rusqlite::{ErrorCode, params};

use crate::error::StorageError;
use crate::high_water::Mark;
use crate::space::Space;
use crate::sqlite::SqliteStorage;
use crate::sqlite::view::{View, sql};
use crate::storage::{ChainId, Place, Position, Read, Row, StoredBundle, Write};

/// A transaction that has begun; dropping it rolls it back.
pub(crate) struct Writer<'a> {
    store: &'a mut SqliteStorage,
    /// The last bundle, this transaction's own included.
    mark: Mark,
    /// How much has been written, in bytes of payload.
    bytes: u64,
    open: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(store: &'a mut SqliteStorage) -> Result<Self, StorageError> {
        store.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mark = store.mark;
        Ok(Self { store, mark, bytes: 0, open: true })
    }

    fn view(&self) -> View<'_> {
        View(&self.store.connection)
    }

    /// Runs a statement; a disk that failed makes the store read-only.
    fn run(&mut self, sql: &'static str, params: impl rusqlite::Params) -> Result<(), StorageError> {
        let result = self.store.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        result.map(|_| ()).map_err(|error| self.store.failed(error))
    }
}

crate::storage::read_through!(Writer<'_>, view);

impl Write for Writer<'_> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        let (position, seq, hash) = (Position(self.mark.position.0 + 1), bundle.header().seq, *bundle.hash());
        let bytes: &[u8] = bundle.bytes();
        let inserted = self
            .store
            .connection
            .prepare_cached(
                "INSERT INTO bundle (position, chain, seq, id, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                let id = bundle.id();
                statement.execute(params![
                    position.0 as i64,
                    chain.0,
                    seq as i64,
                    id.as_bytes(),
                    hash.as_bytes(),
                    bytes
                ])
            });
        if let Err(error) = inserted {
            if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
                return Err(StorageError::Occupied { chain: chain.0, seq });
            }
            return Err(self.store.failed(error));
        }
        self.bytes += bytes.len() as u64;
        self.mark = Mark { position, hash };
        Ok(Place { position, chain, seq, hash })
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.bytes += (key.len() + value.len()) as u64;
        self.run(sql(space).put, params![key, value])
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.run(sql(space).delete, params![key])
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        self.run(sql(space).clear, [])
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        if let Err(error) = self.store.connection.execute_batch("COMMIT") {
            return Err(self.store.failed(error));
        }
        self.open = false;
        self.store.committed(self.mark, self.bytes);
        Ok(())
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        // SQLite has rolled back by itself after some failures; then there is nothing left to undo.
        if self.open && !self.store.connection.is_autocommit() {
            let _ = self.store.connection.execute_batch("ROLLBACK");
        }
    }
}
