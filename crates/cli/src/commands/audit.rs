//! `openprod audit`: which command, by whom, when and why, lies behind what is there.

use serde::Deserialize;
use serde_json::Value as Json;

use super::log::names;
use crate::console::{print, short, table, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Lists the commands that were given, newest first, with who gave them, when and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod audit --type records.update --since 2026-11-21T00:00:00Z
  openprod audit --record 0197c2e4-… --table Cues --field label")]
pub(crate) struct Audit {
    /// Only commands of this member: the whole key
    #[arg(long, value_name = "KEY")]
    actor: Option<String>,
    /// Only commands of this type, as records.update
    #[arg(long = "type", value_name = "TYPE")]
    command_type: Option<String>,
    /// Only commands at this time or later: RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only commands before this time: RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only commands that touched this record and its edges
    #[arg(long, value_name = "ID")]
    record: Option<String>,
    /// Only commands in this table
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Only commands that touched this field of the table
    #[arg(long, value_name = "FIELD", requires = "table")]
    field: Option<String>,
    /// How many commands to look at
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
}

#[derive(Deserialize)]
struct Entry {
    command_id: String,
    command_type: String,
    actor_id: String,
    device: String,
    at: String,
    source: String,
    justification: Option<String>,
    operations: u64,
}

impl Audit {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let limit = self.limit.to_string();
            let mut query = vec![("limit", limit.as_str())];
            for (name, value) in [
                ("actor", &self.actor),
                ("command_type", &self.command_type),
                ("since", &self.since),
                ("until", &self.until),
                ("entity", &self.record),
                ("table", &self.table),
                ("field", &self.field),
            ] {
                query.extend(value.as_deref().map(|value| (name, value)));
            }
            let page: Json = engine.client.get("/audit/list", &query)?;
            if context.console.is_json() {
                return context.console.print_json(&page);
            }
            let strange = |source| Failure::Answer {
                path: "/audit/list".to_owned(),
                source,
            };
            let entries = Vec::<Entry>::deserialize(&page["entries"]).map_err(strange)?;
            let names = names(engine)?;
            let rows = entries.iter().map(|entry| {
                let who = names.get(&entry.actor_id).cloned();
                [
                    time(&entry.at),
                    who.unwrap_or_else(|| format!("member {}", short(&entry.actor_id))),
                    short(&entry.device),
                    entry.command_type.clone(),
                    entry.operations.to_string(),
                    entry.source.clone(),
                    entry.justification.clone().unwrap_or_default(),
                    entry.command_id.clone(),
                ]
            });
            let mut text = if entries.is_empty() {
                "No command of that kind is among those looked at.".to_owned()
            } else {
                table(
                    [
                        "when",
                        "who",
                        "device",
                        "command",
                        "operations",
                        "from",
                        "why",
                        "id",
                    ],
                    rows,
                )
            };
            if page["next_cursor"].is_string() {
                text.push_str("\n… there is more; give a greater --limit");
            }
            print(&text)
        })
    }
}
