//! Files that are not what they should be: adapted and said so, or refused whole.

use serde_json::{Value, json};

use crate::device::{Device, Ended};

/// Imports into a new table; nothing of it is there afterwards.
fn check_refused(content: &[u8], detail: &str) {
    let device = Device::with_workspace();
    let before = device.status();
    let problem = device.import("Cue", content).refused(1, "bad_csv");
    assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    assert_eq!(device.status()["state_hash"], before["state_hash"]);
    assert_eq!(device.status()["bundles"], before["bundles"]);
}

fn warnings(ended: &Ended) -> String {
    ended.answer()["warnings"].to_string()
}

#[test]
fn what_is_no_csv_is_refused_whole() {
    check_refused(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01",
        "export it as CSV first",
    );
    check_refused(
        b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0xl/workbook.xml",
        "export it as CSV first",
    );
    check_refused(&[0; 4_096], "NUL");
    check_refused(b"", "empty");
    check_refused(b"a,b\n", "no rows");
    check_refused(b"a,b\n1,\"2\n3,4\n", "never closed");
    check_refused(b"a,b\n1,\"2\"x\n", "closing quote");
    check_refused(b"a,b\n1,2\0\n", "NUL");
}

#[test]
fn file_that_is_mostly_utf8_is_refused_with_its_line() {
    let mut text = "näme\n".repeat(200).into_bytes();
    text.extend(b"caf\xe9\n");
    check_refused(&text, "line 201");
}

#[test]
fn missing_file_is_refused() {
    let device = Device::with_workspace();
    let problem = device
        .json(&["import", "--table", "Cue", "missing.csv"])
        .refused(1, "bad_csv");
    assert!(
        problem["detail"].as_str().unwrap().contains("missing.csv"),
        "{problem}"
    );
}

#[test]
fn ragged_rows_are_padded_and_kept_and_said() {
    let device = Device::with_workspace();
    let imported = device.import("Cue", "a,b\n1\n2,3,4\n5,6\n");
    let said = warnings(&imported);
    assert!(said.contains("line 2") && said.contains("line 3"), "{said}");
    let exported = device.export("Cue");
    let lines: Vec<_> = exported.lines().collect();
    assert!(lines[0].starts_with("a,b,"), "{exported}");
    assert_eq!(lines[1..], ["1,,", "2,3,4", "5,6,"]);
}

#[test]
fn duplicate_headers_are_told_apart_and_said() {
    let device = Device::with_workspace();
    let imported = device.import("Cue", "name,name,name\n1,2,3\n");
    let columns = imported.answer()["columns"].clone();
    let names: Vec<_> = columns
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "name");
    assert!(
        names[1] != names[0] && names[2] != names[1] && names[2] != names[0],
        "{names:?}"
    );
    assert!(warnings(&imported).contains("like one before it"));
    assert_eq!(device.export("Cue").lines().nth(1), Some("1,2,3"));
}

