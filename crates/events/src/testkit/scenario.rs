//! Given these events, when this command comes, then that happens.

use std::fmt::{self, Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use crate::command::{Command, DomainEvent, Emitted, Envelope, Permission, Rejection};
use crate::event::{EventRecord, NewEvent, SchemaVersion};
use crate::executor::{Alert, Authority, CommandError, Executor, Outcome, RetryPolicy};
use crate::id::CommandId;
use crate::memory::MemoryStore;
use crate::name::Actor;
use crate::query::EventQuery;
use crate::store::EventStore as _;

/// Where a story begins.
///
/// ```
/// use openprod_events::testkit::Scenario;
/// use openprod_events::command::{Command, CommandType, Decision, Rejection};
/// use openprod_events::{EventRecord, StreamId, domain_events};
///
/// domain_events! {
///     #[derive(Debug)]
///     enum DoorEvent {
///         Opened(()) = "door_opened" version 1,
///     }
/// }
///
/// #[derive(serde::Serialize)]
/// struct OpenDoor;
///
/// impl Command for OpenDoor {
///     const TYPE: CommandType = CommandType::new("open_door");
///     type State = bool;
///     type Event = DoorEvent;
///     type Answer = ();
///
///     fn streams(&self) -> Vec<StreamId> {
///         vec![StreamId::new("door").expect("well formed")]
///     }
///
///     fn apply(&self, open: &mut bool, _: &DoorEvent, _: &EventRecord) {
///         *open = true;
///     }
///
///     fn decide(&self, open: &bool) -> Result<Decision<DoorEvent, ()>, Rejection> {
///         if *open {
///             return Err(Rejection::invalid_state("the door", "is open"));
///         }
///         Ok(Decision::new().record(StreamId::new("door").expect("well formed"), DoorEvent::Opened(())))
///     }
/// }
///
/// let door = StreamId::new("door")?;
/// Scenario::given_nothing().when(&OpenDoor).then_records([(door.clone(), DoorEvent::Opened(()))]);
/// Scenario::given([(door, DoorEvent::Opened(()))]).when(&OpenDoor).then_in_invalid_state();
/// # Ok::<(), openprod_events::NameError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scenario;

impl Scenario {
    /// A story that begins with an empty store.
    #[must_use]
    pub fn given_nothing() -> Given {
        Given {
            store: Arc::new(MemoryStore::default()),
            actor: Actor::new("tester").expect("well formed"),
            permitted: None,
            envelope: None,
            commands: 0,
        }
    }

    /// A story that begins with these events, each in its stream.
    ///
    /// # Panics
    /// When one cannot be stored.
    #[must_use]
    pub fn given<E: DomainEvent>(events: impl IntoIterator<Item = (crate::name::StreamId, E)>) -> Given {
        Self::given_nothing().and(events)
    }
}

/// What happened before.
pub struct Given {
    store: Arc<MemoryStore>,
    actor: Actor,
    permitted: Option<Vec<Permission>>,
    envelope: Option<Envelope>,
    commands: u128,
}

impl Given {
    /// The same, and these events too, of another type perhaps.
    ///
    /// # Panics
    /// When one cannot be stored.
    #[must_use]
    pub fn and<E: DomainEvent>(self, events: impl IntoIterator<Item = (crate::name::StreamId, E)>) -> Self {
        let emitted = events
            .into_iter()
            .map(|(stream, event)| Emitted::to(stream, event));
        self.and_emitted(emitted)
    }

    /// The same, and these events too, in streams or in none.
    ///
    /// # Panics
    /// When one cannot be stored.
    #[must_use]
    pub fn and_emitted<E: DomainEvent>(self, events: impl IntoIterator<Item = Emitted<E>>) -> Self {
        let events: Vec<_> = events.into_iter().map(stored).collect();
        if !events.is_empty() {
            self.store.append(events).expect("given events can be stored");
        }
        self
    }

    /// The same, after a command that is carried out.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn after<C: Command>(mut self, command: &C) -> Self {
        let envelope = self.next_envelope();
        let executor = Executor::new(self.store.clone()).with_authority(|_: &Actor, _: &Permission| true);
        if let Err(error) = executor.execute(command, &envelope) {
            panic!("given command {} was not carried out: {}", C::TYPE, chain(&error));
        }
        self
    }

    /// The same, where the command is given by somebody.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// The same, where these things are permitted, and no others; everything is where nothing is said.
    #[must_use]
    pub fn permitting(mut self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        self.permitted = Some(permissions.into_iter().collect());
        self
    }

    /// The same, where the command comes in this envelope.
    #[must_use]
    pub fn in_envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = Some(envelope);
        self
    }

    /// The command comes.
    #[must_use]
    pub fn when<C: Command>(mut self, command: &C) -> Then<C> {
        let envelope = self.next_envelope();
        let alerts = Arc::new(Mutex::new(Vec::new()));
        let raised = alerts.clone();
        let executor = Executor::new(self.store.clone())
            .with_authority(Permitted(self.permitted))
            .with_alerts(move |alert: &Alert| {
                raised
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(alert.clone());
            })
            .with_retry(RetryPolicy::once());
        let before = self.store.head().expect("a store in memory can be read");
        let result = executor.execute(command, &envelope);
        let after = EventQuery::all().after(before);
        let recorded = self
            .store
            .query(&after)
            .expect("a store in memory can be read")
            .event_records;
        let alerts = alerts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Then {
            result,
            recorded,
            alerts,
        }
    }

    fn next_envelope(&mut self) -> Envelope {
        self.commands += 1;
        let minted = Envelope::new(CommandId::from_u128(self.commands), self.actor.clone());
        self.envelope.take().unwrap_or(minted)
    }
}

