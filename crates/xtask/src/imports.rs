//! Which crate may import which.
//!
//! Imports run one way, along the arrows below: a crate may import whatever can be reached from it. What tests,
//! examples and benches import is their own affair. A crate that is not in the list may neither import nor be
//! imported, so a new crate has to be given its place here first.

use std::collections::BTreeSet;
use std::fmt;

use crate::workspace::{DependencyKind, Workspace};

/// Each crate with those it points at; docs/architecture.md draws the same picture.
const ARROWS: &[(&str, &[&str])] = &[
    ("openprod-core", &[]),
    ("openprod-wal", &[]),
    ("openprod-storage", &["openprod-core", "openprod-wal"]),
    ("openprod-events", &["openprod-wal"]),
    ("openprod-scripts", &["openprod-core"]),
    (
        "openprod-engine",
        &["openprod-storage", "openprod-events", "openprod-scripts"],
    ),
    ("openprod-sync", &["openprod-engine"]),
    ("openprod-server", &["openprod-sync", "openprod-engine"]),
    ("openprod", &["openprod-server"]),
    ("harness", &["openprod-engine", "openprod-sync"]),
    ("openprod-bench", &["openprod", "harness"]),
    ("xtask", &[]),
];

/// An import that no chain of arrows allows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    importer: String,
    imported: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} imports {}", self.importer, self.imported)
    }
}

/// Finds the imports between crates on this disk that the arrows do not allow, in cargo's order.
pub(crate) fn violations(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.packages {
        let allowed = reachable(&package.name);
        for dependency in &package.dependencies {
            let exempt = dependency.kind == Some(DependencyKind::Dev) || dependency.source.is_some();
            if !exempt && !allowed.contains(dependency.name.as_str()) {
                violations.push(Violation {
                    importer: package.name.clone(),
                    imported: dependency.name.clone(),
                });
            }
        }
    }
    violations
}

/// All that can be reached from `crate_name` along the arrows, without itself unless there is a cycle.
fn reachable(crate_name: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut open = targets(crate_name).to_vec();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(targets(next));
        }
    }
    found
}

fn targets(crate_name: &str) -> &'static [&'static str] {
    ARROWS
        .iter()
        .find(|(name, _)| *name == crate_name)
        .map_or(&[], |(_, targets)| targets)
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, reachable, violations};
    use crate::workspace::Workspace;

    /// A workspace of `importer`, which has one dependency: `imported`, of `kind`, from `source`.
    fn planted(importer: &str, imported: &str, kind: &str, source: &str) -> Vec<String> {
        let metadata = format!(
            r#"{{"workspace_root": "/w", "target_directory": "/w/target", "packages": [
                {{"name": "{importer}", "dependencies": [
                    {{"name": "{imported}", "kind": {kind}, "source": {source}, "rename": "other"}}]}}]}}"#
        );
        let workspace = Workspace::parse(metadata.as_bytes()).unwrap();
        violations(&workspace).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn crates_of_this_workspace_import_along_the_arrows() {
        let workspace = Workspace::load().unwrap();
        let engine = workspace
            .packages
            .iter()
            .find(|package| package.name == "openprod-engine")
            .unwrap();
        assert!(
            engine
                .dependencies
                .iter()
                .any(|dependency| dependency.name == "openprod-storage")
        );
        assert_eq!(violations(&workspace), []);
    }

    #[test]
    fn import_against_the_arrows_is_found() {
        assert_eq!(
            planted("openprod-core", "openprod-engine", "null", "null"),
            ["openprod-core imports openprod-engine"]
        );
        assert_eq!(
            planted("openprod-storage", "openprod-events", "null", "null"),
            ["openprod-storage imports openprod-events"]
        );
        assert_eq!(planted("harness", "openprod-server", "null", "null").len(), 1);
    }

    #[test]
    fn import_over_several_arrows_is_allowed() {
        assert_eq!(planted("openprod", "openprod-core", "null", "null"), [""; 0]);
        assert_eq!(
            planted("openprod-bench", "openprod-sync", "null", "null"),
            [""; 0]
        );
    }

    #[test]
    fn import_by_a_build_script_counts_and_one_by_tests_does_not() {
        assert_eq!(
            planted("openprod-core", "openprod-engine", r#""build""#, "null").len(),
            1
        );
        assert_eq!(
            planted("openprod-core", "openprod-engine", r#""dev""#, "null"),
            [""; 0]
        );
    }

    #[test]
    fn xtask_neither_imports_nor_is_imported() {
        assert_eq!(planted("xtask", "openprod-core", "null", "null").len(), 1);
        assert_eq!(planted("openprod", "xtask", "null", "null").len(), 1);
    }

    #[test]
    fn crate_without_a_place_is_found() {
        assert_eq!(planted("openprod-new", "openprod-core", "null", "null").len(), 1);
        assert_eq!(planted("openprod", "openprod-new", "null", "null").len(), 1);
    }

    #[test]
    fn import_from_a_registry_is_no_business_of_the_arrows() {
        assert_eq!(
            planted("openprod-core", "blake3", "null", r#""registry""#),
            [""; 0]
        );
    }

    #[test]
    fn arrows_have_no_cycle() {
        for (name, targets) in ARROWS {
            assert!(!reachable(name).contains(name), "{name} reaches itself");
            for target in *targets {
                assert!(
                    ARROWS.iter().any(|(listed, _)| listed == target),
                    "{target} is not listed"
                );
            }
        }
    }
}
