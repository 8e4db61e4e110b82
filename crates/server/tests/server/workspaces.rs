//! Workspaces over HTTP.

use serde_json::json;

use crate::engine::Engine;

#[test]
fn workspace_is_created_listed_and_told_of() {
    let engine = Engine::start();
    engine.get("/tables/list").refused(404, "no_workspace");
    let made = engine
        .post("/workspace/create", &json!({"name": "Hamlet"}))
        .done();
    assert_eq!(
        (&made["name"], &made["actor_id"]),
        (&json!("Hamlet"), &json!(engine.ready.actor_id))
    );
    let listed = engine.get("/workspace/list").done();
    assert_eq!(listed["workspaces"], json!([made]));
    assert_eq!(listed["broken"], json!([]));
    let status = engine.get("/workspace/status").done();
    assert_eq!(status["workspace_id"], made["workspace_id"]);
    assert_eq!(
        (&status["name"], &status["bundles"]),
        (&json!("Hamlet"), &json!(1))
    );
    assert!(status["operations"].as_u64() > Some(0));
    assert_eq!(status["state_hash"].as_str().map(str::len), Some(64));
    assert_eq!(status["clock"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["clock"][0]["actor"], json!(engine.ready.actor_id));
    assert_eq!(status["clock"][0]["seq"], 1);
    assert_eq!(status["clock"][0]["hlc"].as_str().map(str::len), Some(24));
    let sync = &status["sync"];
    assert!(
        ["alone", "looking"].contains(&sync["state"].as_str().unwrap()),
        "{sync}"
    );
    assert_eq!(
        (&sync["peers"], &sync["behind"], &sync["held"]),
        (&json!(0), &json!(0), &json!([]))
    );
}

#[test]
fn names_that_cannot_be_used_make_nothing() {
    let engine = Engine::start();
    for name in ["", " ", "a\nb", &"x".repeat(201)] {
        engine
            .post("/workspace/create", &json!({"name": name}))
            .refused(422, "bad_name");
    }
    assert_eq!(engine.get("/workspace/list").done()["workspaces"], json!([]));
}

#[test]
fn several_workspaces_are_told_apart_by_id() {
    let engine = Engine::start();
    let ids: Vec<_> = ["One", "Two"]
        .map(|name| engine.post("/workspace/create", &json!({"name": name})).done()["workspace_id"].clone())
        .into();
    let problem = engine.get("/tables/list").refused(400, "workspace_required");
    assert_eq!(problem["workspaces"].as_array().map(Vec::len), Some(2));
    let first = ids[0].as_str().unwrap();
    engine
        .post("/tables/create", &json!({"name": "Cue", "workspace": first}))
        .done();
    for (id, tables) in ids.iter().zip([1, 0]) {
        let listed = engine
            .get(&format!("/tables/list?workspace={}", id.as_str().unwrap()))
            .done();
        assert_eq!(listed["tables"].as_array().map(Vec::len), Some(tables));
    }
    engine
        .get("/tables/list?workspace=018f0000-0000-7000-8000-000000000000")
        .refused(404, "unknown_workspace");
    engine.get("/tables/list?workspace=x").refused(400, "bad_id");
}

#[test]
fn invitation_is_joined_at_once_without_an_address() {
    let (host, guest) = (Engine::with_workspace(), Engine::start());
    let invitation = host.post("/workspace/invite", &json!({})).done()["invitation"].clone();
    let joined = guest
        .post("/workspace/join", &json!({"invitation": invitation}))
        .done();
    assert_eq!(
        (&joined["name"], &joined["actor_id"]),
        (&json!("Tour"), &json!(guest.ready.actor_id))
    );
    assert_eq!(
        joined["workspace_id"],
        host.get("/workspace/status").done()["workspace_id"]
    );
    guest
        .post("/workspace/join", &json!({"invitation": invitation}))
        .refused(409, "already_joined");
    assert_eq!(
        guest.get("/workspace/list").done()["workspaces"][0]["name"],
        "Tour"
    );
}

#[test]
fn faulty_invitation_is_refused_with_what_is_wrong() {
    let guest = Engine::start();
    for text in ["", "hello", &"0".repeat(85), &"a".repeat(100_000)] {
        guest
            .post("/workspace/join", &json!({"invitation": text}))
            .refused(422, "bad_invitation");
    }
}

#[test]
fn joining_where_nobody_answers_makes_nothing() {
    let (host, guest) = (Engine::with_workspace(), Engine::start());
    let invitation = host.post("/workspace/invite", &json!({})).done()["invitation"].clone();
    // A port that was free a moment ago, and on which nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    guest
        .post(
            "/workspace/join",
            &json!({"invitation": invitation, "address": address}),
        )
        .refused(502, "peer_unreachable");
    guest
        .post(
            "/workspace/join",
            &json!({"invitation": invitation, "address": "nowhere"}),
        )
        .refused(422, "bad_address");
    assert_eq!(guest.get("/workspace/list").done()["workspaces"], json!([]));
    guest
        .post("/workspace/join", &json!({"invitation": invitation}))
        .done();
}

#[test]
fn engine_without_a_demo_show_offers_none() {
    let engine = Engine::start();
    assert_eq!(engine.get("/workspace/list").done()["demo"], false);
    engine
        .post("/workspace/demo", &json!({}))
        .refused(422, "unsupported");
    assert_eq!(engine.get("/workspace/list").done()["workspaces"], json!([]));
}

#[test]
fn nobody_near_is_told_where_nobody_is_listened_for() {
    let engine = Engine::start();
    assert_eq!(
        engine.get("/peers/nearby").done(),
        json!({"listening": false, "addresses": []})
    );
}
