//! Many at once.

use std::sync::{Arc, Barrier};

use openprod_events::command::{Command as _, Rejection};
use openprod_events::executor::Ending;
use openprod_events::{CommandError, EventQuery, EventStore, Executor, Outcome, RetryPolicy};

use super::{Book, Through, envelope, on_every_store};

/// How many race. More than the machine has processors.
const RACERS: u128 = 16;

/// Lets all racers act at the same moment, each with its number.
fn race<T: Send>(act: impl Fn(u128) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(RACERS as usize);
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                let (barrier, act) = (&barrier, &act);
                scope.spawn(move || {
                    barrier.wait();
                    act(racer)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

type Result = std::result::Result<Outcome<String>, CommandError>;

fn book_together(executor: &Executor, round: u128, through: Through) -> Vec<Result> {
    let room = format!("room-{through:?}-{round}");
    race(|racer| {
        let command = Book::new(&room, &format!("racer-{racer}"), through);
        executor.execute(&command, &envelope(round * RACERS + racer))
    })
}

#[test]
fn of_racers_for_one_room_exactly_one_wins_and_the_others_learn_why() {
    on_every_store("of_racers_for_one_room_exactly_one_wins", |store| {
        let executor = Executor::new(store.clone());
        let mut rooms = 0;
        for through in [Through::Stream, Through::Context, Through::Both] {
            for _ in 0..4 {
                rooms += 1;
                let results = book_together(&executor, rooms, through);
                let won = results.iter().filter(|result| result.is_ok()).count();
                assert_eq!(won, 1, "{through:?}");
                for error in results.into_iter().filter_map(Result::err) {
                    assert!(
                        matches!(error.rejection(), Some(Rejection::BusinessRule { rule, .. }) if rule == "taken"),
                        "{error:?}"
                    );
                }
            }
        }
        let records = store.query(&EventQuery::all()).unwrap().event_records;
        assert_eq!(records.len() as u128, rooms, "one booking a room");
        let figures = executor.metrics().of(&Book::TYPE);
        assert_eq!(u128::from(figures.ended(Ending::CarriedOut)), rooms);
        assert_eq!(
            u128::from(figures.ended(Ending::BusinessRule)),
            rooms * (RACERS - 1)
        );
        assert_eq!(figures.conflicts, figures.retries);
        assert_eq!(u128::from(figures.latency.count()), rooms * RACERS);
    });
}

#[test]
fn racers_who_do_not_try_again_are_told_of_the_conflict_or_of_the_rule() {
    on_every_store("racers_who_do_not_try_again", |store| {
        let executor = Executor::new(store).with_retry(RetryPolicy::once());
        for round in 0..8 {
            let results = book_together(&executor, round, Through::Context);
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
            for error in results.into_iter().filter_map(Result::err) {
                assert!(
                    matches!(
                        error.rejection(),
                        Some(Rejection::BusinessRule { .. } | Rejection::Concurrency(_))
                    ),
                    "{error:?}"
                );
            }
        }
    });
}

#[test]
fn one_command_from_many_threads_has_one_effect_and_one_answer() {
    on_every_store("one_command_from_many_threads", |store| {
        let executor = Executor::new(store.clone());
        for round in 0..6 {
            let command = Book::new(&format!("room-{round}"), "ann", Through::Both);
            let outcomes: Vec<_> = race(|_| executor.execute(&command, &envelope(round)).unwrap());
            let acted = outcomes.iter().filter(|outcome| !outcome.repeated).count();
            assert_eq!(acted, 1);
            for outcome in &outcomes {
                assert_eq!(
                    (&outcome.answer, outcome.append, &outcome.streams),
                    (&outcomes[0].answer, outcomes[0].append, &outcomes[0].streams)
                );
                assert_eq!(outcome.append.unwrap().committed_count, 1);
            }
        }
        assert_eq!(store.query(&EventQuery::all()).unwrap().event_records.len(), 6);
    });
}

#[test]
fn several_executors_on_one_store_are_as_one() {
    on_every_store("several_executors_on_one_store", |store: Arc<dyn EventStore>| {
        let results = race(|racer| {
            let executor = Executor::new(store.clone());
            let command = Book::new("room", &format!("racer-{racer}"), Through::Stream);
            executor.execute(&command, &envelope(racer))
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    });
}
