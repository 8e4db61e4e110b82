//! `openprod invite`: the text that lets another device in.

use serde_json::{Value as Json, json};

use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Prints an invitation to the workspace. Whoever has it can read and change everything: pass it on with care.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod invite")]
pub(crate) struct Invite {}

impl Invite {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let invited: Json = engine.client.post("/workspace/invite", json!({}))?;
            let how = if engine.is_own {
                "Keep `openprod serve` running here, so that they can reach this device.".to_owned()
            } else {
                format!(
                    "Where devices do not find each other by themselves: openprod join INVITATION --address HOST:{}",
                    engine.sync_port
                )
            };
            context.console.answer(&invited, |invited| {
                let invitation = invited["invitation"].as_str().unwrap_or_default();
                format!("{invitation}\n\nOn the other device: openprod join INVITATION\n{how}")
            })
        })
    }
}
