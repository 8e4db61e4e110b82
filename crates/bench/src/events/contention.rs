//! V4: sixteen writers on one context, round after round: one wins each, and all are decided.

use std::sync::Barrier;
use std::time::Instant;

use openprod_events::command::{Command, CommandType, Decision, Rejection};
use openprod_events::{
    EventFilter, EventQuery, EventRecord, EventType, Executor, PayloadPredicate, domain_events,
};
use serde::Serialize;
use serde_json::json;

use super::deposit::{envelope, executor};
use crate::Setup;
use crate::bench_error::{BenchError, During as _};
use crate::measure::{Figure, Goal, Series};

const WRITERS: u64 = 16;

/// How many things are raced for in a round of the measurement.
const RACES: u64 = 200;

domain_events! {
    #[derive(Debug)]
    enum RaceEvent {
        Won(Won) = "race_won" version 1,
    }
}

#[derive(Debug, Serialize, serde::Deserialize)]
struct Won {
    race: u64,
    by: u64,
}

#[derive(Serialize)]
struct Win {
    race: u64,
    by: u64,
}

impl Command for Win {
    const TYPE: CommandType = CommandType::new("win");
    type State = bool;
    type Event = RaceEvent;
    type Answer = ();

    fn context(&self) -> Option<EventQuery> {
        let won = EventType::new("race_won").expect("well formed");
        let of_race = PayloadPredicate::new(json!({ "race": self.race })).expect("well formed");
        Some(EventQuery::any_of([
            EventFilter::of_types([won]).matching([of_race])
        ]))
    }

    fn apply(&self, won: &mut bool, _: &RaceEvent, _: &EventRecord) {
        *won = true;
    }

    fn decide(&self, won: &bool) -> Result<Decision<RaceEvent, ()>, Rejection> {
        if *won {
            return Err(Rejection::rule("won", "somebody else was first"));
        }
        let event = RaceEvent::Won(Won {
            race: self.race,
            by: self.by,
        });
        Ok(Decision::new().record_unstreamed(event))
    }
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Figure>, BenchError> {
    let races = setup.amount(RACES);
    let directory = setup.directory()?;
    let executor = executor(directory.path())?;
    let mut rates = Vec::new();
    for round in 0..=u64::from(setup.rounds) {
        let rate = race(&executor, round * races..(round + 1) * races)?;
        if round > 0 {
            rates.push(rate);
        }
    }
    let raced = races * (u64::from(setup.rounds) + 1);
    let won = executor.store().head().during("read the end of the store")?;
    if won.map(|won| won.0) != Some(raced) {
        return Err(BenchError::Wrong(format!("of {raced} races {won:?} were won")));
    }
    let figures = executor.metrics().of(&Win::TYPE);
    let figure = Figure::new(
        "V4",
        "16 writers on one context",
        "decisions/s",
        Series::new(rates),
    )
    .goal(Goal::AtLeast(2_000.0))
    .note(format!(
        "each of {raced} races had exactly one winner; {} conflicts",
        figures.conflicts
    ));
    Ok(vec![figure])
}

/// Decisions a second, over some races.
fn race(executor: &Executor, races: std::ops::Range<u64>) -> Result<f64, BenchError> {
    let barrier = Barrier::new(WRITERS as usize);
    let count = races.end - races.start;
    let started = Instant::now();
    let won: u64 = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|by| {
                let (barrier, races) = (&barrier, races.clone());
                scope.spawn(move || {
                    // A writer that fails goes on to meet the others, who wait for it.
                    let mut result = Ok(0);
                    for race in races {
                        barrier.wait();
                        let acted = act(executor, race, by);
                        result = result.and_then(|won| Ok(won + acted?));
                    }
                    result
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().expect("no writer panics"))
            .sum::<Result<u64, BenchError>>()
    })?;
    if won != count {
        return Err(BenchError::Wrong(format!("{count} races had {won} winners")));
    }
    Ok((count * WRITERS) as f64 / started.elapsed().as_secs_f64())
}

/// 1 for whoever won, 0 for whoever was told that somebody else did.
fn act(executor: &Executor, race: u64, by: u64) -> Result<u64, BenchError> {
    match executor.execute(&Win { race, by }, &envelope(race * WRITERS + by)?) {
        Ok(_) => Ok(1),
        Err(error) if matches!(error.rejection(), Some(Rejection::BusinessRule { .. })) => Ok(0),
        Err(error) => Err(error).during("race"),
    }
}
