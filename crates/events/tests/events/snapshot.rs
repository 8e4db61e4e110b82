//! Snapshots: a short cut that never leads elsewhere.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use openprod_events::snapshot::{
    Fold, FoldError, FoldVersion, Folded, MemorySnapshots, PostgresSnapshots, Snapshot, SnapshotConfig,
    SnapshotError, SnapshotKey, SnapshotReader, SnapshotStore, SqliteSnapshots, Verification,
};
use openprod_events::upcaster::UpcastersVersion;
use openprod_events::{EventRecord, EventStore, FoldName, MemoryStore, SequenceNumber, StreamVersion};
use proptest::prelude::*;
use serde_json::json;

use crate::server;
use crate::stores::{event, on_each, stream};

/// Sums the events of a stream, and remembers their numbers.
struct Sum {
    version: u32,
    /// Adds this to each, as a fold does that was changed.
    more: i64,
}

type State = (i64, Vec<u64>);

impl Fold for Sum {
    type State = State;

    fn name(&self) -> FoldName {
        FoldName::new("sum").unwrap()
    }

    fn version(&self) -> FoldVersion {
        FoldVersion(self.version)
    }

    fn initial(&self) -> State {
        (0, Vec::new())
    }

    fn apply(
        &self,
        state: &mut State,
        event: &EventRecord,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        state.0 += event.payload.read::<i64>()? + self.more;
        state.1.push(event.sequence_number.0);
        Ok(())
    }
}

const SUM: Sum = Sum { version: 1, more: 0 };

fn config(every: u64, verification: Verification) -> SnapshotConfig {
    SnapshotConfig {
        every: NonZeroU64::new(every).unwrap(),
        verification,
        page_max: NonZeroUsize::new(7).unwrap(),
    }
}

fn reader(
    store: &Arc<dyn EventStore>,
    snapshots: &Arc<dyn SnapshotStore>,
    fold: Sum,
    upcasters: u64,
    config: SnapshotConfig,
) -> SnapshotReader<Sum> {
    let (store, snapshots) = (Arc::clone(store), Arc::clone(snapshots));
    SnapshotReader::new(store, snapshots, fold, UpcastersVersion(upcasters), config)
}

fn write(store: &dyn EventStore, count: usize) {
    for n in 0..count {
        let other = event("noise", json!(1000)).in_stream(stream("other"));
        store
            .append(vec![event("n", json!(n)).in_stream(stream("s")), other])
            .unwrap();
    }
}

fn expected(store: &dyn EventStore) -> Folded<State> {
    let slice = store
        .read_stream(&stream("s"), StreamVersion::EMPTY, None)
        .unwrap();
    let mut state = SUM.initial();
    for record in &slice.records {
        SUM.apply(&mut state, record).unwrap();
    }
    Folded {
        state,
        version: slice.version,
    }
}

fn key() -> SnapshotKey {
    SnapshotKey {
        stream: stream("s"),
        fold: SUM.name(),
    }
}

/// What every store of snapshots must do.
fn check_store(snapshots: Arc<dyn SnapshotStore>) {
    assert_eq!(snapshots.load(&key()).unwrap(), None);
    snapshots.discard(&key()).unwrap();
    let mut snapshot = Snapshot {
        fold_version: FoldVersion(u32::MAX),
        upcasters: UpcastersVersion(u64::MAX - 1),
        version: StreamVersion(7),
        last_event: openprod_events::EventId::from_u128(u128::MAX - 3),
        state: vec![0, 255, 39, 0],
        hash: [9; 32],
    };
    snapshots.save(&key(), &snapshot).unwrap();
    assert_eq!(snapshots.load(&key()).unwrap().as_ref(), Some(&snapshot));
    snapshot.state.clear();
    snapshots.save(&key(), &snapshot).unwrap();
    assert_eq!(snapshots.load(&key()).unwrap().as_ref(), Some(&snapshot));
    let other = SnapshotKey {
        fold: FoldName::new("other").unwrap(),
        ..key()
    };
    assert_eq!(snapshots.load(&other).unwrap(), None);
    snapshots.discard(&key()).unwrap();
    assert_eq!(snapshots.load(&key()).unwrap(), None);
}

#[test]
fn snapshots_are_kept_replaced_and_discarded_by_every_store() {
    check_store(Arc::new(MemorySnapshots::default()));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshots.db");
    check_store(Arc::new(SqliteSnapshots::open(&path).unwrap()));
    if let Some(url) = server::url("snapshots_are_kept_replaced_and_discarded_by_every_store") {
        let config = server::fresh(&url);
        check_store(Arc::new(PostgresSnapshots::open(&config).unwrap()));
        check_store(Arc::new(PostgresSnapshots::open(&config).unwrap()));
    }
}

