//! Texts and lists that are edited together, over HTTP.

use data_encoding::BASE64;
use serde_json::{Value, json};
use yrs::updates::decoder::Decode as _;
use yrs::{
    Array as _, Doc, GetString as _, OffsetKind, Options, ReadTxn as _, Text as _, Transact as _, Update,
};

use crate::engine::{Answer, Engine};
use crate::peers::{pair, until_equal};

const NOBODY: &str = "018f0000-0000-7000-8000-000000000000";

/// An editor, as a client has it.
struct Editor {
    doc: Doc,
    session: Value,
    at: Value,
}

impl Editor {
    fn open(engine: &Engine, id: &str, field: &str) -> Self {
        let begin = engine
            .get(&format!("/text?entity_id={id}&table=Cue&field={field}"))
            .done();
        let doc = Doc::with_options(Options {
            client_id: yrs::block::ClientID::new(begin["client_id"].as_u64().unwrap()),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        });
        let state = BASE64
            .decode(begin["state"].as_str().unwrap().as_bytes())
            .unwrap();
        doc.transact_mut()
            .apply_update(Update::decode_v1(&state).unwrap())
            .unwrap();
        let vector = doc.transact().state_vector();
        let given = BASE64
            .decode(begin["state_vector"].as_str().unwrap().as_bytes())
            .unwrap();
        assert_eq!(yrs::StateVector::decode_v1(&given).unwrap(), vector);
        Self {
            doc,
            session: begin["session"].clone(),
            at: json!({"entity_id": id, "table": "Cue", "field": field}),
        }
    }

    fn text(&self) -> String {
        let text = self.doc.get_or_insert_text("text");
        text.get_string(&self.doc.transact())
    }

    /// Writes a text at a place, and gives the delta.
    fn insert(&self, at: u32, text: &str) -> Vec<u8> {
        let root = self.doc.get_or_insert_text("text");
        let mut transaction = self.doc.transact_mut();
        root.insert(&mut transaction, at, text);
        transaction.encode_update_v1()
    }

    fn push(&self, value: &str) -> Vec<u8> {
        let root = self.doc.get_or_insert_array("list");
        let mut transaction = self.doc.transact_mut();
        root.push_back(&mut transaction, value);
        transaction.encode_update_v1()
    }

    fn send(&self, engine: &Engine, delta: &[u8]) -> Answer {
        let mut body = self.at.clone();
        body["delta"] = json!(BASE64.encode(delta));
        body["session"] = self.session.clone();
        engine.post("/text/update", &body)
    }
}

/// Adds the fields `notes` (text) and `steps` (list).
fn add_fields(engine: &Engine) {
    let fields = json!([{"name": "notes", "type": "crdt_text"}, {"name": "steps", "type": "crdt_list"}]);
    engine
        .post("/tables/update", &json!({"table": "Cue", "add_fields": fields}))
        .done();
}

fn shown(engine: &Engine, id: &str, field: &str) -> Value {
    engine.get(&format!("/records/{id}?table=Cue")).done()["fields"][field].clone()
}

#[test]
fn text_and_list_are_given_when_the_record_is_made() {
    let engine = Engine::with_table();
    add_fields(&engine);
    let fields = json!({"label": "Go", "notes": "Stand by", "steps": ["look", {"then": [1, true]}]});
    let made = engine.post("/records/create", &json!({"table": "Cue", "fields": fields}));
    let id = made.done()["entity_id"].as_str().unwrap().to_owned();
    assert_eq!(shown(&engine, &id, "notes"), "Stand by");
    assert_eq!(shown(&engine, &id, "steps"), fields["steps"]);
    let list_as_text = json!({"label": ["no", "list"]});
    let refused = engine.post(
        "/records/create",
        &json!({"table": "Cue", "fields": list_as_text}),
    );
    refused.refused(422, "wrong_type");
}

