//! Writing facts and decisions down, as bundles are applied.
//!
//! Rows are written at once, not when the transaction ends: a command that comes next in the same transaction must find
//! them. What is kept here between bundles is a cache, and the news.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

use openprod_core::encoding::encode;
use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, DecisionContext, OpId, VerifiedBundle};
use openprod_events::{EventType, Payload, StreamId};
use openprod_storage::{ChainId, Position, Read, Space, StorageError, Write};

use super::context::Context;
use super::decision::{self, DecisionRow, Fault};
use super::effect::{self, Content, Member, Standing};
use super::resolution::{ResolutionRow, Verdict};
use super::row::{
    FactRow, Kind, Ordinal, damaged, list_key, number_at_end, posting_key, strand_key, stream_key,
    stream_list_key, version_key,
};
use super::void::VoidFact;
use super::{LEAF_KEY, RESERVED, RESOLVED};
use crate::admission::clock_at;
use crate::chains::{ChainClock, Chains};
use crate::row::{Sight, Writer};
use crate::state::Changes;
use crate::state_hash::StateHash;
use crate::stored::stored;

/// How many contexts of decisions are kept parsed.
const CONTEXTS_MAX: usize = 1_024;

/// How many watching decisions are read at once.
const WATCH_BATCH: usize = 64;

/// The key of how far each chain has decisions; those of decisions are longer.
const DECIDED: &[u8] = b"decided";

/// What a transaction knows of facts and decisions.
#[derive(Default)]
pub(crate) struct Ledger {
    /// For each chain, its last decision; `None` before it is asked for.
    decided: Option<ChainClock>,
    contexts: BTreeMap<BundleId, Arc<Context>>,
    /// Decisions whose conflict may have changed, and whether it was open before.
    touched: BTreeMap<BundleId, bool>,
    /// The numbers of the facts that were applied.
    applied: Option<(u64, u64)>,
    /// What the bundle that is being applied says.
    content: Content,
    /// Its facts that decisions watch for, which its author had not seen.
    watched: Vec<(OpId, Vec<BundleId>)>,
}

/// A bundle that is being concluded.
struct Concluded<'a> {
    id: BundleId,
    writer: &'a Writer<'a>,
    place: Position,
    standing: Standing,
}

