//! A journey that is booked in steps, by a process that reacts to events and takes back what it did when a step fails.
//!
//! The process keeps no state of its own: it reads the log from the beginning, or from wherever it was, and answers each
//! event by a command whose id follows from that event. So it may be stopped anywhere and run again.
//!
//! ```sh
//! cargo run -p openprod-events --example saga
//! ```

#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::error::Error;
use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, DomainEvent as _, Envelope, Rejection};
use openprod_events::field::{Key, Kind};
use openprod_events::{
    Actor, ApprovalId, CommandError, CommandId, CorrelationId, EventQuery, EventRecord, EventStore, Executor,
    Justification, MemoryStore, SchemaVersion, SequenceNumber, StreamId, SystemIdSource, domain_events,
};
use serde::{Deserialize, Serialize};

enum Journey {}
impl Kind for Journey {
    const NAME: &'static str = "journey";
}

enum Supplier {}
impl Kind for Supplier {
    const NAME: &'static str = "supplier";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Requested {
    journey: Key<Journey>,
    /// In the order in which they are booked.
    suppliers: Vec<Key<Supplier>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Capacity {
    supplier: Key<Supplier>,
    places: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    journey: Key<Journey>,
    supplier: Key<Supplier>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ended {
    journey: Key<Journey>,
}

domain_events! {
    /// What happens to journeys.
    #[derive(Clone, Debug, PartialEq)]
    enum JourneyEvent {
        /// A supplier has so many places.
        Offered(Capacity) = "places_offered" version 1,
        /// Somebody wants to travel.
        Requested(Requested) = "journey_requested" version 1,
        /// A place was booked.
        Booked(Step) = "place_booked" version 1,
        /// There was no place.
        Refused(Step) = "place_refused" version 1,
        /// A booked place was given back.
        Released(Step) = "place_released" version 1,
        /// Everything is booked.
        Completed(Ended) = "journey_completed" version 1,
        /// Nothing is booked any more.
        Abandoned(Ended) = "journey_abandoned" version 1,
    }
}

#[derive(Serialize)]
struct Record {
    stream: StreamId,
    #[serde(skip_serializing)]
    event: JourneyEvent,
    /// The event as it is part of the request.
    payload: openprod_events::Payload,
}

impl Record {
    fn new(stream: StreamId, event: JourneyEvent) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            stream,
            payload: event.to_payload()?,
            event,
        })
    }
}

impl Command for Record {
    const TYPE: CommandType = CommandType::new("record");
    type State = ();
    type Event = JourneyEvent;
    type Answer = ();

    fn apply(&self, (): &mut (), _: &JourneyEvent, _: &EventRecord) {}

    fn decide(&self, (): &()) -> Result<Decision<JourneyEvent, ()>, Rejection> {
        Ok(Decision::new().record(self.stream.clone(), self.event.clone()))
    }
}

/// Books a place, or records that there is none: either way the process goes on from there.
#[derive(Serialize)]
struct Book(Step);

impl Command for Book {
    const TYPE: CommandType = CommandType::new("book_place");
    /// Places that are left.
    type State = u32;
    type Event = JourneyEvent;
    type Answer = bool;

    fn streams(&self) -> Vec<StreamId> {
        vec![self.0.supplier.stream()]
    }

    fn apply(&self, left: &mut u32, event: &JourneyEvent, _: &EventRecord) {
        match event {
            JourneyEvent::Offered(capacity) => *left += capacity.places,
            JourneyEvent::Booked(_) => *left = left.saturating_sub(1),
            JourneyEvent::Released(_) => *left += 1,
            _ => {}
        }
    }

    fn decide(&self, left: &u32) -> Result<Decision<JourneyEvent, bool>, Rejection> {
        let stream = self.0.supplier.stream();
        Ok(if *left > 0 {
            Decision::answering(true).record(stream, JourneyEvent::Booked(self.0.clone()))
        } else {
            Decision::answering(false).record(stream, JourneyEvent::Refused(self.0.clone()))
        })
    }
}

/// Gives a booked place back. Somebody loses something, so it says why.
#[derive(Serialize)]
struct Release(Step);

impl Command for Release {
    const TYPE: CommandType = CommandType::new("release_place");
    /// Whether this journey has a place there.
    type State = bool;
    type Event = JourneyEvent;
    type Answer = ();

    fn is_sensitive(&self) -> bool {
        true
    }

