//! The document that the app's types are made from says what this server does.

use std::path::Path;

use openprod_server::openapi;
use serde_json::Value;

#[test]
fn document_of_the_app_is_the_one_of_this_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../electron/openapi.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    let made: Value = serde_json::to_value(openapi()).unwrap();
    let mut differences = Vec::new();
    differ("", &kept, &made, &mut differences);
    assert!(
        differences.is_empty(),
        "electron/openapi.json is not what the server has now; `cargo xtask generate` renews it and the app's types. \
         {} differences, the first:\n  {}",
        differences.len(),
        differences[..differences.len().min(10)].join("\n  ")
    );
}

/// Names the places where two documents differ.
fn differ(place: &str, kept: &Value, made: &Value, differences: &mut Vec<String>) {
    match (kept, made) {
        (Value::Object(kept), Value::Object(made)) => {
            for (key, value) in kept {
                match made.get(key) {
                    Some(other) => differ(&format!("{place}/{key}"), value, other, differences),
                    None => differences.push(format!("{place}/{key} is no more")),
                }
            }
            let new = made.keys().filter(|key| !kept.contains_key(*key));
            differences.extend(new.map(|key| format!("{place}/{key} is new")));
        }
        (Value::Array(kept), Value::Array(made)) if kept.len() == made.len() => {
            for (index, (value, other)) in kept.iter().zip(made).enumerate() {
                differ(&format!("{place}/{index}"), value, other, differences);
            }
        }
        _ if kept != made => differences.push(format!("{place} is another")),
        _ => {}
    }
}

#[test]
fn differences_are_named_by_their_place() {
    let (kept, made) = (
        serde_json::json!({"a": {"b": 1, "c": 2}, "d": [1]}),
        serde_json::json!({"a": {"b": 3, "e": 2}, "d": [2]}),
    );
    let mut differences = Vec::new();
    differ("", &kept, &made, &mut differences);
    assert_eq!(
        differences,
        [
            "/a/b is another",
            "/a/c is no more",
            "/a/e is new",
            "/d/0 is another"
        ]
    );
}
