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

mod answer;
mod pulse;
mod push;
mod request;
mod their_heads;

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{ActorId, Timestamp};
use openprod_engine::{LogHead, Receipt, Snapshot};
use openprod_storage::StorageError;
use thiserror::Error;

use self::answer::Answer;
use self::pulse::Pulse;
use self::push::Pushes;
use self::request::Requests;
use self::their_heads::{TheirHeads, checked};
use crate::batch::{BatchError, unpack};
use crate::message::{Beat, Hello, Message, PROTOCOL_VERSION, Round, UNASKED, digest};

pub use self::pulse::{BEAT_INTERVAL, SILENCE_MAX, SKEW_SUSPECT};

/// How many batches may be under way unacknowledged.
pub const WINDOW: u64 = 8;

/// The longest device name, in bytes.
const NAME_BYTES_MAX: usize = 256;

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

/// One conversation with one member.
pub struct Peer {
    config: PeerConfig,
    hello: Option<Hello>,
    greeted: bool,
    pulse: Pulse,
    theirs: TheirHeads,
    /// What we have told the other side of what we have; `None` before we have.
    told: Option<BTreeSet<LogHead>>,
    must_tell_heads: bool,
    /// What the other side asks for, and has when it asks.
    wanted: Option<(Round, Vec<LogHead>)>,
    answer: Option<Answer>,
    pushes: Pushes,
    requests: Requests,
    acks: BTreeMap<Round, u64>,
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
            pulse: Pulse::new(now),
            theirs: TheirHeads::default(),
            told: None,
            must_tell_heads: false,
            wanted: None,
            answer: None,
            pushes: Pushes::default(),
            requests: Requests::default(),
            acks: BTreeMap::new(),
            behind: 0,
            events: Vec::new(),
        }
    }

    /// Takes a message in. Bundles in it are handed out, to be given to the engine.
    ///
    /// # Errors
    /// [`PeerError`]: the conversation must end.
    pub fn handle(&mut self, message: Message, now: Timestamp) -> Result<Option<Delivery>, PeerError> {
        self.pulse.hear(now);
        if self.hello.is_none() && !matches!(message, Message::Hello(_) | Message::Bye { .. }) {
            return Err(PeerError::Nonsense("it did not say hello first"));
        }
        match message {
            Message::Hello(hello) => self.hear_hello(hello, now)?,
            Message::Heads(heads) => {
                self.theirs.tell_all(heads)?;
                self.pushes.acknowledge_all();
            }
            Message::News(heads) => self.theirs.tell_news(heads)?,
            Message::AskHeads => self.must_tell_heads = true,
            Message::Want { round, heads } => self.wanted = Some((round, checked(heads)?)),
            Message::Totals { round, bundles } => {
                let remaining = self.requests.totals(round, bundles);
                let progress = remaining.map(|remaining| PeerEvent::Progress { remaining });
                self.events.extend(progress);
            }
            Message::Bundles { round, batch } => {
                let bundles = unpack(&batch)?;
                self.requests.received(round, now)?;
                return Ok(Some(Delivery { round, bundles }));
            }
            Message::Done { round } => {
                self.requests.done(round, now);
                self.finish_request(now);
            }
            Message::Ack { round, count } => match &mut self.answer {
                _ if round == UNASKED => self.pushes.acknowledge(count),
                Some(answer) => answer.acknowledge(round, count),
                None => {}
            },
            Message::Beat(beat) => {
                self.note_skew(beat.now_micros, now);
                self.pulse.beat = Some(beat);
            }
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
        heads.iter().for_each(|head| self.theirs.note(*head));
        let round = delivery.round;
        let count = if round == UNASKED {
            self.pushes.receive()
        } else {
            let accepted = receipt.map_or(0, |receipt| receipt.accepted);
            let delivered = self
                .requests
                .delivered(round, delivery.bundles.len(), accepted, now);
            let Some((count, remaining)) = delivered else {
                return;
            };
            self.events.push(PeerEvent::Progress { remaining });
            count
        };
        self.acks.insert(round, count);
        self.finish_request(now);
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
        self.answer(snapshot, &mut out)?;
        self.push(snapshot, &mut out)?;
        let heads: BTreeSet<_> = snapshot.heads()?.into_iter().collect();
        self.tell(&heads, &mut out);
        let ask = self.requests.ask(snapshot, &heads, &self.theirs, may_ask, now)?;
        out.extend(ask);
        self.beat(snapshot, &heads, now, &mut out)?;
        Ok(out)
    }

    /// Gives up a peer that has fallen silent.
    ///
    /// # Errors
    /// [`PeerError::Silent`].
    pub fn check_silence(&self, now: Timestamp) -> Result<(), PeerError> {
        if self.pulse.is_silent(now) {
            Err(PeerError::Silent)
        } else {
            Ok(())
        }
    }

    /// When [`Peer::poll`] has something to do at the latest, if nothing happens before.
    #[must_use]
    pub fn next_poll(&self) -> Timestamp {
        let beat = self.pulse.next_beat();
        self.requests.ask_at().map_or(beat, |ask| beat.min(ask))
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
        self.pulse.skew_ms()
    }

    /// How many bundles the other side lacks, as far as it has told.
    #[must_use]
    pub const fn behind(&self) -> u64 {
        self.behind
    }

    /// How many bundles are still to come from the other side.
    #[must_use]
    pub fn ahead(&self) -> u64 {
        self.requests.remaining()
    }

    /// Whether a request of ours is under way.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.requests.is_under_way()
    }

    /// Whether the other side has told what it has, and we lack none of it.
    #[must_use]
    pub const fn is_in_step(&self) -> bool {
        self.requests.is_in_step()
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

    fn note_skew(&mut self, their_micros: u64, now: Timestamp) {
        let suspect = self.pulse.note_skew(their_micros, now);
        self.events
            .extend(suspect.map(|skew_ms| PeerEvent::ClockSuspect { skew_ms }));
    }

    /// Ends our request when its answer is complete and dealt with.
    fn finish_request(&mut self, now: Timestamp) {
        if self.requests.finish(&self.theirs, now) {
            self.events.push(PeerEvent::Progress { remaining: 0 });
        }
    }

    /// Goes on with the answer to the other side's request.
    fn answer(&mut self, snapshot: &Snapshot, out: &mut Vec<Message>) -> Result<(), StorageError> {
        if let Some((round, heads)) = self.wanted.take() {
            self.answer = Some(Answer::begin(snapshot, round, &heads, out)?);
            self.theirs.replace(heads);
        }
        let Some(answer) = &mut self.answer else {
            return Ok(());
        };
        answer.go_on(snapshot, out)?;
        self.behind = answer.remaining();
        if let Some(position) = answer.reached() {
            // What is written from here on is sent unasked.
            self.pushes.reached(position);
            self.answer = None;
        }
        Ok(())
    }

    /// Sends what was written here since it was last sent, if the other side is otherwise in step.
    fn push(&mut self, snapshot: &Snapshot, out: &mut Vec<Message>) -> Result<(), StorageError> {
        if self.answer.is_some() {
            return Ok(());
        }
        if !self.pushes.have_begun() {
            // Nothing is sent unasked before the other side has told what it has.
            if self.theirs.are_told() {
                self.pushes.reached(snapshot.last()?);
            }
            return Ok(());
        }
        let heads = self
            .pushes
            .go_on(snapshot, self.config.actor, &self.theirs, out)?;
        for head in heads {
            self.theirs.note(head);
            if let Some(told) = &mut self.told {
                told.insert(head);
            }
        }
        Ok(())
    }

    /// Tells what we have: all of it at first and when asked, then only what is new to the other side.
    fn tell(&mut self, heads: &BTreeSet<LogHead>, out: &mut Vec<Message>) {
        match &self.told {
            Some(told) if !self.must_tell_heads => {
                let is_news = |head: &&LogHead| !told.contains(head) && !self.theirs.contains(head);
                let news: Vec<_> = heads.iter().filter(is_news).copied().collect();
                if !news.is_empty() {
                    out.push(Message::News(news));
                }
            }
            _ => out.push(Message::Heads(heads.iter().copied().collect())),
        }
        self.must_tell_heads = false;
        self.told = Some(heads.clone());
    }

    /// Shows that we are alive, and compares what the other side's last beat said with what we know.
    fn beat(
        &mut self,
        snapshot: &Snapshot,
        heads: &BTreeSet<LogHead>,
        now: Timestamp,
        out: &mut Vec<Message>,
    ) -> Result<(), StorageError> {
        if !self.pulse.begin_beat(now) {
            return Ok(());
        }
        let (applied, state) = (digest(&snapshot.applied_heads()?), snapshot.state_hash());
        self.behind = match &self.answer {
            Some(answer) => answer.remaining(),
            None => {
                let covered = snapshot.covered(&self.theirs.to_vec())?;
                covered.totals(snapshot)?.0.bundles
            }
        };
        if let Some(theirs) = self.pulse.beat.take() {
            if theirs.stored != digest(heads) && theirs.stored != digest(self.theirs.heads()) {
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
