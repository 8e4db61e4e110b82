//! P8: how fast a whole log is checked: every signature, every operation derived anew, every row compared. The
//! engine has no road that leaves the signatures out.

use openprod_engine::Engine;
use openprod_storage::DataDirectory;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::limit::scan;
use crate::measure::{Contestant, Figure, Goal, interleave, timed};
use crate::rig::clock::now;
use crate::rig::stores::{History, Stores, workspace};

const OPERATIONS: u64 = 1_000_000;

/// The least share of the map program.
const GOAL: f64 = 0.35;

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
        let author = engine.actor();
        let mut contestants: [Contestant<'_>; 4] = [
            Box::new(|| rate(|| verify(&mut engine))),
            Box::new(|| rate(|| scan::decode(&database))),
            Box::new(|| rate(|| scan::gather(&database))),
            Box::new(|| rate(|| scan::verify_and_gather(&database, author))),
        ];
        let series = interleave(setup.rounds, &mut contestants)?;
        let [verified, decoded, gathered, gathered_verified] =
            series.try_into().expect("there are four contestants");
        let name = history.name();
        let signed = match history {
            History::Imported => "6,000 operations for each signature",
            History::Typed => "12 operations for each signature",
        };
        figures.extend([
            Figure::new("P8", format!("{name}, beside a map"), "op/s", verified.clone())
                .beside("scan, decode, into a map: no signature is checked", gathered)
                .goal(Goal::RatioAtLeast(GOAL))
                .note(signed),
            Figure::new(
                "P8",
                format!("{name}, beside a verified map"),
                "op/s",
                verified.clone(),
            )
            .beside(
                "the same, and every signature is checked, on all cores",
                gathered_verified,
            ),
            Figure::new("P8", format!("{name}, beside decoding"), "op/s", verified)
                .beside("scan, decode", decoded),
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
