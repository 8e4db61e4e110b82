//! A device: a data directory, the commands run on it, and the engine that serves it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub(crate) struct Device {
    pub(crate) home: TempDir,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// A device with an empty workspace.
    pub(crate) fn with_workspace() -> Self {
        let device = Self::new();
        device.run(&["create", "Tour"]).done();
        device
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openprod"));
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .env_remove("RUST_LOG");
        command
    }

    /// Runs a command for a person.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs a command for a program.
    pub(crate) fn json(&self, arguments: &[&str]) -> Ended {
        Ended(
            self.command(arguments)
                .arg("--json")
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    }

    pub(crate) fn import(&self, table: &str, content: impl AsRef<[u8]>) -> Ended {
        let file = self.file(&format!("{table}.csv"), content);
        self.json(&["import", "--table", table, &file])
    }

    pub(crate) fn export(&self, table: &str) -> String {
        self.run(&["export", "--table", table]).done()
    }

    pub(crate) fn status(&self) -> Value {
        self.json(&["status"]).answer()
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serve_as("serve", &[])
    }

    pub(crate) fn serve_as(&self, command: &str, more: &[&str]) -> Serving {
        let mut command = self.command(&[command, "--ready-json", "--no-mdns"]);
        let mut child = command
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let _ = child.kill();
            let output = child.wait_with_output().unwrap();
            panic!("not ready: {line:?} {}", String::from_utf8_lossy(&output.stderr));
        };
        Serving {
            child,
            answering: Answering { ready },
        }
    }
}

/// A command that has ended.
pub(crate) struct Ended(pub(crate) Output);

impl Ended {
    /// What it printed; it was done.
    #[track_caller]
    pub(crate) fn done(&self) -> String {
        assert_eq!(self.0.status.code(), Some(0), "{} {}", self.out(), self.err());
        self.out()
    }

    /// Its answer to a program: one line.
    #[track_caller]
    pub(crate) fn answer(&self) -> Value {
        let out = self.done();
        assert_eq!(out.lines().count(), 1, "{out}");
        assert_eq!(self.err(), "");
        serde_json::from_str(&out).unwrap()
    }

    /// The refusal that a program was given.
    #[track_caller]
    pub(crate) fn refused(&self, exit: i32, code: &str) -> Value {
        let problem: Value =
            serde_json::from_str(&self.err()).unwrap_or_else(|_| panic!("{} {}", self.out(), self.err()));
        assert_eq!(
            (self.0.status.code(), problem["code"].as_str()),
            (Some(exit), Some(code)),
            "{problem}"
        );
        assert_eq!(problem["type"], format!("urn:openprod:problem:{code}"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert_eq!(self.out(), "");
        problem
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

/// Something that answers over HTTP, as its ready line says.
pub(crate) struct Answering {
    pub(crate) ready: Value,
}

/// An engine that serves a device.
pub(crate) struct Serving {
    child: Child,
    answering: Answering,
}

impl std::ops::Deref for Serving {
    type Target = Answering;

    fn deref(&self) -> &Answering {
        &self.answering
    }
}

impl Answering {
    pub(crate) const fn new(ready: Value) -> Self {
        Self { ready }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.try_get(path).unwrap()
    }

    pub(crate) fn try_get(&self, path: &str) -> Result<Value, ureq::Error> {
        let mut answer = agent()
            .get(self.at(path))
            .header("authorization", self.token())
            .call()?;
        answer.body_mut().read_json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap()
    }

    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Result<Value, ureq::Error> {
        let mut answer = agent()
            .post(self.at(path))
            .header("authorization", self.token())
            .send_json(body)?;
        answer.body_mut().read_json()
    }

    pub(crate) fn state_hash(&self) -> String {
        self.get("/workspace/status")["state_hash"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The first record of a table whose field has this value.
    pub(crate) fn record(&self, table: &str, field: &str, value: &str) -> Value {
        let filter = json!({"and": [{"field": field, "op": "=", "value": value}]}).to_string();
        let mut answer = agent()
            .get(self.at("/records/list"))
            .query("table", table)
            .query("filter", &filter)
            .header("authorization", self.token())
            .call()
            .unwrap();
        let page: Value = answer.body_mut().read_json().unwrap();
        page["records"][0].clone()
    }

    /// Where members reach it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ready["sync_port"])
    }

    pub(crate) fn token(&self) -> String {
        format!("Bearer {}", self.ready["token"].as_str().unwrap())
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.ready["url"].as_str().unwrap())
    }
}

impl Serving {
    /// Ends it as a loss of power would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives its exit code and what it said on standard error.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(self.child.stderr.as_mut().unwrap(), &mut said).unwrap();
        (status.code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}

/// Looks until something is there.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}
