//! What conflicts cost: 10,000 fields, each edited by three people apart, until every edit is known; then listing the
//! conflicts, and deciding some.

use openprod_core::{EntityId, VerifiedBundle};
use openprod_engine::{Command, Decision, Engine, Request};
use openprod_storage::Position;

use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Series, timed};
use crate::rig::clock::now;
use crate::rig::stores::{COLUMNS, History, execute_all, fill, found, identity, sqlite, workspace};
use crate::workload::{Rows, TABLE};

/// How many records are edited, each in ten fields.
const RECORDS: u64 = 1_000;

/// How many conflicts are decided, and how many decisions are made durable together.
const DECISIONS: u64 = 1_000;
const TOGETHER: usize = 100;

/// How many bundles are taken in together.
const BUNDLES_TOGETHER: usize = 320;

/// What one round measured, in seconds.
struct Round {
    meeting: f64,
    following: f64,
    listing: f64,
    reading: f64,
    deciding: f64,
    editing: f64,
    verifying: f64,
    replaying: f64,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let mut rounds = Vec::new();
    for round in 0..=setup.rounds {
        let measured = measure(setup)?;
        if round > 0 {
            rounds.push(measured);
        }
    }
    let fields = (setup.amount(RECORDS) * COLUMNS as u64) as f64;
    let decisions = setup.amount(DECISIONS) as f64;
    let series = |what: fn(&Round) -> f64, factor: f64| {
        Series::new(rounds.iter().map(|round| what(round) * factor).collect())
    };
    let each = 1e6 / (2.0 * fields);
    let figure = |what: &str, unit, ours, beside: &str, limit| {
        Figure::new("conflicts", what, unit, ours).beside(beside, limit)
    };
    Ok(vec![
        figure(
            "two peers' edits of the same fields taken in",
            "µs/op",
            series(|round| round.meeting, each),
            "the same edits, each made by someone who had seen those before",
            series(|round| round.following, each),
        )
        .note(format!(
            "a conflict of three values costs {:.1} µs more than two edits that follow each other",
            (series(|round| round.meeting - round.following, 1e6 / fields)).median()
        )),
        figure(
            "listing all conflicts",
            "ms",
            series(|round| round.listing, 1e3),
            "reading the records that have them",
            series(|round| round.reading, 1e3),
        ),
        figure(
            "deciding a conflict",
            "µs",
            series(|round| round.deciding, 1e6 / decisions),
            "setting the same field where nobody disagrees",
            series(|round| round.editing, 1e6 / decisions),
        ),
        figure(
            "replaying a log with conflicts",
            "ms",
            series(|round| round.verifying, 1e3),
            "replaying the edits that follow each other",
            series(|round| round.replaying, 1e3),
        ),
    ])
}

