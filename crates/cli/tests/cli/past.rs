//! The history at the command line, and taking things back.

use serde_json::{Value, json};

use crate::device::{Device, Serving};

/// A device that serves a table `Cue` with one record, and that record.
fn device() -> (Device, Serving, String) {
    let device = Device::with_workspace();
    device.import("Cue", "label,number\nGo,1\n").answer();
    let serving = device.serve();
    let id = serving.record("Cue", "label", "Go")["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (device, serving, id)
}

fn update(serving: &Serving, id: &str, label: &str) -> Value {
    let update = json!({"entity_id": id, "table": "Cue", "fields": {"label": label}});
    serving.post("/records/update", &update)
}

fn label(serving: &Serving, id: &str) -> Value {
    serving.get(&format!("/records/{id}"))["fields"]["label"].clone()
}

#[test]
fn history_is_told_change_by_change() {
    let (device, serving, id) = device();
    let changed = update(&serving, &id, "Stop");
    let text = device
        .run(&["history", "--record", &id, "--field", "label"])
        .done();
    for part in [
        "this device: update records, bundle ".to_owned(),
        changed["bundle_id"].as_str().unwrap().to_owned(),
        format!("Cue.label of {id}: “Go” → “Stop”"),
        format!("Cue.label of {id}: “Go”\n"),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    let text = device.run(&["history", "--table", "Cue", "--limit", "2"]).done();
    assert!(text.contains("was put into table \"Cue\""), "{text}");
    assert!(text.contains("there is more"), "{text}");
    let answer = device.json(&["history", "--record", &id]).answer();
    assert_eq!(answer["bundles"][0]["bundle_id"], changed["bundle_id"]);
    device
        .json(&["history", "--record", "../tables"])
        .refused(1, "bad_id");
    device
        .json(&["history", "--table", "Nope"])
        .refused(1, "unknown_table");
    assert_eq!(
        device.run(&["history", "--field", "label"]).0.status.code(),
        Some(2)
    );
}

#[test]
fn last_change_is_undone_and_redone() {
    let (device, serving, id) = device();
    update(&serving, &id, "Stop");
    assert_eq!(device.run(&["undo"]).done().trim_end(), "Undone: update records.");
    assert_eq!(label(&serving, &id), "Go");
    assert_eq!(device.run(&["redo"]).done().trim_end(), "Redone: update records.");
    assert_eq!(label(&serving, &id), "Stop");
    device.json(&["redo"]).refused(1, "nothing_to_redo");
    let undone = device.json(&["undo"]).answer();
    assert_eq!(undone["undone"]["command_type"], "records.update");
    let draft = serving.post("/overlays/create", &json!({"name": "Tech"}));
    update(&serving, &id, "Wait");
    assert_eq!(device.run(&["undo"]).done().trim_end(), "Undone in the draft.");
    serving.post("/overlays/discard", &json!({"overlay_id": draft["overlay_id"]}));
}

#[test]
fn any_bundle_is_reverted_and_what_stays_is_said() {
    let (device, serving, id) = device();
    let fields = json!({"label": "Stop", "number": 2});
    let body = json!({"entity_id": id, "table": "Cue", "fields": fields});
    let changed = serving.post("/records/update", &body);
    update(&serving, &id, "Later");
    let bundle = changed["bundle_id"].as_str().unwrap();
    let text = device.run(&["history", "revert", bundle]).done();
    for part in [
        "Taken back: update records.".to_owned(),
        "1 change stayed:".to_owned(),
        format!("field \"label\" of record {id}: edited since by this device"),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    let record = serving.get(&format!("/records/{id}"));
    assert_eq!(
        (&record["fields"]["label"], &record["fields"]["number"]),
        (&json!("Later"), &json!(1))
    );
    device
        .json(&["history", "revert", bundle])
        .refused(1, "nothing_taken_back");
    device
        .json(&["history", "revert", "018f0000-0000-7000-8000-000000000000"])
        .refused(1, "unknown_bundle");
}

#[test]
fn drafts_are_listed_shown_committed_and_discarded() {
    let (device, serving, id) = device();
    assert_eq!(
        device.run(&["overlays"]).done().trim_end(),
        "There are no drafts."
    );
    let create = |name: &str| serving.post("/overlays/create", &json!({"name": name}));
    create("Tech notes");
    update(&serving, &id, "Stop");
    let made = create("Other");
    update(&serving, &id, "Wait");
    let listed = device.run(&["overlays"]).done();
    for part in ["Tech notes, 1 edit, made ", "Other (active), 1 edit, made "] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    assert_eq!(
        device.json(&["overlays"]).answer()["overlays"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let shown = device.run(&["overlays", "show", "Tech notes"]).done();
    for part in [
        "1. update records, ",
        &format!("Cue.label of record {id}: “Go” → “Stop”"),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    device
        .json(&["overlays", "show", "Nobody's"])
        .refused(1, "unknown_overlay");
    assert_eq!(
        device
            .run(&["overlays", "commit", "Tech notes"])
            .done()
            .trim_end(),
        "Committed: Tech notes, 1 edit."
    );
    // The other draft was made before that.
    let shown = device.run(&["overlays", "show", "Other"]).done();
    assert!(shown.contains("“Wait” here, “Stop” by this device, "), "{shown}");
    assert!(
        device
            .run(&["overlays"])
            .done()
            .contains("1 cell others changed too")
    );
    device
        .json(&["overlays", "commit", "Other"])
        .refused(1, "open_drift");
    let other = made["overlay_id"].as_str().unwrap();
    assert_eq!(
        device.run(&["overlays", "discard", other]).done().trim_end(),
        "Discarded: Other, 1 edit."
    );
    assert_eq!(label(&serving, &id), "Stop");
}