impl Ledger {
    /// Records a fact, or says why it is none.
    pub(crate) fn record(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        writer: &Writer<'_>,
        index: u32,
        op: RecordFact,
    ) -> Result<Option<VoidFact>, StorageError> {
        let (event_type, payload, metadata) = match read(&op) {
            Ok(read) => read,
            Err(void) => return Ok(Some(void)),
        };
        let (hlc, op_id) = writer.order(index);
        let bundle = op_id.bundle();
        if op.fact_type == RESOLVED {
            let Some(verdict) = Verdict::read(&payload) else {
                return Ok(Some(VoidFact::NoResolution));
            };
            let decision = verdict.decision;
            match DecisionRow::find(&*store, decision)? {
                Some(row) if writer.sight.covers(ChainId(row.chain), row.seq) => {
                    self.touch(&*store, decision)?;
                    let row = ResolutionRow {
                        actor: writer.actor,
                        hlc,
                        choice: verdict.choice,
                        considered: verdict.considered.into_iter().collect(),
                        reason: verdict.reason,
                    };
                    let key = [decision.as_bytes().as_slice(), op_id.as_bytes()].concat();
                    store.put(Space::Resolution, &key, &encode(&row))?;
                    hash.add(&[b"resolution".as_slice(), &key].concat());
                }
                _ => return Ok(Some(VoidFact::UnknownDecision(decision))),
            }
        }
        self.content.add(&op);
        let ordinal = match Ordinal::find(&*store, op_id)? {
            Some(ordinal) => ordinal,
            None => Ordinal::assign(store, op_id, &op.streams)?,
        };
        let number = ordinal.number;
        for (stream, version) in op.streams.iter().zip(&ordinal.versions) {
            store.put(
                Space::Stream,
                &version_key(stream, *version),
                &number.to_be_bytes(),
            )?;
        }
        for stream in &op.streams {
            let key = strand_key(stream, writer.chain, writer.seq, index);
            store.put(Space::Strand, &key, &number.to_be_bytes())?;
        }
        let row = FactRow {
            op: op_id,
            bundle,
            chain: writer.chain.0,
            seq: writer.seq,
            hlc,
            actor: writer.actor,
            payload: payload.canonical().to_owned(),
            metadata,
            versions: ordinal.versions,
            streams: op.streams,
            fact_type: op.fact_type,
            repeats: None,
        };
        store.put(Space::Fact, &number.to_be_bytes(), &encode(&row))?;
        let kind = Kind::of(&event_type);
        store.put(Space::Kind, &kind.0, event_type.as_str().as_bytes())?;
        let leaves = LEAF_KEY.listed(&payload);
        for leaf in &leaves {
            store.put(Space::Posting, &posting_key(kind, *leaf, number), &[])?;
        }
        hash.add(&encode(&(
            "fact",
            op_id,
            &row.fact_type,
            &row.payload,
            &row.metadata,
            &row.streams,
        )));
        self.applied = Some(match self.applied {
            Some((first, last)) => (first.min(number), last.max(number)),
            None => (number, number),
        });
        if event_type.as_str().starts_with(RESERVED) {
            return Ok(None);
        }
        let leaves = leaves.iter();
        let mut lists: Vec<_> = leaves
            .flat_map(|leaf| [list_key(kind, *leaf), list_key(Kind::ANY, *leaf)])
            .collect();
        lists.extend(row.streams.iter().map(|stream| stream_list_key(stream)));
        let mut watchers = Vec::new();
        for decision in self.watchers(&*store, writer, &lists)? {
            let context = self.context(&*store, decision)?;
            if context.matches(&event_type, &payload, &row.streams) {
                watchers.push(decision);
            }
        }
        if !watchers.is_empty() {
            self.watched.push((op_id, watchers));
        }
        Ok(None)
    }

    /// Says what a bundle comes to, once its facts are recorded: whether it repeats another, which decisions had not seen
    /// it, and what had not been seen by the decision that it is.
    pub(crate) fn conclude(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        chains: &Chains,
        writer: &Writer<'_>,
        place: Position,
        bundle: &VerifiedBundle,
    ) -> Result<(), StorageError> {
        let content = std::mem::take(&mut self.content);
        let watched = std::mem::take(&mut self.watched);
        let intent = &bundle.header().intent;
        let id = bundle.id();
        let mut standing = Standing::Alone;
        // Of a bundle that does other things too, it would not be clear what was to be left out.
        if content.facts() > 0 && content.facts() == bundle.len() as usize {
            let effect = content.effect(intent.command_id);
            let member = Member {
                hlc: writer.hlc,
                bundle: id,
                chain: writer.chain,
                seq: writer.seq,
                position: place,
            };
            standing = effect.enter(store, &member)?;
            hash.add(&encode(&("effect", effect, id)));
            match &standing {
                Standing::Alone => {}
                Standing::First { others } => {
                    if let Some(former) = others.first() {
                        self.withdraw(store, hash, former)?;
                    }
                    for other in others {
                        effect::mark(store, other, id)?;
                    }
                }
                Standing::Repetition { others } => {
                    if let Some(first) = others.first() {
                        effect::mark(store, &member, first.bundle)?;
                    }
                }
            }
        }
        let concluded = Concluded {
            id,
            writer,
            place,
            standing,
        };
        if !matches!(concluded.standing, Standing::Repetition { .. }) {
            for (fact, decisions) in watched {
                for decision in decisions {
                    if !Self::has_seen_another(&*store, chains, decision, concluded.standing.others())? {
                        self.clash(store, hash, decision, fact)?;
                    }
                }
            }
        }
        match &intent.decision {
            Some(context) => self.decide(store, hash, &concluded, context),
            None => Ok(()),
        }
    }

