//! The running server: what it needs to start, what it says when it is ready, and how it ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use openprod_storage::{DataDirectory, DirectoryError};
use openprod_sync::SyncError;
use serde::Serialize;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::access::Access;
use crate::app::App;
use crate::clock::entropy;
use crate::demo::DemoOffer;
use crate::engine_file::EngineFile;
use crate::event::EventBus;
use crate::gauge_port::GaugePort;
use crate::host::Host;
pub use crate::host::HostError;
use crate::measure::recorder;
use crate::router::router;
use crate::settings::Tuning;
use crate::sync_link::SyncLink;
use crate::token_file;

/// How long requests may take to end when a stage stops.
pub(crate) const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// How often held bundles are looked at, and metrics tidied up.
const TICK: Duration = Duration::from_secs(1);

/// What a server needs to start.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The data directory; made if need be.
    pub data: PathBuf,
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// Where to listen for peers; port 0 takes any that is free.
    pub sync: SocketAddr,
    /// Whether to find peers, and be found, by multicast DNS.
    pub mdns: bool,
    /// What this device is called.
    pub name: String,
    /// How much it does at a time, and how long it waits.
    pub tuning: Tuning,
    /// Whether to forget the token of the last run: pages and programs that have it are not known any more.
    pub new_token: bool,
    /// The show to look around in that it offers to make, if any.
    pub demo: Option<DemoOffer>,
}

/// Why a server cannot start.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error("start engine")]
    Directory(#[from] DirectoryError),
    /// The workspaces cannot be listed.
    #[error("start engine")]
    Host(#[from] HostError),
    /// Peers cannot be listened for.
    #[error("start engine")]
    Sync(#[from] SyncError),
    /// The port cannot be listened on.
    #[error("start engine: listen on 127.0.0.1:{port}: is another program using the port?")]
    Listen {
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `engine.json` cannot be written.
    #[error("start engine: write engine.json")]
    EngineFile(#[source] std::io::Error),
    /// Opening the workspaces broke off.
    #[error("start engine: opening the workspaces broke off")]
    Broken(#[from] tokio::task::JoinError),
}

/// What a server says once it answers.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Where it answers: `http://127.0.0.1:PORT`.
    pub url: String,
    /// What programs send as `Authorization: Bearer TOKEN`.
    pub token: String,
    /// The port of `url`.
    pub port: u16,
    /// The port on which it listens for peers.
    pub sync_port: u16,
    /// The port on which it tells how it fares, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_port: Option<u16>,
    /// Who writes here: a public key in hex.
    pub actor_id: String,
    /// What a person's browser opens: it carries a one-time code in its fragment, not the token.
    pub open_url: String,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ready")
            .field("url", &self.url)
            .field("sync_port", &self.sync_port)
            .finish_non_exhaustive()
    }
}

/// A running server. It runs on the tokio runtime in which it was started, until [`Server::stop`].
pub struct Server {
    app: App,
    ready: Ready,
    stop: watch::Sender<bool>,
    stop_time_max: Duration,
    serving: JoinHandle<()>,
    gauging: Option<JoinHandle<()>>,
    ticking: JoinHandle<()>,
}

impl Server {
    /// Takes the data directory, opens its workspaces, and begins to answer. `engine.json` is there when it returns.
    ///
    /// # Errors
    /// [`ServeError`]; nothing is left running.
    pub async fn start(config: ServerConfig) -> Result<Self, ServeError> {
        let data = config.data.clone();
        let caches = config.tuning.storage.caches();
        let taking = tokio::task::spawn_blocking(move || -> Result<_, DirectoryError> {
            let directory = DataDirectory::open(&data)?.with_caches(caches);
            let identity = directory.identity(entropy())?;
            let token = token_file::take(&directory.token_file(), config.new_token);
            Ok((directory, identity, token))
        });
        let (directory, identity, token) = taking.await??;
        let listen = |source| ServeError::Listen {
            port: config.port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let gauge = match config.tuning.metrics_port {
            Some(port) => Some(GaugePort::bind(port).await?),
            None => None,
        };
        let metrics_port = gauge.as_ref().map(GaugePort::port);
        let metrics = recorder();
        let events = EventBus::new();
        let sync = SyncLink::start(config.sync, config.mdns, config.name, events.clone()).await?;
        let sync_port = sync.port();
        let (link, projections) = (sync.clone(), config.tuning.projections);
        let opened =
            tokio::task::spawn_blocking(move || Host::open(directory, identity, link, events, projections))
                .await;
        let host = match opened.map_err(ServeError::from).and_then(|host| Ok(host?)) {
            Ok(host) => host,
            Err(error) => {
                sync.stop().await;
                return Err(error);
            }
        };
        let access = Access::with(port, token);
        let ready = Ready {
            ready: true,
            url: access.url().to_owned(),
            token: access.token().as_str().to_owned(),
            port,
            sync_port,
            metrics_port,
            actor_id: host.actor().to_string(),
            open_url: access.open_url(&access.issue_code()),
        };
        let file = EngineFile {
            url: ready.url.clone(),
            token: ready.token.clone(),
            pid: std::process::id(),
            sync_port,
        };
        if let Err(error) = file.write(host.path()) {
            host.close().await;
            return Err(ServeError::EngineFile(error));
        }
        let (stop, stopping) = watch::channel(false);
        let demo = config.demo.map(|offer| (offer, ready.clone()));
        let app = App::new(host, access, metrics, config.tuning, stopping, demo);
        let serving = tokio::spawn(serve(listener, app.clone()));
        let gauging = gauge.map(|gauge| tokio::spawn(gauge.serve(app.clone())));
        let ticking = tokio::spawn(tick(app.clone()));
        Ok(Self {
            app,
            ready,
            stop,
            stop_time_max: config.tuning.timeouts.stop(),
            serving,
            gauging,
            ticking,
        })
    }

    /// What it says once it answers.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What a person's browser opens, with a new one-time code.
    #[must_use]
    pub fn new_code(&self) -> String {
        self.app.access().open_url(&self.app.access().issue_code())
    }

    pub(crate) const fn app(&self) -> &App {
        &self.app
    }

    #[cfg(test)]
    pub(crate) fn events(&self) -> EventBus {
        self.app.host().events().clone()
    }

    /// Stops answering, hangs up on peers, finishes the work that waits, and gives the data directory back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.ticking.abort();
        // It was aborted on purpose.
        let _ = self.ticking.await;
        for mut serving in [Some(self.serving), self.gauging].into_iter().flatten() {
            if timeout(self.stop_time_max, &mut serving).await.is_err() {
                serving.abort();
            }
        }
        let host = self.app.host();
        if let Err(error) = EngineFile::remove(host.path()) {
            tracing::warn!(%error, "engine.json stays behind");
        }
        host.close().await;
    }
}

async fn serve(listener: TcpListener, app: App) {
    let mut stopping = app.stopping();
    // Small answers must not wait for one another.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers may be delayed");
        }
    });
    let stopped = async move {
        // An error means that the server was dropped, which is a stop too.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    if let Err(error) = axum::serve(listener, router(app))
        .with_graceful_shutdown(stopped)
        .await
    {
        tracing::error!(%error, "the server ended");
    }
}

async fn tick(app: App) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.host().release_held().await;
        app.metrics().run_upkeep();
    }
}
