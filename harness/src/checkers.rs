//! Judges of a network at rest. None of them asks a peer whether it thinks that it is right.

use std::collections::{BTreeMap, BTreeSet};

use openprod_core::{BundleId, OpId, VerifiedBundle};
use openprod_engine::facts::DecisionStatus;
use openprod_storage::Position;
use thiserror::Error;

use crate::network::{DeviceId, Network, device_name};
use crate::oracle::Oracle;

/// The name that a workspace gets only in transactions that never commit.
pub const NEVER_ACKNOWLEDGED: &str = "never acknowledged";

/// A promise that was not kept.
#[derive(Debug, Error)]
pub enum Violation {
    /// Peers did not come into step in time.
    #[error("the peers did not come into step: {0}")]
    OutOfStep(String),
    /// Two peers with the same bundles have different states.
    #[error("{a} and {b} have applied the same bundles and differ in {what}")]
    Differ {
        /// One peer.
        a: String,
        /// Another.
        b: String,
        /// In what they differ.
        what: &'static str,
    },
    /// A peer raised the alarm that its state differs from another's.
    #[error("{0} found that it has diverged")]
    Diverged(String),
    /// A change that a person was told is safe is gone.
    #[error("bundle {bundle}, acknowledged by {by}, is not in the log of {lacking}")]
    Lost {
        /// The bundle.
        bundle: String,
        /// Who acknowledged it.
        by: String,
        /// Who does not have it.
        lacking: String,
    },
    /// A change whose transaction never committed is there.
    #[error("{0} has a change that was never acknowledged")]
    Unasked(String),
    /// What a peer stores is not what its log derives to.
    #[error("{device}: a replay gives other rows: {difference}")]
    Unsound {
        /// The peer.
        device: String,
        /// What differs.
        difference: String,
    },
    /// What a peer shows is not what causality says.
    #[error("{device} disagrees with the oracle: {difference}")]
    Wrong {
        /// The peer.
        device: String,
        /// Where.
        difference: String,
    },
}

/// Checks all devices that are up: that those which can reach each other agree, that each one's rows are what its log
/// replays to, that they are what the oracle says, and that nobody ever raised a false alarm.
///
/// # Errors
/// The first [`Violation`] found.
///
/// # Panics
/// When a store cannot be read.
pub fn check(network: &mut Network) -> Result<(), Violation> {
    agreement(network)?;
    replay(network)?;
    causality(network)?;
    match network.diverged().first() {
        Some((device, _)) => Err(Violation::Diverged(device_name(*device))),
        None => Ok(()),
    }
}

/// Checks that everything that was acknowledged is in the log of every device.
///
/// # Errors
/// [`Violation::Lost`] and [`Violation::Unasked`].
pub fn nothing_lost(network: &Network) -> Result<(), Violation> {
    for id in network.device_ids() {
        let present = network.bundle_ids(id);
        for (bundle, by) in network.acknowledged() {
            if !present.contains(bundle) {
                let (bundle, by, lacking) = (bundle.to_string(), device_name(*by), device_name(id));
                return Err(Violation::Lost { bundle, by, lacking });
            }
        }
        let name = network
            .device(id)
            .snapshot()
            .map(|snapshot| snapshot.schema().workspace_name.clone());
        if name.as_deref() == Some(NEVER_ACKNOWLEDGED) {
            return Err(Violation::Unasked(device_name(id)));
        }
    }
    Ok(())
}

