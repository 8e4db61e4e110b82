//! Deriving the state again from nothing but the log: what shows that the stored rows are right, and what makes
//! them anew when the rules have changed.

mod split_store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openprod_core::BundleError;
use openprod_storage::{
    ChainId, MemoryStorage, Position, Read, Space, Storage as _, StorageError, StoredBundle, Write,
};

use crate::admission::{inherited_clock, observe_bundle};
use crate::chains::{ChainClock, Chains};
use crate::derive::{DERIVATION_VERSION, derive};
use crate::facts::{ReusedCommand, effect};
use crate::history::past::Past;
use crate::row::{Sight, Writer};
use crate::schema::Schema;
use crate::state::State;
use crate::state_hash::StateHash;
use crate::synonyms::Synonyms;
use crate::transaction::Summary;
use crate::workspace::Workspace;
pub(crate) use split_store::SplitStore;

/// How many bundles are read at a time.
const BATCH: usize = 1_024;

/// After how many bundles a replay in memory writes its rows out: often enough to bound what it holds twice.
const FLUSH_INTERVAL: u64 = 64 * BATCH as u64;

/// The spaces that are derived, and nothing else, the same whenever their rows were written. (The bytes of a stored
/// text depend on when it was stored; what they hold is in the state hash.)
pub(crate) const DERIVED: [Space; 21] = [
    Space::Entity,
    Space::Edge,
    Space::Incident,
    Space::Name,
    Space::Delta,
    Space::Member,
    Space::Touch,
    Space::Conflict,
    Space::Void,
    Space::Fact,
    Space::Kind,
    Space::Posting,
    Space::Stream,
    Space::Decision,
    Space::Watch,
    Space::Clash,
    Space::Resolution,
    Space::Effect,
    Space::Repetition,
    Space::Clashed,
    Space::Strand,
];

/// What a check of the whole workspace found.
#[derive(Debug)]
pub struct Verification {
    /// How many bundles were read.
    pub bundles: u64,
    /// How many operations they hold.
    pub operations: u64,
    /// The hash that is stored.
    pub stored: StateHash,
    /// The hash of what the log derives to.
    pub replayed: StateHash,
    /// The first row that differs, as its space and its key in hex; `None` when all rows are equal.
    pub first_difference: Option<(&'static str, String)>,
    /// Bundles whose signature is not their author's, by position.
    pub forged: Vec<(u64, BundleError)>,
    /// Command ids under which bundles record different facts: a mistake of whoever gave them out, and no damage.
    pub reused: Vec<ReusedCommand>,
}

impl Verification {
    /// Whether everything is as it should be.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.first_difference.is_none() && self.forged.is_empty()
    }
}

/// Checks every signature, replays the log in memory, and compares every derived row.
pub(crate) fn verify(store: &dyn Read, workspace: &Workspace) -> Result<Verification, StorageError> {
    compare(store, Some(workspace))
}

/// Replays the log in memory and compares every derived row; signatures, which were checked on the way in, are not
/// checked again.
pub(crate) fn replay(store: &dyn Read) -> Result<Verification, StorageError> {
    compare(store, None)
}

fn compare(store: &dyn Read, signed_in: Option<&Workspace>) -> Result<Verification, StorageError> {
    let summary = Summary::load(store)?.ok_or(StorageError::DamagedRow {
        space: Space::Meta.name(),
    })?;
    let mut forged = Vec::new();
    let mut memory = MemoryStorage::new();
    let mut write = SplitStore {
        rows: memory.begin()?,
        log: store,
        last: Position(0),
    };
    let mut replay = Replay::new(store)?;
    loop {
        let batch = store.bundles(replay.after, BATCH)?;
        if batch.is_empty() {
            break;
        }
        if let Some(workspace) = signed_in {
            forged.extend(forgeries(&batch, workspace));
        }
        let clocks = replay.clocks(store, &batch)?;
        replay.apply(&mut write, &batch, &clocks)?;
        write.last = replay.after;
        if replay.bundles.is_multiple_of(FLUSH_INTERVAL) {
            replay.flush(&mut write)?;
        }
    }
    replay.flush(&mut write)?;
    let replayed = replay.state.hash();
    let mut first_difference = None;
    for space in DERIVED {
        if first_difference.is_none() {
            first_difference = first_difference_in(space, store, &write)?;
        }
    }
    if first_difference.is_none() && summary.hash != replayed {
        first_difference = Some((Space::Meta.name(), "summary".to_owned()));
    }
    let (bundles, operations) = (replay.bundles, replay.operations);
    Ok(Verification {
        bundles,
        operations,
        stored: summary.hash,
        replayed,
        first_difference,
        forged,
        reused: effect::reused(store)?,
    })
}

