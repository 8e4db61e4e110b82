//! Receiving bundles: read them from a socket, check one signature each, write the bytes and what they set.
//!
//! One thread sends, one reads and verifies, one writes to SQLite: the two that count have a core each. The key of
//! the author is prepared once, nothing is kept of causality, and nothing is read back.

use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use ed25519_dalek::VerifyingKey;
use openprod_core::{ActorId, VerifiedBundle};
use rusqlite::{Connection, params};

use crate::bench_error::{BenchError, During as _};
use crate::limit::decoded_bundle::DecodedBundle;

/// How many bytes of bundles are committed together: as many as the engine puts into a batch.
const BATCH_BYTES: usize = 256 << 10;

/// How many batches may wait for the writer.
const BATCHES_MAX: usize = 2;

/// What is written beside the bytes of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Derived {
    /// A row for each operation.
    Operations,
    /// A row for each bundle: of a record, which all its operations are about.
    Records,
}

/// Makes the database, or opens it.
pub(crate) fn open(directory: &Path) -> Result<Connection, BenchError> {
    let sql = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA cache_size = -8192;
        CREATE TABLE IF NOT EXISTS bundle (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS field (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";
    let connection = Connection::open(directory.join("limit.db")).during("open the limit's database")?;
    connection
        .execute_batch(sql)
        .during("open the limit's database")?;
    Ok(connection)
}

/// Sends bundles over loopback and takes them in, durably.
pub(crate) fn catch_up(
    connection: &mut Connection,
    bundles: &[VerifiedBundle],
    author: ActorId,
    derived: Derived,
) -> Result<(), BenchError> {
    let listener = TcpListener::bind("127.0.0.1:0").during("listen")?;
    let address = listener.local_addr().during("listen")?;
    let (batches, written) = sync_channel(BATCHES_MAX);
    std::thread::scope(|scope| {
        let sending = scope.spawn(move || send(&TcpStream::connect(address).during("connect")?, bundles));
        let reading = scope.spawn(move || {
            let (stream, _) = listener.accept().during("accept")?;
            receive(stream, author, &batches)
        });
        let outcome = write(connection, &written, derived);
        // A reader that waits for room must not wait for ever when writing failed.
        drop(written);
        for thread in [sending, reading] {
            thread
                .join()
                .map_err(|_| BenchError::Wrong("a thread of the limit program broke off".to_owned()))??;
        }
        outcome
    })
}

fn send(stream: &TcpStream, bundles: &[VerifiedBundle]) -> Result<(), BenchError> {
    let mut out = BufWriter::with_capacity(BATCH_BYTES, stream);
    for bundle in bundles {
        let bytes = bundle.bytes();
        out.write_all(&(bytes.len() as u32).to_le_bytes())
            .during("send")?;
        out.write_all(bytes).during("send")?;
    }
    out.flush().during("send")
}

fn receive(stream: TcpStream, author: ActorId, batches: &SyncSender<Vec<Vec<u8>>>) -> Result<(), BenchError> {
    let key = VerifyingKey::from_bytes(author.as_bytes()).during("prepare the author's key")?;
    let mut input = BufReader::with_capacity(BATCH_BYTES, stream);
    let (mut batch, mut size) = (Vec::new(), 0);
    let mut length = [0; 4];
    let gone = || BenchError::Wrong("the writer of the limit program broke off".to_owned());
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes).during("receive")?;
        DecodedBundle::read(&bytes)?.verify(&key)?;
        size += bytes.len();
        batch.push(bytes);
        if size >= BATCH_BYTES {
            batches.send(std::mem::take(&mut batch)).map_err(|_| gone())?;
            size = 0;
        }
    }
    batches.send(batch).map_err(|_| gone())
}

/// Writes batches of bundles, one transaction each, as they come.
pub(crate) fn write(
    connection: &mut Connection,
    batches: &Receiver<Vec<Vec<u8>>>,
    derived: Derived,
) -> Result<(), BenchError> {
    while let Ok(batch) = batches.recv() {
        let transaction = connection.transaction().during("write")?;
        {
            let mut append = transaction
                .prepare_cached("INSERT INTO bundle (bytes) VALUES (?1)")
                .during("write")?;
            let upsert = "INSERT OR REPLACE INTO field (key, value) VALUES (?1, ?2)";
            let mut upsert = transaction.prepare_cached(upsert).during("write")?;
            for bytes in &batch {
                append.execute([bytes]).during("write")?;
                let upserts = DecodedBundle::read(bytes)?.upserts()?;
                match derived {
                    Derived::Operations => {
                        for (key, value) in upserts {
                            upsert.execute(params![key, value]).during("write")?;
                        }
                    }
                    Derived::Records => {
                        let values: Vec<_> = upserts
                            .iter()
                            .flat_map(|(key, value)| [&key[16..], value])
                            .collect();
                        if let Some((key, _)) = upserts.first() {
                            upsert
                                .execute(params![&key[..16], values.concat()])
                                .during("write")?;
                        }
                    }
                }
            }
        }
        transaction.commit().during("write")?;
    }
    Ok(())
}
