//! The peer book of a workspace: which peers were met, and the addresses that were given by hand.
//!
//! It lies beside the database as `peers.json`. A book that cannot be read is begun anew: it holds nothing that
//! the peers do not tell again, but for the addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openprod_core::{Timestamp, WorkspaceId};
use openprod_storage::{DirectoryError, SmallFile};
use openprod_sync::{Acquaintance, Memory, SyncService};
use serde::{Deserialize, Serialize};

use crate::app::failed;
use crate::host::HostError;
use crate::problem::Problem;

/// What a book says.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PeerBook {
    /// The addresses that were given by hand.
    #[serde(default)]
    addresses: Vec<String>,
    /// The peers that were met.
    #[serde(default)]
    peers: Vec<Entry>,
}

/// A peer that was met.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    peer_id: String,
    name: String,
    address: String,
    /// When it was last connected, in microseconds since the Unix epoch.
    last_met_micros: u64,
}

/// The books of the workspaces that are open; cheap to clone.
#[derive(Clone)]
pub(crate) struct PeerBooks {
    service: SyncService,
    files: Arc<Mutex<BTreeMap<WorkspaceId, Arc<Mutex<SmallFile>>>>>,
}

impl PeerBooks {
    pub(crate) fn new(service: SyncService) -> Self {
        Self {
            service,
            files: Arc::default(),
        }
    }

    /// Tells the service what a workspace's book remembers, and keeps the book from now on. Blocks.
    pub(crate) fn open(&self, workspace: WorkspaceId, file: SmallFile) {
        match file.read() {
            Ok(None) => {}
            Ok(Some(bytes)) => match serde_json::from_slice::<PeerBook>(&bytes) {
                Ok(book) => self.service.recall(workspace, book.into()),
                Err(error) => tracing::warn!(%workspace, %error, "the peer book is damaged, and begun anew"),
            },
            Err(error) => {
                tracing::warn!(%workspace, %error, "the peer book cannot be read, and is begun anew")
            }
        }
        self.files().insert(workspace, Arc::new(Mutex::new(file)));
    }

    /// Writes down what is known of a workspace's peers now. Nothing is written of one that is not open.
    pub(crate) async fn save(&self, workspace: WorkspaceId) -> Result<(), Problem> {
        let (Some(file), service) = (self.files().get(&workspace).cloned(), self.service.clone()) else {
            return Ok(());
        };
        let saving = tokio::task::spawn_blocking(move || -> Result<(), DirectoryError> {
            let file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock, so that the last one to write has the latest.
            let Some(memory) = service.memory(workspace) else {
                return Ok(());
            };
            let book =
                serde_json::to_vec_pretty(&PeerBook::from(memory)).expect("a book has only text and numbers");
            file.replace(&book)
        });
        let saved = saving.await.map_err(|error| failed(&error))?;
        saved.map_err(|error| HostError::from(error).into())
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<WorkspaceId, Arc<Mutex<SmallFile>>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes every book, as well as it can.
    pub(crate) async fn save_all(&self) {
        let workspaces: Vec<_> = self.files().keys().copied().collect();
        for workspace in workspaces {
            if let Err(problem) = self.save(workspace).await {
                tracing::warn!(%workspace, ?problem, "who was met is not remembered");
            }
        }
    }
}

impl From<Memory> for PeerBook {
    fn from(memory: Memory) -> Self {
        let peers = memory.members.into_iter().map(|member| Entry {
            peer_id: member.peer_id.to_string(),
            name: member.name,
            address: member.address,
            last_met_micros: member.last_met.as_micros(),
        });
        Self {
            addresses: memory.addresses,
            peers: peers.collect(),
        }
    }
}

impl From<PeerBook> for Memory {
    /// Peers whose key cannot be read are left out.
    fn from(book: PeerBook) -> Self {
        let members = book.peers.into_iter().filter_map(|entry| {
            Some(Acquaintance {
                peer_id: entry.peer_id.parse().ok()?,
                name: entry.name,
                address: entry.address,
                last_met: Timestamp::from_micros(entry.last_met_micros),
            })
        });
        Self {
            addresses: book.addresses,
            members: members.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use openprod_core::ActorId;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_unreadable_keys_are_left_out() {
        let memory = Memory {
            addresses: vec!["booth.local:7420".to_owned()],
            members: vec![Acquaintance {
                peer_id: ActorId::from_bytes([7; 32]),
                name: "Booth \"2\"".to_owned(),
                address: "10.0.0.2:7420".to_owned(),
                last_met: Timestamp::from_micros(1_700_000_000_000_000),
            }],
        };
        let mut book = PeerBook::from(memory.clone());
        book.peers.push(Entry {
            peer_id: "none".to_owned(),
            name: String::new(),
            address: String::new(),
            last_met_micros: u64::MAX,
        });
        let text = serde_json::to_vec(&book).unwrap();
        let read: PeerBook = serde_json::from_slice(&text).unwrap();
        assert_eq!(read, book);
        assert_eq!(Memory::from(read), memory);
        let empty: PeerBook = serde_json::from_slice(b"{}").unwrap();
        assert_eq!(Memory::from(empty), Memory::default());
    }
}