#[test]
fn text_and_list_are_edited_by_deltas_and_shown_with_the_record() {
    let engine = Engine::with_table();
    add_fields(&engine);
    let id = engine.cue("Go", 1);
    let mut socket = engine.follow();
    let editor = Editor::open(&engine, &id, "notes");
    let done = editor.send(&engine, &editor.insert(0, "Stand by")).done();
    assert!(done["bundle_id"].is_string());
    assert_eq!(socket.wait_for("records_changed")["entity_ids"], json!([id]));
    editor.send(&engine, &editor.insert(8, ", \u{1f3ad} go")).done();
    assert_eq!(shown(&engine, &id, "notes"), "Stand by, \u{1f3ad} go");
    let again = Editor::open(&engine, &id, "notes");
    assert_eq!(again.text(), editor.text());
    assert_ne!(again.session, editor.session);
    assert_ne!(again.doc.client_id(), editor.doc.client_id());

    let steps = Editor::open(&engine, &id, "steps");
    steps.send(&engine, &steps.push("look")).done();
    let read = engine
        .get(&format!("/text?entity_id={id}&table=Cue&field=steps"))
        .done();
    assert_eq!(
        (&read["list"], &read["text"], &read["root"]),
        (&json!(["look"]), &Value::Null, &json!("list"))
    );
    assert_eq!(read["entity_id"], json!(id));
}

#[test]
fn both_sides_of_an_edit_apart_are_kept_and_no_conflict_opens() {
    let (desk, booth, id) = pair();
    let mut news = booth.follow();
    add_fields(&desk);
    until_equal(&desk, &booth, &mut news);
    desk.post("/sync/pause", &json!({})).done();
    for (engine, text) in [(&desk, "desk "), (&booth, "booth ")] {
        let editor = Editor::open(engine, &id, "notes");
        editor.send(engine, &editor.insert(0, text)).done();
    }
    desk.post("/sync/resume", &json!({})).done();
    until_equal(&desk, &booth, &mut news);
    let shown = shown(&desk, &id, "notes").as_str().unwrap().to_owned();
    assert!(["desk booth ", "booth desk "].contains(&&*shown), "{shown}");
    assert_eq!(desk.get("/conflicts/list").done()["conflicts"], json!([]));
}

#[test]
fn faulty_edits_are_refused() {
    let engine = Engine::with_table();
    add_fields(&engine);
    let id = engine.cue("Go", 1);
    let editor = Editor::open(&engine, &id, "notes");
    let refused = |delta: &[u8], reason: &str| {
        let problem = editor.send(&engine, delta).refused(422, "bad_delta");
        assert_eq!(problem["reason"], reason, "{problem}");
    };
    refused(&[0xff; 8], "delta_malformed");
    refused(&[0, 0], "delta_empty");
    let other = Editor::open(&engine, &id, "notes");
    refused(&other.insert(0, "x"), "delta_foreign_client");
    editor.insert(0, "lost");
    refused(&editor.insert(4, " and found"), "delta_gap");
    assert_eq!(shown(&engine, &id, "notes"), Value::Null);

    let mut body = editor.at.clone();
    body["delta"] = json!("?");
    body["session"] = json!(1);
    let problem = engine.post("/text/update", &body).refused(400, "wrong_shape");
    assert_eq!(problem["field"], "delta");
    body.as_object_mut().unwrap().remove("session");
    engine.post("/text/update", &body).refused(400, "wrong_shape");

    let read = |query: &str| engine.get(&format!("/text?{query}"));
    read(&format!("entity_id={id}&table=Cue&field=label")).refused(422, "not_text");
    read(&format!("entity_id={id}&table=Cue&field=nope")).refused(422, "unknown_field");
    read(&format!("entity_id={id}&table=Nope&field=notes")).refused(404, "unknown_table");
    read(&format!("entity_id={NOBODY}&table=Cue&field=notes")).refused(404, "unknown_record");
    read("table=Cue&field=notes").refused(400, "bad_query");
    let mut label = editor.at.clone();
    (label["field"], label["delta"], label["session"]) = (json!("label"), json!("AAA="), json!(1));
    let problem = engine.post("/text/update", &label).refused(422, "not_text");
    assert_eq!(problem["field"], "label");
    let set = json!({"entity_id": id, "table": "Cue", "fields": {"notes": "x"}});
    let problem = engine.post("/records/update", &set).refused(422, "text_field");
    assert_eq!(problem["field"], "notes");
    engine.post("/tables/create", &json!({"name": "Prop"})).done();
    let prop = engine
        .post("/records/create", &json!({"table": "Prop", "fields": {}}))
        .done()["entity_id"]
        .clone();
    read(&format!(
        "entity_id={}&table=Cue&field=notes",
        prop.as_str().unwrap()
    ))
    .refused(422, "not_in_table");
}
