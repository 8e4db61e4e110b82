//! Each rule of `docs/derivation.md` on the smallest history that shows it, with the outcome written out by hand: what
//! the oracle says must not rest on the oracle alone.

use std::collections::BTreeSet;

use harness::history::{Deed, Ed, En, Fa, Fi, Pl, Pr, Team, Ty, Typing, Va};
use harness::oracle::{Cell, Kind, Oracle, Thing, Write};
use openprod_core::Value;

const A: En = En(0);
const B: En = En(1);
const C: En = En(2);
const F: Fi = Fi(0);
const G: Fi = Fi(1);
const TABLE: Fa = Fa(0);
const X: Ed = Ed(1);
const Y: Ed = Ed(2);
const ONE: Va = Va(1);
const TWO: Va = Va(2);

fn oracle(team: &Team) -> Oracle {
    Oracle::new(team.bundles()).expect("a team's bundles are closed")
}

fn set(entity: En, field: Fi, value: Va) -> Deed {
    Deed::Set(entity, TABLE, field, value)
}

fn merge(survivor: En, absorbed: En) -> Deed {
    Deed::Merge { survivor, absorbed }
}

fn split(source: En, new: En) -> Deed {
    Deed::Split { source, new }
}

fn map(a: Fi, b: Fi) -> Deed {
    Deed::Map((Fa(0), a), (Fa(1), b))
}

fn unmap(a: Fi, b: Fi) -> Deed {
    // The tables that the fields are said to be of do not name the pair, nor does its order.
    Deed::Unmap((Fa(2), b), (Fa(0), a))
}

fn relate(edge: Ed, source: En, place: Option<Pl>, properties: &[(Pr, Va)]) -> Deed {
    Deed::Relate {
        edge,
        source,
        target: C,
        edge_type: Ty(0),
        place,
        properties: properties.to_vec(),
    }
}

