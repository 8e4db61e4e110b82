//! What needs sockets, tasks or time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod discovery;
mod service;
