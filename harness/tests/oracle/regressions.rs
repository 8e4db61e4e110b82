//! Every history that ever showed a bug, at its shortest, and the bug.

use harness::history::{Deed, Delivery, Ed, En, Fa, Fi, History, Pl, Pr, Step, Ty, Typing, Va, judge};

fn write(writer: u8, second: u8, deeds: &[Deed]) -> Step {
    Step::Write {
        writer,
        second,
        terse: false,
        deeds: deeds.to_vec(),
    }
}

fn passes(authors: u8, steps: Vec<Step>) {
    let deliveries = (0..8).map(|seed| Delivery { sqlite: false, seed }).collect();
    let history = History {
        authors,
        steps,
        deliveries,
    };
    judge(&history).unwrap_or_else(|difference| panic!("{history}\n{difference}"));
}

#[test]
fn creation_of_an_edge_is_no_side_of_its_deletion() {
    // It was listed beside the property that it had set, because it is one operation that wrote both.
    let relate = Deed::Relate {
        edge: Ed(1),
        source: En(0),
        target: En(0),
        edge_type: Ty(0),
        place: Some(Pl(0)),
        properties: vec![(Pr(0), Va(0))],
    };
    passes(
        2,
        vec![write(0, 1, &[Deed::DeleteEdge(Ed(1))]), write(1, 0, &[relate])],
    );
}

#[test]
fn zeros_of_either_sign_are_two_values() {
    // They were compared as numbers, not by their bytes, so that nobody was told.
    let set = |value| [Deed::Set(En(0), Fa(0), Fi(0), Va(value))];
    passes(2, vec![write(0, 0, &set(7)), write(1, 0, &set(8))]);
}

#[test]
fn place_of_an_edge_does_not_stand_for_a_property_that_was_superseded() {
    // The creation gave both; its property was superseded by one who had seen the deletion, and the conflict stayed.
    let relate = Deed::Relate {
        edge: Ed(1),
        source: En(0),
        target: En(0),
        edge_type: Ty(0),
        place: Some(Pl(0)),
        properties: vec![(Pr(1), Va(0))],
    };
    passes(
        3,
        vec![
            write(0, 1, &[Deed::DeleteEdge(Ed(1))]),
            write(1, 0, &[relate]),
            Step::Meet { reader: 2, other: 0 },
            Step::Meet { reader: 2, other: 1 },
            write(2, 2, &[Deed::SetProperty(Ed(1), Pr(1), Va(0))]),
        ],
    );
}

#[test]
fn text_that_two_branches_of_a_log_wrote_can_be_verified() {
    // A replay in memory had no log to build such a text anew from.
    let put = |letters| Deed::Type {
        entity: En(0),
        field: Fi(0),
        session: 0,
        at: 0,
        typing: Typing::Put(letters),
    };
    let fork = Step::Fork {
        writer: 0,
        lacking: 0,
    };
    passes(1, vec![fork, write(0, 0, &[put(1)]), write(1, 1, &[put(2)])]);
}
