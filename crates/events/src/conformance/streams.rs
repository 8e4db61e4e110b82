//! Streams: versions, reads of several, and writes that check every stream that was read.

use std::num::NonZeroUsize;

use serde_json::json;

use super::{cases, event, number, stream};
use crate::commit::Commit;
use crate::error::{AppendError, StreamMismatch};
use crate::event::NewEvent;
use crate::name::StreamId;
use crate::query::EventQuery;
use crate::store::EventStore;
use crate::stream::{StreamPosition, StreamVersion};

cases![
    missing_stream_is_empty,
    versions_rise_by_one_in_each_stream,
    streams_are_read_in_one_order,
    streams_are_read_from_a_position,
    one_stream_is_read_in_pages,
    changed_stream_is_a_conflict_that_names_it,
    stream_that_was_only_read_is_checked_too,
    write_to_several_streams_is_one_commit,
    stream_that_is_not_checked_is_appended_to,
    names_of_streams_are_compared_exactly,
];

fn into(name: &str, n: u64) -> NewEvent {
    event("happened", json!({"n": n})).in_stream(stream(name))
}

fn position(name: &str, version: u64) -> StreamPosition {
    StreamPosition {
        stream: stream(name),
        version: StreamVersion(version),
    }
}

fn ids(names: &[&str]) -> Vec<StreamId> {
    names.iter().map(|name| stream(name)).collect()
}

fn missing_stream_is_empty(store: &dyn EventStore) -> Result<(), AppendError> {
    let read = store.read_streams(&ids(&["b", "a"]), None)?;
    assert_eq!(read.records, []);
    assert_eq!(read.versions, [position("a", 0), position("b", 0)]);
    assert_eq!(read.head, None);
    assert_eq!(store.stream_version(&stream("a"))?, StreamVersion::EMPTY);
    assert!(!store.stream_exists(&stream("a"))?);
    let slice = store.read_stream(&stream("a"), StreamVersion::EMPTY, None)?;
    assert_eq!((slice.records.len(), slice.version), (0, StreamVersion::EMPTY));
    assert_eq!(store.read_streams(&[], None)?.versions, []);
    Ok(())
}

fn versions_rise_by_one_in_each_stream(store: &dyn EventStore) -> Result<(), AppendError> {
    let committed = store.commit(Commit::new(vec![
        into("a", 1),
        into("b", 2),
        event("happened", json!({"n": 3})),
        into("a", 4),
    ]))?;
    assert_eq!(committed.streams, [position("a", 2), position("b", 1)]);
    assert_eq!(
        store.commit(Commit::new(vec![into("a", 5)]))?.streams,
        [position("a", 3)]
    );
    let records = store.query(&EventQuery::all())?.event_records;
    let places: Vec<_> = records.into_iter().map(|record| record.stream).collect();
    assert_eq!(
        places,
        [
            Some(position("a", 1)),
            Some(position("b", 1)),
            None,
            Some(position("a", 2)),
            Some(position("a", 3))
        ]
    );
    assert!(store.stream_exists(&stream("b"))?);
    assert_eq!(store.stream_version(&stream("a"))?, StreamVersion(3));
    Ok(())
}

fn streams_are_read_in_one_order(store: &dyn EventStore) -> Result<(), AppendError> {
    let names = ["c", "a", "b", "a", "c", "b", "x", "a"];
    for (n, name) in names.iter().enumerate() {
        store.append(vec![into(name, n as u64)])?;
    }
    for asked in [ids(&["a", "b", "c"]), ids(&["c", "b", "a", "b", "a"])] {
        let read = store.read_streams(&asked, None)?;
        let seqs: Vec<_> = read
            .records
            .iter()
            .map(|record| record.sequence_number.0)
            .collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 8]);
        assert_eq!(
            read.versions,
            [position("a", 3), position("b", 2), position("c", 2)]
        );
        assert_eq!(read.head, Some(number(8)));
    }
    Ok(())
}

fn streams_are_read_from_a_position(store: &dyn EventStore) -> Result<(), AppendError> {
    for (n, name) in ["a", "b", "x", "a", "b", "a", "a"].iter().enumerate() {
        store.append(vec![into(name, n as u64)])?;
    }
    for after in [0, 1, 3, 4, 6, 7, 8, u64::MAX] {
        let read = store.read_streams(&ids(&["a", "b"]), Some(number(after)))?;
        let seqs: Vec<_> = read
            .records
            .iter()
            .map(|record| record.sequence_number.0)
            .collect();
        let expected: Vec<u64> = [1, 2, 4, 5, 6, 7]
            .into_iter()
            .filter(|&seq| seq > after)
            .collect();
        assert_eq!(seqs, expected, "after {after}");
        assert_eq!(read.versions, [position("a", 4), position("b", 2)]);
    }
    Ok(())
}

