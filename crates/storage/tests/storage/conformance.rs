//! Every store passes the suite.

use openprod_storage::{MemoryStorage, SqliteStorage, Storage, conformance};

#[test]
fn memory_conforms() {
    conformance::run(|| Box::new(MemoryStorage::new())).unwrap();
}

#[test]
fn sqlite_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let mut number = 0;
    conformance::run(|| -> Box<dyn Storage> {
        number += 1;
        Box::new(SqliteStorage::create(&directory.path().join(format!("{number}.db"))).unwrap())
    })
    .unwrap();
}
