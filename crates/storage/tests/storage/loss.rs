//! Tails that were lost, processes that were killed, disks that are full.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use openprod_core::VerifiedBundle;
use openprod_storage::conformance::bundle;
use openprod_storage::{ChainId, Position, Space, SqliteStorage, Storage as _, StorageError};

fn append(store: &mut SqliteStorage, bundles: &mut Vec<VerifiedBundle>) {
    let next = bundle(1, bundles.len() as u64 + 1, bundles.last());
    let mut write = store.begin().unwrap();
    write.append(ChainId(0), &next).unwrap();
    write.commit().unwrap();
    bundles.push(next);
}

#[test]
fn older_copy_put_in_place_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("oplog.db"), directory.path().join("copy"));
    let mut bundles = Vec::new();
    append(&mut SqliteStorage::create(&path).unwrap(), &mut bundles);
    std::fs::copy(&path, &copy).unwrap();
    let mut store = SqliteStorage::open(&path).unwrap();
    assert!(!store.tail_lost(), "a clean reopening is no loss");
    append(&mut store, &mut bundles);
    drop(store);
    assert!(!SqliteStorage::open(&path).unwrap().tail_lost());
    std::fs::copy(&copy, &path).unwrap();
    let mut store = SqliteStorage::open(&path).unwrap();
    assert!(store.tail_lost());
    bundles.truncate(1);
    append(&mut store, &mut bundles);
    drop(store);
    assert!(
        !SqliteStorage::open(&path).unwrap().tail_lost(),
        "what was written since is the new mark"
    );
}

#[test]
fn missing_or_torn_mark_is_no_loss() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    append(&mut SqliteStorage::create(&path).unwrap(), &mut Vec::new());
    let mark = directory.path().join("oplog.mark");
    std::fs::write(&mark, b"torn").unwrap();
    assert!(!SqliteStorage::open(&path).unwrap().tail_lost());
    std::fs::remove_file(&mark).unwrap();
    assert!(!SqliteStorage::open(&path).unwrap().tail_lost());
}

#[test]
fn deleted_write_ahead_log_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    let mut bundles = Vec::new();
    let mut store = SqliteStorage::create(&path).unwrap();
    append(&mut store, &mut bundles);
    // Copied while it is open, the file without its write-ahead log is what a careless backup holds.
    let torn = tempfile::tempdir().unwrap();
    for name in ["oplog.db", "oplog.mark"] {
        std::fs::copy(directory.path().join(name), torn.path().join(name)).unwrap();
    }
    let reopened = SqliteStorage::open(&torn.path().join("oplog.db"));
    assert!(reopened.map_or(true, |store| store.tail_lost()));
}

const CHILD: &str = "OPENPROD_TEST_COMMIT_UNTIL_KILLED";

/// Not a test of its own: what the killed child runs.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let mut store = SqliteStorage::open(Path::new(&path)).unwrap();
    let mut bundles = Vec::new();
    for place in store
        .readers()
        .reader()
        .unwrap()
        .bundles(Position(0), usize::MAX)
        .unwrap()
    {
        bundles.push(place.bundle);
    }
    let mut out = std::io::stderr();
    loop {
        append(&mut store, &mut bundles);
        writeln!(out, "acknowledged {}", bundles.len()).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("oplog.db");
    drop(SqliteStorage::create(&path).unwrap());
    let mut acknowledged = 0;
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "loss::child_that_commits_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..round * 7 {
            let line = lines.next().unwrap().unwrap();
            acknowledged = line
                .strip_prefix("acknowledged ")
                .map_or(acknowledged, |count| count.parse().unwrap());
        }
        child.kill().unwrap();
        // What it said between our last look and its end was acknowledged too.
        for line in lines.map_while(Result::ok) {
            acknowledged = line
                .strip_prefix("acknowledged ")
                .map_or(acknowledged, |count| count.parse().unwrap());
        }
        child.wait().unwrap();
        let store = SqliteStorage::open(&path).unwrap();
        assert!(!store.tail_lost());
        let stored = store
            .readers()
            .reader()
            .unwrap()
            .bundles(Position(0), usize::MAX)
            .unwrap();
        assert!(
            stored.len() as u64 >= acknowledged,
            "{} of {acknowledged}",
            stored.len()
        );
        let whole = stored
            .iter()
            .enumerate()
            .all(|(index, found)| found.place.seq == index as u64 + 1);
        assert!(whole, "the chain has no gap");
    }
}

/// A small file system of its own, which goes when this is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED: {test}: {reason}");
    if let Some(file) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

#[test]
fn full_disk_is_a_clear_error_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        return skip(
            "full_disk_is_a_clear_error_and_loses_nothing",
            "a small file system cannot be mounted here",
        );
    };
    let path = disk.0.path().join("oplog.db");
    let mut store = SqliteStorage::create(&path).unwrap();
    let mut bundles = Vec::new();
    append(&mut store, &mut bundles);
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let mut rows = 0_u32;
    let error = loop {
        let mut write = store.begin().unwrap();
        let written = write
            .append(ChainId(0), &bundle(1, u64::from(rows) + 2, bundles.last()))
            .and_then(|_| write.put(Space::Meta, &rows.to_be_bytes(), &[7; 20_000]))
            .and_then(|()| write.commit());
        match written {
            Ok(()) => {
                bundles.push(bundle(1, u64::from(rows) + 2, bundles.last()));
                rows += 1;
            }
            Err(error) => break error,
        }
        assert!(rows < 1_000, "three MiB do not hold that much");
    };
    assert!(matches!(error, StorageError::Full), "{error:?}");
    let reader = store.readers().reader().unwrap();
    assert_eq!(
        reader.last().unwrap().0,
        u64::from(rows) + 1,
        "what was acknowledged is there, and no half of more"
    );
    assert_eq!(reader.count(Space::Meta, &[]).unwrap(), u64::from(rows));
    drop(reader);
    std::fs::remove_file(&ballast).unwrap();
    append(&mut store, &mut bundles);
    drop(store);
    assert!(!SqliteStorage::open(&path).unwrap().tail_lost());
}
