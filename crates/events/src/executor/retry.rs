//! Trying again: how often, after which pause, and where time and chance come from.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a command is decided when others are faster, and how long to wait in between.
///
/// The pause before attempt *n* + 1 is drawn evenly between nothing and `pause_base` × 2ⁿ⁻¹, at most `pause_max`: those
/// who met once are spread as widely as possible. The method is "full jitter" of M. Brooker, *Exponential Backoff And
/// Jitter*, AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// How often it is decided at most, the first time included.
    pub attempts_max: NonZeroU32,
    /// The longest pause after the first conflict. It doubles with each. Written in whole milliseconds.
    #[serde(rename = "pause_base_ms", with = "millis")]
    pub pause_base: Duration,
    /// The longest pause of all. Written in whole milliseconds.
    #[serde(rename = "pause_ms_max", with = "millis")]
    pub pause_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: NonZeroU32::new(10).expect("ten is not zero"),
            pause_base: Duration::from_millis(1),
            pause_max: Duration::from_millis(250),
        }
    }
}

impl RetryPolicy {
    /// Decides once: whoever comes second is told so.
    #[must_use]
    pub fn once() -> Self {
        Self {
            attempts_max: NonZeroU32::MIN,
            ..Self::default()
        }
    }

    /// The same, with so many attempts.
    #[must_use]
    pub const fn attempts(mut self, attempts_max: NonZeroU32) -> Self {
        self.attempts_max = attempts_max;
        self
    }

    /// The pause after so many conflicts, from 1 on; `chance` is even over all its values.
    #[must_use]
    pub fn pause(&self, conflicts: u32, chance: u32) -> Duration {
        let doubled = 1_u32.checked_shl(conflicts.saturating_sub(1)).unwrap_or(u32::MAX);
        let longest = self.pause_base.saturating_mul(doubled).min(self.pause_max);
        longest.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

/// Durations as they are written: in whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Waits, and draws lots. Tests bring one that does neither.
pub trait Waiter: Send + Sync {
    /// A number, each of them as likely as any.
    fn chance(&self) -> u32;

    /// Lets so much time pass.
    fn wait(&self, pause: Duration);
}

/// Waits by letting the thread sleep; chance is the system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemWaiter;

impl Waiter for SystemWaiter {
    fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        // Without chance the longest pause still keeps a store from being overrun.
        match getrandom::fill(&mut bytes) {
            Ok(()) => u32::from_be_bytes(bytes),
            Err(_) => u32::MAX,
        }
    }

    fn wait(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn longest_pause_doubles_up_to_a_bound() {
        let policy = RetryPolicy {
            pause_base: Duration::from_millis(10),
            pause_max: Duration::from_millis(55),
            ..RetryPolicy::default()
        };
        let longest: Vec<_> = [1, 2, 3, 4, 33, u32::MAX]
            .map(|conflicts| policy.pause(conflicts, u32::MAX).as_millis())
            .to_vec();
        assert_eq!(longest, [10, 20, 40, 55, 55, 55]);
        assert_eq!(policy.pause(3, 0), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn pause_lies_between_nothing_and_the_longest(
            base in any::<Duration>(), most in 0_u64..1 << 40, conflicts in any::<u32>(), chance in any::<u32>(),
        ) {
            let policy = RetryPolicy {
                pause_base: base,
                pause_max: Duration::from_nanos(most),
                ..RetryPolicy::default()
            };
            prop_assert!(policy.pause(conflicts, chance) <= policy.pause_max);
        }
    }
}
