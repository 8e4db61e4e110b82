//! `openprod config`: what is set, and where that comes from.

use serde_json::json;

use crate::console::{print, table};
use crate::engine_session::Context;
use crate::failure::Failure;

/// Shows every setting of the engine with where it comes from: built in, openprod.toml, or the environment.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod config
  OPENPROD_LOG_LEVEL=info openprod config --config studio.toml

A file openprod.toml in the data directory, or the one that --config names, is laid over what is built in:

  [server]
  port = 7410
  [projections]
  batch_max = 500

The environment is laid over that: OPENPROD_SERVER_PORT is server.port. Options of a command are laid over all. What is
wrong is told with its line or its variable, and nothing is started.")]
pub(crate) struct Config {}

impl Config {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let (settings, file) = context.settings()?;
        let list = settings.list();
        if context.console.is_json() {
            let list: Vec<_> = list
                .iter()
                .map(|setting| {
                    json!({"key": setting.key, "value": setting.value, "source": setting.origin.to_string()})
                })
                .collect();
            let file = file.map(|file| file.display().to_string());
            return context
                .console
                .print_json(&json!({"file": file, "settings": list}));
        }
        let rows = list.iter().map(|setting| {
            [
                setting.key.clone(),
                setting.value.to_string(),
                setting.origin.to_string(),
            ]
        });
        print(&table(["setting", "value", "from"], rows))
    }
}
