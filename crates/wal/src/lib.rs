//! `openprod-wal`: the write-ahead log of an SQLite file that is written by one thread and read by many.
//!
//! **Owns** when pages are moved into the file and by whom, the readers and the gate that keeps them out for a moment,
//! and room for the log ahead of its use.
//!
//! **Refuses to know** what is stored: the workspace's log and the event store both stand on it.
//!
//! **Start reading** at [`Checkpointer::after_commit`].

mod checkpoint;
mod fault;
mod pool;
mod room;

pub use checkpoint::{Checkpointer, LogSizes, StartError};
pub use fault::{Failure, is_failing, is_full};
pub use pool::{Pool, Reader};
