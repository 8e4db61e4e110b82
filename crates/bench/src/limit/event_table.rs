//! A command by hand: the statements that a decision on streams cannot do without, in SQLite, and nothing around them.
//!
//! Each caller reads with a connection of its own. One thread writes; commands that wait together share a transaction, as
//! they do in the store, and another thread makes checkpoints. There is no executor, no envelope, and no error but one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::bench_error::{BenchError, During as _};

/// How many commands share a transaction: as many as in the store.
const GROUP_MAX: usize = 256;

const TABLES: &str = "
    CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE event (seq INTEGER PRIMARY KEY, event_id BLOB NOT NULL, stream_id INTEGER, version INTEGER, payload TEXT);
    CREATE TABLE stream_event (stream_id INTEGER, version INTEGER, seq INTEGER, PRIMARY KEY (stream_id, version)) WITHOUT ROWID;
    CREATE TABLE posting (type_id INTEGER, leaf INTEGER, seq INTEGER, PRIMARY KEY (type_id, leaf, seq)) WITHOUT ROWID;
    CREATE TABLE command (id BLOB PRIMARY KEY, request BLOB, seq INTEGER, result TEXT) WITHOUT ROWID;";

/// A decision that waits to be committed.
struct Job {
    command: [u8; 16],
    request: [u8; 32],
    /// The streams that were read, where they ended, and what each gets.
    writes: Vec<(String, i64, String)>,
    answer: SyncSender<bool>,
}

/// The tables, and the threads that write them.
pub(crate) struct EventTable {
    path: PathBuf,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    checkpointer: Option<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
}

impl EventTable {
    pub(crate) fn create(path: PathBuf) -> Result<Self, BenchError> {
        let connection = open(&path)?;
        connection
            .execute_batch(TABLES)
            .during("make the limit's tables")?;
        let (jobs, queue) = sync_channel(GROUP_MAX);
        let ended = Arc::new(AtomicBool::new(false));
        let (stop, file) = (Arc::clone(&ended), path.clone());
        Ok(Self {
            path,
            jobs: Some(jobs),
            writer: Some(std::thread::spawn(move || write(&connection, &queue))),
            checkpointer: Some(std::thread::spawn(move || checkpoint(&file, &stop))),
            ended,
        })
    }

    /// Somebody who gives commands.
    pub(crate) fn caller(&self) -> Result<Caller, BenchError> {
        Ok(Caller {
            connection: open(&self.path)?,
            jobs: self
                .jobs
                .clone()
                .expect("it is present until the table is dropped"),
        })
    }
}

impl Drop for EventTable {
    fn drop(&mut self) {
        self.jobs = None;
        self.ended.store(true, Ordering::Relaxed);
        for thread in [self.writer.take(), self.checkpointer.take()]
            .into_iter()
            .flatten()
        {
            // Whatever it failed with, the commands of its callers have failed by it.
            let _ = thread.join();
        }
    }
}

/// Gives commands, one after the other.
pub(crate) struct Caller {
    connection: Connection,
    jobs: SyncSender<Job>,
}

impl Caller {
    /// Reads streams, adds up what their events say, and writes an event to each. Fails when one of them has changed.
    pub(crate) fn deposit(
        &self,
        command: [u8; 16],
        streams: &[String],
        amount: u64,
    ) -> Result<(), BenchError> {
        let mut writes = Vec::with_capacity(streams.len());
        let mut balance = 0;
        self.connection
            .prepare_cached("BEGIN")
            .and_then(|mut begin| begin.execute([]))
            .during("read the limit's streams")?;
        for stream in streams {
            let mut statement = self
                .connection
                .prepare_cached(
                    "SELECT e.version, e.payload FROM stream s JOIN stream_event t ON t.stream_id = s.id
                     JOIN event e ON e.seq = t.seq WHERE s.name = ?1 ORDER BY t.version",
                )
                .during("read the limit's streams")?;
            let mut rows = statement.query([stream]).during("read the limit's streams")?;
            let mut version = 0;
            while let Some(row) = rows.next().during("read the limit's streams")? {
                version = row.get(0).during("read the limit's streams")?;
                let payload: String = row.get(1).during("read the limit's streams")?;
                let payload: serde_json::Value =
                    serde_json::from_str(&payload).during("read the limit's streams")?;
                balance += payload["amount"].as_u64().unwrap_or(0);
            }
            let payload = format!("{{\"account\":\"{stream}\",\"amount\":{amount}}}");
            writes.push((stream.clone(), version, payload));
        }
        self.connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]))
            .during("read the limit's streams")?;
        let (answer, answered) = sync_channel(1);
        let request = *blake3::hash(format!("{streams:?} {amount} {}", balance > 0).as_bytes()).as_bytes();
        let job = Job {
            command,
            request,
            writes,
            answer,
        };
        let gone = || BenchError::Wrong("the limit's writer has ended".to_owned());
        self.jobs.send(job).map_err(|_| gone())?;
        if answered.recv().map_err(|_| gone())? {
            Ok(())
        } else {
            Err(BenchError::Wrong("two commands of the limit met".to_owned()))
        }
    }
}

