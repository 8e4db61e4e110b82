//! The benches measure what they say they do, at a scale at which the figures mean nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use serde_json::Value;

/// The figures that a bench writes for programs.
fn figures(bench: &str) -> Vec<Value> {
    figures_of(bench, 0.002, &[])
}

/// The same, at a scale and with more arguments.
fn figures_of(bench: &str, scale: f64, arguments: &[&str]) -> Vec<Value> {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_openprod-bench"))
        .args([bench, "--scale", &scale.to_string(), "--rounds", "1"])
        .args(arguments)
        .arg("--out")
        .arg(out.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read(out.path().join(format!("{bench}.json"))).unwrap();
    let mut report: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        (&report["bench"], &report["scale"]),
        (&bench.into(), &scale.into())
    );
    // What the bench worked on is gone again; its figures are there for programs and for people.
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 2);
    match report["figures"].take() {
        Value::Array(figures) if !figures.is_empty() => figures,
        other => panic!("{bench} has no figures: {other}"),
    }
}

/// Every figure of a bench is of this goal, was measured, and beside a limit if `beside_limit`.
fn check(bench: &str, id: &str, beside_limit: bool) {
    for figure in figures(bench) {
        assert_eq!(figure["id"], id, "{figure}");
        assert!(figure["ours"]["median"].as_f64().unwrap() > 0.0, "{figure}");
        if beside_limit {
            assert!(figure["ratio"].as_f64().unwrap() > 0.0, "{figure}");
            assert!(
                figure["limit"]["measured"]["median"].as_f64().unwrap() > 0.0,
                "{figure}"
            );
        }
    }
}

#[test]
fn catch_up_is_measured_beside_its_limit() {
    check("catch-up", "P1", true);
}

#[test]
fn creating_records_is_measured_beside_its_limit() {
    check("create", "P4", false);
    check("create-together", "P5", true);
}

#[test]
fn listing_is_measured() {
    check("list", "P9", false);
}

#[test]
fn opening_and_replaying_are_measured_beside_their_limits() {
    check("open", "P7", true);
    check("replay", "P8", true);
}

#[test]
fn growth_and_conflicts_are_measured_beside_their_limits() {
    check("growth", "P10", true);
    check("conflicts", "conflicts", true);
}

#[test]
fn events_are_measured() {
    let figures = figures_of("events", 0.001, &[]);
    for id in ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9"] {
        assert!(figures.iter().any(|figure| figure["id"] == id), "{id}");
    }
    for figure in figures {
        assert!(figure["ours"]["median"].as_f64().unwrap() > 0.0, "{figure}");
        let is_alone = figure["id"] == "V4" || figure["id"] == "V9";
        assert!(is_alone || figure["ratio"].as_f64().unwrap() > 0.0, "{figure}");
    }
}

#[test]
fn goals_of_the_event_store_are_measured_alone() {
    let figures = figures_of("events", 0.001, &["--only", "v5,V7"]);
    let ids: Vec<_> = figures.iter().map(|figure| figure["id"].clone()).collect();
    assert_eq!(ids, ["V5", "V5", "V7"]);
}
