//! Histories of records, the workspace as it was, and what others did meanwhile, over HTTP.

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::peers::{pair, until_equal};

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

fn update(engine: &Engine, id: &str, fields: Value) -> Value {
    let update = json!({"entity_id": id, "table": "Cue", "fields": fields});
    engine.post("/records/update", &update).done()
}

fn bundles(engine: &Engine, path: &str) -> Vec<Value> {
    engine.get(path).done()["bundles"].as_array().unwrap().clone()
}

#[test]
fn history_of_a_field_tells_who_wrote_what_over_what() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let other = engine.cue("Other", 2);
    let changed = update(&engine, &id, json!({"label": "Stop", "number": 2}));
    let found = bundles(&engine, &format!("/records/{id}/history?field=label"));
    let told: Vec<_> = found
        .iter()
        .map(|bundle| {
            let [change] = bundle["changes"].as_array().unwrap().as_slice() else {
                panic!("{bundle}")
            };
            assert_eq!(
                (
                    &change["deed"],
                    &change["kind"],
                    &change["table"],
                    &change["field"]
                ),
                (&json!("wrote"), &json!("field"), &json!("Cue"), &json!("label"))
            );
            assert_eq!(change["entity_id"], json!(id));
            (
                change["value"].clone(),
                change["before"].clone(),
                change["shown"].clone(),
            )
        })
        .collect();
    let expected = [
        (json!("Stop"), json!("Go"), json!(true)),
        (json!("Go"), Value::Null, json!(false)),
    ];
    assert_eq!(told, expected);
    assert_eq!(found[0]["bundle_id"], changed["bundle_id"]);
    let edge = json!({"source": other, "target": id, "edge_type": "follows"});
    let edge = engine.post("/edges/create", &edge).done()["edge_id"].clone();
    let whole = bundles(&engine, &format!("/records/{id}/history"));
    assert_eq!(whole.len(), 3);
    let related = &whole[0]["changes"][0];
    assert_eq!(
        (
            &related["deed"],
            &related["edge_id"],
            &related["source"],
            &related["target"]
        ),
        (&json!("related"), &edge, &json!(other), &json!(id))
    );
    let page = engine.get(&format!("/records/{id}/history?limit=2")).done();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = bundles(&engine, &format!("/records/{id}/history?cursor={cursor}"));
    assert_eq!(rest, whole[2..]);
    let path = |query: &str| engine.get(&format!("/records/{id}/history?{query}"));
    let problem = path("field=nope").refused(422, "unknown_field");
    assert_eq!(problem["table"], "Cue");
    path("field=label&table=Nope").refused(404, "unknown_table");
    path("limit=0").refused(400, "bad_query");
    path("cursor=x").refused(400, "bad_cursor");
    engine
        .get(&format!("/records/{NOBODY}/history"))
        .refused(404, "unknown_record");
    engine.get("/records/x/history").refused(400, "bad_id");
}

