//! The writer's transaction.

use openprod_core::{BundleId, EntityId, FacetId, VerifiedBundle};
use rusqlite::{ffi, params};

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
    /// A write failed. SQLite may have undone the transaction by itself, and then every further write would be
    /// committed on its own: so there must be none.
    aborted: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(store: &'a mut SqliteStorage) -> Result<Self, StorageError> {
        let begun = store
            .connection
            .prepare_cached("BEGIN IMMEDIATE")
            .and_then(|mut begin| begin.execute([]));
        begun.map_err(|error| store.failed(error))?;
        let mark = store.mark;
        Ok(Self {
            store,
            mark,
            aborted: false,
        })
    }

    fn view(&self) -> View<'_> {
        View(&self.store.connection)
    }

    /// Runs a statement; when it fails, the transaction is over.
    fn run(&mut self, sql: &'static str, params: impl rusqlite::Params) -> Result<(), StorageError> {
        self.check()?;
        let result = self
            .store
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params));
        result.map(|_| ()).map_err(|error| self.abort(error))
    }

    fn check(&self) -> Result<(), StorageError> {
        self.store.check_writable()?;
        if self.aborted {
            Err(StorageError::Aborted)
        } else {
            Ok(())
        }
    }

    fn abort(&mut self, error: rusqlite::Error) -> StorageError {
        self.aborted = true;
        self.undo();
        self.store.failed(error)
    }

    /// Ends the transaction, if there still is one: SQLite has ended it by itself after some failures.
    fn undo(&self) {
        let connection = &self.store.connection;
        if connection.is_autocommit() {
            return;
        }
        let undone = connection
            .prepare_cached("ROLLBACK")
            .and_then(|mut rollback| rollback.execute([]));
        if let Err(error) = undone
            && !connection.is_autocommit()
        {
            // What it holds must never be committed, and only closing the connection is sure to see to that.
            self.store
                .failure
                .record(|| format!("a transaction could not be undone: {error}"));
        }
    }
}

crate::storage::read_through!(Writer<'_>, view);

impl Write for Writer<'_> {
    fn append(&mut self, chain: ChainId, bundle: &VerifiedBundle) -> Result<Place, StorageError> {
        self.check()?;
        let (position, seq, hash) = (
            Position(self.mark.position.0 + 1),
            bundle.header().seq,
            *bundle.hash(),
        );
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
            // The statement has undone itself, and the transaction goes on.
            if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
            {
                return Err(StorageError::Occupied { chain: chain.0, seq });
            }
            return Err(self.abort(error));
        }
        self.mark = Mark { position, hash };
        Ok(Place {
            position,
            chain,
            seq,
            hash,
        })
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        self.run(sql(space).put, params![key, value])
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), StorageError> {
        self.run(sql(space).delete, params![key])
    }

    fn clear(&mut self, space: Space) -> Result<(), StorageError> {
        self.run(sql(space).clear, [])
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.run("COMMIT", [])?;
        self.store.committed(self.mark);
        Ok(())
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.undo();
    }
}
