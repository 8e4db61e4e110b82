//! Reference fields over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

/// An engine with `Cue`, and `Call` with the entity field `cue` and the reference field `what`, which shows the label
/// of that cue; and a call of a cue.
fn engine() -> (Engine, String, String) {
    let engine = Engine::with_table();
    let fields = json!([
        {"name": "cue", "type": "entity"},
        {"name": "what", "reference": {"via_field": "cue", "table": "Cue", "field": "label"}},
    ]);
    engine
        .post("/tables/create", &json!({"name": "Call", "fields": fields}))
        .done();
    let cue = engine.cue("Go", 1);
    let call = json!({"table": "Call", "fields": {"cue": {"entity": cue}}});
    let call = engine.post("/records/create", &call).done()["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (engine, cue, call)
}

fn call(engine: &Engine, id: &str) -> Value {
    engine.get(&format!("/records/{id}?table=Call")).done()
}

#[test]
fn reference_field_shows_the_value_of_the_other_record() {
    let (engine, cue, id) = engine();
    assert_eq!(call(&engine, &id)["fields"]["what"], "Go");
    let update = json!({"entity_id": cue, "table": "Cue", "fields": {"label": "Stop"}});
    engine.post("/records/update", &update).done();
    let listed = &engine.get("/records/list?table=Call").done()["records"][0];
    assert_eq!(
        (&listed["fields"]["what"], &listed["broken"]),
        (&json!("Stop"), &json!([]))
    );
    let tables = engine.get("/tables/list").done();
    let field = &tables["tables"][1]["fields"][1];
    assert_eq!(
        (&field["mode"], &field["type"]),
        (&json!("reference"), &json!("text"))
    );
    let label = &tables["tables"][0]["fields"][0]["field_id"];
    assert_eq!(
        field["reference"],
        json!({"via_field": "cue", "via_edge": null, "table": "Cue", "field": "label", "field_id": label})
    );
    assert_eq!(tables["tables"][0]["fields"][0]["reference"], Value::Null);
    let set = json!({"entity_id": id, "table": "Call", "fields": {"what": "x"}});
    let problem = engine
        .post("/records/update", &set)
        .refused(422, "followed_field");
    assert_eq!(problem["field"], "what");
    engine.post("/records/delete", &json!({"entity_id": cue})).done();
    let broken = call(&engine, &id);
    assert_eq!(broken["broken"], json!([{"field": "what", "reason": "deleted"}]));
}

#[test]
fn reference_field_can_follow_something_else() {
    let (engine, cue, id) = engine();
    let follow = |reference: Value| {
        let body = json!({"table": "Call", "field": "what", "reference": reference});
        engine.post("/tables/follow", &body)
    };
    follow(json!({"via_edge": "calls", "table": "Cue", "field": "number"})).done();
    assert_eq!(call(&engine, &id)["fields"]["what"], Value::Null);
    let edge = json!({"source": id, "target": cue, "edge_type": "calls"});
    engine.post("/edges/create", &edge).done();
    assert_eq!(call(&engine, &id)["fields"]["what"], 1);
    let problem = follow(json!({"via_edge": "calls", "table": "Call", "field": "what"}))
        .refused(422, "reference_cycle");
    assert!(problem["known"].as_str().unwrap().contains("what"), "{problem}");
    follow(json!({"via_field": "cue", "via_edge": "calls", "table": "Cue", "field": "label"}))
        .refused(400, "wrong_shape");
    follow(json!({"table": "Cue", "field": "label"})).refused(400, "wrong_shape");
    follow(json!({"via_edge": "calls", "table": "Nope", "field": "label"})).refused(404, "unknown_table");
    follow(json!({"via_edge": "calls", "table": "Cue", "field": "nope"})).refused(422, "unknown_field");
}

#[test]
fn only_reference_fields_follow_and_they_must() {
    let (engine, ..) = engine();
    let reference = json!({"via_edge": "calls", "table": "Cue", "field": "label"});
    for field in [
        json!({"name": "a", "type": "text", "mode": "reference"}),
        json!({"name": "a", "type": "text", "mode": "discrete", "reference": reference}),
    ] {
        let problem = engine
            .post("/tables/update", &json!({"table": "Call", "add_fields": [field]}))
            .refused(422, "reference_needed");
        assert_eq!(problem["field"], "a");
    }
    let untyped = json!({"table": "Call", "add_fields": [{"name": "a"}]});
    engine
        .post("/tables/update", &untyped)
        .refused(422, "unknown_field_type");
}
