//! The stores, each held to the same suite and to the store in memory.

mod conformance;
mod model;
mod reopening;
mod server;
