//! Random runs with faults, from their seeds: a fresh range in each test, and every seed that ever showed a bug.

mod campaign;
mod regressions;
mod replay;
