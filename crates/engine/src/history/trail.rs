//! Everything that was ever written to a few entities and edges, from which their rows as of any moment follow.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{ActorId, BundleHash, EntityId, Hlc, LogId};
use openprod_storage::{ChainId, Place, Position, Read, Space, StorageError};

use super::past::{Clocks, Past};
use crate::chains::{ChainClock, Chains};
use crate::derive::{Effect, effects};
use crate::edge::EdgeRow;
use crate::row::{Row, Sight, Writer};
use crate::subject::Subject;

/// What one bundle wrote to the subjects.
struct Step {
    chain: ChainId,
    seq: u64,
    hlc: Hlc,
    hash: BundleHash,
    actor: ActorId,
    log: LogId,
    clock: ChainClock,
    effects: Vec<(u32, Effect)>,
}

/// The writes to some entities and edges, in commit order.
pub(crate) struct Trail {
    steps: Vec<Step>,
}

/// The rows of some entities and edges; one that nobody had written to is missing.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) entities: BTreeMap<EntityId, Row>,
    pub(crate) edges: BTreeMap<openprod_core::EdgeId, EdgeRow>,
}

impl Rows {
    /// The row of a subject; of an edge, its cells.
    pub(crate) fn get(&self, subject: Subject) -> Option<&Row> {
        match subject {
            Subject::Entity(entity) => self.entities.get(&entity),
            Subject::Edge(edge) => self.edges.get(&edge).map(|row| &row.cells),
        }
    }
}

/// The positions of the bundles that touched a subject, ascending, up to `last`.
pub(crate) fn touches(
    store: &dyn Read,
    subject: Subject,
    last: Position,
) -> Result<Vec<Position>, StorageError> {
    let mut positions = Vec::new();
    for (key, _) in store.scan(Space::Touch, subject.as_bytes(), None, usize::MAX)? {
        let damaged = |_| StorageError::DamagedRow {
            space: Space::Touch.name(),
        };
        let position = u64::from_be_bytes(key[16..].try_into().map_err(damaged)?);
        if position > last.0 {
            break;
        }
        positions.push(Position(position));
    }
    Ok(positions)
}

/// The place of the bundle at a position.
pub(crate) fn place_at(store: &dyn Read, position: Position) -> Result<Place, StorageError> {
    let damaged = StorageError::DamagedRow { space: "bundle" };
    let before = Position(position.0.saturating_sub(1));
    store.places(before, 1)?.into_iter().next().ok_or(damaged)
}

impl Trail {
    /// Reads what bundles up to position `last` wrote to the subjects. Each bundle is read once, however many of
    /// the subjects it touched.
    pub(crate) fn load(
        store: &dyn Read,
        chains: &Chains,
        subjects: &BTreeSet<Subject>,
        last: Position,
    ) -> Result<Self, StorageError> {
        let mut positions = BTreeSet::new();
        for subject in subjects {
            positions.extend(touches(store, *subject, last)?);
        }
        let mut clocks = Clocks::new(chains, store);
        let mut steps = Vec::with_capacity(positions.len());
        for position in positions {
            let damaged = StorageError::DamagedRow { space: "bundle" };
            let stored = store.bundle(position)?.ok_or(damaged)?;
            let header = stored.bundle.header();
            let mut wanted = Vec::new();
            for (index, payload) in stored.bundle.payloads() {
                for effect in payload.ok().into_iter().flat_map(effects) {
                    let about = match &effect {
                        Effect::Write(subject, ..) => *subject,
                        Effect::Make(edge, _) => Subject::Edge(*edge),
                        Effect::Rename(_) | Effect::Edit { .. } => continue,
                    };
                    if subjects.contains(&about) {
                        wanted.push((index, effect));
                    }
                }
            }
            steps.push(Step {
                chain: stored.place.chain,
                seq: stored.place.seq,
                hlc: header.hlc,
                hash: stored.place.hash,
                actor: header.actor,
                log: header.log,
                clock: clocks.at(stored.place.chain, stored.place.seq)?,
                effects: wanted,
            });
        }
        Ok(Self { steps })
    }

    /// The rows as the bundles of a set leave them.
    pub(crate) fn rows(&self, past: &Past) -> Rows {
        let mut rows = Rows::default();
        for step in &self.steps {
            if !past.contains(step.chain, step.seq, step.hlc) {
                continue;
            }
            let writer = Writer {
                chain: step.chain,
                seq: step.seq,
                hlc: step.hlc,
                hash: step.hash,
                actor: step.actor,
                log: step.log,
                sight: Sight::Clock(&step.clock),
            };
            for (index, effect) in &step.effects {
                match effect {
                    Effect::Write(Subject::Entity(entity), key, value) => {
                        let row = rows.entities.entry(*entity).or_default();
                        row.write(&writer, key.clone(), *index, value.clone());
                    }
                    Effect::Write(Subject::Edge(edge), key, value) => {
                        let row = rows.edges.entry(*edge).or_default();
                        row.cells.write(&writer, key.clone(), *index, value.clone());
                    }
                    Effect::Make(edge, ends) => {
                        let row = rows.edges.entry(*edge).or_default();
                        row.make(writer.order(*index), ends.clone());
                    }
                    Effect::Rename(_) | Effect::Edit { .. } => {}
                }
            }
        }
        rows
    }
}
