//! `openprod overlays`: the drafts of this device, what they would change, and their end.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::log::{names, what};
use crate::console::{count, plain, print, short, time};
use crate::engine_session::{Context, EngineSession, Expect};
use crate::failure::Failure;
use crate::field_json::shown;

/// Lists the drafts of this device: changes that nobody else sees until they are committed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod overlays
  openprod overlays show 0197c2e5
  openprod overlays commit 0197c2e5
  openprod overlays discard 0197c2e5")]
pub(crate) struct Overlays {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What can be done with drafts beside listing them.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Shows what a draft would change, and what others have changed there since
    Show(Which),
    /// Puts all that is in a draft into the log, for everybody
    Commit(Which),
    /// Forgets a draft and all that is in it
    Discard(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The draft: its id as `openprod overlays` shows it, the beginning of it, or its name
    #[arg(value_name = "ID")]
    overlay: String,
}

#[derive(Debug, Deserialize)]
struct Draft {
    overlay_id: String,
    name: String,
    created: String,
    active: bool,
    edits: u64,
    drifts: u64,
}

#[derive(Deserialize)]
struct Diff {
    edits: Vec<Edit>,
    drifts: Vec<Drift>,
}

#[derive(Deserialize)]
struct Edit {
    edit_id: u64,
    command_type: String,
    at: String,
    undone: bool,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(flatten)]
    cell: Cell,
    before: Json,
    after: Json,
}

#[derive(Deserialize)]
struct Drift {
    #[serde(flatten)]
    cell: Cell,
    mine: Json,
    canonical: Vec<Canonical>,
}

#[derive(Deserialize)]
struct Canonical {
    value: Json,
    actor_id: String,
    at: String,
}

#[derive(Deserialize)]
struct Cell {
    kind: String,
    entity_id: Option<String>,
    edge_id: Option<String>,
    table: Option<String>,
    field: Option<String>,
}

impl Overlays {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| match &self.action {
            None => list(context, engine),
            Some(Action::Show(which)) => show(context, engine, which),
            Some(Action::Commit(which)) => end(context, engine, which, "/overlays/commit", "Committed"),
            Some(Action::Discard(which)) => end(context, engine, which, "/overlays/discard", "Discarded"),
        })
    }
}

fn list(context: &Context, engine: &EngineSession) -> Result<(), Failure> {
    let answer: Json = engine.client.get("/overlays/list", &[])?;
    if context.console.is_json() {
        return context.console.print_json(&answer);
    }
    let drafts = read(&answer)?;
    if drafts.is_empty() {
        return print("There are no drafts.");
    }
    let lines = drafts.iter().map(|draft| {
        let active = if draft.active { " (active)" } else { "" };
        let mut line = format!(
            "{}  {}{active}, {}, made {}",
            draft.overlay_id,
            draft.name,
            count(draft.edits, "edit"),
            time(&draft.created)
        );
        if draft.drifts > 0 {
            line += &format!(", {} others changed too", count(draft.drifts, "cell"));
        }
        plain(&line)
    });
    print(&lines.collect::<Vec<_>>().join("\n"))
}

