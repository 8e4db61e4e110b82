//! `openprod serve`: the engine, until somebody ends it.

use openprod_server::Server;

use super::engine_options::EngineOptions;
use crate::engine_session::Context;
use crate::failure::Failure;

/// Runs the engine on this device: prints the link for the browser and keeps in step with the other members.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: openprod serve --name \"Prompt Desk\"\n\nCtrl-C ends it; nothing is lost by that."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    options: EngineOptions,
}

impl Serve {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let data = context.data_directory()?;
        let shown = data.display().to_string();
        self.options
            .run(context, data, |_| Ok(()), |server| words(server, &shown))
    }
}

fn words(server: &Server, data: &str) -> String {
    let ready = server.ready();
    format!(
        "OpenProd is running. Open this link in the browser of this computer:\n\n  {}\n\n\
         It is good for ten minutes and once; `openprod open` prints another.\n\
         Members reach this device on port {}. The data is in {data}.\n\
         Press Ctrl-C to end.",
        ready.open_url, ready.sync_port
    )
}
