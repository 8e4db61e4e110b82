//! A random run from a number: devices, a topology, people at work, faults; then everything heals, and is judged.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use openprod_core::VerifiedBundle;
use openprod_engine::Snapshot;
use openprod_storage::{Position, StorageError};

use crate::checkers::{self, Violation};
use crate::disk::StoreKind;
use crate::faults::{Faults, Tally};
use crate::network::{DeviceId, Network};
use crate::random::Random;
use crate::workload::{Mix, Workload};

/// How long the network may take, once everything has healed, to come into step. Covers one request that stalls,
/// one pause after a fruitless one, and dialling again, for each hop of the longest topology.
const HEALING: Duration = Duration::from_secs(120);

/// Devices, when the seed decides: at least and at most.
const DEVICES: (u64, u64) = (3, 7);

/// Steps, when nobody says.
pub const STEPS: usize = 120;

/// A run to be made. The same value always gives the same run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The number from which everything follows.
    pub seed: u64,
    /// How many devices; the seed decides when absent.
    pub devices: Option<usize>,
    /// How many things people do.
    pub steps: usize,
    /// The store; when absent, memory.
    pub store: Option<StoreKind>,
    /// What goes wrong; the seed decides when absent.
    pub faults: Option<Faults>,
    /// What people do: everything, or no more than they did when the seed was found.
    pub mix: Mix,
    /// How long the network may take, once everything has healed, to come into step.
    pub healing_max: Duration,
    /// Whether to keep a line for each event.
    pub trace: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was allowed to go wrong.
    pub faults: Faults,
    /// What did.
    pub tally: Tally,
    /// How many devices there were.
    pub devices: usize,
    /// How many commands were acknowledged.
    pub commands: u64,
    /// How many bundles there were in the end.
    pub bundles: u64,
    /// How many operations they held.
    pub operations: u64,
    /// The kinds of those operations.
    pub kinds: BTreeSet<u16>,
    /// How many conflicts were open in the end.
    pub conflicts: usize,
    /// How many decisions had not seen what they should have, resolved ones among them.
    pub decision_conflicts: usize,
    /// How many facts were repetitions of others.
    pub repetitions: usize,
    /// How many logs were found to have forked.
    pub forks: usize,
    /// How long it took to come into step after everything had healed, in virtual time.
    pub healing: Duration,
    /// The lines that were kept.
    pub trace: Vec<String>,
}

/// A run that showed a fault.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run.
    pub simulation: Simulation,
    /// What was wrong.
    pub problem: String,
    /// The lines that were kept.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            simulation, problem, ..
        } = self;
        write!(
            out,
            "seed {} failed: {problem}\nreplay it with: {}",
            simulation.seed,
            simulation.command_line()
        )
    }
}

impl std::error::Error for Failure {}

