//! Drafts over HTTP.

use serde_json::{Value, json};

use crate::engine::{Answer, Engine};
use crate::peers::{pair, until_equal};

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

/// Makes a draft, which is active then.
fn draft(engine: &Engine, name: &str) -> Value {
    let made = engine.post("/overlays/create", &json!({"name": name})).done();
    assert!(made["command_id"].is_string() && made["bundle_id"].is_null());
    made["overlay_id"].clone()
}

fn give(engine: &Engine, verb: &str, overlay: &Value) -> Answer {
    engine.post(&format!("/overlays/{verb}"), &json!({"overlay_id": overlay}))
}

fn label(engine: &Engine, id: &str) -> Value {
    engine.get(&format!("/records/{id}?table=Cue")).done()["fields"]["label"].clone()
}

fn update(engine: &Engine, id: &str, label: &str) -> Value {
    let update = json!({"entity_id": id, "table": "Cue", "fields": {"label": label}});
    engine.post("/records/update", &update).done()
}

fn list(engine: &Engine) -> Vec<Value> {
    engine.get("/overlays/list").done()["overlays"]
        .as_array()
        .unwrap()
        .clone()
}

fn diff(engine: &Engine, overlay: &Value) -> Value {
    let overlay = overlay.as_str().unwrap();
    engine.get(&format!("/overlays/diff?overlay_id={overlay}")).done()
}

#[test]
fn draft_is_staged_stashed_activated_and_committed_as_one_bundle() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let before = engine.get("/workspace/status").done();
    assert_eq!(
        engine.get("/overlays/active").done(),
        json!({"overlay_id": null, "name": null})
    );
    let overlay = draft(&engine, "Tech notes");
    let done = update(&engine, &id, "Wait");
    assert_eq!(
        (&done["overlay_id"], &done["bundle_id"]),
        (&overlay, &Value::Null)
    );
    let new = engine.cue("New", 2);
    assert_eq!(label(&engine, &id), "Wait");
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 2);
    assert_eq!(
        engine.get("/overlays/active").done(),
        json!({"overlay_id": overlay, "name": "Tech notes"})
    );
    let [listed] = list(&engine).try_into().unwrap();
    assert_eq!(
        (&listed["overlay_id"], &listed["name"], &listed["active"]),
        (&overlay, &json!("Tech notes"), &json!(true))
    );
    assert_eq!((&listed["edits"], &listed["drifts"]), (&json!(2), &json!(0)));
    assert!(listed["created"].is_string());

    assert_eq!(give(&engine, "stash", &overlay).done()["overlay_id"], overlay);
    assert_eq!(label(&engine, &id), "Go");
    engine
        .get(&format!("/records/{new}"))
        .refused(404, "unknown_record");
    assert_eq!(list(&engine)[0]["active"], false);
    let problem = give(&engine, "stash", &overlay).refused(409, "overlay_not_active");
    assert_eq!(problem["overlay_id"], overlay);
    let between = engine.get("/workspace/status").done();
    assert_eq!(
        (&between["state_hash"], &between["bundles"]),
        (&before["state_hash"], &before["bundles"])
    );
    give(&engine, "activate", &overlay).done();
    let committed = give(&engine, "commit", &overlay).done();
    assert!(committed["bundle_id"].is_string());
    assert_eq!(label(&engine, &id), "Wait");
    assert_eq!(label(&engine, &new), "New");
    let after = engine.get("/workspace/status").done();
    assert_eq!(after["bundles"], before["bundles"].as_u64().unwrap() + 1);
    assert_eq!(list(&engine), [] as [Value; 0]);
    let newest = engine.get("/history?limit=1").done();
    assert_eq!(newest["bundles"][0]["command_type"], "overlays.commit");
}

