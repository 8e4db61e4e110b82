//! Projections whose store, target, disk or process fails.

use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use openprod_events::projection::{
    PostgresTarget, ProjectionConfig, ProjectionRunner, ProjectionState, Projections, SqliteTarget,
};
use openprod_events::subscription::Backoff;
use openprod_events::{EventStore, MemoryStore, PostgresStore, SequenceNumber, SqliteStore};

use crate::faults::skip;
use crate::outage;
use crate::stores::{Absent, PATIENCE, all};
use crate::tally::{TallyProjection, counted, fold, rows_of_postgres, rows_of_sqlite};

/// The variable that tells a child that it is the victim, and where.
const VICTIM: &str = "OPENPROD_EVENTS_PROJECTING";

fn config(batch_max: usize) -> ProjectionConfig {
    ProjectionConfig {
        batch_max: NonZeroUsize::new(batch_max).unwrap(),
        wait_ms_max: 20,
        backoff: Backoff {
            first_ms: 1,
            longest_ms: 20,
        },
        ..ProjectionConfig::default()
    }
}

fn open(directory: &Path) -> (Arc<dyn EventStore>, SqliteTarget) {
    let store = SqliteStore::open(&directory.join("events.db")).unwrap();
    (
        Arc::new(store),
        SqliteTarget::open(&directory.join("rows.db")).unwrap(),
    )
}

/// Not a test of its own: what the child does that is killed.
#[test]
fn victim() {
    let Some(directory) = std::env::var_os(VICTIM) else {
        return;
    };
    let (store, target) = open(Path::new(&directory));
    let mut runner = ProjectionRunner::new(store, TallyProjection::default(), target, config(7)).unwrap();
    loop {
        runner.step().unwrap();
        println!("at {}", runner.status().position.map_or(0, |position| position.0));
    }
}

#[test]
fn killed_projection_goes_on_without_losing_or_repeating_an_event() {
    let directory = tempfile::tempdir().unwrap();
    let (store, target) = open(directory.path());
    drop(target);
    store
        .append((0..3_000).map(|n| counted(n % 5, n)).collect())
        .unwrap();
    for round in 0..6_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "projection_faults::victim", "--nocapture"])
            .env(VICTIM, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines
            .filter(|line| line.as_ref().unwrap().contains("at "))
            .nth(5 + 7 * round);
        assert!(told.is_some());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (store, target) = open(directory.path());
    let mut runner = ProjectionRunner::new(
        Arc::clone(&store),
        TallyProjection::default(),
        target,
        config(100),
    );
    let runner = runner.as_mut().unwrap();
    runner.step().unwrap();
    assert!(runner.status().metrics.applied < 3_000, "it did not begin again");
    runner.catch_up().unwrap();
    assert_eq!(
        rows_of_sqlite(&directory.path().join("rows.db")),
        fold(&all(&*store), &[])
    );
}

#[test]
fn full_disk_under_a_target_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let mount = |options: &str| {
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(directory.path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mount("size=600k") {
        return skip(
            "full_disk_under_a_target_is_waited_for",
            "no right to mount a small disk",
        );
    }
    let outcome = std::panic::catch_unwind(|| {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
        store
            .append((0..20_000).map(|n| counted(n, n)).collect())
            .unwrap();
        let path = directory.path().join("rows.db");
        let target = SqliteTarget::open(&path).unwrap();
        let projections = Projections::of(Arc::clone(&store));
        let control = projections
            .start(TallyProjection::default(), target, config(500))
            .unwrap();
        let waits = control.wait_until(PATIENCE, |status| {
            matches!(status.state, ProjectionState::Waiting { .. })
        });
        assert!(waits, "{:?}", control.status());
        assert!(control.status().position < Some(SequenceNumber(20_000)));
        // Somebody made room.
        assert!(mount("remount,size=64m"));
        assert!(
            control.wait_for(SequenceNumber(20_000), PATIENCE),
            "{:?}",
            control.status()
        );
        drop(projections);
        assert_eq!(rows_of_sqlite(&path), fold(&all(&*store), &[]));
    });
    let unmounted = Command::new("umount").arg(directory.path()).status();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    assert!(unmounted.unwrap().success());
}

#[test]
fn store_that_is_away_is_waited_for_from_the_first_step_on() {
    let directory = tempfile::tempdir().unwrap();
    let absent = Absent::over(MemoryStore::default());
    let writer = absent.inner();
    absent.set_away(true);
    let projections = Projections::of(Arc::new(absent.clone()));
    let path = directory.path().join("rows.db");
    let target = SqliteTarget::open(&path).unwrap();
    let control = projections
        .start(TallyProjection::default(), target, config(10))
        .unwrap();
    for round in 1..5 {
        assert!(control.wait_until(PATIENCE, |status| matches!(
            status.state,
            ProjectionState::Waiting { .. }
        )));
        assert!(!control.status().is_healthy());
        writer.append(vec![counted(round, round)]).unwrap();
        absent.set_away(false);
        assert!(control.wait_for(SequenceNumber(round), PATIENCE));
        absent.set_away(true);
    }
    assert_eq!(rows_of_sqlite(&path), fold(&all(&*writer), &[]));
}

#[test]
fn postgres_target_that_goes_away_gets_every_event_once() {
    let Some((wired, wire, direct)) = outage::wired("postgres_target_that_goes_away_gets_every_event_once")
    else {
        return;
    };
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let projections = Projections::of(Arc::clone(&store));
    let target = PostgresTarget::open(&wired).unwrap();
    let control = projections
        .start(TallyProjection::default(), target, config(3))
        .unwrap();
    let mut written = 0;
    for _ in 0..6 {
        // Cut off at once, or where a commit has happened and its answer is lost.
        for mode in [outage::CUT_AFTER_COMMIT, outage::CUT] {
            wire.set(mode);
            store.append((0..7).map(|n| counted(n % 3, n)).collect()).unwrap();
            written += 7;
            let failures = control.status().metrics.failures;
            assert!(control.wait_until(PATIENCE, |status| status.metrics.failures > failures));
            wire.set(outage::PASS);
            assert!(
                control.wait_for(SequenceNumber(written), PATIENCE),
                "{:?}",
                control.status()
            );
        }
    }
    assert_eq!(rows_of_postgres(&direct), fold(&all(&*store), &[]));
}

#[test]
fn postgres_store_that_goes_away_is_projected_on() {
    let Some((wired, wire, direct)) = outage::wired("postgres_store_that_goes_away_is_projected_on") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rows.db");
    let writer = PostgresStore::open(&direct).unwrap();
    let projections = Projections::of(Arc::new(PostgresStore::open(&wired).unwrap()));
    let target = SqliteTarget::open(&path).unwrap();
    let control = projections
        .start(TallyProjection::default(), target, config(3))
        .unwrap();
    for round in 1..4 {
        let failures = control.status().metrics.failures;
        wire.set(outage::CUT);
        writer
            .append((0..7).map(|n| counted(n % 3, n)).collect())
            .unwrap();
        assert!(control.wait_until(PATIENCE, |status| status.metrics.failures > failures));
        wire.set(outage::PASS);
        assert!(
            control.wait_for(SequenceNumber(round * 7), PATIENCE),
            "{:?}",
            control.status()
        );
    }
    assert_eq!(rows_of_sqlite(&path), fold(&all(&writer), &[]));
}
