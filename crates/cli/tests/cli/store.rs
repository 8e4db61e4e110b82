//! Stand-alone stores of events: made, examined and copied from outside.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use openprod_events::{
    CommandId, Commit, EventStore, EventType, NewEvent, Payload, RequestHash, SqliteStore, StreamId,
};
use postgres::{Client, NoTls};
use serde_json::{Value, json};

use crate::device::{Device, Ended};

/// A schema of its own on the server of whoever runs the tests. Without a server the test is skipped, says so, and fails in
/// CI, where nobody reads it.
fn database(test: &str, schema: &str) -> Option<(String, String)> {
    if let Ok(url) = std::env::var("OPENPROD_POSTGRES_URL") {
        let schema = format!("cli{}_{schema}", std::process::id());
        return Some((format!("{url}?schema={schema}"), schema));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{test} needs a PostgreSQL server, and OPENPROD_POSTGRES_URL does not name one"
    );
    if let Some(path) = std::env::var_os("OPENPROD_SKIP_FILE") {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        writeln!(
            file,
            "{test}: no PostgreSQL server (OPENPROD_POSTGRES_URL is not set)"
        )
        .unwrap();
    }
    None
}

/// A connection past the program, to a schema.
fn beside(schema: &str) -> Client {
    let url = std::env::var("OPENPROD_POSTGRES_URL").unwrap();
    let mut client = Client::connect(&url, NoTls).unwrap();
    client
        .batch_execute(&format!("SET search_path = {schema}"))
        .unwrap();
    client
}

fn happened(count: u64) -> Vec<NewEvent> {
    let event = |n| {
        NewEvent::new(
            EventType::new("happened").unwrap(),
            Payload::new(json!({"n": n})).unwrap(),
        )
        .in_stream(StreamId::new(format!("s{}", n % 3)).unwrap())
    };
    (0..count).map(event).collect()
}

/// A file with 600 events and a command.
fn filled(device: &Device, name: &str) -> String {
    let path = device.home.path().join(name);
    let store = SqliteStore::open(&path).unwrap();
    let input = Payload::new(json!(1)).unwrap();
    let hash = RequestHash::of("give", &input);
    store
        .commit(Commit::new(happened(600)).for_command(CommandId::from_u128(7), hash, input))
        .unwrap();
    path.to_str().unwrap().to_owned()
}

/// Changes a file as the library would not.
fn meddle(path: &str, sql: &str) {
    let connection = rusqlite::Connection::open(Path::new(path)).unwrap();
    for table in ["event", "posting", "command"] {
        for act in ["changed", "removed"] {
            connection
                .execute_batch(&format!("DROP TRIGGER {table}_is_never_{act}"))
                .unwrap();
        }
    }
    connection.execute_batch(sql).unwrap();
}

#[test]
fn store_is_made_once_and_told_of() {
    let device = Device::new();
    let path = device.home.path().join("events.db");
    let path = path.to_str().unwrap();
    for action in ["stat", "check", "migrate"] {
        device.json(&["store", action, path]).refused(1, "no_store");
        assert!(!Path::new(path).exists(), "{action} makes none");
    }
    assert_eq!(device.json(&["store", "create", path]).answer()["format"], 1);
    device.json(&["store", "create", path]).refused(1, "store_exists");
    let empty = device.json(&["store", "stat", path]).answer();
    assert_eq!((&empty["events"], &empty["last_at"]), (&json!(0), &Value::Null));
    assert_eq!(empty["types"], json!([]));
    let filled = filled(&device, "filled.db");
    let told = device.json(&["store", "stat", &filled]).answer();
    assert_eq!(
        (&told["events"], &told["streams"], &told["commands"]),
        (&json!(600), &json!(3), &json!(1))
    );
    assert_eq!(told["types"], json!([{"event_type": "happened", "events": 600}]));
    assert!(told["bytes"].as_u64().unwrap() > 50_000);
    let words = device.run(&["store", "stat", &filled]).done();
    assert!(
        words.contains("600 events, 3 streams, 1 command") && words.contains("happened"),
        "{words}"
    );
    let other = device.file(
        "other.txt",
        "this is no store of events, but some text".repeat(50),
    );
    for action in ["create", "stat", "check", "migrate"] {
        device.json(&["store", action, &other]).refused(1, "store_failed");
    }
}

#[test]
fn sound_store_is_told_sound_and_damage_is_named_with_a_code_of_its_own() {
    let device = Device::new();
    let path = filled(&device, "events.db");
    let sound = device.json(&["store", "check", &path]).answer();
    assert_eq!((&sound["sound"], &sound["events"]), (&json!(true), &json!(600)));
    assert_eq!(sound["digest"].as_str().unwrap().len(), 64);
    assert!(
        device
            .run(&["store", "check", &path])
            .done()
            .starts_with("Sound: checked 600 events")
    );
    meddle(
        &path,
        "DELETE FROM posting WHERE seq = 5 AND leaf = 0; UPDATE event SET payload = '{\"n\":7000}' WHERE seq = 9;
         DELETE FROM event WHERE seq = 20",
    );
    let ended = device.json(&["store", "check", &path]);
    assert_eq!(ended.0.status.code(), Some(5), "{}", ended.err());
    let answer: Value = serde_json::from_str(&ended.out()).unwrap();
    assert_eq!(answer["sound"], false);
    let findings = answer["findings"].as_array().unwrap();
    for wanted in [
        json!({"finding": "gap", "first": 20, "last": 20}),
        json!({"finding": "payload_changed", "event": 9}),
        json!({"finding": "posting_missing", "event": 5, "leaf": 0}),
    ] {
        assert!(findings.contains(&wanted), "{wanted} in {findings:?}");
    }
    let problem: Value = serde_json::from_str(&ended.err()).unwrap();
    assert_eq!(problem["code"], "store_unsound");
    let told = device.run(&["store", "check", &path]);
    assert_eq!(told.0.status.code(), Some(5));
    assert!(
        told.out().contains("NOT sound") && told.out().contains("- events 20 to 20 are missing"),
        "{}",
        told.out()
    );
}

