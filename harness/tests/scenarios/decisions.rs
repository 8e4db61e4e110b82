//! Decisions that were taken apart, on facts that the others could not see.

use harness::{TestNetwork, TestPeer};
use openprod_core::{BundleId, CommandId, DecisionPolicy};
use openprod_engine::facts::{
    DecisionConflict, DecisionStatus, ExpectedFacts, ExpectedStream, NewFact, RecordFacts, ResolutionChoice,
    ResolveDecision,
};
use openprod_engine::{Command, CommandError, Envelope, Request};
use openprod_events::{AppendError, EventQuery, StreamId};

/// The bookings of Jane at eight.
const JANE_AT_EIGHT: &str =
    r#"{"filters":[{"event_types":["booked"],"payload_predicates":[{"hour":20,"person":"jane"}]}]}"#;

fn fact(fact_type: &str, place: &str) -> NewFact {
    NewFact {
        fact_type: fact_type.to_owned(),
        payload: format!(r#"{{"hour":20,"person":"jane","place":"{place}"}}"#),
        streams: vec!["jane".to_owned()],
        metadata: None,
    }
}

fn booking(place: &str, version: Option<u64>, policy: DecisionPolicy) -> Command {
    Command::RecordFacts(RecordFacts {
        facts: vec![fact("booked", place)],
        context: Some(ExpectedFacts {
            query: JANE_AT_EIGHT.to_owned(),
            version,
            handler_version: 1,
            policy,
        }),
        ..RecordFacts::default()
    })
}

/// Books Jane for eight o'clock, seeing what this peer sees.
fn book(peer: &TestPeer, place: &str) -> BundleId {
    book_under(peer, place, DecisionPolicy::Surface)
}

fn book_under(peer: &TestPeer, place: &str, policy: DecisionPolicy) -> BundleId {
    let query: EventQuery = serde_json::from_str(JANE_AT_EIGHT).unwrap();
    let version = peer.snapshot().facts().context_version(&query).unwrap();
    peer.execute(booking(place, version, policy)).bundle_id.unwrap()
}

fn conflicts(peer: &TestPeer) -> Vec<DecisionConflict> {
    peer.snapshot().decision_conflicts().unwrap()
}

/// The conflicts that wait for somebody: what all peers must list alike.
fn waiting(peer: &TestPeer) -> Vec<(BundleId, bool, usize)> {
    let waiting = conflicts(peer).into_iter();
    waiting
        .filter(|conflict| conflict.status != DecisionStatus::Resolved)
        .map(|conflict| (conflict.decision, conflict.is_mutual(), conflict.unseen.len()))
        .collect()
}

fn resolve(peer: &TestPeer, decision: BundleId, choice: ResolutionChoice, facts: Vec<NewFact>) {
    peer.execute(Command::ResolveDecision(ResolveDecision {
        decision,
        choice,
        considered: None,
        reason: Some("settled by phone".to_owned()),
        facts,
    }));
}

/// `N` connected peers, each of which has written before.
fn team<const N: usize>() -> (TestNetwork, [TestPeer; N]) {
    let network = TestNetwork::new();
    let peers: [TestPeer; N] = network.add_connected_peers();
    for peer in &peers {
        peer.execute(Command::RecordFacts(RecordFacts {
            facts: vec![fact("joined", "here")],
            ..RecordFacts::default()
        }));
    }
    network.wait_for_sync();
    (network, peers)
}

#[test]
fn two_laptops_that_book_one_person_for_one_hour_both_list_the_clash() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let (opera, club) = (book(&a, "opera"), book(&b, "club"));
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
    network.heal();
    network.settle();
    assert_eq!(waiting(&a), waiting(&b));
    let listed: Vec<_> = waiting(&a);
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&(opera, true, 1)) && listed.contains(&(club, true, 1)));
}

