//! The demo: made once, kept, and never put where something else is.

use serde_json::{Value, json};

use crate::device::{Device, Serving};

fn counts(serving: &Serving) -> Vec<(String, u64)> {
    let tables = serving.get("/tables/list");
    let count = |table: &Value| {
        (
            table["name"].as_str().unwrap().to_owned(),
            table["records"].as_u64().unwrap(),
        )
    };
    tables["tables"].as_array().unwrap().iter().map(count).collect()
}

#[test]
fn demo_is_made_once_and_keeps_what_is_changed() {
    let device = Device::new();
    let serving = device.serve_as("demo", &[]);
    assert!(serving.ready["open_url"].as_str().unwrap().contains("#code="));
    let tables = counts(&serving);
    let names: Vec<_> = tables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["People", "Venues", "Performances", "Programme", "Cues"]);
    assert!(tables.iter().all(|(_, records)| *records > 0), "{tables:?}");
    let cue = serving.get("/records/list?table=Cues&limit=1")["records"][0].clone();
    let item = cue["fields"]["programme_item"]["entity"].as_str().unwrap();
    assert_eq!(serving.get(&format!("/records/{item}"))["entity_id"], item);

    serving.post("/records/delete", &json!({"entity_id": cue["entity_id"]}));
    let (hash, left) = (serving.state_hash(), counts(&serving));
    serving.kill();
    let serving = device.serve_as("demo", &[]);
    assert_eq!((serving.state_hash(), counts(&serving)), (hash, left));
}

#[test]
fn demo_that_was_broken_off_is_completed_without_doubles() {
    let device = Device::new();
    let serving = device.serve_as("demo", &["--seed", "7"]);
    let (hash, tables) = (serving.state_hash(), counts(&serving));
    serving.kill();
    let marker = device.data().join("demo.json");
    std::fs::write(&marker, r#"{"seed":7,"filled":false}"#).unwrap();
    let serving = device.serve_as("demo", &[]);
    assert_eq!((serving.state_hash(), counts(&serving)), (hash, tables));
    let marker: Value = serde_json::from_slice(&std::fs::read(&marker).unwrap()).unwrap();
    assert_eq!(marker, json!({"seed": 7, "filled": true}));
}

#[test]
fn demo_that_runs_gives_another_link() {
    let device = Device::new();
    let serving = device.serve_as("demo", &[]);
    let again = device.run(&["demo"]).done();
    let code = again.split("#code=").nth(1).unwrap().trim();
    assert_eq!(
        serving.post("/session", &json!({"code": code}))["token"],
        serving.ready["token"]
    );
}

#[test]
fn demo_keeps_out_of_what_is_not_its_own() {
    let device = Device::with_workspace();
    let before = device.status();
    device.json(&["demo", "--no-mdns"]).refused(1, "not_a_demo");
    assert_eq!(device.status(), before);
    let device = Device::new();
    device.serve_as("demo", &["--seed", "7"]).kill();
    device
        .json(&["demo", "--no-mdns", "--seed", "8"])
        .refused(1, "not_a_demo");
}

#[test]
fn show_is_made_in_a_workspace_of_its_own_for_who_asks_on_the_page() {
    let device = Device::with_workspace();
    let serving = device.serve();
    let list = serving.get("/workspace/list");
    assert_eq!(list["demo"], true);
    let made = serving.post("/workspace/demo", &json!({}));
    assert_ne!(made["workspace_id"], list["workspaces"][0]["workspace_id"]);
    let id = made["workspace_id"].as_str().unwrap();
    let tables = serving.get(&format!("/tables/list?workspace={id}"));
    let names: Vec<_> = tables["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["People", "Venues", "Performances", "Programme", "Cues"]);
    let cues = serving.get(&format!("/records/list?table=Cues&limit=1&workspace={id}"));
    assert!(cues["total"].as_u64() > Some(100), "{cues}");
}

#[test]
fn engine_forgets_who_was_let_in_when_it_is_told_to() {
    let device = Device::with_workspace();
    let token = |more: &[&str]| {
        let serving = device.serve_as("serve", more);
        let token = serving.ready["token"].clone();
        serving.kill();
        token
    };
    let first = token(&[]);
    assert_eq!(token(&[]), first);
    let renewed = token(&["--new-token"]);
    assert_ne!(renewed, first);
    assert_eq!(token(&[]), renewed);
}
