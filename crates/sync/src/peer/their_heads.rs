//! What the other side has, as far as it has told or shown.

use std::collections::BTreeSet;

use openprod_engine::LogHead;

use super::PeerError;

/// The most heads a peer may have: logs and branches.
const HEADS_MAX: usize = 65_536;

/// The heads of the other side's logs.
#[derive(Default)]
pub(super) struct TheirHeads {
    heads: BTreeSet<LogHead>,
    told: bool,
}

impl TheirHeads {
    /// Whether the other side has told all that it has, at least once.
    pub(super) const fn are_told(&self) -> bool {
        self.told
    }

    pub(super) const fn heads(&self) -> &BTreeSet<LogHead> {
        &self.heads
    }

    pub(super) fn to_vec(&self) -> Vec<LogHead> {
        self.heads.iter().copied().collect()
    }

    pub(super) fn contains(&self, head: &LogHead) -> bool {
        self.heads.contains(head)
    }

    /// Takes what it tells of all that it has.
    pub(super) fn tell_all(&mut self, heads: Vec<LogHead>) -> Result<(), PeerError> {
        self.replace(checked(heads)?);
        self.told = true;
        Ok(())
    }

    /// Takes what it tells of what is new.
    pub(super) fn tell_news(&mut self, heads: Vec<LogHead>) -> Result<(), PeerError> {
        checked(heads)?.into_iter().for_each(|head| self.note(head));
        if self.heads.len() > HEADS_MAX {
            return Err(PeerError::Nonsense("it has more logs than a workspace may have"));
        }
        Ok(())
    }

    pub(super) fn replace(&mut self, heads: Vec<LogHead>) {
        self.heads = heads.into_iter().collect();
    }

    /// Notes that the other side has a bundle.
    pub(super) fn note(&mut self, head: LogHead) {
        let same_log = |other: &&LogHead| (other.actor, other.log) == (head.actor, head.log);
        let mut others = self.heads.iter().filter(same_log);
        // A log's older head says nothing that its newer one does not, unless the log has forked.
        if let (Some(other), None) = (others.next().copied(), others.next()) {
            if other.seq >= head.seq {
                return;
            }
            self.heads.remove(&other);
        }
        self.heads.insert(head);
    }
}

/// Judges heads from outside.
pub(super) fn checked(heads: Vec<LogHead>) -> Result<Vec<LogHead>, PeerError> {
    if heads.len() > HEADS_MAX {
        return Err(PeerError::Nonsense("it has more logs than a workspace may have"));
    }
    if !heads.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(PeerError::Nonsense("its heads are out of order"));
    }
    Ok(heads)
}
