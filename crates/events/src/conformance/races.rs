//! Many at once: whoever comes second is told so, and nothing is lost, repeated or seen too early.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{cases, event, number, numbers, payload, payloads, predicate, stream, types};
use crate::commit::{Commit, RequestHash};
use crate::error::AppendError;
use crate::event::SequenceNumber;
use crate::id::CommandId;
use crate::query::EventQuery;
use crate::store::EventStore;
use crate::stream::StreamVersion;

/// How many race. More than the machine has processors, so that they really get into each other's way.
const RACERS: u64 = 16;

cases![
    of_racers_on_one_context_exactly_one_wins,
    of_racers_on_one_stream_exactly_one_wins,
    of_racers_with_one_command_one_acts_and_all_get_its_result,
    racers_on_contexts_of_their_own_all_win,
    retries_lose_no_update,
    crossing_reads_and_writes_do_not_pass_each_other,
    events_become_visible_in_order,
    waiting_ends_when_an_event_comes,
    waiting_ends_when_patience_does,
];

/// Lets all racers act at the same moment and counts those who won; any error but a conflict ends the suite.
fn winners(act: impl Fn(u64) -> Result<(), AppendError> + Sync) -> Result<u64, AppendError> {
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
        let mut won = 0;
        for racer in racers {
            match racer.join().expect("no racer panics") {
                Ok(()) => won += 1,
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(won)
    })
}

fn of_racers_on_one_context_exactly_one_wins(store: &dyn EventStore) -> Result<(), AppendError> {
    let query = EventQuery::any_of([types(&["booked"]).matching([predicate(json!({"room": 1}))])]);
    for round in 1..=10 {
        let version = store.query(&query)?.current_context_version;
        let won = winners(|racer| {
            let booking = event("booked", json!({"room": 1, "by": racer}));
            store.append_if(vec![booking], &query, version).map(drop)
        })?;
        assert_eq!(won, 1, "round {round}");
        assert_eq!(store.head()?, Some(number(round)), "the others used up no number");
    }
    Ok(())
}

fn of_racers_on_one_stream_exactly_one_wins(store: &dyn EventStore) -> Result<(), AppendError> {
    for round in 0..10 {
        let won = winners(|racer| {
            let event = event("happened", json!({ "by": racer })).in_stream(stream("one"));
            let commit = Commit::new(vec![event]).if_stream(stream("one"), StreamVersion(round));
            store.commit(commit).map(drop)
        })?;
        assert_eq!(won, 1, "round {round}");
        assert_eq!(store.stream_version(&stream("one"))?, StreamVersion(round + 1));
    }
    Ok(())
}

fn of_racers_with_one_command_one_acts_and_all_get_its_result(
    store: &dyn EventStore,
) -> Result<(), AppendError> {
    let request = RequestHash::of("act", &payload(json!(1)));
    let acted = std::sync::Mutex::new(Vec::new());
    let won = winners(|racer| {
        let commit = Commit::new(vec![event("acted", json!({ "by": racer }))]).for_command(
            CommandId::from_u128(1),
            request,
            payload(json!(racer)),
        );
        let committed = store.commit(commit)?;
        acted.lock().expect("no racer panics").push(committed);
        Ok(())
    })?;
    assert_eq!(won, RACERS);
    let acted = acted.into_inner().expect("no racer panics");
    assert_eq!(acted.iter().filter(|committed| !committed.repeated).count(), 1);
    assert!(
        acted
            .windows(2)
            .all(|pair| pair[0].result == pair[1].result && pair[0].append == pair[1].append)
    );
    let records = store.query(&EventQuery::all())?.event_records;
    assert_eq!(records.len(), 1);
    let by = acted[0].result.clone().expect("a command has a result");
    assert_eq!(records[0].payload, payload(json!({"by": by.value()})));
    Ok(())
}

fn racers_on_contexts_of_their_own_all_win(store: &dyn EventStore) -> Result<(), AppendError> {
    let won = winners(|racer| {
        let query = EventQuery::any_of([payloads([json!({ "room": racer })])]);
        let mut version = None;
        for _ in 0..10 {
            let told = store.append_if(vec![event("booked", json!({ "room": racer }))], &query, version)?;
            version = Some(told.last_sequence_number);
        }
        Ok(())
    })?;
    assert_eq!(won, RACERS);
    let all = numbers(&store.query(&EventQuery::all())?);
    assert_eq!(all, (1..=RACERS * 10).collect::<Vec<_>>());
    Ok(())
}

