//! `cargo xtask generate`: what the workspace app knows of the engine's interface, written anew.

use crate::app_package::AppPackage;
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// Writes `electron/openapi.json` from the server, and the app's types from that.
pub(crate) fn generate(workspace: &Workspace) -> Result<(), TaskError> {
    let app = AppPackage::of(workspace);
    let document = Tool::cargo(&workspace.root)
        .args([
            "run",
            "--quiet",
            "--package",
            "openprod-server",
            "--example",
            "openapi",
        ])
        .read()?;
    let path = app.directory.join("openapi.json");
    std::fs::write(&path, document).map_err(|source| TaskError::AppFile { path, source })?;
    match AppPackage::obstacle() {
        None => app.script("generate", &[]),
        Some(obstacle) => Err(TaskError::NoTypes(obstacle)),
    }
}
