//! Writing facts and decisions down, as bundles are applied.
//!
//! Rows are written at once, not when the transaction ends: a command that comes next in the same transaction must find
//! them. What is kept here between bundles is a cache, and the news.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::sync::Arc;

use openprod_core::encoding::encode;
use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, Intent, OpId};
use openprod_events::{EventQuery, EventType, Payload, StreamId};
use openprod_storage::{ChainId, Position, Read, Space, StorageError, Write};

use super::decision::{self, DecisionRow, Fault};
use super::resolution::{ResolutionRow, Verdict};
use super::row::{FactRow, Kind, Ordinal, list_key, posting_key, version_key};
use super::void::VoidFact;
use super::{LEAF_KEY, RESERVED, RESOLVED};
use crate::chains::ChainClock;
use crate::row::{Sight, Writer};
use crate::state::Changes;
use crate::state_hash::StateHash;
use crate::stored::stored;

/// How many queries of decisions are kept parsed.
const QUERIES_MAX: usize = 1_024;

/// How many watching decisions are read at once.
const WATCH_BATCH: usize = 64;

/// The key of how far each chain has decisions; those of decisions are longer.
const DECIDED: &[u8] = b"decided";

/// What a transaction knows of facts and decisions.
#[derive(Default)]
pub(crate) struct Ledger {
    /// For each chain, its last decision; `None` before it is asked for.
    decided: Option<ChainClock>,
    queries: BTreeMap<BundleId, Arc<EventQuery>>,
    /// Decisions whose conflict may have changed, and whether it was open before.
    touched: BTreeMap<BundleId, bool>,
    /// The numbers of the facts that were applied.
    applied: Option<(u64, u64)>,
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
        let lists: Vec<_> = [kind, Kind::ANY]
            .into_iter()
            .flat_map(|kind| leaves.iter().map(move |leaf| list_key(kind, *leaf)))
            .collect();
        for decision in self.watchers(&*store, writer, &lists)? {
            let query = self.query(&*store, decision)?;
            if query.matches(&event_type, &payload) {
                self.clash(store, hash, decision, &row)?;
            }
        }
        Ok(None)
    }

    /// Takes note of the decision that a bundle is, once its facts are recorded.
    pub(crate) fn decide(
        &mut self,
        store: &mut dyn Write,
        hash: &mut StateHash,
        writer: &Writer<'_>,
        place: Position,
        intent: &Intent,
    ) -> Result<(), StorageError> {
        let Some(context) = &intent.decision else {
            return Ok(());
        };
        let (_, first) = writer.order(0);
        let id = first.bundle();
        let read = decision::read_query(context);
        let mut fault = read.as_ref().err().copied();
        let mut unseen = Vec::new();
        if let Ok(query) = &read {
            let mut known = Vec::new();
            for (number, row) in decision::matching(&*store, query)? {
                if row.bundle == id {
                    continue;
                }
                if writer.sight.covers(ChainId(row.chain), row.seq) {
                    known.push(row.op);
                } else if !row.fact_type.starts_with(RESERVED) {
                    unseen.push(number);
                }
            }
            known.sort_unstable();
            if !decision::fits(context, &known) {
                fault = Some(Fault::Digest);
            }
        }
        self.touch(&*store, id)?;
        let row = DecisionRow {
            position: place.0,
            chain: writer.chain.0,
            seq: writer.seq,
            fault,
        };
        row.save(store, id)?;
        hash.add(&encode(&("decision", id, fault)));
        let (None, Ok(query)) = (fault, read) else {
            return Ok(());
        };
        for number in unseen {
            let row = FactRow::load(&*store, number)?;
            self.clash(store, hash, id, &row)?;
        }
        for list in decision::watched(&query) {
            let key = watch_key(&list, writer.chain, writer.seq);
            store.put(Space::Watch, &key, id.as_bytes())?;
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
        self.queries.clear();
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
                    found.insert(BundleId::from_bytes(
                        id.map_err(|_| super::row::damaged(Space::Watch))?,
                    ));
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
        fact: &FactRow,
    ) -> Result<(), StorageError> {
        let key = clash_key(decision, fact.bundle, fact.op);
        if store.get(Space::Clash, &key)?.is_some() {
            return Ok(());
        }
        self.touch(&*store, decision)?;
        store.put(Space::Clash, &key, &[])?;
        hash.add(&[b"clash".as_slice(), &key].concat());
        Ok(())
    }

    fn touch(&mut self, store: &dyn Read, decision: BundleId) -> Result<(), StorageError> {
        if let btree_map::Entry::Vacant(entry) = self.touched.entry(decision) {
            entry.insert(decision::is_open(store, decision)?);
        }
        Ok(())
    }

    fn query(&mut self, store: &dyn Read, decision: BundleId) -> Result<Arc<EventQuery>, StorageError> {
        if let Some(query) = self.queries.get(&decision) {
            return Ok(Arc::clone(query));
        }
        let query = Arc::new(decision::query_of(store, decision)?);
        if self.queries.len() >= QUERIES_MAX {
            self.queries.clear();
        }
        self.queries.insert(decision, Arc::clone(&query));
        Ok(query)
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

fn watch_key(list: &[u8; 16], chain: ChainId, seq: u64) -> Vec<u8> {
    [list.as_slice(), &chain.0.to_be_bytes(), &seq.to_be_bytes()].concat()
}

fn watch_place(key: &[u8]) -> Result<(ChainId, u64), StorageError> {
    let place: &[u8; 12] = key
        .last_chunk()
        .ok_or_else(|| super::row::damaged(Space::Watch))?;
    let (chain, seq) = place.split_at(4);
    let damaged = |_| super::row::damaged(Space::Watch);
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
