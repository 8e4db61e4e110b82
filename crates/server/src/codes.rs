//! One-time codes: what a browser's address carries instead of the token, good once and for ten minutes.

use std::time::{Duration, Instant};

use crate::secret::Secret;

/// How long a code is good.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// How many codes are good at a time; the oldest goes when one more is made.
const CODES_MAX: usize = 16;

/// The codes that are still good, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    good: Vec<(Secret, Instant)>,
}

impl Codes {
    /// Makes a code.
    pub(crate) fn issue(&mut self, now: Instant) -> String {
        self.forget_old(now);
        if self.good.len() == CODES_MAX {
            self.good.remove(0);
        }
        let code = Secret::random();
        self.good.push((code.clone(), now));
        code.as_str().to_owned()
    }

    /// Uses a code up. False when it is none, was used, or is too old.
    pub(crate) fn redeem(&mut self, code: &str, now: Instant) -> bool {
        self.forget_old(now);
        let before = self.good.len();
        self.good.retain(|(good, _)| !good.is(code));
        self.good.len() < before
    }

    fn forget_old(&mut self, now: Instant) {
        self.good
            .retain(|(_, made)| now.saturating_duration_since(*made) < LIFE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_good_once() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.issue(now);
        assert!(!codes.redeem("other", now));
        assert!(codes.redeem(&code, now));
        assert!(!codes.redeem(&code, now));
    }

    #[test]
    fn code_is_good_for_ten_minutes() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let (early, late) = (codes.issue(now), codes.issue(now));
        assert!(codes.redeem(&early, now + LIFE - Duration::from_millis(1)));
        assert!(!codes.redeem(&late, now + LIFE));
    }

    #[test]
    fn oldest_code_goes_when_there_are_too_many() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let all: Vec<_> = (0..=CODES_MAX).map(|_| codes.issue(now)).collect();
        assert!(!codes.redeem(&all[0], now));
        assert!(all[1..].iter().all(|code| codes.redeem(code, now)));
    }
}
