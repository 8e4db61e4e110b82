//! Records over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

#[test]
fn record_is_created_read_updated_deleted_and_restored() {
    let engine = Engine::with_table();
    let fields = json!({
        "label": "Go", "number": 7, "standby": true, "at": "2026-11-21T19:30:00+01:00", "length": "PT1H30M", "kind": "LX",
    });
    let made = engine
        .post("/records/create", &json!({"table": "Cue", "fields": fields}))
        .done();
    let id = made["entity_id"].as_str().unwrap();
    let one = |expected_deleted: bool| {
        let one = engine.get(&format!("/records/{id}?table=Cue")).done();
        assert_eq!(one["deleted"], expected_deleted);
        one
    };
    assert_eq!(one(false)["fields"], fields);
    assert_eq!(
        (&one(false)["entity_id"], &one(false)["conflicts"]),
        (&json!(id), &json!([]))
    );
    engine
        .post(
            "/records/update",
            &json!({"entity_id": id, "table": "Cue", "fields": {"label": null, "number": 8}}),
        )
        .done();
    assert_eq!(
        (&one(false)["fields"]["label"], &one(false)["fields"]["number"]),
        (&Value::Null, &json!(8))
    );
    engine.post("/records/delete", &json!({"entity_id": id})).done();
    one(true);
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 0);
    engine
        .post("/records/delete", &json!({"entity_id": id}))
        .refused(409, "record_deleted");
    let update = json!({"entity_id": id, "table": "Cue", "fields": {"number": 9}});
    assert_eq!(
        engine
            .post("/records/update", &update)
            .refused(409, "record_deleted")["entity_id"],
        id
    );
    engine.post("/records/restore", &json!({"entity_id": id})).done();
    assert_eq!(one(false)["fields"]["number"], 8);
    engine
        .post("/records/restore", &json!({"entity_id": id}))
        .refused(409, "record_not_deleted");
}

#[test]
fn batch_is_created_whole_or_not_at_all() {
    let engine = Engine::with_table();
    let good: Vec<_> = (0..50)
        .map(|number| json!({"label": format!("Cue {number}"), "number": number}))
        .collect();
    let made = engine
        .post("/records/create", &json!({"table": "Cue", "records": good}))
        .done();
    let ids = made["entity_ids"].as_array().unwrap();
    assert_eq!(ids.len(), 50);
    let listed = engine.get("/records/list?table=Cue").done();
    let order: Vec<_> = listed["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["entity_id"].clone())
        .collect();
    assert_eq!(&order, ids);
    let bad = json!([{"number": 1}, {"number": "one"}]);
    engine
        .post("/records/create", &json!({"table": "Cue", "records": bad}))
        .refused(422, "wrong_type");
    engine
        .post("/records/create", &json!({"table": "Cue", "records": []}))
        .refused(422, "nothing_to_do");
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 50);
}

#[test]
fn wrong_type_names_field_expected_and_found() {
    let engine = Engine::with_table();
    let check = |fields: Value, code: &str, field: &str, expected: &str, found: &str| {
        let problem = engine
            .post("/records/create", &json!({"table": "Cue", "fields": fields}))
            .refused(422, code);
        assert_eq!(problem["field"], field, "{problem}");
        assert!(
            problem["expected"].as_str().unwrap().contains(expected),
            "{problem}"
        );
        assert!(problem["found"].as_str().unwrap().contains(found), "{problem}");
    };
    check(
        json!({"number": "seven"}),
        "wrong_type",
        "number",
        "integer",
        "seven",
    );
    check(json!({"number": 7.5}), "wrong_type", "number", "integer", "7.5");
    check(json!({"standby": 1}), "wrong_type", "standby", "boolean", "1");
    check(
        json!({"at": "yesterday"}),
        "wrong_type",
        "at",
        "datetime",
        "yesterday",
    );
    check(
        json!({"length": "90 minutes"}),
        "wrong_type",
        "length",
        "duration",
        "90 minutes",
    );
    check(json!({"kind": "FLY"}), "wrong_type", "kind", "LX, SND", "FLY");
    check(
        json!({"label": ["a"]}),
        "wrong_type",
        "label",
        "single value",
        "list",
    );
    check(
        json!({"number": 9_007_199_254_740_992_i64}),
        "integer_out_of_range",
        "number",
        "2⁵³",
        "9007199254740992",
    );
    check(
        json!({"number": -9_007_199_254_740_992_i64}),
        "integer_out_of_range",
        "number",
        "2⁵³",
        "-9007199254740992",
    );
    let problem = engine
        .post(
            "/records/create",
            &json!({"table": "Cue", "fields": {"lable": "x"}}),
        )
        .refused(422, "unknown_field");
    assert_eq!(
        (&problem["field"], &problem["table"]),
        (&json!("lable"), &json!("Cue"))
    );
    assert!(problem["known"].as_str().unwrap().contains("label"));
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 0);
}

