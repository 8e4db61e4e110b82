//! Saved views over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::peers::{pair, until_equal};

fn save(engine: &Engine, name: &str) -> Value {
    let body = json!({"table": "Cue", "name": name, "settings": "{\"version\":1}"});
    engine.post("/views/create", &body).done()["view_id"].clone()
}

fn views(engine: &Engine) -> Vec<Value> {
    engine.get("/views/list").done()["views"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn view_is_saved_changed_deleted_and_restored() {
    let engine = Engine::with_table();
    let mut news = engine.follow();
    let view = save(&engine, "To check");
    assert!(news.wait_for("views_changed")["workspace"].is_string());
    let table = engine.get("/tables/list").done()["tables"][0]["table_id"].clone();
    let saved =
        json!({"view_id": view, "table_id": table, "name": "To check", "settings": "{\"version\":1}"});
    assert_eq!(views(&engine), [saved]);
    let change = json!({"view_id": view, "name": "Checked", "settings": "{\"version\":2}"});
    let done = engine.post("/views/update", &change).done();
    assert!(done["bundle_id"].is_string());
    let listed = views(&engine);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["settings"]),
        (&json!("Checked"), &json!("{\"version\":2}"))
    );
    let of_view = json!({"view_id": view});
    engine.post("/views/delete", &of_view).done();
    assert!(views(&engine).is_empty());
    engine
        .post("/views/delete", &of_view)
        .refused(409, "record_deleted");
    engine.post("/views/restore", &of_view).done();
    assert_eq!(views(&engine).len(), 1);
}

#[test]
fn views_are_listed_by_table_and_outlive_a_discarded_draft() {
    let engine = Engine::with_table();
    engine
        .post("/tables/create", &json!({"name": "Prop", "fields": []}))
        .done();
    let draft = engine.post("/overlays/create", &json!({"name": "Tech"})).done();
    let view = save(&engine, "To check");
    let of_draft = json!({"overlay_id": draft["overlay_id"]});
    engine.post("/overlays/discard", &of_draft).done();
    let tables = engine.get("/tables/list").done()["tables"].clone();
    let of = |table: &Value| {
        let id = table["table_id"].as_str().unwrap();
        engine.get(&format!("/views/list?table={id}")).done()["views"].clone()
    };
    assert_eq!(of(&tables[0])[0]["view_id"], view);
    assert_eq!(of(&tables[1]), json!([]));
}

#[test]
fn views_that_cannot_be_are_refused() {
    let engine = Engine::with_table();
    let view = save(&engine, "To check");
    let cue = engine.cue("Go", 1);
    let make = |table: &str, settings: &str| json!({"table": table, "name": "V", "settings": settings});
    engine
        .post("/views/create", &make("Nothing", "{}"))
        .refused(404, "unknown_table");
    let long = "x".repeat(64 * 1024 + 1);
    let problem = engine
        .post("/views/create", &make("Cue", &long))
        .refused(413, "too_large");
    assert_eq!(
        (&problem["size"], &problem["limit"]),
        (&json!(65_537), &json!(65_536))
    );
    engine
        .post("/views/delete", &json!({"view_id": cue}))
        .refused(404, "unknown_view");
    engine
        .post("/records/delete", &json!({"entity_id": view}))
        .refused(404, "unknown_record");
    engine
        .post("/views/update", &json!({"view_id": view, "name": "To check"}))
        .refused(422, "nothing_to_do");
    engine.get("/views/list?table=Cue").refused(400, "bad_id");
}

#[test]
fn view_changed_apart_is_a_conflict_that_names_the_view() {
    let (desk, booth, _) = pair();
    let mut news = booth.follow();
    let view = save(&desk, "To check");
    until_equal(&desk, &booth, &mut news);
    booth.post("/sync/pause", &json!({})).done();
    for (engine, settings) in [
        (&desk, "{\"version\":1,\"a\":1}"),
        (&booth, "{\"version\":1,\"b\":2}"),
    ] {
        engine
            .post("/views/update", &json!({"view_id": view, "settings": settings}))
            .done();
    }
    booth.post("/sync/resume", &json!({})).done();
    until_equal(&desk, &booth, &mut news);
    let conflicts = booth.get("/conflicts/list").done()["conflicts"].clone();
    assert_eq!(conflicts.as_array().map(Vec::len), Some(1), "{conflicts}");
    let conflict = &conflicts[0];
    assert_eq!(
        (&conflict["entity_id"], &conflict["field"]),
        (&view, &json!("settings"))
    );
    assert_eq!(conflict["table"], Value::Null);
    let pick = json!({"conflict_id": conflict["conflict_id"], "op_id": conflict["values"][0]["op_id"]});
    booth.post("/conflicts/resolve", &pick).done();
    assert_eq!(views(&booth)[0]["settings"], conflict["values"][0]["value"]);
}
