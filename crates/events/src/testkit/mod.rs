//! For the tests of programs that use this library.
//!
//! [`Scenario`] tells a command's story: given these events, when this command comes, then that happens. It runs the
//! real executor on a store in memory, so that discovery, contexts and the fold are as they will be.
//! [`CountingWaiter`] lets retries be tested without waiting, [`HandClock`] rate limits and circuit breakers. With the feature `testkit`, `generators` has strategies
//! of proptest for events, patterns and queries.

mod clock;
#[cfg(any(test, feature = "testkit"))]
pub mod generators;
mod scenario;
mod waiter;

pub use clock::HandClock;
pub use scenario::{Given, Scenario, Then};
pub use waiter::CountingWaiter;