#[test]
fn history_is_filtered_by_person_and_table() {
    let (desk, booth, id) = pair();
    let mut news = desk.follow();
    update(&booth, &id, json!({"label": "Booth"}));
    until_equal(&booth, &desk, &mut news);
    desk.post("/tables/create", &json!({"name": "Prop"})).done();
    let of = |query: &str| bundles(&desk, &format!("/history?{query}"));
    let [only] = of(&format!("actor={}", booth.ready.actor_id)).try_into().unwrap();
    assert_eq!(only["actor_id"], json!(booth.ready.actor_id));
    assert_eq!(only["changes"][0]["value"], "Booth");
    let types: Vec<_> = of("table=Cue")
        .iter()
        .map(|bundle| bundle["command_type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["records.update", "records.create", "tables.create"]);
    assert_eq!(of("table=Prop").len(), 1);
    desk.get("/history?table=Nope").refused(404, "unknown_table");
    desk.get("/history?actor=x").refused(400, "bad_id");
}

#[test]
fn merges_and_mappings_are_told_with_their_names() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Go", 2));
    let fields = json!([{"name": "text", "type": "text"}]);
    engine
        .post("/tables/create", &json!({"name": "Prop", "fields": fields}))
        .done();
    let pair = json!({"facet_a": "Cue", "field_a": "label", "facet_b": "Prop", "field_b": "text"});
    engine.post("/field-mappings/confirm", &pair).done();
    engine
        .post("/records/merge", &json!({"survivor": a, "absorbed": b}))
        .done();
    engine
        .post("/records/split", &json!({"source": a, "entity_id": b}))
        .done();
    let newest = bundles(&engine, "/history?limit=3");
    let deed = |at: usize| newest[at]["changes"][0].clone();
    assert_eq!((&deed(0)["deed"], &deed(0)["new"]), (&json!("split"), &json!(b)));
    assert_eq!(
        (&deed(1)["deed"], &deed(1)["survivor"], &deed(1)["absorbed"]),
        (&json!("merged"), &json!(a), &json!(b))
    );
    let mut names = [deed(2)["field_name_a"].clone(), deed(2)["field_name_b"].clone()];
    names.sort_by_key(Value::to_string);
    assert_eq!(
        (&deed(2)["deed"], names),
        (&json!("mapping_confirmed"), [json!("label"), json!("text")])
    );
}

#[test]
fn records_are_shown_as_they_were() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let then = bundles(&engine, "/history?limit=1")[0].clone();
    update(&engine, &id, json!({"label": "Stop"}));
    engine.cue("New", 2);
    for at in [&then["bundle_id"], &then["at"]] {
        let at = at.as_str().unwrap();
        let page = engine.get(&format!("/records/list?table=Cue&at={at}")).done();
        assert_eq!(
            (&page["total"], &page["records"][0]["fields"]["label"]),
            (&json!(1), &json!("Go")),
            "{at}"
        );
        let one = engine.get(&format!("/records/{id}?at={at}")).done();
        assert_eq!(one["fields"]["label"], "Go");
    }
    engine.post("/records/delete", &json!({"entity_id": id})).done();
    let at = then["bundle_id"].as_str().unwrap();
    assert_eq!(
        engine.get(&format!("/records/{id}?at={at}")).done()["deleted"],
        false
    );
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 1);
    engine
        .get("/records/list?table=Cue&at=1970-01-01T00:00:01Z")
        .refused(404, "unknown_table");
    for path in [
        "/records/list?table=Cue".to_owned(),
        format!("/records/{id}?table=Cue"),
    ] {
        let problem = engine
            .get(&format!("{path}&at=yesterday"))
            .refused(400, "bad_query");
        assert_eq!(problem["field"], "at");
        let problem = engine
            .get(&format!("{path}&at={NOBODY}"))
            .refused(404, "unknown_bundle");
        assert_eq!(problem["bundle_id"], NOBODY);
    }
}

#[test]
fn what_others_did_meanwhile_is_told_by_person_and_table() {
    let (desk, booth, id) = pair();
    let away = |since: &str| desk.get(&format!("/history/away?{since}")).done();
    let nothing = away("");
    assert_eq!((&nothing["bundles"], &nothing["parts"]), (&json!(0), &json!([])));
    let since = format!("since={}", nothing["now"].as_str().unwrap());
    let mut news = desk.follow();
    let new = booth.cue("New", 2);
    let gone = booth.cue("Gone", 3);
    update(&booth, &id, json!({"label": "Booth"}));
    booth.post("/records/delete", &json!({"entity_id": gone})).done();
    until_equal(&booth, &desk, &mut news);
    let told = away(&since);
    assert_eq!((&told["bundles"], &told["unread"]), (&json!(4), &json!(0)));
    let [part] = told["parts"].as_array().unwrap().as_slice() else {
        panic!("{told}")
    };
    assert_eq!(
        (&part["actor_id"], &part["table"], &part["about"]),
        (&json!(booth.ready.actor_id), &json!("Cue"), &json!("records"))
    );
    let first = |list: &str| {
        assert_eq!(part[list]["total"], 1, "{part}");
        part[list]["first"][0].clone()
    };
    assert_eq!(
        (&first("created")["entity_id"], &first("created")["label"]),
        (&json!(new), &json!("New"))
    );
    assert_eq!(first("deleted")["entity_id"], json!(gone));
    assert_eq!(
        (&first("changed")["entity_id"], &first("changed")["fields"]),
        (&json!(id), &json!(["label"]))
    );
    let none = away(&format!("{since}&limit=0"));
    assert_eq!(
        (
            &none["parts"][0]["created"]["total"],
            &none["parts"][0]["created"]["first"]
        ),
        (&json!(1), &json!([]))
    );
    let since = format!("since={}", told["now"].as_str().unwrap());
    assert_eq!(away(&since)["bundles"], 0);
    for query in ["since=x", "since=AAAA", "since=%22"] {
        let problem = desk
            .get(&format!("/history/away?{query}"))
            .refused(400, "bad_cursor");
        assert_eq!(problem["field"], "since");
    }
    desk.get("/history/away?limit=1001").refused(400, "bad_query");
}
