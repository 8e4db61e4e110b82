//! Engines as processes of their own, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod engine_process;
mod loopback;
mod namespaces;
