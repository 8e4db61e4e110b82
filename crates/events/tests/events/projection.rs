//! Projections: whatever is interrupted, the rows are the fold of the log.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use openprod_events::projection::{
    ApplyError, EventOrder, MemoryTarget, OnPoison, PostgresTarget, Projection, ProjectionConfig,
    ProjectionError, ProjectionRunner, ProjectionState, ProjectionTarget, ProjectionVersion, Projections,
    ProjectionsError, SqliteTarget, Step,
};
use openprod_events::subscription::Backoff;
use openprod_events::{EventQuery, EventRecord, EventStore, MemoryStore, ProjectionName, SequenceNumber};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::server;
use crate::stores::{PATIENCE, all, event, on_each};
use crate::tally::{Tally, TallyProjection, counted, fold, rows_of_postgres, rows_of_sqlite};

fn config(batch_max: usize) -> ProjectionConfig {
    ProjectionConfig {
        batch_max: NonZeroUsize::new(batch_max).unwrap(),
        idle_events_max: 3,
        wait_ms_max: 20,
        backoff: Backoff {
            first_ms: 1,
            longest_ms: 10,
        },
        ..ProjectionConfig::default()
    }
}

/// What happens to a projection.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Events are committed: which key, and whether the projection wants it.
    Write(u64, bool),
    /// A step is taken.
    Step,
    /// The process ends and another one begins, with other batches.
    Restart(usize),
    /// Another version is started.
    Upgrade,
    /// The rows are to be made anew.
    Rebuild,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        6 => (0_u64..4, prop::bool::weighted(0.8)).prop_map(|(key, wanted)| Turn::Write(key, wanted)),
        4 => Just(Turn::Step),
        2 => (1_usize..6).prop_map(Turn::Restart),
        1 => Just(Turn::Upgrade),
        1 => Just(Turn::Rebuild),
    ];
    vec(turn, 0..60)
}

/// Plays turns, with a target that `open` opens anew after each restart, and compares its rows in the end.
fn play<T: ProjectionTarget>(turns: &[Turn], mut open: impl FnMut() -> T, rows: impl Fn(&T) -> Tally)
where
    TallyProjection: Projection<T>,
{
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let (mut version, mut batch_max, mut written) = (1, 3, 0);
    let mut start = |version, batch_max| {
        let projection = TallyProjection::of_version(version);
        ProjectionRunner::new(Arc::clone(&store), projection, open(), config(batch_max)).unwrap()
    };
    let mut runner = start(version, batch_max);
    for turn in turns {
        match *turn {
            Turn::Write(key, wanted) => {
                written += 1;
                let other = event("other", json!({"n": written}));
                let event = if wanted { counted(key, written) } else { other };
                store.append(vec![event]).unwrap();
            }
            Turn::Step => drop(runner.step().unwrap()),
            Turn::Rebuild => runner.rebuild().unwrap(),
            Turn::Restart(_) | Turn::Upgrade => {
                match turn {
                    Turn::Restart(size) => batch_max = *size,
                    _ => version += 1,
                }
                drop(runner);
                runner = start(version, batch_max);
            }
        }
        let status = runner.status();
        assert!(status.applied <= written);
    }
    runner.catch_up().unwrap();
    let log = all(&*store);
    assert_eq!(rows(runner.target()), fold(&log, &[]));
    let status = runner.status();
    assert_eq!((status.lag, status.rebuilding_to), (0, None));
    assert_eq!(status.state, ProjectionState::Running);
    assert_eq!(status.version, ProjectionVersion(version));
}

fn check(cases: u32, run: impl Fn(&[Turn])) {
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&turns(), |turns| {
            run(&turns);
            Ok(())
        })
        .unwrap();
}

#[test]
fn rows_in_memory_are_the_fold_of_the_log_whatever_happens() {
    check(200, |turns| {
        let target = MemoryTarget::<Tally>::default();
        play(turns, || target.clone(), MemoryTarget::state);
    });
}

#[test]
fn rows_in_sqlite_are_the_fold_of_the_log_whatever_happens() {
    check(30, |turns| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.db");
        play(
            turns,
            || SqliteTarget::open(&path).unwrap(),
            |_| rows_of_sqlite(&path),
        );
    });
}

