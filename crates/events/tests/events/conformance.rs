//! The one suite, on every store.

use openprod_events::{EventStore, MemoryStore, SqliteStore, conformance};

#[test]
fn memory_store_conforms() {
    conformance::run(|| Box::new(MemoryStore::default())).unwrap();
}

#[test]
fn sqlite_store_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let mut count = 0;
    conformance::run(|| {
        count += 1;
        let path = directory.path().join(format!("events-{count}.db"));
        Box::new(SqliteStore::open(&path).unwrap()) as Box<dyn EventStore>
    })
    .unwrap();
}