fn open(path: &Path) -> Result<Connection, BenchError> {
    let settings = "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -32768;";
    let connection = Connection::open(path).during("open the limit's database")?;
    connection
        .execute_batch(settings)
        .during("open the limit's database")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn write(connection: &Connection, queue: &Receiver<Job>) {
    let mut head = 0;
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        while jobs.len() < GROUP_MAX
            && let Ok(next) = queue.try_recv()
        {
            jobs.push(next);
        }
        match commit(connection, &jobs, &mut head) {
            Ok(held) => {
                for (job, held) in jobs.iter().zip(held) {
                    // Whoever hung up need not be told.
                    let _ = job.answer.send(held);
                }
            }
            Err(error) => {
                // Its callers see that their commands fail, which ends the measurement.
                eprintln!("error: {error}");
                return;
            }
        }
    }
}

/// Commits a group; gives for each command whether it held.
fn commit(connection: &Connection, jobs: &[Job], head: &mut i64) -> Result<Vec<bool>, rusqlite::Error> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| connection.prepare_cached(sql)?.execute(values);
    run("BEGIN IMMEDIATE", &[])?;
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        results.push(apply(connection, job, head)?);
    }
    run("COMMIT", &[])?;
    Ok(results)
}

fn apply(connection: &Connection, job: &Job, head: &mut i64) -> Result<bool, rusqlite::Error> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT seq FROM command WHERE id = ?1")?
        .query_row([&job.command[..]], |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(true);
    }
    let mut ids = Vec::with_capacity(job.writes.len());
    for (stream, expected, _) in &job.writes {
        let id: Option<i64> = connection
            .prepare_cached("SELECT id FROM stream WHERE name = ?1")?
            .query_row([stream], |row| row.get(0))
            .optional()?;
        let id = match id {
            Some(id) => id,
            None => {
                connection
                    .prepare_cached("INSERT INTO stream (name) VALUES (?1)")?
                    .execute([stream])?;
                connection.last_insert_rowid()
            }
        };
        let version: i64 = connection
            .prepare_cached("SELECT coalesce(max(version), 0) FROM stream_event WHERE stream_id = ?1")?
            .query_row([id], |row| row.get(0))?;
        if version != *expected {
            return Ok(false);
        }
        ids.push(id);
    }
    for ((stream, version, payload), id) in job.writes.iter().zip(ids) {
        *head += 1;
        connection
            .prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![*head, &job.command[..], id, version + 1, payload])?;
        connection
            .prepare_cached("INSERT INTO stream_event VALUES (?1, ?2, ?3)")?
            .execute(params![id, version + 1, *head])?;
        // One for each scalar of the payload and one for the type.
        let hash = blake3::hash(stream.as_bytes());
        let mut leaf = [0; 8];
        leaf.copy_from_slice(&hash.as_bytes()[..8]);
        for leaf in [i64::from_be_bytes(leaf), 7, 0] {
            connection
                .prepare_cached("INSERT INTO posting VALUES (1, ?1, ?2)")?
                .execute(params![leaf, *head])?;
        }
    }
    connection
        .prepare_cached("INSERT INTO command VALUES (?1, ?2, ?3, 'null')")?
        .execute(params![&job.command[..], &job.request[..], *head])?;
    Ok(true)
}

fn checkpoint(path: &Path, ended: &AtomicBool) {
    let Ok(connection) = open(path) else { return };
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(250));
        // One that fails is made up for by the next.
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}
