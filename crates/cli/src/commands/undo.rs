//! `openprod undo` and `openprod redo`: taking back what was done last on this device, and doing it again.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::log::{names, what};
use crate::console::{count, plain, short};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;

/// Takes back what was done last on this device: in the active draft, else in the log. What others changed since
/// stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod undo")]
pub(crate) struct Undo {}

/// Does again what was undone last, unless something else was done since.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod redo")]
pub(crate) struct Redo {}

impl Undo {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            take_back(context, engine, "/undo", json!({}), ("undone", "Undone"))
        })
    }
}

impl Redo {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            take_back(context, engine, "/redo", json!({}), ("redone", "Redone"))
        })
    }
}

#[derive(Deserialize)]
struct TakenBack {
    command_type: String,
}

#[derive(Deserialize)]
struct Skipped {
    entity_id: Option<String>,
    edge_id: Option<String>,
    field: Option<String>,
    reason: String,
    actor_id: Option<String>,
}

/// Gives the engine something to take back, and says what came of it; `member` is where the answer names it.
pub(super) fn take_back(
    context: &Context,
    engine: &EngineSession,
    path: &str,
    mut body: Json,
    (member, said): (&str, &str),
) -> Result<(), Failure> {
    body["command"] = json!({"source": "cli"});
    let answer: Json = engine.client.post(path, body)?;
    if context.console.is_json() {
        return context.console.print_json(&answer);
    }
    let strange = |source| Failure::Answer {
        path: path.to_owned(),
        source,
    };
    let taken = Option::<TakenBack>::deserialize(&answer[member]).map_err(strange)?;
    let skipped = Vec::<Skipped>::deserialize(&answer["skipped"]).map_err(strange)?;
    let mut text = match (taken, answer["overlay_id"].is_string()) {
        (Some(taken), _) => format!("{said}: {}.", what(&taken.command_type)),
        (None, true) => format!("{said} in the draft."),
        (None, false) => "Nothing of it could be taken back.".to_owned(),
    };
    if !skipped.is_empty() {
        let names = names(engine)?;
        text.push_str(&format!("\n{} stayed:\n", count(skipped.len() as u64, "change")));
        for one in &skipped {
            let who = one.actor_id.as_ref().map(|actor| {
                let name = names.get(actor).cloned();
                format!(
                    " by {}",
                    name.unwrap_or_else(|| format!("member {}", short(actor)))
                )
            });
            text.push_str(&format!(
                "  {}: {}{}\n",
                place(one),
                reason(&one.reason),
                who.unwrap_or_default()
            ));
        }
    }
    crate::console::print(&plain_lines(&text))
}

fn place(skipped: &Skipped) -> String {
    let subject = match (&skipped.entity_id, &skipped.edge_id) {
        (Some(record), _) => format!("record {record}"),
        (None, Some(edge)) => format!("edge {edge}"),
        (None, None) => "a fact".to_owned(),
    };
    match &skipped.field {
        Some(field) => format!("field {field:?} of {subject}"),
        None => subject,
    }
}

/// Why something stays, in words.
fn reason(name: &str) -> &str {
    match name {
        "edited_since" => "edited since",
        "in_conflict" => "in conflict",
        "gone" => "deleted since",
        "text" => "a text, which is edited further instead",
        "fact" => "what happened has happened",
        "unchanged" => "it had changed nothing",
        "only_table" => "the record would be in no table",
        "founding" => "it made the workspace",
        other => other,
    }
}

fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
