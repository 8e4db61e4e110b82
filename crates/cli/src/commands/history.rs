//! `openprod history`: what was done, change by change, and taking a part of it back.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::log::{names, what};
use super::undo::take_back;
use crate::console::{count, plain, print, short, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;
use crate::field_json::shown;

/// How many changes of one bundle are shown to a person.
const CHANGES_SHOWN_MAX: usize = 10;

/// Tells what was done, newest first, change by change: of everything, of a table, of a record or of one field.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod history --table Cues --limit 5
  openprod history --record 0197c2e4-… --field label
  openprod history revert 0197c2e5-…")]
pub(crate) struct History {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only what was done to this record and its edges
    #[arg(long, value_name = "ID", conflicts_with_all = ["table", "actor"])]
    record: Option<String>,
    /// Only what was done to this field of the record
    #[arg(long, value_name = "FIELD", requires = "record")]
    field: Option<String>,
    /// Only what was done in this table
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Only what this member did: the whole key
    #[arg(long, value_name = "KEY")]
    actor: Option<String>,
    /// How many entries to show
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
}

/// What can be done with the history beside reading it.
#[derive(Debug, clap::Subcommand)]
enum Action {
    Revert(Revert),
}

/// Takes back what one bundle did, whoever wrote it, where it still stands.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod history revert 0197c2e5-…")]
struct Revert {
    /// The bundle, as `openprod history` shows it
    #[arg(value_name = "ID")]
    bundle: String,
}

#[derive(Deserialize)]
struct Bundle {
    bundle_id: String,
    actor_id: String,
    at: String,
    command_type: String,
    justification: Option<String>,
    changes: Vec<Change>,
    changes_omitted: u64,
}

/// A change, whatever it did.
#[derive(Deserialize)]
struct Change {
    deed: String,
    kind: Option<String>,
    entity_id: Option<String>,
    edge_id: Option<String>,
    table: Option<String>,
    field: Option<String>,
    #[serde(default)]
    value: Json,
    /// `None` where nothing stood there, too.
    before: Option<Json>,
    source: Option<String>,
    target: Option<String>,
    edge_type: Option<String>,
    survivor: Option<String>,
    absorbed: Option<String>,
    new: Option<String>,
    field_name_a: Option<String>,
    field_name_b: Option<String>,
    reason: Option<String>,
}

impl History {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            if let Some(Action::Revert(revert)) = &self.action {
                let body = json!({"bundle_id": revert.bundle});
                return take_back(
                    context,
                    engine,
                    "/history/revert",
                    body,
                    ("reverted", "Taken back"),
                );
            }
            let limit = self.limit.to_string();
            let mut query = vec![("limit", limit.as_str())];
            for (name, value) in [
                ("field", &self.field),
                ("table", &self.table),
                ("actor", &self.actor),
            ] {
                query.extend(value.as_deref().map(|value| (name, value)));
            }
            let path = match &self.record {
                Some(record) => format!("/records/{}/history", path_segment(record)),
                None => "/history".to_owned(),
            };
            let page: Json = engine.client.get(&path, &query)?;
            if context.console.is_json() {
                return context.console.print_json(&page);
            }
            let strange = |source| Failure::Answer {
                path: path.clone(),
                source,
            };
            let bundles = Vec::<Bundle>::deserialize(&page["bundles"]).map_err(strange)?;
            if bundles.is_empty() {
                return print("Nothing of that kind has happened.");
            }
            let names = names(engine)?;
            let entries = bundles.iter().map(|bundle| {
                let who = names.get(&bundle.actor_id).cloned();
                entry(
                    bundle,
                    &who.unwrap_or_else(|| format!("member {}", short(&bundle.actor_id))),
                )
            });
            let mut text = entries.collect::<Vec<_>>().join("\n");
            if page["next_cursor"].is_string() {
                text.push_str("\n… there is more; give a greater --limit");
            }
            print(&text)
        })
    }
}

/// What may stand between the slashes of a path; what else is there cannot be an id, and the engine says so.
fn path_segment(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .collect()
}

fn entry(bundle: &Bundle, who: &str) -> String {
    let why = bundle
        .justification
        .as_deref()
        .map(|why| format!(" ({why})"))
        .unwrap_or_default();
    let head = format!(
        "{}  {who}: {}{why}, bundle {}",
        time(&bundle.at),
        what(&bundle.command_type),
        bundle.bundle_id
    );
    let mut text = format!("{}\n", plain(&head));
    for change in bundle.changes.iter().take(CHANGES_SHOWN_MAX) {
        text.push_str(&format!("  {}\n", plain(&line(change))));
    }
    let hidden = bundle.changes.len().saturating_sub(CHANGES_SHOWN_MAX) as u64 + bundle.changes_omitted;
    if hidden > 0 {
        text.push_str(&format!("  … and {}\n", count(hidden, "change")));
    }
    text
}

fn line(change: &Change) -> String {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    match change.deed.as_str() {
        "wrote" => written(change),
        "related" => format!(
            "edge {} of type {:?} from {} to {}",
            text(&change.edge_id),
            text(&change.edge_type),
            text(&change.source),
            text(&change.target)
        ),
        "merged" => format!(
            "{} was merged into {}",
            text(&change.absorbed),
            text(&change.survivor)
        ),
        "split" => format!("{} was split from {}", text(&change.new), text(&change.source)),
        "mapping_confirmed" => format!(
            "fields {:?} and {:?} are one",
            text(&change.field_name_a),
            text(&change.field_name_b)
        ),
        "mapping_rejected" => format!(
            "fields {:?} and {:?} are not one",
            text(&change.field_name_a),
            text(&change.field_name_b)
        ),
        "edited" => format!("{} was edited", place(change)),
        "unreadable" => format!("cannot be read: {}", text(&change.reason)),
        other => other.to_owned(),
    }
}

fn written(change: &Change) -> String {
    let subject = subject(change);
    let yes = change.value == true;
    match change.kind.as_deref() {
        Some("existence") if yes => format!("{subject} is there"),
        Some("existence") => format!("{subject} was deleted"),
        Some("membership") => {
            let table = change.table.clone().unwrap_or_default();
            let verb = if yes { "put into" } else { "taken out of" };
            format!("{subject} was {verb} table {table:?}")
        }
        Some("place") => format!("{subject} was moved"),
        _ => match &change.before {
            Some(before) => format!("{}: {} → {}", place(change), shown(before), shown(&change.value)),
            None => format!("{}: {}", place(change), shown(&change.value)),
        },
    }
}

fn place(change: &Change) -> String {
    let field = change.field.clone().unwrap_or_default();
    match &change.table {
        Some(table) => format!("{table}.{field} of {}", subject(change)),
        None => format!("{field} of {}", subject(change)),
    }
}

fn subject(change: &Change) -> String {
    match (&change.entity_id, &change.edge_id) {
        (Some(record), _) => record.clone(),
        (None, Some(edge)) => format!("edge {edge}"),
        (None, None) => String::new(),
    }
}
