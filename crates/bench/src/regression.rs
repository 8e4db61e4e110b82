//! What became slower since an earlier run: the same figures, compared with those in its files.
//!
//! Ratios to a limit are compared where there is one, since the machine is then the same for both; otherwise the figures
//! themselves. A median that is worse by more than [`TOLERANCE`] is a regression when the rounds bear it out: when even
//! the better half of the new ones is worse than the median before. Else it is told as noise.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Series, percentile};

/// By how much a figure may become worse, as a share of what it was.
pub(crate) const TOLERANCE: f64 = 0.05;

/// The figures of an earlier run of a bench.
#[derive(Deserialize)]
pub(crate) struct Baseline {
    scale: f64,
    figures: Vec<Earlier>,
}

/// A figure as the file of an earlier run has it; what else stands there is of no concern.
#[derive(Deserialize)]
struct Earlier {
    id: String,
    what: String,
    ours: Samples,
    limit: Option<Limit>,
}

#[derive(Deserialize)]
struct Limit {
    measured: Samples,
}

#[derive(Deserialize)]
struct Samples {
    samples: Vec<f64>,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    /// As good as before, or better.
    Held,
    /// Worse by more than is tolerated, but so are some of the rounds before.
    Noise,
    /// Worse by more than is tolerated.
    Regression,
}

/// A figure beside what it was.
#[derive(Debug)]
struct Change {
    name: String,
    /// How much better it is, as a share of what it was; worse below zero.
    gain: f64,
    verdict: Verdict,
}

/// All figures that both runs have.
#[derive(Debug)]
pub(crate) struct Comparison(Vec<Change>);

impl Baseline {
    /// Reads the figures of a bench from the directory of an earlier run; `None` when it has none of that bench.
    pub(crate) fn read(directory: &Path, bench: &str) -> Result<Option<Self>, BenchError> {
        let act = "read the figures of the earlier run";
        let path = directory.join(format!("{bench}.json"));
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read(&path).during(act)?;
        serde_json::from_slice(&text).during(act).map(Some)
    }

    /// Compares figures with those of the earlier run.
    pub(crate) fn compare(&self, scale: f64, figures: &[Figure]) -> Result<Comparison, BenchError> {
        if self.scale != scale {
            let earlier = self.scale;
            return Err(BenchError::Wrong(format!(
                "the earlier run had the scale {earlier}, and this one has {scale}: they cannot be compared"
            )));
        }
        let changes = figures.iter().filter_map(|figure| {
            let same = |earlier: &&Earlier| earlier.id == figure.id && earlier.what == figure.what;
            self.figures
                .iter()
                .find(same)
                .and_then(|earlier| change(earlier, figure))
        });
        Ok(Comparison(changes.collect()))
    }
}

fn change(earlier: &Earlier, figure: &Figure) -> Option<Change> {
    let before = match (&earlier.limit, &figure.limit) {
        (Some(limit), Some(_)) => ratios(&earlier.ours.samples, &limit.measured.samples),
        _ => earlier.ours.samples.clone(),
    };
    let now = match (&figure.limit, &earlier.limit) {
        (Some(limit), Some(_)) => ratios(figure.ours.samples(), limit.measured.samples()),
        _ => figure.ours.samples().to_vec(),
    };
    if before.is_empty() || now.is_empty() {
        return None;
    }
    // Rates are better when they are higher, times and sizes when they are lower.
    let rises = figure.unit.ends_with("/s");
    let gain = |now: f64, before: f64| {
        if rises {
            now / before - 1.0
        } else {
            before / now - 1.0
        }
    };
    let middle = percentile(&before, 50.0);
    let better_half = percentile(&now, if rises { 75.0 } else { 25.0 });
    let change = gain(percentile(&now, 50.0), middle);
    let verdict = if change >= -TOLERANCE {
        Verdict::Held
    } else if gain(better_half, middle) < -TOLERANCE {
        Verdict::Regression
    } else {
        Verdict::Noise
    };
    Some(Change {
        name: format!("{} {}", figure.id, figure.what),
        gain: change,
        verdict,
    })
}

