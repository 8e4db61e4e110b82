//! The network doctor at the command line, and the addresses that are kept.

use serde_json::{Value, json};

use crate::device::Device;

fn statuses(examined: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = examined["checks"].as_array().unwrap().iter();
    checks
        .map(|check| (text(&check["id"]), text(&check["status"])))
        .collect()
}

#[test]
fn doctor_without_an_engine_says_so_and_ends_with_code_five() {
    let device = Device::with_workspace();
    let ended = device.run(&["doctor"]);
    assert_eq!(ended.0.status.code(), Some(5), "{} {}", ended.out(), ended.err());
    assert!(
        ended
            .out()
            .starts_with("FAIL  No engine is running on this device"),
        "{}",
        ended.out()
    );
    let ended = device.json(&["doctor"]);
    assert_eq!(ended.0.status.code(), Some(5));
    let examined: Value = serde_json::from_str(&ended.out()).unwrap();
    assert_eq!(examined["status"], "fail");
    assert_eq!(statuses(&examined)[0], ("engine".to_owned(), "fail".to_owned()));
}

#[test]
fn doctor_of_a_running_engine_fails_only_where_a_check_fails() {
    let device = Device::with_workspace();
    let _serving = device.serve();
    let ended = device.json(&["doctor", "--peer", "Nobody"]);
    let examined: Value = serde_json::from_str(&ended.out()).unwrap();
    let found = statuses(&examined);
    let failed = found.iter().any(|(_, status)| status == "fail");
    assert_eq!(
        ended.0.status.code(),
        Some(if failed { 5 } else { 0 }),
        "{examined}"
    );
    assert_eq!(examined["status"] == "fail", failed);
    assert!(!found.iter().any(|(id, _)| id == "engine"));
    assert_eq!(
        found.last().unwrap(),
        &("peer".to_owned(), "warn".to_owned()),
        "{examined}"
    );
}

#[test]
fn addresses_are_kept_listed_and_forgotten() {
    let (desk, booth) = (Device::with_workspace(), Device::new());
    let at_desk = desk.serve();
    let invitation = desk.json(&["invite"]).answer()["invitation"].clone();
    booth.json(&["join", invitation.as_str().unwrap()]).answer();
    let at_booth = booth.serve();
    let address = at_desk.address();
    booth.json(&["connect", &address]).answer();
    at_booth.kill();
    let listed = booth.json(&["connect", "list"]).answer();
    assert_eq!(listed["addresses"][0]["address"], json!(address), "{listed}");
    assert!(booth.run(&["connect", "list"]).done().contains(&address));
    booth.json(&["connect", "forget", &address]).answer();
    booth
        .json(&["connect", "forget", &address])
        .refused(1, "unknown_address");
    assert_eq!(booth.json(&["connect", "list"]).answer()["addresses"], json!([]));
    booth.json(&["connect"]).refused(2, "usage");
}