#[test]
fn clash_is_resolved_once_and_stays_resolved_everywhere() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let (opera, _) = (book(&a, "opera"), book(&b, "club"));
    network.heal();
    network.settle();
    resolve(
        &b,
        opera,
        ResolutionChoice::Compensate,
        vec![fact("cancelled", "opera")],
    );
    network.settle();
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
    let resolution = a
        .snapshot()
        .decision_conflict(opera)
        .unwrap()
        .unwrap()
        .resolution
        .unwrap();
    assert_eq!(
        (resolution.actor, resolution.choice),
        (b.actor(), ResolutionChoice::Compensate)
    );
    assert_eq!(resolution.reason.as_deref(), Some("settled by phone"));
}

#[test]
fn third_booking_that_nobody_considered_reopens_the_clash() {
    let (network, [a, b, c]) = team();
    network.partition(&[&[&a, &b], &[&c]]);
    network.partition(&[]);
    let opera = book(&a, "opera");
    book(&b, "club");
    let studio = book(&c, "studio");
    network.partition(&[&[&a, &b], &[&c]]);
    network.wait_for_sync();
    resolve(&a, opera, ResolutionChoice::Accept, Vec::new());
    network.wait_for_sync();
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
    network.heal();
    network.settle();
    for peer in [&a, &b, &c] {
        let reopened = peer.snapshot().decision_conflict(opera).unwrap().unwrap();
        assert_eq!(reopened.status, DecisionStatus::Reopened);
        assert_eq!(waiting(peer), waiting(&a));
        assert!(waiting(peer).contains(&(studio, true, 2)));
    }
    while let Some((decision, ..)) = waiting(&c).first() {
        resolve(&c, *decision, ResolutionChoice::Accept, Vec::new());
    }
    network.settle();
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
}

#[test]
fn decision_is_tentative_until_every_log_has_heard_of_it() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let opera = book(&a, "opera");
    book(&b, "club");
    network.heal();
    network.settle();
    let settled = |peer: &TestPeer| {
        let conflict = peer.snapshot().decision_conflict(opera).unwrap();
        conflict.unwrap().settled
    };
    assert_eq!((settled(&a), settled(&b)), (false, false));
    resolve(&b, opera, ResolutionChoice::Accept, Vec::new());
    network.settle();
    assert_eq!((settled(&a), settled(&b)), (true, true));
}

#[test]
fn fact_recorded_without_a_decision_makes_the_other_one_a_stale_read() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let opera = book(&a, "opera");
    b.execute(Command::RecordFacts(RecordFacts {
        facts: vec![fact("booked", "club"), fact("asked", "club")],
        ..RecordFacts::default()
    }));
    network.heal();
    network.settle();
    assert_eq!(waiting(&a), [(opera, false, 1)]);
    assert_eq!(waiting(&b), [(opera, false, 1)]);
}

#[test]
fn decision_on_a_context_that_moved_is_refused_where_it_is_taken() {
    let (network, [a, b]) = team();
    book(&a, "opera");
    network.wait_for_sync();
    let refused = b.try_execute(&Request::new(
        "test",
        booking("club", None, DecisionPolicy::Surface),
    ));
    assert!(
        matches!(refused, Err(CommandError::Append(AppendError::Context(_)))),
        "{refused:?}"
    );
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
}

#[test]
fn of_two_that_may_lose_all_peers_name_the_same_loser() {
    let (network, [a, b, c]) = team();
    network.partition(&[]);
    book_under(&a, "opera", DecisionPolicy::Lose);
    book_under(&b, "club", DecisionPolicy::Lose);
    network.heal();
    network.settle();
    let losers = |peer: &TestPeer| -> Vec<BundleId> {
        let lost = conflicts(peer).into_iter().filter(|conflict| conflict.lost);
        lost.map(|conflict| conflict.decision).collect()
    };
    assert_eq!(losers(&a).len(), 1);
    assert_eq!((losers(&b), losers(&c)), (losers(&a), losers(&a)));
}

#[test]
fn two_who_resolve_at_once_end_with_one_resolution() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let opera = book(&a, "opera");
    book(&b, "club");
    network.heal();
    network.settle();
    network.partition(&[]);
    resolve(&a, opera, ResolutionChoice::Rerun, Vec::new());
    resolve(&b, opera, ResolutionChoice::Accept, Vec::new());
    network.heal();
    network.settle();
    let shown = |peer: &TestPeer| {
        let conflict = peer.snapshot().decision_conflict(opera).unwrap().unwrap();
        assert_eq!(conflict.resolutions.len(), 2);
        conflict.resolution
    };
    assert_eq!(shown(&a), shown(&b));
    assert_eq!((waiting(&a), waiting(&b)), (vec![], vec![]));
}

