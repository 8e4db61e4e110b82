//! Stores from outside: conformance, agreement, damage, loss, and a full disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod conformance;
mod damage;
mod directory;
mod faults;
mod loss;
