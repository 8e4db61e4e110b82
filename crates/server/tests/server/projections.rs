//! The projections of a workspace over HTTP: rows, orders, what they survive; and the audit trail that they serve.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::peers::{pair, until_equal};

fn book(engine: &Engine, event_type: &str, streams: &[&str]) -> u64 {
    let event = json!({"event_type": event_type, "payload": {}, "streams": streams});
    let command = json!({"justification": format!("for {event_type}")});
    let body = json!({"events": [event], "command": command});
    engine.post("/events/append", &body).done()["last_sequence_number"]
        .as_u64()
        .unwrap()
}

/// The rows of a projection once it has seen event `reached`.
fn rows(engine: &Engine, name: &str, reached: u64) -> Vec<Value> {
    let page = engine
        .get(&format!("/projections/{name}/rows?reached={reached}"))
        .done();
    assert!(page["position"].as_u64() >= Some(reached), "{page}");
    page["rows"].as_array().unwrap().clone()
}

fn projection(engine: &Engine, name: &str) -> Value {
    let list = engine.get("/projections/list").done();
    let list = list["projections"].as_array().unwrap();
    list.iter().find(|one| one["name"] == name).unwrap().clone()
}

/// How many commands there are.
fn bundles(engine: &Engine) -> u64 {
    engine.get("/workspace/status").done()["bundles"]
        .as_u64()
        .unwrap()
}

fn file(engine: &Engine) -> PathBuf {
    let workspaces = engine.data.path().join("workspaces");
    let home = std::fs::read_dir(workspaces).unwrap().next().unwrap().unwrap();
    home.path().join("projections.db")
}

fn counts(rows: &[Value]) -> Vec<(&str, u64)> {
    let count = |row: &Value| row["count"].as_u64().unwrap();
    rows.iter()
        .map(|row| (row["event_type"].as_str().unwrap(), count(row)))
        .collect()
}

