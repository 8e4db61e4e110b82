//! `openprod peers`: the members that this device has met.

use serde::{Deserialize, Serialize};

use crate::console::{short, table, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Lists the members that this device has met, and how far each is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod peers")]
pub(crate) struct Peers {}

/// The engine's answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct PeerList {
    pub(crate) peers: Vec<Peer>,
    #[serde(default)]
    addresses: Vec<serde_json::Value>,
}

/// A member.
#[derive(Serialize, Deserialize)]
pub(crate) struct Peer {
    pub(crate) peer_id: String,
    pub(crate) name: String,
    address: String,
    connected: bool,
    behind: u64,
    ahead: u64,
    skew_ms: i64,
    #[serde(default)]
    heard: bool,
    protocol: Option<u16>,
    derivation: Option<u32>,
    last_seen: Option<String>,
    problem: Option<String>,
}

/// By how much clocks may differ without being mentioned, in milliseconds.
const SKEW_UNMENTIONED_MS: u64 = 1_000;

impl Peers {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let list: PeerList = engine.client.get("/peers/list", &[])?;
            context
                .console
                .answer(&list, |list| match (list.peers.as_slice(), engine.is_own) {
                    ([], true) => {
                        "Nobody: no engine is running here. `openprod serve` starts one.".to_owned()
                    }
                    ([], false) => "Nobody has been met yet.".to_owned(),
                    (peers, _) => {
                        let header = ["Device", "Member", "Address", "State", "Clock"];
                        table(header, peers.iter().map(row))
                    }
                })
        })
    }
}

fn row(peer: &Peer) -> [String; 5] {
    let state = match (&peer.problem, peer.connected, peer.ahead, peer.behind) {
        (Some(problem), ..) => problem.clone(),
        (None, false, ..) => match &peer.last_seen {
            Some(at) => format!("not connected since {}", time(at)),
            None => "not connected".to_owned(),
        },
        (None, true, 0, 0) => "in step".to_owned(),
        (None, true, ahead, behind) => format!("{ahead} bundles to receive, {behind} to send"),
    };
    let clock = match peer.skew_ms.unsigned_abs() {
        0..SKEW_UNMENTIONED_MS => String::new(),
        skew => format!(
            "{:.1} s {}",
            skew as f64 / 1e3,
            if peer.skew_ms > 0 { "ahead" } else { "behind" }
        ),
    };
    [
        peer.name.clone(),
        short(&peer.peer_id),
        peer.address.clone(),
        state,
        clock,
    ]
}