#[test]
fn rows_in_postgres_are_the_fold_of_the_log_whatever_happens() {
    let Some(url) = server::url("rows_in_postgres_are_the_fold_of_the_log_whatever_happens") else {
        return;
    };
    check(10, |turns| {
        let schema = server::fresh(&url);
        play(
            turns,
            || PostgresTarget::open(&schema).unwrap(),
            |_| rows_of_postgres(&schema),
        );
    });
}

#[test]
fn projection_follows_writers_that_race_on_every_store() {
    on_each(
        "projection_follows_writers_that_race_on_every_store",
        |kind, store| {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("rows.db");
            let projections = Projections::of(Arc::clone(&store));
            let target = SqliteTarget::open(&path).unwrap();
            let control = projections
                .start(TallyProjection::default(), target, config(8))
                .unwrap();
            std::thread::scope(|scope| {
                for writer in 0..6_u64 {
                    let store = &store;
                    scope.spawn(move || {
                        for n in 0..20 {
                            let other = event("other", json!({}));
                            store
                                .append(vec![counted(writer % 3, n), other, counted(n % 3, writer)])
                                .unwrap();
                        }
                    });
                }
            });
            assert!(
                control.wait_for(SequenceNumber(360), PATIENCE),
                "{kind}: {:?}",
                control.status()
            );
            assert_eq!(rows_of_sqlite(&path), fold(&all(&*store), &[]), "{kind}");
            assert!(control.status().is_healthy());
        },
    );
}

#[test]
fn rebuild_leads_to_the_rows_that_were_there_and_is_resumed_after_a_crash() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    for n in 0..50 {
        store.append(vec![counted(n % 4, n)]).unwrap();
    }
    let target = MemoryTarget::<Tally>::default();
    let start = |version| {
        let projection = TallyProjection::of_version(version);
        ProjectionRunner::new(Arc::clone(&store), projection, target.clone(), config(10)).unwrap()
    };
    let mut first = start(1);
    first.catch_up().unwrap();
    let live = target.state();
    assert_eq!(first.status().state, ProjectionState::Running);
    drop(first);
    let mut second = start(2);
    second.step().unwrap();
    second.step().unwrap();
    let status = second.status();
    assert_eq!(status.state, ProjectionState::Rebuilding);
    assert_eq!(
        (status.position, status.rebuilding_to),
        (Some(SequenceNumber(20)), Some(SequenceNumber(50)))
    );
    drop(second);
    let mut third = start(2);
    assert_eq!(third.step().unwrap(), Step::Moved);
    assert_eq!(
        third.status().position,
        Some(SequenceNumber(30)),
        "it went on, and did not begin again"
    );
    third.catch_up().unwrap();
    assert_eq!(target.state(), live);
    assert_eq!(third.status().rebuilding_to, None);
}

#[test]
fn rebuild_of_events_that_nobody_wants_ends_too() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    store.append(vec![event("other", json!({}))]).unwrap();
    let target = MemoryTarget::<Tally>::default();
    let mut runner = ProjectionRunner::new(store, TallyProjection::default(), target, config(10)).unwrap();
    runner.catch_up().unwrap();
    runner.rebuild().unwrap();
    assert_eq!(runner.status().state, ProjectionState::Rebuilding);
    runner.catch_up().unwrap();
    assert_eq!(runner.status().state, ProjectionState::Running);
}

#[test]
fn older_events_rebuild_what_depends_on_order_and_nothing_else() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    store.append(vec![counted(1, 1)]).unwrap();
    for (order, rebuilds) in [(EventOrder::Free, 0), (EventOrder::Ordered, 1)] {
        let target = MemoryTarget::<Tally>::default();
        let projection = TallyProjection {
            order,
            ..TallyProjection::default()
        };
        let mut runner = ProjectionRunner::new(Arc::clone(&store), projection, target, config(10)).unwrap();
        runner.catch_up().unwrap();
        runner.older_events_arrived().unwrap();
        assert_eq!(runner.status().metrics.rebuilds, rebuilds);
        runner.catch_up().unwrap();
        assert_eq!(runner.target().state(), fold(&all(&*store), &[]));
    }
}