#[test]
fn other_encodings_are_read_and_guesses_said() {
    let device = Device::with_workspace();
    let windows = device.import("Windows", b"name\nCaf\xe9 \x96 Dvo\xf8\n");
    assert!(warnings(&windows).contains("not UTF-8"));
    assert_eq!(device.export("Windows"), "name\nCafé – Dvoø\n");
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain("name\nDvořák 🎻\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(warnings(&device.import("Wide", utf16)), "[]");
    assert_eq!(device.export("Wide"), "name\nDvořák 🎻\n");
    assert_eq!(warnings(&device.import("Marked", "\u{FEFF}name\nx\n")), "[]");
    assert_eq!(device.export("Marked"), "name\nx\n");
}

#[test]
fn people_are_told_what_was_adapted() {
    let device = Device::with_workspace();
    let file = device.file("cue.csv", "a,b\n1\n");
    let imported = device.run(&["import", "--table", "Cue", &file]);
    assert!(imported.done().contains("Imported 1 row into new table \"Cue\""));
    assert!(
        imported.err().contains("Note: padded with empty cells"),
        "{}",
        imported.err()
    );
}

#[test]
fn types_that_are_given_are_used() {
    let device = Device::with_workspace();
    let file = device.file("cue.csv", "number,kind\n007,LX\n008,SND\n");
    let imported = device
        .json(&[
            "import",
            "--table",
            "Cue",
            "--types",
            "number:text,kind:enum",
            &file,
        ])
        .answer();
    assert_eq!(
        imported["columns"],
        json!([{"name": "number", "type": "text"}, {"name": "kind", "type": "enum"}])
    );
    assert_eq!(device.export("Cue"), "number,kind\n007,LX\n008,SND\n");
}

#[test]
fn cells_that_are_not_of_the_type_given_are_listed() {
    let device = Device::with_workspace();
    let file = device.file("cue.csv", "number\n1\nx\n3\ny\n");
    let problem = device
        .json(&["import", "--table", "Cue", "--types", "number:integer", &file])
        .refused(1, "bad_csv");
    let detail = problem["detail"].as_str().unwrap();
    for part in [
        "2 cells",
        "line 3",
        "line 5",
        "expected integer",
        "\"x\"",
        "\"y\"",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    let problem = device
        .json(&["import", "--table", "Cue", "--types", "no:text", &file])
        .refused(1, "bad_csv");
    assert!(
        problem["detail"].as_str().unwrap().contains("no column \"no\""),
        "{problem}"
    );
}

#[test]
fn types_that_cannot_be_read_are_wrong_usage() {
    let device = Device::with_workspace();
    let file = device.file("cue.csv", "number\n1\n");
    for types in [
        "number",
        "number:colour",
        "number:text,number:date",
        "number:blob",
    ] {
        let ended = device.json(&["import", "--table", "Cue", "--types", types, &file]);
        let problem = ended.refused(2, "usage");
        assert!(
            problem["detail"].as_str().unwrap().contains("read column types"),
            "{problem}"
        );
    }
}

#[test]
fn file_that_does_not_fit_into_its_table_leaves_it_alone() {
    let device = Device::with_workspace();
    let made = device.file("made.csv", "number,kind,day\n1,LX,2026-11-21\n");
    device
        .json(&[
            "import",
            "--table",
            "Cue",
            "--types",
            "number:integer,kind:enum",
            &made,
        ])
        .answer();
    let before = device.status()["state_hash"].clone();
    let check = |content: &str, types: &str, code: &str, detail: &str| {
        let file = device.file("more.csv", content);
        let mut arguments = vec!["import", "--table", "Cue", file.as_str()];
        if !types.is_empty() {
            arguments.extend(["--types", types]);
        }
        let problem = device.json(&arguments).refused(1, code);
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        assert_eq!(device.status()["state_hash"], before);
    };
    check(
        "number,colour\n1,red\n",
        "",
        "does_not_fit",
        "no field \"colour\"",
    );
    check(
        "number\n1\nten\n",
        "",
        "bad_csv",
        "line 3, column \"number\": expected integer, found \"ten\"",
    );
    check("day\n21.11.2026\n", "", "bad_csv", "expected date");
    check("kind\nLX\nFLY\n", "", "does_not_fit", "does not offer \"FLY\"");
    check(
        "number\n1\n",
        "number:text",
        "does_not_fit",
        "of type integer, not text",
    );
    check("number\n1\n", "colour:text", "does_not_fit", "no field of it");
    check("number,number\n1,2\n", "", "does_not_fit", "has no field");
}

#[test]
fn import_that_stops_says_how_far_it_came() {
    let device = Device::with_workspace();
    let largest = (8 << 20) - 64;
    let file = format!("text\nshort\n{}\nlast\n", "x".repeat(largest));
    let problem = device.import("Cue", file).refused(1, "import_stopped");
    assert_eq!(
        (
            &problem["rows_imported"],
            &problem["rows"],
            &problem["line"],
            &problem["cause"]
        ),
        (&json!(1), &json!(3), &json!(3), &json!("too_large")),
        "{problem}"
    );
    assert_eq!(device.export("Cue"), "text\nshort\n");
}

#[test]
fn names_that_cannot_be_used_are_refused() {
    let device = Device::with_workspace();
    device.import("Good", "a\n1\n").answer();
    let file = device.file("cue.csv", "a\n1\n");
    let problem = device
        .json(&["import", "--table", "", &file])
        .refused(1, "bad_name");
    assert_eq!(problem["status"], 422);
    assert!(problem["next"].is_string());
    let long = "x".repeat(300);
    device
        .import("Long", format!("{long}\n1\n"))
        .refused(1, "bad_name");
    let tables: Value = device
        .json(&["export", "--table", "Long"])
        .refused(1, "unknown_table");
    assert!(
        tables["detail"].as_str().unwrap().contains("\"Good\""),
        "{tables}"
    );
}
