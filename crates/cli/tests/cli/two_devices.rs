//! The main job: a team's data imported on one device, found by invitation on another, edited on both while apart,
//! and in step again with the conflict shown to both.

use serde_json::{Value, json};

use crate::device::{Device, Serving, until};
use crate::real_data::{NYPHIL, nyphil};

fn until_equal(a: &Serving, b: &Serving) -> String {
    until("both report the same state hash", || {
        let (a, b) = (a.state_hash(), b.state_hash());
        (a == b).then_some(a)
    })
}

/// Joins by address, with the engine that runs on each.
fn join(desk: (&Device, &Serving), booth: &Device) {
    let invitation = desk.0.json(&["invite"]).answer()["invitation"]
        .as_str()
        .unwrap()
        .to_owned();
    let joined = booth
        .json(&["join", &invitation, "--address", &desk.1.address()])
        .answer();
    assert_eq!(joined["workspace_id"], desk.0.status()["workspace_id"]);
}

/// Edits one cell on each while they are apart; gives the conflict that both then list.
fn edit_apart(
    desk: (&Device, &Serving),
    booth: (&Device, &Serving),
    table: &str,
    record: &str,
    field: &str,
) -> Value {
    for (_, serving) in [desk, booth] {
        assert_eq!(serving.post("/sync/pause", &json!({}))["state"], "paused");
    }
    for ((_, serving), value) in [(desk, "as the desk knows it"), (booth, "as the booth knows it")] {
        let update = json!({"entity_id": record, "table": table, "fields": {field: value}});
        serving.post("/records/update", &update);
    }
    assert_ne!(desk.1.state_hash(), booth.1.state_hash());
    for (_, serving) in [desk, booth] {
        assert_eq!(serving.get("/conflicts/list")["conflicts"], json!([]));
        serving.post("/sync/resume", &json!({}));
    }
    until_equal(desk.1, booth.1);
    let listed = desk.0.json(&["conflicts"]).answer();
    assert_eq!(listed, booth.0.json(&["conflicts"]).answer());
    let [conflict] = listed["conflicts"].as_array().unwrap().as_slice() else {
        panic!("{listed}")
    };
    assert_eq!(
        (
            conflict["entity_id"].as_str(),
            conflict["table"].as_str(),
            conflict["field"].as_str()
        ),
        (Some(record), Some(table), Some(field))
    );
    conflict.clone()
}

