//! Both stores hold the same after the same transactions.

use openprod_storage::conformance::bundle;
use openprod_storage::{ChainId, MemoryStorage, Position, Space, SqliteStorage, Storage, StorageError};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Put(usize, Vec<u8>, Vec<u8>),
    Delete(usize, Vec<u8>),
    Clear(usize),
    Append(u8),
    Commit,
    Rollback,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 0..4);
    let step = prop_oneof![
        6 => (0..3usize, key(), any::<[u8; 2]>()).prop_map(|(space, key, value)| Step::Put(space, key, value.to_vec())),
        2 => (0..3usize, key()).prop_map(|(space, key)| Step::Delete(space, key)),
        1 => (0..3usize).prop_map(Step::Clear),
        3 => (1u8..4).prop_map(Step::Append),
        2 => Just(Step::Commit),
        1 => Just(Step::Rollback),
    ];
    prop::collection::vec(step, 1..40)
}

/// Plays the steps, each run of them up to a commit or rollback in one transaction; gives all that is there then.
fn play(store: &mut dyn Storage, steps: &[Step]) -> Result<Vec<String>, StorageError> {
    const SPACES: [Space; 3] = [Space::Meta, Space::Entity, Space::Touch];
    let mut committed: Vec<Vec<openprod_core::VerifiedBundle>> = vec![Vec::new(); 4];
    for transaction in steps.split_inclusive(|step| matches!(step, Step::Commit | Step::Rollback)) {
        let mut write = store.begin()?;
        let mut logs = committed.clone();
        for step in transaction {
            match step {
                Step::Put(space, key, value) => write.put(SPACES[*space], key, value)?,
                Step::Delete(space, key) => write.delete(SPACES[*space], key)?,
                Step::Clear(space) => write.clear(SPACES[*space])?,
                Step::Append(log) => {
                    let log_bundles = &mut logs[usize::from(*log)];
                    let next = bundle(*log, log_bundles.len() as u64 + 1, log_bundles.last());
                    write.append(ChainId(u32::from(*log)), &next)?;
                    log_bundles.push(next);
                }
                Step::Commit | Step::Rollback => {}
            }
        }
        if matches!(transaction.last(), Some(Step::Commit)) {
            write.commit()?;
            committed = logs;
        }
    }
    let reader = store.readers().reader()?;
    let mut all: Vec<String> = reader
        .places(Position(0), 1_000)?
        .iter()
        .map(|place| format!("{place:?}"))
        .collect();
    for space in SPACES {
        for prefix in [&[][..], &[0], &[255], &[255, 255]] {
            all.push(format!("{:?}", reader.scan(space, prefix, Some(&[0, 1]), 5)?));
            all.push(format!("{:?}", reader.scan(space, prefix, None, 1_000)?));
            all.push(format!("{}", reader.count(space, prefix)?));
        }
    }
    Ok(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn memory_and_sqlite_agree(steps in steps()) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("oplog.db");
        let mut sqlite = SqliteStorage::create(&path).unwrap();
        let expected = play(&mut MemoryStorage::new(), &steps).unwrap();
        prop_assert_eq!(&play(&mut sqlite, &steps).unwrap(), &expected);
        drop(sqlite);
        let reopened = SqliteStorage::open(&path).unwrap();
        prop_assert!(!reopened.tail_lost());
    }
}
