//! Signs of life, and what they tell of the other side's clock.

use std::time::Duration;

use openprod_core::Timestamp;

use crate::message::Beat;

/// How often a side shows that it is alive.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(1);

/// After how long without a word the other side is given up.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How far clocks may differ before people are told.
pub const SKEW_SUSPECT: Duration = Duration::from_secs(30);

/// When either side last showed that it is alive.
pub(super) struct Pulse {
    last_heard: Timestamp,
    last_beat: Option<Timestamp>,
    skew_ms: i64,
    /// Their last beat, until it is compared with what we know.
    pub(super) beat: Option<Beat>,
}

impl Pulse {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            last_heard: now,
            last_beat: None,
            skew_ms: 0,
            beat: None,
        }
    }

    pub(super) const fn hear(&mut self, now: Timestamp) {
        self.last_heard = now;
    }

    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        now.since(self.last_heard) > SILENCE_MAX
    }

    /// When our next beat is due.
    pub(super) fn next_beat(&self) -> Timestamp {
        self.last_beat
            .map_or(Timestamp::default(), |last| last.after(BEAT_INTERVAL))
    }

    /// Whether a beat is due; if so, it counts as given.
    pub(super) fn begin_beat(&mut self, now: Timestamp) -> bool {
        let due = self.last_beat.is_none() || now >= self.next_beat();
        if due {
            self.last_beat = Some(now);
        }
        due
    }

    /// How far the other side's clock is ahead of ours, in milliseconds.
    pub(super) const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// Takes what the other side's clock shows; gives the skew once it has become suspect.
    pub(super) fn note_skew(&mut self, their_micros: u64, now: Timestamp) -> Option<i64> {
        let skew = (i128::from(their_micros) - i128::from(now.as_micros())) / 1_000;
        let skew_ms = skew.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        let suspect = |ms: i64| u128::from(ms.unsigned_abs()) > SKEW_SUSPECT.as_millis();
        let news = suspect(skew_ms) && !suspect(self.skew_ms);
        self.skew_ms = skew_ms;
        news.then_some(skew_ms)
    }
}
