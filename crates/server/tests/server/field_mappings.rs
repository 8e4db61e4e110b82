//! Field mappings over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

/// An engine with `Cue` and the table `Sound Cue` (`LABEL!` text, `number` float, `Label 2` text), and a record.
fn engine() -> (Engine, String) {
    let engine = Engine::with_table();
    let fields = json!([
        {"name": "LABEL!", "type": "text"}, {"name": "number", "type": "float"}, {"name": "Label 2", "type": "text"},
    ]);
    engine
        .post("/tables/create", &json!({"name": "Sound Cue", "fields": fields}))
        .done();
    let cue = engine.cue("Go", 1);
    (engine, cue)
}

fn listed(engine: &Engine, status: &str) -> Vec<Value> {
    engine.get("/field-mappings/list").done()[status]
        .as_array()
        .unwrap()
        .clone()
}

fn pair(a: &str, b: &str) -> Value {
    json!({"facet_a": "Cue", "field_a": a, "facet_b": "Sound Cue", "field_b": b})
}

/// The fields of a listed pair, by which they can be decided on.
fn as_listed(mapping: &Value) -> Value {
    ["facet_a", "field_a", "facet_b", "field_b"]
        .into_iter()
        .map(|name| (name.to_owned(), mapping[name].clone()))
        .collect()
}

fn names(mapping: &Value) -> Vec<&str> {
    let mut names: Vec<_> = ["a", "b"]
        .iter()
        .map(|end| mapping[format!("field_name_{end}")].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn like_fields_of_tables_that_share_a_record_are_suggested_until_decided() {
    let (engine, cue) = engine();
    assert_eq!(listed(&engine, "suggested"), [] as [Value; 0]);
    let attach = json!({"entity_id": cue, "table": "Sound Cue", "fields": {"LABEL!": "Go!"}});
    engine.post("/records/attach", &attach).done();
    let suggested = listed(&engine, "suggested");
    let [only] = suggested.as_slice() else {
        panic!("{suggested:?}")
    };
    assert_eq!(names(only), ["LABEL!", "label"]);
    let mut tables = [&only["table_name_a"], &only["table_name_b"]];
    tables.sort_by_key(|name| name.as_str());
    assert_eq!(tables, ["Cue", "Sound Cue"]);

    engine.post("/field-mappings/confirm", &as_listed(only)).done();
    assert_eq!(listed(&engine, "confirmed"), suggested);
    assert_eq!(listed(&engine, "suggested"), [] as [Value; 0]);
    let conflicts = || engine.get(&format!("/records/{cue}?table=Cue")).done()["conflicts"].clone();
    assert_eq!(
        (conflicts().as_array().map(Vec::len), &conflicts()[0]["field"]),
        (Some(1), &json!("label"))
    );
    let update = json!({"entity_id": cue, "table": "Cue", "fields": {"label": "Stop"}});
    engine.post("/records/update", &update).done();
    let other = engine.get(&format!("/records/{cue}?table=Sound%20Cue")).done();
    assert_eq!(other["fields"]["LABEL!"], "Stop");
    assert_eq!(conflicts(), json!([]));

    engine
        .post("/field-mappings/reject", &pair("label", "LABEL!"))
        .done();
    assert_eq!(listed(&engine, "rejected"), suggested);
    for status in ["confirmed", "suggested"] {
        assert_eq!(listed(&engine, status), [] as [Value; 0]);
    }
}

#[test]
fn names_of_what_was_deleted_are_null() {
    let (engine, _) = engine();
    engine
        .post("/field-mappings/confirm", &pair("label", "LABEL!"))
        .done();
    engine
        .post(
            "/tables/update",
            &json!({"table": "Cue", "remove_fields": ["label"]}),
        )
        .done();
    engine
        .post("/tables/delete", &json!({"table": "Sound Cue"}))
        .done();
    let mapping = &listed(&engine, "confirmed")[0];
    assert!(mapping["facet_a"].is_string() && mapping["field_b"].is_string());
    let mut tables = [&mapping["table_name_a"], &mapping["table_name_b"]];
    tables.sort_by_key(|name| name.as_str());
    assert_eq!(tables, [&Value::Null, &json!("Cue")]);
    for end in ["a", "b"] {
        assert_eq!(mapping[format!("field_name_{end}")], Value::Null);
    }
}

#[test]
fn fields_that_cannot_be_one_are_refused() {
    let (engine, _) = engine();
    let confirm = |body: &Value| engine.post("/field-mappings/confirm", body);
    let problem = confirm(&pair("number", "number")).refused(422, "unmappable");
    assert!(
        problem["detail"].as_str().unwrap().contains("different types"),
        "{problem}"
    );
    let same =
        json!({"facet_a": "Sound Cue", "field_a": "LABEL!", "facet_b": "Sound Cue", "field_b": "Label 2"});
    confirm(&same).refused(422, "unmappable");
    confirm(&pair("label", "LABEL!")).done();
    confirm(&pair("label", "LABEL!")).refused(422, "unmappable");
    engine
        .post("/field-mappings/reject", &pair("label", "LABEL!"))
        .done();
    engine
        .post("/field-mappings/reject", &pair("label", "LABEL!"))
        .refused(422, "nothing_to_do");
    for path in ["/field-mappings/confirm", "/field-mappings/reject"] {
        engine
            .post(path, &pair("label", "nope"))
            .refused(422, "unknown_field");
        let mut body = pair("label", "LABEL!");
        body["facet_b"] = json!("Nope");
        engine.post(path, &body).refused(404, "unknown_table");
        engine
            .post(path, &json!({"facet_a": "Cue"}))
            .refused(400, "wrong_shape");
    }
}