    /// Whether a decision is among bundles that say the same as one, or had seen any of them.
    fn has_seen_another(
        store: &dyn Read,
        chains: &Chains,
        decision: BundleId,
        others: &[Member],
    ) -> Result<bool, StorageError> {
        if others.is_empty() {
            return Ok(false);
        }
        if others.iter().any(|other| other.bundle == decision) {
            return Ok(true);
        }
        let row = DecisionRow::find(store, decision)?.ok_or_else(|| damaged(Space::Decision))?;
        let clock = clock_at(chains, store, ChainId(row.chain), row.seq)?;
        Ok(others.iter().any(|other| clock.covers(other.chain, other.seq)))
    }

    /// Takes back what a bundle's facts and its decision came to: another has turned up that comes before it and says
    /// the same.
    fn withdraw(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        former: &Member,
    ) -> Result<(), StorageError> {
        let id = former.bundle;
        let mut clashes: Vec<(BundleId, BundleId, OpId)> = Vec::new();
        for (bundle, fact) in decision::clashes(&*store, id)? {
            clashes.push((id, bundle, fact));
        }
        for (key, _) in store.scan(Space::Clashed, id.as_bytes(), None, usize::MAX)? {
            let decision = key.last_chunk().ok_or_else(|| damaged(Space::Clashed))?;
            let decision = BundleId::from_bytes(*decision);
            for (bundle, fact) in decision::clashes(&*store, decision)? {
                if bundle == id {
                    clashes.push((decision, bundle, fact));
                }
            }
        }
        for (decision, bundle, fact) in clashes {
            self.touch(&*store, decision)?;
            let key = clash_key(decision, bundle, fact);
            store.delete(Space::Clash, &key)?;
            store.delete(Space::Clashed, &clashed_key(bundle, decision))?;
            hash.subtract(&[b"clash".as_slice(), &key].concat());
        }
        if DecisionRow::find(&*store, id)?.is_some_and(|row| row.fault.is_none()) {
            self.touch(&*store, id)?;
            for list in decision::watched(&decision::context_of(&*store, id)?) {
                store.delete(Space::Watch, &watch_key(&list, former.chain, former.seq))?;
            }
        }
        Ok(())
    }

    /// Takes note of the decision that a bundle is.
    fn decide(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        concluded: &Concluded<'_>,
        context: &DecisionContext,
    ) -> Result<(), StorageError> {
        let (id, writer) = (concluded.id, concluded.writer);
        let read = Context::read(context);
        let mut fault = read.as_ref().err().copied();
        let mut unseen = BTreeMap::new();
        if let Ok(read) = &read {
            let mut known = Vec::new();
            let matching = match &read.query {
                Some(query) => decision::matching(&*store, query)?,
                None => Vec::new(),
            };
            for (number, row) in matching {
                if row.bundle == id {
                    continue;
                }
                if !writer.sight.covers(ChainId(row.chain), row.seq) {
                    unseen.insert(number, row);
                } else if effect::counts_in(&*store, &row, writer.sight)? {
                    known.push(row.op);
                }
            }
            known.sort_unstable();
            if !decision::fits(context, &known) {
                fault = Some(Fault::Digest);
            }
            for stream in &read.streams {
                for number in beyond(&*store, stream, writer.sight)? {
                    unseen.insert(number, FactRow::load(&*store, number)?);
                }
            }
        }
        self.touch(&*store, id)?;
        let row = DecisionRow {
            position: concluded.place.0,
            chain: writer.chain.0,
            seq: writer.seq,
            fault,
        };
        row.save(store, id)?;
        hash.add(&encode(&("decision", id, fault)));
        let (None, Ok(read)) = (fault, read) else {
            return Ok(());
        };
        if !matches!(concluded.standing, Standing::Repetition { .. }) {
            for row in unseen.into_values() {
                let counts = row.repeats.is_none() && !row.fact_type.starts_with(RESERVED);
                if counts && !effect::is_seen_elsewhere(&*store, row.bundle, writer.sight)? {
                    self.clash(store, hash, id, row.op)?;
                }
            }
            for list in decision::watched(&read) {
                let key = watch_key(&list, writer.chain, writer.seq);
                store.put(Space::Watch, &key, id.as_bytes())?;
            }
        }
        let decided = self.decided(&*store)?;
        decided.raise(writer.chain, writer.seq);
        store.put(Space::Watch, DECIDED, &encode(decided))
    }

