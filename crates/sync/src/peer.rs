//! The protocol between two members: a state machine without sockets, clocks or tasks.
//!
//! Each side tells what it has (`Heads`, then `News`), asks for what it lacks (`Want`), and is answered in causal
//! order (`Totals`, `Bundles` …, `Done`). What a side writes itself it sends at once, unasked; what it got from
//! others it only announces, so that in a full mesh each bundle crosses each line once. Every `Beat` carries a
//! digest of what its sender has: whatever was lost on the way is noticed within a beat and asked for again.
//!
//! [`Peer::handle`] takes a message in; [`Peer::poll`] gives out what is to be sent, given a view of the store.
//! Bundles are handed out unverified, and [`Peer::delivered`] says what became of them.
//!
//! A sender has at most [`WINDOW`] batches under way that the receiver has not dealt with; a slow receiver
//! therefore costs its peers neither memory nor time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openprod_core::{ActorId, Timestamp};
use openprod_engine::{Covered, LogHead, Receipt, Snapshot};
use openprod_storage::{Position, StorageError};
use thiserror::Error;

use crate::batch::{BATCH_BYTES, BatchError, pack, unpack};
use crate::message::{Beat, Hello, Message, PROTOCOL_VERSION, Round, digest};

/// How many batches may be under way unacknowledged.
pub const WINDOW: u64 = 8;

/// How often a side shows that it is alive.
pub const BEAT_INTERVAL: Duration = Duration::from_secs(1);

/// After how long without a word the other side is given up.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How long news of bundles is given to arrive by themselves before they are asked for.
const WANT_DELAY: Duration = Duration::from_millis(50);

/// After how long without progress a request is given up.
const STALL_MAX: Duration = Duration::from_secs(5);

/// How long others may be asked instead before a request that was given up is made again.
const STALL_PAUSE: Duration = Duration::from_secs(1);

/// How long bundles that a peer announces and does not deliver are not asked for again.
const FRUITLESS_PAUSE: Duration = Duration::from_secs(10);

/// The most heads a peer may have: logs and branches.
const HEADS_MAX: usize = 65_536;

/// The longest device name, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// How far clocks may differ before people are told.
pub const SKEW_SUSPECT: Duration = Duration::from_secs(30);

/// What this side says of itself.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    /// Who we are.
    pub actor: ActorId,
    /// What this device is called.
    pub name: String,
    /// The port on which it can be dialled.
    pub port: u16,
    /// The rules by which it derives its state.
    pub derivation: u32,
}

/// Bundles that arrived, to be decoded, verified and given to the engine; then to [`Peer::delivered`].
#[derive(Debug)]
pub struct Delivery {
    round: Round,
    /// The bytes of the bundles, in causal order.
    pub bundles: Vec<Vec<u8>>,
}

/// Something worth telling people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// The other side has said who it is.
    Greeted {
        /// What its device is called.
        name: String,
        /// Where it can be dialled.
        port: u16,
    },
    /// How many bundles are still to come.
    Progress {
        /// How many.
        remaining: u64,
    },
    /// Its clock differs from ours by more than [`SKEW_SUSPECT`].
    ClockSuspect {
        /// How far theirs is ahead of ours, in milliseconds.
        skew_ms: i64,
    },
    /// Both have applied the same bundles by the same rules, and have different states.
    Diverged,
}

