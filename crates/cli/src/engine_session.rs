//! The engine that a command talks to: the one that runs on the data directory, or one of the command's own for as
//! long as it takes.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openprod_server::{
    EngineFile, Layers, SETTINGS_FILE, ServeError, Server, ServerConfig, Settings, Tuning, VARIABLES,
};
use openprod_storage::{DataDirectory, DirectoryError};
use tokio::runtime::Runtime;

use crate::console::Console;
use crate::device_name::device_name;
use crate::engine_client::EngineClient;
use crate::failure::Failure;

/// How long to wait for the directory: another command may be working on it with an engine of its own.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// After how long a person is told what is waited for.
const WAIT_UNMENTIONED: Duration = Duration::from_secs(1);

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What every command is given.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Where `--data` points; `None` for the directory of this person.
    pub(crate) data: Option<PathBuf>,
    /// Where `--config` points; `None` for the file in the data directory, if there is one.
    pub(crate) config: Option<PathBuf>,
    /// Which workspace is meant, where several are open.
    pub(crate) workspace: Option<String>,
    /// Where answers go.
    pub(crate) console: Console,
}

/// What a command may expect of the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Somebody has used it before.
    Something,
    /// It may be new; it is made.
    Anything,
}

/// The engine that a command talks to.
#[derive(Debug)]
pub(crate) struct EngineSession {
    pub(crate) client: EngineClient,
    /// Whether the engine was started for this command alone, and meets nobody by itself.
    pub(crate) is_own: bool,
    /// The port on which the engine listens for members.
    pub(crate) sync_port: u16,
}

/// What there is on a data directory.
pub(crate) enum Found<T> {
    /// An engine that was running.
    Running(EngineSession),
    /// What was started.
    Started(T),
}

impl Context {
    /// The data directory.
    pub(crate) fn data_directory(&self) -> Result<PathBuf, Failure> {
        match &self.data {
            Some(data) => Ok(data.clone()),
            None => Ok(home()?.join("data")),
        }
    }

    /// The settings of the engine: those that are built in, the file over them, and the environment over that; and which
    /// file that was.
    pub(crate) fn settings(&self) -> Result<(Layers<Settings>, Option<PathBuf>), Failure> {
        let mut settings = Layers::default();
        let file = match &self.config {
            Some(file) => Some(file.clone()),
            None => {
                // A person without a home directory may still name one; only then is there a file to be read.
                let file = self.data_directory().ok().map(|data| data.join(SETTINGS_FILE));
                file.filter(|file| file.exists())
            }
        };
        if let Some(file) = &file {
            settings.file(file)?;
        }
        // Variables that are no text are none of ours.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        settings.variables(VARIABLES, variables)?;
        Ok((settings, file))
    }

    /// Does `work` with the engine that runs on the data directory, or with one that runs only for this.
    pub(crate) fn with_engine<T>(
        &self,
        expect: Expect,
        work: impl FnOnce(&EngineSession) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let data = self.data_directory()?;
        if expect == Expect::Something && !data.join("identity").exists() {
            return Err(Failure::NothingHere { data });
        }
        match self.find_or_start(&data, || {
            let tuning = Tuning {
                // Nobody watches an engine that lasts as long as a command.
                metrics_port: None,
                ..self.settings()?.0.settings().tuning()
            };
            OwnEngine::start(&data, tuning)
        })? {
            Found::Running(session) => work(&session),
            Found::Started(engine) => {
                let ready = engine.server.ready();
                let session = EngineSession {
                    client: EngineClient::new(&ready.url, &ready.token, self.workspace.clone()),
                    is_own: true,
                    sync_port: ready.sync_port,
                };
                let done = work(&session);
                // Connections that are kept for later would keep the engine from ending.
                drop(session);
                engine.stop();
                done
            }
        }
    }

    /// Finds the engine that runs on a data directory, or starts one. While another command has the directory it
    /// waits.
    pub(crate) fn find_or_start<T>(
        &self,
        data: &Path,
        mut start: impl FnMut() -> Result<T, Failure>,
    ) -> Result<Found<T>, Failure> {
        let begun = Instant::now();
        let mut mentioned = false;
        loop {
            if let Some(session) = self.running(data) {
                return Ok(Found::Running(session));
            }
            match start() {
                Err(Failure::Start(ServeError::Directory(DirectoryError::InUse { .. }))) => {}
                started => return started.map(Found::Started),
            }
            if begun.elapsed() > WAIT_MAX {
                return Err(Failure::Silent {
                    data: data.to_owned(),
                });
            }
            if begun.elapsed() > WAIT_UNMENTIONED && !std::mem::replace(&mut mentioned, true) {
                self.console
                    .note("Another command is working on this data; waiting until it is done.");
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The engine that runs on a data directory.
    pub(crate) fn running(&self, data: &Path) -> Option<EngineSession> {
        // What cannot be read was left behind or is being replaced; the lock decides who has the directory.
        let file = EngineFile::read(data).ok().flatten()?;
        let client = EngineClient::new(&file.url, &file.token, self.workspace.clone());
        client.is_there().then_some(EngineSession {
            client,
            is_own: false,
            sync_port: file.sync_port,
        })
    }
}

/// The directory of this person under which all data lies.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    let home = directories::ProjectDirs::from("", "", "openprod").ok_or(Failure::NoHome)?;
    Ok(home.data_local_dir().to_owned())
}

/// An engine that lives for one command. Neither members nor other commands are to find it: they would be left
/// alone in the middle of their work when it ends.
struct OwnEngine {
    runtime: Runtime,
    server: Server,
}

impl OwnEngine {
    fn start(data: &Path, tuning: Tuning) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let config = ServerConfig {
            data: data.to_owned(),
            port: 0,
            sync: (Ipv4Addr::LOCALHOST, 0).into(),
            mdns: false,
            name: device_name(),
            tuning,
            new_token: false,
            demo: None,
        };
        let server = runtime.block_on(Server::start(config))?;
        if let Err(error) = std::fs::remove_file(DataDirectory::engine_file(data)) {
            tracing::debug!(%error, "other commands may find an engine that ends soon");
        }
        Ok(Self { runtime, server })
    }

    fn stop(self) {
        self.runtime.block_on(self.server.stop());
    }
}

/// What an engine runs on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Threads)
}