#[test]
fn poison_event_is_set_aside_with_its_reason_or_stops_the_projection() {
    for is_panic in [false, true] {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
        store
            .append((1..=9).map(|n| counted(n % 2, n)).collect())
            .unwrap();
        let projection = TallyProjection::default();
        let poison = if is_panic {
            &projection.panics_at
        } else {
            &projection.refuses
        };
        let poison = Arc::clone(poison);
        poison.store(5, Ordering::SeqCst);
        let reason = if is_panic {
            "it panics at 5"
        } else {
            "it is refused"
        };
        let log = all(&*store);

        let target = MemoryTarget::<Tally>::default();
        let start = |config| {
            ProjectionRunner::new(Arc::clone(&store), projection.clone(), target.clone(), config).unwrap()
        };
        let mut runner = start(config(100));
        let error = runner.catch_up().unwrap_err();
        let ProjectionError::Poison {
            sequence_number,
            reason: told,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(sequence_number, SequenceNumber(5));
        assert!(told.contains(reason), "{told}");
        assert_eq!(
            target.state(),
            fold(&log[..4], &[]),
            "what comes before it is in the rows"
        );
        assert!(matches!(runner.status().state, ProjectionState::Failed { .. }));
        assert!(runner.step().is_err(), "it stays in front of it");

        let mut runner = start(ProjectionConfig {
            on_poison: OnPoison::SetAside,
            ..config(100)
        });
        runner.catch_up().unwrap();
        assert_eq!(target.state(), fold(&log, &[5]));
        let status = runner.status();
        assert_eq!((status.applied, status.set_aside), (8, 1));
        assert!(!status.is_healthy());
        let event = &status.set_aside_events[0];
        assert_eq!(
            (event.sequence_number, event.event_id),
            (SequenceNumber(5), Some(log[4].event_id))
        );
        assert!(event.reason.contains(reason), "{}", event.reason);
        drop(runner);
        // The list is kept with the rows; once mended, making them anew empties it.
        poison.store(u64::MAX, Ordering::SeqCst);
        let mut runner = start(config(100));
        runner.catch_up().unwrap();
        assert_eq!(runner.status().set_aside_events.len(), 1);
        runner.rebuild().unwrap();
        runner.catch_up().unwrap();
        assert_eq!(runner.status().set_aside_events, []);
        assert_eq!(target.state(), fold(&log, &[]));
    }
}

/// Refuses what the list ends with, each number once: not even twice the same.
struct Moody(TallyProjection, Mutex<Vec<u64>>);

impl Projection<MemoryTarget<Tally>> for Moody {
    fn name(&self) -> ProjectionName {
        TallyProjection::name()
    }

    fn version(&self) -> ProjectionVersion {
        ProjectionVersion(1)
    }

    fn query(&self) -> EventQuery {
        EventQuery::all()
    }

    fn reset(&self, rows: &mut Tally) -> Result<(), ApplyError> {
        Projection::<MemoryTarget<Tally>>::reset(&self.0, rows)
    }

    fn apply(&self, event: &EventRecord, rows: &mut Tally) -> Result<(), ApplyError> {
        let mut refused = self.1.lock().unwrap();
        if refused.last() == Some(&event.sequence_number.0) {
            refused.pop();
            return Err(ApplyError::event("not this time"));
        }
        Projection::<MemoryTarget<Tally>>::apply(&self.0, event, rows)
    }
}

#[test]
fn projection_that_refuses_now_this_and_now_that_loses_nothing_else() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    store
        .append((1..=9).map(|n| counted(n % 2, n)).collect())
        .unwrap();
    let projection = Moody(TallyProjection::default(), Mutex::new(vec![2, 6, 8]));
    let config = ProjectionConfig {
        on_poison: OnPoison::SetAside,
        ..config(100)
    };
    let target = MemoryTarget::<Tally>::default();
    let mut runner = ProjectionRunner::new(Arc::clone(&store), projection, target.clone(), config).unwrap();
    runner.catch_up().unwrap();
    assert_eq!(target.state(), fold(&all(&*store), &[2]));
    assert_eq!((runner.status().applied, runner.status().set_aside), (8, 1));
}

#[test]
fn too_many_poison_events_stop_a_projection_all_the_same() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    store
        .append((0..9).map(|_| event("counted", json!({"no": "key"}))).collect())
        .unwrap();
    let config = ProjectionConfig {
        on_poison: OnPoison::SetAside,
        set_aside_max: 3,
        ..config(100)
    };
    let target = MemoryTarget::<Tally>::default();
    let mut runner = ProjectionRunner::new(store, TallyProjection::default(), target, config).unwrap();
    let error = runner.catch_up().unwrap_err();
    let expected = matches!(
        error,
        ProjectionError::TooManySetAside {
            sequence_number: SequenceNumber(4),
            set_aside: 3,
            ..
        }
    );
    assert!(expected, "{error:?}");
}

