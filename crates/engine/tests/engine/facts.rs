//! Facts: a workspace as an event store, and what is no fact.

use std::sync::Arc;

use openprod_core::operation::RecordFact;
use openprod_core::{CommandId, Identity, Payload, Timestamp};
use openprod_engine::facts::{
    ExpectedFacts, ExpectedStream, FactReceipt, NewFact, RecordFacts, WorkspaceEventStore,
};
use openprod_engine::{Command, CommandError, Destination, Engine, Envelope, OverlayCommand, Owner, Request};
use openprod_events::conformance::{EventIds, run_for};
use openprod_events::{
    AppendError, AppendResult, EventQuery, EventStore as _, Layer, SequenceNumber, StreamId,
};
use openprod_storage::MemoryStorage;

use crate::device::{Device, START, workspace};

pub(crate) fn fact(fact_type: &str, payload: &str) -> NewFact {
    NewFact {
        fact_type: fact_type.to_owned(),
        payload: payload.to_owned(),
        streams: Vec::new(),
        metadata: None,
    }
}

pub(crate) fn record(facts: Vec<NewFact>) -> Command {
    Command::RecordFacts(RecordFacts {
        facts,
        ..RecordFacts::default()
    })
}

fn forged(fact_type: &str, payload: &str, streams: &[&str], metadata: &str) -> Payload {
    RecordFact {
        fact_type: fact_type.to_owned(),
        payload: payload.as_bytes().to_vec(),
        streams: streams.iter().map(|stream| (*stream).to_owned()).collect(),
        metadata: metadata.as_bytes().to_vec(),
    }
    .into()
}

fn all(device: &Device) -> Vec<(u64, String)> {
    let page = device.snapshot().facts().query(&EventQuery::all(), 0, usize::MAX);
    let facts = page.unwrap().facts.into_iter();
    facts
        .map(|fact| {
            (
                fact.record.sequence_number.0,
                fact.record.payload.canonical().to_owned(),
            )
        })
        .collect()
}

/// A workspace as an event store, with the thread that owns it.
struct Owned {
    store: WorkspaceEventStore,
    _owner: Owner,
}

impl Owned {
    fn new() -> Self {
        let engine = Engine::create(
            Box::new(MemoryStorage::new()),
            Identity::from_seed(&[1; 32]),
            workspace(),
            [1; 32],
            START,
        )
        .unwrap();
        let now: Box<dyn Fn() -> Timestamp + Send> = Box::new(|| START);
        let owner = Owner::spawn(engine, now, Box::new(|_: Arc<_>| {})).unwrap();
        let store = WorkspaceEventStore::new(owner.handle().clone(), "test");
        Self { store, _owner: owner }
    }
}

impl Layer for Owned {
    type Inner = WorkspaceEventStore;

    fn inner(&self) -> &WorkspaceEventStore {
        &self.store
    }
}

#[test]
fn workspace_does_what_every_event_store_must() {
    run_for(EventIds::Distinct, || Box::new(Owned::new())).unwrap();
}

#[test]
fn facts_of_peers_are_numbered_as_they_are_applied() {
    let (mut a, mut b) = (Device::founder(), Device::joiner(2));
    b.pull(&a);
    a.execute(record(vec![fact("said", "1")]));
    b.execute(record(vec![fact("said", "2"), fact("said", "3")]));
    b.pull(&a);
    a.pull(&b);
    let of = |facts: &[(u64, &str)]| -> Vec<_> {
        facts
            .iter()
            .map(|(number, text)| (*number, (*text).to_owned()))
            .collect()
    };
    assert_eq!(all(&a), of(&[(1, "1"), (2, "2"), (3, "3")]));
    assert_eq!(all(&b), of(&[(1, "2"), (2, "3"), (3, "1")]));
    assert_eq!(a.hash(), b.hash());
    assert!(a.engine.verify().unwrap().is_sound());
    assert!(b.engine.verify().unwrap().is_sound());
}

