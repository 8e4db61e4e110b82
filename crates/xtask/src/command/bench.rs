//! `cargo xtask bench`: the measurements, in a build that is worth measuring.

use std::ffi::OsString;

use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Bench {
    /// Names of the benches to run, and options of the bench program; all benches without
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds and runs the bench program for release.
pub(crate) fn bench(workspace: &Workspace, bench: &Bench) -> Result<(), TaskError> {
    Tool::cargo(&workspace.root)
        .args(["run", "--release", "--package", "openprod-bench", "--"])
        .args(&bench.args)
        .run()
}
