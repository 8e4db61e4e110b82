//! The authors of a history: what each knows, and the bundles that they seal.

use std::collections::BTreeSet;

use openprod_core::bundle::{FORMAT_VERSION, Header};
use openprod_core::intent::context_digest;
use openprod_core::operation::RecordFact;
use openprod_core::{
    Bundle, BundleHash, BundleId, CommandId, DecisionContext, DecisionPolicy, Hlc, Identity, Intent, LogId,
    OpId, Payload, Timestamp, VerifiedBundle,
};
use openprod_engine::facts::{RESOLVED, ResolutionChoice, Verdict};
use openprod_events::EventQuery;

use super::deed;
use super::typing::Typist;
use super::{Deed, Step};
use crate::device::workspace;
use crate::forge::{Forgery, seal, seen_entries};
use crate::oracle::Oracle;

/// When the clocks of all authors show zero seconds.
const START_S: u64 = 1_700_000_000;

/// One who writes: an identity in one log, or in one branch of a forked one.
#[derive(Clone)]
pub struct Writer {
    identity: u8,
    log: u8,
    /// The bundles written here, the branch's own and those before it, in order.
    chain: Vec<usize>,
    /// Every bundle it knows, with all of their pasts.
    known: BTreeSet<usize>,
}

/// The authors and everything they wrote.
pub struct Team {
    writers: Vec<Writer>,
    logs: u8,
    bundles: Vec<VerifiedBundle>,
    /// For each bundle, what its author knew when it sealed it.
    pasts: Vec<BTreeSet<usize>>,
}

impl Team {
    /// Authors who have not yet met, each with a log of its own.
    #[must_use]
    pub fn new(authors: u8) -> Self {
        let writer = |number| Writer {
            identity: number,
            log: number,
            chain: Vec::new(),
            known: BTreeSet::new(),
        };
        Self {
            writers: (0..authors.max(1)).map(writer).collect(),
            logs: authors.max(1),
            bundles: Vec::new(),
            pasts: Vec::new(),
        }
    }

    /// Plays a history from its start.
    #[must_use]
    pub fn play(authors: u8, steps: &[Step]) -> Self {
        let mut team = Self::new(authors);
        steps.iter().for_each(|step| team.step(step));
        team
    }

    /// Every bundle, each after its past.
    #[must_use]
    pub fn bundles(&self) -> &[VerifiedBundle] {
        &self.bundles
    }

    /// What the author of a bundle knew when it sealed it.
    #[must_use]
    pub fn past(&self, bundle: usize) -> &BTreeSet<usize> {
        &self.pasts[bundle]
    }

