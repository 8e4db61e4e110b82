//! The stores, each held to the same suite and to the store in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stdout,
    reason = "tests say what they skip, and a victim what was acknowledged"
)]

mod breaker;
mod commands;
mod conformance;
mod copying;
mod encryption;
mod examples;
mod faults;
mod model;
mod outage;
mod partitions;
mod past;
mod projection;
mod projection_faults;
mod reopening;
mod server;
mod snapshot;
mod stores;
mod subscription;
mod tally;
mod upcasting;
mod verifying;
