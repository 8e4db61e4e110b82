//! The engine from outside: commands, listings, convergence, conflicts, held bundles, forks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrival;
mod commands;
mod conflicts;
mod device;
mod forks;
mod held;
mod history;
mod listing;
mod owner;
mod undo;
