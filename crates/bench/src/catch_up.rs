//! P1: how fast a second engine takes over a log of 100,000 operations in bundles of ten, over loopback TCP, until
//! everything is verified, durable and derived there; of new records, and of overwrites of existing ones.

use std::path::{Path, PathBuf};

use openprod_core::{Bundle, VerifiedBundle};
use openprod_engine::{Command, Engine};
use openprod_storage::Position;
use tokio::runtime::Runtime;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::receiver::{self, Derived};
use crate::measure::{Contestant, Figure, Goal, interleave, timed};
use crate::rig::clock::now;
use crate::rig::node::Node;
use crate::rig::stores::{History, copy, execute_all, fill, found, identity, sqlite, workspace};
use crate::workload::{Rows, TABLE};

/// How many operations are taken over.
const OPERATIONS: u64 = 100_000;

/// How many operations each bundle has.
const BUNDLE_OPERATIONS: u64 = 10;

/// How many bundles are committed together when an engine takes them in without a network: about as many as fit
/// into a batch on the wire.
const BUNDLES_TOGETHER: usize = 320;

/// The least share of the limit.
const GOAL: f64 = 0.5;

/// How many operations a second signed, durable engines of others reach, ten times over.
const GOAL_PER_SECOND: f64 = 100_000.0;

/// What is taken over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Records that are new: created, put into their table, and given eight values.
    New,
    /// Ten values each of records that are there, picked at random.
    Overwrites,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "new records",
            Self::Overwrites => "overwrites",
        }
    }
}

/// What there is to take over, in the founder's store.
pub(crate) struct History100 {
    kind: Kind,
    /// The founder's directory; its engine is closed.
    pub(crate) founder: tempfile::TempDir,
    /// What the newcomer has before it begins; its engine is closed.
    base: Option<tempfile::TempDir>,
    /// The bundles that are taken over, in causal order.
    bundles: Vec<VerifiedBundle>,
    operations: u64,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let runtime = Runtime::new().during("start threads")?;
    let mut figures = Vec::new();
    for kind in [Kind::New, Kind::Overwrites] {
        figures.extend(measure(setup, &runtime, kind)?);
    }
    Ok(figures)
}

fn measure(setup: &Setup, runtime: &Runtime, kind: Kind) -> Result<Vec<Figure>, BenchError> {
    let history = History100::build(setup, kind)?;
    let limit_base = history.limit_base(setup)?;
    let founder =
        Engine::open(sqlite(history.founder.path())?, identity(1), [3; 32], now()).during("open")?;
    let founder = runtime.block_on(Node::start(founder))?;
    let operations = history.operations as f64;
    let mut contestants: Vec<Contestant<'_>> = vec![
        Box::new(|| {
            let directory = history.newcomer(setup)?;
            let engine = open_newcomer(directory.path())?;
            runtime.block_on(async {
                let mut newcomer = Node::start(engine).await?;
                let (goal, address) = (founder.hash()?, founder.address());
                let started = std::time::Instant::now();
                newcomer.catch_up(address, goal).await?;
                let took = started.elapsed();
                newcomer.stop().await;
                Ok(operations / took.as_secs_f64())
            })
        }),
        Box::new(|| {
            let directory = history.newcomer(setup)?;
            let mut engine = open_newcomer(directory.path())?;
            let (took, ()) = timed(|| take_in(&mut engine, &history.bundles))?;
            Ok(operations / took.as_secs_f64())
        }),
    ];
    for derived in [Derived::Operations, Derived::Records] {
        let (history, limit_base) = (&history, &limit_base);
        contestants.push(Box::new(move || {
            let directory = setup.directory()?;
            copy(&limit_base.join(format!("{derived:?}")), directory.path())?;
            let mut connection = receiver::open(directory.path())?;
            let author = identity(1).actor();
            let (took, ()) =
                timed(|| receiver::catch_up(&mut connection, &history.bundles, author, derived))?;
            Ok(operations / took.as_secs_f64())
        }));
    }
    let mut series = interleave(setup.rounds, &mut contestants)?.into_iter();
    drop(contestants);
    runtime.block_on(founder.stop());
    let mut next = || series.next().expect("every contestant has a series");
    let (networked, local, by_operation, by_record) = (next(), next(), next(), next());
    let name = kind.name();
    let beside = "the same bundles over TCP, a signature each, into SQLite, a row for each";
    Ok(vec![
        Figure::new("P1", format!("{name}, two engines"), "op/s", networked.clone())
            .beside(format!("{beside} operation"), by_operation.clone())
            .goal(Goal::RatioAtLeast(GOAL))
            .goal(Goal::AtLeast(GOAL_PER_SECOND)),
        Figure::new("P1", format!("{name}, stricter limit"), "op/s", networked)
            .beside(format!("{beside} record"), by_record),
        Figure::new("P1", format!("{name}, one thread, no network"), "op/s", local)
            .beside(format!("{beside} operation"), by_operation),
    ])
}

