//! Decisions: bundles that say which facts they were taken on.
//!
//! A fact clashes with a decision if it matches the decision's context, and neither of the two bundles had seen the other.
//! Facts are only ever added, so the clashes of a decision are the same on all peers that have the same bundles,
//! whatever came first: a new fact is compared with the decisions that watch for such facts, a new decision with the
//! facts that are there.

use std::collections::BTreeSet;

use openprod_core::encoding::encode;
use openprod_core::intent::context_digest;
use openprod_core::{BundleId, DecisionContext, OpId};
use openprod_events::EventQuery;
use openprod_events::posting::{Leaf, alternatives};
use openprod_storage::{Position, Read, Space, StorageError, Write};
use thiserror::Error;
use wincode::{SchemaRead, SchemaWrite};

use super::LEAF_KEY;
use super::context::Context;
use super::log::{FactLog, Which};
use super::resolution::{Resolution, resolutions};
use super::row::{FactRow, Kind, damaged, list_key, stream_list_key};
use crate::stored::stored;

/// What is wrong with a decision itself: its author is at fault, and it clashes with nothing.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub enum Fault {
    /// The digest is not that of the facts which its author had seen.
    #[error("what it says it was decided on is not what its author had seen")]
    Digest,
    /// The query is no canonical query.
    #[error("its context query cannot be read")]
    Query,
    /// The query is to be matched by rules that are not known here.
    #[error("its context query follows other rules than those known here")]
    Semantics,
}

/// A decision as it is stored, under its bundle's id.
#[derive(Clone, Copy, Debug, PartialEq, SchemaRead, SchemaWrite)]
pub(crate) struct DecisionRow {
    /// Where its bundle stands.
    pub(crate) position: u64,
    pub(crate) chain: u32,
    pub(crate) seq: u64,
    pub(crate) fault: Option<Fault>,
}

impl DecisionRow {
    pub(crate) fn find(store: &dyn Read, decision: BundleId) -> Result<Option<Self>, StorageError> {
        let bytes = store.get(Space::Decision, decision.as_bytes())?;
        bytes.map(|bytes| stored(Space::Decision, &bytes)).transpose()
    }

    /// Writes it; a faulty one is listed among those that clash.
    pub(crate) fn save(&self, store: &mut dyn Write, decision: BundleId) -> Result<(), StorageError> {
        store.put(Space::Decision, decision.as_bytes(), &encode(self))?;
        if self.fault.is_some() {
            store.put(Space::Clash, decision.as_bytes(), &[])?;
        }
        Ok(())
    }
}

/// The context of a decision that has been judged.
pub(crate) fn context_of(store: &dyn Read, decision: BundleId) -> Result<Context, StorageError> {
    let row = DecisionRow::find(store, decision)?.ok_or_else(|| damaged(Space::Decision))?;
    let bundle = store
        .bundle(Position(row.position))?
        .ok_or_else(|| damaged(Space::Decision))?
        .bundle;
    let context = bundle.header().intent.decision.as_ref();
    context
        .and_then(|context| Context::read(context).ok())
        .ok_or_else(|| damaged(Space::Decision))
}

/// The facts that match a query, repetitions among them, with their numbers.
pub(crate) fn matching(store: &dyn Read, query: &EventQuery) -> Result<Vec<(u64, FactRow)>, StorageError> {
    FactLog::new(store).rows(query, 0, usize::MAX, Which::Every)
}

/// Whether the facts that an author had seen are those that the decision was taken on.
pub(crate) fn fits(context: &DecisionContext, known: &[OpId]) -> bool {
    context.count == known.len() as u64 && context.digest == context_digest(known)
}

/// The lists in which a decision stands that watches for facts of its context. One leaf of each alternative is enough.
pub(crate) fn watched(context: &Context) -> BTreeSet<[u8; 16]> {
    let streams = context.streams.iter();
    let mut lists: BTreeSet<_> = streams.map(|stream| stream_list_key(stream.as_str())).collect();
    let query = context.query.as_ref();
    for alternative in query.map_or_else(Vec::new, |query| alternatives(query, &LEAF_KEY)) {
        let leaf = alternative.leaves.first().copied().unwrap_or(Leaf::EVERY);
        match &alternative.types {
            Some(types) => lists.extend(types.iter().map(|name| list_key(Kind::of(name), leaf))),
            None => {
                lists.insert(list_key(Kind::ANY, leaf));
            }
        }
    }
    lists
}

/// The facts that clash with a decision, with their bundles, in order of these.
pub(crate) fn clashes(store: &dyn Read, decision: BundleId) -> Result<Vec<(BundleId, OpId)>, StorageError> {
    let mut found = Vec::new();
    for (key, _) in store.scan(Space::Clash, decision.as_bytes(), None, usize::MAX)? {
        // A faulty decision stands here by itself.
        if let Some(pair) = key.get(16..).filter(|pair| pair.len() == 32) {
            let (bundle, fact) = pair.split_at(16);
            let damaged = |_| damaged(Space::Clash);
            found.push((
                BundleId::from_bytes(bundle.try_into().map_err(damaged)?),
                OpId::from_bytes(fact.try_into().map_err(damaged)?),
            ));
        }
    }
    Ok(found)
}

/// The resolution that holds: the greatest by canonical order of those that considered every clash.
pub(crate) fn settling<'a>(
    clashes: &[(BundleId, OpId)],
    resolutions: &'a [Resolution],
) -> Option<&'a Resolution> {
    let considers = |resolution: &&Resolution| {
        clashes
            .iter()
            .all(|(_, fact)| resolution.considered.contains(fact))
    };
    resolutions.iter().rfind(considers)
}

/// Whether a decision waits for somebody to resolve it.
pub(crate) fn is_open(store: &dyn Read, decision: BundleId) -> Result<bool, StorageError> {
    let Some(row) = DecisionRow::find(store, decision)? else {
        return Ok(false);
    };
    let clashes = clashes(store, decision)?;
    if clashes.is_empty() && row.fault.is_none() {
        return Ok(false);
    }
    Ok(settling(&clashes, &resolutions(store, decision)?).is_none())
}
