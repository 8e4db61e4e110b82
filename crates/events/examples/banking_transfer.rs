//! Money between accounts: a decision on three streams, taken and committed as one.
//!
//! ```sh
//! cargo run -p openprod-events --example banking_transfer
//! ```

#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, Envelope, Permission, Rejection, Violations};
use openprod_events::executor::Roles;
use openprod_events::field::{Currency, Key, Kind, Money};
use openprod_events::{
    Actor, CommandError, EventQuery, EventRecord, EventStore, Executor, RetryPolicy, SqliteStore, StreamId,
    SystemIdSource, domain_events,
};
use serde::{Deserialize, Serialize};

enum Account {}
impl Kind for Account {
    const NAME: &'static str = "account";
}

enum Transfer {}
impl Kind for Transfer {
    const NAME: &'static str = "transfer";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Opened {
    account: Key<Account>,
    balance: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Moved {
    account: Key<Account>,
    transfer: Key<Transfer>,
    amount: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Completed {
    transfer: Key<Transfer>,
}

domain_events! {
    /// What happens at the bank.
    #[derive(Clone, Debug, PartialEq)]
    enum BankEvent {
        /// An account was opened.
        Opened(Opened) = "account_opened" version 1,
        /// Money left an account.
        Withdrawn(Moved) = "money_withdrawn" version 1,
        /// Money came to an account.
        Deposited(Moved) = "money_deposited" version 1,
        /// Both halves of a transfer are done.
        Completed(Completed) = "transfer_completed" version 1,
    }
}

#[derive(Serialize)]
struct OpenAccount {
    account: Key<Account>,
    balance: Money,
}

impl Command for OpenAccount {
    const TYPE: CommandType = CommandType::new("open_account");
    type State = bool;
    type Event = BankEvent;
    type Answer = ();

    fn streams(&self) -> Vec<StreamId> {
        vec![self.account.stream()]
    }

    fn apply(&self, is_open: &mut bool, _: &BankEvent, _: &EventRecord) {
        *is_open = true;
    }

    fn decide(&self, is_open: &bool) -> Result<Decision<BankEvent, ()>, Rejection> {
        if *is_open {
            return Err(Rejection::invalid_state(
                format!("account {}", self.account),
                "is open already",
            ));
        }
        let opened = Opened {
            account: self.account.clone(),
            balance: self.balance,
        };
        Ok(Decision::new().record(self.account.stream(), BankEvent::Opened(opened)))
    }
}

#[derive(Serialize)]
struct TransferMoney {
    transfer: Key<Transfer>,
    from: Key<Account>,
    to: Key<Account>,
    amount: Money,
}

/// What a transfer is decided on, and nothing else.
#[derive(Default)]
struct Balances {
    from: Option<Money>,
    to: Option<Money>,
    completed: bool,
}

impl TransferMoney {
    const PERMISSION: Permission = Permission::new("accounts.transfer");

    fn balance<'s>(&self, state: &'s mut Balances, account: &Key<Account>) -> &'s mut Option<Money> {
        if *account == self.from {
            &mut state.from
        } else {
            &mut state.to
        }
    }
}

impl Command for TransferMoney {
    const TYPE: CommandType = CommandType::new("transfer_money");
    type State = Balances;
    type Event = BankEvent;
    /// What is left on the account that paid.
    type Answer = Money;

    fn permission(&self) -> Option<Permission> {
        Some(Self::PERMISSION)
    }

    fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::none();
        violations.require(self.from != self.to, "to", "is the account that pays");
        violations.require(!self.amount.is_zero(), "amount", "is nothing");
        violations.into_result()
    }

    fn streams(&self) -> Vec<StreamId> {
        vec![self.from.stream(), self.to.stream(), self.transfer.stream()]
    }

    fn apply(&self, state: &mut Balances, event: &BankEvent, _: &EventRecord) {
        match event {
            BankEvent::Opened(opened) => *self.balance(state, &opened.account) = Some(opened.balance),
            BankEvent::Withdrawn(moved) => {
                let balance = self.balance(state, &moved.account);
                *balance = balance.and_then(|money| money.minus(moved.amount).ok().flatten());
            }
            BankEvent::Deposited(moved) => {
                let balance = self.balance(state, &moved.account);
                *balance = balance.and_then(|money| money.plus(moved.amount).ok());
            }
            BankEvent::Completed(_) => state.completed = true,
        }
    }

    fn decide(&self, state: &Balances) -> Result<Decision<BankEvent, Money>, Rejection> {
        let missing = |account: &Key<Account>| Rejection::not_found(format!("account {account}"));
        let from = state.from.ok_or_else(|| missing(&self.from))?;
        let to = state.to.ok_or_else(|| missing(&self.to))?;
        if state.completed {
            return Err(Rejection::invalid_state(
                format!("transfer {}", self.transfer),
                "is completed",
            ));
        }
        let wrong = |error: openprod_events::field::FieldError| Rejection::field("amount", error.to_string());
        let left = from.minus(self.amount).map_err(wrong)?;
        let left = left.ok_or_else(|| {
            Rejection::rule(
                "insufficient_funds",
                format!("{} has {from}, and not {}", self.from, self.amount),
            )
        })?;
        to.plus(self.amount).map_err(wrong)?;
        let moved = |account: &Key<Account>| Moved {
            account: account.clone(),
            transfer: self.transfer.clone(),
            amount: self.amount,
        };
        let completed = Completed {
            transfer: self.transfer.clone(),
        };
        Ok(Decision::answering(left)
            .record(self.from.stream(), BankEvent::Withdrawn(moved(&self.from)))
            .record(self.to.stream(), BankEvent::Deposited(moved(&self.to)))
            .record(self.transfer.stream(), BankEvent::Completed(completed)))
    }
}