fn show(context: &Context, engine: &EngineSession, which: &Which) -> Result<(), Failure> {
    let draft = find(engine, &which.overlay)?;
    let query = [("overlay_id", draft.overlay_id.as_str())];
    let answer: Json = engine.client.get("/overlays/diff", &query)?;
    if context.console.is_json() {
        return context.console.print_json(&answer);
    }
    let diff = Diff::deserialize(&answer).map_err(|source| strange("/overlays/diff", source))?;
    let mut lines = vec![format!("{}: {}", draft.name, count(draft.edits, "edit"))];
    for edit in &diff.edits {
        let undone = if edit.undone { " (undone)" } else { "" };
        lines.push(format!(
            "{}. {}, {}{undone}",
            edit.edit_id,
            what(&edit.command_type),
            time(&edit.at)
        ));
        for change in &edit.changes {
            let (before, after) = (shown(&change.before), shown(&change.after));
            lines.push(format!("   {}: {before} → {after}", place(&change.cell)));
        }
    }
    if !diff.drifts.is_empty() {
        let names = names(engine)?;
        lines.push("Others have changed since, and it is to be decided what stands:".to_owned());
        for drift in &diff.drifts {
            let theirs = drift.canonical.iter().map(|other| {
                let name = names.get(&other.actor_id).cloned();
                let name = name.unwrap_or_else(|| format!("member {}", short(&other.actor_id)));
                format!("{} by {name}, {}", shown(&other.value), time(&other.at))
            });
            lines.push(format!(
                "   {}: {} here, {}",
                place(&drift.cell),
                shown(&drift.mine),
                theirs.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| plain(line)).collect();
    print(&lines.join("\n"))
}

fn end(
    context: &Context,
    engine: &EngineSession,
    which: &Which,
    path: &str,
    said: &str,
) -> Result<(), Failure> {
    let draft = find(engine, &which.overlay)?;
    let body = json!({"overlay_id": draft.overlay_id, "command": {"source": "cli overlays"}});
    let done: Json = engine.client.post(path, body)?;
    context.console.answer(&done, |_| {
        plain(&format!(
            "{said}: {}, {}.",
            draft.name,
            count(draft.edits, "edit")
        ))
    })
}

/// The one draft of this name, or whose id begins like this.
fn find(engine: &EngineSession, wanted: &str) -> Result<Draft, Failure> {
    let drafts = read(&engine.client.get("/overlays/list", &[])?)?;
    pick(drafts, wanted)
}

fn pick(drafts: Vec<Draft>, wanted: &str) -> Result<Draft, Failure> {
    let id = wanted.to_lowercase();
    let mut found: Vec<_> = drafts
        .into_iter()
        .filter(|draft| !id.is_empty() && (draft.overlay_id.starts_with(&id) || draft.name == wanted))
        .collect();
    if found.len() > 1 {
        return Err(unknown(wanted, found.len()));
    }
    found.pop().ok_or_else(|| unknown(wanted, 0))
}

fn unknown(id: &str, count: usize) -> Failure {
    let id = id.to_owned();
    Failure::UnknownDraft { id, count }
}

fn read(answer: &Json) -> Result<Vec<Draft>, Failure> {
    Vec::deserialize(&answer["overlays"]).map_err(|source| strange("/overlays/list", source))
}

fn strange(path: &str, source: serde_json::Error) -> Failure {
    let path = path.to_owned();
    Failure::Answer { path, source }
}

fn place(cell: &Cell) -> String {
    let subject = match (&cell.entity_id, &cell.edge_id) {
        (Some(record), _) => format!("record {record}"),
        (None, Some(edge)) => format!("edge {edge}"),
        (None, None) => "the workspace".to_owned(),
    };
    match (cell.kind.as_str(), &cell.table, &cell.field) {
        ("field", Some(table), Some(field)) => format!("{table}.{field} of {subject}"),
        ("field" | "property", _, Some(field)) => format!("{field} of {subject}"),
        ("membership", Some(table), _) => format!("{subject} in table {table:?}"),
        ("existence", ..) => format!("{subject} is there"),
        (kind, ..) => format!("{kind} of {subject}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str, name: &str) -> Draft {
        let json = json!({
            "overlay_id": id, "name": name, "created": "now", "active": false, "edits": 1, "drifts": 0,
        });
        Draft::deserialize(&json).unwrap()
    }

    #[test]
    fn draft_is_found_by_its_name_or_the_beginning_of_its_id() {
        let all = || {
            vec![
                draft("0f3a-1", "Notes"),
                draft("0f3b-1", "Notes"),
                draft("0f3b-2", "Tech"),
            ]
        };
        for (wanted, id) in [("0F3A", "0f3a-1"), ("Tech", "0f3b-2"), ("0f3b-1", "0f3b-1")] {
            assert_eq!(pick(all(), wanted).unwrap().overlay_id, id);
        }
        for (wanted, expected) in [("0f3", 3), ("Notes", 2), ("notes", 0), ("", 0)] {
            let Err(Failure::UnknownDraft { count, .. }) = pick(all(), wanted) else {
                panic!("{wanted}")
            };
            assert_eq!(count, expected, "{wanted}");
        }
    }
}
