//! What is set about an engine, by file, environment and option; and the rows that it makes.

use std::process::Stdio;

use serde_json::Value;

use crate::device::{Device, Ended};

/// Runs `openprod config` with a variable set.
fn config_with(device: &Device, variable: (&str, &str)) -> Ended {
    let mut command = device.command(&["config", "--json"]);
    command.env(variable.0, variable.1).stdin(Stdio::null());
    Ended(command.output().unwrap())
}

fn setting<'a>(answer: &'a Value, key: &str) -> &'a Value {
    let list = answer["settings"].as_array().unwrap();
    list.iter().find(|setting| setting["key"] == key).unwrap()
}

fn configured(content: &str) -> Device {
    let device = Device::new();
    std::fs::create_dir_all(device.data()).unwrap();
    std::fs::write(device.data().join("openprod.toml"), content).unwrap();
    device
}

#[test]
fn environment_lies_over_the_file_and_the_file_over_what_is_built_in() {
    let device = configured("[limits]\nreads_max = 3\nsockets_max = 4\n");
    let answer = config_with(&device, ("OPENPROD_LIMITS_SOCKETS_MAX", "5")).answer();
    assert_eq!(setting(&answer, "limits.reads_max")["value"], 3);
    let of_file = setting(&answer, "limits.reads_max")["source"].as_str().unwrap();
    assert!(of_file.ends_with("openprod.toml, line 2"), "{of_file}");
    assert_eq!(setting(&answer, "limits.sockets_max")["value"], 5);
    assert_eq!(
        setting(&answer, "limits.sockets_max")["source"],
        "OPENPROD_LIMITS_SOCKETS_MAX"
    );
    assert_eq!(setting(&answer, "server.mdns")["source"], "built in");
}

#[test]
fn settings_that_are_wrong_are_told_where_they_stand_and_nothing_is_started() {
    for (content, line, says) in [
        ("[server]\nport = \"x\"\n", "line 2", "server.port"),
        ("[server]\nmdns = true\nprt = 1\n", "line 3", "server.prt"),
        ("[server\n", "line 1", "unclosed table"),
    ] {
        let device = configured(content);
        for command in ["config", "serve"] {
            let problem = device.json(&[command]).refused(1, "bad_settings");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(line) && detail.contains(says), "{detail}");
        }
        assert!(!device.data().join("identity").exists());
    }
}

#[test]
fn variable_that_sets_nothing_is_refused_and_others_are_left_alone() {
    let device = Device::new();
    let problem = config_with(&device, ("OPENPROD_SERVER_PRT", "1")).refused(1, "bad_settings");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("OPENPROD_SERVER_PORT"),
        "{problem}"
    );
    config_with(&device, ("OPENPROD_TEST_DATA", "elsewhere")).done();
}

#[test]
fn engine_serves_as_its_file_says() {
    let device = configured("[server]\nname = \"Fly floor\"\n");
    device.run(&["create", "Tour"]).done();
    let serving = device.serve();
    assert_eq!(serving.get("/workspace/status")["name"], "Tour");
    let settings = device.json(&["config"]).answer();
    assert_eq!(setting(&settings, "server.name")["value"], "Fly floor");
}

#[test]
fn projections_are_listed_read_and_made_anew() {
    let device = Device::with_workspace();
    let event = ["events", "append", "Booked", "{}", "--stream", "person-7"];
    device.run(&event).done();
    let listed = device.run(&["projections"]).done();
    for name in ["audit_log", "event_streams", "event_types"] {
        assert!(listed.contains(name), "{listed}");
    }
    let rows = ["projections", "rows", "event_types", "--reached", "1"];
    assert!(device.run(&rows).done().contains("Booked"));
    device.run(&["projections", "rebuild", "event_types"]).done();
    assert!(device.run(&rows).done().contains("Booked"));
    let unknown = device.run(&["projections", "rows", "weather"]);
    assert_ne!(unknown.0.status.code(), Some(0));
    assert!(unknown.err().contains("event_types"), "{}", unknown.err());
}

#[test]
fn caches_and_the_port_for_metrics_are_settings_like_others() {
    let device = configured("[server]\nmetrics_port = 0\n[storage]\nwriter_cache_kib = 4096\n");
    let answer = config_with(&device, ("OPENPROD_STORAGE_READER_CACHE_KIB", "512")).answer();
    assert_eq!(setting(&answer, "storage.writer_cache_kib")["value"], 4096);
    assert_eq!(setting(&answer, "storage.reader_cache_kib")["value"], 512);
    let unset = device.json(&["config"]).answer();
    assert_eq!(setting(&unset, "storage.reader_cache_kib")["value"], 1024);
    device.run(&["create", "Tour"]).done();
    let serving = device.serve();
    let port = serving.ready["metrics_port"].as_u64().unwrap();
    let mut metrics = ureq::get(format!("http://127.0.0.1:{port}/metrics"))
        .call()
        .unwrap();
    assert!(metrics.body_mut().read_to_string().unwrap().contains("# TYPE"));
    drop(serving);
    for (content, key) in [
        ("[server]\nmetrics_port = 70000\n", "server.metrics_port"),
        ("[storage]\nwriter_cache_kib = 0\n", "storage.writer_cache_kib"),
    ] {
        let problem = configured(content).json(&["config"]).refused(1, "bad_settings");
        assert!(problem["detail"].as_str().unwrap().contains(key), "{problem}");
    }
}

#[test]
fn port_for_metrics_is_off_until_an_option_asks_for_it() {
    let device = Device::with_workspace();
    let serving = device.serve();
    assert!(serving.ready.get("metrics_port").is_none());
    drop(serving);
    let serving = device.serve_as("serve", &["--metrics-port", "0"]);
    assert!(serving.ready["metrics_port"].as_u64().is_some());
}
