//! The engine's outer face: HTTP, WebSocket, and the page for a person's browser.
//!
//! **Owns** what a process on this device can ask of the engine: routes, their JSON, who may call them, and how
//! refusals read. It also owns the process-wide parts: which workspaces are open, and their way to the peers.
//!
//! **Refuses to know** the rules of a workspace: a request becomes a command or a query, the engine judges it,
//! and its errors become problem documents here and nowhere else.
//!
//! **Start reading** at [`Server`], then `host.rs` for the workspaces, `router.rs` for what a request passes
//! through, and `routes/` for one file a noun.

mod access;
mod app;

mod clock;
mod codes;
mod command_envelope;
mod demo;
mod engine_file;
mod event;
mod filter_json;
mod framing;
mod gauge_port;
mod host;
mod json_body;
mod json_value;
mod measure;
mod moment;
mod page;
mod page_files;
mod peer_book;
mod problem;
mod problem_code;
mod projections;
mod query_string;
mod refusal;
mod router;
mod routes;
mod secret;
mod server;
mod settings;
mod socket;
mod stage;
mod sync_link;
mod token_file;

pub use demo::{DemoMaker, DemoOffer};
pub use engine_file::EngineFile;
pub use event::Event;
pub use openprod_events::settings::{Layers, Origin, Setting, SettingsError};
pub use problem::ProblemDocument;
pub use problem_code::ProblemCode;
pub use router::openapi;
pub use server::{HostError, Ready, ServeError, Server, ServerConfig};
pub use settings::{
    Limits, LogLevel, LogSettings, ProjectionSettings, SETTINGS_FILE, ServerSettings, Settings,
    StorageSettings, Timeouts, Tuning, VARIABLES,
};
pub use stage::{Stage, StageReady};
