//! What is stored of a workspace as a whole, so that it opens without reading its log.

use openprod_core::LogId;
use openprod_core::encoding::encode;
use openprod_storage::{Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use crate::derive::DERIVATION_VERSION;
use crate::state_hash::StateHash;
use crate::stored::stored;

/// What is stored of a workspace as a whole.
#[derive(Clone, Copy, Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Summary {
    /// The rules by which the rows were derived.
    pub(crate) derivation: u32,
    /// The log that this engine writes.
    pub(crate) log: LogId,
    pub(crate) hash: StateHash,
    /// How many operations are stored.
    pub(crate) operations: u64,
    /// How many bundles are held.
    pub(crate) held: u64,
    /// How often the schema or the other names have been read anew. A position would not do: a bundle that is
    /// released changes them without a new one.
    pub(crate) schema: u64,
    /// How many drafts there are.
    pub(crate) overlays: u64,
    /// How many transactions have committed something.
    pub(crate) version: u64,
}

impl Summary {
    const KEY: &[u8] = b"summary 2";

    pub(crate) const fn new(log: LogId) -> Self {
        let hash = StateHash::ZERO;
        Self {
            derivation: DERIVATION_VERSION,
            log,
            hash,
            operations: 0,
            held: 0,
            schema: 0,
            overlays: 0,
            version: 0,
        }
    }

    pub(crate) fn load(store: &dyn Read) -> Result<Option<Self>, StorageError> {
        if let Some(bytes) = store.get(Space::Meta, Self::KEY)? {
            return stored(Space::Meta, &bytes).map(Some);
        }
        let first = store.get(Space::Meta, FirstSummary::KEY)?;
        first
            .map(|bytes| stored::<FirstSummary>(Space::Meta, &bytes).map(Self::from))
            .transpose()
    }

    pub(crate) fn save(&self, store: &mut dyn Write) -> Result<(), StorageError> {
        store.put(Space::Meta, Self::KEY, &encode(self))
    }
}

/// The summary of stores that were derived by version 1.
#[derive(SchemaRead, SchemaWrite)]
struct FirstSummary {
    derivation: u32,
    log: LogId,
    hash: StateHash,
    operations: u64,
    held: u64,
    schema: u64,
}

impl FirstSummary {
    const KEY: &[u8] = b"summary";
}

impl From<FirstSummary> for Summary {
    fn from(first: FirstSummary) -> Self {
        Self {
            derivation: first.derivation,
            hash: first.hash,
            operations: first.operations,
            held: first.held,
            schema: first.schema,
            ..Self::new(first.log)
        }
    }
}
