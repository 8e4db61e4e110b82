//! What programs are answered: one line of JSON on standard output, with the names that they rely on.

use serde_json::Value;

use crate::device::Device;

#[track_caller]
fn check(answer: &Value, names: &[&str]) {
    for name in names {
        assert!(answer.get(name).is_some(), "{name}: {answer}");
    }
}

#[test]
fn every_command_answers_programs_in_one_line() {
    let device = Device::new();
    check(
        &device.json(&["create", "Tour"]).answer(),
        &["workspace_id", "name", "actor_id"],
    );
    let imported = device.import("Cue", "a,b\n1,2\n").answer();
    check(
        &imported,
        &[
            "table",
            "table_id",
            "created",
            "rows",
            "columns",
            "encoding",
            "delimiter",
            "warnings",
            "seconds",
        ],
    );
    check(
        &device.json(&["status"]).answer(),
        &[
            "workspace_id",
            "name",
            "actor_id",
            "operations",
            "bundles",
            "state_hash",
            "clock",
            "sync",
        ],
    );
    check(
        &device.json(&["export", "--table", "Cue"]).answer(),
        &["table", "table_id", "fields", "records"],
    );
    check(&device.json(&["invite"]).answer(), &["invitation"]);
    assert_eq!(device.json(&["peers"]).answer()["peers"], serde_json::json!([]));
    assert_eq!(
        device.json(&["conflicts"]).answer()["conflicts"],
        serde_json::json!([])
    );
    let verified = device.json(&["verify"]).answer();
    check(
        &verified,
        &["bundles", "operations", "first_difference", "forged"],
    );
    assert_eq!(
        (&verified["sound"], &verified["state_hash"]),
        (&Value::Bool(true), &verified["replayed_hash"])
    );
    let log = device.json(&["log", "--limit", "1"]).answer();
    check(
        &log["bundles"][0],
        &[
            "bundle_id",
            "actor_id",
            "at",
            "command_type",
            "operations",
            "source",
        ],
    );
    assert_eq!(log["bundles"].as_array().unwrap().len(), 1);
    assert!(log["next_cursor"].is_string());
}

#[test]
fn log_names_who_did_what_newest_first() {
    let device = Device::with_workspace();
    device.import("Cue", "a,b\n1,2\n").answer();
    let log = device.json(&["log"]).answer();
    let types: Vec<_> = log["bundles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bundle| bundle["command_type"].as_str().unwrap())
        .collect();
    assert_eq!(types[..2], ["records.create", "tables.create"]);
    let [newest, before] = [&log["bundles"][0], &log["bundles"][1]];
    assert_eq!(newest["correlation_id"], before["correlation_id"]);
    assert_eq!(newest["justification"], "imported from Cue.csv");
    let text = device.run(&["log"]).done();
    let first = text.lines().nth(1).unwrap();
    for part in [
        "this device",
        "create records",
        "cli import",
        "imported from Cue.csv",
    ] {
        assert!(first.contains(part), "{text}");
    }
}
