//! An `openprod` process and its HTTP interface, as any client uses it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long anything may take: far beyond what it takes, for a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to leave an engine alone between two looks at it. No test waits for a time to pass: it waits for a state,
/// and this is how often it looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The `openprod` binary: what `OPENPROD_BIN` names, or what cargo built beside this test.
pub(crate) fn binary() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("OPENPROD_BIN") {
        return Some(PathBuf::from(path));
    }
    let test = std::env::current_exe().ok()?;
    let beside = test
        .parent()?
        .parent()?
        .join("openprod")
        .with_extension(std::env::consts::EXE_EXTENSION);
    beside.is_file().then_some(beside)
}

/// A running engine.
pub(crate) struct EngineProcess {
    child: Child,
    url: String,
    token: String,
    /// Where members reach it.
    pub(crate) sync_port: u16,
    /// The commands with which HTTP requests are made where the engine is; empty for this process itself.
    inside: Vec<String>,
}

impl EngineProcess {
    /// Starts an engine on `data`, with these further arguments; `inside` is a command that puts another into a
    /// place, as `ip netns exec NAME`.
    pub(crate) fn start(binary: &Path, data: &Path, name: &str, arguments: &[&str], inside: &[&str]) -> Self {
        let mut words: Vec<&OsStr> = inside.iter().map(OsStr::new).collect();
        words.push(binary.as_os_str());
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--port", "0", "--ready-json", "--name", name, "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        Self {
            child,
            url: text("url"),
            token: text("token"),
            sync_port: ready["sync_port"].as_u64().unwrap() as u16,
            inside: inside.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    /// Asks for something; the answer must be a good one.
    pub(crate) fn get(&self, path: &str) -> Json {
        if !self.inside.is_empty() {
            return self.request_inside("GET", path, None);
        }
        let request = ureq::get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        let mut response = request
            .call()
            .unwrap_or_else(|error| panic!("GET {path}: {error}"));
        response.body_mut().read_json().unwrap()
    }

    /// Gives a command; it must be carried out.
    pub(crate) fn post(&self, path: &str, body: &Json) -> Json {
        if !self.inside.is_empty() {
            return self.request_inside("POST", path, Some(body));
        }
        let request = ureq::post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.token));
        let mut response = request
            .send_json(body)
            .unwrap_or_else(|error| panic!("POST {path} {body}: {error}"));
        response.body_mut().read_json().unwrap()
    }

    /// Makes a request from where the engine is: its loopback is not ours.
    fn request_inside(&self, method: &str, path: &str, body: Option<&Json>) -> Json {
        let mut curl = Command::new(&self.inside[0]);
        curl.args(&self.inside[1..])
            .args([
                "curl",
                "--silent",
                "--show-error",
                "--fail-with-body",
                "--request",
                method,
            ])
            .args(["--header", &format!("authorization: Bearer {}", self.token)]);
        if let Some(body) = body {
            curl.args([
                "--header",
                "content-type: application/json",
                "--data-binary",
                &body.to_string(),
            ]);
        }
        let output = curl.arg(format!("{}{path}", self.url)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{method} {path}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{method} {path}: {error}: {text}"))
    }

    /// The hash of its state.
    pub(crate) fn state_hash(&self) -> String {
        self.get("/workspace/status")["state_hash"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Makes a table of cues with one cue in it; returns its id.
    pub(crate) fn make_a_cue(&self) -> String {
        self.post(
            "/tables/create",
            &json!({"name": "Cues", "fields": [{"name": "label", "type": "text"}]}),
        );
        let made = self.post(
            "/records/create",
            &json!({"table": "Cues", "fields": {"label": "Go"}}),
        );
        made["entity_id"].as_str().unwrap().to_owned()
    }

    /// Sets the label of a cue.
    pub(crate) fn label(&self, cue: &str, label: &str) {
        self.post(
            "/records/update",
            &json!({"entity_id": cue, "table": "Cues", "fields": {"label": label}}),
        );
    }

    /// The labels of all cues.
    pub(crate) fn labels(&self) -> Vec<String> {
        let tables = self.get("/tables/list");
        if tables["tables"].as_array().is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let page = self.get("/records/list?table=Cues");
        let label = |record: &Json| record["fields"]["label"].as_str().unwrap_or_default().to_owned();
        page["records"].as_array().unwrap().iter().map(label).collect()
    }

    /// The values of the open conflicts, in order.
    pub(crate) fn conflicting_values(&self) -> Vec<Vec<String>> {
        let listed = self.get("/conflicts/list");
        let values = |conflict: &Json| {
            let all = conflict["values"].as_array().unwrap();
            let mut values: Vec<_> = all
                .iter()
                .map(|value| value["value"].as_str().unwrap().to_owned())
                .collect();
            values.sort();
            values
        };
        listed["conflicts"]
            .as_array()
            .unwrap()
            .iter()
            .map(values)
            .collect()
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        // `ip netns exec` replaces itself by the engine, so this is the engine in either case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until it is so.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(LOOK_INTERVAL);
    }
}