/// Permits what is listed, everything without a list.
struct Permitted(Option<Vec<Permission>>);

impl Authority for Permitted {
    fn permits(&self, _: &Actor, permission: &Permission) -> bool {
        self.0
            .as_ref()
            .is_none_or(|permitted| permitted.contains(permission))
    }
}

/// What the command led to. Each check panics with what was expected and what was found.
#[derive(Debug)]
pub struct Then<C: Command> {
    result: Result<Outcome<C::Answer>, CommandError>,
    recorded: Vec<EventRecord>,
    alerts: Vec<Alert>,
}

impl<C: Command> Then<C> {
    /// It recorded exactly these events, in this order, each in its stream.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn then_records<E: DomainEvent>(
        self,
        events: impl IntoIterator<Item = (crate::name::StreamId, E)>,
    ) -> Self {
        let emitted = events
            .into_iter()
            .map(|(stream, event)| Emitted::to(stream, event));
        self.then_emits(emitted)
    }

    /// It recorded exactly these events, in this order, in their streams or in none.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn then_emits<E: DomainEvent>(self, events: impl IntoIterator<Item = Emitted<E>>) -> Self {
        if let Err(error) = &self.result {
            panic!("{} was not carried out: {}", C::TYPE, chain(error));
        }
        let expected: Vec<_> = events.into_iter().map(stored).map(Line::of_new).collect();
        let found: Vec<_> = self.recorded.iter().map(Line::of_record).collect();
        assert!(
            expected == found,
            "{} recorded other events\n{}",
            C::TYPE,
            compared(&expected, &found)
        );
        self
    }

    /// It was carried out and recorded nothing.
    ///
    /// # Panics
    /// When it was not, or did.
    #[track_caller]
    pub fn then_records_nothing(self) -> Self {
        self.then_emits(std::iter::empty::<Emitted<C::Event>>())
    }

    /// It answered that.
    ///
    /// # Panics
    /// When it was not carried out, or answered something else.
    #[track_caller]
    pub fn then_answers(self, expected: &C::Answer) -> Self
    where
        C::Answer: PartialEq + Debug,
    {
        match &self.result {
            Ok(outcome) => assert_eq!(outcome.answer, *expected, "{} answered something else", C::TYPE),
            Err(error) => panic!("{} was not carried out: {}", C::TYPE, chain(error)),
        }
        self
    }

    /// It was rejected, by that rule.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn then_breaks_rule(self, expected: &str) -> Self {
        match self.rejection() {
            Rejection::BusinessRule { rule, .. } if rule == expected => self,
            other => panic!("{} should break the rule {expected}, and: {other}", C::TYPE),
        }
    }

    /// It was rejected, because something is wrong with these fields, at least.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn then_fails_validation_of<'f>(self, fields: impl IntoIterator<Item = &'f str>) -> Self {
        match self.rejection() {
            Rejection::Validation { violations } => {
                for field in fields {
                    assert!(
                        violations.concern(field),
                        "{}: nothing is said of the field {field}, but: {violations}",
                        C::TYPE
                    );
                }
            }
            other => panic!("{} should fail validation, and: {other}", C::TYPE),
        }
        self
    }

    /// It was rejected, because something is not there.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn then_finds_nothing(self) -> Self {
        match self.rejection() {
            Rejection::NotFound { .. } => self,
            other => panic!("{} should find nothing, and: {other}", C::TYPE),
        }
    }

    /// It was rejected, because something is in another state.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn then_in_invalid_state(self) -> Self {
        match self.rejection() {
            Rejection::InvalidState { .. } => self,
            other => panic!("{} should find another state, and: {other}", C::TYPE),
        }
    }

    /// It was rejected, because it is not permitted.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn then_is_not_permitted(self) -> Self {
        match self.rejection() {
            Rejection::Unauthorised { .. } => self,
            other => panic!("{} should not be permitted, and: {other}", C::TYPE),
        }
    }

    /// So many alerts were raised.
    ///
    /// # Panics
    /// When it were more or fewer.
    #[track_caller]
    pub fn then_alerts(self, count: usize) -> Self {
        assert_eq!(self.alerts.len(), count, "{} raised {:?}", C::TYPE, self.alerts);
        self
    }

    /// What became of the command, for other checks.
    pub const fn result(&self) -> &Result<Outcome<C::Answer>, CommandError> {
        &self.result
    }

    /// The events that it recorded, for other checks.
    #[must_use]
    pub fn recorded(&self) -> &[EventRecord] {
        &self.recorded
    }

    #[track_caller]
    fn rejection(&self) -> &Rejection {
        let found: Vec<_> = self.recorded.iter().map(Line::of_record).collect();
        match &self.result {
            Ok(_) => panic!("{} was carried out, and recorded\n{}", C::TYPE, lines(&found)),
            Err(CommandError::Rejected(rejection)) => {
                assert!(
                    found.is_empty(),
                    "{} was rejected, and recorded\n{}",
                    C::TYPE,
                    lines(&found)
                );
                rejection
            }
            Err(error) => panic!("{} failed: {}", C::TYPE, chain(error)),
        }
    }
}