/// Why a conversation must end.
#[derive(Debug, Error)]
pub enum PeerError {
    /// The other side speaks another protocol.
    #[error(
        "talk to peer: it speaks protocol {theirs}, this version speaks {PROTOCOL_VERSION}; update the older one"
    )]
    Protocol {
        /// What it speaks.
        theirs: u16,
    },
    /// It said something that makes no sense where it stands.
    #[error("talk to peer: {0}")]
    Nonsense(&'static str),
    /// A batch does not unpack.
    #[error("talk to peer")]
    Batch(#[from] BatchError),
    /// It has not said anything for [`SILENCE_MAX`].
    #[error("talk to peer: it has fallen silent")]
    Silent,
    /// It hung up.
    #[error("talk to peer: it hung up ({reason})")]
    HungUp {
        /// What it said.
        reason: String,
    },
}

/// An answer under way to the other side.
struct Serving {
    round: Round,
    covered: Covered,
    after: Position,
    sent: u64,
    acked: u64,
    exhausted: bool,
}

/// A request of ours under way.
struct Wanting {
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

/// One conversation with one member.
pub struct Peer {
    config: PeerConfig,
    hello: Option<Hello>,
    greeted: bool,
    /// What the other side has told of what it has.
    theirs: BTreeSet<LogHead>,
    theirs_told: bool,
    /// What we have told the other side of what we have.
    told: BTreeSet<LogHead>,
    told_once: bool,
    serving: Option<Serving>,
    wanted: Option<(Round, Vec<LogHead>)>,
    wanting: Option<Wanting>,
    round: Round,
    /// What the other side was told to have when it last delivered nothing of it, and until when not to ask.
    fruitless: Option<(Vec<LogHead>, Timestamp)>,
    lacking_since: Option<Timestamp>,
    /// When there will be something to ask for, unless something happens before.
    ask_at: Option<Timestamp>,
    in_step: bool,
    /// How far our own log has been sent unasked.
    pushed: Option<Position>,
    pushes: u64,
    pushes_acked: u64,
    push_count: u64,
    acks: BTreeMap<Round, u64>,
    must_tell_heads: bool,
    last_heard: Timestamp,
    last_beat: Option<Timestamp>,
    skew_ms: i64,
    their_beat: Option<Beat>,
    behind: u64,
    events: Vec<PeerEvent>,
}

impl Peer {
    /// Begins a conversation over a channel that stands.
    #[must_use]
    pub fn new(config: PeerConfig, now: Timestamp) -> Self {
        Self {
            config,
            hello: None,
            greeted: false,
            theirs: BTreeSet::new(),
            theirs_told: false,
            told: BTreeSet::new(),
            told_once: false,
            serving: None,
            wanted: None,
            wanting: None,
            round: 0,
            fruitless: None,
            lacking_since: None,
            ask_at: None,
            in_step: false,
            pushed: None,
            pushes: 0,
            pushes_acked: 0,
            push_count: 0,
            acks: BTreeMap::new(),
            must_tell_heads: false,
            last_heard: now,
            last_beat: None,
            skew_ms: 0,
            their_beat: None,
            behind: 0,
            events: Vec::new(),
        }
    }

    /// Takes a message in. Bundles in it are handed out, to be given to the engine.
    ///
    /// # Errors
    /// [`PeerError`]: the conversation must end.
    pub fn handle(&mut self, message: Message, now: Timestamp) -> Result<Option<Delivery>, PeerError> {
        self.last_heard = now;
        if self.hello.is_none() && !matches!(message, Message::Hello(_) | Message::Bye { .. }) {
            return Err(PeerError::Nonsense("it did not say hello first"));
        }
        match message {
            Message::Hello(hello) => self.hear_hello(hello, now)?,
            Message::Heads(heads) => {
                self.theirs = checked(heads)?.into_iter().collect();
                self.theirs_told = true;
                self.pushes_acked = self.pushes;
            }
            Message::News(heads) => self.hear_news(checked(heads)?)?,
            Message::AskHeads => self.must_tell_heads = true,
            Message::Want { round, heads } => self.wanted = Some((round, checked(heads)?)),
            Message::Totals { round, bundles } => {
                if let Some(wanting) = self.wanting.as_mut().filter(|wanting| wanting.round == round) {
                    wanting.remaining = bundles;
                    self.events.push(PeerEvent::Progress { remaining: bundles });
                }
            }
            Message::Bundles { round, batch } => return self.hear_bundles(round, &batch, now).map(Some),
            Message::Done { round } => {
                if let Some(wanting) = self.wanting.as_mut().filter(|wanting| wanting.round == round) {
                    wanting.done = true;
                    wanting.last_progress = now;
                }
                self.finish_wanting(now);
            }
            Message::Ack { round: 0, count } => {
                self.pushes_acked = self.pushes_acked.max(count).min(self.pushes)
            }
            Message::Ack { round, count } => {
                if let Some(serving) = self.serving.as_mut().filter(|serving| serving.round == round) {
                    serving.acked = serving.acked.max(count).min(serving.sent);
                }
            }
            Message::Beat(beat) => self.hear_beat(beat, now),
            Message::Bye { reason } => {
                let reason = reason.chars().filter(|c| !c.is_control()).take(200).collect();
                return Err(PeerError::HungUp { reason });
            }
        }
        Ok(None)
    }

    /// Says what became of a delivery: the engine's receipt, or `None` when it could not be taken now. `heads`
    /// are those of the delivered bundles, which the other side evidently has.
    pub fn delivered(
        &mut self,
        delivery: &Delivery,
        heads: &[LogHead],
        receipt: Option<&Receipt>,
        now: Timestamp,
    ) {
        heads.iter().for_each(|head| self.note_theirs(*head));
        let count = if delivery.round == 0 {
            self.push_count += 1;
            self.push_count
        } else {
            let Some(wanting) = self
                .wanting
                .as_mut()
                .filter(|wanting| wanting.round == delivery.round)
            else {
                return;
            };
            wanting.count += 1;
            wanting.open = wanting.open.saturating_sub(1);
            wanting.last_progress = now;
            wanting.remaining = wanting.remaining.saturating_sub(delivery.bundles.len() as u64);
            if let Some(receipt) = receipt {
                wanting.accepted += receipt.accepted;
            }
            self.events.push(PeerEvent::Progress {
                remaining: wanting.remaining,
            });
            wanting.count
        };
        self.acks.insert(delivery.round, count);
        self.finish_wanting(now);
    }

    /// What is to be sent now, in order. `may_ask` says whether this conversation may begin a request: a
    /// workspace asks one peer at a time, so that nothing is fetched twice.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be read: nothing was sent, and polling again is safe.
    pub fn poll(
        &mut self,
        snapshot: &Snapshot,
        may_ask: bool,
        now: Timestamp,
    ) -> Result<Vec<Message>, StorageError> {
        let mut out = Vec::new();
        if !self.greeted {
            self.greeted = true;
            out.push(Message::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                derivation: self.config.derivation,
                name: self.config.name.clone(),
                port: self.config.port,
                now_micros: now.as_micros(),
            }));
        }
        out.extend(
            std::mem::take(&mut self.acks)
                .into_iter()
                .map(|(round, count)| Message::Ack { round, count }),
        );
        if self.hello.is_none() {
            return Ok(out);
        }
        self.serve(snapshot, &mut out)?;
        self.push_own(snapshot, &mut out)?;
        let heads: BTreeSet<_> = snapshot.heads()?.into_iter().collect();
        self.tell(&heads, &mut out);
        self.ask(snapshot, &heads, may_ask, now, &mut out)?;
        self.beat(snapshot, &heads, now, &mut out)?;
        Ok(out)
    }

    /// Gives up a peer that has fallen silent.
    ///
    /// # Errors
    /// [`PeerError::Silent`].
    pub fn check_silence(&self, now: Timestamp) -> Result<(), PeerError> {
        if now.since(self.last_heard) > SILENCE_MAX {
            Err(PeerError::Silent)
        } else {
            Ok(())
        }
    }

    /// When [`Peer::poll`] has something to do at the latest, if nothing happens before.
    #[must_use]
    pub fn next_poll(&self) -> Timestamp {
        let beat = self
            .last_beat
            .map_or(Timestamp::default(), |last| last.after(BEAT_INTERVAL));
        self.ask_at.map_or(beat, |ask| beat.min(ask))
    }

    /// What has happened since this was last called, in order.
    pub fn take_events(&mut self) -> Vec<PeerEvent> {
        std::mem::take(&mut self.events)
    }

    /// What the other side's device is called; empty before it has said so.
    #[must_use]
    pub fn name(&self) -> &str {
        self.hello.as_ref().map_or("", |hello| &hello.name)
    }

    /// The rules by which the other side derives its state; `None` before it has said hello.
    #[must_use]
    pub fn derivation(&self) -> Option<u32> {
        self.hello.as_ref().map(|hello| hello.derivation)
    }

    /// How far the other side's clock is ahead of ours, in milliseconds.
    #[must_use]
    pub const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// How many bundles the other side lacks, as far as it has told.
    #[must_use]
    pub const fn behind(&self) -> u64 {
        self.behind
    }

    /// How many bundles are still to come from the other side.
    #[must_use]
    pub fn ahead(&self) -> u64 {
        match &self.wanting {
            Some(wanting) => wanting.remaining.max(1),
            None => u64::from(self.lacking_since.is_some()),
        }
    }

    /// Whether a request of ours is under way.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.wanting.is_some()
    }

    /// Whether the other side has told what it has, and we lack none of it.
    #[must_use]
    pub const fn is_in_step(&self) -> bool {
        self.in_step
    }

    fn hear_hello(&mut self, hello: Hello, now: Timestamp) -> Result<(), PeerError> {
        if hello.protocol != PROTOCOL_VERSION {
            return Err(PeerError::Protocol {
                theirs: hello.protocol,
            });
        }
        if hello.name.len() > NAME_BYTES_MAX {
            return Err(PeerError::Nonsense("its name is too long"));
        }
        if self.hello.is_none() {
            self.note_skew(hello.now_micros, now);
            self.events.push(PeerEvent::Greeted {
                name: hello.name.clone(),
                port: hello.port,
            });
            self.hello = Some(hello);
        }
        Ok(())
    }

    fn hear_news(&mut self, heads: Vec<LogHead>) -> Result<(), PeerError> {
        heads.into_iter().for_each(|head| self.note_theirs(head));
        if self.theirs.len() > HEADS_MAX {
            return Err(PeerError::Nonsense("it has more logs than a workspace may have"));
        }
        Ok(())
    }

    fn hear_bundles(&mut self, round: Round, batch: &[u8], now: Timestamp) -> Result<Delivery, PeerError> {
        let bundles = unpack(batch)?;
        if round != 0
            && let Some(wanting) = self.wanting.as_mut().filter(|wanting| wanting.round == round)
        {
            wanting.open += 1;
            wanting.last_progress = now;
            if wanting.open > 2 * WINDOW {
                return Err(PeerError::Nonsense("it sends more than it was given leave to"));
            }
        }
        Ok(Delivery { round, bundles })
    }

    fn hear_beat(&mut self, beat: Beat, now: Timestamp) {
        self.note_skew(beat.now_micros, now);
        self.their_beat = Some(beat);
    }

    fn note_skew(&mut self, their_micros: u64, now: Timestamp) {
        let skew = (i128::from(their_micros) - i128::from(now.as_micros())) / 1_000;
        let skew_ms = skew.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        let suspect = |ms: i64| u128::from(ms.unsigned_abs()) > SKEW_SUSPECT.as_millis();
        if suspect(skew_ms) && !suspect(self.skew_ms) {
            self.events.push(PeerEvent::ClockSuspect { skew_ms });
        }
        self.skew_ms = skew_ms;
    }

    /// Ends our request when its answer is complete and dealt with.
    fn finish_wanting(&mut self, now: Timestamp) {
        let Some(wanting) = self.wanting.take_if(|wanting| wanting.done && wanting.open == 0) else {
            return;
        };
        if wanting.accepted == 0 {
            self.fruitless = Some((self.theirs.iter().copied().collect(), now.after(FRUITLESS_PAUSE)));
        }
        self.events.push(PeerEvent::Progress { remaining: 0 });
    }

    /// Goes on with the answer to the other side's request.
    fn serve(&mut self, snapshot: &Snapshot, out: &mut Vec<Message>) -> Result<(), StorageError> {
        if let Some((round, heads)) = self.wanted.take() {
            let covered = snapshot.covered(&heads)?;
            let (totals, after) = covered.totals(snapshot)?;
            out.push(Message::Totals {
                round,
                bundles: totals.bundles,
            });
            self.behind = totals.bundles;
            self.theirs = heads.into_iter().collect();
            self.serving = Some(Serving {
                round,
                covered,
                after,
                sent: 0,
                acked: 0,
                exhausted: false,
            });
        }
        let Some(serving) = &mut self.serving else {
            return Ok(());
        };
        while !serving.exhausted && serving.sent - serving.acked < WINDOW {
            let (bundles, after) = snapshot.lacking(&mut serving.covered, serving.after, BATCH_BYTES)?;
            serving.after = after;
            if bundles.is_empty() {
                serving.exhausted = true;
                out.push(Message::Done { round: serving.round });
                // What is written from here on is sent unasked.
                self.pushed = Some(after);
                break;
            }
            self.behind = self.behind.saturating_sub(bundles.len() as u64);
            let parts: Vec<&[u8]> = bundles.iter().map(|bundle| &**bundle.bytes()).collect();
            out.push(Message::Bundles {
                round: serving.round,
                batch: pack(&parts),
            });
            serving.sent += 1;
        }
        if serving.exhausted {
            self.serving = None;
        }
        Ok(())
    }

    /// Sends what was written here since it was last sent, if the other side is otherwise in step.
    fn push_own(&mut self, snapshot: &Snapshot, out: &mut Vec<Message>) -> Result<(), StorageError> {
        let Some(after) = self.pushed else {
            // Nothing is sent unasked before the other side has told what it has.
            if self.theirs_told && self.serving.is_none() {
                self.pushed = Some(snapshot.last()?);
            }
            return Ok(());
        };
        if self.serving.is_some() || self.pushes - self.pushes_acked >= WINDOW {
            return Ok(());
        }
        let theirs: Vec<_> = self.theirs.iter().copied().collect();
        let mut covered = snapshot.covered(&theirs)?;
        let (bundles, reached) = snapshot.lacking(&mut covered, after, BATCH_BYTES)?;
        self.pushed = Some(reached);
        let own: Vec<_> = bundles
            .iter()
            .filter(|bundle| bundle.header().actor == self.config.actor)
            .collect();
        if own.is_empty() {
            return Ok(());
        }
        for bundle in &own {
            let header = bundle.header();
            let head = LogHead {
                actor: header.actor,
                log: header.log,
                seq: header.seq,
                hash: *bundle.hash(),
            };
            self.note_theirs(head);
            self.told.insert(head);
        }
        let parts: Vec<&[u8]> = own.iter().map(|bundle| &**bundle.bytes()).collect();
        out.push(Message::Bundles {
            round: 0,
            batch: pack(&parts),
        });
        self.pushes += 1;
        Ok(())
    }

    /// Notes that the other side has a bundle.
    fn note_theirs(&mut self, head: LogHead) {
        let same_log = |other: &&LogHead| (other.actor, other.log) == (head.actor, head.log);
        let mut others = self.theirs.iter().filter(same_log);
        // A log's older head says nothing that its newer one does not, unless the log has forked.
        if let (Some(other), None) = (others.next().copied(), others.next()) {
            if other.seq >= head.seq {
                return;
            }
            self.theirs.remove(&other);
        }
        self.theirs.insert(head);
    }

    /// Tells what we have: all of it at first and when asked, then only what is new to the other side.
    fn tell(&mut self, heads: &BTreeSet<LogHead>, out: &mut Vec<Message>) {
        if !self.told_once || self.must_tell_heads {
            self.told_once = true;
            self.must_tell_heads = false;
            out.push(Message::Heads(heads.iter().copied().collect()));
        } else {
            let is_news = |head: &&LogHead| !self.told.contains(head) && !self.theirs.contains(head);
            let news: Vec<_> = heads.iter().filter(is_news).copied().collect();
            if !news.is_empty() {
                out.push(Message::News(news));
            }
        }
        self.told.clone_from(heads);
    }

    /// Asks for what we lack, if it is time to.
    fn ask(
        &mut self,
        snapshot: &Snapshot,
        heads: &BTreeSet<LogHead>,
        may_ask: bool,
        now: Timestamp,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        self.ask_at = None;
        if let Some(wanting) = &self.wanting {
            if now.since(wanting.last_progress) <= STALL_MAX {
                return Ok(());
            }
            self.wanting = None;
            self.fruitless = Some((self.theirs.iter().copied().collect(), now.after(STALL_PAUSE)));
        }
        if !self.theirs_told {
            return Ok(());
        }
        let theirs: Vec<_> = self.theirs.difference(heads).copied().collect();
        if snapshot.unknown(&theirs)?.is_empty() {
            self.lacking_since = None;
            self.in_step = true;
            return Ok(());
        }
        let since = *self.lacking_since.get_or_insert(now);
        let wait = if self.in_step { WANT_DELAY } else { Duration::ZERO };
        if let Some((fruitless, until)) = &self.fruitless
            && now < *until
            && self.theirs.iter().eq(fruitless)
        {
            self.ask_at = Some(*until);
            return Ok(());
        }
        if now < since.after(wait) {
            self.ask_at = Some(since.after(wait));
            return Ok(());
        }
        if !may_ask {
            // Whoever forbids it wakes us when it is allowed.
            return Ok(());
        }
        self.fruitless = None;
        self.in_step = false;
        self.round = self.round.wrapping_add(1).max(1);
        self.wanting = Some(Wanting {
            round: self.round,
            remaining: 0,
            count: 0,
            accepted: 0,
            open: 0,
            done: false,
            last_progress: now,
        });
        out.push(Message::Want {
            round: self.round,
            heads: heads.iter().copied().collect(),
        });
        Ok(())
    }

    /// Shows that we are alive, and compares what the other side's last beat said with what we know.
    fn beat(
        &mut self,
        snapshot: &Snapshot,
        heads: &BTreeSet<LogHead>,
        now: Timestamp,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        if self.last_beat.is_some_and(|last| now < last.after(BEAT_INTERVAL)) {
            return Ok(());
        }
        self.last_beat = Some(now);
        let (applied, state) = (digest(&snapshot.applied_heads()?), snapshot.state_hash());
        let theirs: Vec<_> = self.theirs.iter().copied().collect();
        self.behind = snapshot.covered(&theirs)?.totals(snapshot)?.0.bundles;
        if let Some(theirs) = self.their_beat.take() {
            if theirs.stored != digest(heads) && theirs.stored != digest(&self.theirs) {
                out.push(Message::AskHeads);
            }
            let same_rules = self
                .hello
                .as_ref()
                .is_some_and(|hello| hello.derivation == self.config.derivation);
            if same_rules && theirs.applied == applied && theirs.state != state {
                self.events.push(PeerEvent::Diverged);
            }
        }
        out.push(Message::Beat(Beat {
            now_micros: now.as_micros(),
            stored: digest(heads),
            applied,
            state,
        }));
        Ok(())
    }
}

/// Judges heads from outside.
fn checked(heads: Vec<LogHead>) -> Result<Vec<LogHead>, PeerError> {
    if heads.len() > HEADS_MAX {
        return Err(PeerError::Nonsense("it has more logs than a workspace may have"));
    }
    if !heads.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(PeerError::Nonsense("its heads are out of order"));
    }
    Ok(heads)
}
