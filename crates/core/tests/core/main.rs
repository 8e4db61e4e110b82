//! The signed bytes from outside: golden vectors, round trips, refusal of everything else, proofs, order.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod arbitrary;
mod golden;
mod order;
mod proofs;
mod refusal;
mod round_trip;
mod sealing;
