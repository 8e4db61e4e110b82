//! `openprod status`: what is here, and whether it is in step.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::console::{count, plain, short, table};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;
use crate::table_view::tables;

/// Tells what the workspace holds, how it stands with the other members, and the state hash: two devices that show
/// the same one hold the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod status")]
pub(crate) struct Status {}

/// What is read of the engine's answer.
#[derive(Deserialize)]
pub(crate) struct StatusView {
    pub(crate) workspace_id: String,
    pub(crate) name: String,
    pub(crate) actor_id: String,
    pub(crate) operations: u64,
    pub(crate) bundles: u64,
    pub(crate) state_hash: String,
    pub(crate) sync: SyncView,
    #[serde(default)]
    pub(crate) forks: Vec<Json>,
}

/// How a workspace stands with its members.
#[derive(Deserialize)]
pub(crate) struct SyncView {
    pub(crate) state: String,
    pub(crate) peers: u64,
    pub(crate) behind: u64,
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) held: Vec<Json>,
}

impl Status {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let status: Json = engine.client.get("/workspace/status", &[])?;
            if context.console.is_json() {
                return context.console.print_json(&status);
            }
            let path = || "/workspace/status".to_owned();
            let view = StatusView::deserialize(&status).map_err(|source| Failure::Answer { path: path(), source })?;
            let sync = if engine.is_own {
                "no engine is running here; `openprod serve` starts one".to_owned()
            } else {
                sync_words(&view.sync)
            };
            let mut text = format!(
                "Workspace   {} ({})\nThis device member {}\nSync        {sync}\nHistory     {} in {}\nState hash  {}\n",
                plain(&view.name),
                view.workspace_id,
                short(&view.actor_id),
                count(view.operations, "operation"),
                count(view.bundles, "bundle"),
                view.state_hash,
            );
            if !view.sync.held.is_empty() {
                let held = count(view.sync.held.len() as u64, "bundle");
                text.push_str(&format!("Held        {held}, stored and not shown; see `openprod status --json`\n"));
            }
            if !view.forks.is_empty() {
                let forks = count(view.forks.len() as u64, "log");
                text.push_str(&format!("Forks       {forks} written twice, by a copied disk or a restored backup\n"));
            }
            let tables = tables(&engine.client)?;
            if !tables.is_empty() {
                let rows = tables.iter().map(|view| [view.name.clone(), count(view.records, "record")]);
                text.push_str(&format!("\n{}", table(["Table", "Content"], rows)));
            }
            crate::console::print(&text)
        })
    }
}

/// The sync state in the words of the app.
fn sync_words(sync: &SyncView) -> String {
    match sync.state.as_str() {
        "alone" => "alone; saved here".to_owned(),
        "looking" => "looking for members".to_owned(),
        "live" => format!("live with {}", count(sync.peers, "member")),
        "catching_up" => format!("catching up, {} to go", count(sync.behind, "bundle")),
        "problem" => format!("problem: {}", plain(sync.reason.as_deref().unwrap_or("unknown"))),
        other => plain(other),
    }
}
