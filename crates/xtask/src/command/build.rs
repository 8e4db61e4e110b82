//! `cargo xtask build`: the binary that people get, with the workspace app inside.

use std::path::PathBuf;

use crate::app_package::AppPackage;
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// What `cargo xtask build` takes.
#[derive(Default, clap::Args)]
pub(crate) struct Build {
    /// Does not build the workspace app: the engine gets it as it was last built, or its plain page
    #[arg(long)]
    no_app: bool,
}

/// Builds the workspace app where npm is there, then the release binary, and returns the binary's path.
pub(crate) fn build(workspace: &Workspace, build: &Build) -> Result<PathBuf, TaskError> {
    if !build.no_app {
        match AppPackage::obstacle() {
            None => AppPackage::of(workspace).build()?,
            Some(obstacle) => eprintln!(
                "notice: {obstacle}; the engine gets the workspace app as it was last built, or its plain page"
            ),
        }
    }
    Tool::cargo(&workspace.root)
        .args(["build", "--release", "--package", "openprod", "--bin", "openprod"])
        .run()?;
    Ok(workspace.release_binary("openprod"))
}