#[test]
fn copy_goes_from_file_to_database_and_back_and_is_continued() {
    let device = Device::new();
    let source = filled(&device, "source.db");
    let file = |name: &str| device.home.path().join(name).to_str().unwrap().to_owned();
    let middle = match database(
        "copy_goes_from_file_to_database_and_back_and_is_continued",
        "copy",
    ) {
        Some((url, _)) => url,
        None => file("middle.db"),
    };
    let last = file("last.db");
    let first = device.json(&["store", "copy", &source, &middle]).answer();
    assert_eq!(
        (&first["events"], &first["commands"], &first["events_before"]),
        (&json!(600), &json!(1), &json!(0))
    );
    let back = device.json(&["store", "copy", &middle, &last]).answer();
    let digest = device.json(&["store", "check", &last]).answer()["digest"].clone();
    assert_eq!((&first["digest"], &back["digest"]), (&digest, &digest));
    SqliteStore::open(Path::new(&source))
        .unwrap()
        .append(happened(50))
        .unwrap();
    let again = device.json(&["store", "copy", &source, &last]).answer();
    assert_eq!(
        (&again["events_before"], &again["events"]),
        (&json!(600), &json!(650))
    );
    let words = device.run(&["store", "copy", &source, &last]).done();
    assert!(words.contains("650 events had been copied before"), "{words}");
    device
        .json(&["store", "copy", &middle, &source])
        .refused(1, "store_differs");
    device
        .json(&["store", "copy", &file("nothing.db"), &last])
        .refused(1, "no_store");
}

#[test]
fn database_of_an_older_format_is_brought_to_the_present_one() {
    let test = "database_of_an_older_format_is_brought_to_the_present_one";
    let Some((url, schema)) = database(test, "old") else {
        return;
    };
    let device = Device::new();
    device.json(&["store", "create", &url]).answer();
    beside(&schema)
        .batch_execute("DROP INDEX event_by_id; DROP TABLE partition; DELETE FROM format WHERE version = 2")
        .unwrap();
    for action in ["check", "stat"] {
        device.json(&["store", action, &url]).refused(1, "store_outdated");
    }
    let migrated = device.json(&["store", "migrate", &url]).answer();
    assert_eq!(
        (&migrated["format_before"], &migrated["format"]),
        (&json!(1), &json!(2))
    );
    let again = device.json(&["store", "migrate", &url]).answer();
    assert_eq!(again["format_before"], 2);
    let stat = device.json(&["store", "stat", &url]).answer();
    assert_eq!((&stat["format"], &stat["partitions"]), (&json!(2), &json!(0)));
}

/// Runs a command that must fail, and looks for the password in all that it prints.
fn assert_silent(ended: &Ended) {
    for text in [ended.out(), ended.err()] {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
    assert_ne!(ended.0.status.code(), Some(0));
}

#[test]
fn password_is_never_printed() {
    let device = Device::new();
    let secret = device.file("secret", "s3cr3t\n");
    for url in [
        "postgres://ann:s3cr3t@127.0.0.1:1/db",
        "postgres://ann:s3cr3t@127.0.0.1:no/db",
        "postgres://ann@127.0.0.1:1/db?password=s3cr3t",
        "postgres://ann:s3cr3t@",
        "postgres://ann:s3cr3t@127.0.0.1:1/db?unknown=1",
        "mysql://ann:s3cr3t@127.0.0.1/db",
    ] {
        for action in ["create", "check"] {
            assert_silent(&device.run(&["store", action, url]));
            assert_silent(&device.json(&["store", action, url]));
        }
    }
    let bare = "postgres://ann@127.0.0.1:1/db";
    let by_file = device.json(&["store", "check", bare, "--password-file", &secret]);
    assert_silent(&by_file);
    by_file.refused(3, "store_unreachable");
    let mut command = device.command(&["store", "check", bare, "--json"]);
    command.env("PGPASSWORD", "s3cr3t").stdin(Stdio::null());
    assert_silent(&Ended(command.output().unwrap()));
    device
        .json(&["store", "check", bare, "--password-file", "/no/such/file"])
        .refused(1, "file_failed");
}

/// A role that must give a password: whichever way it comes, the server takes it.
#[test]
fn password_reaches_the_server() {
    let Some((url, schema)) = database("password_reaches_the_server", "pass") else {
        return;
    };
    let device = Device::new();
    device.json(&["store", "create", &url]).answer();
    // Whether the server asks for it is up to its configuration; that the driver has one is not.
    let (_, place) = url.split_once("://").unwrap();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let person = format!("postgres://postgres:p%40ss%26w@{place}");
    let stat = device.json(&["store", "stat", &person]).answer();
    assert_eq!(stat["store"], format!("postgres://postgres@{place}"));
    assert!(stat["store"].as_str().unwrap().ends_with(&schema));
}