    /// The news since the last time.
    pub(crate) fn flush(&mut self, store: &dyn Read, changes: &mut Changes) -> Result<(), StorageError> {
        changes.facts = self.applied.take();
        for (decision, before) in std::mem::take(&mut self.touched) {
            match (before, decision::is_open(store, decision)?) {
                (false, true) => changes.decisions_opened.insert(decision),
                (true, false) => changes.decisions_resolved.insert(decision),
                _ => false,
            };
        }
        Ok(())
    }

    /// Forgets what can be read again.
    pub(crate) fn forget(&mut self) {
        self.contexts.clear();
    }

    /// Decisions that watch one of these lists, and which a bundle's author had not seen. None of them had seen it
    /// either: they were here first.
    fn watchers(
        &mut self,
        store: &dyn Read,
        writer: &Writer<'_>,
        lists: &[[u8; 16]],
    ) -> Result<BTreeSet<BundleId>, StorageError> {
        let mut found = BTreeSet::new();
        let Sight::Clock(clock) = writer.sight else {
            return Ok(found);
        };
        if clock.covers_all(self.decided(store)?) {
            return Ok(found);
        }
        for list in lists {
            let mut after = list.to_vec();
            'list: loop {
                let rows = store.scan(Space::Watch, list, Some(&after), WATCH_BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                let next = last.clone();
                for (key, value) in &rows {
                    let (chain, seq) = watch_place(key)?;
                    let seen = clock.get(chain);
                    if seq <= seen {
                        // Right behind all of this chain that its author had seen.
                        after = watch_key(list, chain, seen);
                        continue 'list;
                    }
                    let id = value.as_slice().try_into();
                    found.insert(BundleId::from_bytes(id.map_err(|_| damaged(Space::Watch))?));
                }
                after = next;
            }
        }
        Ok(found)
    }

    fn clash(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        decision: BundleId,
        fact: OpId,
    ) -> Result<(), StorageError> {
        let bundle = fact.bundle();
        let key = clash_key(decision, bundle, fact);
        if store.get(Space::Clash, &key)?.is_some() {
            return Ok(());
        }
        self.touch(&*store, decision)?;
        store.put(Space::Clash, &key, &[])?;
        store.put(Space::Clashed, &clashed_key(bundle, decision), &[])?;
        hash.add(&[b"clash".as_slice(), &key].concat());
        Ok(())
    }

    fn touch(&mut self, store: &dyn Read, decision: BundleId) -> Result<(), StorageError> {
        if let btree_map::Entry::Vacant(entry) = self.touched.entry(decision) {
            entry.insert(decision::is_open(store, decision)?);
        }
        Ok(())
    }

    fn context(&mut self, store: &dyn Read, decision: BundleId) -> Result<Arc<Context>, StorageError> {
        if let Some(context) = self.contexts.get(&decision) {
            return Ok(Arc::clone(context));
        }
        let context = Arc::new(decision::context_of(store, decision)?);
        if self.contexts.len() >= CONTEXTS_MAX {
            self.contexts.clear();
        }
        self.contexts.insert(decision, Arc::clone(&context));
        Ok(context)
    }

