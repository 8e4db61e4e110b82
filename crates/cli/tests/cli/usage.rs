//! Exit codes, and what people are told when something cannot be done.

use crate::device::{Device, exists};

#[test]
fn help_and_version_are_answers() {
    let device = Device::new();
    let help = device.run(&["--help"]).done();
    for command in [
        "demo",
        "create",
        "serve",
        "invite",
        "join",
        "import",
        "export",
        "verify",
        "log",
        "conflicts",
        "history",
        "undo",
        "redo",
    ] {
        assert!(help.contains(command), "{help}");
    }
    assert!(help.contains("Exit codes"));
    assert!(device.run(&["import", "--help"]).done().contains("Example"));
    assert!(device.run(&["--version"]).done().starts_with("openprod "));
}

#[test]
fn what_cannot_be_understood_ends_with_two() {
    let device = Device::new();
    assert_eq!(device.run(&["dance"]).0.status.code(), Some(2));
    assert_eq!(device.run(&["import", "x.csv"]).0.status.code(), Some(2));
    assert_eq!(device.run(&["log", "--limit", "0"]).0.status.code(), Some(2));
    device.json(&["dance"]).refused(2, "usage");
}

#[test]
fn reading_makes_no_data_directory() {
    let device = Device::new();
    for command in [
        "status",
        "peers",
        "invite",
        "verify",
        "log",
        "conflicts",
        "history",
        "undo",
        "redo",
    ] {
        device.json(&[command]).refused(1, "nothing_here");
    }
    device.json(&["open"]).refused(3, "engine_not_running");
    assert!(!exists(&device.data()));
}

#[test]
fn people_are_told_what_to_do_next() {
    let device = Device::new();
    let ended = device.run(&["status"]);
    assert_eq!(ended.0.status.code(), Some(1));
    assert!(ended.err().contains("openprod create NAME"), "{}", ended.err());
    let ended = device.run(&["open"]);
    assert!(ended.err().contains("openprod serve"), "{}", ended.err());
}

#[test]
fn empty_directory_of_a_device_has_no_workspace() {
    let device = Device::new();
    device.json(&["create", ""]).refused(1, "bad_name");
    device.json(&["status"]).refused(1, "no_workspace");
}

#[test]
fn one_of_several_workspaces_is_named() {
    let device = Device::with_workspace();
    let other = device.json(&["create", "Other"]).answer()["workspace_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let problem = device.json(&["status"]).refused(1, "workspace_required");
    let next = problem["next"].as_str().unwrap();
    assert!(next.contains(&format!("--workspace {other}   Other")), "{next}");
    assert_eq!(
        device.json(&["status", "--workspace", &other]).answer()["name"],
        "Other"
    );
    let file = device.file("cue.csv", "a\n1\n");
    device
        .json(&["import", "--workspace", &other, "--table", "Cue", &file])
        .answer();
    assert_eq!(
        device
            .run(&["export", "--workspace", &other, "--table", "Cue"])
            .done(),
        "a\n1\n"
    );
    for command in [
        "invite",
        "peers",
        "verify",
        "log",
        "conflicts",
        "history",
        "undo",
        "redo",
    ] {
        device.json(&[command, "--workspace", &other]).answer();
    }
    device.json(&["status", "--workspace", "x"]).refused(1, "bad_id");
}

#[test]
fn unusable_invitations_join_nothing() {
    let device = Device::new();
    device.json(&["join", "nonsense"]).refused(1, "bad_invitation");
    let host = Device::with_workspace();
    let invitation = host.json(&["invite"]).answer()["invitation"]
        .as_str()
        .unwrap()
        .to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    device
        .json(&["join", &invitation, "--address", &address])
        .refused(3, "peer_unreachable");
    device.json(&["status"]).refused(1, "no_workspace");
    host.json(&["join", &invitation]).refused(1, "already_joined");
}

#[test]
fn damaged_data_is_told_and_not_touched() {
    let device = Device::with_workspace();
    std::fs::write(device.data().join("identity"), "x").unwrap();
    device.json(&["status"]).refused(1, "start_failed");
    assert_eq!(std::fs::read(device.data().join("identity")).unwrap(), b"x");
}
