//! The workspace app as a package of npm: what building it takes, and whether what was built is still good.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// The oldest Node.js with which the app's tools work, by major version; of a later major version any is good.
const NODE_MINIMA: [(u32, u32); 2] = [(20, 19), (22, 12)];

/// What the page is built from, seen from the package.
const PAGE_SOURCES: [&str; 4] = [
    "src/renderer",
    "vite.config.ts",
    "package.json",
    "package-lock.json",
];

/// The package in `electron/`.
pub(crate) struct AppPackage {
    /// Its directory.
    pub(crate) directory: PathBuf,
    /// Holds the lock file as it was when the packages were installed.
    stamp: PathBuf,
}

impl AppPackage {
    /// The package of this workspace.
    pub(crate) fn of(workspace: &Workspace) -> Self {
        Self {
            directory: workspace.root.join("electron"),
            stamp: workspace.target_directory.join("app-packages.lock"),
        }
    }

    /// Why the app cannot be built on this machine; `None` when it can.
    pub(crate) fn obstacle() -> Option<String> {
        if !npm_command(Path::new(".")).args(["--version"]).answers() {
            return Some("npm is not installed".to_owned());
        }
        let version = Tool::program("node".as_ref()).args(["--version"]).read();
        let version = String::from_utf8_lossy(&version.unwrap_or_default())
            .trim()
            .to_owned();
        (!is_new_enough(&version))
            .then(|| format!("Node.js 20.19 or newer is needed, and here is {version:?}"))
    }

    /// Installs the packages of the lock file, unless that was done before.
    pub(crate) fn install(&self) -> Result<(), TaskError> {
        let lock = self.directory.join("package-lock.json");
        let wanted = fs::read(&lock).map_err(|source| TaskError::AppFile { path: lock, source })?;
        let is_installed = self.directory.join("node_modules/.package-lock.json").is_file()
            && fs::read(&self.stamp).is_ok_and(|installed| installed == wanted);
        if is_installed {
            return Ok(());
        }
        self.npm(["ci"])?;
        let written = match self.stamp.parent() {
            Some(directory) => fs::create_dir_all(directory),
            None => Ok(()),
        };
        written
            .and_then(|()| fs::write(&self.stamp, wanted))
            .map_err(|source| TaskError::AppFile {
                path: self.stamp.clone(),
                source,
            })
    }

    /// Builds the page that the engine embeds, unless it is newer than all that it is built from: files that stay as
    /// they are do not have the engine built again.
    pub(crate) fn build(&self) -> Result<(), TaskError> {
        self.install()?;
        if self.is_built() {
            return Ok(());
        }
        // Types are a check of their own, and a build need not wait for it.
        self.npm(["run", "bundle"])
    }

    /// Installs what is missing, then runs a script of `package.json` with arguments.
    pub(crate) fn script(&self, name: &str, args: &[&str]) -> Result<(), TaskError> {
        self.install()?;
        self.script_tool(name, args).run()
    }

    /// A script of `package.json`, for a caller that sets its environment.
    pub(crate) fn script_tool(&self, name: &str, args: &[&str]) -> Tool {
        npm_command(&self.directory).args(["run", name, "--"]).args(args)
    }

    fn npm<const N: usize>(&self, args: [&str; N]) -> Result<(), TaskError> {
        npm_command(&self.directory).args(args).run()
    }

    fn is_built(&self) -> bool {
        let built = modified(&self.directory.join("dist/index.html"));
        let sources = PAGE_SOURCES.map(|name| newest(&self.directory.join(name)));
        let (Ok(built), Ok(sources)) = (built, sources.into_iter().collect::<io::Result<Vec<_>>>()) else {
            return false;
        };
        sources.into_iter().all(|source| source < built)
    }
}

/// npm, which is a script on Windows and found there only by its whole name.
fn npm_command(directory: &Path) -> Tool {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    Tool::program(npm.as_ref()).directory(directory)
}

