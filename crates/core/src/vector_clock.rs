//! What has been seen: for each log, how far.
//!
//! Logs have no gaps and are chained by hash, so one entry proves that nothing below it is missing. A log that
//! forked counts as several: the part before the fork, and each branch, named by the hash where it begins.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::hash::BundleHash;
use crate::hlc::Hlc;
use crate::id::{ActorId, LogId};

/// A log, or one branch of a log that forked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// Who writes it.
    pub actor: ActorId,
    /// Which of the actor's logs.
    pub log: LogId,
    /// The bundle where this branch begins; `None` for a log without forks and for the part before one.
    pub branch: Option<BundleHash>,
}

/// How far a log has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last bundle, from 1.
    pub seq: u64,
    /// The time of its last operation.
    pub hlc: Hlc,
    /// Its hash.
    pub hash: BundleHash,
}

/// A vector clock over logs, ordered by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VectorClock {
    heads: BTreeMap<LogKey, Head>,
}

impl VectorClock {
    /// The clock that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry of a log.
    #[must_use]
    pub fn get(&self, key: &LogKey) -> Option<&Head> {
        self.heads.get(key)
    }

    /// Whether bundle `seq` of the log has been seen.
    #[must_use]
    pub fn covers(&self, key: &LogKey, seq: u64) -> bool {
        self.heads.get(key).is_some_and(|head| head.seq >= seq)
    }

    /// Moves a log's entry on to `head`, unless it is there or further already.
    pub fn observe(&mut self, key: LogKey, head: Head) {
        let entry = self.heads.entry(key).or_insert(head);
        if head.seq > entry.seq {
            *entry = head;
        }
    }

    /// Takes in everything that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        for (key, head) in &other.heads {
            self.observe(*key, *head);
        }
    }

    /// The entries, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&LogKey, &Head)> {
        self.heads.iter()
    }

    /// How many logs and branches it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether it has seen nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }
}

impl FromIterator<(LogKey, Head)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (LogKey, Head)>>(entries: I) -> Self {
        let mut clock = Self::new();
        for (key, head) in entries {
            clock.observe(key, head);
        }
        clock
    }
}

impl PartialOrd for VectorClock {
    /// Causal order: less when the other has seen all of this and more; `None` when each has seen something
    /// that the other has not.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let within = |a: &Self, b: &Self| a.heads.iter().all(|(key, head)| b.covers(key, head.seq));
        match (within(self, other), within(other, self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock() -> impl Strategy<Value = VectorClock> {
        prop::collection::vec((0u8..4, 0u8..2, 1u64..6), 0..8).prop_map(|entries| {
            entries
                .into_iter()
                .map(|(actor, log, seq)| {
                    let key = LogKey {
                        actor: ActorId::from_bytes([actor; 32]),
                        log: LogId::from_bytes([log; 16]),
                        branch: None,
                    };
                    let head = Head {
                        seq,
                        hlc: Hlc::ZERO.plus(seq as u32),
                        hash: BundleHash::from_bytes([seq as u8; 32]),
                    };
                    (key, head)
                })
                .collect()
        })
    }

    fn merged(a: &VectorClock, b: &VectorClock) -> VectorClock {
        let mut both = a.clone();
        both.merge(b);
        both
    }

    proptest! {
        #[test]
        fn merge_is_a_join(a in clock(), b in clock(), c in clock()) {
            prop_assert_eq!(merged(&a, &a), a.clone());
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert!(a <= merged(&a, &b) && b <= merged(&a, &b));
        }

        #[test]
        fn order_is_partial(a in clock(), b in clock(), c in clock()) {
            if a <= b && b <= a {
                prop_assert_eq!(&a, &b);
            }
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            prop_assert_eq!(a.partial_cmp(&b), b.partial_cmp(&a).map(Ordering::reverse));
        }
    }
}
