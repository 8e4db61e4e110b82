//! The server from outside: a raw HTTP client, a WebSocket, and real data directories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bad_input;
mod engine;
mod events;
mod history;
mod peers;
mod process;
mod records;
mod tables;
mod workspaces;