    /// Plays a step.
    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Write {
                writer,
                second,
                terse,
                deeds,
            } => {
                if !deeds.is_empty() {
                    self.seal(*writer, *second, *terse, None, deeds);
                }
            }
            Step::Command {
                writer,
                second,
                command,
                deed,
            } => {
                let command = CommandId::from_u128(0xc000_0000 + u128::from(*command));
                self.seal(*writer, *second, false, Some(command), std::slice::from_ref(deed));
            }
            Step::Meet { reader, other } => self.meet(*reader, *other),
            Step::Learn { reader, bundle } => {
                if !self.bundles.is_empty() {
                    let bundle = usize::from(*bundle) % self.bundles.len();
                    let past = self.pasts[bundle].clone();
                    let known = &mut self.writer(*reader).known;
                    known.insert(bundle);
                    known.extend(past);
                }
            }
            Step::BeginLog { writer } => {
                let begun = Writer {
                    log: self.logs,
                    chain: Vec::new(),
                    known: BTreeSet::new(),
                    ..self.writer(*writer).clone()
                };
                self.logs = self.logs.wrapping_add(1);
                self.writers.push(begun);
            }
            Step::Fork { writer, lacking } => {
                let mut backup = self.writer(*writer).clone();
                backup
                    .chain
                    .truncate(backup.chain.len().saturating_sub(usize::from(*lacking)));
                backup.known = backup.chain.iter().copied().collect();
                for bundle in &backup.chain {
                    backup.known.extend(&self.pasts[*bundle]);
                }
                self.writers.push(backup);
            }
        }
    }

    /// Lets a writer learn all that another knows.
    pub fn meet(&mut self, reader: u8, other: u8) {
        let theirs = self.writer(other).known.clone();
        self.writer(reader).known.extend(theirs);
    }

    /// Seals a bundle as an honest engine does, and says which of all it is.
    ///
    /// # Panics
    /// When there are no deeds.
    pub fn write(&mut self, writer: u8, second: u8, deeds: &[Deed]) -> usize {
        self.seal(writer, second, false, None, deeds)
    }

    /// Seals a bundle under a command id that others may have, too, on what its author knows.
    ///
    /// # Panics
    /// When there are no deeds.
    pub fn command(&mut self, writer: u8, second: u8, command: u8, deed: &Deed) -> usize {
        self.step(&Step::Command {
            writer,
            second,
            command,
            deed: deed.clone(),
        });
        self.bundles.len() - 1
    }

    fn seal(
        &mut self,
        writer: u8,
        second: u8,
        terse: bool,
        command: Option<CommandId>,
        deeds: &[Deed],
    ) -> usize {
        let Writer {
            identity,
            log,
            chain,
            known,
        } = self.writer(writer).clone();
        let before = chain.last().map(|last| &self.bundles[*last]);
        let latest = known.iter().map(|bundle| self.bundles[*bundle].last_hlc());
        let now = Timestamp::from_micros((START_S + u64::from(second)) * 1_000_000);
        let identity = Identity::from_seed(&[identity + 1; 32]);
        let number = CommandId::from_u128(self.bundles.len() as u128 + 1);
        let header = Header {
            version: FORMAT_VERSION,
            workspace: workspace().id,
            actor: identity.actor(),
            log: LogId::from_bytes([log; 16]),
            seq: chain.len() as u64 + 1,
            prev: before.map_or(BundleHash::NONE, |before| *before.hash()),
            hlc: Hlc::next(Hlc::ZERO, latest.max().unwrap_or(Hlc::ZERO), now),
            seen: seen_entries(&self.gained(&chain, &known, terse)),
            intent: Intent {
                command_id: command.unwrap_or(number),
                command_type: "records.update".to_owned(),
                source: "history".to_owned(),
                // Two branches of a log must not begin with the same bundle by chance.
                correlation_id: command.map(|_| number),
                causation_id: None,
                justification: None,
                approval_id: None,
                decision: self.decision(&known, deeds),
            },
            root: [0; 32],
            count: 0,
        };
        let frames = self.frames(&header, &known, &self.resolved(&known, deeds));
        let bytes = seal(&identity, &Forgery { header, frames });
        let bundle = Bundle::decode(bytes)
            .and_then(|bundle| bundle.verify(workspace().id))
            .expect("what was sealed here is sound");
        let place = self.bundles.len();
        self.bundles.push(bundle);
        self.pasts.push(known);
        let writer = self.writer(writer);
        writer.chain.push(place);
        writer.known.insert(place);
        place
    }

    /// What a bundle says it was decided on.
    fn decision(&self, known: &BTreeSet<usize>, deeds: &[Deed]) -> Option<DecisionContext> {
        let decide = deeds.iter().find_map(|deed| match deed {
            Deed::Decide { context, faulty, .. } => Some((*context, *faulty)),
            _ => None,
        });
        let (context, faulty) = decide?;
        let (semantics, query, text) = deed::context(context);
        let query = query.map(|query| -> EventQuery {
            serde_json::from_str(&query).expect("the query is well formed")
        });
        let facts = self.oracle(known).facts().into_iter();
        let seen: BTreeSet<OpId> = facts
            .filter(|fact| {
                let query = query.as_ref();
                query.is_some_and(|query| query.matches(&fact.event_type, &fact.payload))
            })
            .map(|fact| fact.moment.op_id)
            .collect();
        Some(DecisionContext {
            handler_version: 1,
            semantics,
            query: text.into_bytes(),
            count: seen.len() as u64 + u64::from(faulty),
            digest: context_digest(&seen),
            heads: Vec::new(),
            policy: DecisionPolicy::Surface,
        })
    }

    /// The deeds, with each resolution as the frame that it comes to.
    fn resolved(&self, known: &BTreeSet<usize>, deeds: &[Deed]) -> Vec<Deed> {
        let resolve = |deed: &Deed| {
            let Deed::Resolve { decision, all } = deed else {
                return deed.clone();
            };
            let decides = |bundle: &&usize| self.bundles[**bundle].header().intent.decision.is_some();
            let decisions: Vec<_> = known.iter().filter(decides).collect();
            // Of no decision, it is about a bundle that is none, or about nothing there is.
            let about = decisions
                .get(usize::from(*decision) % decisions.len().max(1))
                .map_or(BundleId::from_u128(u128::from(*decision)), |bundle| {
                    self.bundles[**bundle].id()
                });
            let facts = self.oracle(known).facts().into_iter();
            let facts = facts.map(|fact| fact.moment.op_id).filter(|_| *all);
            let verdict = Verdict {
                decision: about,
                choice: ResolutionChoice::Accept,
                considered: facts.collect(),
                reason: None,
            };
            let payload = openprod_events::Payload::new(verdict.payload()).expect("ids are texts");
            let payload = Payload::from(RecordFact {
                fact_type: RESOLVED.to_owned(),
                payload: payload.canonical().as_bytes().to_vec(),
                streams: Vec::new(),
                metadata: Vec::new(),
            });
            Deed::Frame(payload.kind(), payload.encode())
        };
        deeds.iter().map(resolve).collect()
    }

    fn oracle(&self, known: &BTreeSet<usize>) -> Oracle {
        let known: Vec<_> = known.iter().map(|bundle| self.bundles[*bundle].clone()).collect();
        Oracle::new(&known).expect("what a writer knows is closed")
    }

    fn frames(&self, header: &Header, known: &BTreeSet<usize>, deeds: &[Deed]) -> Vec<(u16, Vec<u8>)> {
        if !deeds.iter().any(|deed| matches!(deed, Deed::Type { .. })) {
            return deeds.iter().map(Deed::frame).collect();
        }
        let known: Vec<_> = known.iter().map(|bundle| self.bundles[*bundle].clone()).collect();
        let known = Oracle::new(&known).expect("what a writer knows is closed");
        let mut typist = Typist::new(header.actor, header.log, known);
        let frame = |deed: &Deed| match typist.payload(deed) {
            Some(payload) => (payload.kind(), payload.encode()),
            None => deed.frame(),
        };
        deeds.iter().map(frame).collect()
    }

    /// The last known bundle of every log and branch of which more is known than when the last bundle was written.
    /// If terse, those of them that no other bundle known had seen.
    fn gained(&self, chain: &[usize], known: &BTreeSet<usize>, terse: bool) -> Vec<&VerifiedBundle> {
        let mut gained = known.clone();
        if let Some(last) = chain.last() {
            gained.retain(|bundle| bundle != last && !self.pasts[*last].contains(bundle));
        }
        let is_followed = |bundle: &usize| {
            known
                .iter()
                .any(|other| self.bundles[*other].header().prev == *self.bundles[*bundle].hash())
        };
        let is_seen = |bundle: &usize| known.iter().any(|other| self.pasts[*other].contains(bundle));
        let last = gained.iter().filter(|bundle| !is_followed(bundle));
        let named = last.filter(|bundle| !terse || !is_seen(bundle));
        named.map(|bundle| &self.bundles[*bundle]).collect()
    }

    fn writer(&mut self, number: u8) -> &mut Writer {
        let at = usize::from(number) % self.writers.len();
        &mut self.writers[at]
    }
}
