//! Readers: each sees one moment of the store, whatever is committed meanwhile.

use std::path::PathBuf;

use openprod_core::{BundleId, EntityId, FacetId};
use openprod_wal::Pool;

use crate::error::StorageError;
use crate::space::Space;
use crate::sqlite::connection::open_reader;
use crate::sqlite::view::View;
use crate::storage::{ChainId, Place, Position, Read, Readers, Row, StoredBundle};

/// How many idle connections are kept.
const IDLE_MAX: usize = 4;

/// The readers of a store. Any number may read at the same time.
pub(crate) fn readers_of(path: PathBuf) -> Pool {
    Pool::new(path, usize::MAX, IDLE_MAX, open_reader)
}

impl Readers for Pool {
    fn reader(&self) -> Result<Box<dyn Read + Send>, StorageError> {
        let reader = Reader(Self::reader(self)?);
        // The first read pins the state; until then the transaction would see whatever comes.
        reader.last()?;
        Ok(Box::new(reader))
    }
}

struct Reader(openprod_wal::Reader);

impl Reader {
    fn view(&self) -> View<'_> {
        View(&self.0)
    }
}

crate::storage::read_through!(Reader, view);