/// Round by round where both have the same rounds; else that of the medians.
fn ratios(ours: &[f64], limit: &[f64]) -> Vec<f64> {
    if ours.is_empty() || limit.is_empty() {
        return Vec::new();
    }
    if ours.len() != limit.len() {
        return vec![percentile(ours, 50.0) / percentile(limit, 50.0)];
    }
    ours.iter().zip(limit).map(|(ours, limit)| ours / limit).collect()
}

impl Comparison {
    /// How many figures are worse by more than is tolerated.
    pub(crate) fn regressions(&self) -> usize {
        let regression = |change: &&Change| change.verdict == Verdict::Regression;
        self.0.iter().filter(regression).count()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "  Against the earlier run:")?;
        for change in &self.0 {
            let words = match change.verdict {
                Verdict::Held => "",
                Verdict::Noise => ", which the rounds do not bear out",
                Verdict::Regression => ", A REGRESSION",
            };
            writeln!(out, "  {:+6.1} %  {}{words}", change.gain * 100.0, change.name)?;
        }
        if self.0.is_empty() {
            writeln!(out, "  no figure is in both")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn baseline(ours: &[f64], limit: Option<&[f64]>) -> Baseline {
        let limit = limit.map(|limit| json!({"what": "a loop", "measured": {"samples": limit}}));
        let figure =
            json!({"id": "V1", "what": "commands", "unit": "", "ours": {"samples": ours}, "limit": limit});
        serde_json::from_value(json!({"bench": "events", "scale": 1.0, "figures": [figure]})).unwrap()
    }

    fn figure(unit: &'static str, ours: &[f64], limit: Option<&[f64]>) -> Figure {
        let figure = Figure::new("V1", "commands", unit, Series::new(ours.to_vec()));
        match limit {
            Some(limit) => figure.beside("a loop", Series::new(limit.to_vec())),
            None => figure,
        }
    }

    fn verdict(baseline: &Baseline, figure: Figure) -> Verdict {
        baseline.compare(1.0, &[figure]).unwrap().0[0].verdict
    }

    #[test]
    fn what_is_slower_in_every_round_is_a_regression() {
        let before = baseline(&[100.0, 101.0, 99.0], None);
        let slower = figure("op/s", &[90.0, 91.0, 89.0], None);
        assert_eq!(verdict(&before, slower.clone()), Verdict::Regression);
        assert_eq!(before.compare(1.0, &[slower]).unwrap().regressions(), 1);
        assert_eq!(
            verdict(&before, figure("op/s", &[96.0, 97.0, 95.1], None)),
            Verdict::Held
        );
        assert_eq!(
            verdict(&before, figure("op/s", &[90.0, 130.0, 91.0], None)),
            Verdict::Noise
        );
        // Of a time, more is worse.
        assert_eq!(
            verdict(&before, figure("ms", &[110.0, 111.0, 112.0], None)),
            Verdict::Regression
        );
        assert_eq!(
            verdict(&before, figure("ms", &[50.0, 50.0, 50.0], None)),
            Verdict::Held
        );
    }

    #[test]
    fn slow_machine_slows_the_limit_too_and_is_no_regression() {
        let before = baseline(&[100.0, 100.0], Some(&[200.0, 200.0]));
        let slow_machine = figure("op/s", &[50.0, 50.0], Some(&[100.0, 100.0]));
        assert_eq!(verdict(&before, slow_machine), Verdict::Held);
        let slow_engine = figure("op/s", &[80.0, 80.0], Some(&[200.0, 200.0]));
        assert_eq!(verdict(&before, slow_engine), Verdict::Regression);
    }

    #[test]
    fn runs_of_different_scale_are_not_compared() {
        let before = baseline(&[100.0], None);
        assert!(before.compare(0.1, &[figure("op/s", &[1.0], None)]).is_err());
    }

    #[test]
    fn report_of_this_version_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let figure = figure("op/s", &[10.0, 11.0], Some(&[20.0, 21.0]));
        let report = crate::report::Report::new("events", 1.0, vec![figure.clone()]);
        report.write(directory.path()).unwrap();
        let before = Baseline::read(directory.path(), "events").unwrap().unwrap();
        let same = before.compare(1.0, &[figure]).unwrap();
        assert_eq!((same.0[0].gain, same.0[0].verdict), (0.0, Verdict::Held));
        assert!(Baseline::read(directory.path(), "list").unwrap().is_none());
    }
}
