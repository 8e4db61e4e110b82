//! `openprod demo --peers 2`: two devices of one show in one process, and a page with both windows.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openprod_server::{Ready, ServeError, Server, ServerConfig, Stage, StageReady, Tuning};
use openprod_storage::DirectoryError;
use serde::Serialize;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

use super::engine_options::wish_to_end;
use crate::console::print;
use crate::engine_client::EngineClient;
use crate::engine_session::{Context, runtime};
use crate::failure::Failure;

/// The devices: what each is called, and its directory under that of the demo.
const DEVICES: [(&str, &str); 2] = [("Prompt Desk", "prompt-desk"), ("Booth", "booth")];

/// How long the devices may take to find each other by themselves before they are told an address.
const FINDING_TIME_MAX: Duration = Duration::from_secs(6);

/// How long the second may take to have what the first has.
const CATCHING_UP_TIME_MAX: Duration = Duration::from_secs(120);

/// How often to look how far they are.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Two devices that share a show.
pub(super) struct DemoPair {
    /// The directory of both.
    pub(super) data: PathBuf,
    /// The port of the page with both windows.
    pub(super) port: u16,
    /// How much both engines do at a time.
    pub(super) tuning: Tuning,
    /// Whether they find each other by themselves.
    pub(super) mdns: bool,
    /// Whether a program reads.
    pub(super) ready_json: bool,
}

/// What a program is told once all is ready.
#[derive(Serialize)]
struct PairReady<'a> {
    #[serde(flatten)]
    stage: &'a StageReady,
    engines: Vec<DeviceReady<'a>>,
}

/// One of the devices.
#[derive(Serialize)]
struct DeviceReady<'a> {
    name: &'a str,
    #[serde(flatten)]
    ready: &'a Ready,
}

impl DemoPair {
    /// Runs both until ctrl-c or a request to terminate, and ends them cleanly. `fill` makes the show on the first
    /// device, in the directory it is given.
    pub(super) fn run(
        &self,
        context: &Context,
        fill: impl FnOnce(&Server, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(link) = self.running_link() {
            return context.console.answer(&link, |link| {
                let url = link["open_url"].as_str().unwrap_or_default();
                format!("The demo is running already. Open this link in the browser:\n\n  {url}")
            });
        }
        if self.data.join("identity").exists() {
            let text = format!("{} holds the data of one device", self.data.display());
            return Err(Failure::NotADemo(text));
        }
        let runtime = runtime()?;
        // From here on, a wish to end is not lost, however early it comes.
        let end = {
            let _entered = runtime.enter();
            wish_to_end().map_err(Failure::Threads)?
        };
        let desk = self.start(&runtime, DEVICES[0])?;
        let booth = match self.start(&runtime, DEVICES[1]) {
            Ok(booth) => booth,
            Err(failure) => {
                runtime.block_on(desk.stop());
                return Err(failure);
            }
        };
        let staged = fill(&desk, &self.data.join(DEVICES[0].1))
            .and_then(|()| self.meet(context, &desk, &booth))
            .and_then(|()| {
                let windows = [(DEVICES[0].0, &desk), (DEVICES[1].0, &booth)];
                Ok(runtime.block_on(Stage::start(&self.data, self.port, windows))?)
            });
        let done = staged.and_then(|stage| {
            let told = self.tell(context, &stage, [&desk, &booth]);
            if told.is_ok() {
                runtime.block_on(end);
            }
            runtime.block_on(stage.stop());
            told
        });
        runtime.block_on(async { tokio::join!(desk.stop(), booth.stop()) });
        done
    }

    fn start(&self, runtime: &Runtime, (name, directory): (&str, &str)) -> Result<Server, Failure> {
        let interface = if self.mdns {
            Ipv4Addr::UNSPECIFIED
        } else {
            Ipv4Addr::LOCALHOST
        };
        let config = ServerConfig {
            data: self.data.join(directory),
            port: 0,
            sync: (interface, 0).into(),
            mdns: self.mdns,
            name: name.to_owned(),
            tuning: self.tuning,
            new_token: false,
            demo: None,
        };
        match runtime.block_on(Server::start(config)) {
            Err(ServeError::Directory(DirectoryError::InUse { .. })) => Err(Failure::Silent {
                data: self.data.clone(),
            }),
            started => Ok(started?),
        }
    }

    /// Makes the second device a member of the first one's workspace, and waits until it has everything.
    fn meet(&self, context: &Context, desk: &Server, booth: &Server) -> Result<(), Failure> {
        let (here, there) = (client(desk), client(booth));
        let list: Json = there.get_any("/workspace/list")?;
        if list["workspaces"].as_array().is_none_or(Vec::is_empty) {
            let invitation: Json = here.post_any("/workspace/invite", &json!({}))?;
            let _: Json = there.post_any(
                "/workspace/join",
                &json!({"invitation": invitation["invitation"]}),
            )?;
        }
        let begun = Instant::now();
        let mut told_where = false;
        loop {
            let (own, other) = (Standing::of(&here)?, Standing::of(&there)?);
            if own.peers > 0 && other.peers > 0 && own.state_hash == other.state_hash {
                return Ok(());
            }
            let found = other.peers > 0;
            if !found && !told_where && (!self.mdns || begun.elapsed() > FINDING_TIME_MAX) {
                if self.mdns {
                    context.console.note(
                        "The network does not let the two devices find each other; they connect by address.",
                    );
                }
                let address = format!("127.0.0.1:{}", desk.ready().sync_port);
                let _: Json = there.post_any("/peers/connect", &json!({"address": address}))?;
                told_where = true;
            }
            if begun.elapsed() > CATCHING_UP_TIME_MAX {
                return Err(Failure::Apart);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn tell(&self, context: &Context, stage: &Stage, servers: [&Server; 2]) -> Result<(), Failure> {
        let ready = PairReady {
            stage: stage.ready(),
            engines: DEVICES
                .iter()
                .zip(servers)
                .map(|((name, _), server)| DeviceReady {
                    name,
                    ready: server.ready(),
                })
                .collect(),
        };
        if self.ready_json || context.console.is_json() {
            return context.console.print_json(&ready);
        }
        print(&format!(
            "Two devices share the demo show: {} and {}. Open this link in the browser of this computer:\n\n  {}\n\n\
             Pull the cable, change the same cell on both, plug in, and decide.\nPress Ctrl-C to end.",
            DEVICES[0].0,
            DEVICES[1].0,
            stage.ready().open_url
        ))
    }

    /// A new link to the demo that runs in this directory, if one does.
    fn running_link(&self) -> Option<Json> {
        // What cannot be read was left behind; the locks of the devices decide.
        let file = openprod_server::EngineFile::read(&self.data).ok().flatten()?;
        let client = EngineClient::new(&file.url, &file.token, None);
        client.post_any("/session/code", &json!({})).ok()
    }
}

fn client(server: &Server) -> EngineClient {
    EngineClient::new(&server.ready().url, &server.ready().token, None)
}

/// How a device stands.
struct Standing {
    state_hash: String,
    peers: u64,
}

impl Standing {
    fn of(client: &EngineClient) -> Result<Self, Failure> {
        let status: Json = client.get_any("/workspace/status")?;
        Ok(Self {
            state_hash: status["state_hash"].as_str().unwrap_or_default().to_owned(),
            peers: status["sync"]["peers"].as_u64().unwrap_or(0),
        })
    }
}
