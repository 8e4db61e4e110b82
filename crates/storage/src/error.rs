//! What can go wrong with a store.

use std::path::PathBuf;

use openprod_core::BundleError;
use thiserror::Error;

/// Why a store refused.
#[derive(Debug, Error)]
pub enum StorageError {
    /// There is no room left on the disk; what was committed before is safe.
    #[error("write store: the disk is full; free some space and try again")]
    Full,
    /// The disk failed in a way after which nothing that is written can be trusted to be there.
    #[error(
        "write store: the disk failed earlier ({reason}); the workspace is read-only until it is opened again"
    )]
    ReadOnly {
        /// What the disk said.
        reason: String,
    },
    /// An earlier write of this transaction failed, and with it the transaction.
    #[error("write store: the transaction failed earlier and was undone; begin it again")]
    Aborted,
    /// A bundle of this number is in the chain already.
    #[error("append bundle: chain {chain} has a bundle {seq} already")]
    Occupied {
        /// The chain.
        chain: u32,
        /// The number.
        seq: u64,
    },
    /// Stored bytes are not what was written.
    #[error("read store: bundle at position {position} is damaged; restore the workspace from a peer")]
    Damaged {
        /// Its place in commit order.
        position: u64,
        /// What is wrong with it.
        #[source]
        source: BundleError,
    },
    /// A derived row is not what was written; deriving the state anew mends it.
    #[error("read store: a row of space {space} is damaged; run `openprod verify` to derive the state anew")]
    DamagedRow {
        /// The space.
        space: &'static str,
    },
    /// The file is not a workspace, or is damaged beyond reading.
    #[error("open store {path}: it is not a readable workspace database")]
    Unreadable {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer version of this program wrote the store.
    #[error("open store {path}: it was written by a newer version of this program")]
    NewerVersion {
        /// The database file.
        path: PathBuf,
    },
    /// The database refused.
    #[error("use store: the database refused")]
    Database(#[from] rusqlite::Error),
    /// A file beside the database could not be used.
    #[error("use store: {path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
