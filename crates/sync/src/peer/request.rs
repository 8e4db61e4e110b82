//! What we ask the other side for: when, and how far its answer has come.

use std::collections::BTreeSet;
use std::time::Duration;

use openprod_core::Timestamp;
use openprod_engine::{LogHead, Snapshot};
use openprod_storage::StorageError;

use super::their_heads::TheirHeads;
use super::{PeerError, WINDOW};
use crate::message::{Message, Round};

/// How long news of bundles is given to arrive by themselves before they are asked for.
const WANT_DELAY: Duration = Duration::from_millis(50);

/// After how long without progress a request is given up.
const STALL_MAX: Duration = Duration::from_secs(5);

/// How long others may be asked instead before a request that was given up is made again.
const STALL_PAUSE: Duration = Duration::from_secs(1);

/// How long bundles that a peer announces and does not deliver are not asked for again.
const FRUITLESS_PAUSE: Duration = Duration::from_secs(10);

/// A request under way.
struct Request {
    round: Round,
    remaining: u64,
    /// Batches dealt with.
    count: u64,
    accepted: usize,
    /// Batches handed out and not yet dealt with.
    open: u64,
    done: bool,
    last_progress: Timestamp,
}

/// Our requests, one at a time.
#[derive(Default)]
pub(super) struct Requests {
    under_way: Option<Request>,
    round: Round,
    /// What the other side was told to have when it last delivered nothing of it, and until when not to ask.
    fruitless: Option<(BTreeSet<LogHead>, Timestamp)>,
    lacking_since: Option<Timestamp>,
    /// When there will be something to ask for, unless something happens before.
    ask_at: Option<Timestamp>,
    in_step: bool,
}

impl Requests {
    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether the other side has told what it has, and we lack none of it.
    pub(super) const fn is_in_step(&self) -> bool {
        self.in_step
    }

    /// When to ask, unless something happens before.
    pub(super) const fn ask_at(&self) -> Option<Timestamp> {
        self.ask_at
    }

    /// How many bundles are still to come: at least one while any are.
    pub(super) fn remaining(&self) -> u64 {
        match &self.under_way {
            Some(request) => request.remaining.max(1),
            None => u64::from(self.lacking_since.is_some()),
        }
    }

    /// The request under way, if that is the one an answer belongs to: others were given up.
    fn of(&mut self, round: Round) -> Option<&mut Request> {
        self.under_way.as_mut().filter(|request| request.round == round)
    }

    /// Takes how many bundles the answer has; gives that, if it is awaited.
    pub(super) fn totals(&mut self, round: Round, bundles: u64) -> Option<u64> {
        let request = self.of(round)?;
        request.remaining = bundles;
        Some(bundles)
    }

    /// Notes that a batch has come and is handed out.
    pub(super) fn received(&mut self, round: Round, now: Timestamp) -> Result<(), PeerError> {
        if let Some(request) = self.of(round) {
            request.open += 1;
            request.last_progress = now;
            if request.open > 2 * WINDOW {
                return Err(PeerError::Nonsense("it sends more than it was given leave to"));
            }
        }
        Ok(())
    }

    /// Notes that a batch of so many bundles was dealt with, `accepted` of them new. Gives how many batches were and how
    /// many bundles are still to come; `None` if the request was given up.
    pub(super) fn delivered(
        &mut self,
        round: Round,
        bundles: usize,
        accepted: usize,
        now: Timestamp,
    ) -> Option<(u64, u64)> {
        let request = self.of(round)?;
        request.count += 1;
        request.open = request.open.saturating_sub(1);
        request.last_progress = now;
        request.remaining = request.remaining.saturating_sub(bundles as u64);
        request.accepted += accepted;
        Some((request.count, request.remaining))
    }

    /// Notes that everything has been sent.
    pub(super) fn done(&mut self, round: Round, now: Timestamp) {
        if let Some(request) = self.of(round) {
            request.done = true;
            request.last_progress = now;
        }
    }

    /// Ends the request when its answer is complete and dealt with; tells whether it did.
    pub(super) fn finish(&mut self, theirs: &TheirHeads, now: Timestamp) -> bool {
        let complete = |request: &mut Request| request.done && request.open == 0;
        let Some(request) = self.under_way.take_if(complete) else {
            return false;
        };
        if request.accepted == 0 {
            self.fruitless = Some((theirs.heads().clone(), now.after(FRUITLESS_PAUSE)));
        }
        true
    }

    /// Asks for what we lack, who have `heads`, if it is time to.
    pub(super) fn ask(
        &mut self,
        snapshot: &Snapshot,
        heads: &BTreeSet<LogHead>,
        theirs: &TheirHeads,
        may_ask: bool,
        now: Timestamp,
    ) -> Result<Option<Message>, StorageError> {
        self.ask_at = None;
        if let Some(request) = &self.under_way {
            if now.since(request.last_progress) <= STALL_MAX {
                return Ok(None);
            }
            self.under_way = None;
            self.fruitless = Some((theirs.heads().clone(), now.after(STALL_PAUSE)));
        }
        if !theirs.are_told() {
            return Ok(None);
        }
        let new: Vec<_> = theirs.heads().difference(heads).copied().collect();
        if snapshot.unknown(&new)?.is_empty() {
            self.lacking_since = None;
            self.in_step = true;
            return Ok(None);
        }
        let since = *self.lacking_since.get_or_insert(now);
        let wait = if self.in_step { WANT_DELAY } else { Duration::ZERO };
        if let Some((fruitless, until)) = &self.fruitless
            && now < *until
            && theirs.heads() == fruitless
        {
            self.ask_at = Some(*until);
            return Ok(None);
        }
        if now < since.after(wait) {
            self.ask_at = Some(since.after(wait));
            return Ok(None);
        }
        if !may_ask {
            // Whoever forbids it wakes us when it is allowed.
            return Ok(None);
        }
        self.fruitless = None;
        self.in_step = false;
        // The first round is 1: what comes unasked has none.
        self.round = self.round.wrapping_add(1).max(1);
        self.under_way = Some(Request {
            round: self.round,
            remaining: 0,
            count: 0,
            accepted: 0,
            open: 0,
            done: false,
            last_progress: now,
        });
        Ok(Some(Message::Want {
            round: self.round,
            heads: heads.iter().copied().collect(),
        }))
    }
}
