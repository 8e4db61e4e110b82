//! What a measurement is: series of numbers, figures with their limit and goal, and rounds that alternate.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bench_error::BenchError;

/// Measurements of one thing, in the order in which they were made; never empty.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "Summary")]
pub(crate) struct Series(Vec<f64>);

/// A series as it is written down.
#[derive(Clone, Debug, Serialize)]
struct Summary {
    median: f64,
    min: f64,
    max: f64,
    lower_quartile: f64,
    upper_quartile: f64,
    samples: Vec<f64>,
}

impl From<Series> for Summary {
    fn from(series: Series) -> Self {
        Self {
            median: series.median(),
            min: series.percentile(0.0),
            max: series.percentile(100.0),
            lower_quartile: series.percentile(25.0),
            upper_quartile: series.percentile(75.0),
            samples: series.0,
        }
    }
}

impl Series {
    pub(crate) fn new(samples: Vec<f64>) -> Self {
        assert!(!samples.is_empty(), "a series holds what was measured");
        Self(samples)
    }

    pub(crate) fn one(sample: f64) -> Self {
        Self(vec![sample])
    }

    /// The sum of two, round by round.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        assert_eq!(
            self.0.len(),
            other.0.len(),
            "both were measured in the same rounds"
        );
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(one, other)| one + other)
                .collect(),
        )
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn samples(&self) -> &[f64] {
        &self.0
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The value below which this share of the samples lies, in percent, interpolated between neighbours.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        percentile(&self.0, percent)
    }

    /// The median of the ratios of samples that were taken in the same round; of the medians if the rounds differ.
    fn ratio_to(&self, other: &Self) -> f64 {
        if self.0.len() != other.0.len() {
            return self.median() / other.median();
        }
        let ratios: Vec<_> = self
            .0
            .iter()
            .zip(&other.0)
            .map(|(own, other)| own / other)
            .collect();
        percentile(&ratios, 50.0)
    }
}

/// The value below which this share of the samples lies, in percent, interpolated between neighbours.
pub(crate) fn percentile(samples: &[f64], percent: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = percent / 100.0 * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// What a figure should reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub(crate) enum Goal {
    /// Ours over the limit's.
    RatioAtLeast(f64),
    /// Ours over the limit's.
    RatioAtMost(f64),
    /// In the figure's unit.
    AtLeast(f64),
    /// In the figure's unit.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, figure: &Figure) -> bool {
        match self {
            Self::RatioAtLeast(goal) => figure.ratio().is_some_and(|ratio| ratio >= goal),
            Self::RatioAtMost(goal) => figure.ratio().is_some_and(|ratio| ratio <= goal),
            Self::AtLeast(goal) => figure.ours.median() >= goal,
            Self::AtMost(goal) => figure.ours.median() <= goal,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RatioAtLeast(goal) => write!(out, "≥ {goal} ×"),
            Self::RatioAtMost(goal) => write!(out, "≤ {goal} ×"),
            Self::AtLeast(goal) => write!(out, "≥ {}", number(*goal)),
            Self::AtMost(goal) => write!(out, "≤ {}", number(*goal)),
        }
    }
}

/// What something else came to, in the same run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Beside {
    pub(crate) what: String,
    pub(crate) measured: Series,
}

/// One line of a report.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// As the goals name it: `P1`.
    pub(crate) id: &'static str,
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: Series,
    /// What the ratio is taken to.
    pub(crate) limit: Option<Beside>,
    pub(crate) goals: Vec<Goal>,
    /// Whatever helps to understand the figure.
    pub(crate) notes: Vec<String>,
}

impl Figure {
    pub(crate) fn new(id: &'static str, what: impl Into<String>, unit: &'static str, ours: Series) -> Self {
        Self {
            id,
            what: what.into(),
            unit,
            ours,
            limit: None,
            goals: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn beside(mut self, what: impl Into<String>, measured: Series) -> Self {
        self.limit = Some(Beside {
            what: what.into(),
            measured,
        });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Ours over the limit's.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.limit
            .as_ref()
            .map(|limit| self.ours.ratio_to(&limit.measured))
    }

    /// Whether all goals are met; `None` when there are none.
    pub(crate) fn is_met(&self) -> Option<bool> {
        (!self.goals.is_empty()).then(|| self.goals.iter().all(|goal| goal.is_met(self)))
    }
}

/// Something that is measured: does its work once and says what it came to.
pub(crate) type Contestant<'a> = Box<dyn FnMut() -> Result<f64, BenchError> + 'a>;

/// Measures contestants in alternation, each `rounds` times, after one round that does not count; who begins moves
/// on by one each round. The series are in the order of the contestants.
pub(crate) fn interleave(rounds: u32, contestants: &mut [Contestant<'_>]) -> Result<Vec<Series>, BenchError> {
    let mut samples = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds as usize {
        for turn in 0..contestants.len() {
            let index = (round + turn) % contestants.len();
            let measured = contestants[index]()?;
            if round > 0 {
                samples[index].push(measured);
            }
        }
    }
    Ok(samples.into_iter().map(Series::new).collect())
}

/// How long something takes.
pub(crate) fn timed<T>(act: impl FnOnce() -> Result<T, BenchError>) -> Result<(Duration, T), BenchError> {
    let started = Instant::now();
    let value = act()?;
    Ok((started.elapsed(), value))
}

/// A number with three digits that count, and its thousands grouped.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.trim_start_matches('-').len();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left < digits && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let series = Series::new(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!(
            (series.percentile(0.0), series.median(), series.percentile(100.0)),
            (1.0, 2.5, 4.0)
        );
        assert_eq!(series.percentile(25.0), 1.75);
        assert_eq!(Series::one(7.0).percentile(99.0), 7.0);
    }

    #[test]
    fn ratio_pairs_rounds_so_that_a_slow_minute_slows_both() {
        let ours = Series::new(vec![10.0, 1.0, 5.0]);
        let limit = Series::new(vec![20.0, 2.0, 10.0]);
        let figure = Figure::new("P0", "test", "op/s", ours).beside("limit", limit);
        assert_eq!(figure.ratio(), Some(0.5));
        assert_eq!(figure.is_met(), None);
        assert_eq!(figure.clone().goal(Goal::RatioAtLeast(0.5)).is_met(), Some(true));
        assert_eq!(
            figure
                .clone()
                .goal(Goal::RatioAtLeast(0.5))
                .goal(Goal::AtLeast(6.0))
                .is_met(),
            Some(false)
        );
        assert_eq!(figure.goal(Goal::RatioAtMost(0.4)).is_met(), Some(false));
    }

    #[test]
    fn contestants_take_turns_and_the_first_round_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let contestant = |name: char| -> Contestant<'_> {
            let order = &order;
            Box::new(move || {
                order.borrow_mut().push(name);
                Ok(order.borrow().len() as f64)
            })
        };
        let series = interleave(2, &mut [contestant('a'), contestant('b')]).unwrap();
        assert_eq!(*order.borrow(), "abbaab");
        assert_eq!((series[0].len(), series[1].len()), (2, 2));
        assert_eq!(series[0].0, [4.0, 5.0]);
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!(number(0.4567), "0.46");
        assert_eq!(number(45.67), "45.7");
        assert_eq!(number(284_123.4), "284,123");
        assert_eq!(number(1_000_000.0), "1,000,000");
        assert_eq!(number(-456_000.0), "-456,000");
    }
}
