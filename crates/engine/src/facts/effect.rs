//! One command given on several devices that were apart: bundles that say the same under one command id.
//!
//! All of them stay in the log. The first in canonical order is the one whose facts count; the facts of the others are
//! repetitions of it. Which one is first depends on the set of bundles alone, so that it is the same wherever they have
//! met, and a bundle that is a repetition once stays one.

use openprod_core::encoding::encode;
use openprod_core::operation::RecordFact;
use openprod_core::{BundleId, CommandId, Hlc, OpId};
use openprod_storage::{ChainId, Position, Read, Space, StorageError, Write};
use wincode::{SchemaRead, SchemaWrite};

use super::row::{FactRow, Ordinal, damaged};
use crate::row::Sight;
use crate::stored::stored;

/// What stands behind a command's id in the key that says that bundles say different things under it.
const REUSED: &[u8] = b"reused";

/// A command id under which bundles say different things, so that none of them repeats another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReusedCommand {
    /// The id.
    pub command: CommandId,
    /// The bundles, those that say the same beside each other, and among them in canonical order.
    pub bundles: Vec<BundleId>,
}

/// What the facts of a bundle say, as it is read: their types, payloads and streams, in order.
#[derive(Default)]
pub(crate) struct Content {
    hasher: blake3::Hasher,
    facts: usize,
}

impl Content {
    pub(crate) fn add(&mut self, op: &RecordFact) {
        self.hasher
            .update(&encode(&(&op.fact_type, &op.payload, &op.streams)));
        self.facts += 1;
    }

    /// How many facts were added.
    pub(crate) const fn facts(&self) -> usize {
        self.facts
    }

    /// Names the effect that these facts have under a command.
    pub(crate) fn effect(&self, command: CommandId) -> Effect {
        let mut effect = [0; 48];
        effect[..16].copy_from_slice(command.as_bytes());
        effect[16..].copy_from_slice(self.hasher.finalize().as_bytes());
        Effect(effect)
    }
}

/// A command and what it recorded: `command ‖ content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub(crate) struct Effect(pub(crate) [u8; 48]);

/// A bundle that has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) hlc: Hlc,
    pub(crate) bundle: BundleId,
    pub(crate) chain: ChainId,
    pub(crate) seq: u64,
    pub(crate) position: Position,
}

impl Member {
    /// Its place in canonical order.
    const fn order(&self) -> (Hlc, BundleId) {
        (self.hlc, self.bundle)
    }
}

/// What a bundle is among those that have its effect.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The only one.
    Alone,
    /// The first; until now another was.
    First {
        /// The others, in canonical order: the former first one begins.
        others: Vec<Member>,
    },
    /// Another is the first.
    Repetition {
        /// The others, in canonical order.
        others: Vec<Member>,
    },
}

impl Standing {
    pub(crate) fn others(&self) -> &[Member] {
        match self {
            Self::Alone => &[],
            Self::First { others } | Self::Repetition { others } => others,
        }
    }
}

impl Effect {
    /// The bundles that have it, in canonical order.
    pub(crate) fn members(&self, store: &dyn Read) -> Result<Vec<Member>, StorageError> {
        let rows = store.scan(Space::Effect, &self.0, None, usize::MAX)?;
        rows.iter().map(|(key, value)| member(key, value)).collect()
    }

    /// Notes that a bundle has it, and what that makes of it.
    pub(crate) fn enter(&self, store: &mut dyn Write, member: &Member) -> Result<Standing, StorageError> {
        let others = self.members(&*store)?;
        let key = [self.0.as_slice(), member.hlc.as_bytes(), member.bundle.as_bytes()].concat();
        let value = encode(&(member.chain.0, member.seq, member.position.0));
        store.put(Space::Effect, &key, &value)?;
        let Some(former) = others.first() else {
            let command = &self.0[..16];
            if store.scan(Space::Effect, command, None, 2)?.len() > 1 {
                store.put(Space::Repetition, &[command, REUSED].concat(), &[])?;
            }
            return Ok(Standing::Alone);
        };
        let is_first = member.order() < former.order();
        for sibling in others.iter().chain([member]) {
            store.put(Space::Repetition, sibling.bundle.as_bytes(), &encode(self))?;
        }
        Ok(if is_first {
            Standing::First { others }
        } else {
            Standing::Repetition { others }
        })
    }

    /// The effect of a bundle that is not the only one to have it.
    pub(crate) fn shared(store: &dyn Read, bundle: BundleId) -> Result<Option<Self>, StorageError> {
        let bytes = store.get(Space::Repetition, bundle.as_bytes())?;
        bytes.map(|bytes| stored(Space::Repetition, &bytes)).transpose()
    }
}

/// The bundles of facts under a command's id, with what they say: equal ones say the same.
pub(crate) fn of_command(
    store: &dyn Read,
    command: CommandId,
) -> Result<Vec<(Effect, Member)>, StorageError> {
    let rows = store.scan(Space::Effect, command.as_bytes(), None, usize::MAX)?;
    rows.iter()
        .map(|(key, value)| {
            let effect = key.first_chunk().ok_or_else(|| damaged(Space::Effect))?;
            Ok((Effect(*effect), member(key, value)?))
        })
        .collect()
}

