//! How long to wait before something that failed is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Twice as long after each failure, up to a bound, with some chance so that many who wait do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The longest that the first wait may take, in milliseconds.
    pub first_ms: u64,
    /// The longest that any wait may take, in milliseconds.
    pub longest_ms: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first_ms: 50,
            longest_ms: 5_000,
        }
    }
}

impl Backoff {
    /// How long to wait after that many failures before: between half of the bound and the bound.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let bound = self.bound_ms(failures);
        let mut bytes = [0; 8];
        // Without chance everybody waits for as long as possible, which is still bounded.
        let chance = match getrandom::fill(&mut bytes) {
            Ok(()) => u64::from_be_bytes(bytes) % (bound / 2 + 1),
            Err(_) => bound / 2,
        };
        Duration::from_millis(bound - bound / 2 + chance)
    }

    fn bound_ms(&self, failures: u32) -> u64 {
        let factor = 1_u64.checked_shl(failures.min(63)).unwrap_or(u64::MAX);
        self.first_ms.saturating_mul(factor).min(self.longest_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn delay_is_bounded_and_at_least_half_of_its_bound(
            first_ms in 0_u64..10_000, longest_ms in 0_u64..100_000, failures in any::<u32>()
        ) {
            let backoff = Backoff { first_ms, longest_ms };
            let delay = backoff.delay(failures).as_millis() as u64;
            prop_assert!(delay <= longest_ms);
            prop_assert!(delay >= backoff.bound_ms(failures) / 2);
        }
    }

    #[test]
    fn bound_doubles_until_the_longest() {
        let backoff = Backoff {
            first_ms: 50,
            longest_ms: 300,
        };
        let bounds: Vec<_> = (0..5).map(|failures| backoff.bound_ms(failures)).collect();
        assert_eq!(bounds, [50, 100, 200, 300, 300]);
        assert_eq!(
            Backoff {
                first_ms: u64::MAX,
                longest_ms: 7
            }
            .bound_ms(u32::MAX),
            7
        );
    }
}