#[test]
fn stream_is_read_from_its_snapshot_on() {
    on_each("stream_is_read_from_its_snapshot_on", |kind, store| {
        let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
        let reader = reader(&store, &snapshots, SUM, 0, SnapshotConfig::default());
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store), "{kind}");
        write(&*store, 99);
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
        assert_eq!(reader.metrics().saved, 0, "every 100 events, and not before");
        write(&*store, 21);
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
        assert_eq!(reader.metrics().saved, 1);
        let before = reader.metrics().events;
        write(&*store, 5);
        // The first that is used is verified; the second is not.
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
        assert_eq!(
            (reader.metrics().verified, reader.metrics().events - before),
            (1, 125)
        );
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
        assert_eq!(
            (reader.metrics().verified, reader.metrics().events - before),
            (1, 130),
            "{kind}"
        );
        assert_eq!(reader.metrics().hits, 2);
    });
}

proptest! {
    #[test]
    fn state_is_the_fold_of_the_stream_whatever_is_kept(
        turns in proptest::collection::vec((0_usize..12, 1_u64..9, 0_u32..3, 0_u64..2), 1..12),
    ) {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
        let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
        for (count, every, checked, upcasters) in turns {
            write(&*store, count);
            let verification = NonZeroU32::new(checked).map_or(Verification::Never, Verification::OneIn);
            let reader = reader(&store, &snapshots, SUM, upcasters, config(every, verification));
            prop_assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
            prop_assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
        }
    }
}

#[test]
fn snapshot_of_another_version_is_discarded() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    for (fold, upcasters) in [(2, 0), (1, 7)] {
        let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
        let first = reader(&store, &snapshots, SUM, 0, config(5, Verification::Never));
        first.read(&stream("s")).unwrap();
        assert!(snapshots.load(&key()).unwrap().is_some());
        let changed = Sum {
            version: fold,
            more: 1,
        };
        let second = reader(
            &store,
            &snapshots,
            changed,
            upcasters,
            config(50, Verification::Never),
        );
        let folded = second.read(&stream("s")).unwrap();
        assert_eq!(
            folded.state.0,
            expected(&*store).state.0 + 10,
            "nothing of the old state is in it"
        );
        assert_eq!((second.metrics().discarded, second.metrics().hits), (1, 0));
        assert_eq!(snapshots.load(&key()).unwrap(), None);
    }
}

#[test]
fn fold_that_was_changed_without_another_version_is_found_out() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
    let wrong = Sum { version: 1, more: 1 };
    reader(&store, &snapshots, wrong, 0, config(5, Verification::Never))
        .read(&stream("s"))
        .unwrap();
    let right = reader(&store, &snapshots, SUM, 0, config(5, Verification::Always));
    assert_eq!(right.read(&stream("s")).unwrap(), expected(&*store));
    assert_eq!((right.metrics().mismatched, right.metrics().discarded), (1, 1));
    assert_eq!(snapshots.load(&key()).unwrap(), None);
}

#[test]
fn snapshot_that_is_damaged_or_of_another_past_is_discarded() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    let kept: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
    reader(&store, &kept, SUM, 0, config(5, Verification::Never))
        .read(&stream("s"))
        .unwrap();
    let good = kept.load(&key()).unwrap().unwrap();
    let spoilt = |spoil: &dyn Fn(&mut Snapshot), is_hashed: bool| {
        let mut snapshot = good.clone();
        spoil(&mut snapshot);
        if is_hashed {
            snapshot.hash = snapshot.hash_under(&key());
        }
        snapshot
    };
    let snapshots = [
        spoilt(&|snapshot| snapshot.state = b"[0,[]]".to_vec(), false),
        spoilt(&|snapshot| snapshot.version = StreamVersion(9), false),
        spoilt(&|snapshot| snapshot.state = b"{".to_vec(), true),
        // Another past: the store was put back and written on.
        spoilt(
            &|snapshot| snapshot.last_event = openprod_events::EventId::from_u128(1),
            true,
        ),
        spoilt(&|snapshot| snapshot.version = StreamVersion(11), true),
        spoilt(&|snapshot| snapshot.version = StreamVersion::EMPTY, true),
    ];
    for snapshot in snapshots {
        kept.save(&key(), &snapshot).unwrap();
        let reader = reader(&store, &kept, SUM, 0, config(50, Verification::Never));
        assert_eq!(
            reader.read(&stream("s")).unwrap(),
            expected(&*store),
            "{snapshot:?}"
        );
        assert_eq!(reader.metrics().discarded, 1, "{snapshot:?}");
    }
}

