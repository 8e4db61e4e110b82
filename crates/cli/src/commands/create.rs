//! `openprod create`: a new workspace.

use serde_json::{Value as Json, json};

use crate::console::plain;
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Creates a new, empty workspace: the one place where a team keeps a show.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod create \"Hamlet 2026\"")]
pub(crate) struct Create {
    /// What the workspace is called
    name: String,
}

impl Create {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Anything, |engine| {
            let created: Json = engine.client.post_any("/workspace/create", &json!({"name": self.name}))?;
            context.console.answer(&created, |created| {
                let id = created["workspace_id"].as_str().unwrap_or_default();
                format!(
                    "Created workspace {:?} ({}).\nFill it with `openprod import`, open it with `openprod serve`, \
                     and ask others in with `openprod invite`.",
                    self.name,
                    plain(id)
                )
            })
        })
    }
}