/// Whether `node --version` names one that the app's tools work with.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .strip_prefix('v')
        .unwrap_or_default()
        .split('.')
        .map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return false;
    };
    let minimum = NODE_MINIMA.iter().find(|(known, _)| *known == major);
    match minimum {
        Some((_, least)) => minor >= *least,
        None => NODE_MINIMA.iter().all(|(known, _)| major > *known),
    }
}

/// When the newest of a file, or of all files under a directory, was written.
fn newest(path: &Path) -> io::Result<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    // A file that was taken away changes its directory.
    let mut latest = modified(path)?;
    for entry in fs::read_dir(path)? {
        latest = latest.max(newest(&entry?.path())?);
    }
    Ok(latest)
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::{AppPackage, PAGE_SOURCES, is_new_enough};
    use crate::workspace::Workspace;

    #[test]
    fn only_node_that_the_tools_work_with_is_taken() {
        for (version, expected) in [
            ("v20.19.0", true),
            ("v20.18.9", false),
            ("v21.7.0", false),
            ("v22.11.0", false),
            ("v22.12.0", true),
            ("v24.0.0", true),
            ("v18.20.4", false),
            ("", false),
            ("v20", false),
            ("node", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

    /// A package whose files were all written a minute ago.
    fn package() -> (tempfile::TempDir, AppPackage) {
        let directory = tempfile::tempdir().unwrap();
        let package = AppPackage {
            directory: directory.path().to_owned(),
            stamp: directory.path().join("target/stamp"),
        };
        fs::create_dir_all(directory.path().join("src/renderer/features")).unwrap();
        fs::create_dir(directory.path().join("dist")).unwrap();
        for name in PAGE_SOURCES.into_iter().skip(1) {
            fs::write(directory.path().join(name), name).unwrap();
        }
        fs::write(directory.path().join("src/renderer/features/grid.tsx"), "grid").unwrap();
        (directory, package)
    }

    fn date(package: &AppPackage, name: &str, at: SystemTime) {
        fs::File::open(package.directory.join(name))
            .unwrap()
            .set_modified(at)
            .unwrap();
    }

    #[test]
    fn page_is_built_again_when_a_source_is_newer() {
        let (_directory, package) = package();
        assert!(!package.is_built());
        let later = SystemTime::now() + Duration::from_secs(60);
        fs::write(package.directory.join("dist/index.html"), "page").unwrap();
        date(&package, "dist/index.html", later);
        assert!(package.is_built());
        for name in [
            "src/renderer/features/grid.tsx",
            "src/renderer/features",
            "package-lock.json",
        ] {
            date(&package, name, later + Duration::from_secs(1));
            assert!(!package.is_built(), "{name}");
            date(&package, name, SystemTime::UNIX_EPOCH);
            assert!(package.is_built(), "{name}");
        }
        fs::remove_file(package.directory.join("vite.config.ts")).unwrap();
        assert!(!package.is_built());
    }

    #[test]
    fn packages_are_installed_once_for_each_lock_file() {
        let (_directory, package) = package();
        fs::create_dir_all(package.directory.join("node_modules")).unwrap();
        fs::write(package.directory.join("node_modules/.package-lock.json"), "{}").unwrap();
        fs::create_dir(package.directory.join("target")).unwrap();
        fs::write(&package.stamp, "package-lock.json").unwrap();
        // npm would fail here: there is no package.
        package.install().unwrap();
        fs::write(package.directory.join("package-lock.json"), "another").unwrap();
        assert!(package.install().is_err());
        assert_eq!(fs::read(&package.stamp).unwrap(), b"package-lock.json");
    }

    #[test]
    fn every_source_of_the_page_is_there() {
        let package = AppPackage::of(&Workspace::load().unwrap());
        for name in PAGE_SOURCES {
            assert!(package.directory.join(name).exists(), "{name}");
        }
    }
}
