//! Events over the WebSocket.

use std::time::Instant;

use serde_json::{Value, json};

use crate::engine::{Engine, PATIENCE};

#[test]
fn changes_are_told() {
    let engine = Engine::with_workspace();
    let workspace = engine.get("/workspace/list").done()["workspaces"][0]["workspace_id"].clone();
    let mut socket = engine.follow();
    let fields = json!([{"name": "label", "type": "text"}]);
    let table = engine
        .post("/tables/create", &json!({"name": "Cue", "fields": fields}))
        .done()["table_id"]
        .clone();
    assert_eq!(socket.wait_for("tables_changed")["workspace"], workspace);
    let id = engine
        .post(
            "/records/create",
            &json!({"table": "Cue", "fields": {"label": "Go"}}),
        )
        .done()["entity_id"]
        .clone();
    for _ in 0..2 {
        let event = socket.wait_for("records_changed");
        assert_eq!(
            (&event["workspace"], &event["table"], &event["entity_ids"]),
            (&workspace, &table, &json!([id]))
        );
        engine.post(
            "/records/update",
            &json!({"table": "Cue", "entity_id": id, "fields": {"label": "Stop"}}),
        );
    }
    engine.post("/workspace/create", &json!({"name": "Other"})).done();
    socket.wait_for("workspaces_changed");
}

#[test]
fn large_change_names_no_records() {
    let engine = Engine::with_table();
    let mut socket = engine.follow();
    let records: Vec<_> = (0..1_001).map(|number| json!({"number": number})).collect();
    engine
        .post("/records/create", &json!({"table": "Cue", "records": records}))
        .done();
    assert_eq!(socket.wait_for("records_changed")["entity_ids"], Value::Null);
}

#[test]
fn many_clients_are_all_told() {
    let engine = Engine::with_table();
    let mut sockets: Vec<_> = (0..20).map(|_| engine.follow()).collect();
    let id = engine.cue("Go", 1);
    for socket in &mut sockets {
        assert_eq!(socket.wait_for("records_changed")["entity_ids"], json!([id]));
    }
}

#[test]
fn sockets_are_bounded_and_places_are_given_back() {
    let engine = Engine::with_workspace();
    let sockets: Vec<_> = (0..64).map(|_| engine.follow()).collect();
    let upgrade = [
        ("host", engine.host()),
        ("connection", "upgrade, close".to_owned()),
        ("upgrade", "websocket".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
    ];
    engine.send("GET", "/ws", &upgrade, b"").refused(429, "busy");
    drop(sockets);
    let started = Instant::now();
    while engine.try_connect().is_err() {
        assert!(started.elapsed() < PATIENCE, "places are given back");
    }
}

#[test]
fn clients_are_told_when_the_engine_stops() {
    let mut engine = Engine::with_workspace();
    let mut socket = engine.follow();
    engine.post("/sync/pause", &json!({})).done();
    assert_eq!(socket.wait_for("sync_state")["state"], "paused");
    engine.stop_server();
    assert_eq!(socket.next(), Err(1_001));
}