#[test]
fn diff_names_what_is_staged_and_edits_can_be_dropped() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let overlay = draft(&engine, "Tech notes");
    update(&engine, &id, "Wait");
    let fields = json!([{"name": "name", "type": "text"}]);
    engine
        .post("/tables/create", &json!({"name": "Prop", "fields": fields}))
        .done();
    let prop = json!({"table": "Prop", "fields": {"name": "Skull"}});
    let prop = engine.post("/records/create", &prop).done()["entity_id"].clone();
    let edge = json!({"source": id, "target": prop, "edge_type": "needs", "properties": {"count": 2}});
    let edge = engine.post("/edges/create", &edge).done()["edge_id"].clone();
    give(&engine, "stash", &overlay).done();

    let found = diff(&engine, &overlay);
    assert_eq!(
        (&found["overlay_id"], &found["name"]),
        (&overlay, &json!("Tech notes"))
    );
    assert_eq!(found["drifts"], json!([]));
    let edits = found["edits"].as_array().unwrap();
    let types: Vec<_> = edits
        .iter()
        .map(|edit| edit["command_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "records.update",
            "tables.create",
            "records.create",
            "edges.create"
        ]
    );
    assert!(
        edits
            .iter()
            .all(|edit| edit["at"].is_string() && edit["undone"] == false)
    );
    let changes = |edit: usize| edits[edit]["changes"].as_array().unwrap();
    let first = &changes(0)[0];
    assert_eq!(
        (
            &first["kind"],
            &first["entity_id"],
            &first["table"],
            &first["field"]
        ),
        (&json!("field"), &json!(id), &json!("Cue"), &json!("label"))
    );
    assert_eq!(
        (&first["before"], &first["after"]),
        (&json!("Go"), &json!("Wait"))
    );
    let named = |changes: &[Value], kind: &str| {
        let found = changes.iter().find(|change| change["kind"] == kind);
        found.unwrap_or_else(|| panic!("{kind}: {changes:?}")).clone()
    };
    assert_eq!(named(changes(2), "existence")["after"], true);
    assert_eq!(named(changes(2), "membership")["table"], "Prop");
    let name = named(changes(2), "field");
    assert_eq!(
        (&name["table"], &name["field"], &name["before"], &name["after"]),
        (&json!("Prop"), &json!("name"), &Value::Null, &json!("Skull"))
    );
    let count = named(changes(3), "property");
    assert_eq!(
        (
            &count["edge_id"],
            &count["entity_id"],
            &count["field"],
            &count["after"]
        ),
        (&edge, &Value::Null, &json!("count"), &json!(2))
    );

    let drop = |edit: &Value| engine.post("/overlays/drop", &json!({"overlay_id": overlay, "edit_id": edit}));
    let problem = drop(&edits[2]["edit_id"]).refused(409, "edit_needed");
    assert_eq!(problem["overlay_id"], overlay);
    drop(&edits[0]["edit_id"]).done();
    drop(&edits[0]["edit_id"]).refused(404, "unknown_edit");
    drop(&json!(-1)).refused(400, "wrong_shape");
    assert_eq!(diff(&engine, &overlay)["edits"].as_array().map(Vec::len), Some(3));
    give(&engine, "commit", &overlay).done();
    assert_eq!(label(&engine, &id), "Go");
}

#[test]
fn staged_split_and_deleted_table_reach_the_log_with_the_draft() {
    let engine = Engine::with_table();
    let (survivor, absorbed) = (engine.cue("Go", 1), engine.cue("Go", 2));
    let merge = json!({"survivor": survivor, "absorbed": absorbed});
    engine.post("/records/merge", &merge).done();
    let overlay = draft(&engine, "Tech notes");
    let split = json!({"source": survivor, "entity_id": absorbed});
    let split = engine.post("/records/split", &split).done();
    assert_eq!(
        (&split["entity_id"], &split["overlay_id"]),
        (&json!(absorbed), &overlay)
    );
    let deleted = engine.post("/tables/delete", &json!({"table": "Cue"})).done();
    assert_eq!(
        (&deleted["table_id"], &deleted["overlay_id"]),
        (&Value::Null, &overlay)
    );
    assert_eq!(engine.get("/tables/list").done()["tables"], json!([]));
    give(&engine, "discard", &overlay).done();
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 1);
}

