//! The memory of first handshake messages, so that a recorded one gets no second answer.
//!
//! Only messages that a member made are remembered, so a stranger cannot push others out. The memory is bounded
//! by count and not by age: to forget a message while there is room for it would only help who replays it.

use std::collections::{BTreeSet, VecDeque};

/// The ephemeral keys remembered by default: some hours of twenty peers that each redial every second, in about
/// 10 MiB.
const CAPACITY: usize = 1 << 16;

/// The ephemeral keys of the first messages answered, the newest `capacity` of them.
#[derive(Debug)]
pub struct ReplayGuard {
    capacity: usize,
    seen: BTreeSet<[u8; 32]>,
    oldest_first: VecDeque<[u8; 32]>,
}

impl ReplayGuard {
    /// A guard that remembers `capacity` keys and then forgets the oldest for each new one.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            seen: BTreeSet::new(),
            oldest_first: VecDeque::new(),
        }
    }

    /// Remembers `ephemeral`; false when it was remembered already.
    pub(crate) fn admit(&mut self, ephemeral: [u8; 32]) -> bool {
        if !self.seen.insert(ephemeral) {
            return false;
        }
        self.oldest_first.push_back(ephemeral);
        if self.oldest_first.len() > self.capacity
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

impl Default for ReplayGuard {
    /// A guard that remembers 65,536 keys.
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_admitted_once_and_the_oldest_is_forgotten_first() {
        let mut guard = ReplayGuard::new(2);
        assert!(guard.admit([1; 32]));
        assert!(!guard.admit([1; 32]));
        assert!(guard.admit([2; 32]));
        assert!(guard.admit([3; 32]));
        assert!(!guard.admit([2; 32]) && !guard.admit([3; 32]));
        assert!(guard.admit([1; 32]), "two newer keys have taken its place");
        assert_eq!((guard.seen.len(), guard.oldest_first.len()), (2, 2));
    }
}
