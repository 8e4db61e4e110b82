//! How large the write-ahead log becomes, and the gate that keeps readers out while it begins anew.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::writer::{SIZES, Writer, log_bytes, rows};

#[test]
fn log_begins_anew_beside_readers_that_never_pause() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    let mut writer = Writer::open(&path);
    let (stop, read) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut longest = 0;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (readers, stop, read) = (writer.readers.clone(), &stop, &read);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    rows(&readers.reader().unwrap());
                    read.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for key in 0..400 {
            writer.put(key, 60_000);
            longest = longest.max(log_bytes(&path));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(read.into_inner() > 0);
    // 24 MB were written; a few attempts may have met a reader who was too slow to leave.
    assert!(longest < 4 * SIZES.bytes_max, "it grew to {longest} bytes");
}

#[test]
fn file_that_one_commit_made_too_long_is_cut_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("items.db");
    let mut writer = Writer::open(&path);
    writer.put(1, 12 << 20);
    assert_eq!(log_bytes(&path), 0);
    writer.put(2, 10);
    assert_eq!(rows(&writer.connection), 2);
}

#[test]
fn reader_sees_its_moment_and_the_next_one_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(&directory.path().join("items.db"));
    writer.put(1, 10);
    let reader = writer.readers.reader().unwrap();
    assert_eq!(rows(&reader), 1);
    writer.put(2, 10);
    assert_eq!(rows(&reader), 1);
    drop(reader);
    assert_eq!(rows(&writer.readers.reader().unwrap()), 2);
}

#[test]
fn gate_waits_for_readers_and_keeps_new_ones_out() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(&directory.path().join("items.db"));
    writer.put(1, 10);
    let reader = writer.readers.reader().unwrap();
    let pool = writer.readers.clone();
    assert_eq!(pool.without_readers(Duration::from_millis(1), || ()), None);
    drop(reader);
    let inside = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let done = pool.without_readers(Duration::from_secs(5), || {
            scope.spawn(|| {
                drop(pool.reader().unwrap());
                inside.store(true, Ordering::SeqCst);
            });
            // Whoever comes now has to wait until this is over.
            std::thread::yield_now();
            inside.load(Ordering::SeqCst)
        });
        assert_eq!(done, Some(false));
    });
    assert!(inside.into_inner());
}

#[test]
fn reader_that_panics_gives_back_its_seat() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(&directory.path().join("items.db"));
    writer.put(1, 10);
    for _ in 0..8 {
        let pool = writer.readers.clone();
        let panicked = std::thread::spawn(move || {
            let _reader = pool.reader().unwrap();
            panic!("a reader fails");
        });
        assert!(panicked.join().is_err());
    }
    assert_eq!(rows(&writer.readers.reader().unwrap()), 1);
}
