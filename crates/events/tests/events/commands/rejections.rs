//! Why commands are not carried out, each kind as a type and as JSON.

use std::sync::{Arc, Mutex};

use openprod_events::command::{
    Command, CommandType, Decision, Permission, Rejection, UnreadableEvent, Violations,
};
use openprod_events::executor::{Alert, Alerted, Ending, Roles};
use openprod_events::{
    CommandError, EventQuery, EventRecord, EventStore as _, EventType, Executor, Justification, MemoryStore,
    Metadata, NewEvent, Payload, SchemaVersion, StreamId,
};
use serde::Serialize;
use serde_json::json;

use super::{Booking, RoomEvent, actor, envelope, stream};

/// Takes a room away from whoever has it.
#[derive(Clone, Debug, Default, Serialize)]
struct Evict {
    room: String,
    fee: i64,
}

impl Evict {
    const PERMISSION: Permission = Permission::new("rooms.evict");

    fn of(room: &str) -> Self {
        Self {
            room: room.to_owned(),
            fee: 0,
        }
    }
}

impl Command for Evict {
    const TYPE: CommandType = CommandType::new("evict");
    type State = (bool, bool);
    type Event = RoomEvent;
    type Answer = ();

    fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::none();
        violations.require(!self.room.is_empty(), "room", "is empty");
        violations.require(self.fee >= 0, "fee", "is less than nothing");
        violations.into_result()
    }

    fn permission(&self) -> Option<Permission> {
        Some(Self::PERMISSION)
    }

    fn is_sensitive(&self) -> bool {
        true
    }

    fn is_critical(&self) -> bool {
        true
    }

    fn streams(&self) -> Vec<StreamId> {
        vec![stream(&self.room)]
    }

    fn apply(&self, (known, taken): &mut (bool, bool), event: &RoomEvent, _: &EventRecord) {
        *known = true;
        *taken = matches!(event, RoomEvent::Booked(_));
    }

    fn decide(&self, (known, taken): &(bool, bool)) -> Result<Decision<RoomEvent, ()>, Rejection> {
        if !known {
            return Err(Rejection::not_found(format!("room {}", self.room)));
        }
        if !taken {
            return Err(Rejection::invalid_state(format!("room {}", self.room), "is free"));
        }
        if self.fee > 100 {
            return Err(Rejection::rule("fee_too_high", "100 is the most"));
        }
        let freed = RoomEvent::Freed(Booking {
            room: self.room.clone(),
            by: "somebody".to_owned(),
        });
        Ok(Decision::new().record(stream(&self.room), freed))
    }
}

fn booked(room: &str) -> NewEvent {
    let payload = Payload::new(json!({"room": room, "by": "bob"})).unwrap();
    NewEvent::new(EventType::new("room_booked").unwrap(), payload).in_stream(stream(room))
}

struct Rig {
    store: Arc<MemoryStore>,
    executor: Executor,
    alerts: Arc<Mutex<Vec<Alert>>>,
}

impl Rig {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        let alerts: Arc<Mutex<Vec<Alert>>> = Arc::default();
        let raised = alerts.clone();
        let executor = Executor::new(store.clone())
            .with_authority(
                Roles::new()
                    .grant("manager", [Evict::PERMISSION])
                    .assign(actor("ann"), "manager"),
            )
            .with_alerts(move |alert: &Alert| raised.lock().unwrap().push(alert.clone()));
        Self {
            store,
            executor,
            alerts,
        }
    }

    fn reject(&self, command: &Evict) -> Rejection {
        let because = envelope(1_000).because(Justification::new("rent is due").unwrap());
        let error = self.executor.execute(command, &because).unwrap_err();
        match error {
            CommandError::Rejected(rejection) => rejection,
            other => panic!("{other:?}"),
        }
    }
}

fn check(rejection: &Rejection, json: serde_json::Value) {
    assert_eq!(serde_json::to_value(rejection).unwrap(), json);
}

#[test]
fn each_kind_of_rejection_is_a_type() {
    let rig = Rig::new();
    let wrong = Evict {
        room: String::new(),
        fee: -1,
    };
    check(
        &rig.reject(&wrong),
        json!({"kind": "validation", "violations": [
            {"field": "room", "message": "is empty"}, {"field": "fee", "message": "is less than nothing"},
        ]}),
    );
    check(
        &rig.reject(&Evict::of("room")),
        json!({"kind": "not_found", "subject": "room room"}),
    );
    rig.store.append(vec![booked("room")]).unwrap();
    let dear = Evict {
        fee: 101,
        ..Evict::of("room")
    };
    check(
        &rig.reject(&dear),
        json!({"kind": "business_rule", "rule": "fee_too_high", "message": "100 is the most"}),
    );
    let because = envelope(2).because(Justification::new("rent is due").unwrap());
    rig.executor.execute(&Evict::of("room"), &because).unwrap();
    check(
        &rig.reject(&Evict::of("room")),
        json!({"kind": "invalid_state", "subject": "room room", "reason": "is free"}),
    );
    let figures = rig.executor.metrics().of(&Evict::TYPE);
    for ending in [
        Ending::Validation,
        Ending::NotFound,
        Ending::BusinessRule,
        Ending::InvalidState,
        Ending::CarriedOut,
    ] {
        assert_eq!(figures.ended(ending), 1, "{ending:?}");
    }
}