fn measure(setup: &Setup) -> Result<Round, BenchError> {
    let directories = [
        setup.directory()?,
        setup.directory()?,
        setup.directory()?,
        setup.directory()?,
    ];
    let mut founder = found(sqlite(directories[0].path())?, identity(1), COLUMNS)?;
    let count = setup.amount(RECORDS);
    let records = fill(&mut founder, History::Imported, count, COLUMNS, 20)?;
    let base = bundles(&founder, Position(0))?;
    let join = |number: u8| -> Result<Engine, BenchError> {
        let storage = sqlite(directories[number as usize - 1].path())?;
        let mut engine = Engine::join(storage, identity(number), workspace(), [number; 32]).during("join")?;
        take_in(&mut engine, &base)?;
        Ok(engine)
    };
    let (mut second, mut third, mut bystander) = (join(2)?, join(3)?, join(4)?);

    // Each of the three edits every field without having seen the others.
    edit_all(&mut founder, &records, 21)?;
    let second_edits = edit_all(&mut second, &records, 22)?;
    let third_edits = edit_all(&mut third, &records, 23)?;
    let (first_half, ()) = timed(|| take_in(&mut founder, &second_edits))?;
    let (second_half, ()) = timed(|| take_in(&mut founder, &third_edits))?;

    // The same amount of edits, where each had seen those before: the bystander follows them.
    take_in(&mut second, &third_edits)?;
    let after = edit_all(&mut second, &records, 24)?;
    take_in(&mut third, &second_edits)?;
    take_in(&mut third, &after)?;
    let last = edit_all(&mut third, &records, 25)?;
    take_in(&mut bystander, &second_edits)?;
    take_in(&mut bystander, &third_edits)?;
    let (following_first, ()) = timed(|| take_in(&mut bystander, &after))?;
    let (following_second, ()) = timed(|| take_in(&mut bystander, &last))?;

    let snapshot = founder.snapshots().take().during("read conflicts")?;
    let (listing, conflicts) = timed(|| snapshot.conflicts().during("list conflicts"))?;
    let contended = conflicts
        .iter()
        .filter(|conflict| conflict.candidates.len() > 1)
        .count();
    // Where two of the three drew the same value, as with truth values, there may be none.
    if (contended as u64) < count * COLUMNS as u64 * 8 / 10 {
        return Err(BenchError::Wrong(format!(
            "only {contended} conflicts came about"
        )));
    }
    let table = snapshot
        .schema()
        .find(TABLE)
        .expect("the workspace has the table")
        .id;
    let (reading, rows) = timed(|| snapshot.members(table, None, usize::MAX).during("read records"))?;
    std::hint::black_box(rows);
    drop(snapshot);

    let wanted = setup.amount(DECISIONS) as usize;
    let mut decisions = conflicts
        .iter()
        .cycle()
        .take(wanted)
        .map(|conflict| Command::ResolveConflict {
            conflict: conflict.id,
            decision: Decision::Pick(conflict.candidates[0].op_id),
        });
    let (deciding, ()) = timed(|| execute(&mut founder, &mut decisions))?;
    let mut rows = Rows::new(26);
    let mut edits = (0..wanted).map(|number| Command::UpdateRecord {
        entity: records[number % records.len()],
        table: TABLE.to_owned(),
        fields: rows.next(1),
    });
    let (editing, ()) = timed(|| execute(&mut bystander, &mut edits))?;
    let (verifying, ()) = timed(|| replay(&mut founder))?;
    let (replaying, ()) = timed(|| replay(&mut bystander))?;
    Ok(Round {
        meeting: (first_half + second_half).as_secs_f64(),
        following: (following_first + following_second).as_secs_f64(),
        listing: listing.as_secs_f64(),
        reading: reading.as_secs_f64(),
        deciding: deciding.as_secs_f64(),
        editing: editing.as_secs_f64(),
        verifying: verifying.as_secs_f64(),
        replaying: replaying.as_secs_f64(),
    })
}

fn replay(engine: &mut Engine) -> Result<(), BenchError> {
    let verification = engine.replay().during("replay")?;
    if verification.is_sound() {
        return Ok(());
    }
    Err(BenchError::Wrong(format!(
        "the log derives to something else: {verification:?}"
    )))
}

/// Sets every field of every record, a bundle for each record; returns the bundles.
fn edit_all(engine: &mut Engine, records: &[EntityId], seed: u64) -> Result<Vec<VerifiedBundle>, BenchError> {
    let before = engine
        .snapshots()
        .take()
        .and_then(|snapshot| snapshot.last())
        .during("read the log")?;
    let mut rows = Rows::new(seed);
    let mut edits = records.iter().map(|entity| Command::UpdateRecord {
        entity: *entity,
        table: TABLE.to_owned(),
        fields: rows.next(COLUMNS),
    });
    execute_all(engine, &mut edits, TOGETHER)?;
    bundles(engine, before)
}

fn execute(engine: &mut Engine, commands: &mut dyn Iterator<Item = Command>) -> Result<(), BenchError> {
    let mut commands = commands.peekable();
    while commands.peek().is_some() {
        let mut transaction = engine.begin(now()).during("decide conflicts")?;
        for command in commands.by_ref().take(TOGETHER) {
            transaction
                .execute(&Request::new("bench", command))
                .during("decide conflicts")?;
        }
        transaction.commit().during("decide conflicts")?;
    }
    Ok(())
}

fn bundles(engine: &Engine, after: Position) -> Result<Vec<VerifiedBundle>, BenchError> {
    let snapshot = engine.snapshots().take().during("read the log")?;
    snapshot.bundles(after, usize::MAX).during("read the log")
}

fn take_in(engine: &mut Engine, bundles: &[VerifiedBundle]) -> Result<(), BenchError> {
    for batch in bundles.chunks(BUNDLES_TOGETHER) {
        let (receipt, _) = engine.receive(batch, now()).during("take in bundles")?;
        if receipt.accepted != batch.len() {
            return Err(BenchError::Wrong(format!("bundles were refused: {receipt:?}")));
        }
    }
    Ok(())
}
