//! What is kept of a command with each of its events, and what is logged.

use openprod_events::command::{Command as _, Envelope};
use openprod_events::{
    ApprovalId, CorrelationId, EventId, EventQuery, Executor, Justification, Metadata, Payload, Source,
};
use serde_json::json;

use super::{Book, Through, envelope, on_every_store};
use crate::commands::secrecy::logged;

fn full() -> Envelope {
    let mut envelope = envelope(7)
        .from_source(Source::new("terminal 3").unwrap())
        .in_process(CorrelationId::new("request 12").unwrap())
        .because(Justification::new("asked for\nby mail").unwrap())
        .approved(ApprovalId::new("approval 9").unwrap())
        .compensating(EventId::from_u128(3));
    envelope.causation_id = Some(EventId::from_u128(4));
    envelope.custom = Some(Payload::new(json!({"ip": "::1"})).unwrap());
    envelope
}

#[test]
fn envelope_is_kept_with_each_event() {
    on_every_store("envelope_is_kept_with_each_event", |store| {
        let executor = Executor::new(store.clone());
        executor
            .execute(&Book::new("room", "ann", Through::Stream), &full())
            .unwrap();
        let records = store.query(&EventQuery::all()).unwrap().event_records;
        let envelope = full();
        let expected = Metadata {
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            actor: Some(envelope.actor),
            command_id: Some(envelope.command_id),
            command_type: Some(Book::TYPE),
            source: envelope.source,
            justification: envelope.justification,
            approval_id: envelope.approval_id,
            compensates: envelope.compensates,
            schema_version: None,
            custom: envelope.custom,
        };
        assert_eq!(records[0].metadata, expected);
    });
}

#[test]
fn answer_to_an_event_is_part_of_its_process() {
    on_every_store("answer_to_an_event", |store| {
        let executor = Executor::new(store.clone());
        executor
            .execute(&Book::new("room", "ann", Through::Stream), &full())
            .unwrap();
        let cause = store.query(&EventQuery::all()).unwrap().event_records.remove(0);
        let answer = envelope(8).caused_by(&cause);
        executor
            .execute(&Book::new("other room", "ann", Through::Stream), &answer)
            .unwrap();
        let after = EventQuery::all().after(Some(cause.sequence_number));
        let metadata = store.query(&after).unwrap().event_records.remove(0).metadata;
        assert_eq!(metadata.causation_id, Some(cause.event_id));
        assert_eq!(metadata.correlation_id, cause.metadata.correlation_id);
    });
}

#[test]
fn every_command_is_logged_with_its_actor_its_id_and_how_it_ended() {
    let log = logged(|store| {
        let executor = Executor::new(store);
        executor
            .execute(&Book::new("room", "ann", Through::Stream), &full())
            .unwrap();
        executor
            .execute(&Book::new("room", "bob", Through::Stream), &envelope(8))
            .unwrap_err();
    });
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("command ended"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (line, id, ending) in [(lines[0], 7, "carried_out"), (lines[1], 8, "business_rule")] {
        let id = envelope(id).command_id.to_string();
        for part in ["command_type=book_room", "actor=ann", &id, ending] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(lines[0].contains("request 12"), "{}", lines[0]);
}