    fn streams(&self) -> Vec<StreamId> {
        vec![self.0.supplier.stream()]
    }

    fn apply(&self, booked: &mut bool, event: &JourneyEvent, _: &EventRecord) {
        match event {
            JourneyEvent::Booked(step) if *step == self.0 => *booked = true,
            JourneyEvent::Released(step) if *step == self.0 => *booked = false,
            _ => {}
        }
    }

    fn decide(&self, booked: &bool) -> Result<Decision<JourneyEvent, ()>, Rejection> {
        if !booked {
            return Err(Rejection::not_found(format!(
                "place of {} at {}",
                self.0.journey, self.0.supplier
            )));
        }
        Ok(Decision::new().record(self.0.supplier.stream(), JourneyEvent::Released(self.0.clone())))
    }
}

/// Reacts to events.
struct Process<'e> {
    executor: &'e Executor,
    cursor: Option<SequenceNumber>,
}

impl<'e> Process<'e> {
    const fn new(executor: &'e Executor) -> Self {
        Self {
            executor,
            cursor: None,
        }
    }

    /// Answers events until there are none, at most `events` of them. How many there were.
    fn run(&mut self, events: usize) -> Result<usize, Box<dyn Error>> {
        let mut seen = 0;
        loop {
            let after = EventQuery::all().after(self.cursor);
            let records = self.executor.store().query(&after)?.event_records;
            if records.is_empty() {
                return Ok(seen);
            }
            for record in records {
                if seen == events {
                    return Ok(seen);
                }
                self.answer(&record)?;
                self.cursor = Some(record.sequence_number);
                seen += 1;
            }
        }
    }

    fn answer(&self, record: &EventRecord) -> Result<(), Box<dyn Error>> {
        let Some(event) = read(record)? else {
            return Ok(());
        };
        match event {
            JourneyEvent::Requested(requested) => self.book_next(record, &requested, 0),
            JourneyEvent::Booked(step) => {
                let requested = self.request(&step.journey)?;
                let place = requested
                    .suppliers
                    .iter()
                    .position(|supplier| *supplier == step.supplier);
                self.book_next(record, &requested, place.map_or(0, |place| place + 1))
            }
            JourneyEvent::Refused(step) => self.take_back(record, &step.journey),
            _ => Ok(()),
        }
    }

    /// Books at the next supplier, or ends the journey when there is none.
    fn book_next(
        &self,
        cause: &EventRecord,
        requested: &Requested,
        next: usize,
    ) -> Result<(), Box<dyn Error>> {
        let journey = requested.journey.clone();
        let envelope = self.envelope(cause, "go on")?;
        match requested.suppliers.get(next) {
            Some(supplier) => {
                let supplier = supplier.clone();
                self.executor
                    .execute(&Book(Step { journey, supplier }), &envelope)?;
            }
            None => {
                let stream = journey.stream();
                let completed = JourneyEvent::Completed(Ended { journey });
                self.executor
                    .execute(&Record::new(stream, completed)?, &envelope)?;
            }
        }
        Ok(())
    }

    /// Gives back what was booked, last first, each with what it takes back and on whose approval.
    fn take_back(&self, cause: &EventRecord, journey: &Key<Journey>) -> Result<(), Box<dyn Error>> {
        for supplier in self.request(journey)?.suppliers.into_iter().rev() {
            let step = Step {
                journey: journey.clone(),
                supplier,
            };
            let Some(booked) = self.booking(&step)? else {
                continue;
            };
            let envelope = self
                .envelope(cause, &format!("release {}", step.supplier))?
                .because(Justification::new("another part of the journey has no place")?)
                .approved(ApprovalId::new("travel policy 4")?)
                .compensating(booked.event_id);
            self.executor.execute(&Release(step), &envelope)?;
        }
        let abandoned = JourneyEvent::Abandoned(Ended {
            journey: journey.clone(),
        });
        let envelope = self.envelope(cause, "abandon")?;
        self.executor
            .execute(&Record::new(journey.stream(), abandoned)?, &envelope)?;
        Ok(())
    }

    fn envelope(&self, cause: &EventRecord, purpose: &str) -> Result<Envelope, Box<dyn Error>> {
        let id = CommandId::answering(cause.event_id, purpose);
        Ok(Envelope::new(id, Actor::new("journey process")?).caused_by(cause))
    }