#[test]
fn rows_follow_what_is_recorded() {
    let engine = Engine::with_workspace();
    let names: Vec<_> = engine.get("/projections/list").done()["projections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["audit_log", "event_streams", "event_types"]);
    book(&engine, "opened", &["house", "jane"]);
    book(&engine, "closed", &["house"]);
    let last = book(&engine, "opened", &[]);
    let types = rows(&engine, "event_types", last);
    assert_eq!(counts(&types), [("closed", 1), ("opened", 2)]);
    assert_eq!(
        (
            &types[1]["first_sequence_number"],
            &types[1]["last_sequence_number"]
        ),
        (&json!(1), &json!(3))
    );
    assert!(types[1]["last_at"].as_str().unwrap().ends_with('Z'));
    let streams = rows(&engine, "event_streams", last);
    let told: Vec<_> = streams
        .iter()
        .map(|row| (&row["stream"], &row["version"], &row["last_event_type"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("house"), &json!(2), &json!("closed")),
            (&json!("jane"), &json!(1), &json!("opened"))
        ]
    );
    let audit = rows(&engine, "audit_log", bundles(&engine));
    assert_eq!(audit.len() as u64, bundles(&engine));
    assert_eq!(
        (&audit[0]["command_type"], &audit[0]["justification"]),
        (&json!("events.append"), &json!("for opened"))
    );
    let status = projection(&engine, "event_types");
    assert_eq!(
        (&status["state"], &status["lag"], &status["healthy"]),
        (&json!("running"), &json!(0), &json!(true))
    );
}

#[test]
fn command_that_was_given_on_two_devices_apart_counts_once() {
    let (desk, booth, _) = pair();
    for engine in [&desk, &booth] {
        engine.post("/sync/pause", &json!({})).done();
    }
    let event = json!({"event_type": "booked", "payload": {"person": 7}, "streams": ["person-7"]});
    let command = json!({"command_id": "018f0000-0000-7000-8000-0000000000aa"});
    let body = json!({"events": [event], "command": command});
    // The desk is the first to be told, and the one that counts: at the booth it turns up after the booth's own.
    for engine in [&desk, &booth] {
        engine.post("/events/append", &body).done();
        assert_eq!(counts(&rows(engine, "event_types", 1)), [("booked", 1)]);
    }
    let mut news = booth.follow();
    for engine in [&desk, &booth] {
        engine.post("/sync/resume", &json!({})).done();
    }
    until_equal(&desk, &booth, &mut news);
    let after = book(&booth, "confirmed", &[]);
    assert_eq!(
        after, 3,
        "both of the two are facts of the booth, with numbers of their own"
    );
    for engine in [&desk, &booth] {
        let listed = rows(
            engine,
            "event_types",
            if std::ptr::eq(engine, &booth) { after } else { 1 },
        );
        assert!(counts(&listed).contains(&("booked", 1)), "{listed:?}");
    }
}

#[test]
fn rows_are_read_page_by_page() {
    let engine = Engine::with_workspace();
    for event_type in ["c", "a", "b"] {
        book(&engine, event_type, &[]);
    }
    for name in ["event_types", "audit_log"] {
        let all = rows(&engine, name, 3);
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = engine
                .get(&format!("/projections/{name}/rows?limit=1{cursor}"))
                .done();
            paged.extend(page["rows"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all);
    }
    engine
        .get("/projections/audit_log/rows?cursor=x")
        .refused(400, "bad_cursor");
    engine
        .get("/projections/audit_log/rows?limit=0")
        .refused(400, "bad_query");
    engine
        .get("/projections/event_types/rows?reached=x")
        .refused(400, "bad_query");
}

#[test]
fn paused_projection_rests_until_it_is_resumed() {
    let engine = Engine::with_workspace();
    rows(&engine, "event_types", book(&engine, "a", &[]));
    let order = |order: &str| engine.post(&format!("/projections/event_types/{order}"), &json!({}));
    order("resume").refused(409, "projection_running");
    assert_eq!(order("pause").done()["state"], "paused");
    order("pause").refused(409, "projection_paused");
    let last = book(&engine, "a", &[]);
    let status = projection(&engine, "event_types");
    assert_eq!((&status["state"], &status["lag"]), (&json!("paused"), &json!(1)));
    // The others go on meanwhile.
    rows(&engine, "event_streams", last);
    let page = engine.get("/projections/event_types/rows").done();
    assert_eq!(page["position"], last - 1);
    assert_ne!(order("resume").done()["state"], "paused");
    assert_eq!(counts(&rows(&engine, "event_types", last)), [("a", 2)]);
}

#[test]
fn projection_that_is_not_there_is_answered_with_those_that_are() {
    let engine = Engine::with_workspace();
    for name in ["nothing", "%ff", "event_types%20"] {
        let problem = engine.get(&format!("/projections/{name}/rows")).problem();
        assert!([400, 404].contains(&problem["status"].as_u64().unwrap()));
    }
    for order in ["pause", "resume", "rebuild"] {
        let problem = engine
            .post(&format!("/projections/nothing/{order}"), &json!({}))
            .refused(404, "unknown_projection");
        assert_eq!(problem["known"], "audit_log, event_streams, event_types");
    }
    Engine::start()
        .get("/projections/list")
        .refused(404, "no_workspace");
}

#[test]
fn rows_are_made_anew_when_asked_for() {
    let engine = Engine::with_workspace();
    let last = book(&engine, "a", &[]);
    rows(&engine, "event_types", last);
    let spoil = Connection::open(file(&engine)).unwrap();
    spoil.execute("UPDATE event_types SET count = 99", []).unwrap();
    assert_eq!(counts(&rows(&engine, "event_types", last)), [("a", 99)]);
    let told = engine.post("/projections/event_types/rebuild", &json!({})).done();
    assert_eq!(told["rebuilds"], 1);
    let last = book(&engine, "a", &[]);
    assert_eq!(counts(&rows(&engine, "event_types", last)), [("a", 2)]);
}

/// Checks that, after `harm` was done to the file of the rows of an engine that rests, all rows are as they were.
fn check_survival(harm: impl FnOnce(&std::path::Path)) {
    let engine = Engine::with_workspace();
    book(&engine, "a", &["s"]);
    let last = book(&engine, "b", &["s", "t"]);
    let commands = bundles(&engine);
    let all = |engine: &Engine| {
        [
            rows(engine, "event_types", last),
            rows(engine, "event_streams", last),
            rows(engine, "audit_log", commands),
        ]
    };
    let before = all(&engine);
    let path = file(&engine);
    let data = engine.stop();
    harm(&path);
    let engine = Engine::on(data);
    assert_eq!(all(&engine), before);
}

#[test]
fn rows_survive_a_restart() {
    check_survival(|path| assert!(path.exists()));
}

#[test]
fn rows_of_another_definition_are_made_anew() {
    check_survival(|path| {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch("UPDATE openprod_projection SET version = 0; UPDATE event_types SET count = 99;")
            .unwrap();
    });
}

#[test]
fn rows_that_are_lost_are_made_anew() {
    check_survival(|path| std::fs::remove_file(path).unwrap());
}

#[test]
fn damaged_file_of_rows_is_made_anew() {
    check_survival(|path| std::fs::write(path, b"this is no database, and never was one").unwrap());
}

#[test]
fn rows_of_another_log_are_made_anew() {
    check_survival(|path| {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "INSERT INTO audit_log SELECT position + 50, bundle_id, command_id, command_type, actor_id, device,
                    at, source, correlation_id, causation_id, justification, approval_id, operations FROM audit_log;
                UPDATE openprod_projection SET position = position + 50; UPDATE event_types SET count = 99;",
            )
            .unwrap();
    });
}

#[test]
fn event_that_cannot_be_applied_is_set_aside_and_told_everywhere() {
    let engine = Engine::with_workspace();
    rows(&engine, "event_types", book(&engine, "a", &[]));
    let spoil = Connection::open(file(&engine)).unwrap();
    spoil
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON event_types WHEN NEW.event_type = 'poison'
            BEGIN SELECT RAISE(ABORT, 'not this one'); END",
        )
        .unwrap();
    let poison = book(&engine, "poison", &[]);
    let last = book(&engine, "a", &[]);
    assert_eq!(counts(&rows(&engine, "event_types", last)), [("a", 2)]);
    let status = projection(&engine, "event_types");
    assert_eq!(
        (&status["set_aside"], &status["healthy"]),
        (&json!(1), &json!(false))
    );
    let event = &status["set_aside_events"][0];
    assert_eq!(event["sequence_number"], poison);
    assert!(event["reason"].as_str().unwrap().contains("not this one"));
    let health = engine.get("/health").done();
    assert_eq!(
        (&health["status"], &health["projections"]["unhealthy"]),
        (&json!("degraded"), &json!(1))
    );
    let workspace = engine.get("/workspace/status").done()["workspace_id"].clone();
    let metrics = String::from_utf8(engine.get("/metrics").body).unwrap();
    for line in [
        format!(
            r#"openprod_projection_set_aside_events{{workspace={workspace},projection="event_types"}} 1"#
        ),
        format!(r#"openprod_projection_healthy{{workspace={workspace},projection="event_types"}} 0"#),
        format!(r#"openprod_projection_lag_events{{workspace={workspace},projection="audit_log"}} "#),
        "openprod_events_total".to_owned(),
        "openprod_subscriptions".to_owned(),
        r#"openprod_command_seconds_count{command="events.append"}"#.to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
}

#[test]
fn conflicts_are_counted() {
    let engine = Engine::with_workspace();
    book(&engine, "a", &[]);
    let event = json!({"event_type": "a", "payload": {}});
    let body = json!({"events": [event], "context": {}, "expected_context_version": null});
    engine
        .post("/events/append_if", &body)
        .refused(409, "context_changed");
    let metrics = String::from_utf8(engine.get("/metrics").body).unwrap();
    assert!(
        metrics.contains(r#"openprod_event_conflicts_total{kind="context"}"#),
        "{metrics}"
    );
}

/// All entries of an audit listing, page by page; checks that no page but the last is short.
fn audit(engine: &Engine, query: &str, limit: usize) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = engine
            .get(&format!("/audit/list?limit={limit}&{query}{cursor}"))
            .done();
        let found = page["entries"].as_array().unwrap();
        entries.extend(found.clone());
        let Some(next) = page["next_cursor"].as_str() else {
            return entries;
        };
        assert_eq!(found.len(), limit, "{query}");
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn pages_of_the_audit_are_full_whatever_is_asked_for() {
    let engine = Engine::with_table();
    for number in 0..40 {
        let cue = engine.cue("Go", number);
        if number % 8 == 0 {
            let body = json!({"entity_id": cue, "table": "Cue", "fields": {"label": "Stop"}});
            engine.post("/records/update", &body).done();
        }
        if number == 30 {
            // From here on the index is behind, and the log itself is looked at.
            engine.post("/projections/audit_log/pause", &json!({})).done();
        }
    }
    let types = |entries: &[Value]| -> Vec<String> {
        let names = entries
            .iter()
            .map(|entry| entry["command_type"].as_str().unwrap());
        names.map(ToOwned::to_owned).collect()
    };
    let all = audit(&engine, "", 7);
    assert_eq!(all.len() as u64, bundles(&engine));
    for command_type in ["records.update", "records.create", "tables.create", "none"] {
        let wanted: Vec<_> = all
            .iter()
            .filter(|entry| entry["command_type"] == command_type)
            .cloned()
            .collect();
        for limit in [1, 2, 5] {
            assert_eq!(
                audit(&engine, &format!("command_type={command_type}"), limit),
                wanted
            );
        }
    }
    let middle = all[10]["at"].as_str().unwrap();
    let since = audit(&engine, &format!("since={middle}"), 3);
    let until = audit(&engine, &format!("until={middle}"), 3);
    assert_eq!(since.len() + until.len(), all.len());
    assert_eq!(types(&until), types(&all[since.len()..]));
    let actor = all[0]["actor_id"].as_str().unwrap();
    assert_eq!(audit(&engine, &format!("actor={actor}"), 6), all);
    let table = audit(&engine, "table=Cue&command_type=records.update", 2);
    assert_eq!(types(&table), vec!["records.update"; 5]);
    engine.post("/projections/audit_log/resume", &json!({})).done();
    rows(&engine, "audit_log", bundles(&engine));
    assert_eq!(audit(&engine, "", 7), all);
    engine.get("/audit/list?cursor=x").refused(400, "bad_cursor");
    engine.get("/audit/list?limit=0").refused(400, "bad_query");
}
