//! An engine, or a limit server, as a process of its own: this program again, in another role.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::bench_error::{BenchError, During as _};
use crate::rig::http_client::HttpClient;

/// The first argument by which this program becomes `openprod`; those that follow are `openprod`'s.
pub(crate) const ENGINE_ROLE: &str = "engine";

/// What a server says once it answers.
#[derive(Deserialize)]
struct Ready {
    port: u16,
    #[serde(default)]
    token: String,
    #[serde(default)]
    sync_port: u16,
}

/// A server; it is told to end when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// The server itself, which another program may have started for us.
    pid: u32,
    ready: Ready,
}

/// What a process takes, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// What is in memory now.
    pub(crate) resident: f64,
    /// The part of it that is no file's.
    pub(crate) anonymous: f64,
    /// The most that ever was in memory.
    pub(crate) peak: f64,
}

impl Process {
    /// An engine on a data directory.
    pub(crate) fn engine(data: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new(std::env::current_exe().during("find this program")?);
        add_engine_arguments(&mut command, data);
        Self::start(command)
    }

    /// An engine on a data directory under `strace`, which writes each flush to a file. The data directory must be
    /// new to the engine.
    pub(crate) fn engine_traced(data: &Path, trace: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-o"])
            .arg(trace);
        command.arg(std::env::current_exe().during("find this program")?);
        add_engine_arguments(&mut command, data);
        let mut process = Self::start(command)?;
        let file = std::fs::read(data.join("engine.json")).during("read engine.json")?;
        let file: serde_json::Value = serde_json::from_slice(&file).during("read engine.json")?;
        let pid = file["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        process.pid = pid.ok_or_else(|| BenchError::Wrong("engine.json names no process".to_owned()))?;
        Ok(process)
    }

    /// A limit server on a directory.
    pub(crate) fn limit(role: &str, directory: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new(std::env::current_exe().during("find this program")?);
        command.arg(role).arg(directory);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self, BenchError> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .during("start a server")?;
        let stdout = child.stdout.take().expect("it was asked for");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .during("wait for a server")?;
        let ready = serde_json::from_str(&line).during("wait for a server")?;
        let pid = child.id();
        Ok(Self { child, pid, ready })
    }

    /// Where it waits for members.
    pub(crate) const fn sync_address(&self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), self.ready.sync_port)
    }

    pub(crate) async fn client(&self) -> Result<HttpClient, BenchError> {
        HttpClient::connect((Ipv4Addr::LOCALHOST, self.ready.port).into(), &self.ready.token).await
    }

    /// The threads of this name, by the system's numbers.
    pub(crate) fn threads(&self, name: &str) -> Result<Vec<u32>, BenchError> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid)).during("list threads")?;
        let is_named =
            |path: &Path| std::fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
        let named = tasks
            .filter_map(|task| Some(task.ok()?.path()))
            .filter(|path| is_named(path));
        Ok(named
            .filter_map(|path| path.file_name()?.to_str()?.parse().ok())
            .collect())
    }

    /// What it takes now.
    pub(crate) fn taken(&self) -> Result<Taken, BenchError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))
            .during("read what a process takes")?;
        let field = |name: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
            let missing = || BenchError::Wrong(format!("the system does not tell {name}"));
            Ok(kibibytes.ok_or_else(missing)? / 1_024.0)
        };
        Ok(Taken {
            resident: field("VmRSS")?,
            anonymous: field("RssAnon")?,
            peak: field("VmHWM")?,
        })
    }

    /// Ends it and waits until it is gone.
    pub(crate) fn stop(mut self) -> Result<(), BenchError> {
        self.tell_to_end();
        self.child.wait().during("wait for a server to end")?;
        Ok(())
    }

    fn tell_to_end(&mut self) {
        let told = Command::new("kill")
            .arg(self.pid.to_string())
            .stderr(Stdio::null())
            .status();
        if !told.is_ok_and(|status| status.success()) {
            // It ended by itself, or there is no such program here.
            let _ = self.child.kill();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.tell_to_end();
            let _ = self.child.wait();
        }
    }
}

fn add_engine_arguments(command: &mut Command, data: &Path) {
    command
        .args([
            ENGINE_ROLE,
            "serve",
            "--no-mdns",
            "--ready-json",
            "--name",
            "bench",
            "--data",
        ])
        .arg(data);
}
