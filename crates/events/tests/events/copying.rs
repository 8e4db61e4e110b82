//! All of a store in another one, of whatever kind.

use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::path::Path;

use openprod_events::copy::{CopyError, Progress, copy};
use openprod_events::event::Metadata;
use openprod_events::verify::verify;
use openprod_events::{
    Actor, Archive, CommandId, Commit, EventQuery, EventStore, MemoryStore, NewEvent, Payload, PostgresStore,
    RequestHash, SequenceNumber, SqliteStore,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::model::{Step, query, step};
use crate::server;
use crate::stores::{all, event, stream};

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn sqlite(directory: &Path, name: &str) -> SqliteStore {
    SqliteStore::open(&directory.join(name)).unwrap()
}

fn happened(count: u64) -> Vec<NewEvent> {
    let metadata = Metadata {
        actor: Some(Actor::new("ann").unwrap()),
        ..Metadata::default()
    };
    (0..count)
        .map(|n| {
            event("happened", json!({"n": n}))
                .in_stream(stream(&format!("s{}", n % 3)))
                .with_metadata(metadata.clone())
        })
        .collect()
}

fn given(id: u128, events: Vec<NewEvent>) -> Commit {
    let input = Payload::new(json!({"id": id as u64})).unwrap();
    Commit::new(events).for_command(CommandId::from_u128(id), RequestHash::of("give", &input), input)
}

/// Everything that anybody can ask is answered alike.
fn assert_alike(one: &dyn Archive, other: &dyn Archive, queries: &[EventQuery]) {
    assert_eq!(all(one), all(other));
    assert_eq!(one.head().unwrap(), other.head().unwrap());
    for query in queries {
        assert_eq!(
            one.query(query).unwrap(),
            other.query(query).unwrap(),
            "{query:?}"
        );
    }
    for name in ["s", "t", "u", "s0", "s1", "s2"] {
        let read = |store: &dyn Archive| {
            store
                .read_stream(&stream(name), Default::default(), None)
                .unwrap()
        };
        assert_eq!(read(one), read(other), "{name}");
    }
    for id in 0..10 {
        let id = CommandId::from_u128(id);
        assert_eq!(one.command(id).unwrap(), other.command(id).unwrap(), "{id}");
    }
    for record in all(one) {
        let found = other.position_of(record.event_id).unwrap();
        assert_eq!(found, Some(record.sequence_number));
    }
}

#[test]
fn any_history_copied_from_store_to_store_answers_alike() {
    let url = server::url("any_history_copied_from_store_to_store_answers_alike");
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 12,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    });
    let histories = (
        proptest::collection::vec(step(), 1..40),
        proptest::collection::vec(query(), 1..20),
    );
    let run = runner.run(&histories, |(steps, queries)| {
        let source = MemoryStore::default();
        for step in steps {
            if let Step::Commit(commit) | Step::Decide { commit, .. } = step {
                // A command given again with another body is refused; that is part of a history too.
                let _ = source.commit(commit);
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let first = sqlite(directory.path(), "first.db");
        let copied = copy(&source, &first, &mut go_on).unwrap();
        assert_eq!(copied.events, all(&source).len() as u64);
        assert_alike(&source, &first, &queries);
        let last = sqlite(directory.path(), "last.db");
        if let Some(url) = &url {
            let mut config = server::fresh(url);
            config.partition_events = NonZeroU64::new(7).unwrap();
            let postgres = PostgresStore::open(&config).unwrap();
            assert_eq!(copy(&first, &postgres, &mut go_on).unwrap().digest, copied.digest);
            assert_alike(&source, &postgres, &queries);
            assert_eq!(
                verify(&postgres, &mut |_| ()).unwrap().digest,
                Some(copied.digest)
            );
            copy(&postgres, &last, &mut go_on).unwrap();
        } else {
            copy(&first, &last, &mut go_on).unwrap();
        }
        assert_alike(&source, &last, &queries);
        let verified = verify(&last, &mut |_| ()).unwrap();
        assert_eq!(verified.findings, []);
        assert_eq!(verified.digest, Some(copied.digest));
        Ok(())
    });
    run.unwrap();
}

/// Runs a test on a source with a thousand events and three commands, and an empty target of each kind.
fn on_targets(test: &str, run: impl Fn(&SqliteStore, &dyn Archive)) {
    let directory = tempfile::tempdir().unwrap();
    let source = sqlite(directory.path(), "source.db");
    for id in 1..4 {
        source.commit(given(id, happened(333))).unwrap();
    }
    source.commit(given(9, Vec::new())).unwrap();
    source.append(happened(1)).unwrap();
    run(&source, &MemoryStore::default());
    run(&source, &sqlite(directory.path(), "target.db"));
    if let Some(url) = server::url(test) {
        run(&source, &PostgresStore::open(&server::fresh(&url)).unwrap());
    }
}

#[test]
fn copy_goes_on_where_it_was_interrupted() {
    on_targets("copy_goes_on_where_it_was_interrupted", |source, target| {
        // Stopped at every place where it can be.
        let mut stops = 0;
        loop {
            let mut left = stops + 1;
            let result = copy(source, target, &mut |_| {
                left -= 1;
                if left == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            match result {
                Err(CopyError::Stopped) => stops += 1,
                other => {
                    assert_eq!(other.unwrap().events, 1_000);
                    break;
                }
            }
        }
        assert!(stops > 5, "{stops}");
        assert_alike(source, target, &[EventQuery::all()]);
    });
}

#[test]
fn what_comes_to_the_source_is_copied_later_and_the_copy_is_a_store_of_its_own() {
    on_targets(
        "what_comes_to_the_source_is_copied_later_and_the_copy_is_a_store_of_its_own",
        |source, target| {
            copy(source, target, &mut go_on).unwrap();
            // Idempotency survives.
            let again = target.commit(given(2, happened(333))).unwrap();
            assert!(again.repeated);
            let head = source.head().unwrap().unwrap().0;
            source.append(happened(5)).unwrap();
            let copied = copy(source, target, &mut go_on).unwrap();
            assert_eq!((copied.events_before, copied.events), (head, head + 5));
            let before = all(target).last().unwrap().clone();
            let added = target.append(happened(2)).unwrap();
            assert_eq!(added.first_sequence_number, SequenceNumber(head + 6));
            assert!(
                before.event_id < all(target).last().unwrap().event_id,
                "ids go on rising"
            );
        },
    );
}

#[test]
fn target_with_other_contents_is_refused() {
    on_targets("target_with_other_contents_is_refused", |source, target| {
        target.append(vec![event("other", json!(1))]).unwrap();
        let error = copy(source, target, &mut go_on).unwrap_err();
        let first = SequenceNumber(1);
        assert!(
            matches!(error, CopyError::OtherEvents { event } if event == first),
            "{error:?}"
        );
        assert_eq!(all(target).len(), 1, "and left as it is");
    });
    on_targets("target_with_other_contents_is_refused", |source, target| {
        copy(source, target, &mut go_on).unwrap();
        target.append(happened(1)).unwrap();
        let error = copy(source, target, &mut go_on).unwrap_err();
        assert!(matches!(error, CopyError::OtherEvents { .. }), "{error:?}");
    });
    on_targets("target_with_other_contents_is_refused", |source, target| {
        target.commit(given(7, Vec::new())).unwrap();
        let error = copy(source, target, &mut go_on).unwrap_err();
        assert!(matches!(error, CopyError::OtherCommands), "{error:?}");
    });
    on_targets("target_with_other_contents_is_refused", |source, target| {
        let other = Payload::new(json!("other")).unwrap();
        let commit = Commit::new(Vec::new()).for_command(
            CommandId::from_u128(9),
            RequestHash::of("give", &other),
            other,
        );
        target.commit(commit).unwrap();
        let error = copy(source, target, &mut go_on).unwrap_err();
        assert!(matches!(error, CopyError::Restore(_)), "{error:?}");
    });
}

#[test]
fn events_that_do_not_follow_are_refused_whole() {
    on_targets("events_that_do_not_follow_are_refused_whole", |source, target| {
        let records = all(source);
        target.restore(&records[..10]).unwrap();
        let mut late = records[10..12].to_vec();
        late[1].event_id = late[0].event_id;
        let mut elsewhere = records[10..12].to_vec();
        elsewhere[1].stream.as_mut().unwrap().version.0 += 1;
        for (portion, words) in [
            (
                records[11..13].to_vec(),
                "event 12 was given, and the next one is 11",
            ),
            (records[..2].to_vec(), "event 1 was given"),
            (late, "the id of event 12"),
            (elsewhere, "event 12 has version 5 in s2, which is at version 3"),
        ] {
            let error = target.restore(&portion).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(all(target), records[..10]);
        target.restore(&records[10..]).unwrap();
        assert_eq!(all(target), records);
    });
}
