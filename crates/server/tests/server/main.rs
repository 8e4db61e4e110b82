//! The server from outside: a raw HTTP client, a WebSocket, and real data directories.

mod access;
mod bad_input;
mod engine;
mod events;
mod peers;
mod process;
mod records;
mod tables;
mod workspaces;
