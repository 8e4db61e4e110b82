//! A client of an engine's HTTP interface: the only road from a command to a workspace.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::failure::{Failure, Problem};

/// How long an engine may take to accept a connection: it is on this device.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// How long an engine may take to show that it is there.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);

/// The longest answer, in bytes: a page of a thousand records of some size.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// How often a command is given again to an engine that is busy, and the first pause between; it doubles.
const BUSY_TRIES_MAX: u32 = 6;
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// A client of one engine, for one workspace.
#[derive(Debug)]
pub(crate) struct EngineClient {
    agent: ureq::Agent,
    url: String,
    authorization: String,
    workspace: Option<String>,
}

impl EngineClient {
    /// A client of the engine at `url`; `workspace` says which of several is meant.
    pub(crate) fn new(url: &str, token: &str, workspace: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // An engine is on this device; a proxy could not reach it and must not see the token.
            .proxy(None)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIME_MAX))
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
            authorization: format!("Bearer {token}"),
            workspace,
        }
    }

    /// The workspace that was named on the command line.
    pub(crate) fn workspace(&self) -> Option<&str> {
        self.workspace.as_deref()
    }

    /// Whether an engine answers here that knows the token.
    pub(crate) fn is_there(&self) -> bool {
        let request = self.agent.get(format!("{}/workspace/list", self.url));
        let request = request.config().timeout_global(Some(PROBE_TIME_MAX)).build();
        let answer = request.header("authorization", &self.authorization).call();
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Asks about the whole engine.
    pub(crate) fn get_any<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read(
            path,
            self.agent
                .get(self.at(path))
                .header("authorization", &self.authorization)
                .call(),
        )
    }

    /// Asks about the workspace.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        let mut request = self
            .agent
            .get(self.at(path))
            .header("authorization", &self.authorization);
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(workspace) = &self.workspace {
            request = request.query("workspace", workspace);
        }
        self.read(path, request.call())
    }

    /// Gives the workspace something to do; `body` must be an object.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, mut body: Json) -> Result<T, Failure> {
        if let (Some(workspace), Json::Object(members)) = (&self.workspace, &mut body) {
            members.insert("workspace".to_owned(), workspace.as_str().into());
        }
        self.post_any(path, &body)
    }

    /// Gives the engine something to do. While it is busy the same is given again, for a few seconds; a body that
    /// names its command is never carried out twice.
    pub(crate) fn post_any<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(|source| Failure::Answer {
            path: path.to_owned(),
            source,
        })?;
        let mut pause = BUSY_PAUSE;
        for _ in 1..BUSY_TRIES_MAX {
            match self.send(path, &body) {
                Err(Failure::Refused { problem, .. }) if problem.code == "busy" => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        self.send(path, &body)
    }

    fn send<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, Failure> {
        let request = self
            .agent
            .post(self.at(path))
            .header("authorization", &self.authorization);
        self.read(path, request.content_type("application/json").send(body))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        let unreachable = |source| Failure::Unreachable {
            url: self.url.clone(),
            source: Box::new(source),
        };
        let mut answer = answer.map_err(unreachable)?;
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(unreachable)?;
        let strange = |source| Failure::Answer {
            path: path.to_owned(),
            source,
        };
        if answer.status().is_success() {
            return serde_json::from_slice(&bytes).map_err(strange);
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(strange)?;
        let next = (problem.code == "workspace_required")
            .then(|| self.which_workspace())
            .flatten();
        Err(Failure::Refused {
            problem: Box::new(problem),
            next,
        })
    }

    /// Tells a person which workspaces there are.
    fn which_workspace(&self) -> Option<String> {
        let list: Json = self.get_any("/workspace/list").ok()?;
        let mut text = "Say which one:".to_owned();
        for workspace in list["workspaces"].as_array()? {
            let (id, name) = (workspace["workspace_id"].as_str()?, workspace["name"].as_str()?);
            text.push_str(&format!(
                "\n    --workspace {id}   {}",
                crate::console::plain(name)
            ));
        }
        Some(text)
    }
}