#[test]
fn who_may_not_is_refused_before_anything_is_looked_at() {
    let rig = Rig::new();
    let mut stranger = envelope(1);
    stranger.actor = actor("eve");
    let wrong = Evict {
        room: String::new(),
        fee: -1,
    };
    let error = rig.executor.execute(&wrong, &stranger).unwrap_err();
    check(
        error.rejection().unwrap(),
        json!({"kind": "unauthorised", "actor": "eve", "permission": "rooms.evict"}),
    );
    // Not even what was answered to somebody else.
    rig.store.append(vec![booked("room")]).unwrap();
    let because = envelope(2).because(Justification::new("rent is due").unwrap());
    rig.executor.execute(&Evict::of("room"), &because).unwrap();
    let mut curious = because.clone();
    curious.actor = actor("eve");
    let error = rig.executor.execute(&Evict::of("room"), &curious).unwrap_err();
    assert!(matches!(error.rejection(), Some(Rejection::Unauthorised { .. })));
}

#[test]
fn executor_without_authority_permits_nothing_that_needs_a_permission() {
    let executor = Executor::new(Arc::new(MemoryStore::default()));
    let error = executor.execute(&Evict::of("room"), &envelope(1)).unwrap_err();
    assert!(matches!(error.rejection(), Some(Rejection::Unauthorised { .. })));
}

#[test]
fn sensitive_command_without_justification_fails_validation_beside_all_else() {
    let rig = Rig::new();
    let wrong = Evict {
        room: String::new(),
        fee: 0,
    };
    let error = rig.executor.execute(&wrong, &envelope(1)).unwrap_err();
    let Some(Rejection::Validation { violations }) = error.rejection() else {
        panic!("{error:?}");
    };
    assert!(violations.concern("room") && violations.concern("justification"));
    assert_eq!(rig.store.head().unwrap(), None);
}

#[test]
fn critical_command_raises_one_alert_and_a_forbidden_one_too() {
    let rig = Rig::new();
    rig.store.append(vec![booked("room")]).unwrap();
    let because = envelope(1).because(Justification::new("rent is due").unwrap());
    let outcome = rig.executor.execute(&Evict::of("room"), &because).unwrap();
    assert!(
        rig.executor
            .execute(&Evict::of("room"), &because)
            .unwrap()
            .repeated
    );
    rig.reject(&Evict::of("other room"));
    let mut stranger = because.clone();
    stranger.actor = actor("eve");
    rig.executor.execute(&Evict::of("room"), &stranger).unwrap_err();
    let alerts = rig.alerts.lock().unwrap();
    let expected = [
        Alert {
            command_type: Evict::TYPE,
            envelope: because,
            what: Alerted::CarriedOut {
                append: outcome.append,
            },
        },
        Alert {
            command_type: Evict::TYPE,
            envelope: stranger,
            what: Alerted::NotPermitted {
                permission: Evict::PERMISSION,
            },
        },
    ];
    assert_eq!(*alerts, expected);
}

#[test]
fn event_of_a_newer_form_is_named_and_nothing_is_decided_on_it() {
    let rig = Rig::new();
    let metadata = Metadata {
        schema_version: SchemaVersion::new(2),
        ..Metadata::default()
    };
    rig.store
        .append(vec![booked("room"), booked("room").with_metadata(metadata)])
        .unwrap();
    let because = envelope(1).because(Justification::new("rent is due").unwrap());
    let error = rig.executor.execute(&Evict::of("room"), &because).unwrap_err();
    let CommandError::UnreadableEvent {
        sequence_number,
        source: UnreadableEvent::Version { found, known },
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((sequence_number.0, found.get(), known.get()), (2, 2, 1));
    assert_eq!(rig.executor.metrics().of(&Evict::TYPE).ended(Ending::Failed), 1);
    assert_eq!(
        rig.store.query(&EventQuery::all()).unwrap().event_records.len(),
        2
    );
}

#[test]
fn stored_events_are_brought_to_their_present_form_on_the_way() {
    let store = Arc::new(MemoryStore::default());
    let old = Payload::new(json!({"chamber": "room", "by": "bob"})).unwrap();
    let old = NewEvent::new(EventType::new("room_booked").unwrap(), old).in_stream(stream("room"));
    store.append(vec![old]).unwrap();
    let executor = Executor::new(store)
        .with_authority(|_: &_, _: &_| true)
        .with_records(|mut record: EventRecord| {
            let chamber = record.payload.value()["chamber"].clone();
            if !chamber.is_string() {
                return Err("it names no chamber".into());
            }
            record.payload = Payload::new(json!({"room": chamber, "by": "bob"}))?;
            Ok(record)
        });
    let because = |number| envelope(number).because(Justification::new("rent is due").unwrap());
    executor.execute(&Evict::of("room"), &because(1)).unwrap();
    // The new event is of another form, of which this reader knows nothing.
    let error = executor.execute(&Evict::of("room"), &because(2)).unwrap_err();
    assert!(matches!(error, CommandError::Record { sequence_number, .. } if sequence_number.0 == 2));
}