fn values(writes: &[&Write]) -> Vec<Value> {
    writes.iter().map(|write| write.value.clone()).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn on(entity: En) -> Thing {
    Thing::Entity(entity.get())
}

fn along(edge: Ed) -> Thing {
    Thing::Edge(edge.get())
}

fn kinds(oracle: &Oracle) -> Vec<(Thing, Kind)> {
    oracle.conflicts().into_keys().collect()
}

#[test]
fn write_that_has_seen_another_supersedes_it() {
    let mut team = Team::new(2);
    team.write(0, 9, &[set(A, F, ONE)]);
    team.meet(1, 0);
    // Its clock is behind; what it has seen counts, not when.
    team.write(1, 1, &[set(A, F, TWO)]);
    let oracle = oracle(&team);
    assert_eq!(values(&oracle.tips(on(A), &Cell::Field(F.get()))), [text("two")]);
    assert!(kinds(&oracle).is_empty());
}

#[test]
fn values_that_one_bundle_gives_a_field_stand_side_by_side() {
    let mut team = Team::new(1);
    team.write(
        0,
        0,
        &[set(A, F, ONE), set(A, F, TWO), set(A, F, ONE), set(B, F, ONE)],
    );
    let earlier = oracle(&team);
    assert_eq!(
        values(&earlier.field(A.get(), F.get())),
        [text("two"), text("one")]
    );
    assert_eq!(values(&earlier.field(B.get(), F.get())), [text("one")]);
    // A later bundle decides.
    team.write(0, 1, &[set(A, F, TWO)]);
    assert_eq!(values(&oracle(&team).field(A.get(), F.get())), [text("two")]);
}

#[test]
fn later_deletion_of_a_bundle_supersedes_its_creation() {
    let mut team = Team::new(1);
    team.write(0, 0, &[Deed::Create(A), Deed::Delete(A)]);
    assert!(oracle(&team).is_deleted(A.get()));
}

#[test]
fn what_was_seen_through_a_third_is_seen() {
    let mut team = Team::new(3);
    team.write(0, 0, &[set(A, F, ONE)]);
    team.meet(1, 0);
    team.write(1, 1, &[Deed::Create(B)]);
    team.meet(2, 1);
    team.write(2, 2, &[set(A, F, TWO)]);
    assert_eq!(values(&oracle(&team).field(A.get(), F.get())), [text("two")]);
}

#[test]
fn what_an_author_does_not_say_it_had_seen_is_not_seen() {
    let mut team = Team::new(3);
    team.write(0, 0, &[set(A, F, ONE)]);
    team.meet(1, 0);
    team.write(1, 1, &[Deed::Create(B)]);
    team.meet(2, 1);
    team.step(&harness::history::Step::Write {
        writer: 2,
        second: 2,
        terse: true,
        deeds: vec![set(A, F, TWO)],
    });
    assert_eq!(team.bundles()[2].header().seen.len(), 1);
    assert_eq!(oracle(&team).field(A.get(), F.get()).len(), 2);
}

#[test]
fn writes_apart_are_both_tips_and_the_greatest_is_shown() {
    let mut team = Team::new(2);
    team.write(0, 5, &[set(A, F, ONE)]);
    team.write(1, 3, &[set(A, F, TWO)]);
    let oracle = oracle(&team);
    assert_eq!(
        values(&oracle.field(A.get(), F.get())),
        [text("two"), text("one")]
    );
    assert_eq!(oracle.shown(on(A), &Cell::Field(F.get())), Some(&text("one")));
    assert_eq!(kinds(&oracle), [(on(A), Kind::Field(F.get()))]);
}

#[test]
fn equal_writes_apart_are_no_conflict() {
    let mut team = Team::new(2);
    team.write(0, 0, &[set(A, F, ONE)]);
    team.write(1, 0, &[set(A, F, ONE)]);
    let oracle = oracle(&team);
    assert_eq!(oracle.field(A.get(), F.get()).len(), 2);
    assert!(kinds(&oracle).is_empty());
}

#[test]
fn facet_under_which_a_field_is_set_names_no_cell() {
    let mut team = Team::new(2);
    team.write(0, 0, &[Deed::Set(A, Fa(0), F, ONE)]);
    team.write(1, 1, &[Deed::Set(A, Fa(1), F, TWO)]);
    assert_eq!(kinds(&oracle(&team)), [(on(A), Kind::Field(F.get()))]);
}

#[test]
fn branches_of_a_forked_log_have_not_seen_each_other() {
    let mut team = Team::new(1);
    team.write(0, 0, &[Deed::Create(A)]);
    team.step(&harness::history::Step::Fork {
        writer: 0,
        lacking: 0,
    });
    team.write(0, 1, &[set(A, F, ONE)]);
    team.write(1, 2, &[set(A, F, TWO)]);
    let headers: Vec<_> = team.bundles().iter().map(|bundle| bundle.header()).collect();
    assert_eq!((headers[1].log, headers[1].seq), (headers[2].log, headers[2].seq));
    assert_eq!(kinds(&oracle(&team)), [(on(A), Kind::Field(F.get()))]);
}

#[test]
fn existence_and_membership_that_differ_are_conflicts() {
    let mut team = Team::new(2);
    team.write(0, 0, &[Deed::Create(A), Deed::Attach(A, TABLE), Deed::Delete(B)]);
    team.meet(1, 0);
    team.write(0, 1, &[Deed::Detach(A, TABLE), Deed::Restore(B)]);
    team.write(1, 2, &[Deed::Attach(A, TABLE), Deed::Delete(B)]);
    let oracle = oracle(&team);
    let wanted = [(on(A), Kind::Membership(TABLE.get())), (on(B), Kind::Existence)];
    assert_eq!(kinds(&oracle), wanted);
    assert_eq!(oracle.members(TABLE.get()), BTreeSet::from([A.get()]));
    assert!(oracle.is_deleted(B.get()));
}

#[test]
fn deletion_that_passed_an_edit_is_a_conflict_until_one_has_seen_the_other() {
    let mut team = Team::new(2);
    team.write(0, 0, &[Deed::Create(A), Deed::Attach(A, TABLE)]);
    team.meet(1, 0);
    team.write(0, 1, &[Deed::Delete(A)]);
    team.write(1, 2, &[set(A, F, ONE)]);
    let apart = oracle(&team);
    assert_eq!(kinds(&apart), [(on(A), Kind::Deletion)]);
    let passed = &apart.conflicts()[&(on(A), Kind::Deletion)];
    // The attachment was seen by the deletion, so it is no part of this.
    assert_eq!(values(passed), [Value::Boolean(false), text("one")]);
    team.meet(0, 1);
    team.write(0, 3, &[Deed::Delete(A)]);
    assert!(kinds(&oracle(&team)).is_empty());
}

#[test]
fn deletion_that_passed_a_move_is_no_conflict() {
    let mut team = Team::new(2);
    team.write(0, 0, &[relate(X, A, Some(Pl(0)), &[(Pr(0), ONE)])]);
    team.meet(1, 0);
    team.write(0, 1, &[Deed::DeleteEdge(X)]);
    team.write(1, 2, &[Deed::Move(X, Pl(1))]);
    assert!(kinds(&oracle(&team)).is_empty());
    team.write(1, 3, &[Deed::SetProperty(X, Pr(0), TWO)]);
    assert_eq!(kinds(&oracle(&team)), [(along(X), Kind::Deletion)]);
}

#[test]
fn edge_has_the_ends_of_its_least_creation_and_the_properties_of_all() {
    let mut team = Team::new(2);
    team.write(0, 5, &[relate(X, A, Some(Pl(0)), &[(Pr(0), ONE), (Pr(1), ONE)])]);
    team.write(1, 3, &[relate(X, B, None, &[(Pr(0), TWO)])]);
    let oracle = oracle(&team);
    let ends = oracle.ends(X.get()).expect("it has two creations");
    assert_eq!(
        (ends.source, ends.target, ends.ordered),
        (B.get(), C.get(), false)
    );
    assert_eq!(oracle.properties(X.get()), BTreeSet::from(["", "part"]));
    assert_eq!(kinds(&oracle), [(along(X), Kind::Property("part".to_owned()))]);
    assert_eq!(oracle.place(X.get()), None);
    assert!(oracle.siblings(A.get(), "cue").is_empty());
}

#[test]
fn edge_without_a_creation_is_not_shown() {
    let mut team = Team::new(2);
    team.write(
        0,
        0,
        &[
            Deed::RestoreEdge(X),
            Deed::SetProperty(X, Pr(0), ONE),
            Deed::Move(X, Pl(0)),
        ],
    );
    let oracle = oracle(&team);
    assert_eq!(oracle.ends(X.get()), None);
    assert!(!oracle.is_related(X.get()));
    assert_eq!(oracle.edges().count(), 0);
}

#[test]
fn siblings_are_in_order_of_place_as_bytes_then_of_id() {
    let mut team = Team::new(2);
    team.write(
        0,
        0,
        &[
            relate(X, A, Some(Pl(5)), &[]),
            relate(Y, A, Some(Pl(0)), &[]),
            relate(Ed(3), A, Some(Pl(0)), &[]),
            relate(Ed(0), B, Some(Pl(0)), &[]),
        ],
    );
    // "Zz" is before "a0" in bytes.
    assert_eq!(
        oracle(&team).siblings(A.get(), "cue"),
        [X.get(), Y.get(), Ed(3).get()]
    );
    team.write(
        0,
        1,
        &[
            Deed::Rebalance(B, Ty(1), vec![(X, Pl(1)), (Ed(3), Pl(3))]),
            merge(A, B),
        ],
    );
    let oracle = oracle(&team);
    // An empty place is before all others; merged entities have their edges in common.
    let wanted = [Ed(3).get(), Ed(0).get(), Y.get(), X.get()];
    assert_eq!(oracle.siblings(A.get(), "cue"), wanted);
    assert!(oracle.siblings(B.get(), "cue").is_empty());
}

#[test]
fn places_given_apart_do_not_conflict_and_the_greatest_is_shown() {
    let mut team = Team::new(2);
    team.write(0, 0, &[relate(X, A, Some(Pl(0)), &[])]);
    team.meet(1, 0);
    team.write(0, 3, &[Deed::Move(X, Pl(1))]);
    team.write(1, 2, &[Deed::Rebalance(A, Ty(0), vec![(X, Pl(5))])]);
    let oracle = oracle(&team);
    assert!(kinds(&oracle).is_empty());
    assert_eq!(
        values(&oracle.tips(along(X), &Cell::Place)),
        [text("Zz"), text("a1")]
    );
    assert_eq!(oracle.place(X.get()), Some("a1"));
}

#[test]
fn cell_that_one_operation_names_twice_has_what_it_names_last() {
    let mut team = Team::new(1);
    team.write(0, 0, &[relate(X, A, Some(Pl(0)), &[(Pr(0), ONE), (Pr(0), TWO)])]);
    team.write(0, 1, &[Deed::Rebalance(A, Ty(0), vec![(X, Pl(1)), (X, Pl(2))])]);
    let oracle = oracle(&team);
    assert_eq!(
        values(&oracle.tips(along(X), &Cell::Property("part".to_owned()))),
        [text("two")]
    );
    assert_eq!(oracle.place(X.get()), Some("a0V"));
}

#[test]
fn merge_makes_the_root_of_one_the_parent_of_the_root_of_the_other() {
    let mut team = Team::new(1);
    team.write(0, 0, &[merge(A, B), merge(C, B), merge(B, B)]);
    let oracle = oracle(&team);
    for name in [A, B, C] {
        assert_eq!(oracle.names().root(name.get()), C.get());
    }
}

#[test]
fn of_merges_both_ways_the_first_in_order_decides() {
    let mut team = Team::new(2);
    team.write(0, 5, &[merge(A, B)]);
    team.write(1, 3, &[merge(B, A)]);
    let oracle = oracle(&team);
    assert_eq!(oracle.names().root(A.get()), B.get());
    assert_eq!(oracle.names().root(B.get()), B.get());
}

#[test]
fn split_takes_a_name_out_with_all_below_it() {
    let mut team = Team::new(1);
    team.write(0, 0, &[merge(B, C), merge(A, B), split(A, B)]);
    let split_off = oracle(&team);
    let roots = [A, B, C].map(|name| split_off.names().root(name.get()));
    assert_eq!(roots, [A.get(), B.get(), B.get()]);
    // They no longer share a root, so that there is nothing to split; nor has a root a parent to lose.
    team.write(0, 1, &[split(A, C), split(C, B)]);
    let again = oracle(&team);
    assert_eq!(roots, [A, B, C].map(|name| again.names().root(name.get())));
    // Any name of the record will do as the source.
    team.write(0, 2, &[merge(A, B), split(B, C)]);
    let last = oracle(&team);
    let roots = [A, B, C].map(|name| last.names().root(name.get()));
    assert_eq!(roots, [A.get(), A.get(), C.get()]);
}

#[test]
fn record_is_read_from_all_its_names() {
    let mut team = Team::new(2);
    team.write(0, 0, &[Deed::Create(A), Deed::Delete(A), set(A, F, ONE)]);
    team.write(1, 1, &[Deed::Create(B), Deed::Attach(B, TABLE), set(B, F, TWO)]);
    team.meet(0, 1);
    team.write(0, 2, &[merge(A, B)]);
    let merged = oracle(&team);
    assert!(merged.exists(A.get()) && !merged.is_deleted(A.get()));
    assert_eq!(merged.members(TABLE.get()), BTreeSet::from([A.get()]));
    assert_eq!(
        values(&merged.field(A.get(), F.get())),
        [text("one"), text("two")]
    );
    assert_eq!(kinds(&merged), [(on(A), Kind::Field(F.get()))]);
    // The deletion of one name is that name's; the edit is of another.
    team.write(0, 3, &[split(A, B)]);
    let apart = oracle(&team);
    assert!(kinds(&apart).is_empty());
    assert!(apart.is_deleted(A.get()));
    assert_eq!(apart.members(TABLE.get()), BTreeSet::from([B.get()]));
}

#[test]
fn conflicts_of_existence_and_membership_stay_with_their_name() {
    let mut team = Team::new(2);
    team.write(0, 0, &[merge(A, B)]);
    team.write(0, 1, &[Deed::Create(B), Deed::Attach(B, TABLE)]);
    team.write(1, 2, &[Deed::Delete(B), Deed::Detach(B, TABLE)]);
    let wanted = [
        (on(B), Kind::Existence),
        (on(B), Kind::Membership(TABLE.get())),
        (on(B), Kind::Deletion),
    ];
    assert_eq!(kinds(&oracle(&team)), wanted);
}

#[test]
fn one_value_written_by_one_bundle_under_several_names_counts_once() {
    let mut team = Team::new(1);
    team.write(0, 0, &[merge(A, B), map(F, G)]);
    team.write(0, 1, &[set(A, F, ONE), set(B, G, ONE), set(A, G, TWO)]);
    let both = oracle(&team);
    assert_eq!(values(&both.field(A.get(), F.get())), [text("one"), text("two")]);
    let greatest = both.field(A.get(), F.get())[0].moment.op_id;
    assert_eq!(greatest.index(), Some(1));
    // A bundle of its own is a claim of its own.
    team.write(0, 2, &[set(B, F, ONE)]);
    assert_eq!(
        values(&oracle(&team).field(A.get(), F.get())),
        [text("one"), text("two"), text("one")]
    );
}

#[test]
fn mapped_fields_are_one_field_named_by_the_least() {
    let mut team = Team::new(2);
    team.write(0, 0, &[set(A, Fi(2), ONE), map(Fi(2), Fi(1))]);
    team.write(1, 1, &[set(A, Fi(1), TWO), map(Fi(1), Fi(3)), map(F, F)]);
    let mapped = oracle(&team);
    assert_eq!(mapped.names().semantic(Fi(3).get()), Fi(1).get());
    assert_eq!(mapped.names().semantic(F.get()), F.get());
    assert_eq!(mapped.fields(A.get()), BTreeSet::from([Fi(1).get()]));
    assert_eq!(kinds(&mapped), [(on(A), Kind::Field(Fi(1).get()))]);
    team.meet(0, 1);
    team.write(0, 2, &[unmap(Fi(2), Fi(1)), unmap(F, Fi(3))]);
    let apart = oracle(&team);
    assert_eq!(apart.fields(A.get()), BTreeSet::from([Fi(1).get(), Fi(2).get()]));
    assert!(kinds(&apart).is_empty());
}

#[test]
fn confirmation_and_revocation_apart_count_in_order() {
    let mut team = Team::new(2);
    team.write(0, 5, &[map(F, G)]);
    team.write(1, 3, &[unmap(F, G)]);
    assert_eq!(oracle(&team).names().semantic(G.get()), F.get());
    let mut team = Team::new(2);
    team.write(0, 3, &[map(F, G)]);
    team.write(1, 5, &[unmap(F, G)]);
    assert_eq!(oracle(&team).names().semantic(G.get()), G.get());
}

fn typing(at: u8, typing: Typing) -> Deed {
    Deed::Type {
        entity: A,
        field: F,
        session: 0,
        at,
        typing,
    }
}

#[test]
fn delta_counts_by_its_bytes_its_author_and_what_that_one_had_seen() {
    let mut team = Team::new(2);
    team.write(0, 0, &[typing(0, Typing::Put(3))]);
    let first = oracle(&team).text(A.get(), F.get()).content();
    assert_eq!(first.len(), 3);
    team.meet(1, 0);
    team.write(1, 1, &[typing(1, Typing::Erase(1))]);
    let erased = oracle(&team).text(A.get(), F.get());
    assert_eq!(erased.content(), format!("{}{}", &first[..1], &first[2..]));
    assert_eq!((erased.places().len(), erased.refused()), (3, 0));
    for flaw in [
        Typing::Forge,
        Typing::Skip,
        Typing::Repeat,
        Typing::Dangle,
        Typing::Cut,
    ] {
        team.write(0, 2, &[typing(1, flaw)]);
    }
    let text = oracle(&team).text(A.get(), F.get());
    assert_eq!((text.content(), text.refused()), (erased.content(), 5));
}

#[test]
fn letters_put_between_what_never_stood_side_by_side_do_not_count() {
    let mut team = Team::new(1);
    team.write(0, 0, &[typing(0, Typing::Put(3))]);
    // Behind the first letter and before the third: the second was made between them, and has the first as its origin.
    team.write(0, 1, &[typing(1, Typing::Between(2))]);
    let text = oracle(&team).text(A.get(), F.get());
    assert_eq!((text.places().len(), text.refused()), (3, 1));
    // Behind the first letter and before the end: so it was when the second was made.
    team.write(0, 2, &[typing(1, Typing::Between(3))]);
    assert_eq!(oracle(&team).text(A.get(), F.get()).places().len(), 5);
}

#[test]
fn letters_put_in_one_place_apart_stand_in_order_of_their_clients() {
    let mut team = Team::new(3);
    (0..3).for_each(|writer| {
        team.write(writer, 9 - writer, &[typing(0, Typing::Put(2))]);
    });
    let text = oracle(&team).text(A.get(), F.get());
    let clients: Vec<_> = text.places().iter().map(|place| place.id.0).collect();
    assert_eq!(clients.len(), 6);
    assert!(clients.is_sorted());
}

#[test]
fn of_deltas_with_the_same_clocks_from_two_branches_the_first_in_order_counts() {
    let mut team = Team::new(1);
    team.step(&harness::history::Step::Fork {
        writer: 0,
        lacking: 0,
    });
    team.write(0, 5, &[typing(0, Typing::Put(3))]);
    team.write(1, 3, &[typing(0, Typing::Put(2))]);
    let text = oracle(&team).text(A.get(), F.get());
    assert_eq!((text.places().len(), text.refused()), (2, 1));
}

#[test]
fn facts_and_broken_payloads_have_no_effect() {
    let mut team = Team::new(1);
    team.write(
        0,
        0,
        &[
            Deed::Fact,
            Deed::Frame(6, vec![1, 2, 3]),
            Deed::Frame(34, Vec::new()),
        ],
    );
    let oracle = oracle(&team);
    assert!(oracle.entities().is_empty() && kinds(&oracle).is_empty());
}

fn facts(oracle: &Oracle) -> Vec<openprod_core::BundleId> {
    let facts = oracle.facts().into_iter();
    facts.map(|fact| fact.moment.op_id.bundle()).collect()
}

fn clashes(oracle: &Oracle) -> Vec<(openprod_core::BundleId, usize)> {
    let clashes = oracle.clashes().into_iter();
    clashes.map(|(id, clash)| (id, clash.unseen.len())).collect()
}

#[test]
fn of_bundles_that_say_the_same_under_one_command_the_first_in_order_counts() {
    let mut team = Team::new(3);
    for (writer, second) in [(0, 5), (1, 3), (2, 9)] {
        team.command(writer, second, 1, &Deed::Note(0));
    }
    assert_eq!(facts(&oracle(&team)), [team.bundles()[1].id()]);
    assert_eq!(oracle(&team).repetitions(), 2);
    // Under another id, or saying other things, they are facts of their own.
    team.command(0, 6, 2, &Deed::Note(0));
    team.command(1, 7, 1, &Deed::Note(1));
    assert_eq!(facts(&oracle(&team)).len(), 3);
}

#[test]
fn decision_given_twice_is_one_decision_and_clashes_once() {
    let decide = |kind, context| Deed::Decide {
        kind,
        context,
        faulty: false,
    };
    // Both people's bookings of the first person, on no more than these.
    let mut team = Team::new(3);
    let second = team.command(0, 5, 1, &decide(0, 0));
    let first = team.command(1, 3, 1, &decide(0, 0));
    assert_eq!(clashes(&oracle(&team)), []);
    let other = team.write(2, 4, &[decide(0, 0)]);
    let id = |bundle: usize| team.bundles()[bundle].id();
    let mut wanted = vec![(id(first), 1), (id(other), 1)];
    wanted.sort();
    assert_eq!(clashes(&oracle(&team)), wanted);
    assert!(!wanted.iter().any(|(decision, _)| *decision == id(second)));
}

#[test]
fn decision_that_had_seen_a_repetition_had_seen_its_effect() {
    let decide = Deed::Decide {
        kind: 1,
        context: 0,
        faulty: false,
    };
    let mut team = Team::new(3);
    team.command(0, 5, 1, &Deed::Note(0));
    team.meet(2, 0);
    team.write(2, 6, std::slice::from_ref(&decide));
    // It comes first, and the decision had not seen it.
    team.command(1, 3, 1, &Deed::Note(0));
    assert_eq!(clashes(&oracle(&team)), []);
    assert_eq!(facts(&oracle(&team)).len(), 2);
}

#[test]
fn decision_on_a_stream_clashes_with_what_was_put_there_apart() {
    let decide = |kind| Deed::Decide {
        kind,
        context: 8,
        faulty: false,
    };
    let mut team = Team::new(3);
    let one = team.write(0, 1, &[decide(4)]);
    let other = team.write(1, 2, &[decide(7)]);
    // Beside the stream.
    team.write(2, 3, &[Deed::Note(0)]);
    let id = |bundle: usize| team.bundles()[bundle].id();
    let mut wanted = vec![(id(one), 1), (id(other), 1)];
    wanted.sort();
    assert_eq!(clashes(&oracle(&team)), wanted);
}