#[test]
fn fact_stands_in_all_of_its_streams() {
    let mut a = Device::founder();
    let mut both = fact("moved", "{}");
    both.streams = vec!["from".to_owned(), "to".to_owned()];
    let mut one = fact("filled", "{}");
    one.streams = vec!["to".to_owned()];
    a.execute(record(vec![one, both]));
    let stream = |name: &str| StreamId::new(name).unwrap();
    let snapshot = a.snapshot();
    let log = snapshot.facts();
    let versions = |name: &str| -> Vec<(u64, u64)> {
        let facts = log.stream(&stream(name), 0, 10).unwrap().into_iter();
        facts
            .map(|fact| {
                (
                    fact.record.sequence_number.0,
                    fact.record.stream.unwrap().version.0,
                )
            })
            .collect()
    };
    assert_eq!(versions("from"), [(2, 1)]);
    assert_eq!(versions("to"), [(1, 1), (2, 2)]);
    let named = [stream("from"), stream("to")].into_iter().collect();
    assert_eq!(log.streams(&named, 0).unwrap().len(), 2, "each comes once");
    let refused = a.try_execute(Command::RecordFacts(RecordFacts {
        facts: vec![fact("moved", "{}")],
        streams: vec![ExpectedStream {
            stream: "to".to_owned(),
            version: 1,
        }],
        ..RecordFacts::default()
    }));
    assert!(
        matches!(refused, Err(CommandError::Append(AppendError::Streams(_)))),
        "{refused:?}"
    );
}

#[test]
fn what_a_peer_recorded_badly_is_no_fact_and_says_why() {
    let mut a = Device::founder();
    let bad = [
        forged("", "{}", &[], ""),
        forged("said", "{", &[], ""),
        forged("said", "{ }", &[], ""),
        forged("said", "{\"b\":1,\"a\":1}", &[], ""),
        forged("said", "9007199254740993", &[], ""),
        forged("said", "{}", &["s", "s"], ""),
        forged("said", "{}", &["\n"], ""),
        forged("said", "{}", &[], "[]"),
        forged("said", "{}", &[], "{ }"),
        forged("openprod.decision_resolved", "{}", &[], ""),
        RecordFact {
            fact_type: "said".to_owned(),
            payload: vec![0xff],
            streams: Vec::new(),
            metadata: Vec::new(),
        }
        .into(),
    ];
    let count = bad.len();
    let mut payloads = bad.to_vec();
    payloads.push(forged("said", "{}", &["s"], "{\"actor\":\"jane\"}"));
    let bundle = a.forged(payloads);
    let id = bundle.id();
    a.receive(&[bundle]);
    let without_effect = a.snapshot().without_effect(id).unwrap();
    assert_eq!(without_effect.len(), count, "{without_effect:?}");
    assert_eq!(all(&a), [(1, "{}".to_owned())]);
    assert!(a.engine.verify().unwrap().is_sound());
}

#[test]
fn what_cannot_be_recorded_is_refused_and_nothing_is_written() {
    let mut a = Device::founder();
    let before = a.hash();
    for bad in [
        fact("", "{}"),
        fact("said", "{"),
        fact("said", "{\"a\":1,\"a\":2}"),
        fact("openprod.decision_resolved", "{}"),
        NewFact {
            streams: vec!["s".to_owned(), "s".to_owned()],
            ..fact("said", "{}")
        },
        NewFact {
            metadata: Some("{\"unknown\":1}".to_owned()),
            ..fact("said", "{}")
        },
    ] {
        let refused = a.try_execute(record(vec![fact("said", "{}"), bad]));
        assert!(
            matches!(refused, Err(CommandError::BadFact { index: 1, .. })),
            "{refused:?}"
        );
    }
    for query in ["{", "[]", "{\"filters\":[{\"event_type\":[]}]}"] {
        let refused = a.try_execute(Command::RecordFacts(RecordFacts {
            facts: vec![fact("said", "{}")],
            context: Some(ExpectedFacts {
                query: query.to_owned(),
                version: None,
                handler_version: 0,
                policy: openprod_core::DecisionPolicy::Surface,
            }),
            ..RecordFacts::default()
        }));
        assert!(
            matches!(refused, Err(CommandError::BadContext { .. })),
            "{refused:?}"
        );
    }
    assert!(matches!(
        a.try_execute(record(Vec::new())),
        Err(CommandError::Append(AppendError::Refused(_)))
    ));
    assert_eq!(a.hash(), before);
}

