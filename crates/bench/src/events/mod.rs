//! The event library: commands on a SQLite store and reads of a long log, beside the same statements written by hand.
//!
//! Each goal of it is a file; all of them are one bench, `events`, of which `--only` picks some.

mod contention;
mod deposit;
mod latency;
mod peers;
mod projecting;
mod read;
mod read_index;
mod read_log;
mod read_projection;
pub(crate) mod scale;
mod throughput;

use crate::Setup;
use crate::bench_error::BenchError;
use crate::measure::Figure;

/// A part of the bench: the goals that it measures, and how.
type Part = (
    &'static [&'static str],
    fn(&Setup) -> Result<Vec<Figure>, BenchError>,
);

/// V1 to V9, as far as they are wanted.
pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let parts: [Part; 6] = [
        (&["V1", "V2"], throughput::run),
        (&["V4"], contention::run),
        (&["V8"], latency::run),
        (&["V9"], scale::run),
        (&["V3", "V5", "V6", "V7"], read::run),
        (&["V1", "V3", "V6"], peers::run),
    ];
    let mut figures = Vec::new();
    for (goals, run) in parts {
        if goals.iter().any(|goal| setup.wants(goal)) {
            figures.extend(run(setup)?);
        }
    }
    figures.retain(|figure| setup.wants(figure.id));
    figures.sort_by_key(|figure| figure.id);
    Ok(figures)
}