#[test]
fn unknown_things_are_404_and_ids_that_are_none_400() {
    let engine = Engine::with_table();
    let nobody = "018f0000-0000-7000-8000-000000000000";
    engine
        .post("/records/create", &json!({"table": "Nope", "fields": {}}))
        .refused(404, "unknown_table");
    engine
        .post("/records/delete", &json!({"entity_id": nobody}))
        .refused(404, "unknown_record");
    engine
        .post("/records/restore", &json!({"entity_id": nobody}))
        .refused(404, "unknown_record");
    let update = json!({"entity_id": nobody, "table": "Cue", "fields": {"number": 1}});
    assert_eq!(
        engine
            .post("/records/update", &update)
            .refused(404, "unknown_record")["entity_id"],
        nobody
    );
    engine
        .get(&format!("/records/{nobody}"))
        .refused(404, "unknown_record");
    engine
        .get("/records/list?table=Nope")
        .refused(404, "unknown_table");
    assert_eq!(
        engine
            .post("/records/delete", &json!({"entity_id": "x"}))
            .refused(400, "bad_id")["field"],
        "entity_id"
    );
    engine.get("/records/x").refused(400, "bad_id");
    engine.get("/records/%ff").refused(400, "bad_id");
    // Tables and fields are entities too, and no records.
    let table = engine.get("/tables/list").done()["tables"][0]["table_id"].clone();
    engine
        .get(&format!("/records/{}", table.as_str().unwrap()))
        .refused(404, "unknown_record");
    engine.post("/tables/create", &json!({"name": "Other"})).done();
    let id = engine.cue("Go", 1);
    engine
        .get(&format!("/records/{id}?table=Other"))
        .refused(422, "not_in_table");
}

#[test]
fn entity_reference_must_lead_somewhere() {
    let engine = Engine::with_table();
    let fields = json!([{"name": "cue", "type": "entity"}]);
    engine
        .post("/tables/create", &json!({"name": "Note", "fields": fields}))
        .done();
    let id = engine.cue("Go", 1);
    let value = json!({"entity": id});
    let made = engine
        .post(
            "/records/create",
            &json!({"table": "Note", "fields": {"cue": value}}),
        )
        .done();
    let note = made["entity_id"].as_str().unwrap();
    assert_eq!(
        engine.get(&format!("/records/{note}")).done()["fields"]["cue"],
        value
    );
    let nowhere = json!({"entity": "018f0000-0000-7000-8000-000000000000"});
    engine
        .post(
            "/records/create",
            &json!({"table": "Note", "fields": {"cue": nowhere}}),
        )
        .refused(404, "unknown_record");
}

