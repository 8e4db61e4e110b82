//! Events, decisions and the audit trail over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

fn booked(place: &str) -> Value {
    json!({"event_type": "booked", "payload": {"person": "jane", "hour": 20, "place": place}})
}

fn context() -> Value {
    json!({"filters": [{"event_types": ["booked"], "payload_predicates": [{"person": "jane", "hour": 20}]}]})
}

#[test]
fn events_are_appended_and_found() {
    let engine = Engine::with_table();
    let mut event = booked("opera");
    event["streams"] = json!(["jane"]);
    let body = json!({"events": [event, {"event_type": "noted", "payload": 7}]});
    let told = engine.post("/events/append", &body).done();
    assert_eq!(
        (&told["first_sequence_number"], &told["committed_count"]),
        (&json!(1), &json!(2))
    );
    assert!(told["bundle_id"].is_string());
    let found = engine.post("/events/query", &context()).done();
    let records = found["event_records"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["payload"], booked("opera")["payload"]);
    assert_eq!(records[0]["streams"], json!([{"stream": "jane", "version": 1}]));
    assert_eq!(found["current_context_version"], 1);
    let page = json!({"min_sequence_number": 1, "limit": 1});
    let page = engine.post("/events/query", &page).done();
    assert_eq!(
        (
            &page["last_returned_sequence_number"],
            &page["current_context_version"]
        ),
        (&json!(2), &json!(2))
    );
    for limit in [0, 1_001] {
        engine
            .post("/events/query", &json!({"limit": limit}))
            .refused(400, "wrong_shape");
    }
}

#[test]
fn changed_context_is_a_409_with_both_versions() {
    let engine = Engine::with_table();
    let book = |place: &str, version: Value| {
        let body =
            json!({"events": [booked(place)], "context": context(), "expected_context_version": version});
        engine.post("/events/append_if", &body)
    };
    book("opera", Value::Null).done();
    let problem = book("club", Value::Null).refused(409, "context_changed");
    assert_eq!(
        (
            &problem["expected_context_version"],
            &problem["actual_context_version"]
        ),
        (&Value::Null, &json!(1))
    );
    assert!(
        problem
            .as_object()
            .unwrap()
            .contains_key("expected_context_version")
    );
    book("club", json!(1)).done();
    let streams = json!({"events": [booked("club")], "expected_streams": [{"stream": "s", "version": 3}]});
    let problem = engine
        .post("/events/append", &streams)
        .refused(409, "streams_changed");
    assert_eq!(
        problem["streams"],
        json!([{"stream": "s", "expected_version": 3, "actual_version": 0}])
    );
}

