//! Trying again: only after conflicts, with growing pauses, and not for ever.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use openprod_events::command::{Command as _, Conflict, DomainEvent as _, Rejection};
use openprod_events::error::{ContextConflict, StreamMismatch};
use openprod_events::executor::Ending;
use openprod_events::rate::RateLimit;
use openprod_events::testkit::{CountingWaiter, HandClock};
use openprod_events::{
    Actor, CommandError, EventStore as _, Executor, MemoryStore, NewEvent, RetryPolicy, SequenceNumber,
    StreamVersion,
};

use super::meddling::{Meddling, Moment};
use super::{Book, Booking, RoomEvent, Through, envelope, stream};

fn happened(event: RoomEvent) -> NewEvent {
    let (RoomEvent::Booked(booking) | RoomEvent::Freed(booking)) = &event;
    let room = stream(&booking.room);
    NewEvent::new(event.event_type(), event.to_payload().unwrap()).in_stream(room)
}

fn booking(by: &str) -> Booking {
    Booking {
        room: "room".to_owned(),
        by: by.to_owned(),
    }
}

/// A room that somebody takes and gives back just before each commit.
fn busy(store: &Arc<MemoryStore>) -> Meddling {
    Meddling::new(store.clone(), Moment::BeforeCommit, |_| {
        vec![
            happened(RoomEvent::Booked(booking("eve"))),
            happened(RoomEvent::Freed(booking("eve"))),
        ]
    })
}

#[test]
fn retries_are_bounded_and_the_error_names_what_changed_with_both_versions() {
    for through in [Through::Stream, Through::Context] {
        let store = Arc::new(MemoryStore::default());
        let waiter = CountingWaiter::with_chance(u32::MAX);
        let executor = Executor::new(Arc::new(busy(&store)))
            .with_waiter(waiter.clone())
            .with_retry(RetryPolicy {
                attempts_max: NonZeroU32::new(5).unwrap(),
                pause_base: Duration::from_millis(10),
                pause_max: Duration::from_millis(50),
            });
        let error = executor
            .execute(&Book::new("room", "ann", through), &envelope(1))
            .unwrap_err();
        let Some(Rejection::Concurrency(contention)) = error.rejection() else {
            panic!("{error:?}");
        };
        assert_eq!(contention.attempts, 5);
        let expected = match through {
            Through::Stream => Conflict::Streams {
                streams: vec![StreamMismatch {
                    stream: stream("room"),
                    expected: StreamVersion(8),
                    actual: StreamVersion(10),
                }],
            },
            _ => Conflict::Context(ContextConflict {
                expected_context_version: Some(SequenceNumber(8)),
                actual_context_version: Some(SequenceNumber(10)),
            }),
        };
        assert_eq!(contention.conflict, expected);
        assert!(
            error.to_string().contains("expected") && error.to_string().contains("10"),
            "{error}"
        );
        let pauses: Vec<_> = waiter.pauses().iter().map(Duration::as_millis).collect();
        assert_eq!(pauses, [10, 20, 40, 50], "no pause after the last");
        let figures = executor.metrics().of(&Book::TYPE);
        assert_eq!((figures.conflicts, figures.retries), (5, 4));
        assert_eq!(figures.ended(Ending::Concurrency), 1);
        assert_eq!(
            store.head().unwrap(),
            Some(SequenceNumber(10)),
            "nothing of it was written"
        );
    }
}

#[test]
fn conflict_leads_to_a_decision_on_what_is_there_now() {
    let store = Arc::new(MemoryStore::default());
    let once = Meddling::new(store.clone(), Moment::BeforeCommit, |count| match count {
        0 => vec![happened(RoomEvent::Booked(booking("eve")))],
        _ => Vec::new(),
    });
    let waiter = CountingWaiter::with_chance(0);
    let executor = Executor::new(Arc::new(once)).with_waiter(waiter.clone());
    let error = executor
        .execute(&Book::new("room", "ann", Through::Stream), &envelope(1))
        .unwrap_err();
    assert_eq!(
        error.rejection(),
        Some(&Rejection::rule("taken", "room is eve's"))
    );
    assert_eq!(waiter.pauses(), [Duration::ZERO]);
}

#[test]
fn retry_that_finds_its_way_says_how_many_attempts_it_took() {
    let store = Arc::new(MemoryStore::default());
    let twice = Meddling::new(store, Moment::BeforeCommit, |count| match count {
        0 | 1 => vec![
            happened(RoomEvent::Booked(booking("eve"))),
            happened(RoomEvent::Freed(booking("eve"))),
        ],
        _ => Vec::new(),
    });
    let executor = Executor::new(Arc::new(twice)).with_waiter(CountingWaiter::default());
    let outcome = executor
        .execute(&Book::new("room", "ann", Through::Both), &envelope(1))
        .unwrap();
    assert_eq!((outcome.attempts, outcome.repeated), (3, false));
    assert_eq!(outcome.append.unwrap().first_sequence_number, SequenceNumber(5));
}

#[test]
fn rejection_is_told_only_of_a_state_that_there_was() {
    // The room is given back between the two readings, by an event that the second does not see: the state in which it is
    // taken has passed before the command is rejected for it.
    let store = Arc::new(MemoryStore::default());
    store
        .append(vec![happened(RoomEvent::Booked(booking("eve")))])
        .unwrap();
    let elsewhere = |event: RoomEvent| NewEvent::new(event.event_type(), event.to_payload().unwrap());
    let freed = elsewhere(RoomEvent::Freed(booking("eve")));
    let meddling = Meddling::new(store, Moment::AfterQuery, move |count| match count {
        0 => vec![freed.clone()],
        _ => Vec::new(),
    });
    let waiter = CountingWaiter::default();
    let executor = Executor::new(Arc::new(meddling)).with_waiter(waiter.clone());
    let outcome = executor
        .execute(&Book::new("room", "ann", Through::Both), &envelope(1))
        .unwrap();
    assert_eq!((outcome.answer.as_str(), outcome.attempts), ("ann", 2));
    assert_eq!(waiter.pauses().len(), 1);
}

#[test]
fn actor_who_is_too_fast_is_told_when_to_come_again() {
    let clock = HandClock::default();
    let limit = RateLimit {
        per_second: NonZeroU32::new(10).unwrap(),
        burst: NonZeroU32::new(2).unwrap(),
    };
    let store = Arc::new(MemoryStore::default());
    let executor = Executor::new(store.clone())
        .with_rate_limit(limit)
        .with_clock(clock.clone());
    let book = |id: u128| {
        let room = format!("room {id}");
        executor.execute(&Book::new(&room, "ann", Through::Stream), &envelope(id))
    };
    book(1).unwrap();
    book(2).unwrap();
    let error = book(3).unwrap_err();
    assert!(error.to_string().contains("try again in 100 ms"), "{error}");
    let CommandError::TooFast { actor, retry_after } = error else {
        panic!("{error:?}");
    };
    assert_eq!(actor, envelope(3).actor);
    assert_eq!(retry_after, Duration::from_millis(100));
    // Somebody else is not held back by that.
    let mut other = envelope(4);
    other.actor = Actor::new("somebody else").unwrap();
    let command = Book::new("room 4", "ben", Through::Stream);
    executor.execute(&command, &other).unwrap();
    clock.pass(retry_after);
    book(3).unwrap();
    assert!(matches!(book(5), Err(CommandError::TooFast { .. })));
    let figures = executor.metrics().of(&Book::TYPE);
    assert_eq!(figures.ended(Ending::TooFast), 2);
    assert_eq!(figures.ended(Ending::CarriedOut), 4);
}
