//! Two devices on one page: equal, pulled apart, in conflict, and equal again.

use serde_json::{Value, json};

use crate::device::{Answering, Device, until};

struct Pair {
    stage: crate::device::Serving,
    engines: Vec<Answering>,
}

fn pair(device: &Device, more: &[&str]) -> Pair {
    let stage = device.serve_as("demo", &[&["--peers", "2"], more].concat());
    let engines = stage.ready["engines"].as_array().unwrap();
    let engines = engines.iter().cloned().map(Answering::new).collect();
    Pair { stage, engines }
}

impl Pair {
    fn look(&self) -> Value {
        self.stage.get("/stage")
    }

    fn until_equal(&self) -> Value {
        until("both have the same", || {
            Some(self.look()).filter(|seen| seen["equal"] == true)
        })
    }
}

#[test]
fn cable_is_pulled_both_edit_one_cell_and_one_decides_for_both() {
    let device = Device::new();
    let pair = pair(&device, &[]);
    let seen = pair.until_equal();
    let names: Vec<_> = seen["windows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|window| &window["name"])
        .collect();
    assert_eq!(names, ["Prompt Desk", "Booth"]);
    assert_ne!(
        pair.engines[0].ready["actor_id"],
        pair.engines[1].ready["actor_id"]
    );
    assert!(device.data().join("prompt-desk").is_dir() && device.data().join("booth").is_dir());

    let seen = pair.stage.post("/stage/cable", &json!({"pulled": true}));
    assert_eq!(
        (&seen["pulled"], &seen["equal"]),
        (&json!(true), &json!(true)),
        "{seen}"
    );
    let person = pair.engines[0].get("/records/list?table=People&limit=1")["records"][0]["entity_id"].clone();
    for (engine, name) in pair.engines.iter().zip(["from the desk", "from the booth"]) {
        let edit = json!({"entity_id": person, "table": "People", "fields": {"name": name}});
        engine.post("/records/update", &edit);
    }
    let seen = pair.look();
    assert_eq!(
        (&seen["equal"], &seen["pulled"]),
        (&json!(false), &json!(true)),
        "{seen}"
    );
    assert_ne!(pair.engines[0].state_hash(), pair.engines[1].state_hash());

    pair.stage.post("/stage/cable", &json!({"pulled": false}));
    let conflicts = |engine: &Answering| engine.get("/conflicts/list")["conflicts"].clone();
    let open = until("both list the conflict", || {
        let (here, there) = (conflicts(&pair.engines[0]), conflicts(&pair.engines[1]));
        (here == there && here.as_array().is_some_and(|open| open.len() == 1)).then_some(here)
    });
    assert_eq!(open[0]["field"], "name");
    let seen = pair.until_equal();
    assert_eq!(seen["windows"][1]["conflicts"], 1, "{seen}");
    assert_eq!(pair.engines[0].state_hash(), pair.engines[1].state_hash());

    let decision = json!({"conflict_id": open[0]["conflict_id"], "op_id": open[0]["values"][0]["op_id"]});
    pair.engines[1].post("/conflicts/resolve", &decision);
    until("nothing is open on either", || {
        let none = json!([]);
        (pair.engines.iter().all(|engine| conflicts(engine) == none)).then_some(())
    });
    let hash = pair.until_equal()["windows"][0]["state_hash"].clone();
    assert_eq!(hash, pair.engines[1].state_hash());

    // Ended like a loss of power, both come back as they were.
    pair.stage.kill();
    let again = self::pair(&device, &[]);
    assert_eq!(again.until_equal()["windows"][0]["state_hash"], hash);
}

#[test]
fn stage_is_fenced_in_and_only_it_may_frame_the_windows() {
    let device = Device::new();
    let pair = pair(&device, &[]);
    let stage = pair.stage.ready["url"].as_str().unwrap();
    let header = |url: &str, name: &str| {
        let answer = ureq::get(url).call().unwrap();
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let policy = header(stage, "content-security-policy").unwrap();
    for engine in &pair.engines {
        let url = engine.ready["url"].as_str().unwrap();
        assert!(policy.contains(url), "{policy}");
        let framed = header(url, "content-security-policy").unwrap();
        assert!(framed.contains(&format!("frame-ancestors {stage}")), "{framed}");
        assert_eq!(header(url, "x-frame-options"), None);
        let data = header(&format!("{url}/health"), "content-security-policy").unwrap();
        assert!(data.contains("frame-ancestors 'none'"), "{data}");
    }
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header(stage, "x-frame-options").as_deref(), Some("DENY"));

    let refused = |origin: Option<&str>, token: Option<&str>| {
        let mut request = ureq::get(format!("{stage}/stage"))
            .config()
            .http_status_as_error(false)
            .build();
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        request.call().unwrap().status().as_u16()
    };
    let token = pair.stage.token();
    assert_eq!(refused(None, Some(&token)), 200);
    assert_eq!(refused(None, None), 401);
    assert_eq!(refused(Some("http://evil.example"), Some(&token)), 403);
    assert_eq!(
        refused(None, Some(&pair.engines[0].token())),
        401,
        "an engine's token is none of the stage"
    );

    let code = pair.stage.ready["open_url"]
        .as_str()
        .unwrap()
        .split("#code=")
        .nth(1)
        .unwrap()
        .to_owned();
    let admitted = pair.stage.post("/session", &json!({"code": code}));
    assert_eq!(admitted["token"], pair.stage.ready["token"]);
    assert!(pair.stage.try_post("/session", &json!({"code": code})).is_err());
    let openings = pair.stage.post("/stage/windows", &json!({}));
    let code = openings["windows"][1]["open_url"]
        .as_str()
        .unwrap()
        .split("#code=")
        .nth(1)
        .unwrap()
        .to_owned();
    let session = pair.engines[1].post("/session", &json!({"code": code}));
    assert_eq!(session["token"], pair.engines[1].ready["token"]);

    let again = device.run(&["demo", "--peers", "2"]).done();
    assert!(
        again.contains("running already") && again.contains(stage),
        "{again}"
    );
}

#[cfg(unix)]
#[test]
fn request_to_terminate_ends_both_devices_cleanly() {
    let device = Device::new();
    let pair = pair(&device, &[]);
    let (code, said) = pair.stage.terminate();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    for directory in [
        device.data(),
        device.data().join("booth"),
        device.data().join("prompt-desk"),
    ] {
        assert!(!directory.join("engine.json").exists(), "{}", directory.display());
    }
}

#[test]
fn data_of_one_device_is_not_made_a_pair() {
    let device = Device::with_workspace();
    device
        .json(&["demo", "--peers", "2", "--no-mdns"])
        .refused(1, "not_a_demo");
    let both = device.json(&["demo", "--peers", "2", "--name", "X"]);
    both.refused(2, "usage");
}
