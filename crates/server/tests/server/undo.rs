//! Undo, redo and reverting over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::peers::{pair, until_equal};

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

fn label(engine: &Engine, id: &str) -> Value {
    engine.get(&format!("/records/{id}?table=Cue")).done()["fields"]["label"].clone()
}

fn update(engine: &Engine, id: &str, fields: Value) -> Value {
    let update = json!({"entity_id": id, "table": "Cue", "fields": fields});
    engine.post("/records/update", &update).done()
}

#[test]
fn last_change_is_undone_and_redone_and_the_stack_is_told() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let mut socket = engine.follow();
    let changed = update(&engine, &id, json!({"label": "Stop"}));
    let event = socket.wait_for("undo_stack");
    assert_eq!(
        (&event["undo"]["bundle_id"], &event["undo"]["command_type"]),
        (&changed["bundle_id"], &json!("records.update"))
    );
    assert_eq!(event["redo"], Value::Null);
    let undone = engine.post("/undo", &json!({})).done();
    assert_eq!(
        undone["undone"],
        json!({"bundle_id": changed["bundle_id"], "command_type": "records.update"})
    );
    assert_eq!(undone["skipped"], json!([]));
    assert_eq!(label(&engine, &id), "Go");
    assert_eq!(
        socket.wait_for("undo_stack")["redo"]["command_type"],
        "records.update"
    );
    let stack = engine.get("/undo").done();
    assert_eq!(
        (&stack["undo"]["command_type"], &stack["redo"]["bundle_id"]),
        (&json!("records.create"), &undone["bundle_id"])
    );
    let redone = engine.post("/redo", &json!({})).done();
    assert_eq!(redone["redone"]["command_type"], "records.update");
    assert_eq!(label(&engine, &id), "Stop");
    engine.post("/redo", &json!({})).refused(409, "nothing_to_redo");
}

#[test]
fn what_others_changed_since_stays_and_is_told() {
    let (desk, booth, id) = pair();
    let fields = json!({"label": "Desk", "number": 7});
    let changed = update(&desk, &id, fields);
    let mut news = booth.follow();
    until_equal(&desk, &booth, &mut news);
    let mut news = desk.follow();
    update(&booth, &id, json!({"label": "Booth"}));
    until_equal(&booth, &desk, &mut news);
    let undone = desk.post("/undo", &json!({})).done();
    assert_eq!(
        undone["skipped"],
        json!([{
            "entity_id": id, "edge_id": null, "field": "label", "reason": "edited_since",
            "actor_id": booth.ready.actor_id,
        }])
    );
    assert_eq!(undone["undone"]["bundle_id"], changed["bundle_id"]);
    let record = desk.get(&format!("/records/{id}")).done();
    assert_eq!(
        (&record["fields"]["label"], &record["fields"]["number"]),
        (&json!("Booth"), &json!(1))
    );
}

#[test]
fn undo_in_a_draft_takes_its_last_edit_back() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let overlay = engine.post("/overlays/create", &json!({"name": "Tech"})).done()["overlay_id"].clone();
    update(&engine, &id, json!({"label": "Wait"}));
    let stack = engine.get("/undo").done();
    assert_eq!(
        (&stack["undo"]["overlay_id"], &stack["undo"]["bundle_id"]),
        (&overlay, &Value::Null)
    );
    let undone = engine.post("/undo", &json!({})).done();
    assert_eq!(
        (&undone["overlay_id"], &undone["bundle_id"]),
        (&overlay, &Value::Null)
    );
    assert_eq!(label(&engine, &id), "Go");
    engine.post("/undo", &json!({})).refused(409, "nothing_to_undo");
    engine.post("/redo", &json!({})).done();
    assert_eq!(label(&engine, &id), "Wait");
}

#[test]
fn any_bundle_can_be_reverted_where_it_still_stands() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let first = update(&engine, &id, json!({"label": "Stop"}));
    update(&engine, &id, json!({"number": 9}));
    let revert = |bundle: &Value| engine.post("/history/revert", &json!({"bundle_id": bundle}));
    let reverted = revert(&first["bundle_id"]).done();
    assert_eq!(
        reverted["reverted"],
        json!({"bundle_id": first["bundle_id"], "command_type": "records.update"})
    );
    let record = engine.get(&format!("/records/{id}")).done();
    assert_eq!(
        (&record["fields"]["label"], &record["fields"]["number"]),
        (&json!("Go"), &json!(9))
    );
    let problem = revert(&first["bundle_id"]).refused(409, "nothing_taken_back");
    assert_eq!(problem["bundle_id"], first["bundle_id"]);
    assert!(problem["reason"].is_string(), "{problem}");
    let problem = revert(&json!(NOBODY)).refused(404, "unknown_bundle");
    assert_eq!(problem["bundle_id"], NOBODY);
    revert(&json!("x")).refused(400, "bad_id");
    revert(&Value::Null).refused(400, "wrong_shape");
}

#[test]
fn new_workspace_has_nothing_to_undo() {
    let engine = Engine::with_workspace();
    engine.post("/undo", &json!({})).refused(409, "nothing_to_undo");
    engine.post("/redo", &json!({})).refused(409, "nothing_to_redo");
    assert_eq!(engine.get("/undo").done(), json!({"undo": null, "redo": null}));
}
