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
