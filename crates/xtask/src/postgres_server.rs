//! A PostgreSQL server for the tests: its own data in a temporary directory, a free port, gone at the end.
//!
//! It trusts whoever reaches it, so it listens on the loopback interface only, and flushes nothing: its data are worth
//! nothing. The server refuses to run as root; then it runs as the user `postgres`, whom the package brought.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::task_error::TaskError;

/// The variable that tells tests where the server is.
pub(crate) const URL_VARIABLE: &str = "OPENPROD_POSTGRES_URL";

/// Where Debian puts the programs of each version.
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// A server that tests can use.
pub(crate) enum PostgresServer {
    /// Somebody else's, who named it in the environment.
    Given(String),
    /// Ours, which ends with this value.
    Started(Started),
}

/// A server that this program started.
pub(crate) struct Started {
    programs: PathBuf,
    directory: PathBuf,
    user: Option<User>,
    port: u16,
}

/// Whom the server runs as when this program is root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct User {
    uid: u32,
    gid: u32,
}

impl PostgresServer {
    /// The server in the environment, else a new one; `None` when PostgreSQL is not installed.
    pub(crate) fn for_tests() -> Result<Option<Self>, TaskError> {
        if let Ok(url) = std::env::var(URL_VARIABLE) {
            return Ok(Some(Self::Given(url)));
        }
        match installed(Path::new(DEBIAN_VERSIONS)) {
            Some(programs) => Started::start(programs).map(|server| Some(Self::Started(server))),
            None => Ok(None),
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Started(server) => format!("postgres://postgres@127.0.0.1:{}/postgres", server.port),
        }
    }
}

impl Started {
    fn start(programs: PathBuf) -> Result<Self, TaskError> {
        let directory = std::env::temp_dir().join(format!("openprod-postgres-{}", std::process::id()));
        let failed = |source| TaskError::Server {
            path: directory.clone(),
            source,
        };
        fs::create_dir(&directory).map_err(failed)?;
        // From here on the directory is removed whatever happens.
        let mut server = Self {
            programs,
            directory: directory.clone(),
            user: None,
            port: free_port().map_err(failed)?,
        };
        server.user = server_user(&directory).map_err(failed)?;
        #[cfg(unix)]
        give_to(&directory, server.user).map_err(failed)?;
        let data = directory.join("data");
        server.run(
            server
                .program("initdb")
                .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
                .arg(&data),
        )?;
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off -c max_connections=200",
            server.port,
            directory.display()
        );
        server.run(
            server
                .program("pg_ctl")
                .args(["start", "--wait", "--silent", "-o", &options, "-l"])
                .arg(directory.join("log"))
                .arg("-D")
                .arg(&data),
        )?;
        Ok(server)
    }

    /// One of the programs, as the right user and in a directory that user may enter.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        #[cfg(unix)]
        if let Some(user) = self.user {
            std::os::unix::process::CommandExt::uid(&mut command, user.uid);
            std::os::unix::process::CommandExt::gid(&mut command, user.gid);
        }
        command
    }

    fn run(&self, command: &mut Command) -> Result<(), TaskError> {
        let name = command.get_program().to_string_lossy().into_owned();
        let status = command.status().map_err(|source| TaskError::Start {
            command: name.clone(),
            source,
        })?;
        if status.success() {
            Ok(())
        } else {
            Err(TaskError::Failed {
                command: name,
                status,
            })
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let data = self.directory.join("data");
        let stopped = self.run(
            self.program("pg_ctl")
                .args(["stop", "--wait", "--silent", "-m", "fast", "-D"])
                .arg(data),
        );
        if let Err(error) = stopped {
            eprintln!("the PostgreSQL server of the tests was not stopped: {error}");
        }
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            eprintln!("{} was not removed: {error}", self.directory.display());
        }
    }
}

/// The programs of the newest version in Debian's directory of versions.
fn installed(versions: &Path) -> Option<PathBuf> {
    fs::read_dir(versions)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

/// Lets `user`, or else only ourselves, into a directory.
#[cfg(unix)]
fn give_to(directory: &Path, user: Option<User>) -> io::Result<()> {
    if let Some(user) = user {
        std::os::unix::fs::chown(directory, Some(user.uid), Some(user.gid))?;
    }
    fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

/// Whom the server has to run as: somebody else only when we are root, as the owner of what we made shows.
fn server_user(made_by_us: &Path) -> io::Result<Option<User>> {
    if !is_roots(made_by_us)? {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    account(&accounts, "postgres")
        .map(Some)
        .ok_or_else(|| io::Error::other("root cannot run it, and there is no user postgres"))
}

#[cfg(unix)]
fn is_roots(path: &Path) -> io::Result<bool> {
    Ok(std::os::unix::fs::MetadataExt::uid(&fs::metadata(path)?) == 0)
}

#[cfg(not(unix))]
fn is_roots(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Finds a user in the text of `/etc/passwd`.
fn account(accounts: &str, name: &str) -> Option<User> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some(User {
            uid: fields.nth(1)?.parse().ok()?,
            gid: fields.next()?.parse().ok()?,
        })
    })
}

/// A port that nobody listens on at this moment.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_version_that_is_whole_is_taken() {
        let versions = tempfile::tempdir().unwrap();
        assert_eq!(installed(versions.path()), None);
        for (version, whole) in [("9", true), ("15", true), ("17", false), ("common", true)] {
            let programs = versions.path().join(version).join("bin");
            fs::create_dir_all(&programs).unwrap();
            if whole {
                fs::write(programs.join("initdb"), []).unwrap();
            }
        }
        assert_eq!(
            installed(versions.path()),
            Some(versions.path().join("15").join("bin"))
        );
        assert_eq!(installed(&versions.path().join("missing")), None);
    }

    #[test]
    fn user_is_found_by_the_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:8::/:/bin/sh\npostgres:x:105:109:,,,:/var/lib/postgresql:/bin/bash\nbroken\n";
        assert_eq!(account(accounts, "postgres"), Some(User { uid: 105, gid: 109 }));
        assert_eq!(account(accounts, "broken"), None);
        assert_eq!(account(accounts, "nobody"), None);
    }

    #[test]
    fn server_answers_while_it_lives_and_leaves_nothing_behind() {
        let Some(programs) = installed(Path::new(DEBIAN_VERSIONS)) else {
            println!("SKIPPED: server_answers_while_it_lives: PostgreSQL is not installed");
            return;
        };
        let server = Started::start(programs).unwrap();
        let (directory, port) = (server.directory.clone(), server.port);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(!directory.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
