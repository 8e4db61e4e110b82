//! `openprod log`: what was done, newest first.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::peers::PeerList;
use crate::console::{print, short, table, time};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;

/// Lists what was done to the workspace, newest first: when, who, what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod log --limit 50")]
pub(crate) struct Log {
    /// How many entries to show
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

/// The most entries that the engine gives at a time.
const PAGE_MAX: u64 = 1_000;

#[derive(Deserialize)]
struct Page {
    bundles: Vec<Json>,
    next_cursor: Option<String>,
}

/// What a person is shown of a bundle.
#[derive(Deserialize)]
struct Entry {
    actor_id: String,
    at: String,
    operations: u64,
    command_type: String,
    source: String,
    justification: Option<String>,
}

impl Log {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let (bundles, next_cursor) = self.fetch(engine)?;
            if context.console.is_json() {
                return context
                    .console
                    .print_json(&serde_json::json!({"bundles": bundles, "next_cursor": next_cursor}));
            }
            if bundles.is_empty() {
                return print("Nothing has happened yet.");
            }
            let names = names(engine)?;
            let strange = |source| Failure::Answer {
                path: "/history".to_owned(),
                source,
            };
            let entries: Vec<Entry> = bundles
                .iter()
                .map(Entry::deserialize)
                .collect::<Result<_, _>>()
                .map_err(strange)?;
            let rows = entries.iter().map(|entry| {
                let who = names
                    .get(&entry.actor_id)
                    .cloned()
                    .unwrap_or_else(|| short(&entry.actor_id));
                let why = entry.justification.clone().unwrap_or_default();
                let operations = entry.operations.to_string();
                [
                    time(&entry.at),
                    who,
                    what(&entry.command_type),
                    operations,
                    entry.source.clone(),
                    why,
                ]
            });
            let mut text = table(["When", "Who", "What", "Operations", "From", "Why"], rows);
            if next_cursor.is_some() {
                text.push_str(&format!(
                    "\n… there is more; openprod log --limit {}",
                    self.limit.saturating_mul(10)
                ));
            }
            print(&text)
        })
    }

    fn fetch(&self, engine: &EngineSession) -> Result<(Vec<Json>, Option<String>), Failure> {
        let (mut bundles, mut cursor): (Vec<Json>, Option<String>) = (Vec::new(), None);
        loop {
            let limit = (self.limit - bundles.len() as u64).min(PAGE_MAX).to_string();
            let mut query = vec![("limit", limit.as_str())];
            if let Some(cursor) = &cursor {
                query.push(("cursor", cursor));
            }
            let page: Page = engine.client.get("/history", &query)?;
            let empty = page.bundles.is_empty();
            bundles.extend(page.bundles);
            cursor = page.next_cursor;
            if cursor.is_none() || empty || bundles.len() as u64 >= self.limit {
                return Ok((bundles, cursor));
            }
        }
    }
}

/// What members are called: this device, and those that were met.
pub(super) fn names(engine: &EngineSession) -> Result<BTreeMap<String, String>, Failure> {
    let status: Json = engine.client.get("/workspace/status", &[])?;
    let peers: PeerList = engine.client.get("/peers/list", &[])?;
    let mut names: BTreeMap<_, _> = peers
        .peers
        .into_iter()
        .filter(|peer| !peer.name.is_empty())
        .map(|peer| (peer.peer_id, peer.name))
        .collect();
    if let Some(actor) = status["actor_id"].as_str() {
        names.insert(actor.to_owned(), "this device".to_owned());
    }
    Ok(names)
}

/// A kind of command in the order people say it: `records.create` is `create records`.
pub(super) fn what(command_type: &str) -> String {
    match command_type.split_once('.') {
        Some((noun, verb)) => format!("{verb} {noun}").replace('_', " "),
        None => command_type.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_commands_read_like_speech() {
        assert_eq!(what("records.create"), "create records");
        assert_eq!(what("workspace.create"), "create workspace");
        assert_eq!(what("odd"), "odd");
    }
}
