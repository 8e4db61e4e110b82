//! `cargo xtask test`: every check that a change has to pass, the tests last.
//!
//! The first check that fails ends the run, unless asked otherwise. What could not be checked here is listed at
//! the end: a tool that is not installed, and whatever a test wrote to the skip file because its machine lacks
//! something. In CI a missing tool is a failure, since there nobody reads the list.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::app_package::AppPackage;
use crate::browser;
use crate::imports;
use crate::postgres_server::{self, PostgresServer};
use crate::task_error::TaskError;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// The variable that names the file to which a test appends a line for what it could not test.
const SKIP_FILE_VARIABLE: &str = "OPENPROD_SKIP_FILE";

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
pub(crate) struct Test {
    /// The checks to run; all of them without
    #[arg(value_enum)]
    checks: Vec<Check>,
    /// Goes on after a check that failed
    #[arg(long)]
    keep_going: bool,
}

/// One check, in the order they are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Check {
    /// The format of the code
    Rustfmt,
    /// The format and the lints of the workspace app
    Biome,
    /// The types of the workspace app
    Tsc,
    /// That the app's types of the engine's interface are those of `openapi.json`
    ClientTypes,
    /// The unit tests of the workspace app and of the desktop program
    Vitest,
    /// The workspace app, built into what the engine serves, and the desktop program
    App,
    /// The lints
    Clippy,
    /// The arrows between crates
    Imports,
    /// Licences, banned crates and sources of the dependencies
    Deny,
    /// The tests of every crate, those in the documentation too
    Tests,
    /// The workspace app in a browser, on engines as the tests have built them
    Browser,
}

/// How a check ended.
#[derive(Debug)]
enum Verdict {
    Passed,
    Failed(TaskError),
    /// It could not be made here, for the reason given.
    Skipped(String),
    /// An earlier check had failed.
    NotReached,
}

/// A check with its end and the time it took.
#[derive(Debug)]
struct Finding {
    check: Check,
    verdict: Verdict,
    took: Duration,
}

/// Runs the checks, prints a table of them and what was skipped, and fails if one of them did.
pub(crate) fn test(workspace: &Workspace, test: &Test) -> Result<(), TaskError> {
    let skip_file = SkipFile::create(workspace)?;
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let findings = run_checks(&chosen(&test.checks), test.keep_going, |check| {
        println!("\n── {} ──", check.name());
        let verdict = check.run(workspace, &skip_file, in_ci);
        if let Verdict::Failed(error) = &verdict {
            println!("{} failed: {error}", check.name());
        }
        verdict
    });
    print!("\n{}", table(&findings));
    print!("{}", skip_list(&findings, &skip_file.lines()?));
    let failed = failed(&findings);
    if failed.is_empty() {
        Ok(())
    } else {
        Err(TaskError::Checks(failed))
    }
}