fn check_values(conflict: &Value, desk: &Serving, booth: &Serving) {
    let mut values: Vec<_> = conflict["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| (value["value"].as_str().unwrap(), value["actor_id"].clone()))
        .collect();
    values.sort_by_key(|(value, _)| *value);
    let expected = [
        ("as the booth knows it", booth.ready["actor_id"].clone()),
        ("as the desk knows it", desk.ready["actor_id"].clone()),
    ];
    assert_eq!(values, expected);
}

#[test]
fn team_data_is_imported_joined_edited_apart_and_in_step_again() {
    let Some(data) = nyphil("team_data_is_imported_joined_edited_apart_and_in_step_again") else {
        return;
    };
    let (desk, booth) = (Device::with_workspace(), Device::new());
    let (at_desk, at_booth) = (desk.serve_as("serve", &["--name", "Prompt Desk"]), booth.serve());
    for (table, rows) in NYPHIL {
        let file = data.join(table).with_extension("csv");
        let imported = desk
            .json(&["import", "--table", table, file.to_str().unwrap()])
            .answer();
        assert_eq!(imported["rows"], rows, "{table}");
    }
    join((&desk, &at_desk), &booth);
    until_equal(&at_desk, &at_booth);
    let tables = at_booth.get("/tables/list");
    let counts: Vec<_> = tables["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            (
                table["name"].as_str().unwrap(),
                table["records"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts, NYPHIL);
    assert_eq!(counts.iter().map(|(_, records)| records).sum::<u64>(), 17_409);
    for (table, _) in NYPHIL {
        assert_eq!(booth.export(table), desk.export(table));
    }

    let masur = at_booth.record("people", "name", "Masur, Kurt");
    let masur = masur["entity_id"].as_str().unwrap();
    let conflict = edit_apart((&desk, &at_desk), (&booth, &at_booth), "people", masur, "roles");
    check_values(&conflict, &at_desk, &at_booth);
    let text = booth.run(&["conflicts"]).done();
    for part in [
        "1 conflict",
        "“as the desk knows it”  by Prompt Desk",
        "this device",
        "(shown meanwhile)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for device in [&desk, &booth] {
        assert_eq!(device.json(&["verify"]).answer()["sound"], true);
    }
}

#[test]
fn demo_show_is_joined_edited_apart_and_in_step_again() {
    let (desk, booth) = (Device::new(), Device::new());
    let (at_desk, at_booth) = (desk.serve_as("demo", &[]), booth.serve());
    join((&desk, &at_desk), &booth);
    until_equal(&at_desk, &at_booth);
    let people = at_booth.get("/records/list?table=People&limit=1");
    let person = people["records"][0]["entity_id"].as_str().unwrap();
    let conflict = edit_apart((&desk, &at_desk), (&booth, &at_booth), "People", person, "name");
    check_values(&conflict, &at_desk, &at_booth);
    let pick = conflict["values"][0].clone();
    let id = conflict["conflict_id"].as_str().unwrap();
    let number = listed_at(&booth, pick["value"].as_str().unwrap());
    let said = booth
        .run(&["conflicts", "resolve", &id[..13], "--pick", &number])
        .done();
    assert_eq!(
        said.trim_end(),
        format!("Decided: name is “{}”.", pick["value"].as_str().unwrap())
    );
    until_equal(&at_desk, &at_booth);
    for device in [&desk, &booth] {
        assert!(device.run(&["conflicts"]).done().contains("no conflicts"));
    }
    assert_eq!(
        at_desk.get(&format!("/records/{person}"))["fields"]["name"],
        pick["value"]
    );
}

#[test]
fn joining_by_address_without_an_engine_brings_everything() {
    let (desk, booth) = (Device::with_workspace(), Device::new());
    desk.import("Cue", "label\nGo\n").answer();
    let serving = desk.serve();
    let invitation = desk.json(&["invite"]).answer()["invitation"]
        .as_str()
        .unwrap()
        .to_owned();
    // As it arrives by mail: in capitals, and broken over lines.
    let mailed = invitation.to_uppercase().replace('-', " ").replacen(' ', "\n", 3);
    let joined = booth
        .run(&["join", &mailed, "--address", &serving.address()])
        .done();
    assert!(joined.contains("Everything is here"), "{joined}");
    assert_eq!(booth.export("Cue"), "label\nGo\n");
    assert_eq!(booth.status()["state_hash"], serving.state_hash());
}

#[test]
fn members_connect_by_address_and_are_listed() {
    let (desk, booth) = (Device::with_workspace(), Device::new());
    let at_desk = desk.serve_as("serve", &["--name", "Prompt Desk"]);
    let invitation = desk.json(&["invite"]).answer()["invitation"]
        .as_str()
        .unwrap()
        .to_owned();
    booth.json(&["join", &invitation]).answer();
    booth
        .json(&["connect", &at_desk.address()])
        .refused(3, "engine_not_running");
    let at_booth = booth.serve();
    booth.json(&["connect", "nowhere"]).refused(1, "bad_address");
    let connected = booth.json(&["connect", &at_desk.address()]).answer();
    assert_eq!(connected["peer_id"], at_desk.ready["actor_id"]);
    until_equal(&at_desk, &at_booth);
    let peers = booth.json(&["peers"]).answer();
    assert_eq!(
        (
            &peers["peers"][0]["name"],
            &peers["peers"][0]["peer_id"],
            &peers["peers"][0]["connected"]
        ),
        (&json!("Prompt Desk"), &at_desk.ready["actor_id"], &json!(true))
    );
    let text = booth.run(&["peers"]).done();
    assert!(text.contains("Prompt Desk") && text.contains("in step"), "{text}");
}

/// The number under which a device lists a value of its only conflict.
fn listed_at(device: &Device, value: &str) -> String {
    let text = device.run(&["conflicts"]).done();
    let quoted = format!("“{value}”");
    let line = text.lines().find(|line| line.contains(&quoted)).unwrap();
    line.trim_start().split_once('.').unwrap().0.to_owned()
}

#[test]
fn conflicts_are_decided_at_the_command_line_by_value_or_operation() {
    let (desk, booth) = (Device::with_workspace(), Device::new());
    desk.import("Cue", "label,number\nGo,1\n").answer();
    let (at_desk, at_booth) = (desk.serve(), booth.serve());
    join((&desk, &at_desk), &booth);
    until_equal(&at_desk, &at_booth);
    let id = at_booth.record("Cue", "label", "Go")["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = json!({"source": id, "target": id, "edge_type": "follows", "properties": {"wait": 1}});
    let edge = at_desk.post("/edges/create", &other)["edge_id"].clone();
    until_equal(&at_desk, &at_booth);
    for serving in [&at_desk, &at_booth] {
        serving.post("/sync/pause", &json!({}));
    }
    for (serving, number) in [(&at_desk, 2), (&at_booth, 3)] {
        let update = json!({"entity_id": id, "table": "Cue", "fields": {"number": number}});
        serving.post("/records/update", &update);
        let update = json!({"edge_id": edge, "properties": {"wait": number}});
        serving.post("/edges/update", &update);
    }
    for serving in [&at_desk, &at_booth] {
        serving.post("/sync/resume", &json!({}));
    }
    until_equal(&at_desk, &at_booth);
    let text = booth.run(&["conflicts"]).done();
    for part in [
        "2 conflicts".to_owned(),
        format!("property \"wait\", edge {}", edge.as_str().unwrap()),
        format!("table \"Cue\", field \"number\", record {id}"),
        "  1. 2  by ".to_owned(),
        "resolve ID --pick N".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    let listed = booth.json(&["conflicts"]).answer();
    let of = |kind: &str| {
        let conflicts = listed["conflicts"].as_array().unwrap();
        let conflict = conflicts
            .iter()
            .find(|conflict| conflict["kind"] == kind)
            .unwrap();
        (
            conflict["conflict_id"].as_str().unwrap().to_owned(),
            conflict["values"][0].clone(),
        )
    };
    let ((field, _), (property, first)) = (of("field"), of("property"));
    let resolve =
        |id: &str, choice: [&str; 2]| booth.json(&["conflicts", "resolve", id, choice[0], choice[1]]);
    resolve(&field, ["--value", "seven"]).refused(1, "bad_choice");
    resolve(&field, ["--pick", "3"]).refused(1, "bad_choice");
    resolve("018f", ["--pick", "1"]).refused(1, "unknown_conflict");
    let none = booth.run(&["conflicts", "resolve", &field]);
    assert_eq!(none.0.status.code(), Some(2));
    let done = resolve(&field, ["--value", "-7"]).answer();
    assert!(done["bundle_id"].is_string());
    resolve(&field, ["--value", "8"]).refused(1, "unknown_conflict");
    resolve(&property, ["--pick", first["op_id"].as_str().unwrap()]).answer();
    until_equal(&at_desk, &at_booth);
    let record = at_desk.get(&format!("/records/{id}"));
    assert_eq!(record["fields"]["number"], -7);
    let edges = at_desk.get(&format!("/edges/list?entity={id}"));
    assert_eq!(edges["edges"][0]["properties"]["wait"], first["value"]);
}
