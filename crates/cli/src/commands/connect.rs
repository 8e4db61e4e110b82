//! `openprod connect`: reaching a member by address, and the addresses that are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::console::{plain, short, table};
use crate::engine_session::{Context, Expect};
use crate::failure::{Failure, Problem};

/// Connects the running engine to a member by address, where devices do not find each other by themselves. The
/// address is kept, and dialled again after a restart.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples: openprod connect 192.168.1.20:7420\n          openprod connect list\n          openprod \
                  connect forget 192.168.1.20:7420"
)]
pub(crate) struct Connect {
    /// Where `openprod serve` is running on the other device
    #[arg(value_name = "HOST:PORT", required = true)]
    address: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists the addresses that are kept
    List,
    /// Dials an address no longer; a connection that stands goes on
    Forget {
        /// The address, as it is listed
        #[arg(value_name = "HOST:PORT")]
        address: String,
    },
}

/// What is read of the engine's list.
#[derive(Serialize, Deserialize)]
struct Kept {
    addresses: Vec<KeptAddress>,
}

#[derive(Serialize, Deserialize)]
struct KeptAddress {
    address: String,
    peer_id: Option<String>,
    connected: bool,
}

impl Connect {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match (self.action, self.address) {
            (Some(Action::List), _) => list(context),
            (Some(Action::Forget { address }), _) => forget(context, &address),
            (None, Some(address)) => connect(context, &address),
            (None, None) => list(context),
        }
    }
}

fn connect(context: &Context, address: &str) -> Result<(), Failure> {
    let data = context.data_directory()?;
    let engine = context.running(&data).ok_or(Failure::NotRunning { data })?;
    let connected: Json = engine
        .client
        .post("/peers/connect", json!({"address": address}))?;
    context.console.answer(&connected, |connected| {
        let peer = short(connected["peer_id"].as_str().unwrap_or_default());
        format!("Connected to member {peer} at {address}.")
    })
}

fn list(context: &Context) -> Result<(), Failure> {
    context.with_engine(Expect::Something, |engine| {
        let kept: Kept = engine.client.get("/peers/list", &[])?;
        context.console.answer(&kept, |kept| {
            if kept.addresses.is_empty() {
                return "No address is kept. `openprod connect HOST:PORT` connects and keeps one.".to_owned();
            }
            let rows = kept.addresses.iter().map(|kept| {
                let member = kept.peer_id.as_deref().map(short).unwrap_or_default();
                let state = if kept.connected {
                    "connected"
                } else {
                    "not connected"
                };
                [kept.address.clone(), member, state.to_owned()]
            });
            table(["Address", "Member", "State"], rows)
        })
    })
}

fn forget(context: &Context, address: &str) -> Result<(), Failure> {
    context.with_engine(Expect::Something, |engine| {
        let answer: Json = engine.client.post("/peers/forget", json!({"address": address}))?;
        if answer["forgotten"] != true {
            let detail = format!(
                "forget address: {} is not among those that are kept",
                plain(address)
            );
            let problem = Problem::own("unknown_address", "There is no such address", detail);
            return Err(Failure::Refused {
                problem: Box::new(problem),
                next: Some("`openprod connect list` lists them.".to_owned()),
            });
        }
        context
            .console
            .answer(&answer, |_| format!("{} is dialled no longer.", plain(address)))
    })
}
