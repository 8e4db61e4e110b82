//! Where a workspace lives between one moment and the next.
//!
//! **Owns** the durable form of a workspace: the append-only log of bundles, the derived rows beside it, the
//! transaction that keeps both in step, and the directory they lie in.
//!
//! **Refuses to know** what the rows mean: a row is bytes under a key in a [`Space`], and the engine derives it.
//!
//! **Start reading** at [`storage`]: the three traits that every store implements, and that [`conformance`]
//! holds them to.

pub mod conformance;
pub mod directory;
pub mod error;
pub mod high_water;
pub mod memory;
pub mod small_file;
pub mod space;
pub mod sqlite;
pub mod storage;

pub use directory::{DataDirectory, DirectoryError};
pub use error::StorageError;
pub use memory::MemoryStorage;
pub use small_file::SmallFile;
pub use space::Space;
pub use sqlite::{Caches, SqliteStorage};
pub use storage::{ChainId, Place, Position, Read, Readers, Row, Storage, StoredBundle, Write};
