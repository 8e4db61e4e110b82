//! One file a command: its arguments, what it asks of the engine, and what it says.

mod audit;
mod config;
mod conflicts;
mod connect;
mod create;
mod decisions;
mod demo;
mod demo_pair;
mod doctor;
mod engine_options;
mod events;
mod export;
mod history;
mod import;
mod invite;
mod join;
mod log;
mod open;
mod overlays;
mod peers;
mod projections;
mod serve;
mod status;
mod store;
mod undo;
mod verify;

use clap::Subcommand;

use crate::engine_session::Context;
use crate::failure::Failure;

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Create(create::Create),
    Serve(serve::Serve),
    Open(open::Open),
    Invite(invite::Invite),
    Join(join::Join),
    Connect(connect::Connect),
    Peers(peers::Peers),
    Doctor(doctor::Doctor),
    Status(status::Status),
    Import(import::Import),
    Export(export::Export),
    Conflicts(conflicts::Conflicts),
    Events(events::Events),
    Decisions(decisions::Decisions),
    Audit(audit::Audit),
    Config(config::Config),
    Projections(projections::Projections),
    Store(store::Store),
    Overlays(overlays::Overlays),
    Log(log::Log),
    History(history::History),
    Undo(undo::Undo),
    Redo(undo::Redo),
    Verify(verify::Verify),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Demo(command) => command.run(context),
            Self::Create(command) => command.run(context),
            Self::Serve(command) => command.run(context),
            Self::Open(command) => command.run(context),
            Self::Invite(command) => command.run(context),
            Self::Join(command) => command.run(context),
            Self::Connect(command) => command.run(context),
            Self::Peers(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Conflicts(command) => command.run(context),
            Self::Events(command) => command.run(context),
            Self::Decisions(command) => command.run(context),
            Self::Audit(command) => command.run(context),
            Self::Config(command) => command.run(context),
            Self::Projections(command) => command.run(context),
            Self::Store(command) => command.run(context),
            Self::Overlays(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::History(command) => command.run(context),
            Self::Undo(command) => command.run(context),
            Self::Redo(command) => command.run(context),
            Self::Verify(command) => command.run(context),
        }
    }

    /// Which events are written to standard error when nobody says so by `RUST_LOG`.
    pub(crate) const fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Demo(_) => "warn",
            _ => "error",
        }
    }
}
