//! P8: how fast a whole log is checked: every signature, every operation derived anew, every row compared.

use openprod_core::Bundle;
use openprod_engine::Engine;
use openprod_storage::{DataDirectory, Position};

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::scan;
use crate::measure::{Contestant, Figure, Goal, interleave, timed};
use crate::rig::clock::now;
use crate::rig::stores::{History, Stores, workspace};

const OPERATIONS: u64 = 1_000_000;

/// The least share of the map program.
const GOAL: f64 = 0.35;

/// How many bundles are read at a time.
const BATCH: usize = 1_024;

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut figures = Vec::new();
    for history in [History::Imported, History::Typed] {
        let data = setup.stores.data(history, setup.amount(OPERATIONS))?;
        let database = Stores::database(&data);
        let directory = DataDirectory::open(&data).during("open a workspace")?;
        let identity = directory.identity([1; 32]).during("open a workspace")?;
        let storage = directory
            .open_workspace(workspace().id)
            .during("open a workspace")?;
        let mut engine =
            Engine::open(Box::new(storage), identity, [6; 32], now()).during("open a workspace")?;
        let snapshots = engine.snapshots();
        let mut contestants: [Contestant<'_>; 4] = [
            Box::new(|| rate(|| verify(&mut engine))),
            Box::new(|| {
                rate(|| {
                    let snapshot = snapshots.take().during("read the log")?;
                    check_signatures(&mut |after| snapshot.bundles(after, BATCH).during("read the log"))
                })
            }),
            Box::new(|| rate(|| scan::decode(&database))),
            Box::new(|| rate(|| scan::gather(&database))),
        ];
        let series = interleave(setup.rounds, &mut contestants)?;
        let [verified, signatures, decoded, gathered] =
            series.try_into().expect("there are four contestants");
        let name = history.name();
        let without = 1.0 / (1.0 / verified.median() - 1.0 / signatures.median());
        let note = match history {
            History::Imported => "6,000 operations for each signature".to_owned(),
            History::Typed => "12 operations for each signature".to_owned(),
        };
        figures.extend([
            Figure::new("P8", format!("verify, {name}"), "op/s", verified.clone())
                .beside("scan, decode, into a map", gathered)
                .goal(Goal::RatioAtLeast(GOAL))
                .note(note)
                .note(format!(
                    "without reading and checking signatures it would be about {without:.0} op/s"
                )),
            Figure::new(
                "P8",
                format!("verify, {name}, beside decoding"),
                "op/s",
                verified.clone(),
            )
            .beside("scan, decode", decoded),
            Figure::new(
                "P8",
                format!("verify, {name}, beside signatures"),
                "op/s",
                verified,
            )
            .beside("reading the log and checking its signatures, no more", signatures),
        ]);
    }
    Ok(figures)
}

/// Operations a second.
fn rate(act: impl FnOnce() -> Result<u64, BenchError>) -> Result<f64, BenchError> {
    let (took, operations) = timed(act)?;
    Ok(operations as f64 / took.as_secs_f64())
}

fn verify(engine: &mut Engine) -> Result<u64, BenchError> {
    let verification = engine.verify().during("verify")?;
    if !verification.is_sound() {
        return Err(BenchError::Wrong(format!(
            "what was built does not verify: {verification:?}"
        )));
    }
    Ok(verification.operations)
}

/// Reads bundles from commit order on and checks their signatures.
fn check_signatures(
    read: &mut dyn FnMut(Position) -> Result<Vec<openprod_core::VerifiedBundle>, BenchError>,
) -> Result<u64, BenchError> {
    let (mut after, mut operations) = (0, 0);
    loop {
        let bundles = read(Position(after))?;
        if bundles.is_empty() {
            return Ok(operations);
        }
        after += bundles.len() as u64;
        for bundle in bundles {
            operations += u64::from(bundle.len());
            let bundle: Bundle = bundle.into_bundle();
            bundle.verify(workspace().id).during("check a signature")?;
        }
    }
}
