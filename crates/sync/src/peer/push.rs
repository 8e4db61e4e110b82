//! What was written here, sent at once and unasked.

use openprod_core::ActorId;
use openprod_engine::{LogHead, Snapshot};
use openprod_storage::{Position, StorageError};

use super::WINDOW;
use super::their_heads::TheirHeads;
use crate::batch::{BATCH_BYTES, pack};
use crate::message::{Message, UNASKED};

/// How far our own log has been sent unasked, and how much of theirs came so.
#[derive(Default)]
pub(super) struct Pushes {
    reached: Option<Position>,
    sent: u64,
    acked: u64,
    received: u64,
}

impl Pushes {
    /// Everything up to here was sent otherwise.
    pub(super) const fn reached(&mut self, position: Position) {
        self.reached = Some(position);
    }

    pub(super) const fn have_begun(&self) -> bool {
        self.reached.is_some()
    }

    /// Takes what the other side says that it has dealt with.
    pub(super) fn acknowledge(&mut self, count: u64) {
        self.acked = self.acked.max(count).min(self.sent);
    }

    /// Waits no longer for what is under way: the other side has told all that it has.
    pub(super) const fn acknowledge_all(&mut self) {
        self.acked = self.sent;
    }

    /// Counts a batch of theirs that was dealt with; gives how many there were.
    pub(super) const fn receive(&mut self) -> u64 {
        self.received += 1;
        self.received
    }

    /// Sends what `own` wrote since it was last sent and the other side lacks; gives the heads that it thereby has.
    pub(super) fn go_on(
        &mut self,
        snapshot: &Snapshot,
        own: ActorId,
        theirs: &TheirHeads,
        out: &mut Vec<Message>,
    ) -> Result<Vec<LogHead>, StorageError> {
        let Some(after) = self.reached.filter(|_| self.sent - self.acked < WINDOW) else {
            return Ok(Vec::new());
        };
        let mut covered = snapshot.covered(&theirs.to_vec())?;
        let (bundles, reached) = snapshot.lacking(&mut covered, after, BATCH_BYTES)?;
        self.reached = Some(reached);
        let own: Vec<_> = bundles
            .iter()
            .filter(|bundle| bundle.header().actor == own)
            .collect();
        if own.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<&[u8]> = own.iter().map(|bundle| &**bundle.bytes()).collect();
        out.push(Message::Bundles {
            round: UNASKED,
            batch: pack(&parts),
        });
        self.sent += 1;
        let heads = own.iter().map(|bundle| {
            let header = bundle.header();
            LogHead {
                actor: header.actor,
                log: header.log,
                seq: header.seq,
                hash: *bundle.hash(),
            }
        });
        Ok(heads.collect())
    }
}
