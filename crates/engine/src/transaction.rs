//! The one road into the log: gather, write, publish.
//!
//! A transaction takes commands and peers' bundles, appends them and derives what they do, and makes all of it
//! durable at once. Until it has committed, nothing outside sees any of it; if it fails, nothing was done.

mod answers;
mod committed;
mod overlays;
mod summary;
mod undo;

use std::collections::BTreeSet;
use std::sync::Arc;

use openprod_core::bundle::SEEN_MAX;
use openprod_core::encoding::encode;
use openprod_core::{
    ActorId, BundleHash, BundleId, CommandId, Draft, Hlc, Identity, Intent, LogId, Payload, Seen, Timestamp,
    VerifiedBundle, seal,
};
use openprod_storage::{ChainId, Place, Position, Space, StorageError, Write};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng as _;

use crate::admission::{self, AdmissionError, Admitted, CLOCK_INTERVAL, Entry, clock_key};
use crate::chains::{Chain, ChainHead, Chains};
use crate::columns::Columns;
use crate::command::{Command, CommandError, Destination, Outcome, Request};
use crate::derive::derive;
use crate::documents::Documents;
use crate::forks::ForkEvidence;
use crate::overlay::{self, OverlayView};
use crate::plan::{View, plan};
use crate::row::{Sight, Writer};
use crate::schema::{Schema, reserved};
use crate::state::State;
use crate::subject::Subject;
use crate::synonyms::Synonyms;
use crate::text::Bundle;
use crate::undo::UndoStep;
use crate::workspace::Workspace;

pub use committed::{Committed, CommittedBundle, Receipt};
pub(crate) use summary::Summary;
pub(crate) use undo::taken_back;

/// What the engine keeps in memory of a workspace; replaced as a whole when a transaction commits.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    pub(crate) chains: Chains,
    pub(crate) schema: Arc<Schema>,
    pub(crate) synonyms: Arc<Synonyms>,
    pub(crate) columns: Arc<Columns>,
    pub(crate) summary: Summary,
    /// The workspace with the draft on top in which something was staged last; `None` once anything else was done.
    pub(crate) staged: Option<Arc<OverlayView>>,
}

