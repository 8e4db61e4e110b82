//! What peers do together, one fact a test, under virtual time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conflict;
mod convergence;
mod decisions;
mod device;
mod edges;
mod fork;
mod held;
mod hostile;
mod identity;
mod mappings;
mod overlay;
mod schema;
mod sync;
mod text;
mod undo;
