//! `openprod conflicts`: where people wrote without having seen each other, and deciding it.

mod resolve;

use serde::Deserialize;
use serde_json::Value as Json;

use super::log::names;
use crate::console::{count, plain, print, short, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;
use crate::field_json::shown;

/// Lists the open conflicts: cells that two people changed without having seen each other, with every value.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod conflicts
  openprod conflicts resolve 0f3a --pick 2
  openprod conflicts resolve 0f3a --value \"Go on bar 12\"")]
pub(crate) struct Conflicts {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What can be done with conflicts beside listing them.
#[derive(Debug, clap::Subcommand)]
enum Action {
    Resolve(resolve::Resolve),
}

#[derive(Deserialize)]
struct ConflictList {
    conflicts: Vec<Conflict>,
}

#[derive(Deserialize)]
struct Conflict {
    conflict_id: String,
    kind: String,
    entity_id: Option<String>,
    edge_id: Option<String>,
    table: Option<String>,
    table_id: Option<String>,
    field: Option<String>,
    values: Vec<Candidate>,
    shown: String,
}

#[derive(Deserialize)]
struct Candidate {
    value: Json,
    actor_id: String,
    at: String,
    op_id: String,
}

impl Conflicts {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            None => list(context),
            Some(Action::Resolve(resolve)) => resolve.run(context),
        }
    }
}

impl ConflictList {
    fn read(list: &Json) -> Result<Self, Failure> {
        Self::deserialize(list).map_err(|source| Failure::Answer {
            path: "/conflicts/list".to_owned(),
            source,
        })
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    context.with_engine(Expect::Something, |engine| {
        let list: Json = engine.client.get("/conflicts/list", &[])?;
        if context.console.is_json() {
            return context.console.print_json(&list);
        }
        let list = ConflictList::read(&list)?;
        if list.conflicts.is_empty() {
            return print("There are no conflicts.");
        }
        let names = names(engine)?;
        let mut text = format!("{}:\n", count(list.conflicts.len() as u64, "conflict"));
        for conflict in &list.conflicts {
            text.push_str(&format!("\n{}\n", place(conflict)));
            for (number, candidate) in (1..).zip(&conflict.values) {
                let who = names.get(&candidate.actor_id).cloned();
                let who = who.unwrap_or_else(|| format!("member {}", short(&candidate.actor_id)));
                let mark = if candidate.op_id == conflict.shown {
                    "  (shown meanwhile)"
                } else {
                    ""
                };
                text.push_str(&format!(
                    "  {number}. {}  by {}, {}{mark}\n",
                    plain(&shown(&candidate.value)),
                    plain(&who),
                    time(&candidate.at)
                ));
            }
        }
        text.push_str("\nTo decide one: openprod conflicts resolve ID --pick N");
        print(&text)
    })
}

fn place(conflict: &Conflict) -> String {
    let what = match (conflict.kind.as_str(), &conflict.field) {
        ("property", Some(property)) => format!("property {property:?}"),
        (_, Some(field)) => format!("field {field:?}"),
        ("deletion", None) => "deleted by one, changed by another".to_owned(),
        ("existence", None) => "deleted by one, restored by another".to_owned(),
        ("membership", None) => "taken out of the table by one, put into it by another".to_owned(),
        (kind, None) => kind.to_owned(),
    };
    let table = conflict
        .table
        .as_deref()
        .map(|table| format!("table {table:?}, "))
        .unwrap_or_default();
    let subject = match (&conflict.entity_id, &conflict.edge_id) {
        (Some(record), _) => format!("record {record}"),
        (None, Some(edge)) => format!("edge {edge}"),
        (None, None) => "the workspace".to_owned(),
    };
    plain(&format!(
        "{table}{what}, {subject} (conflict {})",
        conflict.conflict_id
    ))
}