/// The bundles of a batch that are not their author's. Checking signatures is nearly all of a verification's work,
/// so it is shared among the processors; the result does not depend on how.
fn forgeries(batch: &[StoredBundle], workspace: &Workspace) -> Vec<(u64, BundleError)> {
    let check = |part: &[StoredBundle]| -> Vec<(u64, BundleError)> {
        let judge = |stored: &StoredBundle| {
            let error = stored.bundle.clone().into_bundle().verify(workspace.id).err()?;
            Some((stored.place.position.0, error))
        };
        part.iter().filter_map(judge).collect()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts: Vec<_> = batch
            .chunks(batch.len().div_ceil(processors))
            .map(|part| scope.spawn(move || check(part)))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().expect("checking a signature has no way to panic"))
            .collect()
    })
}

/// Derives all rows anew, in place: inside the caller's transaction, so that nobody sees half of it.
pub(crate) fn rebuild(write: &mut dyn Write, summary: Summary) -> Result<Summary, StorageError> {
    for space in DERIVED.into_iter().chain([Space::Text]) {
        write.clear(space)?;
    }
    let mut replay = Replay::new(&*write)?;
    loop {
        let batch = write.bundles(replay.after, BATCH)?;
        if batch.is_empty() {
            break;
        }
        let clocks = replay.clocks(&*write, &batch)?;
        replay.apply(write, &batch, &clocks)?;
        replay.flush(write)?;
    }
    Ok(Summary {
        derivation: DERIVATION_VERSION,
        hash: replay.state.hash(),
        ..summary
    })
}

/// Derives the rows that a closed set of bundles leads to, all of them up to position `end`, into an empty store, and
/// commits them.
pub(crate) fn replay_into(
    rows: Box<dyn Write + '_>,
    store: &dyn Read,
    past: &Past,
    end: Position,
) -> Result<Replayed, StorageError> {
    let mut write = SplitStore {
        rows,
        log: store,
        last: Position(0),
    };
    let mut replay = Replay::new(store)?;
    let mut operations = 0;
    while replay.after < end {
        let mut batch = store.bundles(replay.after, BATCH)?;
        let Some(last) = batch.last().map(|stored| stored.place.position) else {
            break;
        };
        // All clocks move on, whichever bundles are wanted.
        let clocks = replay.clocks(store, &batch)?;
        let wanted: Vec<bool> = batch
            .iter()
            .map(|StoredBundle { place, bundle }| {
                place.position <= end
                    && past.contains(place.chain, place.seq, bundle.header().hlc)
                    && !replay.held.contains(&place.position)
            })
            .collect();
        let clocks: Vec<_> = clocks
            .into_iter()
            .zip(&wanted)
            .filter_map(|(clock, wanted)| wanted.then_some(clock))
            .collect();
        let mut wanted = wanted.into_iter();
        batch.retain(|_| wanted.next().unwrap_or(false));
        operations += batch
            .iter()
            .map(|stored| u64::from(stored.bundle.len()))
            .sum::<u64>();
        replay.apply(&mut write, &batch, &clocks)?;
        (replay.after, write.last) = (last, last);
        if last.0.is_multiple_of(FLUSH_INTERVAL) {
            replay.flush(&mut write)?;
        }
    }
    replay.flush(&mut write)?;
    let replayed = Replayed {
        schema: Arc::new(Schema::load(&write)?),
        synonyms: Arc::clone(replay.state.synonyms()),
        hash: replay.state.hash(),
        operations,
    };
    write.rows.commit()?;
    Ok(replayed)
}

