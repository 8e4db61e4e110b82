//! `cargo xtask desktop`: the workspace app in a window of its own.

use std::ffi::OsString;

use super::build::{Build, build};
use crate::app_package::AppPackage;
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// What `cargo xtask desktop` takes.
#[derive(clap::Args)]
pub(crate) struct Desktop {
    /// Passed on to Electron
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Builds the engine and the desktop program, gets Electron when it is not there yet, and starts it.
pub(crate) fn desktop(workspace: &Workspace, desktop: &Desktop) -> Result<(), TaskError> {
    if let Some(obstacle) = AppPackage::obstacle() {
        return Err(TaskError::NoDesktop(obstacle));
    }
    let app = AppPackage::of(workspace);
    let engine = build(workspace, &Build::default())?;
    app.script("build:desktop", &[])?;
    // The package is a stand-in that fetches the program itself; it says so on the terminal, and ends at once when
    // that is there already.
    let fetched = Tool::program("node".as_ref())
        .directory(&app.directory)
        .args(["node_modules/electron/install.js"])
        .run();
    if let Err(error) = fetched {
        return Err(TaskError::NoElectron(Box::new(error)));
    }
    Tool::program("node".as_ref())
        .directory(&app.directory)
        .args(["node_modules/electron/cli.js", "."])
        .args(&desktop.args)
        .env("OPENPROD_BIN", engine)
        .become_it()
}