/// An event as failures show it.
#[derive(PartialEq)]
struct Line {
    event_type: String,
    version: SchemaVersion,
    stream: Option<String>,
    payload: String,
}

impl Line {
    fn of_new(event: NewEvent) -> Self {
        Self {
            event_type: event.event_type.to_string(),
            version: event.metadata.schema_version.unwrap_or(SchemaVersion::FIRST),
            stream: event.stream.map(|stream| stream.to_string()),
            payload: event.payload.canonical().to_owned(),
        }
    }

    fn of_record(record: &EventRecord) -> Self {
        Self {
            event_type: record.event_type.to_string(),
            version: record.metadata.schema_version.unwrap_or(SchemaVersion::FIRST),
            stream: record.stream.as_ref().map(|position| position.stream.to_string()),
            payload: record.payload.canonical().to_owned(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = self.stream.as_deref().unwrap_or("no stream");
        write!(
            out,
            "{stream}: {} v{} {}",
            self.event_type, self.version, self.payload
        )
    }
}

/// Two lists of events, marked where they differ.
fn compared(expected: &[Line], found: &[Line]) -> String {
    let mut text = String::new();
    for index in 0..expected.len().max(found.len()) {
        match (expected.get(index), found.get(index)) {
            (Some(expected), Some(found)) if expected == found => {
                writeln!(text, "    {expected}")
            }
            (expected, found) => {
                let expected = expected.map_or(Ok(()), |line| writeln!(text, "  - {line}"));
                expected.and_then(|()| found.map_or(Ok(()), |line| writeln!(text, "  + {line}")))
            }
        }
        .expect("writing to a string does not fail");
    }
    text + "(- expected, + recorded)"
}

fn lines(found: &[Line]) -> String {
    let lines: Vec<_> = found.iter().map(|line| format!("  + {line}")).collect();
    lines.join("\n")
}

/// An error with all of its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        write!(text, ", because {source}").expect("writing to a string does not fail");
        cause = source.source();
    }
    text
}

fn stored<E: DomainEvent>(emitted: Emitted<E>) -> NewEvent {
    let payload = emitted
        .event
        .to_payload()
        .expect("the events of a scenario can be written");
    let mut new = NewEvent::new(emitted.event.event_type(), payload);
    let version = emitted.event.schema_version();
    new.metadata.schema_version = (version > SchemaVersion::FIRST).then_some(version);
    new.stream = emitted.stream;
    new
}
