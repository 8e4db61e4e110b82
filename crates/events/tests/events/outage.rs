//! A PostgreSQL server that goes away and comes back. Between store and server stands a wire that can be cut: at once,
//! or at the very moment at which a commit is under way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use openprod_events::{
    AppendError, CommandId, Commit, EventQuery, EventStore, EventType, NewEvent, Payload, PostgresConfig,
    PostgresStore, RequestHash, SequenceNumber, StoreError, StreamId,
};
use serde_json::json;

use crate::server;

/// What the wire does.
pub(crate) const PASS: u8 = 0;
/// It takes no connection, and has dropped those it had.
pub(crate) const CUT: u8 = 1;
/// It drops a connection in place of passing on its commit.
const CUT_BEFORE_COMMIT: u8 = 2;
/// It passes a commit on and drops the connection in place of the answer.
pub(crate) const CUT_AFTER_COMMIT: u8 = 3;
/// It drops a connection that inserts events, in the middle of the transaction.
const CUT_AT_INSERT: u8 = 4;

/// How a commit reads on the wire; the beginning of a transaction names it too, and goes on.
const COMMIT: &str = "COMMIT\0";

/// A wire to the server at `target`.
pub(crate) struct Wire {
    port: u16,
    mode: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    pub(crate) fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            mode: Arc::default(),
            open: Arc::default(),
        };
        let (mode, open) = (Arc::clone(&wire.mode), Arc::clone(&wire.open));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                if mode.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                let server = TcpStream::connect(&target).unwrap();
                open.lock()
                    .unwrap()
                    .extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let answered = Arc::new(AtomicU8::new(PASS));
                let (mode, state) = (Arc::clone(&mode), Arc::clone(&answered));
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pump_requests(from, to, &mode, &state));
                std::thread::spawn(move || pump_answers(server, client, &answered));
            }
        });
        wire
    }

    /// The same database, by way of the wire.
    pub(crate) fn url(&self, direct: &PostgresConfig) -> String {
        let driver: postgres::Config = direct.url.parse().unwrap();
        format!(
            "postgres://{}@127.0.0.1:{}/{}",
            driver.get_user().unwrap(),
            self.port,
            driver.get_dbname().unwrap()
        )
    }

    pub(crate) fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
        if mode == CUT {
            for stream in self.open.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Whether a message to the server holds these words; such short ones come in one piece.
fn says(message: &[u8], words: &str) -> bool {
    message
        .windows(words.len())
        .any(|window| window == words.as_bytes())
}

fn pump_requests(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8, answered: &AtomicU8) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let message = &buffer[..count];
        let asked = mode.load(Ordering::SeqCst);
        let cut = match asked {
            CUT_BEFORE_COMMIT => says(message, COMMIT),
            CUT_AT_INSERT => says(message, "INSERT INTO posting"),
            _ => false,
        };
        if cut {
            break;
        }
        if asked == CUT_AFTER_COMMIT && says(message, COMMIT) {
            answered.store(CUT_AFTER_COMMIT, Ordering::SeqCst);
        }
        if to.write_all(message).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn pump_answers(mut from: TcpStream, mut to: TcpStream, answered: &AtomicU8) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if answered.load(Ordering::SeqCst) == CUT_AFTER_COMMIT || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A store behind a wire, and the settings of one that reaches the server directly.
fn behind_wire(test: &str) -> Option<(PostgresStore, Wire, PostgresConfig)> {
    let (wired, wire, direct) = wired(test)?;
    Some((PostgresStore::open(&wired).unwrap(), wire, direct))
}

/// Settings that lead to a schema of its own by way of a wire, the wire, and settings that lead there directly.
pub(crate) fn wired(test: &str) -> Option<(PostgresConfig, Wire, PostgresConfig)> {
    let direct = server::fresh(&server::url(test)?);
    let driver: postgres::Config = direct.url.parse().unwrap();
    let postgres::config::Host::Tcp(host) = &driver.get_hosts()[0] else {
        panic!("the tests reach the server by TCP");
    };
    let port = driver.get_ports().first().copied().unwrap_or(5432);
    let wire = Wire::to(format!("{host}:{port}"));
    let mut wired = direct.clone();
    wired.url = wire.url(&direct);
    wired.connect_ms_max = NonZeroU64::new(2_000).unwrap();
    Some((wired, wire, direct))
}

fn event(n: u64) -> NewEvent {
    NewEvent::new(
        EventType::new("happened").unwrap(),
        Payload::new(json!({ "n": n })).unwrap(),
    )
    .in_stream(StreamId::new("s").unwrap())
}

fn command(n: u64) -> Commit {
    let input = Payload::new(json!(n)).unwrap();
    Commit::new(vec![event(n), event(n)]).for_command(
        CommandId::from_u128(u128::from(n)),
        RequestHash::of("c", &input),
        input,
    )
}

#[test]
fn server_that_goes_away_is_a_typed_error_and_works_again_after() {
    let Some((store, wire, _)) = behind_wire("server_that_goes_away_is_a_typed_error_and_works_again_after")
    else {
        return;
    };
    store.append(vec![event(1)]).unwrap();
    for round in 2..5 {
        wire.set(CUT);
        let error = store.append(vec![event(round)]).unwrap_err();
        assert!(
            matches!(error, AppendError::Store(StoreError::Unavailable(_))),
            "{error:?}"
        );
        let error = store.query(&EventQuery::all()).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        wire.set(PASS);
        let told = store.append(vec![event(round)]).unwrap();
        assert_eq!(told.first_sequence_number, SequenceNumber(round));
    }
}

#[test]
fn connections_that_died_in_the_pool_are_replaced_unseen() {
    let Some((store, wire, _)) = behind_wire("connections_that_died_in_the_pool_are_replaced_unseen") else {
        return;
    };
    store.append(vec![event(1)]).unwrap();
    // The server was away and is back before anybody asked.
    wire.set(CUT);
    wire.set(PASS);
    store.append(vec![event(2)]).unwrap();
    wire.set(CUT);
    wire.set(PASS);
    assert_eq!(store.head().unwrap(), Some(SequenceNumber(2)));
}

#[test]
fn server_that_goes_away_inside_a_commit_has_written_nothing() {
    let Some((store, wire, direct)) =
        behind_wire("server_that_goes_away_inside_a_commit_has_written_nothing")
    else {
        return;
    };
    let wired = wire.url(&direct);
    let watcher = PostgresStore::open(&direct).unwrap();
    store.commit(command(1)).unwrap();
    for (mode, unknown) in [(CUT_AT_INSERT, false), (CUT_BEFORE_COMMIT, true)] {
        // Statements are known by number once they are prepared, so a store that has prepared none is watched.
        let mut config = direct.clone();
        config.url = wired.clone();
        let fresh = PostgresStore::open(&config).unwrap();
        wire.set(mode);
        let error = fresh.commit(command(2)).unwrap_err();
        let AppendError::Store(error) = error else {
            panic!("the wire was cut, and the store says {error:?}");
        };
        assert_eq!(
            matches!(error, StoreError::OutcomeUnknown(_)),
            unknown,
            "{error:?}"
        );
        assert_eq!(
            watcher.head().unwrap(),
            Some(SequenceNumber(2)),
            "nothing was written"
        );
        wire.set(PASS);
    }
    assert!(!store.commit(command(2)).unwrap().repeated);
    assert_eq!(watcher.head().unwrap(), Some(SequenceNumber(4)));
}

#[test]
fn lost_answer_of_a_commit_is_told_as_such_and_found_out_by_giving_the_command_again() {
    let name = "lost_answer_of_a_commit_is_told_as_such_and_found_out_by_giving_the_command_again";
    let Some((store, wire, direct)) = behind_wire(name) else {
        return;
    };
    let direct = PostgresStore::open(&direct).unwrap();
    store.commit(command(1)).unwrap();
    wire.set(CUT_AFTER_COMMIT);
    let error = store.commit(command(2)).unwrap_err();
    assert!(
        matches!(error, AppendError::Store(StoreError::OutcomeUnknown(_))),
        "{error:?}"
    );
    wire.set(PASS);
    // The server may still be at it; a commit of our own waits for its lock.
    let again = store.commit(command(2)).unwrap();
    assert!(again.repeated, "it had happened");
    assert_eq!(direct.head().unwrap(), Some(SequenceNumber(4)));
}