/// Gives a command under an id of the caller's.
fn give(peer: &TestPeer, id: u128, command: Command) -> BundleId {
    let mut request = Request::new("test", command);
    request.envelope = Envelope {
        command_id: Some(CommandId::from_u128(id)),
        ..request.envelope
    };
    peer.try_execute(&request).unwrap().bundle_id.unwrap()
}

/// The bundles of all bookings that count.
fn bookings(peer: &TestPeer) -> Vec<BundleId> {
    let query: EventQuery = serde_json::from_str(JANE_AT_EIGHT).unwrap();
    let found = peer.snapshot().facts().query(&query, 0, usize::MAX).unwrap().facts;
    found.into_iter().map(|fact| fact.bundle).collect()
}

#[test]
fn command_given_on_two_laptops_apart_books_once_wherever_they_have_met() {
    let (network, [a, b, c]) = team();
    network.partition(&[]);
    let given = [&a, &b].map(|peer| give(peer, 77, booking("opera", None, DecisionPolicy::Surface)));
    assert_eq!((bookings(&a), bookings(&b)), (vec![given[0]], vec![given[1]]));
    network.heal();
    network.settle();
    let counted = bookings(&c);
    assert_eq!(counted.len(), 1);
    let repetition = given[usize::from(counted[0] == given[0])];
    for peer in [&a, &b, &c] {
        assert_eq!(bookings(peer), counted);
        assert_eq!(waiting(peer), [], "a decision is in no conflict with itself");
        let snapshot = peer.snapshot();
        assert_eq!(snapshot.facts().repeated_by(repetition).unwrap(), Some(counted[0]));
        assert!(snapshot.bundle(repetition).unwrap().is_some(), "it stays in the log");
        assert!(peer.verify().is_sound());
    }
    // Whoever knows of it does not do it again.
    let again = give(&c, 77, booking("opera", None, DecisionPolicy::Surface));
    assert_eq!(again, counted[0]);
    assert_eq!(bookings(&c), counted);
}

#[test]
fn command_id_that_two_laptops_gave_to_different_facts_is_told() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let given = ["opera", "club"].map(|place| (place, [&a, &b][usize::from(place == "club")]));
    for (place, peer) in given {
        give(
            peer,
            77,
            Command::RecordFacts(RecordFacts {
                facts: vec![fact("booked", place)],
                ..RecordFacts::default()
            }),
        );
    }
    network.heal();
    network.settle();
    for peer in [&a, &b] {
        assert_eq!(bookings(peer).len(), 2, "both count");
        let found = peer.verify();
        assert!(found.is_sound(), "nothing is damaged");
        let reused: Vec<_> = found.reused.iter().map(|reused| reused.command).collect();
        assert_eq!(reused, [CommandId::from_u128(77)]);
    }
}

#[test]
fn two_laptops_that_append_to_one_stream_with_one_expectation_both_list_the_clash() {
    let (network, [a, b]) = team();
    network.partition(&[]);
    let append = |peer: &TestPeer, place: &str| {
        let stream = StreamId::new("jane").unwrap();
        let version = peer.snapshot().facts().stream_version(&stream).unwrap();
        let command = Command::RecordFacts(RecordFacts {
            facts: vec![fact("booked", place)],
            streams: vec![ExpectedStream {
                stream: "jane".to_owned(),
                version,
            }],
            ..RecordFacts::default()
        });
        peer.execute(command).bundle_id.unwrap()
    };
    let (opera, club) = (append(&a, "opera"), append(&b, "club"));
    network.heal();
    network.settle();
    assert_eq!(waiting(&a), waiting(&b));
    let listed = waiting(&a);
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&(opera, true, 1)) && listed.contains(&(club, true, 1)));
    // Who has seen both is in conflict with neither.
    append(&a, "park");
    network.settle();
    assert_eq!(waiting(&b).len(), 2);
}