fn one_stream_is_read_in_pages(store: &dyn EventStore) -> Result<(), AppendError> {
    let of = |n: u64| into(if n.is_multiple_of(2) { "a" } else { "b" }, n);
    store.append((0..20).map(of).collect())?;
    for (after, limit, expected) in [
        (0, None, 1..=10),
        (0, Some(3), 1..=3),
        (3, Some(3), 4..=6),
        (9, Some(3), 10..=10),
        (5, None, 6..=10),
    ] {
        let slice = store.read_stream(
            &stream("b"),
            StreamVersion(after),
            limit.and_then(NonZeroUsize::new),
        )?;
        let versions: Vec<_> = slice.records.iter().map(|record| record.stream.clone()).collect();
        let expected: Vec<_> = expected.map(|version| Some(position("b", version))).collect();
        assert_eq!(versions, expected);
        assert_eq!(slice.version, StreamVersion(10));
    }
    for after in [10, 11, u64::MAX] {
        let slice = store.read_stream(&stream("b"), StreamVersion(after), None)?;
        assert_eq!((slice.records.len(), slice.version), (0, StreamVersion(10)));
    }
    Ok(())
}

fn mismatches(result: Result<impl std::fmt::Debug, AppendError>, expected: &[(&str, u64, u64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|&(name, expected, actual)| StreamMismatch {
            stream: stream(name),
            expected: StreamVersion(expected),
            actual: StreamVersion(actual),
        })
        .collect();
    match result {
        Err(AppendError::Streams(found)) => assert_eq!(found, expected),
        other => panic!("a conflict is due, and not {other:?}"),
    }
}

fn changed_stream_is_a_conflict_that_names_it(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![into("a", 1), into("b", 1), into("c", 1)])?;
    let commit = |a, b, c| {
        Commit::new(vec![into("a", 2), into("b", 2)])
            .if_stream(stream("a"), StreamVersion(a))
            .if_stream(stream("b"), StreamVersion(b))
            .if_stream(stream("c"), StreamVersion(c))
    };
    mismatches(store.commit(commit(0, 1, 1)), &[("a", 0, 1)]);
    mismatches(
        store.commit(commit(1, 2, u64::MAX)),
        &[("b", 2, 1), ("c", u64::MAX, 1)],
    );
    assert_eq!(store.head()?, Some(number(3)));
    store.commit(commit(1, 1, 1))?;
    mismatches(store.commit(commit(1, 1, 1)), &[("a", 1, 2), ("b", 1, 2)]);
    let missing = Commit::new(vec![into("d", 1)]).if_stream(stream("d"), StreamVersion(1));
    mismatches(store.commit(missing), &[("d", 1, 0)]);
    let new = Commit::new(vec![into("d", 1)]).if_stream(stream("d"), StreamVersion::EMPTY);
    assert_eq!(store.commit(new)?.streams, [position("d", 1)]);
    Ok(())
}

fn stream_that_was_only_read_is_checked_too(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![into("read", 1), into("written", 1)])?;
    let read = store.read_streams(&ids(&["read", "written", "missing"]), None)?;
    let commit = || {
        let mut commit = Commit::new(vec![into("written", 2)]);
        commit.streams = read.versions.clone();
        commit
    };
    store.append(vec![into("read", 2)])?;
    mismatches(store.commit(commit()), &[("read", 1, 2)]);
    let again = store.read_streams(&ids(&["read", "written", "missing"]), None)?;
    store.append(vec![into("missing", 1)])?;
    let mut late = Commit::new(vec![into("written", 2)]);
    late.streams = again.versions;
    mismatches(store.commit(late), &[("missing", 0, 1)]);
    assert_eq!(store.stream_version(&stream("written"))?, StreamVersion(1));
    Ok(())
}

fn write_to_several_streams_is_one_commit(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![into("from", 1)])?;
    let transfer = |from| {
        Commit::new(vec![into("from", 2), into("to", 2), into("transfer", 2)])
            .if_stream(stream("from"), StreamVersion(from))
            .if_stream(stream("to"), StreamVersion::EMPTY)
            .if_stream(stream("transfer"), StreamVersion::EMPTY)
    };
    mismatches(store.commit(transfer(7)), &[("from", 7, 1)]);
    for name in ["to", "transfer"] {
        assert!(
            !store.stream_exists(&stream(name))?,
            "nothing was written to {name}"
        );
    }
    let committed = store.commit(transfer(1))?;
    assert_eq!(
        committed.streams,
        [position("from", 2), position("to", 1), position("transfer", 1)]
    );
    let append = committed.append.expect("there were events");
    assert_eq!(
        (append.first_sequence_number, append.committed_count),
        (number(2), 3)
    );
    Ok(())
}

fn stream_that_is_not_checked_is_appended_to(store: &dyn EventStore) -> Result<(), AppendError> {
    for n in 1..=3 {
        let commit = Commit::new(vec![into("a", n)]).if_stream(stream("other"), StreamVersion::EMPTY);
        assert_eq!(store.commit(commit)?.streams, [position("a", n)]);
    }
    Ok(())
}

fn names_of_streams_are_compared_exactly(store: &dyn EventStore) -> Result<(), AppendError> {
    let names = [
        "a",
        "A",
        "a ",
        "ä",
        "a\u{308}",
        "%",
        "_",
        "'; DROP TABLE event; --",
    ];
    for name in names {
        store.append(vec![into(name, 1)])?;
    }
    for name in names {
        assert_eq!(store.stream_version(&stream(name))?, StreamVersion(1), "{name}");
    }
    Ok(())
}
