//! How long things took, counted in buckets.

use std::time::Duration;

/// The upper ends of the buckets; what took longer is in one more.
pub const LATENCY_BOUNDS: [Duration; 17] = [
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(200),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// How often something took how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: [u64; LATENCY_BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        let bucket = LATENCY_BOUNDS.partition_point(|bound| *bound < took);
        self.buckets[bucket] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How long all of them took together.
    #[must_use]
    pub const fn sum(&self) -> Duration {
        self.sum
    }

    /// How many took at most as long as each of [`LATENCY_BOUNDS`], in that order.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let mut sum = 0;
        LATENCY_BOUNDS
            .iter()
            .zip(self.buckets)
            .map(move |(bound, count)| {
                sum += count;
                (*bound, sum)
            })
    }

    /// A bound that this share of them, from 0 to 1, did not exceed; `None` when nothing was counted, or when that share
    /// includes some that took longer than the last bound.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let wanted = ((count as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1);
        self.cumulative()
            .find(|(_, sum)| *sum >= wanted)
            .map(|(bound, _)| bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_bounds_above() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for micros in [10, 50, 51, 900, 20_000_000] {
            histogram.add(Duration::from_micros(micros));
        }
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.quantile(0.0), Some(Duration::from_micros(50)));
        assert_eq!(histogram.quantile(0.4), Some(Duration::from_micros(50)));
        assert_eq!(histogram.quantile(0.6), Some(Duration::from_micros(100)));
        assert_eq!(histogram.quantile(0.8), Some(Duration::from_millis(1)));
        assert_eq!(histogram.quantile(1.0), None);
        assert_eq!(histogram.sum(), Duration::from_micros(20_001_011));
    }
}
