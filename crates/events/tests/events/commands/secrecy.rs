//! Secrets take part in decisions and go nowhere.

use std::io;
use std::sync::{Arc, Mutex};

use openprod_events::command::{Command, CommandType, Decision, Rejection, Secret};
use openprod_events::commit::RequestHash;
use openprod_events::{
    EventQuery, EventRecord, EventStore, Executor, MemoryStore, Payload, SqliteStore, StreamId, domain_events,
};
use serde::{Deserialize, Serialize};

use super::{envelope, stream};

const SECRET: &str = "correct horse battery staple";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PasswordSet {
    user: String,
    length: usize,
}

domain_events! {
    #[derive(Clone, Debug, PartialEq)]
    enum UserEvent {
        PasswordSet(PasswordSet) = "password_set" version 1,
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SetPassword {
    user: String,
    #[serde(skip_serializing)]
    password: Secret<String>,
}

impl Command for SetPassword {
    const TYPE: CommandType = CommandType::new("set_password");
    type State = ();
    type Event = UserEvent;
    type Answer = usize;

    fn streams(&self) -> Vec<StreamId> {
        vec![stream(&self.user)]
    }

    fn apply(&self, (): &mut (), _: &UserEvent, _: &EventRecord) {}

    fn decide(&self, (): &()) -> Result<Decision<UserEvent, usize>, Rejection> {
        let length = self.password.reveal().len();
        if length < 10 {
            return Err(Rejection::field("password", "is too short"));
        }
        let event = UserEvent::PasswordSet(PasswordSet {
            user: self.user.clone(),
            length,
        });
        Ok(Decision::answering(length).record(stream(&self.user), event))
    }
}

fn command(password: &str) -> SetPassword {
    SetPassword {
        user: "ann".to_owned(),
        password: Secret::new(password.to_owned()),
    }
}

/// Whatever is logged at any level while something happens on an empty store.
pub(crate) fn logged(act: impl FnOnce(Arc<dyn EventStore>)) -> String {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || act(Arc::new(MemoryStore::default())));
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn secret_is_in_no_text_of_a_command() {
    let command = command(SECRET);
    assert!(!format!("{command:?} {command:#?}").contains(SECRET));
    assert!(!serde_json::to_string(&command).unwrap().contains(SECRET));
    let read: SetPassword =
        serde_json::from_str(&format!(r#"{{"user": "ann", "password": "{SECRET}"}}"#)).unwrap();
    assert_eq!(read.password.reveal(), SECRET);
}

#[test]
fn secret_is_no_part_of_the_request_hash() {
    let hash = |password| RequestHash::of("set_password", &Payload::of(&command(password)).unwrap());
    assert_eq!(hash(SECRET), hash("another secret"));
    let executor = Executor::new(Arc::new(MemoryStore::default()));
    executor.execute(&command(SECRET), &envelope(1)).unwrap();
    let again = executor
        .execute(&command("another secret"), &envelope(1))
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.answer, SECRET.len());
}

#[test]
fn secret_is_neither_logged_nor_told() {
    let log = logged(|store| {
        let executor = Executor::new(store);
        executor.execute(&command(SECRET), &envelope(1)).unwrap();
        let error = executor.execute(&command("swordfish"), &envelope(2)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("swordfish"));
    });
    assert!(log.contains("set_password"), "{log}");
    assert!(!log.contains(SECRET) && !log.contains("swordfish"), "{log}");
}

#[test]
fn secret_is_in_no_file_of_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("events.db")).unwrap());
    Executor::new(store.clone())
        .execute(&command(SECRET), &envelope(1))
        .unwrap();
    assert_eq!(store.query(&EventQuery::all()).unwrap().event_records.len(), 1);
    let mut seen = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        seen += usize::from(bytes.windows(12).any(|window| window == b"password_set"));
        assert!(
            !bytes
                .windows(SECRET.len())
                .any(|window| window == SECRET.as_bytes())
        );
    }
    assert!(seen > 0, "the event is in one of the files");
}
