//! `openprod store`: stores of events that stand alone, as programs with `openprod-events` make them.

mod check;
mod copy;
mod show;

use std::path::PathBuf;

use openprod_events::{Archive, StoreError};
use serde::Serialize;

use crate::engine_session::Context;
use crate::failure::{Failure, Problem, told};
use crate::store_address::StoreAddress;

/// Makes, examines and copies a stand-alone store of events: a SQLite file, or a PostgreSQL database.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod store create events.db
  openprod store check events.db
  openprod store migrate postgres://ann@db.example/stage
  openprod store copy events.db postgres://ann@db.example/stage?schema=events --password-file secret

A store is a file, or postgres://USER@HOST:PORT/DATABASE with ?schema=NAME for one beside others. The password is taken
from the URL, from --password-file, or from PGPASSWORD. A workspace is no such store: `openprod verify` checks one.

Exit code 5 means that `check` found something that is not as it was written.")]
pub(crate) struct Store {
    /// A file whose first line is the password of the database
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Makes an empty store
    Create(Named),
    /// Shows the format of a store and brings it to the present one
    Migrate(Named),
    /// Reads all of a store and tells what is not as it was written
    Check(Named),
    /// Tells how much a store holds: events by type, streams, commands, bytes
    Stat(Named),
    /// Copies all of a store into an empty one; run again, it goes on where it was interrupted
    Copy(Pair),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The store: a file, or postgres://…
    #[arg(value_name = "STORE")]
    store: Address,
}

#[derive(Debug, clap::Args)]
struct Pair {
    /// The store that is copied
    #[arg(value_name = "FROM")]
    from: Address,
    /// The store that it is copied into; made when it is not there
    #[arg(value_name = "TO")]
    to: Address,
}

/// An address as it was given. It is read later than other arguments: what cannot be read is printed there.
type Address = String;

impl Store {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let password = self.password()?;
        let at = |address: &Address| match address.parse::<StoreAddress>() {
            Ok(address) => Ok(address.with_password(password.as_deref())),
            Err(reason) => Err(refused(
                "bad_store",
                "That is no address of a store",
                format!("find store: {reason}"),
                "Give a file, or postgres://USER@HOST:PORT/DATABASE.",
            )),
        };
        match self.action {
            Action::Create(named) => create(context, &at(&named.store)?),
            Action::Migrate(named) => migrate(context, &at(&named.store)?),
            Action::Check(named) => check::run(context, &at(&named.store)?),
            Action::Stat(named) => show::run(context, &at(&named.store)?),
            Action::Copy(pair) => copy::run(context, &at(&pair.from)?, &at(&pair.to)?),
        }
    }

    fn password(&self) -> Result<Option<String>, Failure> {
        let Some(path) = &self.password_file else {
            return Ok(std::env::var("PGPASSWORD")
                .ok()
                .filter(|password| !password.is_empty()));
        };
        let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
            act: "read",
            path: path.clone(),
            source,
        })?;
        Ok(text.lines().next().map(ToOwned::to_owned))
    }
}

#[derive(Serialize)]
struct Created {
    store: String,
    format: u32,
}

fn create(context: &Context, address: &StoreAddress) -> Result<(), Failure> {
    let format = address
        .format()
        .map_err(|error| failed("create", address, &error))?;
    if format.found.is_some() {
        return Err(refused(
            "store_exists",
            "There is a store already",
            format!("create store: {} is one already", address.shown()),
            "Choose another place, or `openprod store stat` to see what it holds.",
        ));
    }
    address
        .open()
        .map_err(|error| failed("create", address, &error))?;
    let created = Created {
        store: address.shown(),
        format: format.present,
    };
    context.console.answer(&created, |created| {
        format!("Created an empty store in {}.", created.store)
    })
}

#[derive(Serialize)]
struct Migrated {
    store: String,
    format_before: u32,
    format: u32,
}

fn migrate(context: &Context, address: &StoreAddress) -> Result<(), Failure> {
    let format = address
        .format()
        .map_err(|error| failed("migrate", address, &error))?;
    let Some(format_before) = format.found else {
        return Err(no_store(address));
    };
    if format_before < format.present {
        context.console.note(&format!(
            "The store has format {format_before}; bringing it to format {}. Others may go on using it.",
            format.present
        ));
    }
    address
        .open()
        .map_err(|error| failed("migrate", address, &error))?;
    let migrated = Migrated {
        store: address.shown(),
        format_before,
        format: format.present,
    };
    context.console.answer(&migrated, |migrated| {
        if migrated.format_before == migrated.format {
            format!(
                "The store has format {}, which is the present one.",
                migrated.format
            )
        } else {
            format!(
                "The store has format {} now; it had {}.",
                migrated.format, migrated.format_before
            )
        }
    })
}

/// Opens a store that is there and has the present format: who only looks changes nothing.
fn open_present(act: &'static str, address: &StoreAddress) -> Result<Box<dyn Archive>, Failure> {
    let format = address.format().map_err(|error| failed(act, address, &error))?;
    match format.found {
        None => Err(no_store(address)),
        Some(found) if found < format.present => Err(refused(
            "store_outdated",
            "The store has an older format",
            format!(
                "{act} store: {} has format {found}, and {} is the present one",
                address.shown(),
                format.present
            ),
            "`openprod store migrate` brings it to the present one.",
        )),
        Some(_) => address.open().map_err(|error| failed(act, address, &error)),
    }
}

fn no_store(address: &StoreAddress) -> Failure {
    refused(
        "no_store",
        "There is no store",
        format!("open store: there is none in {}", address.shown()),
        "`openprod store create` makes an empty one.",
    )
}

fn refused(code: &str, title: &str, detail: String, next: &str) -> Failure {
    Failure::Refused {
        problem: Box::new(Problem::own(code, title, detail)),
        next: Some(next.to_owned()),
    }
}

fn failed(act: &'static str, address: &StoreAddress, error: &StoreError) -> Failure {
    Failure::Store {
        act,
        store: address.shown(),
        words: address.without_password(&told(error)),
        is_away: matches!(error, StoreError::Unavailable(_)),
    }
}
