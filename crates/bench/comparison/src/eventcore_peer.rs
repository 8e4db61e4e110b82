//! eventcore-sqlite: commands on streams. Its constructor sets a write-ahead log and leaves `synchronous` as SQLite has it,
//! which is FULL: a commit is flushed before it returns. It knows no contexts of payloads.

use std::time::Instant;

use eventcore::{
    CommandError, CommandLogic, CommandStreams, Event, NewEvents, RetryPolicy, StreamDeclarations, StreamId,
};
use eventcore_sqlite::{SqliteConfig, SqliteEventStore};
use eventcore_types::{
    BatchSize, EventFilter, EventPage, EventReader as _, EventStore as _, StreamVersion, StreamWrites,
};
use serde::{Deserialize, Serialize};

use crate::{ACCOUNTS, Failure, Task, Work};

/// How many events a batch has while the log is made, and a page when it is read.
const BATCH: u64 = 1_000;

/// Money that came to an account.
#[derive(Clone, Serialize, Deserialize)]
struct Deposited {
    account: StreamId,
    amount: u64,
}

impl Event for Deposited {
    fn stream_id(&self) -> &StreamId {
        &self.account
    }

    fn event_type_name() -> &'static str {
        "money_deposited"
    }
}

/// Puts an amount on an account.
struct Deposit {
    account: StreamId,
    amount: u64,
}

impl CommandStreams for Deposit {
    fn stream_declarations(&self) -> StreamDeclarations {
        StreamDeclarations::single(self.account.clone())
    }
}

impl CommandLogic for Deposit {
    type Event = Deposited;
    type State = u64;

    fn apply(&self, balance: u64, event: &Deposited) -> u64 {
        balance + event.amount
    }

    fn handle(&self, _: u64) -> Result<NewEvents<Deposited>, CommandError> {
        Ok(NewEvents::from(vec![Deposited {
            account: self.account.clone(),
            amount: self.amount,
        }]))
    }
}

/// Does the work; gives how many calls a second, or events when it reads.
pub(crate) fn run(task: &Task<'_>) -> Result<f64, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work(task))
}

async fn work(task: &Task<'_>) -> Result<f64, Failure> {
    let store = SqliteEventStore::new(SqliteConfig {
        path: task.directory.join("eventcore.db"),
        encryption_key: None,
    })?;
    store.migrate().await?;
    fill(&store, task.stored).await?;
    let started = Instant::now();
    let done = match task.work {
        Work::Command => {
            for call in 0..task.calls {
                let deposit = Deposit {
                    account: account(call)?,
                    amount: 7,
                };
                eventcore::execute(&store, deposit, RetryPolicy::new())
                    .await
                    .map_err(|error| error.to_string())?;
            }
            task.calls
        }
        Work::Read => {
            let mut page = EventPage::first(BatchSize::new(BATCH as usize));
            let mut read = 0;
            loop {
                let found = store.read_events::<Deposited>(EventFilter::all(), page).await?;
                read += found.len() as u64;
                match page.next_from_results(&found) {
                    Some(next) => page = next,
                    None => break read,
                }
            }
        }
        Work::AppendIf => return Err("eventcore has no contexts of payloads".into()),
    };
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

/// Writes so many events, each to the next account.
async fn fill(store: &SqliteEventStore, stored: u64) -> Result<(), Failure> {
    for batch in 0..stored.div_ceil(BATCH) {
        let mut writes = StreamWrites::new();
        for number in batch * BATCH..((batch + 1) * BATCH).min(stored) {
            let account = account(number)?;
            // A batch goes once round the accounts, so each has as many events as there were batches.
            let version = StreamVersion::new(usize::try_from(batch)?);
            let event = Deposited {
                account: account.clone(),
                amount: 7,
            };
            writes = writes
                .register_stream(account, version)
                .and_then(|writes| writes.append(event))?;
        }
        store.append_events(writes).await?;
    }
    Ok(())
}

fn account(number: u64) -> Result<StreamId, Failure> {
    let name = format!("account-{}", number * 7_919 % ACCOUNTS);
    StreamId::try_new(name).map_err(|error| error.to_string().into())
}
