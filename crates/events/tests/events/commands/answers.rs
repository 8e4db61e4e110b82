//! One command id, one request, one answer.

use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, DomainEvent as _, Rejection};
use openprod_events::executor::Ending;
use openprod_events::{CommandError, EventQuery, EventRecord, Executor, MemoryStore, NewEvent, StreamId};
use serde::{Deserialize, Serialize};

use super::{Book, RoomEvent, Through, about, actor, envelope, on_every_store, stream};

#[test]
fn command_given_again_is_answered_as_the_first_time_though_it_would_be_rejected_now() {
    on_every_store("command_given_again", |store| {
        let executor = Executor::new(store.clone());
        let command = Book::new("room", "ann", Through::Both);
        let first = executor.execute(&command, &envelope(1)).unwrap();
        assert!(!first.repeated);
        // Ann has the room, so a new command of hers would break the rule.
        assert!(executor.execute(&command, &envelope(2)).is_err());
        for actor_now in ["ann", "bob"] {
            let mut again = envelope(1);
            again.actor = actor(actor_now);
            let outcome = executor.execute(&command, &again).unwrap();
            assert!(outcome.repeated);
            assert_eq!(
                (outcome.answer, outcome.append),
                (first.answer.clone(), first.append)
            );
            assert_eq!(outcome.streams, first.streams);
        }
        assert_eq!(store.query(&EventQuery::all()).unwrap().event_records.len(), 1);
        assert_eq!(executor.metrics().of(&Book::TYPE).ended(Ending::Repeated), 2);
    });
}

#[test]
fn command_id_with_another_request_is_an_error() {
    on_every_store("command_id_with_another_request", |store| {
        let executor = Executor::new(store.clone());
        executor
            .execute(&Book::new("room", "ann", Through::Stream), &envelope(1))
            .unwrap();
        // Whether the other request could be carried out or not.
        for room in ["room", "other room"] {
            let error = executor
                .execute(&Book::new(room, "bob", Through::Stream), &envelope(1))
                .unwrap_err();
            assert!(matches!(error, CommandError::Reused { command } if command == envelope(1).command_id));
        }
        assert_eq!(store.query(&EventQuery::all()).unwrap().event_records.len(), 1);
    });
}

#[test]
fn id_of_a_rejected_command_is_still_free() {
    on_every_store("id_of_a_rejected_command", |store| {
        let executor = Executor::new(store.clone());
        let [eve, ann] = ["eve", "ann"].map(|name| Book::new("room", name, Through::Context));
        executor.execute(&eve, &envelope(1)).unwrap();
        assert!(executor.execute(&ann, &envelope(2)).is_err());
        let freed = RoomEvent::Freed(eve.booking());
        store
            .append(vec![NewEvent::new(
                freed.event_type(),
                freed.to_payload().unwrap(),
            )])
            .unwrap();
        assert!(!executor.execute(&ann, &envelope(2)).unwrap().repeated);
        assert_eq!(store.query(&about("room")).unwrap().event_records.len(), 3);
    });
}

/// Frees a room; that it was free already is as good.
#[derive(Serialize)]
struct Free {
    room: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Freed {
    was: Option<String>,
    tries: Vec<u8>,
}

impl Command for Free {
    const TYPE: CommandType = CommandType::new("free_room");
    type State = Option<String>;
    type Event = RoomEvent;
    type Answer = Freed;

    fn streams(&self) -> Vec<StreamId> {
        vec![stream(&self.room)]
    }

    fn apply(&self, holder: &mut Option<String>, event: &RoomEvent, _: &EventRecord) {
        *holder = match event {
            RoomEvent::Booked(booking) => Some(booking.by.clone()),
            RoomEvent::Freed(_) => None,
        };
    }

    fn decide(&self, holder: &Option<String>) -> Result<Decision<RoomEvent, Freed>, Rejection> {
        let decision = Decision::answering(Freed {
            was: holder.clone(),
            tries: vec![1, 2],
        });
        Ok(match holder {
            None => decision,
            Some(by) => decision.record(
                stream(&self.room),
                RoomEvent::Freed(Book::new(&self.room, by, Through::Stream).booking()),
            ),
        })
    }
}

#[test]
fn command_that_led_to_nothing_is_remembered_with_its_answer() {
    on_every_store("command_that_led_to_nothing", |store| {
        let executor = Executor::new(store.clone());
        let free = Free {
            room: "room".to_owned(),
        };
        let first = executor.execute(&free, &envelope(1)).unwrap();
        assert_eq!(first.append, None);
        executor
            .execute(&Book::new("room", "ann", Through::Stream), &envelope(2))
            .unwrap();
        let again = executor.execute(&free, &envelope(1)).unwrap();
        assert!(again.repeated);
        assert_eq!(again.answer, first.answer);
        assert_eq!(again.answer.was, None);
        let other = executor.execute(&free, &envelope(3)).unwrap();
        assert_eq!(other.answer.was.as_deref(), Some("ann"));
    });
}

#[test]
fn same_id_for_another_kind_of_command_is_an_error() {
    let executor = Executor::new(Arc::new(MemoryStore::default()));
    let free = Free {
        room: "room".to_owned(),
    };
    executor.execute(&free, &envelope(1)).unwrap();
    let other = executor.execute(&Book::new("room", "ann", Through::Stream), &envelope(1));
    assert!(matches!(other, Err(CommandError::Reused { .. })));
}