#[test]
fn facts_are_not_drafted() {
    let mut a = Device::founder();
    a.execute(Command::Overlay(OverlayCommand::Create {
        name: "Plan".to_owned(),
    }));
    let refused = a.try_execute(record(vec![fact("said", "1")]));
    assert!(
        matches!(refused, Err(CommandError::FactsNotDrafted { .. })),
        "{refused:?}"
    );
    let now = a.tick();
    let mut request = Request::new("test", record(vec![fact("said", "1")]));
    request.destination = Destination::Log;
    a.engine.execute(&request, now).unwrap();
    assert_eq!(all(&a).len(), 1);
}

#[test]
fn command_with_a_receipt_is_the_same_whatever_it_came_to() {
    let mut a = Device::founder();
    let give = |a: &mut Device, request: u8, payload: &str| {
        let now = a.tick();
        let request = Request {
            envelope: Envelope {
                command_id: Some(CommandId::from_u128(7)),
                ..Envelope::default()
            },
            command: Command::RecordFacts(RecordFacts {
                facts: vec![fact("said", payload)],
                receipt: Some(FactReceipt {
                    request: [request; 32],
                    result: "{}".to_owned(),
                }),
                ..RecordFacts::default()
            }),
            destination: Destination::Log,
        };
        a.engine.execute(&request, now).map(|(outcome, _)| outcome)
    };
    let first = give(&mut a, 1, "1").unwrap();
    let again = give(&mut a, 1, "2").unwrap();
    assert_eq!((first.repeated, again.repeated), (false, true));
    assert_eq!((first.facts, first.bundle_id), (again.facts, again.bundle_id));
    assert!(matches!(
        give(&mut a, 2, "1"),
        Err(CommandError::CommandReused { .. })
    ));
    assert_eq!(all(&a), [(1, "1".to_owned())]);
}

#[test]
fn numbers_survive_restart_and_are_told_by_the_news() {
    let mut a = Device::founder();
    a.execute(record(vec![fact("said", "1")]));
    let store = a.store.reopen();
    a.reopen(store);
    let now = a.tick();
    let request = Request::new("test", record(vec![fact("said", "2"), fact("said", "3")]));
    let (outcome, committed) = a.engine.execute(&request, now).unwrap();
    let span = outcome.facts.unwrap();
    assert_eq!((span.first, span.last), (2, 3));
    assert_eq!(committed.changes.facts, Some((2, 3)));
    let told: AppendResult = AppendResult::spanning(SequenceNumber(2), SequenceNumber(3));
    assert_eq!(told.committed_count, 2);
}

#[test]
fn metadata_that_a_bundle_cannot_hold_are_refused_and_not_left_out() {
    let owned = Owned::new();
    let nested = |levels: usize| {
        let text = "[".repeat(levels) + &"]".repeat(levels);
        openprod_events::Payload::from_json(&text).unwrap()
    };
    let event = |custom| {
        let mut event = openprod_events::NewEvent::new(
            openprod_events::EventType::new("booked").unwrap(),
            openprod_events::Payload::from_json("{}").unwrap(),
        );
        event.metadata.custom = Some(custom);
        event
    };
    // As deep as a payload may be by itself, which is too deep for a member of the metadata.
    let refused = owned.append(vec![event(nested(64))]).unwrap_err();
    let AppendError::Refused(openprod_events::RefusedCommit::Store { reason }) = refused else {
        panic!("refused for another reason: {refused:?}");
    };
    assert!(reason.contains("metadata"), "{reason}");
    assert_eq!(owned.head().unwrap(), None);
    owned.append(vec![event(nested(60))]).unwrap();
    let kept = owned.query(&EventQuery::all()).unwrap().event_records;
    assert_eq!(kept[0].metadata.custom, Some(nested(60)));
}

#[test]
fn metadata_of_an_unknown_shape_are_shown_as_they_were_said() {
    let mut a = Device::founder();
    let said = r#"{"actor":"jane","approval_of_a_newer_kind":{"by":"max"}}"#;
    let bundle = a.forged(vec![forged("said", "{}", &[], said)]);
    a.receive(&[bundle]);
    let fact = a.snapshot().facts().fact(1).unwrap().unwrap();
    let custom = fact.record.metadata.custom.unwrap();
    assert_eq!(custom.canonical(), said);
    assert_eq!(fact.record.metadata.actor, None);
}