#[test]
fn two_runners_of_one_projection_apply_nothing_twice() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let target = MemoryTarget::<Tally>::default();
    let start = || {
        let (store, target) = (Arc::clone(&store), target.clone());
        ProjectionRunner::new(store, TallyProjection::default(), target, config(2)).unwrap()
    };
    let mut runners = [start(), start()];
    for n in 0..40 {
        store.append(vec![counted(n % 3, n)]).unwrap();
        // One of the two finds that the other was faster, and goes on from there the next time.
        if let Err(error) = runners[n as usize % 2].step() {
            assert!(error.is_passing(), "{error:?}");
        }
    }
    while runners[0].catch_up().is_err() {}
    assert_eq!(target.state(), fold(&all(&*store), &[]));
}

#[test]
fn projection_of_a_store_that_was_put_back_says_so() {
    let full: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    full.append((0..5).map(|n| counted(0, n)).collect()).unwrap();
    let target = MemoryTarget::<Tally>::default();
    let start = |store: &Arc<dyn EventStore>| {
        let (store, target) = (Arc::clone(store), target.clone());
        ProjectionRunner::new(store, TallyProjection::default(), target, config(10)).unwrap()
    };
    start(&full).catch_up().unwrap();
    let older: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    older.append(vec![counted(0, 7)]).unwrap();
    let mut runner = start(&older);
    let error = runner.step().unwrap_err();
    assert!(
        matches!(
            error,
            ProjectionError::Ahead {
                position: SequenceNumber(5)
            }
        ),
        "{error:?}"
    );
    runner.rebuild().unwrap();
    runner.catch_up().unwrap();
    assert_eq!(target.state(), fold(&all(&*older), &[]));
}

#[test]
fn manager_lists_pauses_resumes_and_rebuilds() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let projections = Projections::of(Arc::clone(&store));
    let target = MemoryTarget::<Tally>::default();
    let projection = TallyProjection::default();
    let refuses = Arc::clone(&projection.refuses);
    let control = projections
        .start(projection.clone(), target.clone(), config(10))
        .unwrap();
    let again = projections.start(projection, target.clone(), config(10));
    assert!(matches!(again, Err(ProjectionsError::Running(name)) if name == TallyProjection::name()));
    store.append(vec![counted(0, 1)]).unwrap();
    assert!(control.wait_for(SequenceNumber(1), PATIENCE));

    control.pause();
    assert!(control.wait_until(PATIENCE, |status| status.state == ProjectionState::Paused));
    store.append(vec![counted(0, 2)]).unwrap();
    let listed = &projections.list()[0];
    assert_eq!(
        (listed.position, listed.lag),
        (Some(SequenceNumber(1)), 1),
        "it rests, and falls behind"
    );
    control.rebuild();
    control.resume();
    assert!(control.wait_until(PATIENCE, |status| status.metrics.rebuilds == 1
        && status.position == Some(SequenceNumber(2))));
    assert_eq!(target.state(), fold(&all(&*store), &[]));

    refuses.store(3, Ordering::SeqCst);
    store.append(vec![counted(0, 3)]).unwrap();
    let failed = |status: &openprod_events::projection::ProjectionStatus| matches!(&status.state, ProjectionState::Failed { reason } if reason.contains("event 3"));
    assert!(control.wait_until(PATIENCE, failed));
    refuses.store(u64::MAX, Ordering::SeqCst);
    control.resume();
    assert!(control.wait_for(SequenceNumber(3), PATIENCE));
    let listed = projections.list();
    assert_eq!(
        (listed.len(), listed[0].state.clone(), listed[0].lag),
        (1, ProjectionState::Running, 0)
    );
    let shown = serde_json::to_value(&listed[0]).unwrap();
    assert_eq!(
        (&shown["name"], &shown["state"]),
        (&json!("tally"), &json!("running"))
    );

    assert!(projections.stop(&TallyProjection::name()));
    assert_eq!(control.status().state, ProjectionState::Ended);
    assert!(!projections.stop(&TallyProjection::name()));
    assert!(projections.list().is_empty());
}
