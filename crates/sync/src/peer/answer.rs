//! The answer to what the other side asked for, in causal order and no faster than it is dealt with.

use openprod_engine::{Covered, LogHead, Snapshot};
use openprod_storage::{Position, StorageError};

use super::WINDOW;
use crate::batch::{BATCH_BYTES, pack};
use crate::message::{Message, Round};

/// An answer under way.
pub(super) struct Answer {
    round: Round,
    covered: Covered,
    after: Position,
    sent: u64,
    acked: u64,
    remaining: u64,
    exhausted: bool,
}

impl Answer {
    /// Begins the answer to one who has `heads`; says how much there is.
    pub(super) fn begin(
        snapshot: &Snapshot,
        round: Round,
        heads: &[LogHead],
        out: &mut Vec<Message>,
    ) -> Result<Self, StorageError> {
        let covered = snapshot.covered(heads)?;
        let (totals, after) = covered.totals(snapshot)?;
        out.push(Message::Totals {
            round,
            bundles: totals.bundles,
        });
        Ok(Self {
            round,
            covered,
            after,
            sent: 0,
            acked: 0,
            remaining: totals.bundles,
            exhausted: false,
        })
    }

    /// Takes what the other side says that it has dealt with.
    pub(super) fn acknowledge(&mut self, round: Round, count: u64) {
        if self.round == round {
            self.acked = self.acked.max(count).min(self.sent);
        }
    }

    /// Sends as much as may be under way.
    pub(super) fn go_on(&mut self, snapshot: &Snapshot, out: &mut Vec<Message>) -> Result<(), StorageError> {
        while !self.exhausted && self.sent - self.acked < WINDOW {
            let (bundles, after) = snapshot.lacking(&mut self.covered, self.after, BATCH_BYTES)?;
            self.after = after;
            if bundles.is_empty() {
                self.exhausted = true;
                out.push(Message::Done { round: self.round });
                break;
            }
            self.remaining = self.remaining.saturating_sub(bundles.len() as u64);
            let parts: Vec<&[u8]> = bundles.iter().map(|bundle| &**bundle.bytes()).collect();
            out.push(Message::Bundles {
                round: self.round,
                batch: pack(&parts),
            });
            self.sent += 1;
        }
        Ok(())
    }

    /// How many bundles are still to be sent.
    pub(super) const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Up to where the store has been sent, once nothing is left to send.
    pub(super) fn reached(&self) -> Option<Position> {
        self.exhausted.then_some(self.after)
    }
}
