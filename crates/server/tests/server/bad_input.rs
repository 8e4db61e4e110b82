//! What no honest client sends: it is refused with a problem document, and the engine goes on.

use openprod_server::openapi;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::engine::Engine;

fn posts() -> Vec<String> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .filter(|(_, item)| item.get("post").is_some())
        .map(|(path, _)| path.clone())
        .collect()
}

fn config() -> Config {
    Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("Cue")),
        Just(json!("018f0000-0000-7000-8000-000000000000")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "entity",
                "blob",
                "name",
                "type",
                "options",
                "from",
                "to",
                "label",
                "command_id"
            ])
            .prop_map(str::to_owned),
            "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

#[test]
fn arbitrary_bytes_never_break_a_route() {
    let engine = Engine::with_table();
    for path in posts() {
        let bytes = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,100}".prop_map(String::into_bytes),
            any_json().prop_map(|json| json.to_string().into_bytes()),
        ];
        let run = TestRunner::new(config()).run(&bytes, |body| {
            let answer = engine.post_bytes(&path, &body);
            prop_assert!(
                answer.status < 500,
                "{} {:?}: {}",
                path,
                String::from_utf8_lossy(&body),
                answer.status
            );
            if answer.status != 200 {
                answer.problem();
            }
            Ok(())
        });
        run.unwrap();
    }
    assert_eq!(
        engine.get("/workspace/list").done()["workspaces"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn arbitrary_values_in_known_members_never_break_a_route() {
    let engine = Engine::with_table();
    let id = engine.cue("go", 1);
    let members: &[(&str, &[&str])] = &[
        ("/tables/create", &["name", "fields", "command"]),
        (
            "/tables/update",
            &["table", "name", "add_fields", "rename_fields", "remove_fields"],
        ),
        ("/records/create", &["table", "fields", "records", "command"]),
        ("/records/update", &["table", "entity_id", "fields", "command"]),
        ("/records/delete", &["entity_id", "command"]),
        ("/records/restore", &["entity_id", "command"]),
        (
            "/edges/create",
            &[
                "source",
                "target",
                "edge_type",
                "properties",
                "ordered",
                "after",
                "before",
            ],
        ),
        ("/edges/update", &["edge_id", "properties"]),
        ("/edges/reorder", &["edge_id", "after", "before"]),
        ("/edges/rebalance", &["entity_id", "edge_type"]),
        ("/records/merge", &["survivor", "absorbed"]),
        ("/records/split", &["source", "facets", "entity_id"]),
        ("/records/attach", &["entity_id", "table", "fields"]),
        ("/records/detach", &["entity_id", "table"]),
        (
            "/field-mappings/confirm",
            &["facet_a", "field_a", "facet_b", "field_b"],
        ),
        (
            "/field-mappings/reject",
            &["facet_a", "field_a", "facet_b", "field_b"],
        ),
        ("/tables/restore", &["table_id"]),
        ("/views/create", &["table", "name", "settings"]),
        ("/views/update", &["view_id", "name", "settings"]),
        ("/views/delete", &["view_id"]),
        ("/views/restore", &["view_id"]),
        (
            "/overlays/resolve",
            &["overlay_id", "entity_id", "edge_id", "table", "field", "choice"],
        ),
        ("/history/revert", &["bundle_id"]),
        ("/tables/follow", &["table", "field", "reference"]),
        (
            "/text/update",
            &["entity_id", "table", "field", "delta", "session"],
        ),
        ("/overlays/drop", &["overlay_id", "edit_id"]),
        ("/conflicts/resolve", &["conflict_id", "op_id", "value"]),
        ("/sync/accept", &["bundle", "workspace"]),
        ("/workspace/invite", &["workspace"]),
        ("/session", &["code"]),
    ];
    for (path, names) in members {
        let member = prop_oneof![
            2 => any_json(),
            1 => Just(json!("Cue")),
            1 => Just(json!(id)),
            1 => prop::collection::btree_map(prop_oneof!["label", "number", "at", "kind"], any_json(), 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ];
        let body = prop::collection::btree_map(prop::sample::select(names.to_vec()), member, 0..=names.len());
        let run = TestRunner::new(config()).run(&body, |body| {
            let body: Value = body
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let answer = engine.post(path, &body);
            prop_assert!(answer.status < 500, "{} {}: {}", path, body, answer.status);
            if answer.status != 200 {
                answer.problem();
            }
            Ok(())
        });
        run.unwrap();
    }
    engine.get("/records/list?table=Cue").done();
}

#[test]
fn arbitrary_query_strings_never_break_a_route() {
    let engine = Engine::with_table();
    engine.cue("go", 1);
    let query = prop_oneof![
        "[a-z=&%+0-9\"{}\\[\\]:.]{0,60}",
        (
            "(limit|cursor|sort|filter|q|at|since|actor|field)",
            "[a-z0-9%\"{}:,]{0,40}"
        )
            .prop_map(|(name, value)| format!("table=Cue&{name}={value}")),
    ];
    let run = TestRunner::new(config()).run(&query, |query| {
        let query: String = query.replace(['"', '{', '}', '[', ']'], "%22");
        for path in [
            "/records/list",
            "/records/x",
            "/records/x/history",
            "/history",
            "/history/away",
            "/tables/list",
            "/views/list",
            "/edges/kinds",
            "/session/proof",
            "/conflicts/list",
            "/edges/list",
            "/field-mappings/list",
            "/overlays/list",
            "/text",
            "/overlays/diff",
            "/workspace/status",
        ] {
            let answer = engine.get(&format!("{path}?{query}"));
            prop_assert!(answer.status < 500, "{}?{}: {}", path, query, answer.status);
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn malformed_json_is_named_by_line_and_column() {
    let engine = Engine::with_table();
    let problem = engine
        .post_bytes("/records/create", b"{\n  \"table\": \"Cue\",\n  !")
        .refused(400, "malformed_json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(3), &json!(3)));
    engine
        .post_bytes("/records/create", b"{\"table\": ")
        .refused(400, "malformed_json");
    engine
        .post_bytes("/records/create", &[0xff, 0xfe])
        .refused(400, "malformed_json");
    let nested = format!(
        r#"{{"table": "Cue", "fields": {{"label": {}{}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    engine
        .post_bytes("/records/create", nested.as_bytes())
        .refused(400, "malformed_json");
}

#[test]
fn wrong_shape_is_told_apart_from_malformed_json() {
    let engine = Engine::with_table();
    for body in [
        json!([]),
        json!(["Cue", {}, null, null, null]),
        json!(null),
        json!({}),
        json!({"table": 7, "fields": {}}),
        json!({"table": "Cue"}),
        json!({"table": "Cue", "fields": {}, "records": []}),
        json!({"table": "Cue", "feilds": {}}),
    ] {
        engine.post("/records/create", &body).refused(400, "wrong_shape");
    }
}

#[test]
fn body_must_be_declared_as_json() {
    let engine = Engine::with_table();
    for media in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
    ] {
        let mut headers = engine.headers();
        headers.extend(media.map(|media| ("content-type", media.to_owned())));
        engine
            .send("POST", "/records/create", &headers, b"{}")
            .refused(415, "not_json");
    }
    let mut headers = engine.headers();
    headers.push(("content-type", "Application/JSON; charset=utf-8".to_owned()));
    assert_eq!(engine.send("POST", "/sync/resume", &headers, b"").status, 200);
}

#[test]
fn body_that_is_too_large_is_refused_with_the_limit() {
    let engine = Engine::with_table();
    let body = vec![b' '; (16 << 20) + 1];
    let problem = engine
        .post_bytes("/records/create", &body)
        .refused(413, "too_large");
    assert_eq!(
        (&problem["size"], &problem["limit"]),
        (&json!(body.len()), &json!(16 << 20))
    );
}

#[test]
fn change_that_fits_no_bundle_is_refused_with_the_limit() {
    let engine = Engine::with_table();
    let records: Vec<_> = (0..40_000).map(|number| json!({"number": number})).collect();
    let problem = engine
        .post("/records/create", &json!({"table": "Cue", "records": records}))
        .refused(413, "too_large");
    assert!(problem["size"].as_u64() > problem["limit"].as_u64(), "{problem}");
    let label = "x".repeat(9 << 20);
    let problem = engine
        .post(
            "/records/create",
            &json!({"table": "Cue", "fields": {"label": label}}),
        )
        .refused(413, "too_large");
    assert!(problem["size"].as_u64() > problem["limit"].as_u64(), "{problem}");
    assert_eq!(engine.get("/records/list?table=Cue").done()["total"], 0);
}

#[test]
fn unknown_routes_and_methods_are_problems_too() {
    let engine = Engine::with_workspace();
    engine.get("/nothing").refused(404, "unknown_route");
    engine.post("/nothing", &json!({})).refused(404, "unknown_route");
    engine.get("/records/create").refused(405, "method_not_allowed");
    let answer = engine.send("DELETE", "/tables/list", &engine.headers(), b"");
    answer.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
}
