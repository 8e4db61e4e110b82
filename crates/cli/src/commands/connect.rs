//! `openprod connect`: reaching a member by address.

use serde_json::{Value as Json, json};

use crate::console::short;
use crate::engine_session::Context;
use crate::failure::Failure;

/// Connects the running engine to a member by address, where devices do not find each other by themselves.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod connect 192.168.1.20:7420")]
pub(crate) struct Connect {
    /// Where `openprod serve` is running on the other device
    #[arg(value_name = "HOST:PORT")]
    address: String,
}

impl Connect {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let data = context.data_directory()?;
        let engine = context.running(&data).ok_or(Failure::NotRunning { data })?;
        let connected: Json = engine
            .client
            .post("/peers/connect", json!({"address": self.address}))?;
        context.console.answer(&connected, |connected| {
            let peer = short(connected["peer_id"].as_str().unwrap_or_default());
            format!("Connected to member {peer} at {}.", self.address)
        })
    }
}
