//! `cargo xtask run`: from a checkout to a running engine in one command.

use std::ffi::OsString;

use super::build::{Build, build};
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// What `cargo xtask run` takes.
#[derive(clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    build: Build,
    /// Passed on to `openprod demo`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds, then turns into `openprod demo`, which creates or opens the demo workspace and prints its URL.
pub(crate) fn run(workspace: &Workspace, run: Run) -> Result<(), TaskError> {
    let binary = build(workspace, &run.build)?;
    Tool::program(&binary).args(["demo"]).args(run.args).become_it()
}
