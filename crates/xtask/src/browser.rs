//! The browser for the tests: one that is on this machine, since none is downloaded.

use std::path::PathBuf;

/// The variable that names the browser; it is passed on to the tests, which read it too.
pub(crate) const VARIABLE: &str = "OPENPROD_CHROMIUM";

/// What the program is called, by who packages it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The browser in the environment, else the first on the path; `None` when there is none.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        return Some(given.into());
    }
    let path = std::env::var_os("PATH")?;
    NAMES
        .iter()
        .flat_map(|name| {
            std::env::split_paths(&path)
                .map(move |directory| directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        })
        .find(|program| program.is_file())
}
