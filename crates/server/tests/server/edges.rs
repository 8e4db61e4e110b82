//! Edges over HTTP.

use serde_json::{Value, json};

use crate::engine::{Answer, Engine};

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

fn relate(engine: &Engine, source: &str, target: &str, more: Value) -> Answer {
    let mut body = json!({"source": source, "target": target, "edge_type": "follows"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    engine.post("/edges/create", &body)
}

fn related(engine: &Engine, source: &str, target: &str, more: Value) -> String {
    let made = relate(engine, source, target, more).done();
    assert!(made["command_id"].is_string() && made["bundle_id"].is_string());
    made["edge_id"].as_str().unwrap().to_owned()
}

fn edges(engine: &Engine, query: &str) -> Vec<Value> {
    let listed = engine.get(&format!("/edges/list?{query}")).done();
    listed["edges"].as_array().unwrap().clone()
}

fn ids(edges: &[Value]) -> Vec<&str> {
    edges
        .iter()
        .map(|edge| edge["edge_id"].as_str().unwrap())
        .collect()
}

#[test]
fn edge_is_created_listed_updated_deleted_and_restored() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    let properties = json!({"wait": 2.5, "why": "blackout"});
    let edge = related(&engine, &a, &b, json!({"properties": properties}));
    let outgoing = edges(&engine, &format!("entity={a}&direction=outgoing"));
    let expected = json!([{
        "edge_id": edge, "source": a, "target": b, "edge_type": "follows", "ordered": false, "properties": properties,
        "conflicts": [], "broken": [],
    }]);
    assert_eq!(Value::from(outgoing.clone()), expected);
    assert_eq!(
        edges(&engine, &format!("entity={b}&direction=incoming")),
        outgoing
    );
    assert_eq!(edges(&engine, &format!("entity={b}")), outgoing);
    assert_eq!(
        edges(&engine, &format!("entity={a}&direction=incoming")),
        [] as [Value; 0]
    );
    assert_eq!(
        edges(&engine, &format!("entity={a}&edge_type=precedes")),
        [] as [Value; 0]
    );
    assert_eq!(edges(&engine, &format!("entity={a}&edge_type=follows")), outgoing);

    let update = json!({"edge_id": edge, "properties": {"wait": 3, "why": null}});
    engine.post("/edges/update", &update).done();
    assert_eq!(
        edges(&engine, &format!("entity={a}"))[0]["properties"],
        json!({"wait": 3})
    );
    let of_edge = json!({"edge_id": edge});
    engine
        .post("/edges/restore", &of_edge)
        .refused(409, "edge_not_deleted");
    engine.post("/edges/delete", &of_edge).done();
    assert_eq!(edges(&engine, &format!("entity={a}")), [] as [Value; 0]);
    for (path, body) in [("/edges/delete", &of_edge), ("/edges/update", &update)] {
        assert_eq!(
            engine.post(path, body).refused(409, "edge_deleted")["edge_id"],
            json!(edge)
        );
    }
    engine.post("/edges/restore", &of_edge).done();
    assert_eq!(
        edges(&engine, &format!("entity={a}"))[0]["properties"],
        json!({"wait": 3})
    );
}

#[test]
fn edge_from_a_record_to_itself_is_listed_once() {
    let engine = Engine::with_table();
    let a = engine.cue("Go", 1);
    let edge = related(&engine, &a, &a, json!({}));
    assert_eq!(ids(&edges(&engine, &format!("entity={a}"))), [edge.as_str()]);
}

#[test]
fn siblings_stand_where_they_are_put_and_stay_there_when_spread_out() {
    let engine = Engine::with_table();
    let list = engine.cue("List", 0);
    let cues: Vec<_> = (1..=4).map(|number| engine.cue("Go", number)).collect();
    let first = related(&engine, &list, &cues[0], json!({"ordered": true}));
    let last = related(&engine, &list, &cues[1], json!({"ordered": true}));
    let before = related(&engine, &list, &cues[2], json!({"before": first}));
    let between = related(
        &engine,
        &list,
        &cues[3],
        json!({"after": first, "before": last, "ordered": true}),
    );
    let listed = || {
        edges(
            &engine,
            &format!("entity={list}&direction=outgoing&edge_type=follows"),
        )
    };
    assert_eq!(ids(&listed()), [&*before, &first, &between, &last]);
    assert!(listed().iter().all(|edge| edge["ordered"] == true));
    engine
        .post("/edges/reorder", &json!({"edge_id": before, "after": between}))
        .done();
    assert_eq!(ids(&listed()), [&*first, &between, &before, &last]);
    engine.post("/edges/reorder", &json!({"edge_id": first})).done();
    let order = [&*between, &before, &last, &first];
    assert_eq!(ids(&listed()), order);
    engine
        .post(
            "/edges/rebalance",
            &json!({"entity_id": list, "edge_type": "follows"}),
        )
        .done();
    assert_eq!(ids(&listed()), order);
    engine
        .post(
            "/edges/rebalance",
            &json!({"entity_id": list, "edge_type": "none"}),
        )
        .refused(422, "nothing_to_do");
}

#[test]
fn places_that_are_none_are_refused() {
    let engine = Engine::with_table();
    let (list, other) = (engine.cue("List", 0), engine.cue("Other", 0));
    let cue = engine.cue("Go", 1);
    let first = related(&engine, &list, &cue, json!({"ordered": true}));
    let second = related(&engine, &list, &cue, json!({"ordered": true}));
    let foreign = related(&engine, &other, &cue, json!({"ordered": true}));
    let loose = related(&engine, &list, &cue, json!({}));
    for place in [
        json!({"after": foreign}),
        json!({"before": loose}),
        json!({"after": NOBODY}),
    ] {
        let edge = place.as_object().unwrap().values().next().unwrap().clone();
        let problem = relate(&engine, &list, &cue, place.clone()).refused(422, "foreign_edge");
        assert_eq!(problem["edge_id"], edge);
        let mut reorder = place;
        reorder["edge_id"] = json!(first);
        engine
            .post("/edges/reorder", &reorder)
            .refused(422, "foreign_edge");
    }
    engine
        .post("/edges/reorder", &json!({"edge_id": first, "after": first}))
        .refused(422, "foreign_edge");
    relate(&engine, &list, &cue, json!({"after": second, "before": first})).refused(409, "crossed_places");
    relate(&engine, &list, &cue, json!({"after": second, "before": second})).refused(409, "crossed_places");
    let problem = engine
        .post("/edges/reorder", &json!({"edge_id": loose}))
        .refused(422, "not_ordered");
    assert_eq!(problem["edge_id"], json!(loose));
    let problem =
        relate(&engine, &list, &cue, json!({"after": first, "ordered": false})).refused(400, "wrong_shape");
    assert_eq!(problem["field"], "ordered");
}

#[test]
fn edges_need_records_that_are_there() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    for (source, target) in [(&*a, NOBODY), (NOBODY, &*a)] {
        let problem = relate(&engine, source, target, json!({})).refused(404, "unknown_record");
        assert_eq!(problem["entity_id"], NOBODY);
    }
    let edge = related(&engine, &a, &b, json!({"ordered": true}));
    engine.post("/records/delete", &json!({"entity_id": b})).done();
    for (source, target) in [(&a, &b), (&b, &a)] {
        relate(&engine, source, target, json!({})).refused(409, "record_deleted");
    }
    engine
        .post(
            "/edges/rebalance",
            &json!({"entity_id": b, "edge_type": "follows"}),
        )
        .refused(409, "record_deleted");
    let broken = |entity: &str| edges(&engine, &format!("entity={entity}"))[0]["broken"].clone();
    let deleted = json!([{"end": "target", "reason": "deleted"}]);
    assert_eq!((broken(&a), broken(&b)), (deleted.clone(), deleted));
    engine.post("/records/delete", &json!({"entity_id": a})).done();
    let both = json!([{"end": "source", "reason": "deleted"}, {"end": "target", "reason": "deleted"}]);
    assert_eq!(broken(&a), both);
    for entity in [&a, &b] {
        engine
            .post("/records/restore", &json!({"entity_id": entity}))
            .done();
    }
    let whole = &edges(&engine, &format!("entity={a}"))[0];
    assert_eq!((&whole["edge_id"], &whole["broken"]), (&json!(edge), &json!([])));
}

