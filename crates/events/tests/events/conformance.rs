//! The one suite, on every store.

use openprod_events::{EventStore, MemoryStore, PostgresStore, SqliteStore, conformance};

use crate::server;

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

#[test]
fn postgres_store_conforms() {
    let Some(url) = server::url("postgres_store_conforms") else {
        return;
    };
    conformance::run(|| {
        let config = server::fresh(&url);
        Box::new(PostgresStore::open(&config).unwrap()) as Box<dyn EventStore>
    })
    .unwrap();
}