/// A counter that everybody reads, then writes one more: the classic lost update.
fn retries_lose_no_update(store: &dyn EventStore) -> Result<(), AppendError> {
    const EACH: u64 = 5;
    let query = EventQuery::any_of([types(&["counted"])]);
    let won = winners(|_| {
        let mut left = EACH;
        while left > 0 {
            let seen = store.query(&query)?;
            let count = seen.event_records.len() as u64;
            let next = event("counted", json!({"count": count + 1}));
            match store.append_if(vec![next], &query, seen.current_context_version) {
                Ok(_) => left -= 1,
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    assert_eq!(won, RACERS);
    let records = store.query(&query)?.event_records;
    let counts: Vec<_> = records.into_iter().map(|record| record.payload).collect();
    let expected: Vec<_> = (1..=RACERS * EACH)
        .map(|count| payload(json!({ "count": count })))
        .collect();
    assert_eq!(counts, expected);
    Ok(())
}

/// Each of two reads both streams and writes the other's: if both succeeded, neither could have come first.
fn crossing_reads_and_writes_do_not_pass_each_other(store: &dyn EventStore) -> Result<(), AppendError> {
    for round in 0..20 {
        let names = [
            stream(&format!("left-{round}")),
            stream(&format!("right-{round}")),
        ];
        let won = winners(|racer| {
            let [read, written] = if racer % 2 == 0 {
                [&names[0], &names[1]]
            } else {
                [&names[1], &names[0]]
            };
            let commit = Commit::new(vec![event("crossed", json!(racer)).in_stream(written.clone())])
                .if_stream(read.clone(), StreamVersion::EMPTY);
            store.commit(commit).map(drop)
        })?;
        let [left, right] = [store.stream_version(&names[0])?, store.stream_version(&names[1])?];
        assert!(
            left == StreamVersion::EMPTY || right == StreamVersion::EMPTY,
            "round {round}: both streams were written, {left:?} and {right:?}"
        );
        assert_eq!(won, left.0.max(right.0));
    }
    Ok(())
}

fn events_become_visible_in_order(store: &dyn EventStore) -> Result<(), AppendError> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| -> Result<Vec<u64>, AppendError> {
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let last_round = done.load(Ordering::SeqCst);
                let result = store.query(&EventQuery::all().after(cursor))?;
                let read = store.query(&EventQuery::any_of([types(&["a"])]).after(cursor))?;
                assert!(
                    read.event_records.len() >= result.event_records.len(),
                    "what was seen once is seen again"
                );
                cursor = result.last_returned_sequence_number.or(cursor);
                seen.extend(numbers(&result));
                if last_round {
                    return Ok(seen);
                }
            }
        });
        let won = winners(|racer| {
            for n in 0..10 {
                store.append(vec![
                    event("a", json!({"by": racer, "n": n})),
                    event("a", json!({})),
                ])?;
            }
            Ok(())
        });
        done.store(true, Ordering::SeqCst);
        let seen = reader.join().expect("the reader does not panic")?;
        assert_eq!(won?, RACERS);
        assert_eq!(seen, (1..=RACERS * 20).collect::<Vec<_>>(), "none was skipped");
        Ok(())
    })
}

fn waiting_ends_when_an_event_comes(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("a", json!(1))])?;
    assert_eq!(
        store.wait(None, Duration::from_secs(60))?,
        Some(SequenceNumber::FIRST)
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait(Some(SequenceNumber::FIRST), Duration::from_secs(60)));
        store.append(vec![event("a", json!(2))])?;
        let mut head = waiting.join().expect("waiting does not panic")?;
        // It may wake up early, and is asked again then.
        while head <= Some(SequenceNumber::FIRST) {
            head = store.wait(Some(SequenceNumber::FIRST), Duration::from_secs(60))?;
        }
        assert_eq!(head, Some(number(2)));
        Ok(())
    })
}

fn waiting_ends_when_patience_does(store: &dyn EventStore) -> Result<(), AppendError> {
    assert_eq!(store.wait(None, Duration::from_millis(5))?, None);
    store.append(vec![event("a", json!(1))])?;
    assert_eq!(
        store.wait(Some(number(1)), Duration::from_millis(5))?,
        Some(number(1))
    );
    assert_eq!(
        store.wait(Some(number(u64::MAX)), Duration::ZERO)?,
        Some(number(1))
    );
    Ok(())
}