impl Check {
    const fn name(self) -> &'static str {
        match self {
            Self::Rustfmt => "rustfmt",
            Self::Biome => "biome",
            Self::Tsc => "tsc",
            Self::ClientTypes => "client-types",
            Self::Vitest => "vitest",
            Self::App => "app",
            Self::Clippy => "clippy",
            Self::Imports => "imports",
            Self::Deny => "deny",
            Self::Tests => "tests",
            Self::Browser => "browser",
        }
    }

    fn run(self, workspace: &Workspace, skip_file: &SkipFile, in_ci: bool) -> Verdict {
        let cargo = || Tool::cargo(&workspace.root);
        let app = AppPackage::of(workspace);
        let with_npm =
            |check: &dyn Fn() -> Result<(), TaskError>| unless(AppPackage::obstacle(), in_ci, check);
        match self {
            Self::Biome => with_npm(&|| app.script("lint", &[])),
            Self::Tsc => with_npm(&|| app.script("check", &[])),
            Self::ClientTypes => with_npm(&|| app.script("generate", &["--check"])),
            Self::Vitest => with_npm(&|| app.script("test", &[])),
            Self::App => with_npm(&|| {
                app.build()?;
                app.script("build:desktop", &[])
            }),
            Self::Rustfmt => verdict(cargo().args(["fmt", "--all", "--check"]).run()),
            Self::Clippy => verdict(
                cargo()
                    .args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
                    .run(),
            ),
            Self::Imports => verdict(check_imports(workspace)),
            Self::Deny => {
                let installed = cargo().args(["deny", "--version"]).answers();
                let check = || {
                    // Offline, cargo-deny still wants the crates of every platform, not only of this one.
                    cargo().args(["fetch", "--locked"]).run()?;
                    cargo()
                        .args(["deny", "--offline", "check", "licenses", "bans", "sources"])
                        .run()
                };
                let lacking = (!installed).then(|| "cargo-deny is not installed".to_owned());
                unless(lacking, in_ci, check)
            }
            Self::Tests => {
                let server = match PostgresServer::for_tests() {
                    Ok(None) if in_ci => {
                        return Verdict::Failed(TaskError::Lacking("postgresql is not installed".to_owned()));
                    }
                    Ok(server) => server,
                    Err(error) => return Verdict::Failed(error),
                };
                let tests = cargo()
                    .args(["test", "--workspace"])
                    .env(SKIP_FILE_VARIABLE, &skip_file.path);
                verdict(match &server {
                    Some(server) => tests.env(postgres_server::URL_VARIABLE, server.url()).run(),
                    // Each test that needs it says that it was skipped.
                    None => tests.run(),
                })
            }
            Self::Browser => {
                let chromium = browser::chromium();
                let lacking = AppPackage::obstacle().or_else(|| {
                    let told = || format!("chromium is not installed, and {} not set", browser::VARIABLE);
                    chromium.is_none().then(told)
                });
                unless(lacking, in_ci, || {
                    app.build()?;
                    // The same crates with the same features as in all tests, so that nothing is built twice.
                    cargo()
                        .args(["test", "--workspace", "--no-run", "--test", "cli"])
                        .run()?;
                    app.script_tool("e2e", &[])
                        .env("OPENPROD_BIN", workspace.debug_binary("openprod"))
                        .env(browser::VARIABLE, chromium.unwrap_or_default())
                        .env(SKIP_FILE_VARIABLE, &skip_file.path)
                        .run()
                })
            }
        }
    }
}

/// The checks asked for, each once and in the order in which they run.
fn chosen(asked: &[Check]) -> Vec<Check> {
    let mut checks = if asked.is_empty() {
        Check::value_variants().to_vec()
    } else {
        asked.to_vec()
    };
    checks.sort_unstable();
    checks.dedup();
    checks
}

/// Runs `checks` with `run`, up to the first that fails or, with `keep_going`, to the last.
fn run_checks(checks: &[Check], keep_going: bool, mut run: impl FnMut(Check) -> Verdict) -> Vec<Finding> {
    let mut stopped = false;
    let mut findings = Vec::with_capacity(checks.len());
    for &check in checks {
        let start = Instant::now();
        let verdict = if stopped { Verdict::NotReached } else { run(check) };
        stopped |= matches!(verdict, Verdict::Failed(_)) && !keep_going;
        findings.push(Finding {
            check,
            verdict,
            took: start.elapsed(),
        });
    }
    findings
}

fn check_imports(workspace: &Workspace) -> Result<(), TaskError> {
    let violations = imports::violations(workspace);
    if violations.is_empty() {
        println!("{} crates import along the arrows", workspace.packages.len());
        Ok(())
    } else {
        Err(TaskError::Imports(
            violations.iter().map(ToString::to_string).collect(),
        ))
    }
}