#[test]
fn faulty_requests_about_edges_are_refused() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    for path in ["/edges/delete", "/edges/restore", "/edges/reorder"] {
        let problem = engine
            .post(path, &json!({"edge_id": NOBODY}))
            .refused(404, "unknown_edge");
        assert_eq!(problem["edge_id"], NOBODY);
        engine.post(path, &json!({"edge_id": "x"})).refused(400, "bad_id");
    }
    engine
        .post(
            "/edges/update",
            &json!({"edge_id": NOBODY, "properties": {"a": 1}}),
        )
        .refused(404, "unknown_edge");
    let edge = related(&engine, &a, &b, json!({}));
    engine
        .post("/edges/update", &json!({"edge_id": edge, "properties": {}}))
        .refused(422, "nothing_to_do");
    engine
        .post("/edges/update", &json!({"edge_id": edge, "properties": {"": 1}}))
        .refused(422, "bad_name");
    let problem = engine
        .post(
            "/edges/update",
            &json!({"edge_id": edge, "properties": {"a": [1]}}),
        )
        .refused(422, "wrong_type");
    assert_eq!(problem["field"], "a");
    relate(&engine, &a, &b, json!({"edge_type": ""})).refused(422, "bad_name");
    relate(&engine, &a, &b, json!({"edge_type": null})).refused(400, "wrong_shape");
    let problem = relate(&engine, &a, &b, json!({"after": "x"})).refused(400, "bad_id");
    assert_eq!(problem["field"], "after");

    let problem = engine
        .get(&format!("/edges/list?entity={a}&direction=sideways"))
        .refused(400, "bad_query");
    assert_eq!(
        (&problem["field"], &problem["found"], &problem["expected"]),
        (
            &json!("direction"),
            &json!("sideways"),
            &json!("outgoing, incoming, both")
        )
    );
    engine.get("/edges/list").refused(400, "bad_query");
    engine.get("/edges/list?entity=x").refused(400, "bad_id");
    engine
        .get(&format!("/edges/list?entity={NOBODY}"))
        .refused(404, "unknown_record");
}

