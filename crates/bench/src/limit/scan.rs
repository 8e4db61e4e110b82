//! Reading a whole log: scan the table, decode every operation, and, the second time, keep the last value of each
//! field in a map.

use std::collections::HashMap;
use std::path::Path;

use openprod_core::Value;
use rusqlite::{Connection, OpenFlags};

use crate::bench_error::{BenchError, During as _};
use crate::limit::decoded_bundle::DecodedBundle;

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
    let mut map: HashMap<[u8; 32], Option<Value>> = HashMap::new();
    each(database, |bytes| {
        for value in DecodedBundle::read(bytes)?.values() {
            let (key, value) = value?;
            map.insert(key, value);
            operations += 1;
        }
        Ok(())
    })?;
    std::hint::black_box(map);
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