    fn decided(&mut self, store: &dyn Read) -> Result<&mut ChainClock, StorageError> {
        let decided = match self.decided.take() {
            Some(decided) => decided,
            None => match store.get(Space::Watch, DECIDED)? {
                Some(bytes) => stored(Space::Watch, &bytes)?,
                None => ChainClock::default(),
            },
        };
        Ok(self.decided.insert(decided))
    }
}

/// The key of a fact that a decision had not seen.
pub(crate) fn clash_key(decision: BundleId, bundle: BundleId, fact: OpId) -> Vec<u8> {
    [decision.as_bytes().as_slice(), bundle.as_bytes(), fact.as_bytes()].concat()
}

/// The key of a decision by a bundle that it had not seen.
fn clashed_key(bundle: BundleId, decision: BundleId) -> Vec<u8> {
    [bundle.as_bytes().as_slice(), decision.as_bytes()].concat()
}

/// The numbers of the facts of a stream that an author had not seen.
fn beyond(store: &dyn Read, stream: &StreamId, sight: Sight<'_>) -> Result<Vec<u64>, StorageError> {
    let mut found = Vec::new();
    let Sight::Clock(clock) = sight else {
        return Ok(found);
    };
    let prefix = stream_key(stream.as_str());
    let mut after = prefix.to_vec();
    'stream: loop {
        let rows = store.scan(Space::Strand, &prefix, Some(&after), WATCH_BATCH)?;
        let Some((last, _)) = rows.last() else { break };
        let next = last.clone();
        for (key, value) in &rows {
            let (chain, seq) = watch_place(key.get(..key.len() - 4).unwrap_or_default())?;
            let seen = clock.get(chain);
            if seq <= seen {
                // Right behind all of this chain that its author had seen.
                after = strand_key(stream.as_str(), chain, seen, u32::MAX);
                continue 'stream;
            }
            found.push(number_at_end(Space::Strand, value)?);
        }
        after = next;
    }
    Ok(found)
}

fn watch_key(list: &[u8; 16], chain: ChainId, seq: u64) -> Vec<u8> {
    [list.as_slice(), &chain.0.to_be_bytes(), &seq.to_be_bytes()].concat()
}

fn watch_place(key: &[u8]) -> Result<(ChainId, u64), StorageError> {
    let place: &[u8; 12] = key.last_chunk().ok_or_else(|| damaged(Space::Watch))?;
    let (chain, seq) = place.split_at(4);
    let damaged = |_| damaged(Space::Watch);
    Ok((
        ChainId(u32::from_be_bytes(chain.try_into().map_err(damaged)?)),
        u64::from_be_bytes(seq.try_into().map_err(damaged)?),
    ))
}

/// Reads what an operation records: its type, its payload, and its metadata as text.
fn read(op: &RecordFact) -> Result<(EventType, Payload, String), VoidFact> {
    let event_type = EventType::new(&op.fact_type)?;
    let payload = canonical(&op.payload, "payload")?;
    let mut named = BTreeSet::new();
    for stream in &op.streams {
        if !named.insert(StreamId::new(stream)?) {
            return Err(VoidFact::StreamTwice);
        }
    }
    let mut metadata = String::new();
    if !op.metadata.is_empty() {
        let read = canonical(&op.metadata, "metadata")?;
        if !read.value().is_object() {
            return Err(VoidFact::NoMetadata);
        }
        // What it says is for readers to understand: newer versions may say more.
        metadata = read.canonical().to_owned();
    }
    Ok((event_type, payload, metadata))
}

fn canonical(bytes: &[u8], part: &'static str) -> Result<Payload, VoidFact> {
    let text = std::str::from_utf8(bytes).map_err(|_| VoidFact::NotText)?;
    let payload = Payload::from_json(text)?;
    if payload.canonical() != text {
        return Err(VoidFact::NotCanonical { part });
    }
    Ok(payload)
}
