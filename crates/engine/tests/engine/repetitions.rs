//! One command id on devices that were apart: one effect, wherever they have met and in whatever order.

use openprod_core::{BundleId, CommandId, DecisionPolicy};
use openprod_engine::facts::{
    DecisionStatus, ExpectedFacts, ExpectedStream, FactReceipt, NewFact, RecordFacts, ResolutionChoice,
    ResolveDecision,
};
use openprod_engine::{Command, CommandError, Destination, Envelope, Outcome, Request};
use openprod_events::{EventQuery, StreamId};

use crate::device::{Device, sync};
use crate::facts::{fact, record};

const BOOKINGS: &str = r#"{"filters":[{"event_types":["booked"]}]}"#;

fn booked(place: &str) -> NewFact {
    NewFact {
        streams: vec!["jane".to_owned()],
        ..fact("booked", &format!(r#"{{"place":"{place}"}}"#))
    }
}

fn give(device: &mut Device, id: u128, command: RecordFacts) -> Result<Outcome, CommandError> {
    let now = device.tick();
    let request = Request {
        envelope: Envelope {
            command_id: Some(CommandId::from_u128(id)),
            source: "test".to_owned(),
            ..Envelope::default()
        },
        command: Command::RecordFacts(command),
        destination: Destination::Log,
    };
    device.engine.execute(&request, now).map(|(outcome, _)| outcome)
}

fn plain(place: &str) -> RecordFacts {
    RecordFacts {
        facts: vec![booked(place)],
        ..RecordFacts::default()
    }
}

/// Decided on the bookings that the device knows.
fn decided(device: &Device, place: &str) -> RecordFacts {
    let query: EventQuery = serde_json::from_str(BOOKINGS).unwrap();
    let version = device.snapshot().facts().context_version(&query).unwrap();
    RecordFacts {
        context: Some(ExpectedFacts {
            query: BOOKINGS.to_owned(),
            version,
            handler_version: 1,
            policy: DecisionPolicy::Surface,
        }),
        ..plain(place)
    }
}

/// The bundles whose facts a query finds, and those that the stream holds.
fn counted(device: &Device) -> (Vec<BundleId>, Vec<BundleId>) {
    let snapshot = device.snapshot();
    let query: EventQuery = serde_json::from_str(BOOKINGS).unwrap();
    let found = snapshot.facts().query(&query, 0, usize::MAX).unwrap().facts;
    let stream = StreamId::new("jane").unwrap();
    let streamed = snapshot.facts().stream(&stream, 0, usize::MAX).unwrap();
    let bundles = |facts: Vec<openprod_engine::facts::Fact>| facts.iter().map(|fact| fact.bundle).collect();
    (bundles(found), bundles(streamed))
}

fn open(device: &Device) -> Vec<BundleId> {
    let conflicts = device.snapshot().decision_conflicts().unwrap().into_iter();
    let open = conflicts.filter(|conflict| conflict.status != DecisionStatus::Resolved);
    open.map(|conflict| conflict.decision).collect()
}

/// Three devices that know the same and are apart; the later ones' clocks run ahead.
fn three() -> [Device; 3] {
    let mut devices = [Device::founder(), Device::joiner(2), Device::joiner(3)];
    for index in 1..3 {
        let (first, others) = devices.split_at_mut(index);
        others[0].execute(record(vec![fact("joined", "{}")]));
        sync(&mut first[0], &mut others[0]);
    }
    let (first, others) = devices.split_at_mut(1);
    for device in others {
        device.pull(&first[0]);
        for _ in 0..10 {
            device.tick();
        }
    }
    devices
}

/// Hands bundles of three devices to a reader in every order, and gives what it comes to, which must be one.
fn everywhere<T: PartialEq + std::fmt::Debug>(devices: &[Device; 3], look: impl Fn(&Device) -> T) -> T {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut seen = Vec::new();
    for order in orders {
        let mut reader = Device::joiner(9);
        for index in order.iter().chain(&order) {
            reader.receive(&devices[*index].bundles());
        }
        reader.assert_sound();
        let found = (look(&reader), reader.hash());
        let store = reader.store.reopen();
        reader.reopen(store);
        assert_eq!(found, (look(&reader), reader.hash()));
        seen.push(found);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    seen.remove(0).0
}

#[test]
fn command_given_on_three_devices_has_the_effect_of_the_first_in_canonical_order() {
    let mut devices = three();
    let given: Vec<BundleId> = devices
        .iter_mut()
        .map(|device| give(device, 7, plain("opera")).unwrap().bundle_id.unwrap())
        .collect();
    let (found, streamed) = everywhere(&devices, counted);
    assert_eq!((found, streamed), (vec![given[0]], vec![given[0]]));
    let repeated = everywhere(&devices, |device| {
        let snapshot = device.snapshot();
        given
            .iter()
            .map(|bundle| {
                let log = snapshot.facts();
                let number = log.number_of(bundle.operation(0)).unwrap().unwrap();
                let fact = log.fact(number).unwrap().unwrap();
                let repeats = log.repeated_by(*bundle).unwrap();
                assert_eq!(fact.repeats, repeats);
                (repeats, snapshot.without_effect(*bundle).unwrap())
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(repeated[0], (None, Vec::new()));
    for (repeats, without_effect) in &repeated[1..] {
        assert_eq!(*repeats, Some(given[0]));
        assert_eq!(without_effect.len(), 1);
        assert!(without_effect[0].1.contains(&given[0].to_string()), "{without_effect:?}");
    }
}

#[test]
fn numbers_stay_and_versions_never_fall_when_another_turns_out_to_be_first() {
    let [mut a, mut b, _] = three();
    give(&mut a, 7, plain("opera")).unwrap();
    let second = give(&mut b, 7, plain("opera")).unwrap();
    let stream = StreamId::new("jane").unwrap();
    let before = second.facts.unwrap();
    let version = b.snapshot().facts().stream_version(&stream).unwrap();
    b.pull(&a);
    let snapshot = b.snapshot();
    let kept = snapshot.facts().fact(before.first).unwrap().unwrap();
    assert_eq!(Some(kept.bundle), second.bundle_id);
    assert!(kept.repeats.is_some());
    assert!(snapshot.facts().stream_version(&stream).unwrap() > version);
    let all = snapshot.facts().query(&EventQuery::all(), before.last, usize::MAX).unwrap();
    assert_eq!(all.facts.len(), 1, "whoever read the other one reads this one too");
    // The same command again is answered as it was.
    let again = give(&mut b, 7, plain("opera")).unwrap();
    assert!(again.repeated);
    assert_eq!(again.facts, second.facts);
}

#[test]
fn one_command_id_for_different_facts_is_told_and_both_count() {
    let mut devices = three();
    let given: Vec<BundleId> = ["opera", "club", "opera"]
        .into_iter()
        .zip(&mut devices)
        .map(|(place, device)| give(device, 7, plain(place)).unwrap().bundle_id.unwrap())
        .collect();
    let (found, reused) = everywhere(&devices, |device| {
        let (mut found, _) = counted(device);
        found.sort();
        (found, device.snapshot().facts().reused().unwrap())
    });
    let mut wanted = vec![given[0], given[1]];
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(reused.len(), 1);
    assert_eq!(reused[0].command, CommandId::from_u128(7));
    let mut bundles = reused[0].bundles.clone();
    bundles.sort();
    let mut wanted = given;
    wanted.sort();
    assert_eq!(bundles, wanted);
}

#[test]
fn command_that_another_device_is_known_to_have_carried_out_is_not_carried_out_again() {
    let [mut a, mut b, _] = three();
    let first = give(&mut a, 7, plain("opera")).unwrap();
    b.pull(&a);
    let receipt = RecordFacts {
        receipt: Some(FactReceipt {
            request: [1; 32],
            result: "{}".to_owned(),
        }),
        ..plain("opera")
    };
    let before = b.bundles().len();
    for _ in 0..2 {
        let outcome = give(&mut b, 7, receipt.clone()).unwrap();
        assert!(outcome.repeated);
        assert_eq!(outcome.bundle_id, first.bundle_id);
        assert!(outcome.facts.is_some());
    }
    let refused = give(&mut b, 7, plain("club"));
    assert!(
        matches!(refused, Err(CommandError::CommandReused { .. })),
        "{refused:?}"
    );
    assert_eq!(b.bundles().len(), before);
}

#[test]
fn decision_given_on_two_devices_does_not_clash_with_itself() {
    let mut devices = three();
    let mut given = Vec::new();
    for device in &mut devices[..2] {
        let command = decided(device, "opera");
        given.push(give(device, 7, command).unwrap().bundle_id.unwrap());
    }
    assert_eq!(everywhere(&devices, open), []);
    let [a, _, c] = &mut devices;
    let command = decided(c, "club");
    let third = give(c, 8, command).unwrap().bundle_id.unwrap();
    a.tick();
    let listed = everywhere(&devices, open);
    assert_eq!(listed, [given[0], third]);
}

#[test]
fn conflict_with_a_repetition_is_closed_by_the_first_that_the_decision_had_seen() {
    let [mut a, mut b, mut c] = three();
    give(&mut a, 7, plain("opera")).unwrap();
    c.pull(&a);
    let command = decided(&c, "club");
    let decision = give(&mut c, 8, command).unwrap().bundle_id.unwrap();
    let repetition = give(&mut b, 7, plain("opera")).unwrap();
    assert!(!repetition.repeated);
    let mut reader = Device::joiner(9);
    reader.receive(&c.bundles());
    reader.receive(&b.bundles());
    assert_eq!(open(&reader), [], "{decision:?} had seen the same from another");
    // The other way round, the repetition stands alone at first.
    let mut late = Device::joiner(10);
    late.pull(&b);
    let bundles = c.bundles();
    let (_, news) = late.receive(&bundles);
    assert_eq!(open(&late), []);
    assert!(news.changes.decisions_opened.is_empty());
    assert_eq!(late.hash(), reader.hash());
    late.assert_sound();
}

#[test]
fn resolved_conflict_opens_again_when_another_bundle_turns_out_to_be_the_first() {
    let [mut a, mut b, mut c] = three();
    give(&mut b, 7, plain("opera")).unwrap();
    let command = decided(&c, "club");
    let decision = give(&mut c, 8, command).unwrap().bundle_id.unwrap();
    c.pull(&b);
    assert_eq!(open(&c), [decision]);
    c.execute(Command::ResolveDecision(ResolveDecision {
        decision,
        choice: ResolutionChoice::Accept,
        considered: None,
        reason: None,
        facts: Vec::new(),
    }));
    assert_eq!(open(&c), []);
    give(&mut a, 7, plain("opera")).unwrap();
    let (_, news) = c.receive(&a.bundles());
    assert_eq!(open(&c), [decision]);
    assert_eq!(news.changes.decisions_opened, [decision].into());
    let conflict = c.snapshot().decision_conflict(decision).unwrap().unwrap();
    assert_eq!(conflict.status, DecisionStatus::Reopened);
    assert_eq!(conflict.unseen.len(), 1);
    c.assert_sound();
}

/// Puts a booking into the stream, if it ends where it does.
fn in_stream(device: &mut Device, place: &str) -> BundleId {
    let stream = StreamId::new("jane").unwrap();
    let version = device.snapshot().facts().stream_version(&stream).unwrap();
    let outcome = device.execute(Command::RecordFacts(RecordFacts {
        streams: vec![ExpectedStream {
            stream: "jane".to_owned(),
            version,
        }],
        ..plain(place)
    }));
    outcome.bundle_id.unwrap()
}

#[test]
fn appends_to_one_stream_apart_with_the_same_expectation_clash() {
    let mut devices = three();
    let one = in_stream(&mut devices[0], "opera");
    let other = in_stream(&mut devices[1], "club");
    // A fact beside the stream, and one in it by a device that expected nothing.
    devices[2].execute(record(vec![fact("booked", "{}")]));
    let blind = devices[2].execute(Command::RecordFacts(plain("park")));
    let listed = everywhere(&devices, |device| {
        let conflicts = device.snapshot().decision_conflicts().unwrap();
        let listed = conflicts.into_iter().map(|conflict| {
            assert_eq!(conflict.fault, None);
            assert!(conflict.is_mutual());
            let mut unseen: Vec<_> = conflict.unseen.iter().map(|unseen| unseen.fact.bundle).collect();
            unseen.sort();
            (conflict.decision, unseen)
        });
        listed.collect::<Vec<_>>()
    });
    let sorted = |mut bundles: Vec<BundleId>| {
        bundles.sort();
        bundles
    };
    let blind = blind.bundle_id.unwrap();
    assert_eq!(
        listed,
        [(one, sorted(vec![other, blind])), (other, sorted(vec![one, blind]))]
    );
}

#[test]
fn append_that_had_seen_the_stream_does_not_clash() {
    let [mut a, mut b, _] = three();
    in_stream(&mut a, "opera");
    sync(&mut a, &mut b);
    in_stream(&mut b, "club");
    sync(&mut a, &mut b);
    in_stream(&mut a, "park");
    sync(&mut a, &mut b);
    assert_eq!((open(&a), open(&b)), (vec![], vec![]));
}

#[test]
fn context_and_streams_are_signed_together() {
    let [mut a, mut b, _] = three();
    let streams = vec![ExpectedStream {
        stream: "jane".to_owned(),
        version: 0,
    }];
    let mut asked = decided(&a, "opera");
    asked.streams = streams;
    let one = give(&mut a, 1, asked).unwrap().bundle_id.unwrap();
    // In the stream, and not what the query asks for; and the other way round.
    let mut elsewhere = fact("cancelled", "{}");
    elsewhere.streams = vec!["jane".to_owned()];
    b.execute(record(vec![elsewhere, fact("booked", "{}"), fact("cancelled", "{}")]));
    sync(&mut a, &mut b);
    let conflict = a.snapshot().decision_conflict(one).unwrap().unwrap();
    assert_eq!(conflict.unseen.len(), 2);
    let context = conflict.intent.decision.unwrap();
    assert_eq!(context.semantics, openprod_engine::facts::STREAM_SEMANTICS);
    assert_eq!(
        String::from_utf8(context.query).unwrap(),
        r#"{"query":{"filters":[{"event_types":["booked"]}]},"streams":["jane"]}"#
    );
    a.assert_sound();
    b.assert_sound();
}
