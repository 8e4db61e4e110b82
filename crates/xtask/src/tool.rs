//! Another program, as this one calls it: in the workspace's root, its output on the same terminal.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::task_error::TaskError;

/// A program with its arguments, ready to run.
pub(crate) struct Tool(Command);

impl Tool {
    /// The cargo that started this program, or the one on the path, set to work in `directory`.
    pub(crate) fn cargo(directory: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(directory);
        Self(command)
    }

    /// Any other program, in the directory the user is in.
    pub(crate) fn program(path: &Path) -> Self {
        Self(Command::new(path))
    }

    /// Sets the directory to work in.
    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.0.current_dir(directory);
        self
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs to the end, writing to the terminal; any exit status but success is an error.
    pub(crate) fn run(mut self) -> Result<(), TaskError> {
        let status = self.0.status().map_err(|source| self.not_started(source))?;
        if status.success() {
            Ok(())
        } else {
            Err(TaskError::Failed {
                command: self.line(),
                status,
            })
        }
    }

    /// Runs to the end and gives back what the program wrote to its standard output.
    pub(crate) fn read(mut self) -> Result<Vec<u8>, TaskError> {
        let output = self
            .0
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| self.not_started(source))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(TaskError::Failed {
                command: self.line(),
                status: output.status,
            })
        }
    }

    /// Runs in silence and says whether the program could be started and succeeded.
    pub(crate) fn answers(mut self) -> bool {
        self.0
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Becomes the program where the system allows that, so that signals reach it and its exit status is ours;
    /// elsewhere runs it to the end.
    #[cfg(unix)]
    pub(crate) fn become_it(mut self) -> Result<(), TaskError> {
        let source = std::os::unix::process::CommandExt::exec(&mut self.0);
        Err(self.not_started(source))
    }

    /// Becomes the program where the system allows that, so that signals reach it and its exit status is ours;
    /// elsewhere runs it to the end.
    #[cfg(not(unix))]
    pub(crate) fn become_it(self) -> Result<(), TaskError> {
        self.run()
    }

    fn not_started(&self, source: std::io::Error) -> TaskError {
        TaskError::Start {
            command: self.line(),
            source,
        }
    }

    /// The command as a person would type it.
    fn line(&self) -> String {
        let program = Path::new(self.0.get_program())
            .file_name()
            .unwrap_or(self.0.get_program());
        std::iter::once(program)
            .chain(self.0.get_args())
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::Tool;
    use crate::task_error::TaskError;

    #[test]
    fn program_that_says_no_is_named_with_its_arguments() {
        let mut tool = Tool::cargo(".".as_ref()).args(["no-such-command"]);
        tool.0.stderr(Stdio::null());
        let error = tool.run().unwrap_err();
        assert!(matches!(error, TaskError::Failed { .. }), "{error:?}");
        assert!(
            error.to_string().starts_with("`cargo no-such-command` failed"),
            "{error}"
        );
    }

    #[test]
    fn program_that_is_not_there_cannot_be_started() {
        let error = Tool::program("no/such/program".as_ref()).run().unwrap_err();
        assert!(matches!(error, TaskError::Start { .. }), "{error:?}");
    }

    #[test]
    fn only_a_program_that_succeeds_answers() {
        assert!(Tool::cargo(".".as_ref()).args(["--version"]).answers());
        assert!(
            !Tool::cargo(".".as_ref())
                .args(["no-such-command", "--version"])
                .answers()
        );
        assert!(!Tool::program("no/such/program".as_ref()).answers());
    }
}
