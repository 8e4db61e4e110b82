//! Creating records over HTTP: a server that stores the body of each request, durably, and says so.
//!
//! Requests that wait together are committed together; a thread of its own makes checkpoints. Nothing is judged,
//! signed or derived.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::bench_error::{BenchError, During as _};

/// The first argument by which this program becomes the server; a directory follows.
pub(crate) const ROLE: &str = "limit-http-store";

/// How many requests are committed together: as many as in the engine.
const BATCH_MAX: usize = 256;

type Job = (Bytes, oneshot::Sender<()>);

/// Serves until the process is ended; prints `{"port":…}` once it answers.
pub(crate) fn main(directory: Option<OsString>) -> ExitCode {
    match serve(directory.unwrap_or_default().into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(directory: PathBuf) -> Result<(), BenchError> {
    let path = directory.join("limit.db");
    let connection = open(&path)?;
    let (jobs, queue) = sync_channel(4_096);
    std::thread::spawn(move || write(&connection, &queue));
    std::thread::spawn(move || checkpoint(&path));
    let runtime = tokio::runtime::Runtime::new().during("start threads")?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.during("listen")?;
        println!("{{\"port\":{}}}", listener.local_addr().during("listen")?.port());
        let listener = listener.tap_io(|stream| {
            // Without it answers are only later.
            let _ = stream.set_nodelay(true);
        });
        let router = axum::Router::new()
            .route("/records/create", post(create))
            .with_state(jobs);
        axum::serve(listener, router).await.during("serve")
    })
}

async fn create(State(jobs): State<SyncSender<Job>>, body: Bytes) -> Result<&'static str, StatusCode> {
    let (done, answer) = oneshot::channel();
    jobs.try_send((body, done))
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    answer.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("{}")
}

fn open(path: &std::path::Path) -> Result<Connection, BenchError> {
    let sql = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 5000;
        CREATE TABLE IF NOT EXISTS body (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);";
    let connection = Connection::open(path).during("open the limit's database")?;
    connection
        .execute_batch(sql)
        .during("open the limit's database")?;
    Ok(connection)
}

fn write(connection: &Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH_MAX
            && let Ok(next) = queue.try_recv()
        {
            jobs.push(next);
        }
        if let Err(error) = commit(connection, &jobs) {
            // Its callers see that their requests fail, which ends the measurement.
            eprintln!("error: {error}");
            return;
        }
        for (_, done) in jobs {
            // Whoever hung up need not be told.
            let _ = done.send(());
        }
    }
}

fn commit(connection: &Connection, jobs: &[Job]) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for (body, _) in jobs {
        connection
            .prepare_cached("INSERT INTO body (bytes) VALUES (?1)")?
            .execute([&body[..]])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn checkpoint(path: &std::path::Path) {
    let Ok(connection) = open(path) else { return };
    loop {
        std::thread::sleep(Duration::from_secs(1));
        // One that fails is made up for by the next.
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}
