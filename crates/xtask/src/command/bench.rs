//! `cargo xtask bench`: the measurements, in a build that is worth measuring.

use std::ffi::OsString;

use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub(crate) struct Bench {
    /// Names of the benches to run, and options of the bench program; all benches without. `--peers` alone builds and
    /// runs the other event stores too
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds and runs the bench program for release.
pub(crate) fn bench(workspace: &Workspace, bench: &Bench) -> Result<(), TaskError> {
    let mut args = bench.args.clone();
    if let Some(at) = args.iter().position(|argument| argument == "--peers") {
        args.insert(at + 1, build_peers(workspace)?);
    }
    Tool::cargo(&workspace.root)
        .args(["run", "--release", "--package", "openprod-bench", "--"])
        .args(&args)
        .run()
}

/// Builds the program that measures other event stores, and gives its path. It is a workspace of its own, because what it
/// needs cannot be linked with ours, and builds into a directory of its own.
fn build_peers(workspace: &Workspace) -> Result<OsString, TaskError> {
    let directory = workspace.root.join("crates/bench/comparison");
    let target = workspace.target_directory.join("comparison");
    Tool::cargo(&directory)
        .args(["build", "--release", "--locked", "--target-dir"])
        .args([&target])
        .run()?;
    let name = format!("openprod-bench-comparison{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("release").join(name).into())
}