/// Makes a check unless something is lacking here: then it is skipped, and in CI fails.
fn unless(lacking: Option<String>, in_ci: bool, check: impl FnOnce() -> Result<(), TaskError>) -> Verdict {
    match lacking {
        None => verdict(check()),
        Some(lacking) if in_ci => Verdict::Failed(TaskError::Lacking(lacking)),
        Some(lacking) => {
            println!("skipped: {lacking}");
            Verdict::Skipped(lacking)
        }
    }
}

fn verdict(result: Result<(), TaskError>) -> Verdict {
    match result {
        Ok(()) => Verdict::Passed,
        Err(error) => Verdict::Failed(error),
    }
}

fn failed(findings: &[Finding]) -> Vec<&'static str> {
    findings
        .iter()
        .filter(|finding| matches!(finding.verdict, Verdict::Failed(_)))
        .map(|finding| finding.check.name())
        .collect()
}

/// One line a check: its name, how it ended, how long it took.
fn table(findings: &[Finding]) -> String {
    let mut lines = format!("{:<14}{:<13}{:>8}\n", "check", "result", "seconds");
    for Finding { check, verdict, took } in findings {
        let result = match verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "FAILED",
            Verdict::Skipped(_) => "skipped",
            Verdict::NotReached => "not reached",
        };
        lines += &format!("{:<14}{result:<13}{:>8.1}\n", check.name(), took.as_secs_f64());
    }
    lines
}

/// What was not checked, one line each: whole checks first, then what tests left out, in the order they said so.
fn skip_list(findings: &[Finding], test_lines: &[String]) -> String {
    let mut skips: Vec<String> = Vec::new();
    for finding in findings {
        if let Verdict::Skipped(reason) = &finding.verdict {
            skips.push(format!("{}: {reason}", finding.check.name()));
        }
    }
    skips.extend_from_slice(test_lines);
    match skips.len() {
        0 => "\nNothing was skipped.\n".to_owned(),
        count => format!("\n{count} skipped:\n  {}\n", skips.join("\n  ")),
    }
}

/// The file that collects what tests could not test, in the target directory; new for each run.
struct SkipFile {
    path: PathBuf,
}

impl SkipFile {
    fn create(workspace: &Workspace) -> Result<Self, TaskError> {
        let path = workspace.target_directory.join("xtask-skips.txt");
        std::fs::create_dir_all(&workspace.target_directory)
            .and_then(|()| std::fs::write(&path, []))
            .map_err(|source| TaskError::SkipFile {
                path: path.clone(),
                source,
            })?;
        Ok(Self { path })
    }

    /// The lines that tests have appended so far, without empty ones.
    fn lines(&self) -> Result<Vec<String>, TaskError> {
        let text = std::fs::read(&self.path).map_err(|source| TaskError::SkipFile {
            path: self.path.clone(),
            source,
        })?;
        let text = String::from_utf8_lossy(&text);
        Ok(text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::to_owned)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::{Check, Finding, SkipFile, Verdict, chosen, failed, run_checks, skip_list, table, unless};
    use crate::task_error::TaskError;
    use crate::workspace::Workspace;

    const ALL: [Check; 11] = [
        Check::Rustfmt,
        Check::Biome,
        Check::Tsc,
        Check::ClientTypes,
        Check::Vitest,
        Check::App,
        Check::Clippy,
        Check::Imports,
        Check::Deny,
        Check::Tests,
        Check::Browser,
    ];

    /// Some of them.
    const FEW: [Check; 5] = [
        Check::Rustfmt,
        Check::Clippy,
        Check::Imports,
        Check::Deny,
        Check::Tests,
    ];

    /// Fails the lints and passes all else.
    fn lints_fail(check: Check) -> Verdict {
        match check {
            Check::Clippy => Verdict::Failed(TaskError::Imports(Vec::new())),
            _ => Verdict::Passed,
        }
    }

    fn ends(findings: &[Finding]) -> Vec<(&'static str, &'static str)> {
        let end = |finding: &Finding| match finding.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::Skipped(_) => "skipped",
            Verdict::NotReached => "not reached",
        };
        findings
            .iter()
            .map(|finding| (finding.check.name(), end(finding)))
            .collect()
    }

