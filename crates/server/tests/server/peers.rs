//! Two engines: joining by address, sync, and a conflict that both list and one decides.

use serde_json::{Value, json};

use crate::engine::Engine;

/// Two engines of one workspace with the table `Cue` and one record; both have it.
pub(crate) fn pair() -> (Engine, Engine, String) {
    let (desk, booth) = (Engine::with_table(), Engine::start());
    let id = desk.cue("Go", 1);
    let invitation = desk.post("/workspace/invite", &json!({})).done()["invitation"].clone();
    let address = format!("127.0.0.1:{}", desk.ready.sync_port);
    let mut news = booth.follow();
    booth
        .post(
            "/workspace/join",
            &json!({"invitation": invitation, "address": address}),
        )
        .done();
    until_equal(&desk, &booth, &mut news);
    drop(news);
    (desk, booth, id)
}

pub(crate) fn until_equal(a: &Engine, b: &Engine, news: &mut crate::engine::Socket) {
    let hash = |engine: &Engine| engine.get("/workspace/status").done()["state_hash"].clone();
    while hash(a) != hash(b) {
        news.next().unwrap();
    }
}

fn conflicts(engine: &Engine) -> Vec<Value> {
    engine.get("/conflicts/list").done()["conflicts"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn joined_engine_catches_up_and_both_list_each_other() {
    let (desk, booth, id) = pair();
    assert_eq!(
        booth.get(&format!("/records/{id}")).done()["fields"]["label"],
        "Go"
    );
    for (engine, other) in [(&desk, &booth), (&booth, &desk)] {
        let peers = engine.get("/peers/list").done();
        let peer = &peers["peers"][0];
        assert_eq!(peer["peer_id"], json!(other.ready.actor_id), "{peers}");
        assert_eq!((&peer["connected"], &peer["ahead"]), (&json!(true), &json!(0)));
        assert_eq!(peer["name"], "Prompt Desk");
        assert!(peer["skew_ms"].is_i64() && peer["behind"].is_u64() && peer["address"].is_string());
        let status = engine.get("/workspace/status").done();
        assert_eq!(status["sync"]["peers"], 1);
    }
    assert_eq!(
        booth.get("/workspace/list").done()["workspaces"][0]["name"],
        "Tour"
    );
}

#[test]
fn conflict_is_told_listed_on_both_and_decided_on_one() {
    let (desk, booth, id) = pair();
    booth.post("/sync/pause", &json!({})).done();
    for (engine, label) in [(&desk, "Go now"), (&booth, "Go later")] {
        let update = json!({"entity_id": id, "table": "Cue", "fields": {"label": label}});
        engine.post("/records/update", &update).done();
    }
    let (mut at_desk, mut at_booth) = (desk.follow(), booth.follow());
    assert_eq!(
        booth.post("/sync/resume", &json!({})).done()["state"]
            .as_str()
            .map(|state| state == "paused"),
        Some(false)
    );
    for socket in [&mut at_desk, &mut at_booth] {
        let event = socket.wait_for("conflict_opened");
        assert_eq!(
            (&event["entity_id"], &event["field"], &event["kind"]),
            (&json!(id), &json!("label"), &json!("field"))
        );
    }
    let listed = conflicts(&desk);
    assert_eq!(listed, conflicts(&booth));
    let [conflict] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(
        (&conflict["table"], &conflict["field"], &conflict["status"]),
        (&json!("Cue"), &json!("label"), &json!("open"))
    );
    let values = conflict["values"].as_array().unwrap();
    let mut written: Vec<_> = values
        .iter()
        .map(|value| (value["value"].as_str(), value["actor_id"].as_str()))
        .collect();
    written.sort();
    let (desk_actor, booth_actor) = (desk.ready.actor_id.as_str(), booth.ready.actor_id.as_str());
    assert_eq!(
        written,
        [
            (Some("Go later"), Some(booth_actor)),
            (Some("Go now"), Some(desk_actor))
        ]
    );
    assert_eq!(conflict["shown"], values[1]["op_id"]);
    let record = &desk.get("/records/list?table=Cue").done()["records"][0];
    assert_eq!(record["fields"]["label"], values[1]["value"]);
    assert_eq!(record["conflicts"][0]["conflict_id"], conflict["conflict_id"]);
    assert_eq!(record["conflicts"][0]["field"], "label");

    let decide = |body: Value| desk.post("/conflicts/resolve", &body);
    let conflict_id = conflict["conflict_id"].clone();
    decide(json!({"conflict_id": conflict_id})).refused(400, "wrong_shape");
    decide(json!({"conflict_id": conflict_id, "op_id": "018f0000-0000-7000-8000-000000000000"}))
        .refused(422, "unknown_candidate");
    decide(json!({"conflict_id": conflict_id, "op_id": values[0]["op_id"]})).done();
    for socket in [&mut at_desk, &mut at_booth] {
        assert_eq!(socket.wait_for("conflict_resolved")["conflict_id"], conflict_id);
    }
    decide(json!({"conflict_id": conflict_id, "value": null})).refused(404, "unknown_conflict");
    for engine in [&desk, &booth] {
        assert_eq!(conflicts(engine), [] as [Value; 0]);
        assert_eq!(
            engine.get(&format!("/records/{id}")).done()["fields"]["label"],
            values[0]["value"]
        );
    }
}

#[test]
fn conflict_can_be_decided_by_emptying_the_field() {
    let (desk, booth, id) = pair();
    desk.post("/sync/pause", &json!({})).done();
    for (engine, number) in [(&desk, 2), (&booth, 3)] {
        engine
            .post(
                "/records/update",
                &json!({"entity_id": id, "table": "Cue", "fields": {"number": number}}),
            )
            .done();
    }
    let mut news = desk.follow();
    desk.post("/sync/resume", &json!({})).done();
    let conflict_id = news.wait_for("conflict_opened")["conflict_id"].clone();
    desk.post(
        "/conflicts/resolve",
        &json!({"conflict_id": conflict_id, "value": "two"}),
    )
    .refused(422, "wrong_type");
    desk.post(
        "/conflicts/resolve",
        &json!({"conflict_id": conflict_id, "value": null}),
    )
    .done();
    assert_eq!(
        desk.get(&format!("/records/{id}")).done()["fields"]["number"],
        Value::Null
    );
    drop(news);
}

#[test]
fn conflict_of_an_edge_is_told_listed_with_the_edge_and_decided() {
    let (desk, booth, id) = pair();
    let create = json!({"source": id, "target": id, "edge_type": "follows", "properties": {"wait": 1}});
    let mut news = booth.follow();
    let edge = desk.post("/edges/create", &create).done()["edge_id"].clone();
    assert_eq!(news.wait_for("edges_changed")["edge_ids"], json!([edge]));
    desk.post("/sync/pause", &json!({})).done();
    for (engine, wait) in [(&desk, 2), (&booth, 3)] {
        let update = json!({"edge_id": edge, "properties": {"wait": wait}});
        engine.post("/edges/update", &update).done();
    }
    let mut news = desk.follow();
    desk.post("/sync/resume", &json!({})).done();
    let event = news.wait_for("conflict_opened");
    assert_eq!(
        (
            &event["edge_id"],
            &event["entity_id"],
            &event["field"],
            &event["kind"]
        ),
        (&edge, &Value::Null, &json!("wait"), &json!("property"))
    );
    let [conflict] = conflicts(&desk).try_into().unwrap();
    assert_eq!(
        (
            &conflict["edge_id"],
            &conflict["entity_id"],
            &conflict["field"],
            &conflict["table"]
        ),
        (&edge, &Value::Null, &json!("wait"), &Value::Null)
    );
    let listed = || desk.get(&format!("/edges/list?entity={id}")).done()["edges"][0].clone();
    assert_eq!(
        listed()["conflicts"],
        json!([{"conflict_id": conflict["conflict_id"], "kind": "property", "property": "wait"}])
    );
    let picked = &conflict["values"][0];
    let decision = json!({"conflict_id": conflict["conflict_id"], "op_id": picked["op_id"]});
    desk.post("/conflicts/resolve", &decision).done();
    assert_eq!(news.wait_for("conflict_resolved")["edge_id"], edge);
    assert_eq!(listed()["properties"]["wait"], picked["value"]);
    assert_eq!(listed()["conflicts"], json!([]));
}

#[test]
fn pausing_and_resuming_change_the_state_and_may_be_repeated() {
    let engine = Engine::with_workspace();
    for _ in 0..2 {
        assert_eq!(engine.post("/sync/pause", &json!({})).done()["state"], "paused");
    }
    assert_eq!(engine.get("/workspace/status").done()["sync"]["state"], "paused");
    for _ in 0..2 {
        assert_ne!(engine.post("/sync/resume", &json!({})).done()["state"], "paused");
    }
}

#[test]
fn connecting_to_what_is_no_peer_is_refused() {
    let engine = Engine::with_workspace();
    engine
        .post("/peers/connect", &json!({"address": "not an address"}))
        .refused(422, "bad_address");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    engine
        .post("/peers/connect", &json!({"address": format!("127.0.0.1:{port}")}))
        .refused(502, "peer_unreachable");
    assert_eq!(engine.get("/peers/list").done()["peers"], json!([]));
}

#[test]
fn peers_are_connected_by_address() {
    let (desk, booth) = (Engine::with_table(), Engine::start());
    let invitation = desk.post("/workspace/invite", &json!({})).done()["invitation"].clone();
    booth
        .post("/workspace/join", &json!({"invitation": invitation}))
        .done();
    let mut news = booth.follow();
    let address = format!("127.0.0.1:{}", desk.ready.sync_port);
    let connected = booth.post("/peers/connect", &json!({"address": address})).done();
    assert_eq!(connected["peer_id"], json!(desk.ready.actor_id));
    until_equal(&desk, &booth, &mut news);
    assert_eq!(booth.get("/tables/list").done()["tables"][0]["name"], "Cue");
}

#[test]
fn only_held_bundles_can_be_accepted_and_only_open_conflicts_listed() {
    let engine = Engine::with_workspace();
    let bundle = "018f0000-0000-7000-8000-000000000000";
    engine
        .post("/sync/accept", &json!({"bundle": bundle}))
        .refused(404, "unknown_bundle");
    engine
        .post("/sync/accept", &json!({"bundle": "x"}))
        .refused(400, "bad_id");
    assert_eq!(
        engine.get("/conflicts/list?status=open").done()["conflicts"],
        json!([])
    );
    engine
        .get("/conflicts/list?status=resolved")
        .refused(422, "unsupported");
    engine
        .post("/conflicts/resolve", &json!({"conflict_id": bundle, "value": 1}))
        .refused(404, "unknown_conflict");
    engine
        .post(
            "/conflicts/resolve",
            &json!({"conflict_id": bundle, "value": 1, "op_id": bundle}),
        )
        .refused(400, "wrong_shape");
}

#[test]
fn given_address_survives_a_restart_until_it_is_forgotten() {
    let (desk, booth, _) = pair();
    let address = format!("127.0.0.1:{}", desk.ready.sync_port);
    let listed = booth.get("/peers/list").done();
    assert_eq!(
        listed["addresses"],
        json!([{"address": address, "peer_id": desk.ready.actor_id, "connected": true}]),
        "{listed}"
    );
    let booth = Engine::on(booth.stop());
    let mut news = booth.follow();
    while booth.get("/workspace/status").done()["sync"]["state"] != "live" {
        news.next().unwrap();
    }
    drop(news);
    let peer = &booth.get("/peers/list").done()["peers"][0];
    assert_eq!(
        (&peer["name"], &peer["heard"]),
        (&json!("Prompt Desk"), &json!(false))
    );
    assert!(
        peer["last_seen"].is_string() && peer["protocol"].is_u64(),
        "{peer}"
    );

    let forget = json!({"address": address});
    assert_eq!(
        booth.post("/peers/forget", &forget).done(),
        json!({"forgotten": true})
    );
    assert_eq!(
        booth.post("/peers/forget", &forget).done(),
        json!({"forgotten": false})
    );
    let booth = Engine::on(booth.stop());
    let listed = booth.get("/peers/list").done();
    assert_eq!(listed["addresses"], json!([]));
    assert_eq!(
        listed["peers"][0]["name"], "Prompt Desk",
        "who was met is known by name: {listed}"
    );
}

#[test]
fn damaged_peer_book_is_begun_anew() {
    let (desk, booth, _) = pair();
    let id = booth.get("/workspace/status").done()["workspace_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let data = booth.stop();
    let book = data.path().join("workspaces").join(id).join("peers.json");
    std::fs::write(&book, b"{\"addresses\": 7").unwrap();
    let booth = Engine::on(data);
    assert_eq!(
        booth.get("/peers/list").done(),
        json!({"peers": [], "addresses": []})
    );
    let address = format!("127.0.0.1:{}", desk.ready.sync_port);
    booth.post("/peers/connect", &json!({"address": address})).done();
    let written: Value = serde_json::from_slice(&std::fs::read(&book).unwrap()).unwrap();
    assert_eq!(written["addresses"], json!([address]));
}

#[test]
fn doctor_answers_over_http_with_checks_and_reasons() {
    let empty = Engine::start();
    let network = empty.get("/doctor").done();
    let ids = |examined: &Value| -> Vec<String> {
        let checks = examined["checks"].as_array().unwrap().iter();
        checks
            .map(|check| check["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        ids(&network),
        ["interfaces", "multicast", "discovery", "sync_port"]
    );
    let (desk, booth, _) = pair();
    let examined = booth.get("/doctor?peer=prompt%20desk").done();
    for id in [
        "interfaces",
        "sync",
        "members",
        "clock",
        "versions",
        "in_step",
        "peer",
    ] {
        assert!(ids(&examined).iter().any(|found| found == id), "{id}: {examined}");
    }
    for check in examined["checks"].as_array().unwrap() {
        let status = check["status"].as_str().unwrap();
        assert!(["ok", "warn", "fail", "skipped"].contains(&status), "{check}");
        assert!(check["title"].is_string(), "{check}");
        assert!(
            check["detail"].is_string() || check["detail"].is_null(),
            "{check}"
        );
        assert!(
            check["advice"].is_string() || check["advice"].is_null(),
            "{check}"
        );
    }
    assert!(examined["checked_at"].is_string());
    let asked = examined["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&asked["id"], &asked["status"]),
        (&json!("peer"), &json!("ok")),
        "{asked}"
    );
    let peer = &examined["peers"][0];
    assert_eq!(
        (&peer["peer_id"], &peer["reason"]),
        (&json!(desk.ready.actor_id), &Value::Null)
    );

    booth.post("/sync/pause", &json!({})).done();
    let examined = booth.get("/doctor").done();
    let sync = examined["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["id"] == "sync")
        .unwrap();
    assert_eq!(sync["status"], "warn", "{sync}");
    assert!(
        examined["peers"][0]["reason"]["title"]
            .as_str()
            .unwrap()
            .contains("paused"),
        "{examined}"
    );
    let long = format!("/doctor?peer={}", "x".repeat(300));
    booth.get(&long).refused(400, "bad_query");
    booth.get("/doctor?nonsense=1").refused(400, "bad_query");
}
