//! Merging and splitting records, and tables that a record is in, over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

/// An engine with the tables `Cue` and `Person` (name text), which has a record of each.
fn engine() -> (Engine, String, String) {
    let engine = Engine::with_table();
    let fields = json!([{"name": "name", "type": "text"}, {"name": "label", "type": "text"}]);
    engine
        .post("/tables/create", &json!({"name": "Person", "fields": fields}))
        .done();
    let cue = engine.cue("Go", 1);
    let person = json!({"table": "Person", "fields": {"name": "Ada"}});
    let person = engine.post("/records/create", &person).done()["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (engine, cue, person)
}

fn total(engine: &Engine, table: &str) -> Value {
    engine.get(&format!("/records/list?table={table}")).done()["total"].clone()
}

#[test]
fn merged_record_answers_to_both_ids_until_the_merge_is_taken_back() {
    let (engine, survivor, _) = engine();
    let absorbed = engine.cue("Go!", 2);
    engine
        .post(
            "/records/merge",
            &json!({"survivor": survivor, "absorbed": absorbed}),
        )
        .done();
    assert_eq!(total(&engine, "Cue"), 1);
    let by = |id: &str| engine.get(&format!("/records/{id}")).done();
    assert_eq!(by(&survivor), by(&absorbed));
    assert_eq!(by(&absorbed)["entity_id"], json!(survivor));
    assert_eq!(by(&absorbed)["aliases"], json!([survivor, absorbed]));
    engine
        .post(
            "/records/merge",
            &json!({"survivor": absorbed, "absorbed": survivor}),
        )
        .refused(409, "already_one");
    let split = engine
        .post(
            "/records/split",
            &json!({"source": survivor, "entity_id": absorbed}),
        )
        .done();
    assert_eq!(split["entity_id"], json!(absorbed));
    assert!(split["bundle_id"].is_string());
    assert_eq!(total(&engine, "Cue"), 2);
    for id in [&survivor, &absorbed] {
        assert_eq!(by(id)["aliases"], json!([id]));
    }
    let problem = engine
        .post(
            "/records/split",
            &json!({"source": survivor, "entity_id": absorbed}),
        )
        .refused(409, "not_merged");
    assert_eq!(problem["entity_id"], json!(survivor));
}

#[test]
fn merge_by_tables_is_taken_back_by_tables() {
    let (engine, cue, person) = engine();
    engine
        .post("/records/merge", &json!({"survivor": cue, "absorbed": person}))
        .done();
    let one = engine.get(&format!("/records/{person}?table=Person")).done();
    assert_eq!(
        (&one["entity_id"], &one["fields"]["name"]),
        (&json!(cue), &json!("Ada"))
    );
    assert_eq!(one["table_ids"].as_array().map(Vec::len), Some(2));
    let split = engine
        .post("/records/split", &json!({"source": cue, "facets": ["Person"]}))
        .done();
    assert_eq!(split["entity_id"], json!(person));
    assert_eq!(
        engine.get(&format!("/records/{person}")).done()["entity_id"],
        json!(person)
    );
}

#[test]
fn record_of_two_tables_is_split_into_one_of_each() {
    let (engine, cue, _) = engine();
    let attach = json!({"entity_id": cue, "table": "Person", "fields": {"name": "Grace"}});
    engine.post("/records/attach", &attach).done();
    assert_eq!(total(&engine, "Person"), 2);
    let problem = engine
        .post("/records/attach", &attach)
        .refused(409, "already_in_table");
    assert_eq!(
        (&problem["entity_id"], &problem["table"]),
        (&json!(cue), &json!("Person"))
    );
    let split = engine
        .post("/records/split", &json!({"source": cue, "facets": ["Person"]}))
        .done();
    let new = split["entity_id"].as_str().unwrap();
    assert_ne!(new, cue);
    let person = engine.get(&format!("/records/{new}")).done();
    assert_eq!(person["fields"]["name"], "Grace");
    assert_eq!(
        engine.get(&format!("/records/{cue}")).done()["fields"]["label"],
        "Go"
    );
    let problem = engine
        .post("/records/split", &json!({"source": cue, "facets": ["Cue"]}))
        .refused(422, "nothing_left");
    assert_eq!(problem["entity_id"], json!(cue));
}

#[test]
fn record_leaves_a_table_and_comes_back_with_its_values() {
    let (engine, cue, _) = engine();
    let of = |table: &str| json!({"entity_id": cue, "table": table});
    let problem = engine
        .post("/records/detach", &of("Cue"))
        .refused(422, "only_table");
    assert_eq!(
        (&problem["entity_id"], &problem["table"]),
        (&json!(cue), &json!("Cue"))
    );
    engine
        .post("/records/detach", &of("Person"))
        .refused(422, "not_in_table");
    engine.post("/records/attach", &of("Person")).done();
    engine.post("/records/detach", &of("Cue")).done();
    assert_eq!(total(&engine, "Cue"), 0);
    engine.post("/records/attach", &of("Cue")).done();
    let back = engine.get(&format!("/records/{cue}?table=Cue")).done();
    assert_eq!(back["fields"]["label"], "Go");
}

#[test]
fn faulty_merges_splits_and_memberships_are_refused() {
    let (engine, cue, person) = engine();
    let post = |path: &str, body: Value| engine.post(path, &body);
    post("/records/merge", json!({"survivor": cue, "absorbed": cue})).refused(409, "already_one");
    for (survivor, absorbed) in [(&*cue, NOBODY), (NOBODY, &*cue)] {
        let problem = post(
            "/records/merge",
            json!({"survivor": survivor, "absorbed": absorbed}),
        )
        .refused(404, "unknown_record");
        assert_eq!(problem["entity_id"], NOBODY);
    }
    let table_id = engine.get("/tables/list").done()["tables"][0]["table_id"].clone();
    post("/records/merge", json!({"survivor": cue, "absorbed": table_id})).refused(404, "unknown_record");
    post("/records/merge", json!({"survivor": cue, "absorbed": "x"})).refused(400, "bad_id");
    for more in [
        json!({}),
        json!({"facets": ["Cue"], "entity_id": person}),
        json!({"facets": "Cue"}),
    ] {
        let mut body = json!({"source": cue});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        post("/records/split", body).refused(400, "wrong_shape");
    }
    post("/records/split", json!({"source": cue, "facets": []})).refused(422, "nothing_to_do");
    post("/records/split", json!({"source": cue, "facets": ["Nope"]})).refused(404, "unknown_table");
    post("/records/split", json!({"source": cue, "facets": ["Person"]})).refused(422, "not_in_table");
    post("/records/split", json!({"source": NOBODY, "facets": ["Cue"]})).refused(404, "unknown_record");
    post("/records/split", json!({"source": cue, "entity_id": person})).refused(409, "not_merged");
    for path in ["/records/attach", "/records/detach"] {
        post(path, json!({"entity_id": NOBODY, "table": "Person"})).refused(404, "unknown_record");
        post(path, json!({"entity_id": cue, "table": "Nope"})).refused(404, "unknown_table");
    }
    post(
        "/records/attach",
        json!({"entity_id": cue, "table": "Person", "fields": {"nope": 1}}),
    )
    .refused(422, "unknown_field");
    post("/records/delete", json!({"entity_id": person})).done();
    for (path, body) in [
        ("/records/merge", json!({"survivor": cue, "absorbed": person})),
        ("/records/split", json!({"source": person, "facets": ["Person"]})),
        ("/records/attach", json!({"entity_id": person, "table": "Cue"})),
        ("/records/detach", json!({"entity_id": person, "table": "Person"})),
    ] {
        assert_eq!(
            post(path, body).refused(409, "record_deleted")["entity_id"],
            json!(person),
            "{path}"
        );
    }
}