/// Snapshots that fail when they are told to.
#[derive(Default)]
struct Failing {
    kept: MemorySnapshots,
    fails: AtomicBool,
}

impl Failing {
    fn reached(&self) -> Result<&MemorySnapshots, SnapshotError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(SnapshotError::Store("it fails".into()));
        }
        Ok(&self.kept)
    }
}

impl SnapshotStore for Failing {
    fn load(&self, key: &SnapshotKey) -> Result<Option<Snapshot>, SnapshotError> {
        self.reached()?.load(key)
    }

    fn save(&self, key: &SnapshotKey, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        self.reached()?.save(key, snapshot)
    }

    fn discard(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        self.reached()?.discard(key)
    }
}

#[test]
fn failing_snapshots_make_reading_slower_and_never_wrong() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let failing = Arc::new(Failing::default());
    let snapshots: Arc<dyn SnapshotStore> = Arc::clone(&failing) as _;
    let reader = reader(&store, &snapshots, SUM, 0, config(5, Verification::Never));
    for fails in [false, true, false, true, true, false] {
        failing.fails.store(fails, Ordering::SeqCst);
        write(&*store, 6);
        assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
    }
    // Loading and saving, three times each.
    assert_eq!(reader.metrics().failures, 6);
}

#[test]
fn event_that_cannot_be_folded_is_an_error_and_no_state() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    store
        .append(vec![event("n", json!("no number")).in_stream(stream("s"))])
        .unwrap();
    let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
    let reader = reader(&store, &snapshots, SUM, 0, config(5, Verification::Never));
    let error = reader.read(&stream("s")).unwrap_err();
    assert!(
        matches!(
            error,
            FoldError::Event {
                sequence_number: SequenceNumber(21),
                ..
            }
        ),
        "{error:?}"
    );
}

/// A fold whose state JSON cannot hold: not a number is written as null.
struct Ratio;

impl Fold for Ratio {
    type State = BTreeMap<String, Option<f64>>;

    fn name(&self) -> FoldName {
        FoldName::new("ratio").unwrap()
    }

    fn version(&self) -> FoldVersion {
        FoldVersion(1)
    }

    fn initial(&self) -> Self::State {
        BTreeMap::new()
    }

    fn apply(
        &self,
        state: &mut Self::State,
        _: &EventRecord,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        state.insert("ratio".to_owned(), Some(f64::INFINITY));
        Ok(())
    }
}

#[test]
fn state_that_does_not_read_back_is_not_kept() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
    let config = config(5, Verification::Never);
    let reader = SnapshotReader::new(store, snapshots, Ratio, UpcastersVersion(0), config);
    for _ in 0..2 {
        assert_eq!(
            reader.read(&stream("s")).unwrap().state["ratio"],
            Some(f64::INFINITY)
        );
    }
    assert_eq!((reader.metrics().unwritable, reader.metrics().saved), (2, 0));
}

#[test]
fn snapshots_in_a_file_outlast_the_process_and_a_foreign_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshots.db");
    let open =
        |path: &Path| SqliteSnapshots::open(path).map(|store| Arc::new(store) as Arc<dyn SnapshotStore>);
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    write(&*store, 10);
    reader(
        &store,
        &open(&path).unwrap(),
        SUM,
        0,
        config(5, Verification::Never),
    )
    .read(&stream("s"))
    .unwrap();
    let again = reader(
        &store,
        &open(&path).unwrap(),
        SUM,
        0,
        config(5, Verification::Never),
    );
    assert_eq!(again.read(&stream("s")).unwrap(), expected(&*store));
    assert_eq!((again.metrics().hits, again.metrics().events), (1, 0));
    let text = directory.path().join("text.db");
    std::fs::write(
        &text,
        "this is no database, and long enough to be looked at as one".repeat(20),
    )
    .unwrap();
    assert!(matches!(open(&text), Err(SnapshotError::Store(_))));
    rusqlite::Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(open(&path), Err(SnapshotError::NewerVersion)));
}

#[test]
fn many_threads_read_one_stream() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::default());
    let snapshots: Arc<dyn SnapshotStore> = Arc::new(MemorySnapshots::default());
    let reader = reader(
        &store,
        &snapshots,
        SUM,
        0,
        config(3, Verification::OneIn(NonZeroU32::new(4).unwrap())),
    );
    let versions = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| write(&*store, 60));
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..30 {
                    let folded = reader.read(&stream("s")).unwrap();
                    assert_eq!(folded.state.0, (0..folded.version.0 as i64).sum::<i64>());
                    versions.lock().unwrap().push(folded.version);
                }
            });
        }
    });
    assert_eq!(versions.into_inner().unwrap().len(), 120);
    assert_eq!(reader.read(&stream("s")).unwrap(), expected(&*store));
}
