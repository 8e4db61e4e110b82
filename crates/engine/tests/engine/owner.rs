//! The owner's thread: group commit, answers, closing.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use openprod_core::FieldType;
use openprod_engine::{Command, Committed, Owner, OwnerError, Request};

use crate::device::{Device, START, text};

#[test]
fn many_callers_are_answered_by_few_commits() {
    let mut device = Device::founder();
    device.table("T", &[("a", FieldType::Text)]);
    let commits = Arc::new(Mutex::new(Vec::<usize>::new()));
    let seen = Arc::clone(&commits);
    let (block, blocked) = channel::<()>();
    let owner = Owner::spawn(
        device.engine,
        Box::new(|| START),
        Box::new(move |committed: Arc<Committed>| {
            seen.lock().unwrap().push(committed.bundles.len());
            // The first commit keeps the owner busy until all the others wait.
            let _ = blocked.recv();
        }),
    )
    .unwrap();
    let (answers, answered) = channel();
    let give = |name: String| {
        let records = vec![vec![("a".to_owned(), text(&name))]];
        let answers = answers.clone();
        let request = Request::new(
            "test",
            Command::CreateRecords {
                table: "T".into(),
                records,
            },
        );
        owner
            .handle()
            .execute(request, move |result| answers.send(result.is_ok()).unwrap())
            .unwrap();
    };
    give("first".to_owned());
    assert!(answered.recv().unwrap());
    for i in 0..100 {
        give(i.to_string());
    }
    drop(block);
    assert!((0..100).all(|_| answered.recv().unwrap()));
    let handle = owner.handle().clone();
    drop(owner);
    let commits = commits.lock().unwrap();
    assert_eq!(commits.iter().sum::<usize>(), 101);
    assert!(commits.len() <= 3, "{commits:?}");
    let closed = handle.release(None, |_| {});
    assert!(matches!(closed, Err(OwnerError::Closed)));
}
