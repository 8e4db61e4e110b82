//! `cargo xtask build`: the binary that people get.

use std::path::PathBuf;

use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// Builds the release binary and returns its path.
///
/// Whatever the binary embeds is built here before it.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, TaskError> {
    Tool::cargo(&workspace.root)
        .args(["build", "--release", "--package", "openprod", "--bin", "openprod"])
        .run()?;
    Ok(workspace.release_binary("openprod"))
}
