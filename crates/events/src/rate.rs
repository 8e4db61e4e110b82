//! Rate limits: how often somebody may do something, and when again.
//!
//! A token bucket that is full at first: each act takes a token, and tokens come back at a steady rate. It is kept as one
//! moment per key, at which the bucket would be full again (the "virtual scheduling" form of the generic cell rate
//! algorithm, ITU-T I.371), so that nothing has to run by itself.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many keys are remembered at most; who is as good as new is forgotten first.
pub const KEYS_MAX: usize = 10_000;

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// How often in a second, in the long run.
    pub per_second: NonZeroU32,
    /// How often at once, after a rest.
    pub burst: NonZeroU32,
}

impl Default for RateLimit {
    /// More than people do, and less than a program that has gone wild.
    fn default() -> Self {
        Self {
            per_second: const { NonZeroU32::new(1_000).expect("1,000 is not 0") },
            burst: const { NonZeroU32::new(5_000).expect("5,000 is not 0") },
        }
    }
}

impl RateLimit {
    /// The time in which a token comes back, at least a nanosecond.
    #[must_use]
    pub fn interval(self) -> Duration {
        Duration::from_nanos((1_000_000_000 / u64::from(self.per_second.get())).max(1))
    }

    /// The time in which an empty bucket becomes full.
    fn window(self) -> Duration {
        self.interval().saturating_mul(self.burst.get())
    }
}

/// A bucket for each key.
#[derive(Debug)]
pub struct TokenBuckets<K> {
    limit: RateLimit,
    /// When each bucket is full again; those that are not here are full.
    full_at: Mutex<BTreeMap<K, Duration>>,
}

impl<K: Ord + Clone> TokenBuckets<K> {
    /// Buckets that are full.
    #[must_use]
    pub const fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            full_at: Mutex::new(BTreeMap::new()),
        }
    }

    /// Takes a token from the bucket of `key`, by a clock that never goes back.
    ///
    /// # Errors
    /// After how much time there will be one, when there is none; nothing is taken then.
    pub fn take(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = full_at.get(key).copied().unwrap_or(now).max(now);
        let after = before.saturating_add(self.limit.interval());
        let missing = (after - now).saturating_sub(self.limit.window());
        if !missing.is_zero() {
            return Err(missing);
        }
        if full_at.len() >= KEYS_MAX && !full_at.contains_key(key) {
            full_at.retain(|_, full_at| *full_at > now);
            if full_at.len() >= KEYS_MAX {
                let fullest = full_at.iter().min_by_key(|(_, full_at)| **full_at);
                if let Some(fullest) = fullest.map(|(key, _)| key.clone()) {
                    full_at.remove(&fullest);
                }
            }
        }
        full_at.insert(key.clone(), after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(per_second: u32, burst: u32) -> RateLimit {
        RateLimit {
            per_second: NonZeroU32::new(per_second).unwrap(),
            burst: NonZeroU32::new(burst).unwrap(),
        }
    }

    #[test]
    fn burst_is_allowed_and_then_one_after_the_other() {
        let buckets = TokenBuckets::new(limit(10, 3));
        let at = Duration::from_millis;
        for _ in 0..3 {
            assert_eq!(buckets.take(&"ann", at(0)), Ok(()));
        }
        assert_eq!(buckets.take(&"ann", at(0)), Err(at(100)));
        assert_eq!(buckets.take(&"ann", at(99)), Err(at(1)));
        assert_eq!(buckets.take(&"ben", at(99)), Ok(()));
        assert_eq!(buckets.take(&"ann", at(100)), Ok(()));
        assert_eq!(buckets.take(&"ann", at(100)), Err(at(100)));
    }

    #[test]
    fn few_keys_are_remembered() {
        let buckets = TokenBuckets::new(limit(1, 1));
        for key in 0..=KEYS_MAX {
            assert_eq!(buckets.take(&key, Duration::from_nanos(key as u64)), Ok(()));
        }
        assert_eq!(buckets.full_at.lock().unwrap().len(), KEYS_MAX);
        assert!(buckets.take(&KEYS_MAX, Duration::from_secs(1)).is_err());
    }

    proptest! {
        /// A bucket that counts tokens does the same.
        #[test]
        fn bucket_is_one_of_tokens(
            per_second in 1_u32..2_000, burst in 1_u32..20,
            pauses in prop::collection::vec(0_u64..5_000_000, 1..200),
        ) {
            let limit = limit(per_second, burst);
            let buckets = TokenBuckets::new(limit);
            let interval = limit.interval().as_nanos() as u64;
            let full = interval * u64::from(burst);
            // In nanoseconds' worth of tokens.
            let (mut tokens, mut now) = (full, 0);
            for pause in pauses {
                now += pause;
                tokens = (tokens + pause).min(full);
                let taken = buckets.take(&(), Duration::from_nanos(now));
                if tokens >= interval {
                    tokens -= interval;
                    prop_assert_eq!(taken, Ok(()));
                } else {
                    prop_assert_eq!(taken, Err(Duration::from_nanos(interval - tokens)));
                }
            }
        }
    }
}
