//! When calls are let through: the state of a circuit, apart from any store and any clock.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// After how many failures without a success between them no call is let through.
    pub failures_max: NonZeroU32,
    /// How long the store is left alone then, in milliseconds; twice as long after each trial that fails.
    pub rest_ms: u64,
    /// How long it is left alone at most, in milliseconds.
    pub rest_ms_max: u64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_max: const { NonZeroU32::new(5).expect("5 is not 0") },
            rest_ms: 1_000,
            rest_ms_max: 30_000,
        }
    }
}

impl BreakerConfig {
    /// How long the store is left alone after so many trials that failed one after the other.
    fn rest(&self, trials: u32) -> Duration {
        let factor = 1_u64.checked_shl(trials).unwrap_or(u64::MAX);
        Duration::from_millis(self.rest_ms.saturating_mul(factor).min(self.rest_ms_max))
    }
}

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// All are.
    Closed,
    /// None is, until the store has rested.
    Open,
    /// One is, to try; the others are not until it has ended.
    HalfOpen,
}

/// What a call that was let through brings back.
#[derive(Debug)]
pub(super) struct Pass {
    /// The era in which it was let through: what it tells of an earlier one is no news.
    era: u64,
}

/// A circuit, by a clock that its callers read.
#[derive(Debug)]
pub(super) struct Circuit {
    config: BreakerConfig,
    phase: Phase,
    /// Raised with every change of phase.
    era: u64,
    /// Trials that failed since it was closed last.
    trials: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Duration },
    HalfOpen,
}

