//! What cargo knows of this workspace: where it lies, where it builds to, and which crate names which.

use std::path::PathBuf;

use serde::Deserialize;

use crate::task_error::TaskError;
use crate::tool::Tool;

/// The members of the workspace and its places on disk.
///
/// The shape is cargo's (`cargo metadata --no-deps --format-version 1`), cut down to what is used here.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The directory of the root `Cargo.toml`, absolute.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds to, absolute; it follows `CARGO_TARGET_DIR` and the user's configuration.
    pub(crate) target_directory: PathBuf,
    /// The members, in cargo's order.
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a member's `Cargo.toml` names it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's own name, also where it is imported under another.
    pub(crate) name: String,
    /// Absent for an ordinary dependency.
    pub(crate) kind: Option<DependencyKind>,
    /// The registry or repository it comes from; absent when it lies on this disk.
    pub(crate) source: Option<String>,
}

/// The kinds of dependency that are not ordinary ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    /// Of tests, examples and benches.
    Dev,
    /// Of the build script.
    Build,
}

impl Workspace {
    /// Asks cargo about the workspace that this program belongs to, whatever directory it is called in.
    pub(crate) fn load() -> Result<Self, TaskError> {
        // Cargo says at run time where the package lies; what was compiled in may be another checkout that shares
        // this one's build directory.
        let told = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let own_directory = told.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let metadata = Tool::cargo(&own_directory)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .read()?;
        Self::parse(&metadata)
    }

    /// Reads the JSON that `cargo metadata` prints.
    pub(crate) fn parse(metadata: &[u8]) -> Result<Self, TaskError> {
        serde_json::from_slice(metadata).map_err(TaskError::Metadata)
    }

    /// Where cargo puts the release build of the binary `name`, whether or not it has been built.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.binary("release", name)
    }

    /// Where cargo puts the build of the binary `name` that tests use, whether or not it has been built.
    pub(crate) fn debug_binary(&self, name: &str) -> PathBuf {
        self.binary("debug", name)
    }

    fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target_directory
            .join(profile)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use crate::task_error::TaskError;

    #[test]
    fn this_workspace_lists_this_crate() {
        let workspace = Workspace::load().unwrap();
        assert!(
            workspace
                .packages
                .iter()
                .any(|package| package.name == env!("CARGO_PKG_NAME"))
        );
        assert!(workspace.root.join("Cargo.lock").is_file());
    }

    #[test]
    fn metadata_of_another_shape_is_an_error() {
        assert!(matches!(
            Workspace::parse(br#"{"packages": {}}"#),
            Err(TaskError::Metadata(_))
        ));
    }
}