fn open_newcomer(directory: &Path) -> Result<Engine, BenchError> {
    let storage = sqlite(directory)?;
    if directory.join("joined").exists() {
        return Engine::open(storage, identity(2), [4; 32], now()).during("open");
    }
    Engine::join(storage, identity(2), workspace(), [2; 32]).during("join")
}

/// Decodes, verifies and takes in, one step after the other.
fn take_in(engine: &mut Engine, bundles: &[VerifiedBundle]) -> Result<(), BenchError> {
    for batch in bundles.chunks(BUNDLES_TOGETHER) {
        let verified: Vec<_> = batch
            .iter()
            .map(|bundle| Bundle::decode(bundle.bytes().as_ref())?.verify(workspace().id))
            .collect::<Result<_, _>>()
            .during("verify bundles")?;
        let (receipt, _) = engine.receive(&verified, now()).during("take in bundles")?;
        if receipt.accepted != batch.len() {
            return Err(BenchError::Wrong(format!("bundles were refused: {receipt:?}")));
        }
    }
    Ok(())
}

impl History100 {
    pub(crate) fn build(setup: &Setup, kind: Kind) -> Result<Self, BenchError> {
        let founder = setup.directory()?;
        let count = setup.amount(OPERATIONS / BUNDLE_OPERATIONS);
        let columns = match kind {
            Kind::New => BUNDLE_OPERATIONS as usize - 2,
            Kind::Overwrites => BUNDLE_OPERATIONS as usize,
        };
        let mut engine = found(sqlite(founder.path())?, identity(1), columns)?;
        let mut base = None;
        let mut taken = Position(0);
        match kind {
            Kind::New => drop(fill(&mut engine, History::Typed, count, columns, 5)?),
            Kind::Overwrites => {
                let records = fill(&mut engine, History::Imported, count, columns, 6)?;
                let snapshot = engine.snapshots().take().during("read the log")?;
                taken = snapshot.last().during("read the log")?;
                let bundles = snapshot.bundles(Position(0), usize::MAX).during("read the log")?;
                drop(snapshot);
                let directory = setup.directory()?;
                take_in(&mut open_newcomer(directory.path())?, &bundles)?;
                std::fs::write(directory.path().join("joined"), "").during("prepare the newcomer")?;
                base = Some(directory);
                let mut rows = Rows::new(7);
                let mut commands = (0..count).map(|_| Command::UpdateRecord {
                    entity: records[rows.below(count) as usize],
                    table: TABLE.to_owned(),
                    fields: rows.next(columns),
                });
                execute_all(&mut engine, &mut commands, 500)?;
            }
        }
        let snapshot = engine.snapshots().take().during("read the log")?;
        let bundles = snapshot.bundles(taken, usize::MAX).during("read the log")?;
        let operations = bundles.iter().map(|bundle| u64::from(bundle.len())).sum();
        Ok(Self {
            kind,
            founder,
            base,
            bundles,
            operations,
        })
    }

    /// A new directory with what the newcomer has before it begins.
    fn newcomer(&self, setup: &Setup) -> Result<tempfile::TempDir, BenchError> {
        let directory = setup.directory()?;
        if let Some(base) = &self.base {
            copy(base.path(), directory.path())?;
        }
        Ok(directory)
    }

    /// The same for the limit programs: a directory for each, by its name.
    fn limit_base(&self, setup: &Setup) -> Result<PathBuf, BenchError> {
        let root = setup.work.path().join(format!("limit-{}", self.kind as u8));
        for derived in [Derived::Operations, Derived::Records] {
            let directory = root.join(format!("{derived:?}"));
            std::fs::create_dir_all(&directory).during("prepare the limit program")?;
            let mut connection = receiver::open(&directory)?;
            if self.kind == Kind::New {
                continue;
            }
            let engine =
                Engine::open(sqlite(self.founder.path())?, identity(1), [3; 32], now()).during("open")?;
            let snapshot = engine.snapshots().take().during("read the log")?;
            let all = snapshot.bundles(Position(0), usize::MAX).during("read the log")?;
            let base = &all[..all.len() - self.bundles.len()];
            match derived {
                Derived::Operations => {
                    receiver::catch_up(&mut connection, base, identity(1).actor(), derived)?
                }
                // Imported bundles hold many records, so the rows of records come from the overwrites themselves.
                Derived::Records => {
                    receiver::catch_up(&mut connection, &self.bundles, identity(1).actor(), derived)?
                }
            }
        }
        Ok(root)
    }
}
