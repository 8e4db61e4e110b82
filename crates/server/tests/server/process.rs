//! The server as a process sees it: ready, engine.json, one engine a directory, a clean end, what it counts.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::num::NonZeroU32;

use openprod_events::rate::RateLimit;
use openprod_server::{EngineFile, Limits, ServeError, Server, StorageSettings, Tuning};
use serde_json::json;

use crate::engine::{Engine, config};

#[test]
fn engine_file_is_there_while_the_engine_runs() {
    let engine = Engine::start();
    let file = EngineFile::read(engine.data.path())
        .unwrap()
        .expect("it is written before the server is ready");
    assert_eq!((&file.url, &file.token), (&engine.ready.url, &engine.ready.token));
    assert_eq!(
        (file.pid, file.sync_port),
        (std::process::id(), engine.ready.sync_port)
    );
    assert_eq!(engine.ready.token.len(), 64);
    let ready = serde_json::to_value(&engine.ready).unwrap();
    assert_eq!(ready["ready"], true);
    let data = engine.stop();
    assert!(EngineFile::read(data.path()).unwrap().is_none());
}

#[test]
fn restarted_engine_has_what_was_acknowledged_and_knows_its_pages() {
    let engine = Engine::with_table();
    let id = engine.cue("Go", 1);
    let (hash, token) = (
        engine.get("/workspace/status").done()["state_hash"].clone(),
        engine.ready.token.clone(),
    );
    let engine = Engine::on(engine.stop());
    assert_eq!(engine.ready.token, token);
    assert_eq!(engine.get("/workspace/status").done()["state_hash"], hash);
    assert_eq!(
        engine.get(&format!("/records/{id}")).done()["fields"]["label"],
        "Go"
    );
}

#[test]
fn engine_that_is_to_forget_its_pages_has_another_token_from_then_on() {
    let engine = Engine::with_workspace();
    let old = engine.ready.token.clone();
    let data = engine.stop();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime
        .block_on(Server::start(openprod_server::ServerConfig {
            new_token: true,
            ..config(data.path())
        }))
        .unwrap();
    let new = server.ready().token.clone();
    assert_ne!(new, old);
    runtime.block_on(server.stop());
    let engine = Engine::on(data);
    assert_eq!(engine.ready.token, new);
    let headers = [
        ("host", engine.host()),
        ("authorization", format!("Bearer {old}")),
    ];
    engine
        .send("GET", "/workspace/list", &headers, b"")
        .refused(401, "unauthorized");
}

#[test]
fn engine_proves_to_be_the_one_that_has_the_token_on_this_port() {
    let engine = Engine::start();
    let ask = |engine: &Engine, challenge: &str| {
        let path = format!("/session/proof?challenge={challenge}");
        engine.send("GET", &path, &[("host", engine.host())], b"")
    };
    let challenge = "5a".repeat(32);
    let proof = ask(&engine, &challenge).done()["proof"].clone();
    assert_eq!(proof.as_str().map(str::len), Some(64));
    assert_eq!(ask(&engine, &challenge).done()["proof"], proof);
    assert_ne!(ask(&engine, &"5b".repeat(32)).done()["proof"], proof);
    for bad in ["", "5a", &"5A".repeat(32), &"zz".repeat(32), &"5a".repeat(33)] {
        ask(&engine, bad).refused(400, "bad_query");
    }
    // The same token on another port is another proof: nobody can pass on what the engine says elsewhere.
    let again = Engine::on(engine.stop());
    assert_ne!(ask(&again, &challenge).done()["proof"], proof);
}

#[test]
fn second_engine_on_a_directory_is_refused() {
    let engine = Engine::start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(Server::start(config(engine.data.path()))).err();
    assert!(matches!(refused, Some(ServeError::Directory(_))), "{refused:?}");
    assert_eq!(engine.get("/health").done()["status"], "ok");
    assert!(EngineFile::read(engine.data.path()).unwrap().is_some());
}

#[test]
fn taken_port_is_refused_and_leaves_the_directory_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let data = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = runtime
        .block_on(Server::start(openprod_server::ServerConfig {
            port,
            ..config(data.path())
        }))
        .err();
    assert!(matches!(refused, Some(ServeError::Listen { .. })), "{refused:?}");
    Engine::on(data);
}

#[test]
fn only_loopback_is_listened_on() {
    let engine = Engine::start();
    assert!(engine.ready.url.starts_with("http://127.0.0.1:"));
    // On Linux, a listener on every interface would keep this address from being bound.
    if cfg!(target_os = "linux") {
        TcpListener::bind(("127.0.0.2", engine.ready.port)).unwrap();
    }
}

