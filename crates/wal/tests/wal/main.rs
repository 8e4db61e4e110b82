//! A writer, its readers and its checkpoints on one file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod room;
mod sizes;
mod writer;
