//! Two engines on this machine, which reach each other by address.

use harness::skip;
use serde_json::json;

use crate::engine_process::{EngineProcess, binary, eventually};

#[test]
fn two_processes_come_into_step_and_list_the_same_conflict() {
    let Some(binary) = binary() else {
        return skip(
            "two_processes_come_into_step_and_list_the_same_conflict",
            "no openprod binary; build it first",
        );
    };
    let (data_a, data_b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let a = EngineProcess::start(&binary, data_a.path(), "a", &["--no-mdns"], &[]);
    a.post("/workspace/create", &json!({"name": "Tour"}));
    let cue = a.make_a_cue();
    let invitation = a.post("/workspace/invite", &json!({}))["invitation"].clone();
    let address = format!("127.0.0.1:{}", a.sync_port);
    let b = EngineProcess::start(&binary, data_b.path(), "b", &["--no-mdns"], &[]);
    b.post(
        "/workspace/join",
        &json!({"invitation": invitation, "address": address}),
    );
    eventually("the second has what the first has", || b.labels() == ["Go"]);
    eventually("both states are equal", || a.state_hash() == b.state_hash());

    b.label(&cue, "Stop");
    eventually("an edit comes back", || a.labels() == ["Stop"]);

    a.post("/sync/pause", &json!({}));
    b.post("/sync/pause", &json!({}));
    a.label(&cue, "by a");
    b.label(&cue, "by b");
    a.post("/sync/resume", &json!({}));
    b.post("/sync/resume", &json!({}));
    let both = [["by a".to_owned(), "by b".to_owned()]];
    eventually("both list the conflict", || {
        a.conflicting_values() == both && b.conflicting_values() == both
    });
    eventually("both states are equal", || a.state_hash() == b.state_hash());
}

#[test]
fn killed_process_comes_back_with_what_it_acknowledged() {
    let Some(binary) = binary() else {
        return skip(
            "killed_process_comes_back_with_what_it_acknowledged",
            "no openprod binary; build it first",
        );
    };
    let data = tempfile::tempdir().unwrap();
    let engine = EngineProcess::start(&binary, data.path(), "a", &["--no-mdns"], &[]);
    engine.post("/workspace/create", &json!({"name": "Tour"}));
    let cue = engine.make_a_cue();
    for number in 0..20 {
        engine.label(&cue, &format!("label {number}"));
    }
    let hash = engine.state_hash();
    drop(engine);
    let engine = EngineProcess::start(&binary, data.path(), "a", &["--no-mdns"], &[]);
    assert_eq!(engine.labels(), ["label 19"]);
    assert_eq!(engine.state_hash(), hash);
}
