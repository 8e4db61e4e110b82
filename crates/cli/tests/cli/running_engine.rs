//! One engine a directory, and commands that talk to it.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::device::{Device, exists, until};

#[test]
fn second_engine_is_refused_and_commands_talk_to_the_first() {
    let device = Device::with_workspace();
    let serving = device.serve();
    let problem = device.json(&["serve"]).refused(4, "data_in_use");
    assert!(
        problem["next"].as_str().unwrap().contains("openprod open"),
        "{problem}"
    );
    let ended = device.run(&["serve"]);
    assert!(ended.err().contains("already"), "{}", ended.err());

    device.import("Cue", "label\nGo\n").answer();
    assert_eq!(
        serving.record("Cue", "label", "Go")["fields"],
        json!({"label": "Go"})
    );
    assert_eq!(device.status()["state_hash"], serving.state_hash());
    assert_eq!(device.json(&["verify"]).answer()["sound"], true);
    assert_eq!(serving.get("/health")["status"], "ok");
}

#[test]
fn ready_line_says_where_and_open_prints_new_links() {
    let device = Device::with_workspace();
    let serving = device.serve();
    for name in ["url", "token", "port", "sync_port", "actor_id", "open_url"] {
        assert!(!serving.ready[name].is_null(), "{name}: {}", serving.ready);
    }
    let first = serving.ready["open_url"].as_str().unwrap().to_owned();
    let second = device.run(&["open"]).done();
    assert_ne!(first, second.trim());
    for url in [first.as_str(), second.trim()] {
        let (address, code) = url.split_once("#code=").unwrap();
        assert_eq!(
            address.trim_end_matches('/'),
            serving.ready["url"].as_str().unwrap()
        );
        assert_eq!(
            serving.post("/session", &json!({"code": code}))["token"],
            serving.ready["token"]
        );
        assert!(serving.try_post("/session", &json!({"code": code})).is_err());
    }
}

#[cfg(unix)]
#[test]
fn request_to_terminate_ends_it_cleanly() {
    let device = Device::with_workspace();
    let serving = device.serve();
    let hash = serving.state_hash();
    assert!(exists(&device.data().join("engine.json")));
    assert_eq!(serving.terminate(), (Some(0), String::new()));
    assert!(!exists(&device.data().join("engine.json")));
    assert_eq!(device.status()["state_hash"], hash);
}

#[test]
fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let device = Device::with_workspace();
    device.import("Cue", "label,number\nGo,0\n").answer();
    let serving = device.serve();
    let (killed, acknowledged) = (AtomicBool::new(false), std::sync::Mutex::new(Vec::new()));
    let (serving_at, token) = (serving.at("/records/create"), serving.token());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (killed, acknowledged, url, token) = (&killed, &acknowledged, &serving_at, &token);
            scope.spawn(move || {
                let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
                for number in 0.. {
                    let fields = json!({"label": format!("writer {writer}"), "number": number});
                    let body = json!({"table": "Cue", "fields": fields});
                    let answer = agent.post(url).header("authorization", token).send_json(&body);
                    let Ok(mut answer) = answer else {
                        assert!(killed.load(Ordering::SeqCst), "refused while it ran: {answer:?}");
                        return;
                    };
                    let Ok(made) = answer.body_mut().read_json::<Value>() else {
                        return;
                    };
                    acknowledged
                        .lock()
                        .unwrap()
                        .push((made["entity_id"].as_str().unwrap().to_owned(), fields));
                }
            });
        }
        until("writes are under way", || {
            (acknowledged.lock().unwrap().len() > 100).then_some(())
        });
        killed.store(true, Ordering::SeqCst);
        serving.kill();
    });
    // What the killed engine left behind keeps nobody from working.
    assert!(exists(&device.data().join("engine.json")));
    assert_eq!(device.json(&["verify"]).answer()["sound"], true);
    let serving = device.serve();
    for (id, fields) in acknowledged.into_inner().unwrap() {
        assert_eq!(serving.get(&format!("/records/{id}"))["fields"], fields);
    }
}

#[test]
fn import_goes_on_where_an_engine_was_killed() {
    let device = Device::with_workspace();
    device.serve().kill();
    device.import("Cue", "a\n1\n").answer();
    assert_eq!(device.export("Cue"), "a\n1\n");
}

#[test]
fn engine_file_of_a_dead_engine_is_not_believed() {
    let device = Device::with_workspace();
    // Something else answers at the port by now.
    let other = Device::with_workspace();
    let serving = other.serve();
    let stale = json!({"url": serving.ready["url"], "token": "x", "pid": 1, "sync_port": 1});
    std::fs::write(device.data().join("engine.json"), stale.to_string()).unwrap();
    assert_ne!(device.status()["state_hash"], serving.state_hash());
    std::fs::write(device.data().join("engine.json"), "{").unwrap();
    device.status();
}

#[test]
fn broken_pipe_is_no_failure() {
    let device = Device::with_workspace();
    let mut text = "number,label\n".to_owned();
    for number in 0..3_000 {
        text.push_str(&format!("{number},{}\n", "x".repeat(100)));
    }
    device.import("Cue", text).answer();
    let mut child = device
        .command(&["export", "--table", "Cue"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn commands_at_the_same_time_wait_for_one_another() {
    let device = Device::with_workspace();
    let tables: Vec<_> = (0..6).map(|number| format!("Table {number}")).collect();
    std::thread::scope(|scope| {
        for table in &tables {
            let device = &device;
            scope.spawn(move || device.import(table, "a\n1\n2\n").answer());
        }
    });
    for table in &tables {
        assert_eq!(device.export(table), "a\n1\n2\n");
    }
}
