//! The executor, on every store.

mod answers;
mod audit;
mod folding;
mod meddling;
mod racing;
mod rejections;
mod retrying;
mod scenarios;
mod secrecy;

use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, Envelope, Rejection};
use openprod_events::{
    Actor, CommandId, EventFilter, EventQuery, EventRecord, EventStore, EventType, MemoryStore,
    PayloadPredicate, PostgresStore, SqliteStore, StreamId, domain_events,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::server;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Booking {
    pub(crate) room: String,
    pub(crate) by: String,
}

domain_events! {
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum RoomEvent {
        Booked(Booking) = "room_booked" version 1,
        Freed(Booking) = "room_freed" version 1,
    }
}

/// How a booking looks for earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) enum Through {
    Stream,
    Context,
    Both,
}

/// Books a room, unless it is taken.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Book {
    pub(crate) room: String,
    pub(crate) by: String,
    pub(crate) through: Through,
}

impl Book {
    pub(crate) fn new(room: &str, by: &str, through: Through) -> Self {
        Self {
            room: room.to_owned(),
            by: by.to_owned(),
            through,
        }
    }

    pub(crate) fn booking(&self) -> Booking {
        Booking {
            room: self.room.clone(),
            by: self.by.clone(),
        }
    }
}

impl Command for Book {
    const TYPE: CommandType = CommandType::new("book_room");
    type State = Option<String>;
    type Event = RoomEvent;
    /// Who has it now.
    type Answer = String;

    fn streams(&self) -> Vec<StreamId> {
        match self.through {
            Through::Stream | Through::Both => vec![stream(&self.room)],
            Through::Context => Vec::new(),
        }
    }

    fn context(&self) -> Option<EventQuery> {
        match self.through {
            Through::Context | Through::Both => Some(about(&self.room)),
            Through::Stream => None,
        }
    }

    fn apply(&self, holder: &mut Option<String>, event: &RoomEvent, _: &EventRecord) {
        *holder = match event {
            RoomEvent::Booked(booking) => Some(booking.by.clone()),
            RoomEvent::Freed(_) => None,
        };
    }

    fn decide(&self, holder: &Option<String>) -> Result<Decision<RoomEvent, String>, Rejection> {
        if let Some(holder) = holder {
            return Err(Rejection::rule("taken", format!("{} is {holder}'s", self.room)));
        }
        let event = RoomEvent::Booked(self.booking());
        Ok(Decision::answering(self.by.clone()).record(stream(&self.room), event))
    }
}

pub(crate) fn stream(name: &str) -> StreamId {
    StreamId::new(name).unwrap()
}

/// Whatever happened to a room.
pub(crate) fn about(room: &str) -> EventQuery {
    let types = ["room_booked", "room_freed"].map(|name| EventType::new(name).unwrap());
    let of_room = PayloadPredicate::new(json!({ "room": room })).unwrap();
    EventQuery::any_of([EventFilter::of_types(types).matching([of_room])])
}

pub(crate) fn actor(name: &str) -> Actor {
    Actor::new(name).unwrap()
}

pub(crate) fn envelope(number: u128) -> Envelope {
    Envelope::new(CommandId::from_u128(number), actor("ann"))
}

/// Runs a test on an empty store of each kind.
pub(crate) fn on_every_store(test: &str, check: impl Fn(Arc<dyn EventStore>)) {
    check(Arc::new(MemoryStore::default()));
    let directory = tempfile::tempdir().unwrap();
    check(Arc::new(
        SqliteStore::open(&directory.path().join("events.db")).unwrap(),
    ));
    if let Some(url) = server::url(test) {
        check(Arc::new(PostgresStore::open(&server::fresh(&url)).unwrap()));
    }
}
