//! Reading a whole log: scan the table and decode every operation; the second program keeps the last value of each
//! field in a map, the third checks every signature meanwhile, on all cores.

use std::collections::HashMap;
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use openprod_core::{ActorId, Value};
use rusqlite::{Connection, OpenFlags};

use crate::bench_error::{BenchError, During as _};
use crate::limit::decoded_bundle::{DecodedBundle, Key};

/// How many bundles are verified and gathered at a time.
const BATCH: usize = 1_024;

/// The last value of each field.
type Map = HashMap<Key, Option<Value>>;

/// Scans and decodes; returns how many operations there were.
pub(crate) fn decode(database: &Path) -> Result<u64, BenchError> {
    let mut operations = 0;
    each(database, |bytes| {
        for value in DecodedBundle::read(bytes)?.values() {
            std::hint::black_box(value?);
            operations += 1;
        }
        Ok(())
    })?;
    Ok(operations)
}

/// Scans, decodes and gathers; returns how many operations there were.
pub(crate) fn gather(database: &Path) -> Result<u64, BenchError> {
    let mut operations = 0;
    let mut map = Map::new();
    each(database, |bytes| {
        operations += insert(&mut map, bytes)?;
        Ok(())
    })?;
    std::hint::black_box(map);
    Ok(operations)
}

/// Scans, decodes, verifies and gathers a log of one author; returns how many operations there were.
pub(crate) fn verify_and_gather(database: &Path, author: ActorId) -> Result<u64, BenchError> {
    let key = VerifyingKey::from_bytes(author.as_bytes()).during("prepare the author's key")?;
    let (mut operations, mut map, mut batch) = (0, Map::new(), Vec::with_capacity(BATCH));
    each(database, |bytes| {
        batch.push(bytes.to_vec());
        if batch.len() == BATCH {
            operations += verify_and_insert(&mut map, &batch, &key)?;
            batch.clear();
        }
        Ok(())
    })?;
    operations += verify_and_insert(&mut map, &batch, &key)?;
    std::hint::black_box(map);
    Ok(operations)
}

fn verify_and_insert(map: &mut Map, batch: &[Vec<u8>], key: &VerifyingKey) -> Result<u64, BenchError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let verify = |part: &[Vec<u8>]| {
        part.iter()
            .try_for_each(|bytes| DecodedBundle::read(bytes)?.verify(key))
    };
    std::thread::scope(|scope| {
        let parts = batch.chunks(batch.len().div_ceil(cores).max(1));
        let verifying: Vec<_> = parts.map(|part| scope.spawn(move || verify(part))).collect();
        let mut operations = 0;
        for bytes in batch {
            operations += insert(map, bytes)?;
        }
        for thread in verifying {
            let broken = |_| BenchError::Wrong("a thread of the limit program broke off".to_owned());
            thread.join().map_err(broken)??;
        }
        Ok(operations)
    })
}

fn insert(map: &mut Map, bytes: &[u8]) -> Result<u64, BenchError> {
    let mut operations = 0;
    for value in DecodedBundle::read(bytes)?.values() {
        let (key, value) = value?;
        map.insert(key, value);
        operations += 1;
    }
    Ok(operations)
}

fn each(database: &Path, mut act: impl FnMut(&[u8]) -> Result<(), BenchError>) -> Result<(), BenchError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags).during("scan")?;
    let mut statement = connection
        .prepare("SELECT bytes FROM bundle ORDER BY position")
        .during("scan")?;
    let mut rows = statement.query([]).during("scan")?;
    while let Some(row) = rows.next().during("scan")? {
        act(row.get_ref(0).during("scan")?.as_blob().during("scan")?)?;
    }
    Ok(())
}
