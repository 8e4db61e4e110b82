//! When snapshots are made, and how far they are trusted.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use serde::{Deserialize, Serialize};

/// How snapshots are checked against the events that led to them, beyond what is checked always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Not at all: the fold is trusted to be raised in version whenever it changes.
    Never,
    /// One of so many that are used is compared with all events folded anew, beginning with the first.
    OneIn(NonZeroU32),
    /// Each one is; then snapshots save nothing, and only show whether they are right.
    Always,
}

/// When snapshots are made, and how far they are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotConfig {
    /// After how many further events a stream gets another snapshot.
    pub every: NonZeroU64,
    /// How snapshots are checked.
    pub verification: Verification,
    /// How many events are read at once.
    pub page_max: NonZeroUsize,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            every: const { NonZeroU64::new(100).expect("100 is not 0") },
            verification: Verification::OneIn(const { NonZeroU32::new(1_000).expect("1,000 is not 0") }),
            page_max: const { NonZeroUsize::new(1_000).expect("1,000 is not 0") },
        }
    }
}