/// All money of the bank, added up from what happened.
fn total(store: &dyn EventStore) -> Result<i64, Box<dyn Error>> {
    let mut total = 0;
    for record in store.query(&EventQuery::all())?.event_records {
        let units = |member: &str| record.payload.value()[member]["units"].as_i64().unwrap_or(0);
        total += match record.event_type.as_str() {
            "account_opened" => units("balance"),
            "money_withdrawn" => -units("amount"),
            "money_deposited" => units("amount"),
            _ => 0,
        };
    }
    Ok(total)
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(&directory.path().join("bank.db"))?);
    let teller = Actor::new("teller")?;
    let executor = Executor::new(store.clone())
        .with_authority(
            Roles::new()
                .grant("teller", [TransferMoney::PERMISSION])
                .assign(teller.clone(), "teller"),
        )
        .with_retry(RetryPolicy::default().attempts(NonZeroU32::new(100).expect("a hundred is not zero")));
    let envelope = || Envelope::minted(&SystemIdSource, teller.clone());
    let euros = |units| Money::new(units, Currency::new("EUR")?);

    let [ann, bob] = [Key::new("ann")?, Key::new("bob")?];
    for (account, units) in [(&ann, 100), (&bob, 0)] {
        let open = OpenAccount {
            account: account.clone(),
            balance: euros(units)?,
        };
        executor.execute(&open, &envelope())?;
        println!("{account} opens an account with {}", euros(units)?);
    }

    let transfer = |name: &str, units| -> Result<TransferMoney, Box<dyn Error>> {
        Ok(TransferMoney {
            transfer: Key::new(name)?,
            from: ann.clone(),
            to: bob.clone(),
            amount: euros(units)?,
        })
    };

    let too_much = executor.execute(&transfer("t0", 150)?, &envelope());
    let Err(CommandError::Rejected(rejection)) = too_much else {
        return Err("150 of 100 were transferred".into());
    };
    println!("150 of them? No: {rejection}");
    assert!(matches!(&rejection, Rejection::BusinessRule { rule, .. } if rule == "insufficient_funds"));

    let once = envelope();
    let first = executor.execute(&transfer("t1", 10)?, &once)?;
    let again = executor.execute(&transfer("t1", 10)?, &once)?;
    println!(
        "10 of them, given twice by a nervous network: {} left, once",
        again.answer
    );
    assert!(!first.repeated && again.repeated && again.answer == first.answer);
    assert_eq!(first.answer, euros(90)?);
    assert_eq!(first.streams.len(), 3);

    // Eight at once want 20 of the 90 that are left.
    let results: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                let (executor, envelope) = (&executor, envelope());
                let command = transfer(&format!("race-{racer}"), 20);
                let command = command.expect("well formed");
                scope.spawn(move || executor.execute(&command, &envelope))
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().expect("no racer panics"))
            .collect()
    });
    let won = results.iter().filter(|result| result.is_ok()).count();
    let refused = results
        .iter()
        .filter_map(|result| result.as_ref().err()?.rejection());
    let poor = refused
        .filter(|rejection| matches!(rejection, Rejection::BusinessRule { .. }))
        .count();
    let figures = executor.metrics().of(&TransferMoney::TYPE);
    println!(
        "8 race for 20 of 90: {won} get it, {poor} find too little; {} times somebody was overtaken",
        figures.conflicts
    );
    assert_eq!((won, poor), (4, 4));
    assert_eq!(total(&*store)?, 100);
    println!("and there are {} EUR, as before", total(&*store)?);

    let stranger = Envelope::minted(&SystemIdSource, Actor::new("stranger")?);
    let refused = executor.execute(&transfer("t2", 1)?, &stranger);
    let refused = refused.expect_err("a stranger has no permission");
    println!("a stranger tries: {refused}");
    assert!(matches!(
        refused.rejection(),
        Some(Rejection::Unauthorised { .. })
    ));
    Ok(())
}