    fn request(&self, journey: &Key<Journey>) -> Result<Requested, Box<dyn Error>> {
        let read = self.executor.store().read_streams(&[journey.stream()], None)?;
        for record in &read.records {
            if let Some(JourneyEvent::Requested(requested)) = self::read(record)? {
                return Ok(requested);
            }
        }
        Err(format!("journey {journey} was never requested").into())
    }

    /// The event of a booking.
    fn booking(&self, step: &Step) -> Result<Option<EventRecord>, Box<dyn Error>> {
        let records = self
            .executor
            .store()
            .read_streams(&[step.supplier.stream()], None)?
            .records;
        for record in records {
            if matches!(read(&record)?, Some(JourneyEvent::Booked(booked)) if booked == *step) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

fn read(record: &EventRecord) -> Result<Option<JourneyEvent>, Box<dyn Error>> {
    let version = record.metadata.schema_version.unwrap_or(SchemaVersion::FIRST);
    Ok(openprod_events::DomainEvent::read(
        &record.event_type,
        version,
        &record.payload,
    )?)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let store = Arc::new(MemoryStore::default());
    let executor = Executor::new(store.clone());
    let planner = Actor::new("planner")?;
    let [train, hotel, ferry] = [Key::new("train")?, Key::new("hotel")?, Key::new("ferry")?];
    for (supplier, places) in [(&train, 2), (&hotel, 2), (&ferry, 1)] {
        let offered = JourneyEvent::Offered(Capacity {
            supplier: supplier.clone(),
            places,
        });
        let envelope = Envelope::minted(&SystemIdSource, planner.clone());
        executor.execute(&Record::new(supplier.stream(), offered)?, &envelope)?;
        println!("the {supplier} has {places} places");
    }
    for name in ["ann", "bob"] {
        let journey: Key<Journey> = Key::new(name)?;
        let requested = JourneyEvent::Requested(Requested {
            journey: journey.clone(),
            suppliers: vec![train.clone(), hotel.clone(), ferry.clone()],
        });
        let envelope = Envelope::minted(&SystemIdSource, planner.clone())
            .in_process(CorrelationId::new(format!("journey of {name}"))?);
        executor.execute(&Record::new(journey.stream(), requested)?, &envelope)?;
        println!("{name} wants to go");
    }

    // The process dies again and again, in the midst of the work, and begins from the very start each time.
    for events in [6, 8, 11, usize::MAX] {
        Process::new(&executor).run(events)?;
    }
    let before = store.head()?;
    Process::new(&executor).run(usize::MAX)?;
    assert_eq!(
        store.head()?,
        before,
        "what was answered once is not answered again"
    );

    let records = store.query(&EventQuery::all())?.event_records;
    for record in records.iter().skip(5) {
        let process = record
            .metadata
            .correlation_id
            .as_ref()
            .map_or("", CorrelationId::as_str);
        let after = record.metadata.compensates.map_or("", |_| " (taken back)");
        println!("  {process}: {}{after}", record.event_type);
    }
    let of_type = |name: &str| {
        records
            .iter()
            .filter(|record| record.event_type.as_str() == name)
            .count()
    };
    assert_eq!(
        (of_type("journey_completed"), of_type("journey_abandoned")),
        (1, 1)
    );
    assert_eq!(
        (
            of_type("place_booked"),
            of_type("place_refused"),
            of_type("place_released")
        ),
        (5, 1, 2)
    );
    for released in records
        .iter()
        .filter(|record| record.event_type.as_str() == "place_released")
    {
        let metadata = &released.metadata;
        let original = records
            .iter()
            .find(|record| Some(record.event_id) == metadata.compensates);
        let original = original.ok_or("a compensation names what it takes back")?;
        assert_eq!(
            (original.event_type.as_str(), &original.payload),
            ("place_booked", &released.payload)
        );
        assert!(metadata.approval_id.is_some() && metadata.justification.is_some());
    }
    println!("one of them travels, and the other's train and hotel are free again");

    // Without a reason nobody gives a place back.
    let silent = Envelope::minted(&SystemIdSource, planner);
    let step = Step {
        journey: Key::new("ann")?,
        supplier: train,
    };
    let refused = executor.execute(&Release(step), &silent);
    assert!(matches!(
        refused,
        Err(CommandError::Rejected(Rejection::Validation { .. }))
    ));
    println!("nobody gives a place back without saying why");
    Ok(())
}
