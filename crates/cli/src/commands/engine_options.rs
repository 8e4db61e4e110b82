//! How an engine runs, as `serve` and `demo` take it, and running it until somebody ends it.

use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use openprod_server::{DemoOffer, ServeError, Server, ServerConfig, Settings};
use openprod_storage::DirectoryError;

use super::demo::ShowMaker;
use crate::console::print;
use crate::device_name::device_name;
use crate::engine_session::{Context, Found, runtime};
use crate::failure::Failure;

/// How an engine runs.
#[derive(Debug, clap::Args)]
pub(crate) struct EngineOptions {
    /// The port for the browser, on this device only; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// The port on which members of the workspace reach this device; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    sync_port: Option<u16>,
    /// A port on this device with /metrics and /health alone, which needs no token; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<u16>,
    /// Neither look for members on the network nor be found there; they can still connect by address
    #[arg(long)]
    pub(super) no_mdns: bool,
    /// Print one line of JSON once the engine answers, for the program that started it
    #[arg(long)]
    pub(super) ready_json: bool,
    /// Forget the browser pages and programs that were let in before: they need a new link
    #[arg(long)]
    new_token: bool,
    /// What this device is called, as other members see it; the computer's name when left out
    #[arg(long, value_name = "DEVICE")]
    name: Option<String>,
}

impl EngineOptions {
    /// The settings, with these options over them.
    pub(super) fn over(&self, context: &Context) -> Result<Settings, Failure> {
        let (mut settings, _) = context.settings()?;
        if let Some(port) = self.port {
            settings.argument("--port", "server.port", port)?;
        }
        if let Some(port) = self.sync_port {
            settings.argument("--sync-port", "server.sync_port", port)?;
        }
        if let Some(port) = self.metrics_port {
            settings.argument("--metrics-port", "server.metrics_port", port)?;
        }
        if self.no_mdns {
            settings.argument("--no-mdns", "server.mdns", false)?;
        }
        if let Some(name) = &self.name {
            settings.argument("--name", "server.name", name.as_str())?;
        }
        Ok(settings.settings())
    }

    /// Runs an engine on `data` until ctrl-c or a request to terminate, and ends it cleanly. `prepare` is called
    /// once it answers; `words` then says what a person should know.
    pub(crate) fn run(
        self,
        context: &Context,
        data: PathBuf,
        prepare: impl FnOnce(&Server) -> Result<(), Failure>,
        words: impl FnOnce(&Server) -> String,
    ) -> Result<(), Failure> {
        let settings = self.over(context)?;
        let runtime = runtime()?;
        // From here on, a wish to end is not lost, however early it comes.
        let end = {
            let _entered = runtime.enter();
            wish_to_end().map_err(Failure::Threads)?
        };
        let config = ServerConfig {
            data,
            port: settings.server.port,
            sync: (Ipv4Addr::UNSPECIFIED, settings.server.sync_port).into(),
            mdns: settings.server.mdns,
            tuning: settings.tuning(),
            new_token: self.new_token,
            demo: Some(DemoOffer(Arc::new(ShowMaker))),
            name: match settings.server.name {
                name if name.is_empty() => device_name(),
                name => name,
            },
        };
        let start = || Ok(runtime.block_on(Server::start(config.clone()))?);
        let server = match context.find_or_start(&config.data, start)? {
            Found::Started(server) => server,
            Found::Running(_) => {
                let directory = config.data;
                return Err(ServeError::from(DirectoryError::InUse { directory }).into());
            }
        };
        let told = prepare(&server).and_then(|()| {
            if self.ready_json || context.console.is_json() {
                context.console.print_json(server.ready())
            } else {
                print(&words(&server))
            }
        });
        if told.is_ok() {
            runtime.block_on(end);
        }
        runtime.block_on(server.stop());
        told
    }
}

/// Is done when the process is asked to end.
#[cfg(unix)]
pub(super) fn wish_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Is done when the process is asked to end.
#[cfg(windows)]
pub(super) fn wish_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};

    let (mut interrupt, mut close, mut shutdown) = (ctrl_c()?, ctrl_close()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}