impl Circuit {
    pub(super) const fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            phase: Phase::Closed { failures: 0 },
            era: 0,
            trials: 0,
        }
    }

    /// Lets a call through, or says after how much time it is worth asking again.
    pub(super) fn admit(&mut self, now: Duration) -> Result<Pass, Duration> {
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } if now < until => return Err(until - now),
            Phase::Open { .. } => self.turn(Phase::HalfOpen),
            Phase::HalfOpen => return Err(self.config.rest(0)),
        }
        Ok(Pass { era: self.era })
    }

    /// Takes note of how a call ended; whether the circuit opened with it.
    pub(super) fn note(&mut self, pass: &Pass, succeeded: bool, now: Duration) -> bool {
        if pass.era != self.era {
            return false;
        }
        match (self.phase, succeeded) {
            (Phase::Closed { .. }, true) => self.phase = Phase::Closed { failures: 0 },
            (Phase::Closed { failures }, false) => {
                let failures = failures + 1;
                if failures >= self.config.failures_max.get() {
                    self.open(now);
                    return true;
                }
                self.phase = Phase::Closed { failures };
            }
            (Phase::HalfOpen, true) => {
                self.trials = 0;
                self.turn(Phase::Closed { failures: 0 });
            }
            (Phase::HalfOpen, false) => {
                self.trials = self.trials.saturating_add(1);
                self.open(now);
                return true;
            }
            // Nothing is let through in an era in which it is open.
            (Phase::Open { .. }, _) => {}
        }
        false
    }

    pub(super) const fn state(&self) -> CircuitState {
        match self.phase {
            Phase::Closed { .. } => CircuitState::Closed,
            Phase::Open { .. } => CircuitState::Open,
            Phase::HalfOpen => CircuitState::HalfOpen,
        }
    }

    fn open(&mut self, now: Duration) {
        let until = now.saturating_add(self.config.rest(self.trials));
        self.turn(Phase::Open { until });
    }

    const fn turn(&mut self, phase: Phase) {
        self.phase = phase;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What happens to a circuit.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        /// Time passes, in milliseconds.
        Pass(u64),
        /// A call begins.
        Begin,
        /// The oldest (`false`) or the newest call that was let through ends, with success or without.
        End(bool, bool),
    }

    /// What has happened, with when: all that the model knows.
    #[derive(Clone, Copy, Debug)]
    enum Entry {
        Began { call: usize },
        Ended { call: usize, succeeded: bool, at: u64 },
    }

    /// The circuit told from its whole past, each time anew: in stretches, each of which ends with the entry that ended
    /// it, and only calls that began in a stretch count there.
    #[derive(Debug, PartialEq, Eq)]
    enum Told {
        Closed,
        Open { until: u64 },
        Trying,
    }

    fn tell(config: &BreakerConfig, past: &[Entry]) -> Told {
        let (mut told, mut from, mut failed_trials) = (Told::Closed, 0, 0_u32);
        for index in 0..past.len() {
            let stretch = &past[from..=index];
            let began_here = |call: usize| {
                let mut began = stretch.iter();
                began.any(|entry| matches!(entry, Entry::Began { call: other } if *other == call))
            };
            match (&told, past[index]) {
                (Told::Open { .. }, Entry::Began { .. }) => (told, from) = (Told::Trying, index),
                (
                    Told::Closed,
                    Entry::Ended {
                        call,
                        succeeded: false,
                        at,
                    },
                ) if began_here(call) => {
                    let ends = stretch.iter().filter_map(|entry| match entry {
                        Entry::Ended { call, succeeded, .. } if began_here(*call) => Some(*succeeded),
                        _ => None,
                    });
                    let ends: Vec<_> = ends.collect();
                    let in_a_row = ends.iter().rev().take_while(|succeeded| !**succeeded).count();
                    if in_a_row >= config.failures_max.get() as usize {
                        let until = at + config.rest(failed_trials).as_millis() as u64;
                        (told, from) = (Told::Open { until }, index + 1);
                    }
                }
                (Told::Trying, Entry::Ended { call, succeeded, at }) if began_here(call) => {
                    from = index + 1;
                    told = if succeeded {
                        failed_trials = 0;
                        Told::Closed
                    } else {
                        failed_trials += 1;
                        let until = at + config.rest(failed_trials).as_millis() as u64;
                        Told::Open { until }
                    };
                }
                _ => {}
            }
        }
        told
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            1 => (0_u64..40).prop_map(Act::Pass),
            3 => Just(Act::Begin),
            3 => (any::<bool>(), prop::bool::weighted(0.4)).prop_map(|(newest, succeeded)| Act::End(newest, succeeded)),
        ];
        prop::collection::vec(act, 0..120)
    }

    proptest! {
        #[test]
        fn circuit_is_what_its_past_tells(
            failures_max in 1_u32..4, rest_ms in 1_u64..30, rest_ms_max in 1_u64..100, acts in acts(),
        ) {
            let config = BreakerConfig {
                failures_max: NonZeroU32::new(failures_max).unwrap(),
                rest_ms,
                rest_ms_max,
            };
            let mut circuit = Circuit::new(config);
            let (mut past, mut running, mut now, mut calls) = (Vec::new(), Vec::new(), 0, 0);
            for act in acts {
                match act {
                    Act::Pass(ms) => now += ms,
                    Act::Begin => {
                        let admitted = circuit.admit(Duration::from_millis(now));
                        match tell(&config, &past) {
                            Told::Open { until } if now < until => {
                                prop_assert_eq!(admitted.unwrap_err().as_millis() as u64, until - now);
                            }
                            Told::Trying => prop_assert!(admitted.is_err()),
                            _ => {
                                running.push((calls, admitted.unwrap()));
                                past.push(Entry::Began { call: calls });
                                calls += 1;
                            }
                        }
                    }
                    Act::End(newest, succeeded) => {
                        if running.is_empty() {
                            continue;
                        }
                        let index = if newest { running.len() - 1 } else { 0 };
                        let (call, pass) = running.remove(index);
                        circuit.note(&pass, succeeded, Duration::from_millis(now));
                        past.push(Entry::Ended { call, succeeded, at: now });
                    }
                }
                let state = match tell(&config, &past) {
                    Told::Closed => CircuitState::Closed,
                    Told::Open { .. } => CircuitState::Open,
                    Told::Trying => CircuitState::HalfOpen,
                };
                prop_assert_eq!(circuit.state(), state);
            }
        }
    }
}
