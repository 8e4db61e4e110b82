//! `openprod conflicts`: where people wrote without having seen each other.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::log::names;
use crate::console::{count, plain, print, short, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;
use crate::field_json::shown;

/// Lists the open conflicts: cells that two people changed without having seen each other, with every value.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod conflicts")]
pub(crate) struct Conflicts {}

#[derive(Deserialize)]
struct ConflictList {
    conflicts: Vec<Conflict>,
}

#[derive(Deserialize)]
struct Conflict {
    conflict_id: String,
    kind: String,
    entity_id: String,
    table: Option<String>,
    field: Option<String>,
    values: Vec<Candidate>,
    shown: String,
}

#[derive(Serialize, Deserialize)]
struct Candidate {
    value: Json,
    actor_id: String,
    at: String,
    op_id: String,
}

impl Conflicts {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let list: Json = engine.client.get("/conflicts/list", &[])?;
            if context.console.is_json() {
                return context.console.print_json(&list);
            }
            let strange = |source| Failure::Answer {
                path: "/conflicts/list".to_owned(),
                source,
            };
            let list = ConflictList::deserialize(&list).map_err(strange)?;
            if list.conflicts.is_empty() {
                return print("There are no conflicts.");
            }
            let names = names(engine)?;
            let mut text = format!("{}:\n", count(list.conflicts.len() as u64, "conflict"));
            for conflict in &list.conflicts {
                text.push_str(&format!("\n{}\n", place(conflict)));
                for candidate in &conflict.values {
                    let who = names.get(&candidate.actor_id).cloned();
                    let who = who.unwrap_or_else(|| format!("member {}", short(&candidate.actor_id)));
                    let mark = if candidate.op_id == conflict.shown {
                        "  (shown meanwhile)"
                    } else {
                        ""
                    };
                    text.push_str(&format!(
                        "  {}  by {}, {}{mark}\n",
                        plain(&shown(&candidate.value)),
                        plain(&who),
                        time(&candidate.at)
                    ));
                }
            }
            print(&text)
        })
    }
}

fn place(conflict: &Conflict) -> String {
    let what = match (conflict.kind.as_str(), &conflict.field) {
        (_, Some(field)) => format!("field {field:?}"),
        ("deletion", None) => "deleted by one, changed by another".to_owned(),
        ("existence", None) => "deleted by one, restored by another".to_owned(),
        (kind, None) => kind.to_owned(),
    };
    let table = conflict
        .table
        .as_deref()
        .map(|table| format!("table {table:?}, "))
        .unwrap_or_default();
    format!(
        "{}{what}, record {} (conflict {})",
        plain(&table),
        conflict.entity_id,
        conflict.conflict_id
    )
}
