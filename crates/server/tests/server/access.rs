//! Who may call: Host, Origin and token on every route, the one-time code, and what fences the answers in.

use openprod_server::openapi;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::page::page_paths;

/// Every route of the OpenAPI document, and the page's files.
fn routes(page_paths: &[String]) -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes: Vec<_> = page_paths
        .iter()
        .map(|path| ("GET".to_owned(), path.clone()))
        .collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "post"].contains(&key.as_str()))
        {
            let path = path.replace("{id}", "018f0000-0000-7000-8000-000000000000");
            routes.push((method.to_uppercase(), path));
        }
    }
    assert!(routes.len() > 25, "{routes:?}");
    routes
}

#[test]
fn no_route_answers_a_foreign_host_or_origin_or_a_caller_without_token() {
    let engine = Engine::with_table();
    let host = ("host", engine.host());
    let token = ("authorization", format!("Bearer {}", engine.ready.token));
    let media = ("content-type", "application/json".to_owned());
    let page_paths = page_paths(&engine);
    for (method, path) in routes(&page_paths) {
        let call = |headers: &[(&str, String)]| {
            let headers = [headers, std::slice::from_ref(&media)].concat();
            engine.send(
                &method,
                &path,
                &headers,
                if method == "POST" { b"{}" } else { b"" },
            )
        };
        for foreign in [
            "evil.example",
            "evil.example:80",
            &format!("127.0.0.1.evil.example:{}", engine.ready.port),
        ] {
            call(&[("host", foreign.to_owned()), token.clone()]).refused(403, "forbidden_host");
        }
        for foreign in [
            "null",
            "http://evil.example",
            &format!("https://127.0.0.1:{}", engine.ready.port),
        ] {
            call(&[host.clone(), ("origin", foreign.to_owned()), token.clone()])
                .refused(403, "forbidden_origin");
        }
        let open = ["/health", "/session", "/session/proof", "/ws"].contains(&path.as_str())
            || page_paths.contains(&path);
        for headers in [
            vec![host.clone()],
            vec![host.clone(), ("authorization", "Bearer 00".to_owned())],
        ] {
            let answer = call(&headers);
            if open {
                assert_ne!(answer.status, 403, "{path}");
            } else {
                answer.refused(401, "unauthorized");
            }
        }
        let own = format!("http://localhost:{}", engine.ready.port);
        let answer = call(&[host.clone(), ("origin", own), token.clone()]);
        assert!(
            ![401, 403].contains(&answer.status) || path == "/session",
            "{method} {path}: {}",
            answer.status
        );
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn preflight_gets_no_leave() {
    let engine = Engine::with_workspace();
    let headers = [
        ("host", engine.host()),
        ("origin", "http://evil.example".to_owned()),
    ];
    engine
        .send("OPTIONS", "/records/create", &headers, b"")
        .refused(403, "forbidden_origin");
}

#[test]
fn websocket_needs_the_token_in_its_first_message() {
    let engine = Engine::with_workspace();
    for hello in [
        json!({"type": "hello", "token": "00"}).to_string(),
        json!({"type": "hello"}).to_string(),
        json!({"type": "other", "token": engine.ready.token}).to_string(),
        "not JSON".to_owned(),
    ] {
        let mut socket = engine.connect();
        socket.say(&hello);
        assert_eq!(socket.next(), Err(4_401), "{hello}");
    }
}

#[test]
fn websocket_is_refused_to_foreign_pages() {
    let engine = Engine::with_workspace();
    let upgrade = [
        ("connection", "upgrade, close".to_owned()),
        ("upgrade", "websocket".to_owned()),
        ("sec-websocket-version", "13".to_owned()),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
    ];
    let call = |extra: &[(&str, String)]| engine.send("GET", "/ws", &[&upgrade[..], extra].concat(), b"");
    call(&[
        ("host", engine.host()),
        ("origin", "http://evil.example".to_owned()),
    ])
    .refused(403, "forbidden_origin");
    call(&[("host", "evil.example".to_owned())]).refused(403, "forbidden_host");
    engine.get("/ws").refused(426, "upgrade_required");
}

#[test]
fn one_time_code_gives_the_token_once() {
    let engine = Engine::start();
    for url in [engine.ready.open_url.clone(), engine.new_code()] {
        let (page, code) = url.split_once("#code=").expect("the code is in the fragment");
        assert_eq!(page, format!("http://{}/", engine.host()));
        assert!(!url.contains(&engine.ready.token));
        let headers = [
            ("host", engine.host()),
            ("content-type", "application/json".to_owned()),
        ];
        let call = |code: &str| {
            engine.send(
                "POST",
                "/session",
                &headers,
                json!({"code": code}).to_string().as_bytes(),
            )
        };
        call("wrong").refused(401, "bad_code");
        assert_eq!(call(code).done()["token"], engine.ready.token);
        call(code).refused(401, "bad_code");
    }
    let made = engine.post("/session/code", &json!({})).done();
    let code = made["code"].as_str().unwrap();
    assert_eq!(made["open_url"], format!("http://{}/#code={code}", engine.host()));
    assert_eq!(
        engine.post("/session", &json!({"code": code})).done()["token"],
        engine.ready.token
    );
}

#[test]
fn answers_are_fenced_in() {
    let engine = Engine::start();
    let answer = engine.get("/workspace/list");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

#[test]
fn document_names_every_event_and_the_problem() {
    let document = serde_json::to_value(openapi()).unwrap();
    let schemas = &document["components"]["schemas"];
    let events = schemas["Event"].to_string();
    for event in [
        "ready",
        "records_changed",
        "edges_changed",
        "overlays_changed",
        "overlay_drift",
        "undo_stack",
        "tables_changed",
        "conflict_opened",
        "conflict_resolved",
        "sync_peer_connected",
        "sync_progress",
        "sync_state",
        "fork_detected",
        "clock_suspect",
        "resync",
    ] {
        assert!(events.contains(&format!("\"{event}\"")), "{event}");
    }
    assert!(schemas["ProblemDocument"]["properties"]["code"].is_object());
    let create = &document["paths"]["/records/create"]["post"];
    let refused = &create["responses"]["4XX"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(*refused, Value::from("#/components/schemas/ProblemDocument"));
}
