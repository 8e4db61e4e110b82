//! The history and the check of a whole workspace.

use serde_json::{Value, json};

use crate::engine::Engine;

fn history(engine: &Engine, query: &str) -> (Vec<Value>, Value) {
    let page = engine.get(&format!("/history{query}")).done();
    (
        page["bundles"].as_array().unwrap().clone(),
        page["next_cursor"].clone(),
    )
}

#[test]
fn history_is_told_newest_first_with_who_and_why() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let update = json!({
        "entity_id": id, "table": "Cue", "fields": {"label": "Stop"},
        "command": {"source": "desk", "justification": "the conductor asked"},
    });
    let done = engine.post("/records/update", &update).done();
    let (bundles, next) = history(&engine, "");
    assert_eq!(next, Value::Null);
    let newest = &bundles[0];
    assert_eq!(newest["bundle_id"], done["bundle_id"]);
    assert_eq!(newest["command_id"], done["command_id"]);
    assert_eq!(newest["actor_id"], json!(engine.ready.actor_id));
    assert_eq!(
        (
            &newest["command_type"],
            &newest["source"],
            &newest["justification"]
        ),
        (
            &json!("records.update"),
            &json!("desk"),
            &json!("the conductor asked")
        )
    );
    let types: Vec<_> = bundles
        .iter()
        .map(|bundle| bundle["command_type"].as_str().unwrap())
        .collect();
    assert_eq!(types[..3], ["records.update", "records.create", "tables.create"]);
    let status = engine.get("/workspace/status").done();
    assert_eq!(status["bundles"], bundles.len());
    let operations: u64 = bundles
        .iter()
        .map(|bundle| bundle["operations"].as_u64().unwrap())
        .sum();
    assert_eq!(status["operations"], operations);
}

#[test]
fn pages_of_history_meet_without_gap_or_repeat() {
    let engine = Engine::with_table();
    for number in 0..40 {
        engine.cue("Go", number);
    }
    let (whole, _) = history(&engine, "?limit=1000");
    for limit in [1, 7, 16, 17, 41] {
        let (mut found, mut next) = history(&engine, &format!("?limit={limit}"));
        while let Some(cursor) = next.as_str() {
            let (more, after) = history(&engine, &format!("?limit={limit}&cursor={cursor}"));
            assert!(!more.is_empty() && more.len() <= limit);
            found.extend(more);
            next = after;
        }
        assert_eq!(found, whole);
    }
}

#[test]
fn history_of_what_is_not_there_is_refused() {
    let engine = Engine::with_workspace();
    engine.get("/history?limit=0").refused(400, "bad_query");
    engine.get("/history?limit=1001").refused(400, "bad_query");
    engine.get("/history?limit=x").refused(400, "bad_query");
    engine.get("/history?cursor=x").refused(400, "bad_cursor");
    engine.get("/history?cursor=-1").refused(400, "bad_cursor");
    assert_eq!(history(&engine, "?cursor=0").0, [] as [Value; 0]);
    let all = history(&engine, "");
    assert_eq!(history(&engine, &format!("?cursor={}", u64::MAX)), all);
}

#[test]
fn verify_finds_a_healthy_workspace_sound() {
    let engine = Engine::with_table();
    engine.cue("Go", 1);
    let found = engine.post("/workspace/verify", &json!({})).done();
    let status = engine.get("/workspace/status").done();
    assert_eq!(found["sound"], true);
    assert_eq!(
        (&found["bundles"], &found["operations"]),
        (&status["bundles"], &status["operations"])
    );
    assert_eq!(
        (&found["state_hash"], &found["replayed_hash"]),
        (&status["state_hash"], &status["state_hash"])
    );
    assert_eq!(
        (&found["first_difference"], &found["forged"]),
        (&Value::Null, &json!([]))
    );
    Engine::start()
        .post("/workspace/verify", &json!({}))
        .refused(404, "no_workspace");
}