#[test]
fn drafts_that_are_not_there_and_faulty_requests_are_refused() {
    let engine = Engine::with_table();
    for verb in ["activate", "stash", "commit", "discard"] {
        let problem = give(&engine, verb, &json!(NOBODY)).refused(404, "unknown_overlay");
        assert_eq!(problem["overlay_id"], NOBODY);
        give(&engine, verb, &json!("x")).refused(400, "bad_id");
    }
    engine
        .get(&format!("/overlays/diff?overlay_id={NOBODY}"))
        .refused(404, "unknown_overlay");
    engine.get("/overlays/diff").refused(400, "bad_query");
    let drop = json!({"overlay_id": NOBODY, "edit_id": 1});
    engine
        .post("/overlays/drop", &drop)
        .refused(404, "unknown_overlay");
    engine
        .post("/overlays/create", &json!({"name": " "}))
        .refused(422, "bad_name");
    let overlay = draft(&engine, "Empty");
    give(&engine, "commit", &overlay).refused(422, "nothing_to_do");
    let resolve = |more: Value| {
        let mut body = json!({"overlay_id": overlay, "choice": "keep_mine"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        engine.post("/overlays/resolve", &body)
    };
    let field = |table: &str, field: &str| json!({"entity_id": NOBODY, "table": table, "field": field});
    resolve(field("Cue", "label")).refused(409, "not_drifted");
    resolve(json!({"entity_id": NOBODY})).refused(409, "not_drifted");
    resolve(json!({"edge_id": NOBODY, "field": "wait"})).refused(409, "not_drifted");
    resolve(field("Nope", "label")).refused(404, "unknown_table");
    resolve(field("Cue", "nope")).refused(422, "unknown_field");
    for more in [
        json!({}),
        json!({"entity_id": NOBODY, "edge_id": NOBODY}),
        json!({"entity_id": NOBODY, "field": "label"}),
        json!({"edge_id": NOBODY, "table": "Cue", "field": "wait"}),
        json!({"entity_id": NOBODY, "choice": "neither"}),
    ] {
        resolve(more).refused(400, "wrong_shape");
    }
    resolve(json!({"overlay_id": NOBODY, "entity_id": NOBODY})).refused(404, "unknown_overlay");
    give(&engine, "discard", &overlay).done();
    give(&engine, "activate", &overlay).refused(404, "unknown_overlay");
}

#[test]
fn drift_is_told_and_decided_before_the_draft_is_committed() {
    let (desk, booth, id) = pair();
    let other = desk.cue("Other", 2);
    let mut news = booth.follow();
    until_equal(&desk, &booth, &mut news);
    drop(news);
    for (choice, expected) in [("keep_mine", "Mine"), ("use_canonical", "Theirs")] {
        let overlay = draft(&desk, "Tech notes");
        update(&desk, &id, "Mine");
        update(&desk, &other, &format!("Staged for {choice}"));
        let mut news = desk.follow();
        update(&booth, &id, "Theirs");
        let event = news.wait_for("overlay_drift");
        assert_eq!(
            (&event["overlay_id"], &event["subject_ids"]),
            (&overlay, &json!([id]))
        );
        assert_eq!(label(&desk, &id), "Mine");
        let problem = give(&desk, "commit", &overlay).refused(409, "open_drift");
        assert_eq!(problem["overlay_id"], overlay);
        assert_eq!(list(&desk)[0]["drifts"], 1);
        let found = diff(&desk, &overlay)["drifts"].clone();
        let drift = &found[0];
        assert_eq!(
            (
                &drift["kind"],
                &drift["entity_id"],
                &drift["table"],
                &drift["field"],
                &drift["mine"]
            ),
            (
                &json!("field"),
                &json!(id),
                &json!("Cue"),
                &json!("label"),
                &json!("Mine")
            )
        );
        let canonical = drift["canonical"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&canonical["value"], &canonical["actor_id"]),
            (&json!("Theirs"), &json!(booth.ready.actor_id))
        );
        let resolve = json!({
            "overlay_id": overlay, "entity_id": id, "table": "Cue", "field": "label", "choice": choice,
        });
        desk.post("/overlays/resolve", &resolve).done();
        desk.post("/overlays/resolve", &resolve)
            .refused(409, "not_drifted");
        assert_eq!(label(&desk, &id), expected);
        give(&desk, "commit", &overlay).done();
        assert_eq!(label(&desk, &id), expected);
        assert_eq!(label(&desk, &other), format!("Staged for {choice}"));
        let mut news = booth.follow();
        until_equal(&desk, &booth, &mut news);
        assert_eq!(booth.get("/conflicts/list").done()["conflicts"], json!([]));
    }
}

#[test]
fn drafts_and_what_they_show_are_told() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let mut socket = engine.follow();
    let overlay = draft(&engine, "Tech notes");
    assert_eq!(
        socket.wait_for("overlays_changed")["overlay_ids"],
        json!([overlay])
    );
    update(&engine, &id, "Wait");
    assert_eq!(socket.wait_for("records_changed")["entity_ids"], json!([id]));
    assert_eq!(
        socket.wait_for("overlays_changed")["overlay_ids"],
        json!([overlay])
    );
    give(&engine, "stash", &overlay).done();
    assert_eq!(socket.wait_for("records_changed")["entity_ids"], json!([id]));
    assert_eq!(
        socket.wait_for("overlays_changed")["overlay_ids"],
        json!([overlay])
    );
}
