//! Files in and out: what is imported comes back.

use serde_json::json;

use crate::device::{Device, exists};

/// A row of every type that a CSV file can hold.
const EVERY_TYPE: &str = "\
label,number,weight,standby,day,at,length,department,note
\"Go, now\",1,0.5,true,2026-11-21,2026-11-21T19:30:00Z,PT1H30M,LX,\"two
lines\"
\"say \"\"go\"\"\",2,12.25,false,2026-11-22,2026-11-22T19:30:00+01:00,PT45M,SND,
Ünïcode 🎭,,,,,,,,x
";

const ITS_TYPES: &str = "label:text,number:integer,weight:float,standby:boolean,day:date,at:datetime,length:duration,department:enum";

#[test]
fn every_type_comes_back_as_it_went() {
    let device = Device::with_workspace();
    let file = device.file("cues.csv", EVERY_TYPE);
    let imported = device
        .json(&["import", "--table", "Cue", "--types", ITS_TYPES, &file])
        .answer();
    assert_eq!(
        (&imported["rows"], &imported["created"], &imported["table"]),
        (&json!(3), &json!(true), &json!("Cue"))
    );
    let types: Vec<_> = imported["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "text", "integer", "float", "boolean", "date", "datetime", "duration", "enum", "text"
        ]
    );
    assert_eq!(device.export("Cue"), EVERY_TYPE);
}

#[test]
fn export_of_an_import_of_an_export_is_the_same() {
    let device = Device::with_workspace();
    device.import("First", EVERY_TYPE).answer();
    let first = device.export("First");
    device.import("Second", &first).answer();
    assert_eq!(device.export("Second"), first);
}

#[test]
fn types_are_found_by_themselves() {
    let device = Device::with_workspace();
    let imported = device
        .import(
            "Cue",
            "a;b;c;d;e\n1;1,5;2026-11-21;true;x\n2;;2026-11-22;false;y\n",
        )
        .answer();
    let types: Vec<_> = imported["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["integer", "text", "date", "boolean", "text"]);
    assert_eq!(imported["delimiter"], ";");
}

#[test]
fn status_counts_what_was_imported() {
    let device = Device::with_workspace();
    let before = device.status();
    device.import("Cue", "a,b\n1,2\n3,4\n").answer();
    let after = device.status();
    assert_eq!(after["name"], "Tour");
    assert!(after["operations"].as_u64() > before["operations"].as_u64());
    assert_eq!(
        after["bundles"].as_u64(),
        before["bundles"].as_u64().map(|bundles| bundles + 2)
    );
    assert_ne!(after["state_hash"], before["state_hash"]);
    let text = device.run(&["status"]).done();
    assert!(text.contains("Cue") && text.contains("2 records"), "{text}");
    assert!(text.contains(after["state_hash"].as_str().unwrap()), "{text}");
}

#[test]
fn columns_go_into_a_table_that_exists_by_their_names() {
    let device = Device::with_workspace();
    device.import("Cue", "label,number\nGo,1\n").answer();
    let more = device.file("more.csv", "number,label\n2,Stop\n");
    let imported = device.json(&["import", "--table", "Cue", &more]).answer();
    assert_eq!(
        (&imported["created"], &imported["rows"]),
        (&json!(false), &json!(1))
    );
    let fewer = device.file("fewer.csv", "label\n007\n");
    device.json(&["import", "--table", "Cue", &fewer]).answer();
    assert_eq!(device.export("Cue"), "label,number\nGo,1\nStop,2\n007,\n");
}

#[test]
fn export_replaces_its_file_when_it_is_whole() {
    let device = Device::with_workspace();
    device.import("Cue", "a\n1\n").answer();
    let out = device.file("out.csv", "something else, and longer than what comes");
    let answer = device.json(&["export", "--table", "Cue", "--out", &out]).answer();
    assert_eq!((&answer["rows"], &answer["file"]), (&json!(1), &json!(out)));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "a\n1\n");
    let nowhere = device.home.path().join("missing").join("out.csv");
    device
        .json(&["export", "--table", "Cue", "--out", nowhere.to_str().unwrap()])
        .refused(1, "file_failed");
    assert!(!exists(&device.home.path().join("out.csv.part")));
}

#[cfg(target_os = "linux")]
#[test]
fn export_to_a_full_disk_is_no_success() {
    let device = Device::with_workspace();
    device.import("Cue", "a\n1\n").answer();
    device
        .json(&["export", "--table", "Cue", "--out", "/dev/full"])
        .refused(1, "export_failed");
}

#[test]
fn more_rows_than_a_page_or_a_request_come_back_in_order() {
    let device = Device::with_workspace();
    let mut text = "number,label\n".to_owned();
    for number in 0..2_345 {
        text.push_str(&format!("{number},cue {number}\n"));
    }
    device.import("Cue", &text).answer();
    assert_eq!(device.export("Cue"), text);
    let exported = device.json(&["export", "--table", "Cue"]).answer();
    assert_eq!(exported["records"].as_array().unwrap().len(), 2_345);
    assert_eq!(
        exported["records"][2_344]["fields"],
        json!({"number": 2_344, "label": "cue 2344"})
    );
    assert_eq!(
        exported["fields"][0],
        json!({"name": "number", "type": "integer"})
    );
}

#[test]
fn wide_and_long_rows_are_spread_over_bundles() {
    let device = Device::with_workspace();
    let header: Vec<_> = (0..250).map(|column| format!("c{column}")).collect();
    let mut wide = header.join(",") + "\n";
    for row in 0..300 {
        wide.push_str(&(vec![row.to_string(); 250].join(",") + "\n"));
    }
    device.import("Wide", &wide).answer();
    assert_eq!(device.export("Wide"), wide);
    let long = format!(
        "text\n{}\n{}\n{}\n",
        "a".repeat(3 << 20),
        "b".repeat(3 << 20),
        "c".repeat(3 << 20)
    );
    device.import("Long", &long).answer();
    assert_eq!(device.export("Long"), long);
}
