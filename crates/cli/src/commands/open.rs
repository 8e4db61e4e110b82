//! `openprod open`: a new link to the running engine.

use serde_json::{Value as Json, json};

use crate::engine_session::Context;
use crate::failure::Failure;

/// Prints a new link for the browser to the engine that is running; it is good once, for ten minutes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod open")]
pub(crate) struct Open {}

impl Open {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let data = context.data_directory()?;
        let engine = context.running(&data).ok_or(Failure::NotRunning { data })?;
        let code: Json = engine.client.post_any("/session/code", &json!({}))?;
        context.console.answer(&code, |code| {
            code["open_url"].as_str().unwrap_or_default().to_owned()
        })
    }
}