/// A transaction on a workspace. Dropping it undoes it.
pub struct Transaction<'a> {
    write: Box<dyn Write + 'a>,
    workspace: &'a Workspace,
    identity: &'a Identity,
    random: &'a mut ChaCha12Rng,
    published: &'a mut Cache,
    /// Where the texts and lists are kept between transactions; the state has them meanwhile.
    documents: &'a mut Documents,
    cache: Cache,
    state: State,
    now: Timestamp,
    chains_changed: BTreeSet<ChainId>,
    /// What bundles of this transaction wrote to, while there are drafts.
    touched: BTreeSet<Subject>,
    /// Whether a bundle was written here, and, if it can be undone, the last of them.
    own: Option<Option<UndoStep>>,
    committed: Committed,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(
        write: Box<dyn Write + 'a>,
        workspace: &'a Workspace,
        identity: &'a Identity,
        random: &'a mut ChaCha12Rng,
        published: &'a mut Cache,
        documents: &'a mut Documents,
        now: Timestamp,
    ) -> Self {
        let cache = published.clone();
        let mut state = State::new(cache.summary.hash, Arc::clone(&cache.synonyms));
        *state.documents() = std::mem::take(documents);
        let (chains_changed, committed) = (BTreeSet::new(), Committed::default());
        Self {
            write,
            workspace,
            identity,
            random,
            published,
            documents,
            cache,
            state,
            now,
            chains_changed,
            touched: BTreeSet::new(),
            own: None,
            committed,
        }
    }

    /// Carries out a command. The same command again gets the first one's outcome and does nothing.
    ///
    /// # Errors
    /// [`CommandError`]. After [`CommandError::Storage`] the transaction must be dropped; after any other, it is
    /// as if the command had not been given.
    pub fn execute(&mut self, request: &Request) -> Result<Outcome, CommandError> {
        let command_id = match request.envelope.command_id {
            Some(command_id) => command_id,
            None => CommandId::new(self.now, self.entropy()),
        };
        let digest = request.digest();
        if let Some(outcome) = self.earlier_outcome(command_id, digest, request.command.is_about_facts())? {
            return Ok(outcome);
        }
        if let Command::RecordFacts(facts) = &request.command
            && let Some(outcome) = self.outcome_elsewhere(command_id, digest, facts)?
        {
            return Ok(outcome);
        }
        let overlay = match (&request.command, request.destination) {
            (Command::Overlay(command), _) => {
                let outcome = self.perform(command_id, command, request)?;
                return self.remember(digest, outcome);
            }
            (_, Destination::Log) => None,
            (_, Destination::Draft(overlay)) => Some(overlay),
            (_, Destination::Active) => overlay::active(&*self.write)?,
        };
        let outcome = match overlay {
            Some(overlay) if request.command.is_about_facts() => {
                let act = request.command.name();
                return Err(CommandError::FactsNotDrafted { act, overlay });
            }
            Some(overlay) if request.command.is_step() => self.step_in_draft(command_id, overlay, request)?,
            None if request.command.is_step() => self.step(command_id, request)?,
            Some(overlay) => self.stage(command_id, overlay, request)?,
            None => {
                let mut view = View {
                    store: &*self.write,
                    state: &mut self.state,
                    schema: &self.cache.schema,
                    synonyms: &self.cache.synonyms,
                    chains: &self.cache.chains,
                    actor: self.identity.actor(),
                    log: self.cache.summary.log,
                    next_bundle: next_bundle(&self.cache, self.identity.actor()),
                    now: self.now,
                    random: self.random,
                };
                let plan = plan(&mut view, &request.command)?;
                let mut bundle_id = None;
                if !plan.payloads.is_empty() || !request.command.is_about_facts() {
                    let intent = Intent {
                        decision: plan.decision,
                        ..intent(command_id, request)
                    };
                    bundle_id = Some(self.write_down(intent, plan.payloads)?);
                }
                let facts = match bundle_id {
                    Some(bundle) if request.command.is_about_facts() => self.span(bundle)?,
                    _ => None,
                };
                self.keep_receipt(command_id, &request.command, facts)?;
                Outcome {
                    bundle_id,
                    facts,
                    created: plan.created,
                    edges: plan.edges,
                    taken_back: plan.taken_back,
                    skipped: plan.skipped,
                    ..Outcome::of(command_id)
                }
            }
        };
        self.remember(digest, outcome)
    }

    /// Seals operations and commits them: the road that all of this device's own changes take.
    fn write_down(&mut self, intent: Intent, payloads: Vec<Payload>) -> Result<BundleId, CommandError> {
        let draft = self.draft(intent, payloads);
        let bundle = seal(self.identity, draft)?;
        self.commit_local(&bundle)?;
        self.note_own(&bundle);
        Ok(bundle.id())
    }

    /// Takes in bundles from a peer, in causal order. Stops at the first that cannot enter the log; what came
    /// before it stays.
    ///
    /// # Errors
    /// [`StorageError`]: the transaction must be dropped.
    pub fn receive(&mut self, bundles: &[VerifiedBundle]) -> Result<Receipt, StorageError> {
        let mut receipt = Receipt::default();
        for bundle in bundles {
            match admission::admit(&self.cache.chains, &*self.write, bundle) {
                Ok(Admitted {
                    place: Entry::Duplicate,
                    ..
                }) => receipt.duplicates += 1,
                Ok(admitted) => {
                    self.append(bundle, admitted, false)?;
                    receipt.accepted += 1;
                }
                Err(AdmissionError::Storage(error)) => return Err(error),
                Err(error) => {
                    receipt.refused = Some(error);
                    break;
                }
            }
        }
        Ok(receipt)
    }

    /// Applies held bundles that need be held no longer: time has come, or this version knows their kinds, or a
    /// person accepts the one named. Returns how many.
    ///
    /// # Errors
    /// [`StorageError`]: the transaction must be dropped.
    pub fn release(&mut self, accept: Option<BundleId>) -> Result<u64, StorageError> {
        if self.cache.summary.held == 0 {
            return Ok(0);
        }
        let mut released = 0;
        for (key, _) in self.write.scan(Space::Held, &[], None, usize::MAX)? {
            let damaged = StorageError::DamagedRow {
                space: Space::Held.name(),
            };
            let Ok(position) = <[u8; 8]>::try_from(key.as_slice()) else {
                return Err(damaged);
            };
            let Some(held) = self.write.bundle(Position(u64::from_be_bytes(position)))? else {
                return Err(damaged);
            };
            let chains = &self.cache.chains;
            let mut seen = Vec::new();
            for pointer in &held.bundle.header().seen {
                let chain = admission::resolve(chains, &*self.write, pointer)?;
                seen.extend(chain.map(|chain| (chain, pointer.seq)));
            }
            let clock = admission::clock_at(chains, &*self.write, held.place.chain, held.place.seq)?;
            let past = self.past(&held.bundle, held.place.chain, &seen);
            let admitted = Admitted {
                place: Entry::Duplicate,
                clock,
                past,
                seen,
            };
            let now = (accept != Some(held.bundle.id())).then_some(self.now);
            let chain = chains.get(held.place.chain);
            let reason = admission::hold(chains, chain, &held.bundle, &admitted, now);
            if let Some(reason) = reason {
                self.write.put(Space::Held, &key, &encode(&reason))?;
                continue;
            }
            self.write.delete(Space::Held, &key)?;
            self.cache.summary.held -= 1;
            self.apply(&held.bundle, held.place, &admitted)?;
            released += 1;
        }
        self.committed.released += released;
        Ok(released)
    }

    /// Makes everything durable and publishes it.
    ///
    /// # Errors
    /// [`StorageError`]: nothing of the transaction was kept.
    pub fn commit(mut self) -> Result<Committed, StorageError> {
        if self.committed.is_empty() {
            *self.documents = std::mem::take(self.state.documents());
            return Ok(self.committed);
        }
        self.flush()?;
        self.notice_drifts()?;
        let changed = self.committed.changes.records.keys().copied();
        self.committed.followers = self.cache.schema.followers(changed);
        self.notice_undo_stack()?;
        for chain in &self.chains_changed {
            self.cache.chains.save(*chain, &mut *self.write)?;
        }
        self.cache.summary.version += 1;
        self.cache.summary.save(&mut *self.write)?;
        // Before anyone can see the new state; to note what then fails to commit does no harm.
        self.cache
            .columns
            .note(self.cache.summary.version, &self.committed.changes);
        self.write.commit()?;
        *self.published = self.cache;
        *self.documents = std::mem::take(self.state.documents());
        self.documents.trim();
        Ok(self.committed)
    }

    fn entropy(&mut self) -> [u8; 10] {
        let mut entropy = [0; 10];
        self.random.fill_bytes(&mut entropy);
        entropy
    }

    /// The next bundle of this engine's log: it has seen everything that is applied.
    fn draft(&self, intent: Intent, payloads: Vec<Payload>) -> Draft {
        let chains = &self.cache.chains;
        let log = self.cache.summary.log;
        let own = chains.of_log(self.identity.actor(), log).first().copied();
        let own_clock = own.map(|id| &chains.get(id).clock);
        let mut seen = Vec::new();
        let mut latest = Hlc::ZERO;
        for (id, chain) in chains.iter() {
            let Some(applied) = chain.applied else { continue };
            latest = latest.max(applied.hlc);
            if Some(id) != own && own_clock.is_none_or(|clock| !clock.covers(id, applied.seq)) {
                let (actor, log, prefix) = (chain.actor, chain.log, applied.hash.prefix());
                seen.push(Seen {
                    actor,
                    log,
                    seq: applied.seq,
                    prefix,
                });
            }
        }
        // What does not fit is named by the bundles that follow.
        seen.truncate(SEEN_MAX);
        let head = own.map(|id| chains.get(id).stored);
        Draft {
            workspace: self.workspace.id,
            log,
            seq: head.map_or(1, |head| head.seq + 1),
            prev: head.map_or(BundleHash::NONE, |head| head.hash),
            hlc: Hlc::next(head.map_or(Hlc::ZERO, |head| head.hlc), latest, self.now),
            seen,
            intent,
            payloads,
        }
    }

    fn commit_local(&mut self, bundle: &VerifiedBundle) -> Result<Place, CommandError> {
        match admission::admit(&self.cache.chains, &*self.write, bundle) {
            Ok(admitted) => Ok(self.append(bundle, admitted, true)?),
            Err(AdmissionError::Storage(error)) => Err(error.into()),
            Err(error) => Err(CommandError::Unwritable(error)),
        }
    }

    /// Appends a bundle and applies it, unless it must be held. The only caller of storage's `append`.
    fn append(
        &mut self,
        bundle: &VerifiedBundle,
        mut admitted: Admitted,
        local: bool,
    ) -> Result<Place, StorageError> {
        let id = self.chain(bundle, &admitted)?;
        let header = bundle.header();
        let chains = &mut self.cache.chains;
        chains.observe(&mut admitted.clock, id, header.seq);
        let chain = chains.get_mut(id);
        chain.stored = ChainHead {
            seq: header.seq,
            hlc: bundle.last_hlc(),
            hash: *bundle.hash(),
        };
        chain.clock = admitted.clock.clone();
        if header.seq.is_multiple_of(CLOCK_INTERVAL) {
            let key = clock_key(id, header.seq);
            self.write.put(Space::Clock, &key, &encode(&chain.clock))?;
        }
        self.chains_changed.insert(id);
        let place = self.write.append(id, bundle)?;
        self.cache.summary.operations += u64::from(bundle.len());

        let now = (!local).then_some(self.now);
        let held = admission::hold(
            &self.cache.chains,
            self.cache.chains.get(id),
            bundle,
            &admitted,
            now,
        );
        match held {
            Some(reason) => {
                self.write
                    .put(Space::Held, &place.position.0.to_be_bytes(), &encode(&reason))?;
                self.cache.summary.held += 1;
            }
            None => self.apply(bundle, place, &admitted)?,
        }
        if !local && header.actor == self.identity.actor() && header.log == self.cache.summary.log {
            self.mint_log();
        }
        self.committed.bundles.push(CommittedBundle {
            place,
            id: bundle.id(),
            local,
            held,
        });
        Ok(place)
    }

    /// The chain that the bundle goes to; begins one where it must.
    fn chain(&mut self, bundle: &VerifiedBundle, admitted: &Admitted) -> Result<ChainId, StorageError> {
        let header = bundle.header();
        let (parent, forked_from) = match admitted.place {
            Entry::Extends(chain) => return Ok(chain),
            Entry::Begins | Entry::Duplicate => (None, None),
            Entry::Forks(from) => ((header.seq > 1).then_some(from.0), Some(from)),
        };
        let mut forks = Vec::new();
        if let Some(from) = forked_from {
            let evidence = ForkEvidence::gather(&self.cache.chains, &*self.write, from, bundle)?;
            self.write.put(Space::Fork, &evidence.key(), &encode(&evidence))?;
            let rival = evidence.first_hash();
            let parent = self.cache.chains.get_mut(from);
            if let Err(at) = parent.forks.binary_search(&(header.seq, rival)) {
                parent.forks.insert(at, (header.seq, rival));
            }
            self.chains_changed.insert(from);
            self.committed.forks.push(evidence);
            if header.seq == 1 {
                forks.push((1, *bundle.hash()));
            }
        }
        Ok(self.cache.chains.push(Chain {
            actor: header.actor,
            log: header.log,
            parent,
            first: header.seq,
            first_hash: *bundle.hash(),
            forks,
            stored: ChainHead {
                seq: header.seq,
                hlc: bundle.last_hlc(),
                hash: *bundle.hash(),
            },
            applied: None,
            clock: admitted.clock.clone(),
        }))
    }

    fn apply(
        &mut self,
        bundle: &VerifiedBundle,
        place: Place,
        admitted: &Admitted,
    ) -> Result<(), StorageError> {
        let header = bundle.header();
        let writer = Writer {
            chain: place.chain,
            seq: place.seq,
            hlc: header.hlc,
            hash: *bundle.hash(),
            actor: header.actor,
            log: header.log,
            sight: Sight::Clock(&admitted.clock),
        };
        self.cache.staged = None;
        let touched = derive(
            &mut self.state,
            &mut *self.write,
            bundle,
            place.position,
            &self.cache.chains,
            &writer,
        )?;
        if self.cache.summary.overlays > 0 {
            self.touched.extend(touched);
        }
        let chain = self.cache.chains.get_mut(place.chain);
        chain.applied = Some(ChainHead {
            seq: place.seq,
            hlc: bundle.last_hlc(),
            hash: *bundle.hash(),
        });
        self.chains_changed.insert(place.chain);
        Ok(())
    }

    /// Writes the changed rows, and reads the schema again if it is among them.
    fn flush(&mut self) -> Result<(), StorageError> {
        let changes = self.state.flush(&mut *self.write)?;
        self.cache.summary.hash = self.state.hash();
        let renamed = !Arc::ptr_eq(&self.cache.synonyms, self.state.synonyms());
        if renamed {
            self.cache.synonyms = Arc::clone(self.state.synonyms());
        }
        if renamed || changes.records.keys().any(|facet| reserved::is_schema(*facet)) {
            self.cache.schema = Arc::new(Schema::load(&*self.write)?);
            self.cache.summary.schema += 1;
            self.committed.schema_changed = true;
        }
        self.committed.changes.merge(changes);
        Ok(())
    }

    /// The greatest time in the causal past of a stored bundle, as far as it bears on holding it.
    fn past(&self, bundle: &VerifiedBundle, chain: ChainId, seen: &[(ChainId, u64)]) -> Hlc {
        let applied = |id: ChainId| {
            self.cache
                .chains
                .get(id)
                .applied
                .map_or(Hlc::ZERO, |head| head.hlc)
        };
        let earlier = |hlc: Hlc| if hlc < bundle.header().hlc { hlc } else { Hlc::ZERO };
        seen.iter()
            .map(|(id, _)| earlier(applied(*id)))
            .fold(earlier(applied(chain)), Hlc::max)
    }

    /// Begins a new log: someone else holds bundles of the present one that were not written here, as after a
    /// restored backup or on a cloned disk.
    fn mint_log(&mut self) {
        self.cache.staged = None;
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        let log = LogId::from_bytes(bytes);
        self.cache.summary.log = log;
        self.committed.log_minted = Some(log);
    }
}

/// The place of the next bundle of this engine's log.
fn next_bundle(cache: &Cache, actor: ActorId) -> Bundle {
    let own = cache.chains.of_log(actor, cache.summary.log).first();
    match own {
        Some(chain) => Bundle {
            chain: *chain,
            seq: cache.chains.get(*chain).stored.seq + 1,
        },
        None => Bundle {
            chain: ChainId(cache.chains.iter().count() as u32),
            seq: 1,
        },
    }
}

fn intent(command_id: CommandId, request: &Request) -> Intent {
    let envelope = &request.envelope;
    Intent {
        command_id,
        command_type: Command::name(&request.command).to_owned(),
        source: envelope.source.clone(),
        correlation_id: envelope.correlation_id,
        causation_id: envelope.causation_id,
        justification: envelope.justification.clone(),
        approval_id: envelope.approval_id.clone(),
        decision: None,
    }
}