#[test]
fn same_command_makes_one_edge() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    let command = json!({"command": {"command_id": NOBODY}});
    let first = relate(&engine, &a, &b, command.clone()).done();
    assert_eq!(relate(&engine, &a, &b, command.clone()).done(), first);
    relate(&engine, &b, &a, command).refused(409, "command_reused");
    assert_eq!(edges(&engine, &format!("entity={a}")).len(), 1);
}

#[test]
fn changed_edges_are_told() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    let mut socket = engine.follow();
    let edge = related(&engine, &a, &b, json!({"ordered": true}));
    for (path, body) in [
        (
            "/edges/update",
            json!({"edge_id": edge, "properties": {"wait": 1}}),
        ),
        ("/edges/reorder", json!({"edge_id": edge})),
        ("/edges/delete", json!({"edge_id": edge})),
        ("/edges/restore", json!({"edge_id": edge})),
    ] {
        assert_eq!(
            socket.wait_for("edges_changed")["edge_ids"],
            json!([edge]),
            "{path}"
        );
        engine.post(path, &body).done();
    }
    assert_eq!(socket.wait_for("edges_changed")["edge_ids"], json!([edge]));
}

#[test]
fn edges_are_listed_page_by_page() {
    let engine = Engine::with_table();
    let (a, b) = (engine.cue("Go", 1), engine.cue("Stop", 2));
    let ordered = json!({"ordered": true});
    let made: Vec<_> = (0..5)
        .map(|_| related(&engine, &a, &b, ordered.clone()))
        .collect();
    let mut listed = Vec::new();
    let mut cursor = String::new();
    for count in [2, 2, 1] {
        let page = engine
            .get(&format!("/edges/list?entity={a}&limit=2&cursor={cursor}"))
            .done();
        let edges = page["edges"].as_array().unwrap();
        assert_eq!(edges.len(), count);
        listed.extend(ids(edges).into_iter().map(str::to_owned));
        cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        assert_eq!(cursor.is_empty(), count == 1);
    }
    assert_eq!(listed, made);
    for limit in ["0", "1001"] {
        let refused = engine.get(&format!("/edges/list?entity={a}&limit={limit}"));
        assert_eq!(refused.refused(400, "bad_query")["field"], json!("limit"));
    }
    engine.post("/edges/delete", &json!({"edge_id": made[1]})).done();
    let refused = engine.get(&format!("/edges/list?entity={a}&cursor={}", made[1]));
    assert_eq!(refused.refused(400, "bad_query")["field"], json!("cursor"));
    engine
        .get(&format!("/edges/list?entity={a}&cursor=x"))
        .refused(400, "bad_id");
}

#[test]
fn kinds_in_use_are_told_the_most_used_first() {
    let engine = Engine::with_table();
    let [a, b, c] = ["A", "B", "C"].map(|label| engine.cue(label, 1));
    let kinds = || engine.get("/edges/kinds").done()["kinds"].clone();
    assert_eq!(kinds(), json!([]));
    related(&engine, &a, &b, json!({"edge_type": "understudies"}));
    let gone = related(&engine, &a, &c, json!({"edge_type": "gone"}));
    for (source, target) in [(&a, &b), (&b, &c)] {
        related(&engine, source, target, json!({}));
    }
    related(&engine, &b, &a, json!({"edge_type": "cues"}));
    engine.post("/edges/delete", &json!({"edge_id": gone})).done();
    assert_eq!(
        kinds(),
        json!([
            {"edge_type": "follows", "edges": 2},
            {"edge_type": "cues", "edges": 1},
            {"edge_type": "understudies", "edges": 1},
        ])
    );
}
