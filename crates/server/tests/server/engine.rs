//! A server on a data directory of its own, and clients that speak to it byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openprod_server::{Ready, Server, ServerConfig, Tuning};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream as AsyncStream;
use tokio::runtime::{Handle, Runtime};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Engine {
    runtime: Runtime,
    server: Option<Server>,
    pub(crate) ready: Ready,
    pub(crate) data: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {} {:?}", self.head, String::from_utf8_lossy(&self.body))
        })
    }

    /// The problem document that this is; checks what all of them have in common.
    pub(crate) fn problem(&self) -> Value {
        let problem = self.json();
        assert!(
            self.header("content-type")
                .is_some_and(|media| media == "application/problem+json"),
            "{}",
            self.head
        );
        assert_eq!(problem["status"], self.status);
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("urn:openprod:problem:{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.problem();
        assert_eq!(
            (self.status, problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        problem
    }

    #[track_caller]
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Engine {
    pub(crate) fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap())
    }

    pub(crate) fn on(data: TempDir) -> Self {
        Self::tuned(data, Tuning::default())
    }

    pub(crate) fn tuned(data: TempDir, tuning: Tuning) -> Self {
        let runtime = Runtime::new().unwrap();
        let config = ServerConfig {
            tuning,
            ..config(data.path())
        };
        let server = runtime.block_on(Server::start(config)).unwrap();
        Self {
            ready: server.ready().clone(),
            runtime,
            server: Some(server),
            data,
        }
    }

    /// An engine with a workspace.
    pub(crate) fn with_workspace() -> Self {
        let engine = Self::start();
        engine.post("/workspace/create", &json!({"name": "Tour"})).done();
        engine
    }

    /// An engine with a table `Cue`: label text, number integer, standby boolean, at datetime, length duration,
    /// kind enum.
    pub(crate) fn with_table() -> Self {
        let engine = Self::with_workspace();
        let fields = json!([
            {"name": "label", "type": "text"},
            {"name": "number", "type": "integer"},
            {"name": "standby", "type": "boolean"},
            {"name": "at", "type": "datetime"},
            {"name": "length", "type": "duration"},
            {"name": "kind", "type": "enum", "options": ["LX", "SND"]},
        ]);
        engine
            .post("/tables/create", &json!({"name": "Cue", "fields": fields}))
            .done();
        engine
    }

    pub(crate) fn cue(&self, label: &str, number: i64) -> String {
        let fields = json!({"label": label, "number": number});
        let made = self
            .post("/records/create", &json!({"table": "Cue", "fields": fields}))
            .done();
        made["entity_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &self.headers(), b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    pub(crate) fn post_bytes(&self, path: &str, body: &[u8]) -> Answer {
        let mut headers = self.headers();
        headers.push(("content-type", "application/json".to_owned()));
        self.send("POST", path, &headers, body)
    }

    /// The headers of a rightful request.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("host", self.host()),
            ("authorization", format!("Bearer {}", self.ready.token)),
        ]
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.ready.port)
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.ready.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "connection") {
            head.push_str("connection: close\r\n");
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// A WebSocket that has said hello and was answered.
    pub(crate) fn follow(&self) -> Socket {
        let mut socket = self.connect();
        socket.say(&json!({"type": "hello", "token": self.ready.token}).to_string());
        assert_eq!(socket.next().unwrap()["type"], "ready");
        socket
    }

    pub(crate) fn connect(&self) -> Socket {
        self.try_connect().unwrap()
    }

    pub(crate) fn try_connect(&self) -> Result<Socket, tokio_tungstenite::tungstenite::Error> {
        let url = format!("ws://{}/ws", self.host());
        let (stream, _) = self.runtime.block_on(tokio_tungstenite::connect_async(url))?;
        Ok(Socket {
            runtime: self.runtime.handle().clone(),
            stream,
        })
    }

    pub(crate) fn new_code(&self) -> String {
        self.server.as_ref().unwrap().new_code()
    }

    /// Ends the server; its clients live on.
    pub(crate) fn stop_server(&mut self) {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.stop());
    }

    /// Ends the server, and gives the data directory back.
    pub(crate) fn stop(mut self) -> TempDir {
        self.stop_server();
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

pub(crate) fn config(data: &Path) -> ServerConfig {
    ServerConfig {
        data: data.into(),
        port: 0,
        sync: (Ipv4Addr::LOCALHOST, 0).into(),
        mdns: false,
        name: "Prompt Desk".into(),
        tuning: Tuning::default(),
        new_token: false,
        demo: None,
    }
}

pub(crate) struct Socket {
    runtime: Handle,
    stream: WebSocketStream<MaybeTlsStream<AsyncStream>>,
}

impl Socket {
    pub(crate) fn say(&mut self, text: &str) {
        self.runtime
            .block_on(self.stream.send(Message::text(text)))
            .unwrap();
    }

    /// The next event, or the code with which the server closed.
    pub(crate) fn next(&mut self) -> Result<Value, u16> {
        self.runtime.block_on(async {
            loop {
                let message = tokio::time::timeout(PATIENCE, self.stream.next())
                    .await
                    .expect("news within 30 s");
                match message.expect("the server closes before it hangs up").unwrap() {
                    Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                    Message::Close(frame) => return Err(frame.expect("a close says why").code.into()),
                    _ => {}
                }
            }
        })
    }

    /// The next event of this type; others are passed over.
    pub(crate) fn wait_for(&mut self, event_type: &str) -> Value {
        loop {
            let event = self.next().unwrap();
            if event["type"] == event_type {
                return event;
            }
        }
    }
}
