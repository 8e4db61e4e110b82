//! Tables over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

fn names(table: &Value) -> Vec<&str> {
    table["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect()
}

#[test]
fn table_is_created_changed_and_listed() {
    let engine = Engine::with_workspace();
    let fields = json!([{"name": "name", "type": "text"}, {"name": "role", "type": "enum", "options": ["cast", "crew"]}]);
    let made = engine
        .post("/tables/create", &json!({"name": "Person", "fields": fields}))
        .done();
    assert_eq!(made["field_ids"].as_array().map(Vec::len), Some(2));
    assert!(made["command_id"].is_string() && made["bundle_id"].is_string());
    let changed = json!({
        "table": made["table_id"], "name": "People", "add_fields": [{"name": "born", "type": "date"}],
        "rename_fields": [{"from": "name", "to": "full name"}], "remove_fields": ["role"],
    });
    engine.post("/tables/update", &changed).done();
    let listed = engine.get("/tables/list").done();
    let table = &listed["tables"][0];
    assert_eq!(
        (&table["table_id"], &table["name"]),
        (&made["table_id"], &json!("People"))
    );
    assert_eq!((&table["records"], &table["module"]), (&json!(0), &Value::Null));
    assert_eq!(names(table), ["full name", "born"]);
    assert_eq!(table["fields"][1]["type"], "date");
    assert_eq!(
        (&table["fields"][1]["mode"], &table["fields"][1]["options"]),
        (&json!("discrete"), &json!([]))
    );
}

#[test]
fn table_is_deleted_and_restored_with_its_records() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let deleted = engine.post("/tables/delete", &json!({"table": "Cue"})).done();
    let table_id = deleted["table_id"].clone();
    assert!(deleted["command_id"].is_string() && table_id.is_string());
    assert_eq!(engine.get("/tables/list").done()["tables"], json!([]));
    engine
        .get("/records/list?table=Cue")
        .refused(404, "unknown_table");
    engine
        .post("/tables/delete", &json!({"table": "Cue"}))
        .refused(404, "unknown_table");
    engine
        .post("/tables/restore", &json!({"table_id": table_id}))
        .done();
    assert_eq!(
        engine.get(&format!("/records/{id}")).done()["fields"]["label"],
        "Go"
    );
    let problem = engine
        .post("/tables/restore", &json!({"table_id": table_id}))
        .refused(409, "record_not_deleted");
    assert_eq!(problem["entity_id"], table_id);
    engine
        .post("/tables/restore", &json!({"table_id": id}))
        .refused(404, "unknown_table");
    engine
        .post("/tables/restore", &json!({"table_id": "Cue"}))
        .refused(400, "bad_id");
    let deleted = engine.post("/tables/delete", &json!({"table": table_id})).done();
    assert_eq!(deleted["table_id"], table_id);
}

#[test]
fn faulty_tables_are_refused() {
    let engine = Engine::with_table();
    engine
        .post("/tables/create", &json!({"name": "Cue"}))
        .refused(422, "bad_name");
    engine
        .post("/tables/create", &json!({"name": " "}))
        .refused(422, "bad_name");
    let fields = json!([{"name": "a", "type": "number"}]);
    let problem = engine
        .post("/tables/create", &json!({"name": "T", "fields": fields}))
        .refused(422, "unknown_field_type");
    assert_eq!(
        (&problem["field"], &problem["found"]),
        (&json!("a"), &json!("number"))
    );
    assert!(problem["expected"].as_str().unwrap().contains("integer"));
    let fields = json!([{"name": "a", "type": "text", "mode": "odd"}]);
    engine
        .post("/tables/create", &json!({"name": "T", "fields": fields}))
        .refused(422, "unknown_field_type");
    engine
        .post("/tables/update", &json!({"table": "Nope", "name": "X"}))
        .refused(404, "unknown_table");
    engine
        .post("/tables/update", &json!({"table": "Cue"}))
        .refused(422, "nothing_to_do");
    let problem = engine
        .post("/tables/update", &json!({"table": "Cue", "remove_fields": ["x"]}))
        .refused(422, "unknown_field");
    assert_eq!(
        (&problem["field"], &problem["table"]),
        (&json!("x"), &json!("Cue"))
    );
    assert_eq!(
        engine.get("/tables/list").done()["tables"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
