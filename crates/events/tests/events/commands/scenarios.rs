//! The test kit: stories that hold pass, and those that do not say what is different.

use std::panic::{AssertUnwindSafe, catch_unwind};

use openprod_events::command::Emitted;
use openprod_events::testkit::Scenario;

use super::{Book, Booking, RoomEvent, Through, stream};

fn booked(by: &str) -> (openprod_events::StreamId, RoomEvent) {
    let booking = Booking {
        room: "room".to_owned(),
        by: by.to_owned(),
    };
    (stream("room"), RoomEvent::Booked(booking))
}

fn ann() -> Book {
    Book::new("room", "ann", Through::Both)
}

/// What a story says when it does not hold.
fn failure(story: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(story)).expect_err("the story should not hold");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn stories_that_hold_pass() {
    Scenario::given_nothing()
        .when(&ann())
        .then_records([booked("ann")])
        .then_answers(&"ann".to_owned())
        .then_alerts(0);
    Scenario::given([booked("bob")])
        .when(&ann())
        .then_breaks_rule("taken");
    let (_, unstreamed) = booked("bob");
    Scenario::given_nothing()
        .and_emitted([Emitted::unstreamed(unstreamed)])
        .when(&ann())
        .then_breaks_rule("taken");
    Scenario::given_nothing()
        .after(&Book::new("room", "bob", Through::Stream))
        .when(&ann())
        .then_breaks_rule("taken");
}

#[test]
fn failure_shows_which_events_differ() {
    let text = failure(|| {
        Scenario::given_nothing()
            .when(&ann())
            .then_records([booked("bob")]);
    });
    assert_eq!(
        text,
        "book_room recorded other events\n\
         \x20 - room: room_booked v1 {\"by\":\"bob\",\"room\":\"room\"}\n\
         \x20 + room: room_booked v1 {\"by\":\"ann\",\"room\":\"room\"}\n\
         (- expected, + recorded)"
    );
}

#[test]
fn failure_says_why_a_command_was_not_carried_out() {
    let text = failure(|| {
        Scenario::given([booked("bob")])
            .when(&ann())
            .then_records_nothing();
    });
    assert_eq!(
        text,
        "book_room was not carried out: decide command: room is bob's"
    );
    let text = failure(|| {
        Scenario::given([booked("bob")]).when(&ann()).then_finds_nothing();
    });
    assert_eq!(
        text,
        "book_room should find nothing, and: decide command: room is bob's"
    );
    let text = failure(|| {
        Scenario::given_nothing().when(&ann()).then_breaks_rule("taken");
    });
    assert!(
        text.starts_with("book_room was carried out, and recorded\n"),
        "{text}"
    );
}
