//! Other names: entities that were merged, and fields that were declared one.
//!
//! Both are recomputed from their own operations in canonical order, and applied when reading; no row is ever
//! rewritten for them. There are few such operations, so the whole is small and kept in memory.

mod aliases;
mod mappings;

use openprod_core::encoding::encode;
use openprod_core::{Hlc, OpId};
use openprod_storage::{Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

pub(crate) use aliases::AliasChange;
pub use aliases::Aliases;
pub(crate) use mappings::MappingChange;
pub use mappings::{Mappings, Pair};

use crate::state_hash::StateHash;
use crate::stored::stored;

/// All other names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// Of entities.
    pub aliases: Aliases,
    /// Of fields.
    pub mappings: Mappings,
}

/// A change to the names, as it is stored in canonical order.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) enum NameChange {
    Alias(AliasChange),
    Mapping(MappingChange),
}

impl Synonyms {
    pub(crate) fn load(store: &dyn Read) -> Result<Self, StorageError> {
        Ok(Self::replay(changes(store)?.iter().map(|(_, change)| change)))
    }

    /// What changes in canonical order lead to.
    pub(crate) fn replay<'a>(changes: impl IntoIterator<Item = &'a NameChange>) -> Self {
        let mut synonyms = Self::default();
        for change in changes {
            match change {
                NameChange::Alias(change) => synonyms.aliases.apply(change),
                NameChange::Mapping(change) => synonyms.mappings.apply(change),
            }
        }
        synonyms.aliases.index();
        synonyms.mappings.index();
        synonyms
    }

    /// Whether nothing has another name.
    pub(crate) fn is_empty(&self) -> bool {
        self.aliases.is_empty() && self.mappings.is_empty()
    }
}

/// All changes, with the operations that made them, in canonical order.
pub(crate) fn changes(store: &dyn Read) -> Result<Vec<(OpId, NameChange)>, StorageError> {
    let rows = store.scan(Space::Name, &[], None, usize::MAX)?;
    rows.into_iter()
        .map(|(key, value)| {
            let damaged = |_| StorageError::DamagedRow {
                space: Space::Name.name(),
            };
            let id = key.get(12..).unwrap_or_default().try_into().map_err(damaged)?;
            Ok((OpId::from_bytes(id), stored(Space::Name, &value)?))
        })
        .collect()
}

/// Stores a change, so that [`Synonyms::load`] finds it in its place.
pub(crate) fn put(
    store: &mut dyn Write,
    hash: &mut StateHash,
    (hlc, op_id): (Hlc, OpId),
    change: &NameChange,
) -> Result<(), StorageError> {
    let key = [hlc.as_bytes().as_slice(), op_id.as_bytes()].concat();
    let value = encode(change);
    hash.add(&[key.as_slice(), &value].concat());
    store.put(Space::Name, &key, &value)
}
