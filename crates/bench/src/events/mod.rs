//! The event library: commands on a SQLite store, beside the same statements written by hand.
//!
//! Each goal of it is a file; all of them are one bench, `events`.

mod contention;
mod deposit;
mod latency;
pub(crate) mod scale;
mod throughput;

use crate::Setup;
use crate::bench_error::BenchError;
use crate::measure::Figure;

/// V1, V2, V4, V8 and V9.
pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut figures = throughput::run(setup)?;
    figures.extend(contention::run(setup)?);
    figures.extend(latency::run(setup)?);
    figures.extend(scale::run(setup)?);
    Ok(figures)
}
