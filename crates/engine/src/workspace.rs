//! Which workspace this is, and what its members share.

use std::fmt;

use openprod_core::WorkspaceId;
use openprod_core::encoding::encode;
use openprod_storage::{Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use crate::stored::stored;

/// What makes an engine a member of a workspace.
#[derive(Clone, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// The name it had when it was created or joined; the schema has its present one.
    pub name: String,
    /// The secret that every member knows; sync derives its keys from it.
    pub secret: [u8; 32],
}

impl Workspace {
    const KEY: &[u8] = b"workspace";

    pub(crate) fn load(store: &dyn Read) -> Result<Option<Self>, StorageError> {
        store
            .get(Space::Meta, Self::KEY)?
            .map(|bytes| stored(Space::Meta, &bytes))
            .transpose()
    }

    pub(crate) fn save(&self, store: &mut dyn Write) -> Result<(), StorageError> {
        store.put(Space::Meta, Self::KEY, &encode(self))
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workspace")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
