//! Decisions that had not seen what they should have.

use openprod_core::operation::RecordFact;
use openprod_core::{
    BundleHash, BundleId, CommandId, DecisionContext, DecisionPolicy, Draft, Hlc, Identity, Intent, LogId,
    OpId, Seen, VerifiedBundle, seal,
};
use openprod_engine::facts::{
    DecisionConflict, DecisionStatus, ExpectedFacts, Fault, RecordFacts, ResolutionChoice, ResolveDecision,
};
use openprod_engine::{Command, CommandError};
use openprod_events::EventQuery;

use crate::device::{Device, sync, workspace};
use crate::facts::{fact, record};

/// The bookings of Jane at eight.
const JANE: &str =
    r#"{"filters":[{"event_types":["booked"],"payload_predicates":[{"hour":20,"person":"jane"}]}]}"#;

fn booking(place: &str) -> String {
    format!(r#"{{"hour":20,"person":"jane","place":"{place}"}}"#)
}

/// Books Jane, provided that she is as free as this device believes.
fn book(device: &mut Device, place: &str, policy: DecisionPolicy) -> BundleId {
    let query: EventQuery = serde_json::from_str(JANE).unwrap();
    let version = device.snapshot().facts().context_version(&query).unwrap();
    let outcome = device.execute(Command::RecordFacts(RecordFacts {
        facts: vec![fact("booked", &booking(place))],
        context: Some(ExpectedFacts {
            query: JANE.to_owned(),
            version,
            handler_version: 1,
            policy,
        }),
        ..RecordFacts::default()
    }));
    outcome.bundle_id.unwrap()
}

fn conflicts(device: &Device) -> Vec<DecisionConflict> {
    device.snapshot().decision_conflicts().unwrap()
}

fn open(device: &Device) -> Vec<BundleId> {
    let open = conflicts(device).into_iter();
    open.filter(|conflict| conflict.status != DecisionStatus::Resolved)
        .map(|conflict| conflict.decision)
        .collect()
}

fn resolve(decision: BundleId, choice: ResolutionChoice) -> Command {
    Command::ResolveDecision(ResolveDecision {
        decision,
        choice,
        considered: None,
        reason: Some("talked to her".to_owned()),
        facts: Vec::new(),
    })
}

/// Two devices that know the same and are apart.
fn apart() -> (Device, Device) {
    let (mut a, mut b) = (Device::founder(), Device::joiner(2));
    b.execute(record(vec![fact("joined", "{}")]));
    sync(&mut a, &mut b);
    (a, b)
}

/// A decision as an author writes it that says what it likes; it has seen what `device` has.
fn decided(device: &Device, number: u8, change: impl FnOnce(&mut DecisionContext)) -> VerifiedBundle {
    let snapshot = device.snapshot();
    let seen = snapshot.applied_heads().unwrap().into_iter().map(|head| Seen {
        actor: head.actor,
        log: head.log,
        seq: head.seq,
        prefix: head.hash.prefix(),
    });
    let clock = snapshot.status().unwrap().applied;
    let latest = clock.iter().map(|(_, head)| head.hlc).max().unwrap();
    let mut context = DecisionContext {
        handler_version: 1,
        semantics: 1,
        query: JANE.as_bytes().to_vec(),
        count: 0,
        digest: openprod_core::intent::context_digest([]),
        heads: Vec::new(),
        policy: DecisionPolicy::Surface,
    };
    change(&mut context);
    let draft = Draft {
        workspace: workspace().id,
        log: LogId::from_u128(u128::from(number)),
        seq: 1,
        prev: BundleHash::NONE,
        hlc: Hlc::next(Hlc::ZERO, latest, device.now),
        seen: seen.collect(),
        intent: Intent {
            command_id: CommandId::from_u128(u128::from(number)),
            command_type: "events.append".to_owned(),
            source: "test".to_owned(),
            correlation_id: None,
            causation_id: None,
            justification: None,
            approval_id: None,
            decision: Some(context),
        },
        payloads: vec![
            RecordFact {
                fact_type: "booked".to_owned(),
                payload: booking("elsewhere").into_bytes(),
                streams: Vec::new(),
                metadata: Vec::new(),
            }
            .into(),
        ],
    };
    seal(&Identity::from_seed(&[number; 32]), draft).unwrap()
}

#[test]
fn two_decisions_that_passed_each_other_are_a_mutual_conflict_on_both_devices() {
    let (mut a, mut b) = apart();
    let (one, other) = (
        book(&mut a, "opera", DecisionPolicy::Surface),
        book(&mut b, "club", DecisionPolicy::Surface),
    );
    assert_eq!((open(&a), open(&b)), (vec![], vec![]));
    let (_, news) = b.receive(&a.bundles());
    assert_eq!(news.changes.decisions_opened, [one, other].into());
    a.pull(&b);
    assert_eq!(a.hash(), b.hash());
    for device in [&a, &b] {
        let found = conflicts(device);
        assert_eq!(found.len(), 2);
        for conflict in &found {
            assert!(conflict.is_mutual());
            assert_eq!(conflict.status, DecisionStatus::Open);
            assert_eq!(conflict.unseen.len(), 1);
            assert_eq!(conflict.facts.len(), 1);
            let passed = if conflict.decision == one { other } else { one };
            assert_eq!(conflict.passed(), [passed].into());
        }
    }
    a.assert_sound();
    b.assert_sound();
}

#[test]
fn plain_fact_that_a_decision_had_not_seen_is_a_stale_read() {
    let (mut a, mut b) = apart();
    let decision = book(&mut a, "opera", DecisionPolicy::Surface);
    b.execute(record(vec![
        fact("booked", &booking("club")),
        fact("booked", r#"{"hour":21,"person":"jane"}"#),
        fact("asked", &booking("club")),
    ]));
    sync(&mut a, &mut b);
    for device in [&a, &b] {
        let [conflict] = &conflicts(device)[..] else {
            panic!("one decision had not seen one fact");
        };
        assert_eq!((conflict.decision, conflict.is_mutual()), (decision, false));
        assert_eq!(conflict.unseen.len(), 1);
        assert_eq!(
            conflict.unseen[0].fact.record.payload.canonical(),
            booking("club")
        );
    }
}

#[test]
fn decision_that_saw_everything_is_in_no_conflict() {
    let (mut a, mut b) = apart();
    book(&mut a, "opera", DecisionPolicy::Surface);
    sync(&mut a, &mut b);
    book(&mut b, "club", DecisionPolicy::Surface);
    sync(&mut a, &mut b);
    assert_eq!((conflicts(&a), conflicts(&b)), (vec![], vec![]));
}

#[test]
fn resolution_settles_both_sides_and_reaches_the_other_device() {
    let (mut a, mut b) = apart();
    let (one, other) = (
        book(&mut a, "opera", DecisionPolicy::Compensate),
        book(&mut b, "club", DecisionPolicy::Surface),
    );
    sync(&mut a, &mut b);
    let Command::ResolveDecision(mut command) = resolve(one, ResolutionChoice::Compensate) else {
        unreachable!();
    };
    command.facts = vec![fact("cancelled", &booking("opera"))];
    a.execute(Command::ResolveDecision(command));
    assert_eq!(open(&a), []);
    let (_, news) = b.receive(&a.bundles());
    assert_eq!(news.changes.decisions_resolved, [one, other].into());
    assert_eq!(open(&b), []);
    assert_eq!(a.hash(), b.hash());
    let choices: Vec<_> = conflicts(&b)
        .into_iter()
        .map(|conflict| (conflict.decision, conflict.resolution.unwrap().choice))
        .collect();
    assert!(choices.contains(&(one, ResolutionChoice::Compensate)));
    assert!(
        choices.contains(&(other, ResolutionChoice::Accept)),
        "the other one stands"
    );
    let again = b.try_execute(resolve(one, ResolutionChoice::Accept));
    assert!(
        matches!(again, Err(CommandError::ResolvedDecision { decision }) if decision == one),
        "{again:?}"
    );
}

#[test]
fn fact_that_was_not_considered_reopens_a_resolved_conflict() {
    let (mut a, mut b) = apart();
    let mut c = Device::joiner(3);
    c.pull(&a);
    let one = book(&mut a, "opera", DecisionPolicy::Surface);
    book(&mut b, "club", DecisionPolicy::Surface);
    let third = book(&mut c, "studio", DecisionPolicy::Surface);
    sync(&mut a, &mut b);
    a.execute(resolve(one, ResolutionChoice::Accept));
    sync(&mut a, &mut b);
    assert_eq!(open(&a), []);
    let (_, news) = a.receive(&c.bundles());
    assert!(news.changes.decisions_opened.contains(&one), "{news:?}");
    assert!(open(&a).contains(&third));
    let reopened = a.snapshot().decision_conflict(one).unwrap().unwrap();
    assert_eq!(reopened.status, DecisionStatus::Reopened);
    let considered: Vec<_> = reopened.unseen.iter().map(|unseen| unseen.considered).collect();
    assert_eq!(considered.iter().filter(|considered| **considered).count(), 1);
    for _ in 0..3 {
        if let Some(decision) = open(&a).first() {
            a.execute(resolve(*decision, ResolutionChoice::Accept));
        }
    }
    assert_eq!(open(&a), []);
    sync(&mut a, &mut b);
    sync(&mut b, &mut c);
    assert_eq!(open(&c), []);
    assert_eq!(a.hash(), c.hash());
}

#[test]
fn two_resolutions_at_once_end_in_one_on_every_device() {
    let (mut a, mut b) = apart();
    let one = book(&mut a, "opera", DecisionPolicy::Surface);
    book(&mut b, "club", DecisionPolicy::Surface);
    sync(&mut a, &mut b);
    a.execute(resolve(one, ResolutionChoice::Rerun));
    b.execute(resolve(one, ResolutionChoice::Compensate));
    sync(&mut a, &mut b);
    let shown = |device: &Device| {
        let conflict = device.snapshot().decision_conflict(one).unwrap().unwrap();
        (conflict.resolution.unwrap(), conflict.resolutions.len())
    };
    assert_eq!(shown(&a), shown(&b));
    assert_eq!(shown(&a).1, 2);
    assert_eq!(open(&a), []);
}

#[test]
fn decision_is_settled_when_every_log_has_seen_it() {
    let (mut a, mut b) = apart();
    let one = book(&mut a, "opera", DecisionPolicy::Surface);
    book(&mut b, "club", DecisionPolicy::Surface);
    sync(&mut a, &mut b);
    let settled = |device: &Device| device.snapshot().decision_conflict(one).unwrap().unwrap().settled;
    assert!(!settled(&a), "the log of b ends before it saw the decision");
    b.execute(record(vec![fact("heard", "{}")]));
    sync(&mut a, &mut b);
    assert!(settled(&a));
    assert!(settled(&b));
}

#[test]
fn of_decisions_that_may_lose_the_later_one_does() {
    let (mut a, mut b) = apart();
    let decisions = [
        book(&mut a, "opera", DecisionPolicy::Lose),
        book(&mut b, "club", DecisionPolicy::Lose),
    ];
    sync(&mut a, &mut b);
    let lost = |device: &Device| -> Vec<_> {
        let found = conflicts(device).into_iter();
        found
            .filter(|conflict| conflict.lost)
            .map(|conflict| conflict.decision)
            .collect()
    };
    assert_eq!(lost(&a), lost(&b));
    let [loser] = lost(&a)[..] else {
        panic!("one of two loses, not {:?}", lost(&a));
    };
    let found = conflicts(&a);
    assert_eq!(
        found.last().unwrap().decision,
        loser,
        "the later in canonical order"
    );
    assert!(decisions.contains(&loser));
}

/// A context of streams, in whatever form.
fn streams(context: &mut DecisionContext, names: &str) {
    context.semantics = 2;
    context.query = format!(r#"{{"query":null,"streams":{names}}}"#).into_bytes();
}

#[test]
fn author_who_says_what_he_had_not_seen_is_at_fault_and_in_no_conflict() {
    let (mut a, mut b) = apart();
    book(&mut a, "opera", DecisionPolicy::Surface);
    type Change = fn(&mut DecisionContext);
    let cases: [(Change, Fault); 9] = [
        (|context| context.count = 1, Fault::Digest),
        (|context| context.digest = [1; 32], Fault::Digest),
        (|context| context.query = b"{}".to_vec(), Fault::Query),
        (
            |context| context.query = b"{ \"filters\":[]}".to_vec(),
            Fault::Query,
        ),
        (|context| context.semantics = 3, Fault::Semantics),
        // A query alone, no streams, streams out of order, and one that is named twice.
        (|context| context.semantics = 2, Fault::Query),
        (|context| streams(context, "[]"), Fault::Query),
        (|context| streams(context, r#"["b","a"]"#), Fault::Query),
        (|context| streams(context, r#"["a","a"]"#), Fault::Query),
    ];
    for (number, (change, fault)) in (50..).zip(cases) {
        let bundle = decided(&b, number, change);
        let id = bundle.id();
        a.receive(std::slice::from_ref(&bundle));
        let found = a.snapshot().decision_conflict(id).unwrap().unwrap();
        assert_eq!((found.fault, found.unseen.len()), (Some(fault), 0));
        a.execute(resolve(id, ResolutionChoice::Accept));
        let found = a.snapshot().decision_conflict(id).unwrap().unwrap();
        assert_eq!(found.status, DecisionStatus::Resolved);
    }
    let honest = decided(&b, 90, |_| {});
    let id = honest.id();
    a.receive(&[honest]);
    let found = a.snapshot().decision_conflict(id).unwrap().unwrap();
    assert_eq!(found.fault, None);
    assert_eq!(
        found.unseen.len(),
        10,
        "one honest booking and nine of authors at fault"
    );
    b.pull(&a);
    assert_eq!(a.hash(), b.hash());
    a.assert_sound();
}

#[test]
fn wrong_resolutions_are_refused_and_forged_ones_have_no_effect() {
    let (mut a, mut b) = apart();
    let one = book(&mut a, "opera", DecisionPolicy::Surface);
    assert!(matches!(
        a.try_execute(resolve(one, ResolutionChoice::Accept)),
        Err(CommandError::UnknownDecision { .. })
    ));
    book(&mut b, "club", DecisionPolicy::Surface);
    let other = b.forged(vec![
        RecordFact {
            fact_type: "openprod.decision_resolved".to_owned(),
            payload: format!(r#"{{"choice":"accept","considered":[],"decision":"{one}","reason":null}}"#)
                .into_bytes(),
            streams: Vec::new(),
            metadata: Vec::new(),
        }
        .into(),
    ]);
    let forged = other.id();
    b.receive(&[other]);
    sync(&mut a, &mut b);
    let reasons = a.snapshot().without_effect(forged).unwrap();
    assert_eq!(
        reasons.len(),
        1,
        "its author had not seen the decision: {reasons:?}"
    );
    assert_eq!(open(&a).len(), 2);
    let Command::ResolveDecision(mut command) = resolve(one, ResolutionChoice::Accept) else {
        unreachable!();
    };
    command.considered = Some(vec![OpId::from_u128(1)]);
    assert!(matches!(
        a.try_execute(Command::ResolveDecision(command)),
        Err(CommandError::NotUnseen { .. })
    ));
}

#[test]
fn any_order_of_arrival_gives_the_same_conflicts() {
    let mut devices: Vec<Device> = vec![Device::founder(), Device::joiner(2), Device::joiner(3)];
    let (first, rest) = devices.split_at_mut(1);
    for device in rest.iter_mut() {
        device.pull(&first[0]);
    }
    for round in 0..3 {
        for (index, device) in devices.iter_mut().enumerate() {
            if (round + index) % 2 == 0 {
                book(device, "opera", DecisionPolicy::Surface);
            } else {
                device.execute(record(vec![fact("booked", &booking("club"))]));
            }
        }
        let (left, right) = devices.split_at_mut(1);
        if round == 1 {
            sync(&mut left[0], &mut right[0]);
        }
    }
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut seen = Vec::new();
    for order in orders {
        let mut reader = Device::joiner(9);
        // A log that builds on others waits for them: what is missing comes in the second round.
        for index in order.iter().chain(&order) {
            reader.receive(&devices[*index].bundles());
        }
        reader.assert_sound();
        let listed: Vec<_> = conflicts(&reader)
            .into_iter()
            .map(|conflict| {
                let unseen = conflict.unseen.iter().map(|unseen| unseen.fact.op_id);
                let unseen: std::collections::BTreeSet<_> = unseen.collect();
                (conflict.decision, conflict.is_mutual(), unseen)
            })
            .collect();
        seen.push((listed, reader.hash()));
    }
    assert!(!seen[0].0.is_empty());
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn decision_on_everything_is_derived_alike_by_a_replay() {
    let (mut a, mut b) = apart();
    let everything = |device: &mut Device| {
        let version = device.snapshot().facts().context_version(&EventQuery::all());
        device.execute(Command::RecordFacts(RecordFacts {
            facts: vec![fact("counted", "{}")],
            context: Some(ExpectedFacts {
                query: r#"{"filters":[]}"#.to_owned(),
                version: version.unwrap(),
                handler_version: 1,
                policy: DecisionPolicy::Surface,
            }),
            ..RecordFacts::default()
        }));
    };
    for _ in 0..3 {
        everything(&mut a);
        everything(&mut b);
    }
    sync(&mut a, &mut b);
    everything(&mut a);
    sync(&mut a, &mut b);
    assert_eq!(open(&a).len(), 6);
    assert!(conflicts(&a).iter().all(|conflict| conflict.unseen.len() == 3));
    a.assert_sound();
    b.assert_sound();
}