#[test]
fn same_command_again_gets_the_same_answer() {
    let engine = Engine::with_table();
    let body = json!({"events": [booked("opera")], "command": {"command_id": NOBODY}});
    let first = engine.post("/events/append", &body).done();
    let again = engine.post("/events/append", &body).done();
    assert_eq!(
        (&first["repeated"], &again["repeated"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(first["first_sequence_number"], again["first_sequence_number"]);
    let other = json!({"events": [booked("club")], "command": {"command_id": NOBODY}});
    engine
        .post("/events/append", &other)
        .refused(409, "command_reused");
}

#[test]
fn what_is_no_event_is_refused() {
    let engine = Engine::with_table();
    engine
        .post("/events/append", &json!({"events": []}))
        .refused(422, "nothing_to_do");
    for bad in [
        json!({"event_type": "", "payload": {}}),
        json!({"event_type": "openprod.decision_resolved", "payload": {}}),
        json!({"event_type": "a", "payload": {}, "streams": ["s", "s"]}),
    ] {
        let problem = engine
            .post("/events/append", &json!({"events": [booked("opera"), bad]}))
            .refused(422, "bad_fact");
        assert_eq!(problem["field"], "events[1]");
    }
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    for payload in [deep, json!(9_007_199_254_740_993_u64)] {
        let body = json!({"events": [{"event_type": "a", "payload": payload}]});
        assert_eq!(engine.post("/events/append", &body).status, 400);
    }
    let body = json!({"events": [booked("a")], "context": {}, "policy": "hope"});
    engine
        .post("/events/append_if", &body)
        .refused(400, "wrong_shape");
    let found = engine.post("/events/query", &json!({})).done();
    assert_eq!(found["event_records"], json!([]));
}

#[test]
fn facts_are_not_drafted() {
    let engine = Engine::with_table();
    let draft = engine.post("/overlays/create", &json!({"name": "Plan"})).done();
    let problem = engine
        .post("/events/append", &json!({"events": [booked("opera")]}))
        .refused(409, "facts_not_drafted");
    assert_eq!(problem["overlay_id"], draft["overlay_id"]);
}

#[test]
fn decisions_that_are_in_no_conflict_cannot_be_resolved() {
    let engine = Engine::with_table();
    let body = json!({"events": [booked("opera")], "context": context()});
    let told = engine.post("/events/append_if", &body).done();
    for status in ["open", "resolved", "all"] {
        let listed = engine
            .get(&format!("/decisions/conflicts?status={status}"))
            .done();
        assert_eq!(listed["conflicts"], json!([]));
    }
    engine
        .get("/decisions/conflicts?status=perhaps")
        .refused(400, "bad_query");
    let resolve = |id: &Value, choice: &str| {
        let body = json!({"decision_id": id, "choice": choice});
        engine.post("/decisions/resolve", &body)
    };
    resolve(&told["bundle_id"], "accept").refused(404, "unknown_decision");
    resolve(&json!(NOBODY), "accept").refused(404, "unknown_decision");
    resolve(&json!("x"), "accept").refused(400, "bad_id");
    resolve(&json!(NOBODY), "hope").refused(400, "wrong_shape");
}

#[test]
fn audit_leads_from_a_value_to_its_command() {
    let engine = Engine::with_table();
    let cue = engine.cue("Go", 1);
    let body = json!({
        "entity_id": cue, "table": "Cue", "fields": {"label": "Go now"},
        "command": {"source": "test", "justification": "the director said so"}
    });
    engine.post("/records/update", &body).done();
    let decided = json!({"events": [booked("opera")], "context": context(), "handler_version": 3});
    engine.post("/events/append_if", &decided).done();
    let entries = |query: &str| -> Vec<Value> {
        let page = engine.get(&format!("/audit/list?{query}")).done();
        page["entries"].as_array().unwrap().clone()
    };
    let of_value = entries(&format!(
        "entity={cue}&table=Cue&field=label&command_type=records.update"
    ));
    assert_eq!(of_value.len(), 1);
    assert_eq!(of_value[0]["justification"], "the director said so");
    assert_eq!(of_value[0]["source"], "test");
    assert!(of_value[0]["device"].is_string() && of_value[0]["changes"][0]["op_id"].is_string());
    let of_fact = entries("command_type=events.append");
    assert_eq!(of_fact[0]["decision"]["handler_version"], 3);
    assert_eq!(of_fact[0]["decision"]["context"], context());
    let all = entries("").len();
    assert_eq!(entries("since=2001-01-01T00:00:00Z").len(), all);
    assert_eq!(entries("until=2001-01-01T00:00:00Z").len(), 0);
    assert_eq!(entries("since=2101-01-01T00:00:00Z").len(), 0);
    let actor = of_value[0]["actor_id"].as_str().unwrap();
    assert_eq!(entries(&format!("actor={actor}")).len(), all);
    let first = engine.get("/audit/list?limit=1").done();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = entries(&format!("limit=1&cursor={cursor}"));
    assert_ne!(first["entries"][0]["bundle_id"], second[0]["bundle_id"]);
    engine
        .get("/audit/list?since=yesterday")
        .refused(400, "bad_query");
    engine.get("/audit/list?field=label").refused(400, "bad_query");
    engine
        .get("/audit/list?table=Cue&field=none")
        .refused(422, "unknown_field");
}
