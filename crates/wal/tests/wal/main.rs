//! A writer, its readers and its checkpoints on one file.

mod room;
mod sizes;
mod writer;
