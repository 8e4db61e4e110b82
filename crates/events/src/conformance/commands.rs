//! Command ids: a command that is given twice has one effect.

use serde_json::json;

use super::{cases, event, number, payload, stream, types};
use crate::commit::{Commit, RequestHash};
use crate::error::AppendError;
use crate::id::CommandId;
use crate::query::EventQuery;
use crate::store::EventStore;
use crate::stream::StreamVersion;

cases![
    command_is_remembered_with_its_result,
    same_command_gets_the_first_result_again,
    same_id_with_another_request_is_an_error,
    repeated_command_is_answered_before_any_condition,
    refused_command_is_not_remembered,
    command_without_events_is_remembered,
    result_outlives_later_events,
];

fn request(text: &str) -> RequestHash {
    RequestHash::of("book", &payload(json!({ "text": text })))
}

fn command(id: u128, text: &str) -> Commit {
    Commit::new(vec![
        event("booked", json!({ "text": text })).in_stream(stream("room")),
        event("noted", json!({})),
    ])
    .for_command(
        CommandId::from_u128(id),
        request(text),
        payload(json!({"answer": text})),
    )
}

fn command_is_remembered_with_its_result(store: &dyn EventStore) -> Result<(), AppendError> {
    assert_eq!(store.command(CommandId::from_u128(1))?, None);
    let committed = store.commit(command(1, "first"))?;
    assert_eq!(
        (committed.result, committed.repeated),
        (Some(payload(json!({"answer": "first"}))), false)
    );
    let recorded = store
        .command(CommandId::from_u128(1))?
        .expect("it was carried out");
    assert_eq!(recorded.request, request("first"));
    assert_eq!(recorded.result, payload(json!({"answer": "first"})));
    assert_eq!(recorded.append, committed.append);
    assert_eq!(store.command(CommandId::from_u128(2))?, None);
    Ok(())
}

fn same_command_gets_the_first_result_again(store: &dyn EventStore) -> Result<(), AppendError> {
    let first = store.commit(command(1, "first"))?;
    let mut other_result = command(1, "first");
    other_result.command.as_mut().expect("it is one").result = payload(json!("decided anew"));
    for commit in [command(1, "first"), other_result] {
        let again = store.commit(commit)?;
        assert!(again.repeated);
        assert_eq!(
            (again.append, &again.streams, &again.result),
            (first.append, &first.streams, &first.result)
        );
    }
    assert_eq!(store.head()?, Some(number(2)));
    let second = store.commit(command(2, "first"))?;
    assert!(!second.repeated, "another id is another command");
    assert_eq!(store.head()?, Some(number(4)));
    Ok(())
}

fn same_id_with_another_request_is_an_error(store: &dyn EventStore) -> Result<(), AppendError> {
    store.commit(command(1, "first"))?;
    match store.commit(command(1, "second")) {
        Err(AppendError::CommandReused { command }) => assert_eq!(command, CommandId::from_u128(1)),
        other => panic!("the id was used, and the store says {other:?}"),
    }
    assert_eq!(store.head()?, Some(number(2)));
    assert!(store.commit(command(1, "first"))?.repeated);
    Ok(())
}

fn repeated_command_is_answered_before_any_condition(store: &dyn EventStore) -> Result<(), AppendError> {
    let query = EventQuery::any_of([types(&["booked"])]);
    let commit = |text| {
        command(1, text)
            .if_context(query.clone(), None)
            .if_stream(stream("room"), StreamVersion::EMPTY)
    };
    let first = store.commit(commit("first"))?;
    let again = store.commit(commit("first"))?;
    assert_eq!((again.repeated, again.append), (true, first.append));
    let other = store.commit(commit("second"));
    assert!(
        matches!(other, Err(AppendError::CommandReused { .. })),
        "{other:?}"
    );
    Ok(())
}

fn refused_command_is_not_remembered(store: &dyn EventStore) -> Result<(), AppendError> {
    store.append(vec![event("booked", json!({}))])?;
    let query = EventQuery::any_of([types(&["booked"])]);
    let refused = store.commit(command(1, "first").if_context(query.clone(), None));
    assert!(matches!(refused, Err(AppendError::Context(_))), "{refused:?}");
    let refused = store.commit(command(1, "first").if_stream(stream("room"), StreamVersion(3)));
    assert!(matches!(refused, Err(AppendError::Streams(_))), "{refused:?}");
    assert_eq!(store.command(CommandId::from_u128(1))?, None);
    // Deciding anew may ask for the same under the same id.
    let committed = store.commit(command(1, "first").if_context(query, Some(number(1))))?;
    assert!(!committed.repeated);
    Ok(())
}

fn command_without_events_is_remembered(store: &dyn EventStore) -> Result<(), AppendError> {
    let mut nothing = command(1, "first");
    nothing.events.clear();
    let committed = store.commit(nothing.clone())?;
    assert_eq!((committed.append, committed.repeated), (None, false));
    assert_eq!(committed.streams, []);
    assert_eq!(store.head()?, None);
    let again = store.commit(nothing)?;
    assert_eq!(
        (again.append, again.repeated, &again.result),
        (None, true, &committed.result)
    );
    assert!(
        store.commit(command(1, "first"))?.repeated,
        "whatever was decided the second time"
    );
    Ok(())
}

fn result_outlives_later_events(store: &dyn EventStore) -> Result<(), AppendError> {
    let first = store.commit(command(1, "first"))?;
    store.append(
        (0..50)
            .map(|n| event("booked", json!(n)).in_stream(stream("room")))
            .collect(),
    )?;
    let again = store.commit(command(1, "first"))?;
    assert_eq!((again.append, again.streams), (first.append, first.streams));
    Ok(())
}
