//! The engine from outside: commands, listings, convergence, conflicts, held bundles, forks.

mod arrival;
mod commands;
mod conflicts;
mod device;
mod forks;
mod held;
mod listing;
mod owner;
