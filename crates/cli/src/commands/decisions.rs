//! `openprod decisions`: decisions that had not seen what they should have, and what is done about them.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::log::names;
use crate::console::{count, plain, print, short, time};
use crate::engine_session::{Context, Expect};
use crate::failure::Failure;

/// Lists decisions that were taken without having seen facts that matter to them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  openprod decisions list
  openprod decisions resolve 0197c2e5 --choice compensate --reason \"she cannot be in two places\"")]
pub(crate) struct Decisions {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    Resolve(Resolve),
}

/// Lists the decisions that wait for somebody.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Example: openprod decisions list --all")]
struct List {
    /// Those that are resolved too
    #[arg(long)]
    all: bool,
}

/// Says for everybody what is done about a decision.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: openprod decisions resolve 0197c2e5 --choice accept")]
struct Resolve {
    /// The decision: its id as `openprod decisions` shows it, or the beginning of it
    #[arg(value_name = "ID")]
    decision: String,
    /// What is done: it stands, other facts make it good, or it is taken anew
    #[arg(long, value_parser = ["accept", "compensate", "rerun"])]
    choice: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Conflict {
    decision_id: String,
    command_type: String,
    actor_id: String,
    at: String,
    kind: String,
    status: String,
    settled: bool,
    lost: bool,
    problem: Option<String>,
    own: Vec<Event>,
    unseen: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    op_id: String,
    event_type: String,
    payload: Json,
    actor_id: String,
    at: String,
}

impl Decisions {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.action {
            None => List::default().run(context),
            Some(Action::List(list)) => list.run(context),
            Some(Action::Resolve(resolve)) => resolve.run(context),
        }
    }
}

fn conflicts(answer: &Json) -> Result<Vec<Conflict>, Failure> {
    Vec::deserialize(&answer["conflicts"]).map_err(|source| Failure::Answer {
        path: "/decisions/conflicts".to_owned(),
        source,
    })
}

impl List {
    fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let status = if self.all { "all" } else { "open" };
            let answer: Json = engine.client.get("/decisions/conflicts", &[("status", status)])?;
            if context.console.is_json() {
                return context.console.print_json(&answer);
            }
            let conflicts = conflicts(&answer)?;
            if conflicts.is_empty() {
                return print("No decision is in conflict.");
            }
            let names = names(engine)?;
            let who = |actor: &str| {
                let name = names.get(actor).cloned();
                plain(&name.unwrap_or_else(|| format!("member {}", short(actor))))
            };
            let told = |mark: &str, event: &Event| {
                format!(
                    "  {mark} {} {}  by {}, {}\n",
                    plain(&event.event_type),
                    plain(&event.payload.to_string()),
                    who(&event.actor_id),
                    time(&event.at)
                )
            };
            let mut text = format!("{}:\n", count(conflicts.len() as u64, "decision conflict"));
            for conflict in &conflicts {
                text.push_str(&format!(
                    "\n{} {} by {}, {}: {}, {}{}{}\n",
                    plain(&conflict.decision_id),
                    plain(&conflict.command_type),
                    who(&conflict.actor_id),
                    time(&conflict.at),
                    plain(&conflict.kind),
                    plain(&conflict.status),
                    if conflict.settled {
                        ", settled"
                    } else {
                        ", tentative"
                    },
                    if conflict.lost { ", lost" } else { "" },
                ));
                if let Some(problem) = &conflict.problem {
                    text.push_str(&format!("  {}\n", plain(problem)));
                }
                for event in &conflict.own {
                    text.push_str(&told("decided:   ", event));
                }
                for event in &conflict.unseen {
                    text.push_str(&told("had not seen:", event));
                }
            }
            text.push_str("\nTo settle one: openprod decisions resolve ID --choice accept|compensate|rerun");
            print(&text)
        })
    }
}

impl Resolve {
    fn run(self, context: &Context) -> Result<(), Failure> {
        context.with_engine(Expect::Something, |engine| {
            let listed = conflicts(&engine.client.get("/decisions/conflicts", &[])?)?;
            let wanted = self.decision.to_lowercase();
            let mut found = listed
                .iter()
                .filter(|conflict| !wanted.is_empty() && conflict.decision_id.starts_with(&wanted));
            let (Some(conflict), None) = (found.next(), found.next()) else {
                let count = listed
                    .iter()
                    .filter(|conflict| conflict.decision_id.starts_with(&wanted))
                    .count();
                return Err(Failure::UnknownConflict {
                    id: self.decision.clone(),
                    count,
                });
            };
            let considered: Vec<&str> = conflict.unseen.iter().map(|event| event.op_id.as_str()).collect();
            let body = json!({
                "decision_id": conflict.decision_id, "choice": self.choice, "considered": considered,
                "reason": self.reason, "command": {"source": "cli decisions"}
            });
            let done: Json = engine.client.post("/decisions/resolve", body)?;
            context
                .console
                .answer(&done, |_| format!("Resolved: {}.", self.choice))
        })
    }
}