#[test]
fn health_metrics_and_document_are_served() {
    let engine = Engine::with_table();
    engine.cue("Go", 1);
    engine
        .post(
            "/records/create",
            &json!({"table": "Cue", "fields": {"number": "x"}}),
        )
        .refused(422, "wrong_type");
    let health = engine
        .send("GET", "/health", &[("host", engine.host())], b"")
        .done();
    assert_eq!(health["status"], "ok");
    let metrics = String::from_utf8(engine.get("/metrics").body).unwrap();
    for line in [
        r#"openprod_commands_total{command="records.create",outcome="done"}"#,
        r#"openprod_commands_total{command="records.create",outcome="refused"}"#,
        r#"openprod_bundles_total{origin="local"}"#,
        "openprod_commits_total",
        r#"openprod_request_seconds_bucket{method="POST",route="/records/create",status="200",le="#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    let document = engine.get("/openapi.json").done();
    for path in [
        "/workspace/create",
        "/workspace/invite",
        "/workspace/join",
        "/workspace/list",
        "/workspace/status",
        "/peers/list",
        "/peers/connect",
        "/sync/pause",
        "/sync/resume",
        "/sync/accept",
        "/tables/create",
        "/tables/update",
        "/tables/list",
        "/records/create",
        "/records/update",
        "/records/delete",
        "/records/restore",
        "/records/list",
        "/records/{id}",
        "/conflicts/list",
        "/conflicts/resolve",
        "/health",
        "/metrics",
        "/openapi.json",
        "/session",
        "/ws",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}

#[test]
fn program_that_asks_without_end_is_told_when_to_come_again() {
    let tuning = Tuning {
        limits: Limits {
            requests: RateLimit {
                per_second: NonZeroU32::new(1).unwrap(),
                burst: NonZeroU32::new(2).unwrap(),
            },
            ..Limits::default()
        },
        ..Tuning::default()
    };
    let engine = Engine::tuned(tempfile::tempdir().unwrap(), tuning);
    // Strangers do not use up what the members may ask.
    for _ in 0..5 {
        engine
            .send("GET", "/workspace/list", &[("host", engine.host())], b"")
            .refused(401, "unauthorized");
    }
    for _ in 0..2 {
        engine.get("/workspace/list").done();
    }
    // On a slow machine a request or two may still be let in.
    let mut answers = (0..100).map(|_| engine.get("/workspace/list"));
    let late = answers.find(|answer| answer.status != 200).unwrap();
    let problem = late.refused(429, "rate_limited");
    assert_eq!(late.header("retry-after"), Some("1"));
    assert!(problem["retry_after_ms"].as_u64().is_some_and(|ms| ms <= 1_000));
}

/// What a port of this device answers to a request that names `host`: the status, and all that follows.
fn asked(port: u16, method: &str, path: &str, host: &str) -> (u16, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn port_for_metrics_tells_how_the_engine_fares_and_nothing_else() {
    let tuning = Tuning {
        metrics_port: Some(0),
        ..Tuning::default()
    };
    let engine = Engine::tuned(tempfile::tempdir().unwrap(), tuning);
    let port = engine.ready.metrics_port.unwrap();
    assert_ne!(port, engine.ready.port);
    engine.get("/workspace/list").done();
    let host = format!("127.0.0.1:{port}");
    // No token is asked for, by whichever of its names it is called.
    for host in [host.as_str(), &format!("localhost:{port}")] {
        let (status, metrics) = asked(port, "GET", "/metrics", host);
        assert_eq!(status, 200);
        assert!(metrics.contains("# TYPE"), "{metrics}");
        let (status, health) = asked(port, "GET", "/health", host);
        assert_eq!(status, 200);
        assert!(health.contains("\"status\":\"ok\""), "{health}");
    }
    for path in [
        "/",
        "/workspace/list",
        "/session",
        "/openapi.json",
        "/metrics/x",
        "/ws",
    ] {
        assert_eq!(asked(port, "GET", path, &host).0, 404, "{path}");
    }
    assert_eq!(asked(port, "POST", "/metrics", &host).0, 405);
    // A page of the web whose name points here is not answered.
    assert_eq!(asked(port, "GET", "/metrics", "rebound.example").0, 403);
    // It is on that address alone: the same port of another one is free.
    #[cfg(target_os = "linux")]
    TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), port)).unwrap();
    let taken = Tuning {
        metrics_port: Some(port),
        ..Tuning::default()
    };
    let data = tempfile::tempdir().unwrap();
    let config = openprod_server::ServerConfig {
        tuning: taken,
        ..config(data.path())
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(Server::start(config)).err();
    assert!(
        matches!(refused, Some(ServeError::Listen { port: found, .. }) if found == port),
        "{refused:?}"
    );
    engine.stop();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn without_a_port_for_metrics_there_is_none_and_caches_may_be_small() {
    let tuning = Tuning {
        storage: StorageSettings {
            writer_cache_kib: NonZeroU32::MIN,
            reader_cache_kib: NonZeroU32::MIN,
        },
        ..Tuning::default()
    };
    let engine = Engine::tuned(tempfile::tempdir().unwrap(), tuning);
    assert_eq!(engine.ready.metrics_port, None);
    assert!(
        serde_json::to_value(&engine.ready)
            .unwrap()
            .get("metrics_port")
            .is_none()
    );
    assert_eq!(engine.get("/health").done()["status"], "ok");
}