/// The bundle that another one repeats; `None` if it repeats none.
pub(crate) fn repeated_by(store: &dyn Read, bundle: BundleId) -> Result<Option<BundleId>, StorageError> {
    let Some(effect) = Effect::shared(store, bundle)? else {
        return Ok(None);
    };
    let first = effect.members(store)?.first().map(|member| member.bundle);
    Ok(first.filter(|first| *first != bundle))
}

/// The numbers of the facts that stand where this one stands in the bundles that have the effect of its own.
pub(crate) fn twins(store: &dyn Read, fact: OpId) -> Result<Vec<u64>, StorageError> {
    let own = fact.bundle();
    let (Some(effect), Some(index)) = (Effect::shared(store, own)?, fact.index()) else {
        return Ok(Vec::new());
    };
    let mut numbers = Vec::new();
    for member in effect.members(store)? {
        if member.bundle != own
            && let Some(ordinal) = Ordinal::find(store, member.bundle.operation(index))?
        {
            numbers.push(ordinal.number);
        }
    }
    Ok(numbers)
}

/// Whether the author of a decision had seen what a bundle says, in that bundle or in another that has its effect.
pub(crate) fn is_seen_elsewhere(
    store: &dyn Read,
    bundle: BundleId,
    sight: Sight<'_>,
) -> Result<bool, StorageError> {
    let Some(effect) = Effect::shared(store, bundle)? else {
        return Ok(false);
    };
    let members = effect.members(store)?;
    Ok(members
        .iter()
        .any(|member| sight.covers(member.chain, member.seq)))
}

/// Whether a bundle's facts count among what an author had seen: it is the first of those of its effect that the author
/// had.
pub(crate) fn counts_in(store: &dyn Read, row: &FactRow, sight: Sight<'_>) -> Result<bool, StorageError> {
    if row.repeats.is_none() {
        return Ok(true);
    }
    let effect = Effect::shared(store, row.bundle)?.ok_or_else(|| damaged(Space::Repetition))?;
    let members = effect.members(store)?;
    let first = members
        .iter()
        .find(|member| sight.covers(member.chain, member.seq));
    Ok(first.is_some_and(|first| first.bundle == row.bundle))
}

/// Marks the facts of a bundle as repetitions of those of another, and tells why they have no effect.
pub(crate) fn mark(store: &mut dyn Write, member: &Member, first: BundleId) -> Result<(), StorageError> {
    for index in 0.. {
        // Every operation of it is a fact, and has a number.
        let Some(ordinal) = Ordinal::find(&*store, member.bundle.operation(index))? else {
            break;
        };
        let mut row = FactRow::load(&*store, ordinal.number)?;
        row.unlist(store)?;
        row.repeats = Some(first);
        store.put(Space::Fact, &ordinal.number.to_be_bytes(), &encode(&row))?;
        let key = crate::derive::void_key(member.position, index);
        let reason = format!("record fact: it repeats bundle {first}, which is the same command");
        store.put(Space::Void, &key, reason.as_bytes())?;
    }
    Ok(())
}

/// The command ids under which bundles say different things, by id.
pub(crate) fn reused(store: &dyn Read) -> Result<Vec<ReusedCommand>, StorageError> {
    let mut found = Vec::new();
    for (key, _) in store.scan(Space::Repetition, &[], None, usize::MAX)? {
        // The other keys are ids of bundles, and shorter.
        let Some((command, REUSED)) = key.split_first_chunk() else {
            continue;
        };
        let command = CommandId::from_bytes(*command);
        let bundles = of_command(store, command)?;
        found.push(ReusedCommand {
            command,
            bundles: bundles.into_iter().map(|(_, member)| member.bundle).collect(),
        });
    }
    Ok(found)
}

/// Whether bundles say different things under a command's id.
pub(crate) fn is_reused(store: &dyn Read, command: CommandId) -> Result<bool, StorageError> {
    let key = [command.as_bytes().as_slice(), REUSED].concat();
    Ok(store.get(Space::Repetition, &key)?.is_some())
}

fn member(key: &[u8], value: &[u8]) -> Result<Member, StorageError> {
    let damaged = || damaged(Space::Effect);
    let order = key.get(48..76).filter(|_| key.len() == 76).ok_or_else(damaged)?;
    let (hlc, bundle) = order.split_at(12);
    let hlc = Hlc::from_bytes(hlc.try_into().map_err(|_| damaged())?).ok_or_else(damaged)?;
    let bundle = BundleId::from_bytes(bundle.try_into().map_err(|_| damaged())?);
    let (chain, seq, position): (u32, u64, u64) = stored(Space::Effect, value)?;
    Ok(Member {
        hlc,
        bundle,
        chain: ChainId(chain),
        seq,
        position: Position(position),
    })
}
