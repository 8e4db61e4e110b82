//! Handing a history to engines, and holding each of them against the oracle.

use std::collections::BTreeSet;

use openprod_core::{Identity, Timestamp, VerifiedBundle};
use openprod_engine::Engine;

use super::{History, Team};
use crate::device::workspace;
use crate::disk::{Disk, StoreKind};
use crate::oracle::Oracle;
use crate::random::Random;

/// Later than anything in a history.
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// How one engine gets the bundles of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whether it keeps them in SQLite.
    pub sqlite: bool,
    /// What order, batches, duplicates and restarts follow from.
    pub seed: u16,
}

/// Plays a history, delivers it, and checks that every engine shows what the oracle says, that their state hashes
/// are one, and that a replay gives the same rows.
///
/// # Errors
/// What is not as it must be, in words.
///
/// # Panics
/// When a store cannot be read or written.
pub fn judge(history: &History) -> Result<(), String> {
    let team = Team::play(history.authors, &history.steps);
    let held = held(&team);
    let applied: Vec<_> = (0..team.bundles().len())
        .filter(|bundle| !held.contains(bundle))
        .map(|bundle| team.bundles()[bundle].clone())
        .collect();
    let oracle = Oracle::new(&applied)?;
    let mut hashes = Vec::new();
    for delivery in &history.deliveries {
        let (_disk, mut engine) = deliver(&team, delivery)?;
        let snapshot = engine.snapshots().take().expect("the store can be read");
        let status = snapshot.status().expect("the store can be read");
        let wrong = |what: String| Err(format!("{delivery:?}: {what}"));
        if status.held.len() != held.len() {
            return wrong(format!("it must hold {} bundles: {:?}", held.len(), status.held));
        }
        if let Some(difference) = oracle.difference(&snapshot).expect("the store can be read") {
            return wrong(difference);
        }
        drop(snapshot);
        // Signatures were checked when the bundles were made.
        let verification = engine.replay().expect("the store can be read");
        if !verification.is_sound() {
            return wrong(format!("a replay gives other rows: {verification:?}"));
        }
        hashes.push(status.state_hash);
    }
    if hashes.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(format!("state hashes differ: {hashes:?}"));
    }
    Ok(())
}

/// The bundles that wait for a newer version, and those that build on them.
fn held(team: &Team) -> BTreeSet<usize> {
    let mut held = BTreeSet::new();
    for (place, bundle) in team.bundles().iter().enumerate() {
        if bundle.unknown_kind().is_some() || !team.past(place).is_disjoint(&held) {
            held.insert(place);
        }
    }
    held
}

/// An engine that got every bundle after its past, some twice, in batches, and was restarted now and then.
fn deliver(team: &Team, delivery: &Delivery) -> Result<(Disk, Engine), String> {
    let mut random = Random::new(u64::from(delivery.seed));
    let kind = if delivery.sqlite {
        StoreKind::Sqlite
    } else {
        StoreKind::Memory
    };
    let disk = Disk::new(kind).map_err(|error| format!("make disk: {error}"))?;
    let open = || disk.open().expect("the store can be opened");
    let identity = || Identity::from_seed(&[0xee; 32]);
    let mut engine =
        Engine::join(open(), identity(), workspace(), random.seed()).expect("the store is empty");
    let mut batches = batches(team, &mut random).into_iter().peekable();
    while let Some(batch) = batches.next() {
        let (receipt, _) = engine.receive(&batch, NOW).expect("the store can be written");
        if let Some(refused) = receipt.refused {
            return Err(format!("{delivery:?}: a sound bundle is refused: {refused}"));
        }
        if batches.peek().is_some() && random.chance(100) {
            drop(engine);
            engine =
                Engine::open(open(), identity(), random.seed(), NOW).expect("the store holds a workspace");
        }
    }
    Ok((disk, engine))
}

fn batches(team: &Team, random: &mut Random) -> Vec<Vec<VerifiedBundle>> {
    let mut waiting: Vec<usize> = (0..team.bundles().len()).collect();
    let mut delivered: BTreeSet<usize> = BTreeSet::new();
    let mut batches = vec![Vec::new()];
    let longest = random.between(1, 12) as usize;
    while !waiting.is_empty() {
        let ready: Vec<usize> = waiting
            .iter()
            .copied()
            .filter(|bundle| team.past(*bundle).is_subset(&delivered))
            .collect();
        let next = ready[random.index(ready.len())];
        waiting.retain(|bundle| *bundle != next);
        delivered.insert(next);
        let mut given = vec![next];
        if random.chance(150) {
            let places: Vec<usize> = delivered.iter().copied().collect();
            given.extend(random.pick(&places));
        }
        for bundle in given {
            if batches.last().is_none_or(|batch| batch.len() >= longest) || random.chance(150) {
                batches.push(Vec::new());
            }
            let batch = batches.last_mut().expect("there is one from the start");
            batch.push(team.bundles()[bundle].clone());
        }
    }
    batches
}