impl Simulation {
    /// The run of a seed, all else left to it.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            seed,
            devices: None,
            steps: STEPS,
            store: None,
            faults: None,
            mix: Mix::Everything,
            healing_max: HEALING,
            trace: false,
        }
    }

    /// What to type to make this run again. Faults and limits that were set by hand are not in it.
    #[must_use]
    pub fn command_line(&self) -> String {
        let mut line = format!(
            "cargo run -p harness --bin simulate -- --seed {} --steps {}",
            self.seed, self.steps
        );
        if let Some(devices) = self.devices {
            line += &format!(" --peers {devices}");
        }
        if self.store == Some(StoreKind::Sqlite) {
            line += " --store sqlite";
        }
        match self.mix {
            Mix::Records => line += " --mix records",
            Mix::Data => line += " --mix data",
            Mix::Everything => {}
        }
        line
    }

    /// Makes the run and judges it. A panic on the way is a failure like any other.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn run(&self) -> Result<Report, Box<Failure>> {
        let mut network = Network::new(Random::new(self.seed));
        if self.trace {
            network.keep_trace();
        }
        let run = catch_unwind(AssertUnwindSafe(|| self.play(&mut network)));
        let problem = match run {
            Ok(Ok(mut report)) => {
                report.trace = network.trace().to_vec();
                return Ok(report);
            }
            Ok(Err(problem)) => problem,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                format!("panic: {}", text.unwrap_or_default())
            }
        };
        Err(Box::new(Failure {
            simulation: self.clone(),
            problem,
            trace: network.trace().to_vec(),
        }))
    }

    /// Finds, by halving, a small number of steps after which the run fails already: of a failing run only.
    #[must_use]
    pub fn shorten(&self) -> Self {
        let with = |steps: usize| Self {
            steps,
            ..self.clone()
        };
        let (mut passes, mut fails) = (0, self.steps);
        while fails - passes > 1 {
            let middle = usize::midpoint(passes, fails);
            if with(middle).run().is_err() {
                fails = middle
            } else {
                passes = middle
            }
        }
        with(fails)
    }

    fn play(&self, network: &mut Network) -> Result<Report, String> {
        let mut random = Random::new(self.seed ^ 0x5eed);
        let faults = Faults::random(&mut random);
        let faults = self.faults.unwrap_or(faults);
        let count = random.between(DEVICES.0, DEVICES.1) as usize;
        let count = self.devices.unwrap_or(count).max(2);
        network.set_faults(faults);
        for _ in 0..count {
            network
                .add_device(self.store.unwrap_or_default())
                .map_err(|error| format!("add device: {error}"))?;
        }
        connect(network, &mut random, count);
        let mut workload = Workload::new(random.branch(), self.mix);
        for _ in 0..self.steps {
            workload.step(network).map_err(|error| error.to_string())?;
            // Bursts and lulls: what people do at once meets, what they do later has been seen.
            let pause_ms = if random.chance(600) {
                random.below(30)
            } else {
                random.below(1_500)
            };
            network.run_for(Duration::from_millis(pause_ms));
        }
        network.heal();
        let start_us = network.now_us();
        if !network.run_until_in_step(self.healing_max) {
            return Err(Violation::OutOfStep(describe(network)).to_string());
        }
        let healing = Duration::from_micros(network.now_us() - start_us);
        // Whoever raises a false alarm does so with the next beats.
        network.run_for(Duration::from_millis(2_500));
        checkers::check(network)
            .and_then(|()| checkers::nothing_lost(network))
            .map_err(|error| error.to_string())?;
        let snapshot = network
            .device(DeviceId(0))
            .snapshot()
            .ok_or("the first device is down")?;
        let status = snapshot.status().map_err(|error| error.to_string())?;
        if let Some(held) = status.held.first() {
            return Err(format!("{:?} is still held: {:?}", held.bundle, held.reason));
        }
        let bundles = snapshot
            .bundles(Position(0), usize::MAX)
            .map_err(|error| error.to_string())?;
        let kind = |bundle: &VerifiedBundle, index| Some(bundle.raw_payload(index)?.0);
        let kinds = bundles
            .iter()
            .flat_map(|bundle| (0..bundle.len()).filter_map(move |index| kind(bundle, index)))
            .collect();
        let decisions = snapshot.decision_conflicts().map_err(|error| error.to_string())?;
        Ok(Report {
            faults,
            tally: *network.tally(),
            devices: count,
            commands: workload.commands(),
            bundles: status.bundles,
            operations: status.operations,
            kinds,
            conflicts: snapshot.conflicts().map_err(|error| error.to_string())?.len(),
            decision_conflicts: decisions.len(),
            repetitions: repetitions(&snapshot).map_err(|error| error.to_string())?,
            forks: status.forks.len(),
            healing,
            trace: Vec::new(),
        })
    }
}

/// How many facts repeat others.
fn repetitions(snapshot: &Snapshot) -> Result<usize, StorageError> {
    let log = snapshot.facts();
    let mut found = 0;
    for number in 1..=log.head()? {
        found += usize::from(log.fact(number)?.is_some_and(|fact| fact.repeats.is_some()));
    }
    Ok(found)
}

/// A chain, a ring, a star or a full mesh.
fn connect(network: &mut Network, random: &mut Random, count: usize) {
    let shape = random.below(4);
    for index in 1..count {
        match shape {
            0 | 1 => network.connect(DeviceId(index - 1), DeviceId(index)),
            2 => network.connect(DeviceId(0), DeviceId(index)),
            _ => (0..index).for_each(|other| network.connect(DeviceId(other), DeviceId(index))),
        }
    }
    if shape == 1 {
        network.connect(DeviceId(0), DeviceId(count - 1));
    }
}

fn describe(network: &Network) -> String {
    let devices = network.device_ids().map(|id| {
        let name = crate::network::device_name(id);
        match network.device(id).snapshot().map(|snapshot| snapshot.status()) {
            Some(Ok(status)) => format!(
                "{name} has {} bundles, {} held",
                status.bundles,
                status.held.len()
            ),
            Some(Err(error)) => format!("{name} cannot be read: {error}"),
            None => format!("{name} is down"),
        }
    });
    devices.collect::<Vec<_>>().join("; ")
}