/// Checks that devices that have applied the same bundles have equal state hashes, clocks, conflicts and schemas.
fn agreement(network: &Network) -> Result<(), Violation> {
    let mut seen: BTreeMap<Vec<openprod_engine::LogHead>, DeviceId> = BTreeMap::new();
    for id in network.device_ids() {
        let Some(snapshot) = network.device(id).snapshot() else {
            continue;
        };
        let other = *seen
            .entry(snapshot.applied_heads().expect("the store can be read"))
            .or_insert(id);
        let Some(theirs) = network.device(other).snapshot().filter(|_| other != id) else {
            continue;
        };
        let (status, their_status) = (
            snapshot.status().expect("the store can be read"),
            theirs.status().expect("the store can be read"),
        );
        let conflicts =
            |snapshot: &openprod_engine::Snapshot| snapshot.conflicts().expect("the store can be read");
        let forks = |status: &openprod_engine::Status| {
            status
                .forks
                .iter()
                .map(openprod_engine::ForkEvidence::branches)
                .collect::<BTreeSet<_>>()
        };
        let stored = snapshot.heads().expect("the store can be read")
            == theirs.heads().expect("the store can be read");
        let what = if status.state_hash != their_status.state_hash {
            "their state hashes"
        } else if status.applied != their_status.applied {
            "their clocks"
        } else if stored && status.stored != their_status.stored {
            "their clocks of what is stored"
        } else if stored
            && (status.bundles, status.operations) != (their_status.bundles, their_status.operations)
        {
            "how much they have stored"
        } else if stored && forks(&status).len() != forks(&their_status).len() {
            "the forks they know"
        } else if conflicts(&snapshot) != conflicts(&theirs) {
            "their conflicts"
        } else if decisions(&snapshot) != decisions(&theirs) {
            "the conflicts of their decisions"
        } else if snapshot.schema() != theirs.schema() {
            "their schemas"
        } else {
            continue;
        };
        return Err(Violation::Differ {
            a: device_name(other),
            b: device_name(id),
            what,
        });
    }
    Ok(())
}

/// The decision conflicts, without what each device counts for itself.
fn decisions(snapshot: &openprod_engine::Snapshot) -> Vec<(BundleId, DecisionStatus, BTreeSet<(OpId, bool)>)> {
    let conflicts = snapshot.decision_conflicts().expect("the store can be read");
    let listed = conflicts.into_iter().map(|conflict| {
        let unseen = conflict.unseen.iter();
        let unseen = unseen.map(|unseen| (unseen.fact.op_id, unseen.mutual)).collect();
        (conflict.decision, conflict.status, unseen)
    });
    listed.collect()
}

fn replay(network: &mut Network) -> Result<(), Violation> {
    for id in network.device_ids() {
        let Some(engine) = network.device_mut(id).engine() else {
            continue;
        };
        // One of them checks the signatures too: the others have the same bundles, and checked them on the way in.
        let verification = if id.0 == 0 {
            engine.verify()
        } else {
            engine.replay()
        };
        let verification = verification.expect("the store can be read");
        if !verification.is_sound() {
            return Err(Violation::Unsound {
                device: device_name(id),
                difference: format!("{verification:?}"),
            });
        }
    }
    Ok(())
}

/// Compares one device of each state with the oracle; those in agreement with it need not be compared again.
fn causality(network: &Network) -> Result<(), Violation> {
    let mut judged = BTreeSet::new();
    for id in network.device_ids() {
        let Some(snapshot) = network.device(id).snapshot() else {
            continue;
        };
        if !judged.insert(snapshot.applied_heads().expect("the store can be read")) {
            continue;
        }
        let held: BTreeSet<_> = snapshot
            .status()
            .expect("the store can be read")
            .held
            .into_iter()
            .map(|held| held.bundle)
            .collect();
        let mut applied: Vec<VerifiedBundle> = snapshot
            .bundles(Position(0), usize::MAX)
            .expect("the store can be read");
        applied.retain(|bundle| !held.contains(&bundle.id()));
        let wrong = |difference| Violation::Wrong {
            device: device_name(id),
            difference,
        };
        let oracle = Oracle::new(&applied).map_err(wrong)?;
        if let Some(difference) = oracle.difference(&snapshot).expect("the store can be read") {
            return Err(wrong(difference));
        }
    }
    Ok(())
}
