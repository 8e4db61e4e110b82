//! Room ahead in the file of the write-ahead log: it saves flushes their journal, and nobody can tell otherwise.

use crate::writer::{SIZES, Writer, log_bytes, log_of, open, rows};

#[test]
fn file_does_not_grow_with_each_commit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    let mut writer = Writer::open(&path);
    let (mut grown, mut before) = (0, log_bytes(&path));
    for key in 0..200 {
        writer.put(key, 1_000);
        let now = log_bytes(&path);
        grown += u32::from(now != before);
        before = now;
    }
    assert!(grown <= 6, "it grew {grown} times in 200 commits");
    assert_eq!(rows(&writer.connection), 200);
}

#[test]
fn file_is_written_over_when_the_log_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    let mut writer = Writer::open(&path);
    let mut longest = 0;
    for key in 0..3_000 {
        writer.put(key % 50, 3_000);
        let now = log_bytes(&path);
        assert!(
            now >= longest,
            "it was cut back from {longest} to {now} bytes at commit {key}"
        );
        longest = now;
    }
    assert!(
        longest <= SIZES.bytes_max + SIZES.passive_bytes,
        "it grew to {longest} bytes"
    );
}

#[test]
fn copy_that_a_crash_would_leave_has_every_commit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    let mut writer = Writer::open(&path);
    for key in 0..120 {
        writer.put(key, 20_000);
        if key % 7 > 0 {
            continue;
        }
        let copy = tempfile::tempdir().unwrap();
        let copied = copy.path().join("items.db");
        // Pages may be moved into the database meanwhile: whatever the copy of it lacks, the log still has.
        std::fs::copy(&path, &copied).unwrap();
        std::fs::copy(log_of(&path), log_of(&copied)).unwrap();
        let found = open(&copied).unwrap();
        assert_eq!(rows(&found), key + 1);
    }
}

#[test]
fn zeros_at_the_end_are_an_empty_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    Writer::open(&path).put(1, 10);
    // All of it was moved into the database when that was closed.
    std::fs::write(log_of(&path), vec![0; 1 << 20]).unwrap();
    let mut writer = Writer::open(&path);
    assert_eq!(rows(&writer.connection), 1);
    writer.put(2, 10);
    assert_eq!(rows(&open(&path).unwrap()), 2);
}

#[test]
fn writers_of_one_file_do_not_write_over_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    drop(Writer::open(&path));
    std::thread::scope(|scope| {
        for first in [0, 1_000, 2_000] {
            let path = &path;
            scope.spawn(move || {
                let mut writer = Writer::open(path);
                for key in first..first + 150 {
                    writer.put(key, 9_000);
                }
            });
        }
    });
    let connection = open(&path).unwrap();
    assert_eq!(rows(&connection), 450);
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}
