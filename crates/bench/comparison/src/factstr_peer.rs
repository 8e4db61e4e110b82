//! factstr-sqlite: facts without streams, and contexts of types and payloads. Its constructor sets a write-ahead log and
//! `synchronous=FULL`: an append is flushed before it returns.

use std::time::Instant;

use factstr::{EventFilter, EventQuery, EventStore as _, NewEvent};
use factstr_sqlite::SqliteStore;
use serde_json::json;

use crate::{ACCOUNTS, Failure, Task, Work};

/// How many events a batch has while the log is made.
const BATCH: u64 = 1_000;

/// Does the work; gives how many calls a second, or events when it reads.
pub(crate) fn run(task: &Task<'_>) -> Result<f64, Failure> {
    let store = SqliteStore::open(task.directory.join("factstr.db"))?;
    let mut made = 0;
    while made < task.stored {
        let until = (made + BATCH).min(task.stored);
        store.append((made..until).map(event).collect()).map_err(failed)?;
        made = until;
    }
    let started = Instant::now();
    let done = match task.work {
        // There are no streams: the account is a member of the payload, and its facts are the context.
        Work::Command | Work::AppendIf => {
            for call in 0..task.calls {
                let query = context(call);
                let seen = store.query(&query).map_err(failed)?;
                let _balance: u64 = seen
                    .event_records
                    .iter()
                    .filter_map(|record| record.payload["amount"].as_u64())
                    .sum();
                store
                    .append_if(vec![event(call)], &query, seen.current_context_version)
                    .map_err(failed)?;
            }
            task.calls
        }
        Work::Read => store
            .query(&EventQuery::all())
            .map_err(failed)?
            .event_records
            .len() as u64,
    };
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

fn account(number: u64) -> String {
    format!("account-{}", number * 7_919 % ACCOUNTS)
}

fn event(number: u64) -> NewEvent {
    NewEvent::new(
        "money_deposited",
        json!({"account": account(number), "amount": 7}),
    )
}

fn context(number: u64) -> EventQuery {
    let filter = EventFilter::for_event_types(["money_deposited"])
        .with_payload_predicates([json!({"account": account(number)})]);
    EventQuery::all().with_filters([filter])
}

fn failed(error: factstr::EventStoreError) -> Failure {
    error.to_string().into()
}
