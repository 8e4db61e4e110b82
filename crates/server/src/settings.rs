//! What can be set about an engine: its ports, its limits, how long it waits, how its projections run, what it logs.

use std::num::NonZeroU32;
use std::time::Duration;

use openprod_events::projection::{OnPoison, ProjectionConfig};
use openprod_events::rate::RateLimit;
use openprod_storage::Caches;
use serde::{Deserialize, Serialize};

/// What the variables of [`Settings`] begin with: `OPENPROD_SERVER_PORT` is `server.port`.
pub const VARIABLES: &str = "OPENPROD";

/// The name of the file in a data directory that has [`Settings`].
pub const SETTINGS_FILE: &str = "openprod.toml";

/// What can be set about an engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where it answers.
    pub server: ServerSettings,
    /// What it writes to its log.
    pub log: LogSettings,
    /// How much it does at a time.
    pub limits: Limits,
    /// How long it waits.
    pub timeouts: Timeouts,
    /// How the projections of its workspaces run.
    pub projections: ProjectionSettings,
    /// How much of its workspaces is kept in memory.
    pub storage: StorageSettings,
}

impl Settings {
    /// The part that [`ServerConfig`](crate::ServerConfig) takes as it is.
    #[must_use]
    pub fn tuning(&self) -> Tuning {
        Tuning {
            limits: self.limits,
            timeouts: self.timeouts,
            projections: self.projections,
            storage: self.storage,
            metrics_port: self.server.metrics_port,
        }
    }
}

/// How much an engine does at a time, and how long it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tuning {
    /// How much it does at a time.
    pub limits: Limits,
    /// How long it waits.
    pub timeouts: Timeouts,
    /// How the projections of its workspaces run.
    pub projections: ProjectionSettings,
    /// How much of its workspaces is kept in memory.
    pub storage: StorageSettings,
    /// The port on 127.0.0.1 that tells how the engine fares, without a token; `None` for none, 0 for any that is free.
    pub metrics_port: Option<u16>,
}

/// Where an engine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The port for peers; 0 takes any that is free.
    pub sync_port: u16,
    /// Whether to find peers, and be found, by multicast DNS.
    pub mdns: bool,
    /// What this device is called; empty for the computer's name.
    pub name: String,
    /// A port on 127.0.0.1 with `/metrics` and `/health` alone, which needs no token; 0 takes any that is free. Absent, there
    /// is none.
    pub metrics_port: Option<u16>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            port: 0,
            sync_port: 0,
            mdns: true,
            name: String::new(),
            metrics_port: None,
        }
    }
}

/// How much of each open workspace is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// How many KiB of its file whoever writes it keeps.
    pub writer_cache_kib: NonZeroU32,
    /// How many KiB of its file each reader keeps; there are a few.
    pub reader_cache_kib: NonZeroU32,
}

impl StorageSettings {
    pub(crate) const fn caches(self) -> Caches {
        Caches {
            writer_kib: self.writer_cache_kib,
            reader_kib: self.reader_cache_kib,
        }
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        let Caches {
            writer_kib,
            reader_kib,
        } = Caches::default();
        Self {
            writer_cache_kib: writer_kib,
            reader_cache_kib: reader_kib,
        }
    }
}

/// What an engine writes to its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// From which level on; absent for what suits the command.
    pub level: Option<LogLevel>,
}

/// How much goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What somebody should look at, too.
    Warn,
    /// What happens, too.
    Info,
    /// Each request, too.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How much an engine does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many requests it takes, from all programs of this device together. Far more than people make; a program that
    /// asks in an endless loop must not keep the others from being answered.
    pub requests: RateLimit,
    /// How many reads run at a time: more would only share the same disk and processors.
    pub reads_max: NonZeroU32,
    /// How many WebSockets are served at a time.
    pub sockets_max: NonZeroU32,
}

impl Limits {
    pub(crate) const fn reads(self) -> usize {
        self.reads_max.get() as usize
    }

    pub(crate) const fn sockets(self) -> usize {
        self.sockets_max.get() as usize
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: RateLimit {
                per_second: const { NonZeroU32::new(20_000).expect("20,000 is not 0") },
                burst: const { NonZeroU32::new(40_000).expect("40,000 is not 0") },
            },
            reads_max: const { NonZeroU32::new(16).expect("16 is not 0") },
            sockets_max: const { NonZeroU32::new(64).expect("64 is not 0") },
        }
    }
}

/// How long an engine waits, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// How long a read may wait for its turn.
    pub read_wait_ms: u64,
    /// How long requests may take to end when the engine stops.
    pub stop_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            read_wait_ms: 10_000,
            stop_ms: 5_000,
        }
    }
}

impl Timeouts {
    pub(crate) const fn read_wait(self) -> Duration {
        Duration::from_millis(self.read_wait_ms)
    }

    pub(crate) const fn stop(self) -> Duration {
        Duration::from_millis(self.stop_ms)
    }
}

/// How the projections of workspaces run: `batch_max` events share a checkpoint at most, and `backoff` is how what is away
/// is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectionSettings(pub ProjectionConfig);

impl Default for ProjectionSettings {
    fn default() -> Self {
        Self(ProjectionConfig {
            // One strange event must not keep an operator from seeing all the others.
            on_poison: OnPoison::SetAside,
            ..ProjectionConfig::default()
        })
    }
}
