//! What a commit costs here: one small bundle with its rows, and a thousand of them at once.
//!
//! Beside each, what the disk alone takes for a flush of as many bytes: `cargo run --release -p openprod-storage
//! --example commit_cost [DIRECTORY]`.

#![expect(clippy::print_stdout, reason = "an example that prints what it measured")]

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use openprod_core::VerifiedBundle;
use openprod_storage::conformance::bundle;
use openprod_storage::{ChainId, Space, SqliteStorage, Storage as _, StorageError, Write};

/// How many commits are timed one by one.
const COMMITS: usize = 2_000;

/// How many bundles the large commits hold, and how many of those there are.
const BATCH: (usize, usize) = (1_000, 20);

/// The bytes of an entity row of a dozen fields.
const ROW_BYTES: usize = 800;

fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args_os()
        .nth(1)
        .unwrap_or_else(|| std::env::temp_dir().into_os_string());
    let directory = tempfile::tempdir_in(parent)?;
    measure(directory.path())
}

fn measure(directory: &Path) -> Result<(), Box<dyn Error>> {
    let mut bundles: Vec<VerifiedBundle> = Vec::new();
    for seq in 1..=(COMMITS + BATCH.0 * BATCH.1) {
        bundles.push(bundle(1, seq as u64, bundles.last()));
    }
    let path = directory.join("oplog.db");
    let mut store = SqliteStorage::create(&path)?;
    let mut disk = File::create(directory.join("limit"))?;
    disk.write_all(&vec![0; COMMITS * 4_096])?;
    disk.sync_all()?;
    std::io::Seek::rewind(&mut disk)?;

    let (single, batched) = bundles.split_at(COMMITS);
    let mut commits = Vec::new();
    let mut flushes = Vec::new();
    let mut log_bytes_max = 0;
    for bundle in single {
        // Interleaved, so that both meet the same mood of the disk.
        commits.push(timed(|| commit(&mut store, std::slice::from_ref(bundle)))?);
        flushes.push(timed(|| {
            disk.write_all(&[7; 4_096]).and_then(|()| disk.sync_data())
        })?);
        log_bytes_max = log_bytes_max.max(std::fs::metadata(path.with_extension("db-wal"))?.len());
    }
    report("one bundle and its rows", &mut commits);
    report("one flush of 4 KiB", &mut flushes);
    let mut commits = Vec::new();
    for bundles in batched.chunks(BATCH.0) {
        commits.push(timed(|| commit(&mut store, bundles))?);
        log_bytes_max = log_bytes_max.max(std::fs::metadata(path.with_extension("db-wal"))?.len());
    }
    report("1,000 bundles and their rows", &mut commits);
    println!(
        "{:32} {:.1} MiB",
        "write-ahead log at most",
        log_bytes_max as f64 / f64::from(1 << 20)
    );
    drop(store);
    println!(
        "{:32} {:.1} MiB",
        "database",
        std::fs::metadata(&path)?.len() as f64 / f64::from(1 << 20)
    );
    let opening = timed(|| SqliteStorage::open(&path))?;
    println!("{:32} {:.2} ms", "opening it again", opening.as_secs_f64() * 1e3);
    Ok(())
}

fn commit(store: &mut SqliteStorage, bundles: &[VerifiedBundle]) -> Result<(), StorageError> {
    let mut write = store.begin()?;
    for bundle in bundles {
        let place = write.append(ChainId(1), bundle)?;
        rows(write.as_mut(), place.position.0)?;
    }
    write.put(Space::Meta, b"summary", &[1; 100])?;
    write.commit()
}

/// The rows that a new record leads to.
fn rows(write: &mut dyn Write, number: u64) -> Result<(), StorageError> {
    // Ids of one moment are neighbours, and those of a command are not.
    let entity = [&[1; 8][..], &number.to_be_bytes()].concat();
    let command = [number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(), [0; 8]].concat();
    write.put(Space::Entity, &entity, &[5; ROW_BYTES])?;
    write.put(Space::Member, &[&[2; 16][..], &entity].concat(), &[])?;
    write.put(Space::Touch, &[&entity[..], &number.to_be_bytes()].concat(), &[])?;
    write.put(Space::Command, &command, &[3; 48])?;
    write.put(Space::Chain, &[0, 0, 0, 1], &[4; 120])
}

fn timed<T, E>(act: impl FnOnce() -> Result<T, E>) -> Result<Duration, E> {
    let start = Instant::now();
    act()?;
    Ok(start.elapsed())
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what:32} p50 {:.3} ms, p99 {:.3} ms, most {:.3} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
