//! The command that is measured: it reads some accounts, adds up what is on them, and writes to each.

use std::path::Path;
use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, Rejection};
use openprod_events::{
    Actor, CommandId, Envelope, EventRecord, Executor, SqliteStore, StreamId, domain_events,
};
use serde::{Deserialize, Serialize};

use crate::bench_error::{BenchError, During as _};

/// Money that came to an account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deposited {
    account: StreamId,
    amount: u64,
}

domain_events! {
    /// What happens to accounts.
    #[derive(Debug)]
    pub(crate) enum AccountEvent {
        /// Money came to an account.
        Deposited(Deposited) = "money_deposited" version 1,
    }
}

/// Puts an amount on each of some accounts.
#[derive(Serialize)]
pub(crate) struct Deposit {
    pub(crate) accounts: Vec<StreamId>,
    pub(crate) amount: u64,
}

impl Command for Deposit {
    const TYPE: CommandType = CommandType::new("deposit");
    type State = u64;
    type Event = AccountEvent;
    type Answer = ();

    fn streams(&self) -> Vec<StreamId> {
        self.accounts.clone()
    }

    fn apply(&self, balance: &mut u64, AccountEvent::Deposited(event): &AccountEvent, _: &EventRecord) {
        *balance += event.amount;
    }

    fn decide(&self, _: &u64) -> Result<Decision<AccountEvent, ()>, Rejection> {
        let mut decision = Decision::new();
        for account in &self.accounts {
            let event = AccountEvent::Deposited(Deposited {
                account: account.clone(),
                amount: self.amount,
            });
            decision = decision.record(account.clone(), event);
        }
        Ok(decision)
    }
}

/// A store in a directory, and an executor on it.
pub(crate) fn executor(directory: &Path) -> Result<Executor, BenchError> {
    let store = SqliteStore::open(&directory.join("events.db")).during("open an event store")?;
    Ok(Executor::new(Arc::new(store)))
}

/// Envelopes with ids of their own, by number.
pub(crate) fn envelope(number: u64) -> Result<Envelope, BenchError> {
    let actor = Actor::new("bench").during("name an actor")?;
    Ok(Envelope::new(CommandId::from_u128(number.into()), actor))
}

/// The name of an account.
pub(crate) fn account(number: u64) -> String {
    format!("account-{number}")
}

/// The stream of an account.
pub(crate) fn stream(number: u64) -> Result<StreamId, BenchError> {
    StreamId::new(account(number)).during("name a stream")
}