    #[test]
    fn every_check_runs_when_none_is_named() {
        assert_eq!(chosen(&[]), ALL);
    }

    #[test]
    fn named_checks_run_once_and_in_the_usual_order() {
        assert_eq!(
            chosen(&[Check::Tests, Check::Rustfmt, Check::Tests]),
            [Check::Rustfmt, Check::Tests]
        );
    }

    #[test]
    fn first_failure_ends_the_run() {
        let findings = run_checks(&FEW, false, lints_fail);
        let expected = [
            ("rustfmt", "passed"),
            ("clippy", "failed"),
            ("imports", "not reached"),
            ("deny", "not reached"),
            ("tests", "not reached"),
        ];
        assert_eq!(ends(&findings), expected);
        assert_eq!(failed(&findings), ["clippy"]);
    }

    #[test]
    fn keep_going_makes_the_rest_and_still_fails() {
        let findings = run_checks(&FEW, true, lints_fail);
        assert_eq!(
            ends(&findings)[1..3],
            [("clippy", "failed"), ("imports", "passed")]
        );
        assert_eq!(failed(&findings), ["clippy"]);
    }

    #[test]
    fn missing_tool_is_a_skip_for_people_and_a_failure_in_ci() {
        let never = || -> Result<(), TaskError> { panic!("a check ran without its tool") };
        assert!(matches!(
            unless(Some("no saw".to_owned()), false, never),
            Verdict::Skipped(lacking) if lacking == "no saw"
        ));
        assert!(matches!(
            unless(Some("no saw".to_owned()), true, never),
            Verdict::Failed(TaskError::Lacking(lacking)) if lacking == "no saw"
        ));
        assert!(matches!(unless(None, true, || Ok(())), Verdict::Passed));
    }

    #[test]
    fn table_and_skip_list_name_every_check() {
        let finding = |check, verdict, tenths: u64| Finding {
            check,
            verdict,
            took: Duration::from_millis(tenths * 100),
        };
        let findings = [
            finding(Check::Rustfmt, Verdict::Passed, 4),
            finding(
                Check::Deny,
                Verdict::Skipped("cargo-deny is not installed".to_owned()),
                0,
            ),
            finding(
                Check::Clippy,
                Verdict::Failed(TaskError::Imports(Vec::new())),
                312,
            ),
            finding(Check::Tests, Verdict::NotReached, 0),
        ];
        assert_eq!(
            table(&findings),
            "\
check         result        seconds
rustfmt       passed            0.4
deny          skipped           0.0
clippy        FAILED           31.2
tests         not reached       0.0
"
        );
        assert_eq!(
            skip_list(&findings, &["two_hosts_meet: no network namespaces".to_owned()]),
            "\n2 skipped:\n  deny: cargo-deny is not installed\n  two_hosts_meet: no network namespaces\n"
        );
        assert_eq!(skip_list(&findings[..1], &[]), "\nNothing was skipped.\n");
    }

    #[test]
    fn skip_file_gives_what_tests_appended_and_is_new_for_each_run() {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: directory.path().to_owned(),
            target_directory: directory.path().join("target"),
            packages: Vec::new(),
        };
        let skip_file = SkipFile::create(&workspace).unwrap();
        assert_eq!(skip_file.lines().unwrap(), [""; 0]);
        let mut test_side = std::fs::OpenOptions::new()
            .append(true)
            .open(&skip_file.path)
            .unwrap();
        test_side.write_all(b"imports_real_files: no data\n\n").unwrap();
        test_side
            .write_all(b"two_hosts_meet: no network namespaces\n")
            .unwrap();
        assert_eq!(
            skip_file.lines().unwrap(),
            [
                "imports_real_files: no data",
                "two_hosts_meet: no network namespaces"
            ]
        );
        assert_eq!(SkipFile::create(&workspace).unwrap().lines().unwrap(), [""; 0]);
    }
}