fn labels(answer: &Value) -> Vec<&str> {
    answer["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["fields"]["label"].as_str().unwrap())
        .collect()
}

#[test]
fn listing_filters_sorts_searches_and_pages() {
    let engine = Engine::with_table();
    for (label, number) in [("Blackout", 3), ("Anthem", 1), ("Curtain", 2), ("Bows", 4)] {
        engine.cue(label, number);
    }
    let list = |query: &str| engine.get(&format!("/records/list?table=Cue&{query}")).done();
    assert_eq!(
        labels(&list("sort=label:asc")),
        ["Anthem", "Blackout", "Bows", "Curtain"]
    );
    assert_eq!(
        labels(&list("sort=number:desc")),
        ["Bows", "Blackout", "Curtain", "Anthem"]
    );
    assert_eq!(labels(&list("q=UR")), ["Curtain"]);
    let filter = json!({"and": [{"field": "number", "op": ">=", "value": 2}, {"field": "label", "op": "starts_with", "value": "b"}]});
    let filter = filter
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect::<String>();
    let page = list(&format!("sort=number:asc&filter={filter}"));
    assert_eq!(
        (labels(&page), &page["total"], &page["next_cursor"]),
        (vec!["Blackout", "Bows"], &json!(2), &Value::Null)
    );
    for sort in ["", "sort=number:desc,label:asc&"] {
        let (mut seen, mut query) = (Vec::new(), format!("{sort}limit=3"));
        loop {
            let page = list(&query);
            assert_eq!(page["total"], 4);
            seen.extend(labels(&page).into_iter().map(str::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            query = format!("{sort}limit=3&cursor={cursor}");
        }
        seen.sort();
        assert_eq!(seen, ["Anthem", "Blackout", "Bows", "Curtain"]);
    }
}

#[test]
fn faulty_listings_are_refused() {
    let engine = Engine::with_table();
    let refused = |query: &str, status, code| {
        engine
            .get(&format!("/records/list?{query}"))
            .refused(status, code)
    };
    refused("", 400, "bad_query");
    refused("table=Cue&limit=x", 400, "bad_query");
    refused("table=Cue&colour=red", 400, "bad_query");
    assert_eq!(refused("table=Cue&limit=1001", 400, "bad_query")["limit"], 1_000);
    refused("table=Cue&limit=0", 400, "bad_query");
    refused("table=Cue&cursor=zz", 400, "bad_cursor");
    refused("table=Cue&filter=%7B", 400, "bad_filter");
    refused(
        "table=Cue&filter=%7B%22field%22:%22x%22,%22op%22:%22is_empty%22%7D",
        422,
        "unknown_field",
    );
    refused(
        "table=Cue&filter=%7B%22field%22:%22number%22,%22op%22:%22=%22,%22value%22:%22x%22%7D",
        422,
        "wrong_type",
    );
    assert_eq!(
        refused("table=Cue&sort=x:asc", 422, "unknown_field")["field"],
        "x"
    );
}

#[test]
fn same_command_again_gets_the_same_answer_and_another_body_is_refused() {
    let engine = Engine::with_table();
    let command = json!({
        "command_id": "018f1111-0000-7000-8000-000000000001", "source": "test",
        "correlation_id": "018f1111-0000-7000-8000-000000000002", "justification": "because", "approval_id": "A1",
    });
    let body = json!({"table": "Cue", "fields": {"label": "Go"}, "command": command});
    let first = engine.post("/records/create", &body).done();
    assert_eq!(first["command_id"], command["command_id"]);
    assert_eq!(engine.post("/records/create", &body).done(), first);
    let other = json!({"table": "Cue", "fields": {"label": "Stop"}, "command": command});
    let problem = engine
        .post("/records/create", &other)
        .refused(409, "command_reused");
    assert_eq!(problem["command_id"], command["command_id"]);
    let id = first["entity_id"].clone();
    engine
        .post("/records/delete", &json!({"entity_id": id, "command": command}))
        .refused(409, "command_reused");
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 1);
    let bad = json!({"table": "Cue", "fields": {}, "command": {"command_id": "x"}});
    assert_eq!(
        engine.post("/records/create", &bad).refused(400, "bad_id")["field"],
        "command.command_id"
    );
    let long =
        json!({"table": "Cue", "fields": {"label": "x"}, "command": {"justification": "x".repeat(5_000)}});
    engine
        .post("/records/create", &long)
        .refused(422, "envelope_too_long");
}

#[test]
fn concurrent_clients_all_get_their_own_records() {
    let engine = Engine::with_table();
    let mut ids: Vec<String> = std::thread::scope(|scope| {
        let engine = &engine;
        let clients: Vec<_> = (0..8)
            .map(|client| {
                scope.spawn(move || {
                    (0..10)
                        .map(|n| engine.cue(&format!("{client}"), n))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 80);
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 80);
}
