//! A log of many events, made from a seed, in the store and by hand: what the read benches read.

use std::path::{Path, PathBuf};
use std::time::Instant;

use openprod_events::{
    EventFilter, EventQuery, EventStore as _, EventType, NewEvent, Payload, PayloadPredicate, SqliteStore,
};
use serde_json::json;

use crate::bench_error::{BenchError, During as _};
use crate::limit::event_rows::{EventRows, Row};

/// How many events a commit has while the log is made.
const COMMIT_EVENTS: u64 = 50_000;

/// How many kinds of events there are.
const TYPES: u64 = 4;

/// How many events a key has, on the average.
const EVENTS_PER_KEY: u64 = 10;

const NOTE: &str = "paid at the counter";

/// The list by hand that has every event of a type.
const EVERY: i64 = 0;

/// A store, and how it was filled.
pub(crate) struct Log {
    pub(crate) store: SqliteStore,
    /// The same events by hand, where these are wanted.
    pub(crate) by_hand: Option<EventRows>,
    pub(crate) path: PathBuf,
    pub(crate) events: u64,
    keys: u64,
}

/// How many events a second were written, a commit after the other.
#[derive(Default)]
pub(crate) struct Rates {
    pub(crate) ours: Vec<f64>,
    pub(crate) by_hand: Vec<f64>,
}

impl Log {
    /// An empty log that is to have `events` events, so that keys are spread over all of them.
    pub(crate) fn create(directory: &Path, events: u64, by_hand: bool) -> Result<Self, BenchError> {
        let path = directory.join(format!("log-{events}.db"));
        let by_hand = by_hand
            .then(|| EventRows::create(&directory.join(format!("hand-{events}.db"))))
            .transpose()?;
        Ok(Self {
            store: SqliteStore::open(&path).during("open an event store")?,
            by_hand,
            path,
            events: 0,
            keys: (events / EVENTS_PER_KEY).max(1),
        })
    }

    /// Appends until there are `events` events, to both in turns. Making payloads is part of ours, and making rows and
    /// hashes of them part of what is done by hand.
    pub(crate) fn fill(&mut self, events: u64, rates: &mut Rates) -> Result<(), BenchError> {
        while self.events < events {
            let numbers = self.events..(self.events + COMMIT_EVENTS).min(events);
            let count = (numbers.end - numbers.start) as f64;
            let started = Instant::now();
            let batch: Result<Vec<_>, _> = numbers.clone().map(|n| self.event(n)).collect();
            self.store.append(batch?).during("fill an event store")?;
            rates.ours.push(count / started.elapsed().as_secs_f64());
            if let Some(mut by_hand) = self.by_hand.take() {
                let started = Instant::now();
                let rows: Vec<_> = numbers.clone().map(|n| self.row(n)).collect();
                by_hand.append(&rows)?;
                rates.by_hand.push(count / started.elapsed().as_secs_f64());
                self.by_hand = Some(by_hand);
            }
            self.events = numbers.end;
        }
        Ok(())
    }

    fn event(&self, n: u64) -> Result<NewEvent, BenchError> {
        let value = json!({"key": self.key(n), "amount": scattered(n) % 1_000, "note": NOTE});
        let payload = Payload::new(value).during("write a payload")?;
        let name = format!("kind_{}", kind(n));
        let event_type = EventType::new(name).during("name an event type")?;
        Ok(NewEvent::new(event_type, payload))
    }

    /// The same event by hand.
    pub(crate) fn row(&self, n: u64) -> Row {
        let (key, amount) = (self.key(n), scattered(n) % 1_000);
        let leaves = [
            EVERY,
            leaf("key", &key),
            leaf("amount", &amount.to_string()),
            leaf("note", NOTE),
        ];
        Row {
            type_id: kind(n) as i64,
            payload: format!(r#"{{"amount":{amount},"key":"{key}","note":"{NOTE}"}}"#),
            leaves,
        }
    }

    fn key(&self, n: u64) -> String {
        format!("account-{}", scattered(n) % self.keys)
    }

    /// The context of the type and the key of event `n`, and a fact that belongs to it.
    pub(crate) fn context(&self, n: u64) -> Result<(EventQuery, NewEvent), BenchError> {
        let fact = self.event(n)?;
        let pattern = PayloadPredicate::new(json!({"key": self.key(n)})).during("write a pattern")?;
        let filter = EventFilter::of_types([fact.event_type.clone()]).matching([pattern]);
        Ok((EventQuery::any_of([filter]), fact))
    }

    /// The same context by hand: a type, a list, and what a payload of it has inside.
    pub(crate) fn list(&self, n: u64) -> (i64, i64, String) {
        let key = self.key(n);
        (kind(n) as i64, leaf("key", &key), format!("\"key\":\"{key}\""))
    }
}

const fn kind(n: u64) -> u64 {
    scattered(n + 1) % TYPES
}

/// What a member and its value are listed under by hand.
fn leaf(name: &str, value: &str) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(value.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_be_bytes(bytes)
}

/// A number that looks like chance and is the same each time (splitmix64).
pub(crate) const fn scattered(n: u64) -> u64 {
    let mut mixed = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