/// What a set of bundles leads to, beside the rows.
pub(crate) struct Replayed {
    pub(crate) schema: Arc<Schema>,
    pub(crate) synonyms: Arc<Synonyms>,
    pub(crate) hash: StateHash,
    /// How many operations the bundles hold.
    pub(crate) operations: u64,
}

/// A replay in commit order, which extends causal order; held bundles are passed over.
struct Replay {
    chains: Chains,
    held: BTreeSet<Position>,
    /// For each chain, what the author of the bundle that was last replayed had seen.
    latest: BTreeMap<ChainId, ChainClock>,
    state: State,
    after: Position,
    bundles: u64,
    operations: u64,
}

impl Replay {
    fn new(store: &dyn Read) -> Result<Self, StorageError> {
        let mut held = BTreeSet::new();
        for (key, _) in store.scan(Space::Held, &[], None, usize::MAX)? {
            let position = key.try_into().map_err(|_| StorageError::DamagedRow {
                space: Space::Held.name(),
            })?;
            held.insert(Position(u64::from_be_bytes(position)));
        }
        Ok(Self {
            chains: Chains::load(store)?,
            held,
            latest: BTreeMap::new(),
            state: State::new(StateHash::ZERO, Arc::default()),
            after: Position(0),
            bundles: 0,
            operations: 0,
        })
    }

    /// The clocks of a batch's bundles, in order.
    fn clocks(&mut self, store: &dyn Read, batch: &[StoredBundle]) -> Result<Vec<ChainClock>, StorageError> {
        let mut clocks = Vec::with_capacity(batch.len());
        for StoredBundle { place, bundle } in batch {
            let mut clock = match self.latest.remove(&place.chain) {
                Some(clock) => clock,
                None => inherited_clock(&self.chains, store, place.chain)?,
            };
            observe_bundle(&self.chains, store, &mut clock, place.chain, bundle)?;
            clocks.push(clock.clone());
            self.latest.insert(place.chain, clock);
        }
        Ok(clocks)
    }

    fn apply(
        &mut self,
        write: &mut dyn Write,
        batch: &[StoredBundle],
        clocks: &[ChainClock],
    ) -> Result<(), StorageError> {
        for (StoredBundle { place, bundle }, clock) in batch.iter().zip(clocks) {
            self.after = place.position;
            self.bundles += 1;
            self.operations += u64::from(bundle.len());
            if self.held.contains(&place.position) {
                continue;
            }
            let header = bundle.header();
            let writer = Writer {
                chain: place.chain,
                seq: place.seq,
                hlc: header.hlc,
                hash: place.hash,
                actor: header.actor,
                log: header.log,
                sight: Sight::Clock(clock),
            };
            derive(
                &mut self.state,
                write,
                bundle,
                place.position,
                &self.chains,
                &writer,
            )?;
        }
        Ok(())
    }

    fn flush(&mut self, write: &mut dyn Write) -> Result<(), StorageError> {
        self.state.flush(write)?;
        self.state.forget();
        Ok(())
    }
}

/// The first row in which two stores differ, by key.
fn first_difference_in(
    space: Space,
    stored: &dyn Read,
    replayed: &dyn Read,
) -> Result<Option<(&'static str, String)>, StorageError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let left = stored.scan(space, &[], after.as_deref(), BATCH)?;
        let right = replayed.scan(space, &[], after.as_deref(), BATCH)?;
        if let Some(((key, _), (other, _))) = left.iter().zip(&right).find(|(left, right)| left != right) {
            return Ok(Some((space.name(), hex(key.min(other)))));
        }
        if left.len() != right.len() {
            let longer = if left.len() > right.len() { &left } else { &right };
            return Ok(Some((space.name(), hex(&longer[left.len().min(right.len())].0))));
        }
        match left.into_iter().next_back() {
            Some((key, _)) => after = Some(key),
            None => return Ok(None),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
