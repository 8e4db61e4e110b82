//! The server from outside: a raw HTTP client, a WebSocket, and real data directories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bad_input;
mod edges;
mod engine;
mod events;
mod facts;
mod field_mappings;
mod history;
mod merges;
mod openapi;
mod overlays;
mod page;
mod past;
mod peers;
mod process;
mod projections;
mod records;
mod references;
mod tables;
mod text;
mod undo;
mod views;
mod workspaces;
