//! The engine from outside: commands, listings, convergence, conflicts, held bundles, forks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrival;
mod columns;
mod commands;
mod conflicts;
mod decisions;
mod device;
mod edges;
mod facts;
mod forks;
mod held;
mod history;
mod idempotency;
mod identity;
mod listing;
mod mappings;
mod overlays;
mod owner;
mod repetitions;
mod texts;
mod undo;
mod views;
